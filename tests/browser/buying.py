"""A purchase on the live page, step by step, and what a device remembers of its buyer."""

from playwright.async_api import Locator, Page, expect

from farmlive.client import Channel

from .conftest import PHONE, Open, Sale

# While `deaf` is set the page hears no events, as in the moment before they arrive.
DEAF = """
window.WebSocket = class extends WebSocket {
  addEventListener(type, listener) {
    super.addEventListener(type, (event) => {
      const heard = type === "message" ? JSON.parse(event.data).type : "";
      if (!window.deaf || heard !== "events") listener(event);
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


async def tap_buy(page: Page) -> Locator:
    await page.locator("#card").get_by_role("button", name="Buy", exact=True).click()
    return page.locator("#buy-sheet")


async def open_buy_sheet(open_page: Open, host: Channel, sale: Sale) -> tuple[Page, Locator]:
    """The live page of a buyer whom the device remembers, and its buy sheet, opened."""
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    return page, await tap_buy(page)


async def fill_in(page: Page) -> None:
    await page.get_by_label("Name", exact=True).fill("Wang Fang")
    await page.get_by_label("Phone", exact=True).fill("138 0000 0000")
    await page.get_by_label("Address", exact=True).fill("Meixian, Youxi")


def own(page: Page) -> Locator:
    return page.locator("#bag-orders").get_by_role("link")


async def ordered(page: Page) -> None:
    await submit(page).click()
    await expect(page.locator("[data-part=order-number]")).to_have_text("A0001")


def buy(page: Page) -> Locator:
    return page.locator("#card .pinned__buy")


WORDS = {
    "en": {
        "buy": "Buy",
        "continue": "Continue",
        "lot": "Lot 1123",
        "origin": "Where it comes from",
        "close": "Close",
        "held": "Held for you",
        "more": "Add something from the bag",
        "add": "Add Large kumquats",
        "name": "Name",
        "phone": "Phone",
        "address": "Address",
        "place": "Place the order · ¥83.90",
        "see": "See the order",
        "next": "We have it.",
        "cancel": "Cancel the order…",
        "sure": "Yes, cancel it",
        "cancelled": "This order is cancelled; nothing is to be paid.",
    },
    "zh": {
        "buy": "购买",
        "continue": "下一步",
        "lot": "批次 1123",
        "origin": "从哪里来",
        "close": "关闭",
        "held": "已为您留货",
        "more": "再从商品袋里加一样",
        "add": "加一件：大金桔",
        "name": "姓名",
        "phone": "电话",
        "address": "地址",
        "place": "提交订单 · ¥83.90",
        "see": "查看订单",
        "next": "订单已收到。",
        "cancel": "取消订单……",
        "sure": "是的，取消",
        "cancelled": "订单已取消，不用付款。",
    },
}
