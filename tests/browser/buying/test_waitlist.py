"""The live page in Chromium where all is held or sold: who waits gets what comes back."""

import re

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import KNOWN, buy, submit

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

# Counts how often the page asks to wait.
JOINS = """
() => {
  window.joined = 0;
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (text) {
    if (JSON.parse(text).type === "wait.join") window.joined += 1;
    return send.call(this, text);
  };
}
"""

# Keeps what the page sends to leave the list until `letGo()`.
HELD = """
() => {
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (text) {
    if (JSON.parse(text).type !== "wait.leave") return send.call(this, text);
    window.letGo = () => send.call(this, text);
  };
}
"""


async def test_who_waits_gets_what_comes_back_held_and_orders_it(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    first = await open_page(sale.path, size=PHONE, script=KNOWN)
    second = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.rare)
    await buy(first).click()
    await expect(submit(first)).to_have_text("Buy · ¥54.00")
    # Who closes the sheet before the answer is there keeps nothing.
    await expect(first.locator("#buy-sheet").get_by_role("timer")).to_have_text(
        re.compile(r"9:\d\d")
    )
    await first.keyboard.press("Escape")
    # One of the two boxes is held, which is all that a new device may; the other goes.
    await host.call("offer.release", offer=sale.rare, quantity=-1)

    await expect(second.locator("#card")).to_contain_text("1 held for a buyer, may come back")
    await buy(second).click()
    await expect(second.locator("#toasts")).to_contain_text(
        "You're number 1 in line for Large kumquats · box"
    )
    await expect(buy(second)).to_have_text("Number 1 in line")
    await expect(second.locator("#card")).to_contain_text("1 held · 1 on the waiting list")
    await second.reload()
    await expect(buy(second)).to_have_text("Number 1 in line")

    await first.get_by_role("button", name="Release it").click()
    toast = second.locator("#toasts")
    await expect(toast).to_contain_text("Large kumquats · box is back and held for you until")
    await toast.get_by_role("button", name="Order").click()
    sheet = second.locator("#buy-sheet")
    await expect(sheet.get_by_role("timer")).to_have_text(re.compile(r"9:\d\d"))
    await second.keyboard.press("Escape")
    kept = second.locator("#kept")
    await expect(kept).to_contain_text(re.compile(r"1 box held for you9:\d\d"))
    await kept.click()
    await expect(sheet.get_by_role("timer")).to_have_text(re.compile(r"9:\d\d"))
    await submit(second).click()
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")
    await expect(first.locator("#card")).to_contain_text("Sold out")


async def test_who_waits_no_more_leaves_the_list(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.rare)
    await host.call("offer.release", offer=sale.rare, quantity=-2)
    # A finger that shakes waits once, and is told once.
    await page.evaluate(JOINS)
    await buy(page).evaluate("(button) => { button.click(); button.click(); }")
    await expect(buy(page)).to_have_text("Number 1 in line")
    await expect(page.locator(".toast")).to_have_count(1)
    assert await page.evaluate("joined") == 1
    await buy(page).click()
    look = page.locator("#look-sheet")
    await expect(look).to_contain_text("You're number 1 in line.")
    await look.get_by_role("button", name="Leave the waiting list").click()
    await expect(buy(page)).to_have_text("Tell me when it is back")
    await host.call("offer.release", offer=sale.rare, quantity=2)
    await expect(page.locator("#card")).to_contain_text("2 left")


async def test_late_answer_to_leaving_closes_no_other_sheet_and_is_said_in_it(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.rare)
    await host.call("offer.release", offer=sale.rare, quantity=-2)
    await buy(page).click()
    await expect(buy(page)).to_have_text("Number 1 in line")
    await expect(page.locator(".toast")).to_have_count(0)
    await page.evaluate(HELD)
    await buy(page).click()
    await page.get_by_role("button", name="Leave the waiting list").click()
    await page.keyboard.press("Escape")
    await expect(page.locator("#look-sheet")).to_be_hidden()
    await page.locator("#bag-open").click()
    bag = page.locator("#bag-sheet")
    await expect(bag).to_be_visible()
    await page.evaluate("letGo()")
    await expect(bag.locator(".toast")).to_have_text("You've left the waiting list.")
    await expect(bag).to_be_visible()
    # It stays to be read once the sheet is closed.
    await page.keyboard.press("Escape")
    await expect(page.locator("#toasts")).to_contain_text("You've left the waiting list.")
