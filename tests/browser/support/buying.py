"""A purchase on the live page, step by step, and what a device remembers of its buyer."""

from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import PHONE, Open, Sale

from farmlive.client import Channel

# While `deaf` is set the page hears no events, as in the moment before they arrive; while `mute`
# is set no replies, as where the link breaks at the wrong time.
DEAF = """
window.WebSocket = class extends WebSocket {
  addEventListener(type, listener) {
    super.addEventListener(type, (event) => {
      const heard = type === "message" ? JSON.parse(event.data).type : "";
      if ((window.deaf && heard === "events") || (window.mute && heard === "reply")) return;
      listener(event);
    });
  }
};
"""
# A viewer who bought before: what this device remembers.
KNOWN = """
localStorage.setItem("farmlive.buyer", JSON.stringify(
  { name: "Wang Fang", phone: "13800000000", way: "parcel", address: "Meixian, Youxi",
    asked: true },
));
"""
REMEMBERED = "name => localStorage.getItem(`farmlive.${name}`)"


def submit(page: Page) -> Locator:
    return page.locator("#buy-sheet [type=submit]")


async def tap_buy(page: Page, name: str = "Buy") -> Locator:
    """Tap the card's button, which has this name; return the buy sheet."""
    await page.locator("#card").get_by_role("button", name=name, exact=True).click()
    sheet = page.locator("#buy-sheet")
    # Its scripts may still be on their way.
    await expect(sheet).to_be_visible()
    return sheet


async def open_buy_sheet(open_page: Open, sale: Sale, script: str = KNOWN) -> tuple[Page, Locator]:
    """Open the live page, and on it the buy sheet, as a buyer whom the device remembers."""
    page = await open_page(sale.path, size=PHONE, script=script)
    return page, await tap_buy(page)


async def open_form(open_page: Open, sale: Sale, language: str = "en") -> Page:
    """Open the live page, and on it the form of an order, as a buyer who is not remembered."""
    page = await open_page(sale.path, size=PHONE, language=language)
    await tap_buy(page, WORDS[language]["buy"])
    return page


async def open_deaf(open_page: Open, host: Channel, sale: Sale, offer: str, left: int) -> Page:
    """Open the live page, which last hears that its card shows this offer with so many left."""
    page = await open_page(sale.path, size=PHONE, script=DEAF + KNOWN)
    await host.call("card.pin", offer=offer)
    await expect(page.locator("#card")).to_contain_text(f"{left} left")
    await page.evaluate("window.deaf = true")
    return page


def field(page: Page, name: str, language: str = "en") -> Locator:
    """Return the field of the form for `name`, `phone` or `address`."""
    return page.get_by_label(WORDS[language][name], exact=True)


async def fill_in(page: Page, language: str = "en", **typed: str) -> None:
    """Type a buyer into the form; `typed` says what is otherwise."""
    usual = {"name": "Wang Fang", "phone": "138 0000 0000", "address": "Meixian, Youxi"}
    for name, words in {**usual, **typed}.items():
        await field(page, name, language).fill(words)


async def want(page: Page, boxes: int, name: str = "Small kumquats") -> Locator:
    """Type how many boxes of an offer are wanted; return the field."""
    quantity = page.get_by_label(f"Quantity: {name}")
    await quantity.fill(str(boxes))
    await quantity.press("Tab")
    return quantity


def own(page: Page) -> Locator:
    return page.locator("#bag-orders").get_by_role("link")


async def ordered(page: Page, number: str = "A0001") -> None:
    """Press the button; the order is placed and has this number."""
    await submit(page).click()
    await expect(page.locator("[data-part=order-number]")).to_have_text(number)


async def ordered_for(page: Page, total: str) -> None:
    """Press the button; the order is placed and costs this."""
    await submit(page).click()
    await expect(page.locator("[data-part=order-total]")).to_have_text(total)


def buy(page: Page) -> Locator:
    return page.locator("#card .pinned__buy")


WORDS = {
    "en": {
        "buy": "Buy",
        "lot": "picked",
        "origin": "Where it comes from",
        "close": "Close",
        "held": "Held for you",
        "more": "Add something from the bag",
        "add": "Add Large kumquats",
        "name": "Name",
        "phone": "Phone",
        "address": "Delivery address",
        "place": "Buy · ¥83.90",
        "see": "See the order",
        "next": "We have it.",
        "cancel": "Cancel the order…",
        "sure": "Yes, cancel it",
        "cancelled": "This order is cancelled; there is nothing to pay.",
    },
    "zh": {
        "buy": "购买",
        "lot": "采摘",
        "origin": "从哪里来",
        "close": "关闭",
        "held": "已为您留货",
        "more": "再从购物袋里加一样",
        "add": "加一件：大金桔",
        "name": "姓名",
        "phone": "电话",
        "address": "收货地址",
        "place": "提交订单 · ¥83.90",
        "see": "查看订单",
        "next": "订单已收到，",
        "cancel": "取消订单……",
        "sure": "是的，取消",
        "cancelled": "订单已取消，不用付款。",
    },
}
