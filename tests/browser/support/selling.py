"""The console of a live broadcast, and orders that buyers place meanwhile."""

import re
from typing import Any

from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import Open, Sale
from tests.browser.support.phone_panels import open_panel

from farmlive.client import Channel

PICKUP = "pickup"


async def order(
    sale: Sale,
    number: int,
    *,
    way: str = "parcel",
    quantity: int = 1,
    held: str | None = None,
    key: str | None = None,
    by: Channel | None = None,
) -> Any:
    """Place an order for small boxes, of a hold where it is given; another key is another order.

    A coordinator places it, or the viewer whose channel `by` is.
    """
    delivery: dict[str, str] = {"way": way}
    if way == PICKUP:
        delivery["centre"] = (await sale.api.centres())[0]["id"]
    else:
        delivery["address"] = "Meixian, Youxi"
    key = key or f"a-key-of-a-test-{number:04d}"
    body: dict[str, Any] = {
        **({"order": held} if held else {}),
        "lines": [{"offer": sale.offer, "quantity": quantity, "price": 2990}],
        "buyer": {"name": f"Wang {number}", "phone": f"138000000{number:02d}"},
        "delivery": delivery,
        "payment": "pay_at_pickup" if way == PICKUP else "cash_on_delivery",
    }
    if by:
        return await by.call("order.place", key=key, **body)
    return await sale.api.commands(sale.broadcast).order(key, body)


async def console(open_studio: Open, sale: Sale, **how: Any) -> Page:
    page = await open_studio(f"/studio/{sale.broadcast}", **how)
    await expect(page.locator("[data-air]")).to_have_text(re.compile("On air|直播中"))
    return page


def card(page: Page) -> Locator:
    return page.locator("[data-bag] .bag__item").first


async def open_row(row: Locator) -> None:
    """Open a row of the bag, by a click on its picture."""
    await row.locator("[data-open]").click(position={"x": 20, "y": 32})


async def order_at(sale: Sale, number: int, price: int, quantity: int = 1) -> Any:
    return await sale.api.commands(sale.broadcast).order(
        f"a-key-of-a-test-{number:04d}",
        {
            "lines": [{"offer": sale.offer, "quantity": quantity, "price": price}],
            "buyer": {"name": f"Wang {number}", "phone": f"138000000{number:02d}"},
            "delivery": {"way": "parcel", "address": "Meixian, Youxi"},
            "payment": "cash_on_delivery",
        },
    )


async def set_price(page: Page, price: str) -> None:
    await open_panel(page, "bag")
    change = card(page).get_by_role("button", name=re.compile("Change the price"))
    if not await change.is_visible():
        await open_row(card(page))
    await change.click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("New price, CNY").fill(price)
    await sheet.locator("[data-sheet-do]").click()


async def wrong_orders(page: Page, price: str) -> Any:
    """The sheet of the orders at the price, which is put right."""
    await card(page).get_by_role("button", name=re.compile("^Correct the price")).click()
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    return page.get_by_role("dialog", name=f"Orders at {price}")
