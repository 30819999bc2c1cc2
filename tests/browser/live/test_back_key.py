"""The Back key on the live page: it closes the open sheet, and leaves the page only without one."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale

pytestmark = [
    pytest.mark.browser,
    pytest.mark.shared_server,
    pytest.mark.usefixtures("pinned"),
]

OPEN = "() => [...document.querySelectorAll('dialog[open]')].map((sheet) => sheet.id)"
# One task later than what a closed sheet does about its entry.
SETTLED = """
(entries) => new Promise((resolve) => {
  const timer = setInterval(() => {
    if ((history.state?.sheets ?? 0) !== entries) return;
    clearInterval(timer);
    resolve(history.length);
  }, 20);
})
"""


async def _say(page: Page) -> None:
    await page.get_by_label("Say something").fill("Sweet?")
    await page.get_by_label("Say something").press("Enter")


SHEETS: dict[str, Callable[[Page], Awaitable[None]]] = {
    "bag-sheet": lambda page: page.locator("#bag-open").click(),
    "look-sheet": lambda page: page.locator("#card .pinned__look").click(),
    "origin-sheet": lambda page: page.locator("#card .lot-line").click(),
    "buy-sheet": lambda page: page.locator("#card .pinned__buy").click(),
    "quality-sheet": lambda page: page.locator("#quality").click(),
    "name-sheet": _say,
}


async def _arrive(open_page: Open, sale: Sale) -> Page:
    """Come to the live page from the start page."""
    page = await open_page("/", size=PHONE)
    await page.goto(sale.path)
    await expect(page.locator("#card .pinned__buy")).to_be_enabled()
    return page


@pytest.mark.parametrize("name", SHEETS)
async def test_it_closes_the_sheet_and_then_leaves(sale: Sale, open_page: Open, name: str) -> None:
    page = await _arrive(open_page, sale)
    await SHEETS[name](page)
    await expect(page.locator(f"#{name}")).to_be_visible()
    await page.go_back()
    await expect(page.locator(f"#{name}")).to_be_hidden()
    assert page.url.endswith(sale.path)
    # It opens again: nothing of the first time stands in the way.
    await SHEETS[name](page)
    await expect(page.locator(f"#{name}")).to_be_visible()
    await page.go_back()
    await expect(page.locator(f"#{name}")).to_be_hidden()
    await page.go_back()
    await expect(page).to_have_url(re.compile(r"^https?://[^/]+/([?].*)?$"))


async def test_a_sheet_that_is_closed_by_its_button_leaves_no_entry(
    sale: Sale, open_page: Open
) -> None:
    page = await _arrive(open_page, sale)
    for _ in range(3):
        await SHEETS["bag-sheet"](page)
        await page.locator("#bag-sheet [data-close-sheet]").click()
        await page.evaluate(SETTLED, 0)
    assert await page.evaluate("history.length") == await page.evaluate(SETTLED, 0)
    await page.go_back()
    assert not page.url.endswith(sale.path)


async def test_one_sheet_after_another_is_one_entry(sale: Sale, open_page: Open) -> None:
    page = await _arrive(open_page, sale)
    await SHEETS["bag-sheet"](page)
    length = await page.evaluate(SETTLED, 1)
    await page.locator("#bag-sheet .bag__look").first.click()
    assert await page.evaluate(OPEN) == ["look-sheet"]
    await page.locator("#look-sheet .card .button").click()
    assert await page.evaluate(OPEN) == ["origin-sheet"]
    assert await page.evaluate(SETTLED, 1) == length
    await page.go_back()
    assert await page.evaluate(OPEN) == []
    assert page.url.endswith(sale.path)


async def test_forward_opens_nothing_and_back_still_leaves(sale: Sale, open_page: Open) -> None:
    page = await _arrive(open_page, sale)
    await SHEETS["bag-sheet"](page)
    await page.go_back()
    await expect(page.locator("#bag-sheet")).to_be_hidden()
    await page.go_forward()
    await page.evaluate(SETTLED, 0)
    assert await page.evaluate(OPEN) == []
    await page.go_back()
    assert not page.url.endswith(sale.path)


async def test_a_page_that_is_reloaded_with_a_sheet_open_is_left_by_one_step(
    sale: Sale, open_page: Open
) -> None:
    page = await _arrive(open_page, sale)
    await SHEETS["bag-sheet"](page)
    await page.evaluate(SETTLED, 1)
    await page.reload()
    await page.evaluate(SETTLED, 0)
    assert await page.evaluate(OPEN) == []
    await page.go_back()
    assert not page.url.endswith(sale.path)


async def test_nested_sheets_close_one_at_a_time(sale: Sale, open_page: Open) -> None:
    page = await _arrive(open_page, sale)
    await SHEETS["bag-sheet"](page)
    # As a question does that is asked over a sheet.
    await page.evaluate(
        """async () => {
          const script = document.querySelector('script[src*="live/live.js"]').src;
          const { open } = await import(new URL("../../lib/ui/sheet.js", script));
          open(document.getElementById("name-sheet"));
        }"""
    )
    await page.evaluate(SETTLED, 2)
    await page.go_back()
    await expect(page.locator("#name-sheet")).to_be_hidden()
    assert await page.evaluate(OPEN) == ["bag-sheet"]
    assert await page.evaluate("document.body.dataset.sheet") == "bag-sheet"
    await page.go_back()
    await expect(page.locator("#bag-sheet")).to_be_hidden()
    assert await page.evaluate(OPEN) == []
