"""Ordering in Chromium as it was meant: no order goes out that an answer on its way made dearer or
smaller.
"""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import KNOWN, open_buy_sheet, submit, tap_buy
from tests.browser.support.selling import order_at
from tests.support.money import cny
from tests.support.waiting import LONG_S, until

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]

# While `withholding` is set, what asks for a hold stays on its way.
WITHHELD = """
window.withheld = [];
window.WebSocket = class extends WebSocket {
  send(text) {
    const isHold = JSON.parse(text).type === "hold.place";
    if (window.withholding && isHold) window.withheld.push(() => super.send(text));
    else super.send(text);
  }
};
"""
LET_GO = """
() => {
  window.withholding = false;
  for (const send of window.withheld.splice(0)) send();
}
"""
# The channel breaks whenever a hold is asked for by it; over HTTP nobody waits long for an answer.
HASTY = """
window.WebSocket = class extends WebSocket {
  send(text) {
    if (JSON.parse(text).type === "hold.place") this.close();
    else super.send(text);
  }
};
const { timeout } = AbortSignal;
AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 50);
"""
WORDS = {
    "en": {
        "buy": "Buy",
        "more": "One more: Small kumquats",
        "place": "Buy · %s",
        "dearer": "The price is now ¥29.90; it was ¥19.90 a moment ago. "
        "Nothing has been ordered yet",
        "fewer": "Only 1 of Small kumquats · box is left; your order now has that one. "
        "Nothing has been ordered yet: place the order again if you agree.",
    },
    "zh": {
        "buy": "购买",
        "more": "多一件：小金桔",
        "place": "提交订单 · %s",
        "dearer": "刚才是 ¥19.90，现在是 ¥29.90。还没有下单",
        "fewer": "还没有下单：觉得合适就再提交一次。",
    },
}


async def is_withheld(page: Page) -> None:
    await until(lambda: page.evaluate("window.withheld.length > 0"), "a hold is asked for")


async def total(page: Page) -> str | None:
    """What was ordered costs; nothing says any more that it was not."""
    await expect(page.locator("[data-part=order-total]")).not_to_be_empty()
    await expect(page.locator("#buy-sheet").get_by_role("alert")).to_be_hidden()
    return await page.locator("[data-part=order-total]").text_content()


async def three_of_which_one_is_left(page: Page, sale: Sale, host: Channel, more: str) -> None:
    """Three boxes in the basket; the answer, which is on its way, is that there is one."""
    await host.wait_for("order.held")
    await page.evaluate("window.withholding = true")
    for _ in range(2):
        await page.get_by_role("button", name=more).click()
    await is_withheld(page)
    await host.call("offer.release", offer=sale.offer, quantity=-19)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_order_at_a_lower_price_that_is_gone_when_it_arrives_is_not_placed_at_the_old_one(
    sale: Sale, host: Channel, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    page = await open_page(sale.path, size=PHONE, language=language, script=WITHHELD + KNOWN)
    await tap_buy(page, words["buy"])
    await host.wait_for("order.held")
    await page.evaluate("window.withholding = true")
    batch: dict[str, Any] = {"price": cny(1990), "boxes": 2, "seconds": 600, "per_buyer": 2}
    await host.call("flash.plan", offer=sale.offer, **batch)
    await expect(submit(page)).to_have_text(words["place"] % "¥19.90")
    await is_withheld(page)
    await order_at(sale, 1, 1990, quantity=2)
    await submit(page).click()
    await page.evaluate(LET_GO)
    await expect(page.locator("#buy-sheet").get_by_role("alert")).to_contain_text(words["dearer"])
    await expect(submit(page)).to_have_text(words["place"] % "¥29.90")
    await expect(submit(page)).to_be_enabled()
    assert len(await sale.api.orders(sale.broadcast)) == 1
    await submit(page).click()
    assert await total(page) == "¥29.90"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_fewer_boxes_than_were_pressed_for_are_not_ordered_unasked(
    sale: Sale, host: Channel, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    page = await open_page(sale.path, size=PHONE, language=language, script=WITHHELD + KNOWN)
    await tap_buy(page, words["buy"])
    await three_of_which_one_is_left(page, sale, host, words["more"])
    await expect(submit(page)).to_have_text(words["place"] % "¥89.70")
    await submit(page).click()
    await page.evaluate(LET_GO)
    await expect(page.locator("#buy-sheet").get_by_role("alert")).to_contain_text(words["fewer"])
    await expect(page.locator(".stepper__value")).to_have_value("1")
    await expect(submit(page)).to_have_text(words["place"] % "¥29.90")
    assert await sale.api.orders(sale.broadcast) == []
    await submit(page).click()
    assert await total(page) == "¥29.90"


async def test_boxes_that_go_under_the_thumb_are_asked_about(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale, WITHHELD + KNOWN)
    await three_of_which_one_is_left(page, sale, host, "One more: Small kumquats")
    box = await submit(page).bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 20)
    await page.mouse.down()
    await page.evaluate(LET_GO)
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await page.mouse.up()
    await expect(sheet.get_by_role("alert")).to_contain_text("Nothing has been ordered yet")
    assert await sale.api.orders(sale.broadcast) == []
    await submit(page).click()
    assert await total(page) == "¥29.90"


async def test_order_does_not_wait_for_ever_for_a_hold_that_nobody_answers(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=HASTY + KNOWN)
    asked: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/api/v1/broadcasts/*/holds", asked.put)
    await tap_buy(page)
    async with asyncio.timeout(LONG_S):
        route = await asked.get()
    await submit(page).click()
    assert await total(page) == "¥29.90"
    await route.abort()


async def test_enter_in_the_quantity_sets_it_and_orders_nothing(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("offer.release", offer=sale.offer, quantity=20)
    sheet = await tap_buy(page)
    quantity = sheet.get_by_label("Quantity: Small kumquats")
    await expect(quantity).to_have_attribute("enterkeyhint", "done")
    await host.wait_for("order.held")
    await quantity.fill("5")
    await quantity.press("Enter")
    await expect(quantity).not_to_be_focused()
    await host.wait_for("order.held", total={"amount": 14950, "currency": "CNY"})
    await expect(submit(page)).to_have_text("Buy · ¥149.50")
    # More than an order may have becomes what it may, which is seen before it is ordered.
    await quantity.fill("50")
    await quantity.press("Enter")
    await expect(quantity).to_have_value("20")
    # A new device holds half of what there is at most; the rest it may order without a hold.
    await expect(submit(page)).to_have_text("Buy · ¥598.00")
    assert await sale.api.orders(sale.broadcast) == []
