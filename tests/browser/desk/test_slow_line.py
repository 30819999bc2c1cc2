"""The order desk in Chromium on a slow line: what is heard of an order while it is being read
stands, though the answer was written before it.
"""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.desk import desk
from tests.browser.support.selling import order
from tests.support.waiting import LONG_S

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# The live channel can be cut, and begins anew, as after long; what came by it is kept.
CUTTING = """
window.came = "";
window.WebSocket = class extends WebSocket {
  constructor(url, protocol) {
    url.searchParams.delete("after");
    super(url, protocol);
    window.cut = () => this.close();
    this.addEventListener("message", ({ data }) => {
      window.came += data;
    });
  }
};
"""


class Late:
    """The server's first answer to such a request is written at once and arrives when it is let."""

    def __init__(self) -> None:
        self.written = asyncio.Event()
        self.let = asyncio.Event()

    async def is_written(self) -> None:
        """Wait until it is on its way."""
        async with asyncio.timeout(LONG_S):
            await self.written.wait()

    async def __call__(self, route: Route) -> None:
        answer = await route.fetch()
        self.written.set()
        async with asyncio.timeout(LONG_S):
            await self.let.wait()
        await route.fulfill(response=answer)


async def late(page: Page, pattern: str) -> Late:
    answer = Late()
    await page.route(pattern, answer, times=1)
    return answer


async def pack(sale: Sale, placed: Any) -> None:
    await sale.api.change_order_state(sale.broadcast, placed["id"], "packed")


async def read_anew(page: Page) -> Late:
    """After a cut all of them are read anew: the answer is written, and on its way."""
    answer = await late(page, "**/orders?limit=200")
    await page.evaluate("window.cut()")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await answer.is_written()
    return answer


async def test_an_older_answer_does_not_undo_what_was_heard(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale, script=CUTTING)
    row = page.locator("[data-order]").filter(has_text=placed["number"])
    answer = await read_anew(page)
    await pack(sale, placed)
    await expect(row).to_contain_text("packed")
    async with page.expect_request("**/search"):
        answer.let.set()
    await expect(row).to_contain_text("packed")
    await row.get_by_role("button", name=placed["number"], exact=True).click()
    sheet = page.get_by_role("dialog", name=placed["number"])
    await expect(sheet.locator("[data-order-body]")).to_contain_text("packed")


async def test_what_is_heard_before_the_first_answer_is_read_once_more(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1)
    page = await open_studio("/studio", script=CUTTING)
    answer = await late(page, "**/orders?limit=200")
    await page.goto(f"/studio/{sale.broadcast}/orders")
    await answer.is_written()
    await pack(sale, placed)
    await page.wait_for_function("() => window.came.includes('order.packed')")
    answer.let.set()
    row = page.locator("[data-order]")
    await expect(row).to_contain_text("packed")


async def test_what_is_heard_while_one_is_read_is_read_once_more(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale)
    row = page.locator("[data-order]")
    await pack(sale, placed)
    await expect(row).to_contain_text("packed")
    answer = await late(page, "**/search")
    await row.get_by_role("button", name=placed["number"], exact=True).click()
    await answer.is_written()
    await sale.api.change_order_state(sale.broadcast, placed["id"], "shipped")
    sheet = page.get_by_role("dialog", name=placed["number"])
    await expect(sheet).to_contain_text("shipped")
    async with page.expect_request("**/search"):
        answer.let.set()
    await expect(row).to_contain_text("shipped")
    await expect(sheet.locator("[data-order-body]")).to_contain_text("shipped")


async def test_an_older_answer_does_not_undo_what_was_done_here(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order(sale, 1)
    page = await desk(open_studio, sale, script=CUTTING)
    row = page.locator("[data-order]").filter(has_text=placed["number"])
    answer = await read_anew(page)
    await row.get_by_role("button", name="Packed").click()
    await expect(page.locator(".toast")).to_contain_text("is packed.")
    async with page.expect_request("**/search"):
        answer.let.set()
    await expect(row.get_by_role("button", name="Shipped")).to_be_visible()
