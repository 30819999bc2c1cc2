"""The plots that a new lot may come from, where another farm is chosen meanwhile, in Chromium."""

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.plots import plot_of
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def choose(page: Page, farm: str) -> None:
    await page.evaluate("location.hash = 'farm'")
    await page.get_by_role("button", name=f": {farm}").click()
    await expect(page.locator("[data-farm]:visible")).to_have_text(farm)


async def test_plots_of_the_farm_chosen_before_are_not_offered(
    open_studio: Open, sale: Sale
) -> None:
    await plot_of(sale)
    other = {"zh": "", "en": "Banmian hill"}
    await sale.api.create_farm(other, other)
    page = await open_studio("/studio")
    late: list[Route] = []
    await page.route(f"**/farms/{sale.farm}/plots*", lambda route: late.append(route))
    await page.goto(f"/studio/{sale.broadcast}/prepare")
    await choose(page, "Orchard")
    await until(lambda: late, "the plots are asked for")
    async with page.expect_response("**/plots*"):
        await choose(page, "Banmian hill")
    for route in late:
        await route.continue_()
    await page.evaluate("fetch('/health').then((answer) => answer.text())")
    plot = page.locator("[data-plot]")
    await expect(plot.get_by_text("South slope")).to_have_count(0)
    # Nothing is offered wrongly, and a failure is said.
    await page.unroute_all()
    await page.route("**/plots*", lambda route: route.abort())
    await choose(page, "Orchard")
    await expect(page.get_by_text("The server can't be reached")).to_be_visible()
    await page.unroute_all()
    await choose(page, "Orchard")
    await expect(plot.get_by_text("South slope")).to_have_count(1)
