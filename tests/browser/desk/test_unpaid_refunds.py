"""Money that was paid for an order which is then cancelled: the desk tells of it until it is given
back, and the buyer reads that it comes.
"""

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.desk import choose, desk
from tests.browser.support.selling import PICKUP, order
from tests.support.money import cny

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

WORDS = {
    "en": {
        "cancel": "Cancel the order…",
        "nothing": "and there is nothing to pay",
        "back": "and ¥59.80 will be refunded",
        "sure": "Yes, cancel it",
        "toast": "The order is cancelled. ¥59.80 will be refunded.",
        "next": "This order is cancelled; ¥59.80 will be refunded.",
        "badge": "You get back",
        "given": "This order is cancelled, and your money was refunded.",
    },
    "zh": {
        "cancel": "取消订单…",
        "nothing": "您不用付款",
        "back": "¥59.80 会退还给您",
        "sure": "是的，取消",
        "toast": "订单已取消，¥59.80 会退还给您。",
        "next": "订单已取消，¥59.80 会退还给您。",
        "badge": "将退给您",
        "given": "订单已取消，款项已退还。",
    },
}


async def paid(sale: Sale, number: int, **how: Any) -> Any:
    placed = await order(sale, number, **how)
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    return placed


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_cancels_what_is_paid_reads_what_comes_back(
    sale: Sale, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    placed = await order(sale, 1, quantity=2)
    page = await open_page(placed["url"], size=PHONE, language=language)
    what = page.locator("#cancel-what")
    await expect(what).to_contain_text(words["nothing"])
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    # What the sheet says keeps up with the order.
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(what).to_contain_text(words["back"])
    await page.get_by_role("button", name=words["cancel"]).click()
    await page.get_by_role("button", name=words["sure"]).click()
    await expect(page.locator(".toast")).to_have_text(words["toast"])
    await expect(page.locator("[data-next]")).to_have_text(words["next"])
    await expect(page.locator(".order__pay")).to_have_text(f"{words['badge']}¥59.80")
    await sale.api.refund_order(sale.broadcast, placed["id"], cny(5980), "Rain.")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.locator("[data-next]")).to_have_text(words["given"])


async def test_who_has_not_paid_reads_that_nothing_is_to_be_paid(
    sale: Sale, open_page: Open
) -> None:
    placed = await order(sale, 1)
    page = await open_page(placed["url"], size=PHONE)
    await page.get_by_role("button", name="Cancel the order…").click()
    await page.get_by_role("button", name="Yes, cancel it").click()
    said = "The order is cancelled. There is nothing to pay."
    await expect(page.locator(".toast")).to_have_text(said)


async def test_the_desk_tells_of_it_until_it_is_given_back(open_studio: Open, sale: Sale) -> None:
    first = await paid(sale, 1, quantity=2)
    second = await paid(sale, 2, way=PICKUP)
    third = await order(sale, 3)
    page = await desk(open_studio, sale)
    await choose(page, *(each["number"] for each in (first, second, third)))
    await page.locator("[data-bar-cancel]").click()
    sheet = page.get_by_role("dialog", name="Cancel the order")
    await sheet.get_by_label("Reason").fill("Rain.")
    await sheet.get_by_role("button", name="Cancel this order").click()
    said = "3 orders are cancelled. Refund ¥89.70."
    await expect(page.locator(".toast").get_by_text(said)).to_be_visible()
    # What nobody paid is over; the others are not, after a reload too.
    await page.reload()
    rows = page.locator("[data-order]")
    await expect(rows).to_have_count(2)
    row = rows.filter(has_text=first["number"])
    await expect(row.locator(".badge", has_text="refund ¥59.80")).to_be_visible()
    await page.get_by_label("Payment").select_option("owed")
    await expect(rows).to_have_count(2)
    await row.get_by_role("button", name=first["number"], exact=True).click()
    await (
        page.get_by_role("dialog", name=first["number"])
        .get_by_role("button", name="Refund…")
        .click()
    )
    refund = page.get_by_role("dialog", name="Refund")
    await expect(refund.get_by_label("Amount")).to_have_value("59.80")
    await refund.get_by_label("Amount").fill("9.80")
    await refund.get_by_label("Reason").fill("Rain.")
    await refund.get_by_role("button", name="Confirm the refund").click()
    await expect(row.locator(".badge", has_text="refund ¥50.00")).to_be_visible()
    # Given back elsewhere, it goes from the list by itself.
    await sale.api.refund_order(sale.broadcast, first["id"], cny(5000), "Rain.")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(second["number"])


async def test_a_clerk_sees_what_is_to_be_given_back_and_a_seller_does_not(
    open_studio: Open, sale: Sale
) -> None:
    placed = await paid(sale, 1, way=PICKUP)
    await sale.api.change_order_state(sale.broadcast, placed["id"], "cancelled")
    page = await desk(open_studio, sale, role="clerk", size=PHONE, language="zh")
    await expect(page.locator("[data-order] .badge", has_text="待退款 ¥29.90")).to_be_visible()
    page = await desk(open_studio, sale, role="seller", farms=[sale.farm])
    await expect(page.locator("[data-order]")).to_have_count(0)
    await page.get_by_role("radio", name="Cancelled").check(force=True)
    await expect(page.locator("[data-order] .badge", has_text="paid")).to_be_visible()
