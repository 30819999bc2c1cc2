"""The order desk, and orders as staff know them."""

from typing import Any

from playwright.async_api import Page, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.selling import PICKUP, order


async def desk(open_studio: Open, sale: Sale, **how: Any) -> Page:
    page = await open_studio(f"/studio/{sale.broadcast}/orders", **how)
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


async def choose(page: Page, *numbers: str) -> None:
    for number in numbers:
        await page.get_by_role("checkbox", name=f"Choose {number}").check()


async def states(sale: Sale) -> list[str]:
    return [each["state"] for each in await sale.api.orders(sale.broadcast)]


async def at_the_centre(sale: Sale, number: int) -> Any:
    """An order that waits at the pick-up point, as staff know it."""
    placed = await order(sale, number, way=PICKUP)
    for state in ("packed", "at_centre"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    found = await sale.api.orders(sale.broadcast)
    return next(each for each in found if each["id"] == placed["id"])


async def sheet_of(page: Page, number: str) -> Any:
    await page.locator("[data-order]").get_by_role("button", name=number, exact=True).click()
    return page.get_by_role("dialog", name=number)


async def now(sale: Sale, placed: Any) -> Any:
    found = await sale.api.orders(sale.broadcast)
    return next(each for each in found if each["id"] == placed["id"])
