"""From an empty server to a broadcast that can go on air, in Chromium, counting what one does."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.colour_cameras import sending

from farmlive.server import Server

pytestmark = pytest.mark.browser

MOST_ACTS = 25


class Acts:
    """Does what a person does, and counts it: each field that is filled, each press."""

    def __init__(self) -> None:
        self.count = 0

    async def fill(self, form: Locator, label: str, text: str) -> None:
        self.count += 1
        await form.get_by_label(label, exact=True).fill(text)

    async def press(self, page: Page | Locator, name: str, role: str = "button") -> None:
        self.count += 1
        await page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]


async def ready_row(page: Page, title: str) -> Locator:
    row = page.locator(".ready__row").filter(has_text=title)
    await expect(row.locator("[data-wait]")).to_be_hidden()
    return row


async def test_a_first_show_takes_few_acts(open_studio: Open, site: Server, photo: Path) -> None:
    page = await open_studio("/studio", size=PHONE)
    await expect(page.locator(".studio-way > li")).to_have_count(7)
    await expect(page.get_by_text("7 short steps")).to_be_visible()
    acts = Acts()
    await acts.press(page, "Prepare the first broadcast", "link")
    step = page.locator("section[data-step]:not([hidden])")
    await acts.fill(step, "Title", "Kumquats straight from the tree")
    await acts.press(step, "Next: the farm")
    await acts.fill(step, "Name of the farm", "Banmian orchard")
    await acts.fill(step, "Village or town", "Banmian")
    await acts.press(step, "Save farm")
    picked = step.get_by_label("Picked", exact=True)
    await expect(picked).not_to_have_value("")
    # In the shop's zone, whatever the device's is.
    now = datetime.now(ZoneInfo(site.house.settings.time_zone))
    hours = "|".join((now + timedelta(hours=each)).strftime("%Y-%m-%dT%H") for each in (-1, 0))
    await expect(picked).to_have_value(re.compile(f"^({hours}):00$"))
    await acts.fill(step, "What was picked", "Kumquats")
    await acts.fill(step, "Harvested", "400")
    await acts.press(step, "Save lot")

    bag = step.get_by_role("heading", name="What goes in the bag?")
    await expect(bag).to_be_visible()
    # Taken up again another day: the farm and the lot are kept.
    await page.goto(page.url.split("#")[0])
    await expect(bag).to_be_visible()
    await expect(step.locator("[data-lot]")).to_contain_text("Kumquats")

    acts.count += 1
    await step.locator("input[type=file]").set_input_files(photo)
    await expect(step.get_by_text("Choose another picture")).to_be_visible()
    await acts.fill(step, "Weight of one", "2.5")
    await acts.fill(step, "Price", "29.90")
    await acts.fill(step, "Boxes to release", "50")
    await acts.press(step, "Add to the bag")
    await acts.fill(step, "Up to 3 kg", "8")
    await acts.press(step, "Save fees")
    await acts.press(step, "Continue")

    await expect(step.get_by_role("heading", name="Before you go live")).to_be_visible()
    assert "is-good" in str(await (await ready_row(page, "Parcel fees")).get_attribute("class"))
    second = await ready_row(page, "A second person")
    await expect(second).to_contain_text("Only you can sign in.")
    await expect(second.get_by_role("link", name="Invite someone")).to_be_visible()
    await expect(await ready_row(page, "Encrypted page")).to_contain_text("Phones need https")
    # Before any camera sends: tried as this device's would, which the server counts as none.
    video = await ready_row(page, "Video gets through")
    await expect(video).to_contain_text("This computer gets through over UDP.")
    await expect(video).to_have_class(re.compile("is-good"))
    (broadcast,) = await site.house.broadcasts.all()
    log = await site.house.store.read(lambda c: site.house.log.events(c, broadcast.id))
    assert [event.kind for event in log if event.kind.startswith("source.")] == []
    await acts.press(step, "Open the console", "link")
    await expect(page).to_have_url(re.compile(r"/studio/[0-9A-Z]{26}$"))
    # Camera and Start are two more.
    assert acts.count + 2 <= MOST_ACTS


async def test_parcels_may_be_free_and_the_check_says_so(open_studio: Open, site: Server) -> None:
    page = await open_studio("/studio/new")
    step = page.locator("section[data-step]:not([hidden])")
    await step.get_by_label("Title", exact=True).fill("Bamboo shoots")
    await step.get_by_role("button", name="Next: the farm").click()
    await expect(step.get_by_role("heading", name="Whose harvest is it?")).to_be_visible()
    at = page.url.split("#")[0]
    await page.goto(f"{at}#air")
    fees = await ready_row(page, "Parcel fees")
    await expect(fees).to_contain_text("you pay the carrier")
    await fees.get_by_role("link", name="Set the fees").click()
    await step.get_by_role("button", name="Parcels are free for buyers").click()
    await page.goto(f"{at}?again#air")
    await expect(await ready_row(page, "Parcel fees")).to_contain_text("Parcels are free")


async def test_the_check_tries_how_video_reaches_this_device(
    open_studio: Open, site: Server, sale: Sale
) -> None:
    page = await sending(open_studio, sale, (0, 0, 200))
    other = await page.context.new_page()
    await other.goto(f"{site.url}/studio/{sale.broadcast}/prepare#air")
    row = await ready_row(other, "Video gets through")
    await expect(row).to_contain_text("This computer gets through over UDP.")
    await expect(row).to_have_class(re.compile("is-good"))


async def test_the_check_does_not_take_a_camera_s_place_on_air(
    open_studio: Open, site: Server, sale: Sale
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}/prepare#air")
    row = await ready_row(page, "Video gets through")
    await expect(row).to_contain_text("No camera is sending just now.")
    assert await sale.api.request("GET", f"/api/v1/broadcasts/{sale.broadcast}/stream-keys") == {
        "stream_keys": [],
        "next": None,
    }


async def test_what_was_chosen_is_forgotten_with_the_sign_out(
    open_studio: Open, site: Server, sale: Sale
) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}/prepare#farm")
    await page.locator("section[data-step=farm]").get_by_role("button").first.click()
    await page.evaluate("localStorage.setItem('farmlive.centre', '1')")
    names = "Object.keys(localStorage).filter((name) => name.startsWith('farmlive.'))"
    assert f"farmlive.prepare.{sale.broadcast}" in await page.evaluate(names)
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(site.url + "/")
    # Which pick-up point a device stands at is the device's, not the person's.
    assert await page.evaluate(names) == ["farmlive.centre"]
