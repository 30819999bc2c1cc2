"""A buyer's own orders on the live page in Chromium: the way to them, and what of them a device
remembers.
"""

import re
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK, Open, Sale
from tests.browser.support.buying import (
    KNOWN,
    REMEMBERED,
    fill_in,
    open_buy_sheet,
    ordered,
    own,
    submit,
    tap_buy,
)
from tests.browser.support.lost_answers import FRAIL, behind, come_back

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]

# While `holding` is set the answer to an order waits for `answer()`; while `deaf` is set the page
# hears no events.
LATE = """
window.WebSocket = class extends WebSocket {
  addEventListener(type, listener) {
    super.addEventListener(type, (event) => {
      const heard = type === "message" ? JSON.parse(event.data).type : "";
      if (window.holding && heard === "reply") window.answer = () => listener(event);
      else if (!window.deaf || heard !== "events") listener(event);
    });
  }
};
"""
FORGOTTEN = {
    "en": {
        "buy": "Buy",
        "keep": "Remember this on my device",
        "told": "This device won't remember the order: note its number",
    },
    "zh": {
        "buy": "购买",
        "keep": "在这台设备上记住",
        "told": "这台设备不会记住这个订单",
    },
}


async def address(sale: Sale) -> str:
    (order,) = await sale.api.orders(sale.broadcast)
    return f"/order/{order['token']}"


async def test_link_to_an_order_stays_the_same_while_the_broadcast_goes_on(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK, script=KNOWN)
    await tap_buy(page)
    await ordered(page)
    await page.keyboard.press("Escape")
    link = own(page)
    await expect(link).to_have_text("A0001 · ¥29.90 · Ordered")
    await link.focus()
    await host.call("offer.release", offer=sale.offer, quantity=7)
    await expect(page.locator("#card")).to_contain_text("26 left")
    await expect(link).to_be_focused()
    # A press that takes longer than a frame opens it all the same.
    box = await link.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await host.call("offer.release", offer=sale.offer, quantity=7)
    await expect(page.locator("#card")).to_contain_text("33 left")
    async with page.context.expect_page() as opened:
        await page.mouse.up()
    other = await opened.value
    await expect(other).to_have_url(re.compile(f"{await address(sale)}$"))
    await other.close()
    # What changed of it is said in its place.
    (order,) = await sale.api.orders(sale.broadcast)
    path = f"/api/v1/broadcasts/{sale.broadcast}/orders/{order['id']}/transitions"
    await sale.api.request("POST", path, json={"state": "packed"})
    await expect(link).to_have_text("A0001 · ¥29.90 · Packed")
    await expect(link).to_be_focused()


async def test_link_is_there_with_the_answer_though_the_log_told_of_the_order_before(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK, script=LATE + KNOWN)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("Held for you")
    await page.evaluate("window.holding = true")
    await submit(page).click()
    # It is sold, not held any more.
    await expect(page.locator("#card .stock--held")).to_have_js_property("value", 19)
    await page.evaluate("window.deaf = true; window.answer()")
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")
    await page.keyboard.press("Escape")
    await expect(own(page)).to_have_attribute("href", await address(sale))


async def test_further_order_stands_below_the_first_and_leaves_its_link(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK, script=KNOWN)
    await tap_buy(page)
    await ordered(page)
    await page.keyboard.press("Escape")
    await expect(page.locator("#bag-orders").get_by_role("heading")).to_have_text("Your order")
    await own(page).evaluate("link => { link.isFirst = true; }")
    await tap_buy(page)
    await ordered(page, "A0002")
    await expect(page.locator("#bag-orders").get_by_role("heading")).to_have_text("Your orders")
    await expect(own(page)).to_contain_text(["A0001", "A0002"])
    assert await own(page).evaluate_all("links => links.map((link) => link.isFirst ?? false)") == [
        True,
        False,
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_order_of_who_wants_nothing_remembered_is_known_in_this_tab_alone(
    sale: Sale, open_page: Open, language: str
) -> None:
    words: dict[str, Any] = FORGOTTEN[language]
    page = await open_page(sale.path, size=DESK, language=language)
    await tap_buy(page, words["buy"])
    await fill_in(page, language)
    # Nothing is ticked beforehand.
    await expect(page.get_by_role("checkbox", name=words["keep"])).not_to_be_checked()
    await ordered(page)
    await expect(page.locator("#buy-sheet").get_by_text(words["told"])).to_be_visible()
    for name in ("orders", "buyer"):
        assert await page.evaluate(REMEMBERED, name) is None
    await page.keyboard.press("Escape")
    await expect(own(page)).to_have_attribute("href", await address(sale))
    await page.reload()
    await expect(own(page)).to_have_attribute("href", await address(sale))
    # Whoever has the device next finds no way to it.
    other = await page.context.new_page()
    await other.goto(sale.path)
    await expect(other.locator("#bag-list .bag__row")).to_have_count(2)
    await expect(own(other)).to_have_count(0)


async def test_what_is_unticked_is_forgotten_at_once_and_ticked_again_remembered(
    sale: Sale, open_page: Open
) -> None:
    page, sheet = await open_buy_sheet(open_page, sale)
    await sheet.get_by_role("button", name="Change name or address").click()
    keep = sheet.get_by_role("checkbox", name="Remember this on my device")
    await keep.uncheck()
    assert await page.evaluate(REMEMBERED, "buyer") is None
    await keep.check()
    assert "Wang Fang" in str(await page.evaluate(REMEMBERED, "buyer"))
    await keep.uncheck()
    await ordered(page)
    for name in ("orders", "buyer"):
        assert await page.evaluate(REMEMBERED, name) is None


async def test_order_whose_answer_was_lost_is_not_remembered_after_a_reload_either(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK, script=FRAIL)
    proxy = await behind(page)
    sheet = await tap_buy(page)
    await fill_in(page)
    await submit(page).click()
    await expect(submit(page)).to_have_text("Asking about your order…")
    await page.reload()
    await expect(page.locator("#kept")).to_contain_text("Asking about your order…")
    proxy.broken = False
    await come_back(page)
    await page.get_by_role("button", name="See it").click()
    await expect(sheet.get_by_text("This device won't remember the order")).to_be_visible()
    assert await page.evaluate(REMEMBERED, "orders") is None
    link = sheet.get_by_role("link", name="See the order")
    await expect(link).to_have_attribute("href", await address(sale))
    await page.keyboard.press("Escape")
    await expect(own(page)).to_have_attribute("href", await address(sale))
    assert len(set(proxy.keys)) == 1


async def test_order_of_who_is_remembered_is_found_again_in_another_tab(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path, size=DESK, script=KNOWN)
    sheet = await tap_buy(page)
    await ordered(page)
    await expect(sheet.get_by_text("This device won't remember the order")).to_be_hidden()
    other = await page.context.new_page()
    await other.goto(sale.path)
    await expect(own(other)).to_have_attribute("href", await address(sale))
