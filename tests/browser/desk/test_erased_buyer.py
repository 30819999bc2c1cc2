"""An order whose buyer's details were removed, in Chromium: the desk, the page of its lot and the
list of a wrong price say so, and go on.
"""

import re

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import Connection, select
from tests.browser.conftest import Open, Sale
from tests.browser.support.desk import desk, sheet_of
from tests.browser.support.selling import order

from farmlive.clock import now_ms
from farmlive.server import Server
from farmlive.shop.core.order_tables import orders
from farmlive.shop.orders import buyer_data

pytestmark = pytest.mark.browser

REMOVED = {"en": "Buyer's details removed", "zh": "买家信息已删除"}


async def ordered_long_ago(site: Server, sale: Sale) -> str:
    """A received order without its person; its number."""
    placed = await order(sale, 1)
    for state in ("packed", "shipped", "received"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)

    def write(connection: Connection) -> None:
        rows = connection.execute(select(orders).where(orders.c.id == placed["id"])).all()
        buyer_data.erase_details(connection, rows, now_ms())

    await site.house.store.write(write)
    return str(placed["number"])


def failures(page: Page) -> list[str]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_desk_says_that_the_buyers_details_are_gone(
    language: str, site: Server, sale: Sale, open_studio: Open
) -> None:
    number = await ordered_long_ago(site, sale)
    page = await desk(open_studio, sale, language=language)
    failed = failures(page)
    all_of_them = {"en": re.compile("^All"), "zh": re.compile("^全部")}[language]
    await page.locator(".desk-chip").filter(has_text=all_of_them).click()
    row = page.locator("[data-order]")
    await expect(row).to_contain_text(REMOVED[language])
    await expect(row.locator("a[href^='tel:']")).to_have_count(0)
    sheet = await sheet_of(page, number)
    gone = {"en": "Details removed on", "zh": "信息已于"}[language]
    await expect(sheet).to_contain_text(gone)
    assert failed == []


async def test_who_has_a_lot_is_listed_without_the_person(
    site: Server, sale: Sale, open_studio: Open
) -> None:
    number = await ordered_long_ago(site, sale)
    page = await open_studio(f"/studio/lots/{sale.lot}")
    failed = failures(page)
    await expect(page.get_by_text(number).first).to_be_visible()
    await expect(page.get_by_text(REMOVED["en"])).to_be_visible()
    assert failed == []
