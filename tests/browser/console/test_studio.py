"""The studio in Chromium, with its fake camera: from an empty server to on air, and what a host
does there.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import websockets
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.support.phone_panels import open_line
from tests.support.money import cny
from tests.support.waiting import LONG_S

from farmlive.client import Api
from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


# Resolves when the page's video has shown more frames than that. A predicate of Playwright's own
# would be evaluated from a string, which the pages' content security policy refuses.
FRAMES = """
(more) => new Promise((resolve) => {
  const timer = setInterval(() => {
    const video = document.querySelector("video");
    const frames = video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    if (frames <= more) return;
    clearInterval(timer);
    resolve(frames);
  }, 50);
})
"""


# Whoever forbids the camera in the browser's own question.
FORBIDDEN = """
navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("Permission denied", "NotAllowedError");
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def api(site: Server) -> AsyncIterator[Api]:
    _, key = await site.house.people.create_api_key("test", "coordinator")
    async with Api(site.url, key=key) as api:
        yield api


@pytest_asyncio.fixture(loop_scope="session")
async def broadcast(api: Api) -> str:
    """A broadcast before its start, with two offers of a lot of 100 kg."""
    title = {"zh": "树下", "en": "Under the tree"}
    broadcast = str((await api.create_broadcast(title))["id"])
    farm = await api.create_farm(title, title)
    kumquats = {"zh": "金桔", "en": "Kumquats"}
    lot = await api.create_lot(farm["id"], "1125", kumquats, "2026-11-25T06:40:00+08:00", 100_000)
    for name, price in (("Small box", 2990), ("Large box", 5400)):
        await api.create_offer(
            broadcast,
            lot["id"],
            cny(price),
            20,
            name={"zh": "", "en": name},
            unit={"zh": "箱", "en": "box"},
            net_weight_g=2500,
        )
    return broadcast


async def playing(page: Page, more_than: int = 0) -> int:
    """Wait until the page's video has shown more frames than that."""
    async with asyncio.timeout(LONG_S):
        return int(await page.evaluate(FRAMES, more_than))


async def sending(page: Page) -> None:
    await page.get_by_role("button", name="Use this camera").click()
    await expect(page.get_by_role("button", name="Start")).to_be_enabled()


@pytest.mark.shared_server(False)
async def test_coordinator_comes_from_an_empty_server_to_on_air(
    open_page: Open, site: Server
) -> None:
    _, password = await site.house.people.create_account("lin", "coordinator")
    page = await open_page("/studio", size=PHONE, plain=False)
    await page.context.grant_permissions(["camera", "microphone"])
    await page.wait_for_url("**/sign-in?next=*")
    await page.get_by_label("Name").fill("lin")
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Prepare the first broadcast").click()

    await page.get_by_label("Title", exact=True).fill("Kumquats from the tree")
    await page.get_by_role("button", name="Next: the farm").click()
    await page.get_by_label("Name of the farm", exact=True).fill("Banmian orchard")
    await page.get_by_label("Village or town", exact=True).fill("Banmian")
    await page.get_by_role("button", name="Save farm").click()
    await page.get_by_label("What was picked", exact=True).fill("Kumquats")
    await page.get_by_label("Picked", exact=True).fill("2026-11-25T06:40")
    await page.get_by_label("Harvested").fill("120.5")
    await page.get_by_role("button", name="Save lot").click()
    await expect(page.get_by_label("Name on the card", exact=True)).to_have_value("Kumquats")
    await page.get_by_label("Weight of one").fill("2.5")
    await page.get_by_label("Price", exact=True).fill("29.90")
    await page.get_by_label("Boxes to release").fill("40")
    await page.get_by_role("button", name="Add to the bag").click()
    await page.get_by_label("Up to 3 kg", exact=True).fill("8")
    await page.get_by_role("button", name="Save fees").click()
    # The studio's frame asks for an own name, too.
    await (
        page.get_by_role("main")
        .get_by_label("Name of the point", exact=True)
        .fill("Service centre")
    )
    await page.get_by_label("Address", exact=True).fill("1 Jiefang road")
    await page.get_by_role("button", name="Save pick-up point").click()
    await page.get_by_role("link", name="Open the console").click()

    await expect(page.get_by_role("button", name="Start")).to_be_disabled()
    await expect(page.get_by_text("You need a picture")).to_be_visible()
    await sending(page)
    await expect(page.get_by_text("nobody sees it yet")).to_be_visible()
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator("[data-air]")).to_have_text("On air")

    viewer = await open_page(page.url.replace("/studio/", "/live/"), size=PHONE)
    await playing(viewer)
    pin = page.get_by_role("region", name="Pin a card").get_by_role("button")
    await pin.click()
    await expect(pin).to_have_attribute("aria-pressed", "true")
    await expect(viewer.get_by_text("¥29.90").first).to_be_visible()

    await page.get_by_role("button", name="End…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("can't be started again")
    await page.get_by_role("button", name="No, go back").click()
    await expect(page.locator("[data-air]")).to_have_text("On air")
    await page.get_by_role("button", name="End…").click()
    await page.get_by_role("button", name="Yes, end it").click()
    await expect(page.get_by_role("link", name="What it sold")).to_be_visible()


async def test_reload_goes_on_sending_and_keeps_the_viewer(
    open_page: Open, open_studio: Open, broadcast: str
) -> None:
    page = await open_studio(f"/studio/{broadcast}", size=PHONE)
    await sending(page)
    await page.get_by_role("button", name="Start").click()
    viewer = await open_page(f"/live/{broadcast}", size=PHONE)
    before = await playing(viewer)
    await page.reload()
    await expect(page.get_by_text("Viewers see this camera.")).to_be_visible()
    await playing(viewer, more_than=before + 30)
    assert await page.locator("[data-sources] li").count() == 1


async def test_camera_comes_back_to_a_server_that_forgot_it(
    open_studio: Open, site: Server, api: Api, broadcast: str
) -> None:
    page = await open_studio(f"/studio/{broadcast}", size=PHONE)
    await sending(page)
    session = page.expect_response(
        lambda answer: "/whip/" in answer.url and answer.request.method == "POST"
    )
    async with session as answered:
        site.house.media.relay.end(broadcast)
    assert (await answered.value).status == 201
    await expect(page.get_by_text("Nobody sees it before you start.")).to_be_visible()
    await expect(page.locator("[data-sources] li")).to_have_count(1)


async def test_other_host_sees_the_picture_before_the_start(
    open_studio: Open, broadcast: str
) -> None:
    camera = await open_studio(f"/studio/{broadcast}", size=PHONE)
    await sending(camera)
    desk = await open_studio(f"/studio/{broadcast}")
    await expect(desk.locator("[data-preview]")).to_have_attribute("data-from", "air")
    await playing(desk)
    await expect(desk.get_by_role("button", name="Start")).to_be_enabled()
    await camera.get_by_role("button", name="Camera off").click()
    await expect(desk.get_by_role("button", name="Start")).to_be_disabled()


async def test_refused_camera_says_what_to_do(open_studio: Open, broadcast: str) -> None:
    page = await open_studio(f"/studio/{broadcast}", size=PHONE, script=FORBIDDEN)
    await page.get_by_role("button", name="Use this camera").click()
    await expect(page.get_by_role("alert")).to_contain_text("allow camera and microphone")
    await expect(page.get_by_role("button", name="Use this camera")).to_be_visible()


async def test_message_is_hidden_and_its_sender_muted(
    open_studio: Open, site: Server, api: Api, broadcast: str
) -> None:
    await api.start(broadcast)
    page = await open_studio(f"/studio/{broadcast}", size=PHONE)
    address = site.url.replace("http", "ws") + f"/api/v1/broadcasts/{broadcast}/live"
    async with websockets.connect(address, subprotocols=["farmlive.v1"]) as viewer:  # type: ignore[list-item]
        await say(viewer, "buy elsewhere")
        await expect(page.get_by_text("buy elsewhere")).to_be_visible()
        await open_line(page, "Wang")
        await page.get_by_role("button", name="Hide the message of Wang").click()
        await expect(page.get_by_text("buy elsewhere")).to_have_count(0)
        await say(viewer, "again")
        await open_line(page, "Wang")
        await page.get_by_role("button", name="Mute Wang").last.click()
        await expect(page.get_by_label("10 minutes")).to_be_checked()
        await page.get_by_role("button", name="Mute", exact=True).last.click()
        await expect(page.get_by_text("Wang is muted.")).to_be_visible()
        reply = await say(viewer, "and again")
        assert reply["problem"]["type"].endswith("muted")
        await page.get_by_role("button", name="Block everywhere").click()
        await expect(page.get_by_text("Wang is blocked")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()


@pytest.mark.parametrize("size", [PHONE, DESK])
async def test_who_is_muted_is_listed_and_may_write_again(
    open_studio: Open, site: Server, api: Api, broadcast: str, size: tuple[int, int]
) -> None:
    await api.start(broadcast)
    page = await open_studio(f"/studio/{broadcast}", size=size)
    address = site.url.replace("http", "ws") + f"/api/v1/broadcasts/{broadcast}/live"
    async with websockets.connect(address, subprotocols=["farmlive.v1"]) as viewer:  # type: ignore[list-item]
        await say(viewer, "buy elsewhere")
        await open_line(page, "Wang")
        await page.get_by_role("button", name="Mute Wang").click()
        await page.get_by_label("90 days, in all broadcasts").check()
        await page.get_by_role("button", name="Mute", exact=True).last.click()
        await expect(page.get_by_text("Wang is muted.")).to_be_visible()
        await page.get_by_role("button", name="Who is muted").click()
        row = page.get_by_role("dialog", name="Who is muted").get_by_role("listitem")
        await expect(row).to_contain_text("Wang")
        await expect(row).to_contain_text("in all broadcasts until")
        await row.get_by_role("button", name="Let Wang write again").click()
        await expect(page.get_by_text("Nobody is muted in this broadcast.")).to_be_visible()
        assert (await say(viewer, "sorry"))["ok"]


async def say(viewer: websockets.ClientConnection, text: str) -> dict[str, Any]:
    """Say something as Wang; answers the reply."""
    await viewer.send(
        json.dumps({"type": "chat.say", "id": text, "text": text, "nickname": "Wang"})
    )
    async for frame in viewer:
        answer: dict[str, Any] = json.loads(frame)
        if answer.get("id") == text:
            return answer
    raise AssertionError("the channel closed")


async def test_pin_can_be_undone(open_studio: Open, broadcast: str) -> None:
    page = await open_studio(f"/studio/{broadcast}")
    pins = page.get_by_role("region", name="Bag").get_by_role("button", pressed=True)
    cards = page.get_by_role("region", name="Bag").get_by_role("listitem")
    await cards.first.locator("[data-pin]").click()
    await expect(pins).to_contain_text("Small box")
    await cards.last.locator("[data-pin]").click()
    await expect(pins).to_contain_text("Large box")
    await page.get_by_role("button", name="Undo").last.click()
    await expect(pins).to_contain_text("Small box")


async def test_encoder_gets_an_address_and_a_key_shown_once(
    open_studio: Open, broadcast: str
) -> None:
    page = await open_studio(f"/studio/{broadcast}")
    await page.get_by_text("From OBS").click()
    await page.get_by_role("button", name="Create a key").click()
    await expect(page.get_by_label("Server", exact=True)).to_have_value(
        re.compile(f"/whip/{broadcast}$")
    )
    key = await page.get_by_label("Bearer token").input_value()
    assert len(key) > 20
    await page.reload()
    await expect(page.get_by_label("Bearer token")).to_have_value("")


async def test_encoder_that_is_refused_is_seen_with_the_reason(
    open_studio: Open, broadcast: str
) -> None:
    page = await open_studio(f"/studio/{broadcast}")
    await page.get_by_text("From OBS").click()
    await page.get_by_role("button", name="Create a key").click()
    key = page.get_by_label("Bearer token")
    await expect(key).to_have_value(re.compile("^fls_"))
    status = await page.evaluate(
        """async ([path, key]) => {
          const headers = { "Content-Type": "application/sdp", Authorization: `Bearer ${key}` };
          return (await fetch(path, { method: "POST", headers, body: "v=0" })).status;
        }""",
        [f"/whip/{broadcast}", await key.input_value()],
    )
    assert status == 400
    reason = "There is no m-line; offer at least one audio or video section."
    tile = page.locator(".cam").filter(has_text=reason)
    await expect(tile).to_be_visible()
    await expect(tile).not_to_contain_text("comes back automatically")
    await expect(page.locator("[data-signals]")).to_contain_text(reason)


async def test_form_tells_beside_the_field(open_studio: Open, broadcast: str) -> None:
    page = await open_studio("/studio/new", size=PHONE, language="zh")
    await page.get_by_role("button", name="下一步：农场").click()
    title = page.get_by_label("标题", exact=True)
    await expect(title).to_be_focused()
    await expect(title).to_have_attribute("aria-invalid", "true")
    await expect(title).to_have_accessible_description(re.compile("请填写这一项"))


async def test_what_viewers_read_of_one_is_changed_behind_the_own_name(
    open_studio: Open, api: Api, broadcast: str
) -> None:
    await api.start(broadcast)
    page = await open_studio("/studio/products", size=PHONE)
    await page.get_by_role("link", name="My account").click()
    await page.get_by_role("button", name="Name that viewers read…").click()
    sheet = page.get_by_role("dialog", name="Name that viewers read")
    await sheet.get_by_label("Name").fill("果园小周")
    await sheet.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Viewers see 果园小周 from now on.")).to_be_visible()
    await page.goto(f"/studio/{broadcast}")
    await page.get_by_label("Write to the viewers").fill("大家好")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("[data-chat-list]").get_by_text("果园小周")).to_be_visible()
