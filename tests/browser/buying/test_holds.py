"""Holds on the live page in Chromium: what is kept for a buyer, and for how long."""

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import (
    DEAF,
    KNOWN,
    open_buy_sheet,
    open_deaf,
    ordered,
    ordered_for,
    submit,
    tap_buy,
    want,
)
from tests.support.money import cny

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]


async def test_a_hold_is_kept_over_a_reload_and_given_back_when_wanted(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    sheet = await tap_buy(page)
    await sheet.get_by_role("button", name="One more: Small kumquats").click()
    held = await host.wait_for("order.held", total={"amount": 5980, "currency": "CNY"})
    assert held.data["lines"][0]["quantity"] == 2
    await page.reload()
    kept = page.get_by_role("button", name="2 boxes held for you")
    await expect(kept).to_contain_text(re.compile(r"9:\d\d"))
    await kept.click()
    await expect(sheet.get_by_label("Quantity: Small kumquats")).to_have_value("2")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Release it").click()
    await host.wait_for("order.cancelled")
    await expect(page.locator("#card")).to_contain_text("20 left")


@pytest.mark.parametrize("settings", [{"hold_minutes": 0.15}], indirect=True)
async def test_a_hold_that_runs_out_is_told_and_can_be_had_again(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(sheet).to_contain_text("Time is up; the hold was released.")
    await host.wait_for("order.expired")
    await expect(submit(page)).to_be_disabled()
    await sheet.get_by_role("button", name="Hold it again").click()
    await expect(sheet).to_contain_text("Held for you")
    await ordered(page)


async def test_what_is_held_keeps_its_price_and_takes_a_lower_one(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(sheet).to_contain_text("Held for you")
    await host.call("offer.change", offer=sale.offer, price=cny(3300))
    await expect(sheet).to_contain_text(
        "The price is now ¥33.00; you keep yours while the hold lasts."
    )
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await host.call("offer.change", offer=sale.offer, price=cny(1990))
    await expect(submit(page)).to_have_text("Buy · ¥19.90")
    await ordered_for(page, "¥19.90")


async def test_what_has_just_sold_out_is_told_and_taken_when_it_is_back(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_deaf(open_page, host, sale, sale.rare, 2)
    await host.call("offer.release", offer=sale.rare, quantity=-2)
    sheet = await tap_buy(page)
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("has just sold out")
    await expect(submit(page)).to_be_disabled()
    await expect(told.get_by_role("button", name="Look into the bag")).to_be_visible()
    await page.evaluate("window.deaf = false")
    await host.call("offer.release", offer=sale.rare, quantity=5)
    await expect(told).to_contain_text("is back in stock")
    await told.get_by_role("button", name="Hold it now").click()
    await expect(sheet).to_contain_text("Held for you")


async def test_fewer_than_wanted_are_held_and_that_is_told(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, DEAF + KNOWN)
    await expect(sheet).to_contain_text("Held for you")
    await page.evaluate("window.deaf = true")
    await host.call("offer.release", offer=sale.offer, quantity=-17)
    quantity = await want(page, 9)
    await expect(sheet.get_by_role("alert")).to_contain_text(
        "Only 3 of Small kumquats · box are left"
    )
    await expect(quantity).to_have_value("3")
    await expect(sheet).to_contain_text("Held for you")
    await ordered_for(page, "¥89.70")


async def test_what_is_held_can_be_ordered_after_the_end(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(sheet).to_contain_text("Held for you")
    await sale.api.end(sale.broadcast)
    await expect(page.locator("body")).to_have_attribute("data-state", "ended")
    await ordered(page)


async def test_a_hold_that_can_not_be_asked_for_comes_with_the_link(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await expect(page.locator("#card")).to_be_visible()
    await page.context.set_offline(True)
    sheet = await tap_buy(page)
    await expect(sheet.get_by_role("alert")).to_contain_text("can't be reached")
    await page.context.set_offline(False)
    await expect(sheet).to_contain_text("Held for you")
    await expect(sheet.get_by_role("alert")).to_be_hidden()


async def test_two_tabs_of_one_viewer_have_one_basket(sale: Sale, open_page: Open) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await expect(sheet).to_contain_text("Held for you")
    other = await page.context.new_page()
    await other.goto(sale.path)
    await other.get_by_role("button", name="1 box held for you").click()
    await other.get_by_role("button", name="One more: Small kumquats").click()
    await expect(sheet.get_by_label("Quantity: Small kumquats")).to_have_value("2")
    await submit(other).click()
    await expect(other.locator("[data-part=order-total]")).to_have_text("¥59.80")
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#card")).to_contain_text("18 left")
