"""What pages say while a network is bad: it can be read, and it is never wrong for a moment."""

import pytest
from playwright.async_api import Route, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.colour_cameras import BROWN, GREEN, put_on_air, sending, tile
from tests.browser.support.phone_panels import open_panel

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Whether chat lies over what the slate says.
COVERED = """
() => {
  const said = [...document.querySelectorAll(".slate > *")];
  const under = Math.max(...said.map((each) => each.getBoundingClientRect().bottom));
  return document.querySelector(".talk").getBoundingClientRect().top < under;
}
"""


@pytest.mark.parametrize("size", [PHONE, (360, 640)])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_chat_never_covers_what_the_slate_says(
    open_page: Open, host: Channel, sale: Sale, size: tuple[int, int], language: str
) -> None:
    page = await open_page(sale.path, size=size, language=language)
    for number in range(6):
        await host.call("chat.say", text=f"{number}: is it sweet, and how many are in a box?")
    await expect(page.locator("#chat")).to_contain_text("5: is it sweet")
    await expect(page.locator(".slate__words")).to_be_visible()
    assert not await page.evaluate(COVERED)
    await expect(page.get_by_text("5: is it sweet")).to_be_in_viewport()


async def test_camera_that_has_just_come_on_air_is_said_to_be_though_the_server_is_slow(
    open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    host = await sending(open_studio, sale, BROWN, DESK)
    await put_on_air(sale, "Camera 2")
    await expect(host.get_by_role("button", name="Put on air: Camera 1")).to_be_enabled()
    held: list[Route] = []
    await host.route("**/health", lambda route: held.append(route))
    await host.get_by_role("button", name="Put on air: Camera 1").click()
    await expect(host.locator(tile("Camera 1"))).to_contain_text("Viewers see this one")
    await expect(host.locator(tile("Camera 2"))).to_contain_text("Put on air")
    await expect(host.locator("[data-preview-caption]")).to_contain_text("Camera 1")
    assert held
    await host.unroute_all(behavior="ignoreErrors")


async def test_host_with_a_phone_reads_what_to_do_beside_the_cameras(
    open_studio: Open, sale: Sale
) -> None:
    await sending(open_studio, sale, GREEN)
    host = await sending(open_studio, sale, BROWN)
    await put_on_air(sale, "Camera 2")

    async def lossy(route: Route) -> None:
        answer = await route.fetch()
        health = await answer.json()
        for source in health["sources"]:
            if source["on_air"]:
                source["advice"] = [{"code": "loss", "level": "poor", "percent": 10.0}]
        await route.fulfill(response=answer, json=health)

    await host.route("**/health", lossy)
    await expect(host.locator("[data-advice]")).to_contain_text("10 % of the picture is lost")
    await host.evaluate("scrollTo(0, 0)")
    await expect(host.locator("[data-advice]")).to_be_in_viewport(ratio=1)
    await open_panel(host, "cameras")
    button = host.get_by_role("button", name="Put on air: Camera 1")
    await expect(button).to_be_in_viewport(ratio=1)
    await host.unroute_all(behavior="ignoreErrors")
