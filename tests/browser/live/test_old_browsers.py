"""The live page where its scripts don't begin, and in browsers that lack what it uses.

Real ones are tried by ./scripts/bench engines: here Chromium is robbed of what those never had.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.browsers import Browsers, Kind
from tests.browser.support.buying import fill_in, ordered, submit, tap_buy
from tests.support.waiting import until

from farmlive.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

MAIN = "**/pages/live/live.js"
NOTICE = "#too-old"
# What Safari 14 and Chromium 80 lack, and lib/old gives them.
ROBBED = """
const lacking = [
  [Array.prototype, "at", "findLast", "findLastIndex"],
  [String.prototype, "at", "replaceAll"],
  [Object.getPrototypeOf(Uint8Array).prototype, "at"],
  [Element.prototype, "replaceChildren"],
  [DocumentFragment.prototype, "replaceChildren"],
  [Document.prototype, "replaceChildren"],
  [window, "structuredClone"],
  [AbortSignal, "timeout"],
  [HTMLElement.prototype, "inert"],
  [SubmitEvent.prototype, "submitter"],
  [HTMLDialogElement.prototype, "showModal", "show", "close", "requestClose", "open",
   "returnValue"],
];
window.robbed = lacking;
for (const [place, ...names] of lacking) for (const name of names) delete place[name];
"""
GIVEN = """
robbed.flatMap(([place, ...names]) =>
  names.filter(name => name !== "requestClose" && !(name in place)))
"""


@pytest_asyncio.fixture(loop_scope="session")
async def faulty(browsers: Browsers, site: Server) -> AsyncIterator[Page]:
    """A page whose scripts may fail."""
    context, page = await browsers.take(Kind(site.url, PHONE, "en"))
    yield page
    await browsers.throw_away(context)


async def test_a_script_that_does_not_come_leaves_the_bag_in_words(
    new_page: Open, sale: Sale
) -> None:
    page = await new_page(size=PHONE, kept=False)
    await page.route(MAIN, lambda route: route.abort())
    await page.goto(sale.path)
    notice = page.locator(NOTICE)
    await expect(notice).to_be_visible()
    await expect(notice).to_contain_text("Small kumquats (box): ¥29.90, 20 left")
    await notice.get_by_role("button", name="Close").click()
    await expect(notice).to_be_hidden()


@pytest.mark.parametrize("script", ["class Card { #", "null.card()"])
async def test_a_script_that_the_browser_does_not_understand_is_told(
    faulty: Page, sale: Sale, script: str
) -> None:
    await faulty.route(
        MAIN, lambda route: route.fulfill(body=script, content_type="text/javascript")
    )
    await faulty.goto(sale.path)
    await expect(faulty.locator(NOTICE)).to_be_visible()


async def test_a_script_that_hangs_is_told_after_six_seconds_until_it_comes(
    new_page: Open, sale: Sale
) -> None:
    page = await new_page(size=PHONE, kept=False)
    hanging: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await page.route(MAIN, lambda route: hanging.set_result(route))
    await page.clock.install()
    await page.goto(sale.path, wait_until="commit")
    route = await hanging
    notice = page.locator(NOTICE)
    await expect(page.locator("#page-data")).to_be_attached()
    # The clock runs on by itself, too: half of the six seconds are left to a busy machine.
    await page.clock.run_for(3_000)
    await expect(notice).to_be_hidden()
    # Other scripts that come meanwhile begin the six seconds again.
    await page.clock.run_for(7_000)
    await page.clock.run_for(7_000)
    await expect(notice).to_be_visible()
    await route.continue_()

    async def is_away() -> bool:
        await page.clock.run_for(1_000)
        return await notice.is_hidden()

    await until(is_away, "the notice goes")


async def test_a_page_that_begins_says_nothing(open_page: Open, sale: Sale) -> None:
    page = await open_page(sale.path, size=PHONE)
    await expect(page.locator("#bag-count")).to_be_visible()
    await expect(page.locator(NOTICE)).to_be_hidden()
    scripts = "performance.getEntriesByType('resource').filter(e => e.name.includes('lib/old'))"
    assert await page.evaluate(f"{scripts}.length") == 0


@pytest.mark.usefixtures("pinned")
async def test_what_an_old_browser_lacks_is_given_to_it_and_one_can_buy(
    new_page: Open, sale: Sale
) -> None:
    page = await new_page(size=PHONE, script=ROBBED, kept=False)
    await page.goto(sale.path)
    assert await page.evaluate(GIVEN) == []
    sheet = await tap_buy(page)
    await expect(sheet).to_be_visible()
    inside = "document.querySelector('#buy-sheet').contains(document.activeElement)"
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate(inside)
    assert await page.locator("main").evaluate("main => main.inert")
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    assert not await page.locator("main").evaluate("main => main.inert")

    await tap_buy(page)
    await page.locator(".old-shade").click(position={"x": 10, "y": 10})
    await expect(sheet).to_be_hidden()

    await tap_buy(page)
    await submit(page).click()
    await fill_in(page)
    await ordered(page)


async def test_gaps_between_flex_items_are_laid_by_margins(new_page: Open, sale: Sale) -> None:
    # Nothing is as high as one pixel: so it looks to the script where `gap` does not hold.
    blind = "Object.defineProperty(Element.prototype, 'scrollHeight', { get: () => 0 });"
    page = await new_page(size=PHONE, script=ROBBED + blind, kept=False)
    await page.goto("/design")
    margin = "(button, side) => getComputedStyle(button.children[1])[side]"
    button = page.locator(".button:has(> svg + svg), .notice:has(> svg)").first
    assert await button.evaluate(margin, "marginLeft") == "12px"
    row = page.locator(".row:has(> * + *)").first
    first = "row => getComputedStyle(row.children[0]).marginRight"
    assert await row.evaluate(first) == "12px"
