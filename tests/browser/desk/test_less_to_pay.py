"""Less is to be paid of an order that nobody paid yet: by its sheet at the desk, at a wrong price,
by a claim; and what its buyer reads then.
"""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.desk import desk, now
from tests.browser.support.selling import card, console, order_at, set_price

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


async def test_an_unpaid_order_at_a_wrong_price_is_asked_for_less(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale, size=PHONE)
    await set_price(page, "99.00")
    await expect(card(page)).to_contain_text("¥29.90 → ¥99.00.")
    placed = await order_at(sale, 1, 9900, quantity=2)
    await order_at(sale, 2, 9900)
    await card(page).get_by_role("button", name=re.compile("^Correct the price")).click()
    await card(page).get_by_role("button", name=re.compile("^See these orders")).click()
    sheet = page.get_by_role("dialog", name="Orders at ¥99.00")
    await expect(sheet.get_by_role("button", name="Cancel all 2")).to_be_visible()
    row = sheet.get_by_role("listitem").first
    async with page.expect_request("**/refunds") as sent:
        await row.get_by_role("button", name=re.compile("^Reduce by ¥138.20")).click()
    assert (await sent.value).headers["idempotency-key"]
    await expect(row.get_by_text("¥138.20 deducted", exact=True)).to_be_visible()
    await expect(row.get_by_role("button", name=re.compile("^Reduce"))).to_have_count(0)
    # What was decided is not cancelled with the others.
    await expect(sheet.get_by_role("button", name=re.compile("^Cancel all"))).to_be_hidden()
    found = await now(sale, placed)
    assert (found["payment"], found["refunded"]["amount"]) == ("due", 13820)
    assert found["history"][-1]["reason"] == "The price ¥99.00 was a mistake; it is ¥29.90."


async def test_a_box_fewer_goes_back_on_sale_and_is_not_paid(open_studio: Open, sale: Sale) -> None:
    placed = await order_at(sale, 1, 2990, quantity=3)
    page = await desk(open_studio, sale, size=PHONE)
    row = page.locator("[data-order]")
    await row.get_by_role("button", name=placed["number"], exact=True).click()
    sheet = page.get_by_role("dialog", name=placed["number"])
    await sheet.get_by_role("button", name="Fewer boxes, or reduce the total…").click()
    fewer = page.get_by_role("dialog", name="Reduction")
    less = fewer.get_by_role("button", name=re.compile("^One less"))
    await less.click()
    await expect(fewer.get_by_text("instead of 3")).to_be_visible()
    await expect(fewer.get_by_label("Amount")).to_have_value("29.90")
    await less.click()
    await expect(less).to_be_disabled()  # One stays, or else it is cancelled.
    await expect(fewer.get_by_label("Amount")).to_have_value("59.80")
    await fewer.get_by_role("button", name=re.compile("^One more")).click()
    await fewer.get_by_label("Reason").fill("Two are enough")
    await fewer.get_by_role("button", name="Confirm the reduction").click()
    said = f"¥29.90 was deducted from {placed['number']}: ¥59.80 is due."
    await expect(page.locator(".toast").get_by_text(said)).to_be_visible()
    await expect(row).to_contain_text("2 ×")
    await expect(row).to_contain_text("¥59.80")
    found = await now(sale, placed)
    assert (found["payment"], found["refunded"]["amount"]) == ("due", 2990)
    assert [line["returned"] for line in found["lines"]] == [1]
    await _the_buyer_reads_it(page, placed)


async def _the_buyer_reads_it(page: Page, placed: Any) -> None:
    buyer = await page.context.new_page()
    await buyer.goto(placed["url"])
    await expect(buyer.locator(".order__pay")).to_contain_text("¥59.80")
    what = buyer.get_by_role("region", name="What you ordered")
    await expect(what).to_contain_text("1 box won't come and is deducted below.")
    await expect(what).to_contain_text(re.compile(r"Deducted\s*−¥29.90\s*To pay\s*¥59.80"))
    told = buyer.get_by_role("region", name="Order history")
    await expect(told).to_contain_text("Reduction: Two are enough")


async def test_a_claim_on_an_unpaid_parcel_is_answered_with_less_to_pay(
    open_studio: Open, sale: Sale
) -> None:
    placed = await order_at(sale, 1, 2990, quantity=2)
    for state in ("packed", "shipped"):
        await sale.api.change_order_state(sale.broadcast, placed["id"], state)
    await sale.api.request(
        "POST", f"/api/v1/orders/{placed['token']}/claims", json={"text": "One is crushed."}
    )
    page = await desk(open_studio, sale)
    await page.get_by_role("button", name=re.compile("^Answer the claim")).click()
    claim = page.get_by_role("dialog", name="Claim")
    await expect(claim.get_by_role("radio", name=re.compile("^Reduction"))).to_be_checked()
    await expect(claim).to_contain_text("¥59.80 at most")
    await claim.get_by_label("Amount").fill("29.90")
    await claim.get_by_label("What the buyer reads").fill("You pay for one.")
    await claim.get_by_role("button", name="Send the answer").click()
    said = f"¥29.90 was deducted from {placed['number']}: ¥29.90 is due."
    await expect(page.locator(".toast").get_by_text(said)).to_be_visible()
    assert (await now(sale, placed))["payment"] == "due"
