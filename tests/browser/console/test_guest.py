"""A guest of a broadcast in Chromium, from the host's link to on air and out again."""

from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.colour_cameras import BLUE, BROWN, camera, shows
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.touch_targets import SMALL_TARGETS

from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

sizes = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])

# Whoever forbids the camera in the browser's own question.
FORBIDDEN = """
navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("Permission denied", "NotAllowedError");
};
"""


# The browser inside a chat app: no page in it gets a camera.
CHAT = """
Object.defineProperty(navigator, "mediaDevices", { value: undefined });
Object.defineProperty(navigator, "userAgent", { value: `${navigator.userAgent} %s` });
"""


@dataclass
class Invited:
    """A guest's invitation: its id, and the path of its page."""

    id: str
    path: str


@pytest_asyncio.fixture(loop_scope="session")
async def invited(sale: Sale) -> Invited:
    made = await sale.api.invite_guest(sale.broadcast, "Aunt Wang")
    return Invited(made["id"], made["url"])


async def come_in(page: Page) -> None:
    """Turn the camera on and come in, as a guest does."""
    await page.get_by_role("button", name="Turn on my camera").click()
    await expect(page.get_by_role("heading", name="Only you see this")).to_be_visible()
    await page.get_by_role("button", name="Join").click()


async def standing(page: Page, words: str) -> None:
    """Wait until the page says in its heading how the guest stands."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(words)


@sizes
async def test_guest_comes_in_by_the_link_is_put_on_air_and_sent_away(
    open_page: Open, open_studio: Open, sale: Sale, size: tuple[int, int]
) -> None:
    here = {"size": size, "plain": False}
    host = await open_studio(f"/studio/{sale.broadcast}", script=camera(BROWN), **here)
    await host.get_by_role("button", name="Use this camera").click()
    await host.get_by_role("button", name="Put it on air", exact=True).click()
    # The panel grows by this line: a click below it could miss.
    await expect(host.get_by_text("Sending.")).to_be_visible()
    await open_panel(host, "cameras")
    await host.get_by_role("button", name="Invite a guest").click()
    await host.get_by_label("Name of the guest").fill("Aunt Wang")
    await host.get_by_role("button", name="Create link").click()
    await expect(host.get_by_role("img", name="QR code of the invitation")).to_be_visible()
    link = await host.locator("[data-link-url]").inner_text()
    await host.get_by_role("button", name="Close").last.click()
    await expect(host.locator("[data-guests-list]")).to_contain_text("Not there")

    guest = await open_page(link, script=camera(BLUE), **here)
    await standing(guest, "Aunt Wang, you are invited")
    await come_in(guest)
    await standing(guest, "The host sees you")
    await expect(host.locator("[data-guests-list]")).to_contain_text("Waiting")
    viewer = await open_page(sale.path, **here)
    await shows(viewer, "#video", BROWN)

    await host.get_by_role("button", name="Put on air: Aunt Wang").click()
    await shows(viewer, "#video", BLUE)
    await standing(guest, "You are on air")
    await expect(host.locator("[data-guests-list]")).to_contain_text("On air")

    await host.get_by_role("button", name="Disconnect Aunt Wang").click()
    await host.get_by_role("button", name="Yes, disconnect").click()
    await standing(guest, "The host has disconnected you")
    await shows(viewer, "#video", BROWN)
    await expect(host.locator("[data-guests-list]")).to_be_hidden()


async def test_second_device_takes_the_place_of_the_first_for_good(
    open_page: Open, invited: Invited
) -> None:
    first = await open_page(invited.path, size=PHONE, script=camera(BLUE))
    await come_in(first)
    await standing(first, "The host sees you")
    second = await open_page(invited.path, size=PHONE, script=camera(BROWN))
    await come_in(second)
    await standing(second, "The host sees you")
    await standing(first, "Another device has joined")
    await expect(first.get_by_role("button", name="Turn on my camera")).to_be_visible()
    await standing(second, "The host sees you")


async def test_reload_goes_on_and_leaving_does_not(open_page: Open, invited: Invited) -> None:
    page = await open_page(invited.path, size=PHONE, script=camera(BLUE))
    await page.context.grant_permissions(["camera", "microphone"])
    await come_in(page)
    await standing(page, "The host sees you")
    await page.reload()
    await standing(page, "The host sees you")
    await expect(page.locator("[data-program]")).to_be_hidden()
    assert await page.evaluate(SMALL_TARGETS) == []
    await page.get_by_role("button", name="Leave").click()
    await standing(page, "You have left")
    await page.reload()
    await standing(page, "Aunt Wang, you are invited")


async def test_camera_that_is_refused_says_what_to_do(open_page: Open, invited: Invited) -> None:
    page = await open_page(invited.path, size=PHONE, script=FORBIDDEN)
    await page.get_by_role("button", name="Turn on my camera").click()
    await expect(page.get_by_role("alert")).to_contain_text("allow camera and microphone")
    await expect(page.get_by_role("button", name="Turn on my camera")).to_be_visible()
    await expect(page.get_by_text("to begin")).to_be_hidden()


@pytest.mark.parametrize(
    ("app", "words"), [("", "not inside another app"), ("MicroMessenger/8.0", "在浏览器打开")]
)
async def test_chat_app_without_a_camera_is_told_at_once_and_the_link_copied(
    open_page: Open, invited: Invited, app: str, words: str
) -> None:
    page = await open_page(invited.path, size=PHONE, script=CHAT % app)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await expect(page.get_by_role("alert")).to_contain_text(words)
    await expect(page.get_by_role("button", name="Turn on my camera")).to_be_hidden()
    await page.get_by_role("button", name="Copy the link").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert (await page.evaluate("navigator.clipboard.readText()")).endswith(invited.path)
    assert await page.evaluate(SMALL_TARGETS) == []


async def test_guests_of_one_name_are_told_apart_by_when_they_were_invited(
    open_studio: Open, sale: Sale, invited: Invited
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}", size=PHONE)
    guests = page.locator("[data-guests-list] li")
    await expect(guests).to_have_count(1)
    await expect(guests).not_to_contain_text("Invited at")
    await sale.api.invite_guest(sale.broadcast, "Aunt Wang")
    await page.reload()
    await expect(guests.filter(has_text="Invited at")).to_have_count(2)


async def test_broadcast_that_ends_turns_the_camera_off(
    open_page: Open, sale: Sale, invited: Invited
) -> None:
    page = await open_page(invited.path, size=PHONE, script=camera(BLUE))
    await come_in(page)
    await standing(page, "The host sees you")
    await sale.api.end(sale.broadcast)
    await standing(page, "The broadcast has ended")
    await expect(page.locator("[data-own]")).to_be_hidden()
    await page.reload()
    await expect(page.get_by_text("Nobody can join any more.")).to_be_visible()


async def test_link_that_is_over_says_so_in_the_guests_language(
    open_page: Open, sale: Sale, invited: Invited, site: Server
) -> None:
    await sale.api.end_guest(sale.broadcast, invited.id)
    page = await open_page(invited.path, size=PHONE, language="zh")
    await expect(page.get_by_role("heading", name="这个链接已失效")).to_be_visible()
    over, unknown = [
        await page.context.request.get(f"{site.url}{path}")
        for path in (invited.path, "/guest/none")
    ]
    assert (over.status, unknown.status) == (410, 404)
    assert over.headers["referrer-policy"] == "no-referrer"
