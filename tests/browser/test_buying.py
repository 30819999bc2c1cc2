"""Buying on the live page in Chromium: from the card to the order's page, and what may happen."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, WebSocket, expect

from farmlive.client import Channel

from .conftest import PHONE, Open, Sale

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]

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


def submit(page: Page) -> Locator:
    return page.locator("#buy-sheet [type=submit]")


async def tap_buy(page: Page) -> Locator:
    await page.locator("#card").get_by_role("button", name="Buy", exact=True).click()
    return page.locator("#buy-sheet")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_viewer_walks_the_whole_way_on_a_phone(
    sale: Sale, host: Channel, open_page: Open, language: str
) -> None:
    words = WORDS[language]
    page = await open_page(sale.path, size=PHONE, language=language, plain=False)
    await host.call("card.pin", offer=sale.offer)
    card = page.locator("#card")
    await card.get_by_role("button", name=words["lot"]).click()
    story = page.get_by_role("dialog", name=words["origin"])
    await expect(story).to_contain_text("500")
    await expect(story.get_by_role("listitem")).to_have_count(7)
    await story.get_by_role("button", name=words["close"]).click()

    await card.get_by_role("button", name=words["buy"], exact=True).click()
    sheet = page.locator("#buy-sheet")
    await expect(sheet).to_contain_text(words["held"])
    await expect(sheet.get_by_role("timer")).to_have_text(re.compile(r"9:5\d"))
    await sheet.get_by_text(words["more"]).click()
    await sheet.get_by_role("button", name=words["add"]).click()
    await submit(page).click()
    for field, typed in (
        ("name", "王芳"),
        ("phone", "138 0000 0000"),
        ("address", "尤溪县梅仙镇"),
    ):
        await sheet.get_by_label(words[field], exact=True).fill(typed)
    await expect(submit(page)).to_have_text(words["place"])
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-total]")).to_have_text("¥83.90")
    link = await sheet.get_by_role("link", name=words["see"]).get_attribute("href")
    offers = {card["offer"]: card for card in await sale.api.offers(sale.broadcast)}
    assert (offers[sale.offer]["left"], offers[sale.offer]["held"]) == (19, 0)
    assert offers[sale.rare]["left"] == 1

    await page.goto(str(link))
    await expect(page.get_by_text(words["next"])).to_be_visible()
    await page.get_by_role("button", name=words["cancel"]).click()
    await page.get_by_role("button", name=words["sure"]).click()
    await expect(page.locator("#order").get_by_text(words["cancelled"], exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name=words["cancel"])).to_have_count(0)
    offers = {card["offer"]: card for card in await sale.api.offers(sale.broadcast)}
    assert offers[sale.offer]["left"] == 20


async def test_who_is_known_buys_with_two_taps(sale: Sale, host: Channel, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("Meixian, Youxi")
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")


async def test_the_browser_can_fill_in_the_form(sale: Sale, host: Channel, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.offer)
    await tap_buy(page)
    await submit(page).click()
    for label, token in (("Name", "name"), ("Phone", "tel"), ("Address", "street-address")):
        field = page.get_by_label(label, exact=True)
        await expect(field).to_have_attribute("autocomplete", token)


async def test_a_tap_on_a_card_is_counted_once(sale: Sale, host: Channel, open_page: Open) -> None:
    opened: list[str] = []

    def sent(frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "card.open":
            opened.append(message["offer"])

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", sent)

    page = await open_page("/", size=PHONE)
    page.on("websocket", watch)
    await page.goto(sale.path)
    await host.call("card.pin", offer=sale.offer)
    await page.locator("#card .pinned__look").click()
    look = page.locator("#look-sheet")
    await expect(look).to_contain_text("20 of 20 left")
    await look.get_by_role("button", name="Buy").click()
    await expect(page.locator("#buy-sheet")).to_contain_text("Held for you")
    assert opened == [sale.offer]


async def test_a_hold_is_kept_over_a_reload_and_given_back_when_wanted(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await sheet.get_by_role("button", name="One more: Small kumquats").click()
    held = await host.wait_for("order.held", total={"amount": 5980, "currency": "CNY"})
    assert held.data["lines"][0]["quantity"] == 2
    await page.reload()
    kept = page.get_by_role("button", name="2 items held for you")
    await expect(kept).to_contain_text(re.compile(r"9:\d\d"))
    await kept.click()
    await expect(sheet.get_by_label("Quantity: Small kumquats")).to_have_value("2")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Give it back").click()
    await host.wait_for("order.cancelled")
    await expect(page.locator("#card")).to_contain_text("20 left")


@pytest.mark.parametrize("settings", [{"hold_minutes": 0.05}], indirect=True)
async def test_a_hold_that_runs_out_is_told_and_can_be_had_again(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("The time is up; it went back to the others.")
    await host.wait_for("order.expired")
    await expect(submit(page)).to_be_disabled()
    await sheet.get_by_role("button", name="Hold it again").click()
    await expect(sheet).to_contain_text("Held for you")
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")


async def test_what_is_held_keeps_its_price_and_takes_a_lower_one(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("Held for you")
    await host.call("offer.change", offer=sale.offer, price=3300)
    await expect(sheet).to_contain_text("It costs ¥33.00 now; you keep yours while it is held.")
    await expect(submit(page)).to_have_text("Place the order · ¥29.90")
    await host.call("offer.change", offer=sale.offer, price=1990)
    await expect(submit(page)).to_have_text("Place the order · ¥19.90")
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-total]")).to_have_text("¥19.90")


@pytest.mark.parametrize("settings", [{"price_grace_s": 0}], indirect=True)
async def test_a_price_that_changed_meanwhile_is_asked_about_with_both_prices(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=DEAF + KNOWN)
    await host.call("card.pin", offer=sale.offer)
    await expect(page.locator("#card")).to_be_visible()
    await page.evaluate("window.deaf = true")
    await host.call("offer.change", offer=sale.offer, price=3300)
    sheet = await tap_buy(page)
    question = sheet.get_by_role("alert")
    await expect(question).to_contain_text("cost ¥29.90 a moment ago and costs ¥33.00 now")
    await expect(submit(page)).to_be_disabled()
    await question.get_by_role("button", name="Take it for ¥33.00").click()
    await expect(sheet).to_contain_text("Held for you")
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-total]")).to_have_text("¥33.00")


async def test_what_has_just_sold_out_is_told_and_taken_when_it_is_back(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=DEAF + KNOWN)
    await host.call("card.pin", offer=sale.rare)
    await expect(page.locator("#card")).to_contain_text("2 left")
    await page.evaluate("window.deaf = true")
    await host.call("offer.release", offer=sale.rare, quantity=-2)
    sheet = await tap_buy(page)
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("has just sold out")
    await expect(submit(page)).to_be_disabled()
    await expect(told.get_by_role("button", name="Look into the bag")).to_be_visible()
    await page.evaluate("window.deaf = false")
    await host.call("offer.release", offer=sale.rare, quantity=5)
    await expect(told).to_contain_text("is there again")
    await told.get_by_role("button", name="Hold it now").click()
    await expect(sheet).to_contain_text("Held for you")


async def test_fewer_than_wanted_are_held_and_that_is_told(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=DEAF + KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("Held for you")
    await page.evaluate("window.deaf = true")
    await host.call("offer.release", offer=sale.offer, quantity=-17)
    quantity = sheet.get_by_label("Quantity: Small kumquats")
    await quantity.fill("9")
    await quantity.press("Tab")
    await expect(sheet.get_by_role("alert")).to_contain_text("only 3 are left")
    await expect(quantity).to_have_value("3")
    await expect(sheet).to_contain_text("Held for you")
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-total]")).to_have_text("¥89.70")


async def test_the_order_page_comes_up_to_date_by_itself(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await submit(page).click()
    link = await sheet.get_by_role("link", name="See the order").get_attribute("href")
    await page.goto(str(link))
    step = page.locator("[aria-current=step]")
    await expect(step).to_have_text("Ordered")
    (order,) = await sale.api.orders(sale.broadcast)
    path = f"/api/v1/broadcasts/{sale.broadcast}/orders/{order['id']}/state"
    await sale.api.request("POST", path, json={"state": "packed"})
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(step).to_have_text("Packed")
    await expect(page.get_by_role("button", name="Cancel the order")).to_have_count(0)


async def test_what_the_server_finds_wrong_is_said_at_its_field(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, language="zh")
    await host.call("card.pin", offer=sale.offer)
    await page.locator("#card").get_by_role("button", name="购买", exact=True).click()
    await submit(page).click()
    await page.get_by_label("姓名", exact=True).fill("王\u200b芳")
    await page.get_by_label("电话", exact=True).fill("13800000000")
    await page.get_by_label("地址", exact=True).fill("尤溪")
    await submit(page).click()
    await expect(page.locator("#name-error")).to_have_text("请写收货人姓名，60 个字以内。")
    await expect(page.get_by_label("姓名", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        (
            "zh",
            {
                "": "请写电话号码，方便快递或自提点联系。",
                "不告诉你": "这不是电话号码，请写数字，例如 138 0000 0000。",
                "123": "这个电话号码太短，至少要有 7 位。",
                "0591 88": "这个电话号码太短，至少要有 7 位。",
            },
        ),
        (
            "en",
            {
                "": "Write a phone number, so that the courier or the pick-up point can call.",
                "call me": "That is not a phone number: write its digits, such as 138 0000 0000.",
                "123": "That phone number is too short: it has 7 digits at least.",
                "0591 88": "That phone number is too short: it has 7 digits at least.",
                "+441234567890123456": "That phone number is too long: it has 15 digits at most.",
            },
        ),
    ],
)
async def test_a_wrong_phone_number_is_told_what_is_wrong_and_wide_digits_are_digits(
    sale: Sale, host: Channel, open_page: Open, language: str, wrong: dict[str, str]
) -> None:
    words = WORDS[language]
    page = await open_page(sale.path, size=PHONE, language=language)
    await host.call("card.pin", offer=sale.offer)
    card = page.locator("#card")
    await card.get_by_role("button", name=words["buy"], exact=True).click()
    await submit(page).click()
    await page.get_by_label(words["name"], exact=True).fill("王芳")
    await page.get_by_label(words["address"], exact=True).fill("尤溪县梅仙镇")
    phone = page.get_by_label(words["phone"], exact=True)
    for typed, told in wrong.items():
        await phone.fill(typed)
        await submit(page).click()
        await expect(page.locator("#phone-error")).to_have_text(told)
    await phone.fill("１３８００００００００")
    await submit(page).click()
    await expect(page.locator("[data-part=order-number]")).to_have_text("A0001")
    (order,) = await sale.api.orders(sale.broadcast)
    assert order["buyer"]["phone"] == "13800000000"


GOLDEN = json.loads((Path(__file__).parents[1] / "phone_numbers.json").read_text())
JUDGED = """async (numbers) => {
    const scripts = [...document.scripts].map(({ src }) => src);
    const beside = scripts.find((src) => src.includes("common/page.js"));
    const { phoneDoubt, phoneProblem } = await import(beside.replace("page.js", "phone.js"));
    return numbers.map((number) => [Boolean(phoneProblem(number)), Boolean(phoneDoubt(number))]);
}"""


async def test_the_page_takes_the_numbers_that_the_server_takes(
    sale: Sale, open_page: Open
) -> None:
    page = await open_page(sale.path)
    for kind, is_refused in (("kept", False), ("doubted", False), ("refused", True)):
        numbers = list(GOLDEN[kind])
        judged = dict(zip(numbers, await page.evaluate(JUDGED, numbers), strict=True))
        assert {number for number, (refused, _) in judged.items() if refused != is_refused} == set()
        if kind == "kept":
            assert not any(doubted for _, doubted in judged.values())


async def test_a_number_that_looks_mistyped_is_asked_about_once(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, language="en")
    await host.call("card.pin", offer=sale.offer)
    await page.locator("#card").get_by_role("button", name="Buy", exact=True).click()
    await submit(page).click()
    await page.get_by_label("Name", exact=True).fill("Wang Fang")
    await page.get_by_label("Address", exact=True).fill("Xikou")
    await page.get_by_label("Phone", exact=True).fill("138 0000 000")
    await submit(page).click()
    await expect(page.locator("#phone-error")).to_contain_text(
        "A mobile number has 11 digits; this has 10."
    )
    await submit(page).click()
    await expect(page.locator("[data-part=order-number]")).to_have_text("A0001")
    (order,) = await sale.api.orders(sale.broadcast)
    assert order["flags"] == ["doubtful-phone"]


async def test_what_is_held_can_be_ordered_after_the_end(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("Held for you")
    await sale.api.end(sale.broadcast)
    await expect(page.locator("body")).to_have_attribute("data-state", "ended")
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-number]")).to_have_text("A0001")


async def test_who_is_blocked_is_told_so(sale: Sale, host: Channel, open_page: Open) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await submit(page).click()
    await sheet.get_by_role("button", name="Back to the broadcast").click()
    (order,) = await sale.api.orders(sale.broadcast)
    block = {"kind": "device", "order": order["id"], "reason": "test"}
    await sale.api.request("POST", "/api/v1/blocks", json=block)
    await tap_buy(page)
    await expect(sheet.get_by_role("alert")).to_contain_text("Orders from here are not taken.")


async def test_a_hold_that_can_not_be_asked_for_comes_with_the_link(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    await expect(page.locator("#card")).to_be_visible()
    await page.context.set_offline(True)
    sheet = await tap_buy(page)
    await expect(sheet.get_by_role("alert")).to_contain_text("can't be reached")
    await page.context.set_offline(False)
    await expect(sheet).to_contain_text("Held for you")
    await expect(sheet.get_by_role("alert")).to_be_hidden()


async def test_two_tabs_of_one_viewer_have_one_basket(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(sheet).to_contain_text("Held for you")
    other = await page.context.new_page()
    await other.goto(sale.path)
    await other.get_by_role("button", name="1 item held for you").click()
    await other.get_by_role("button", name="One more: Small kumquats").click()
    await expect(sheet.get_by_label("Quantity: Small kumquats")).to_have_value("2")
    await submit(other).click()
    await expect(other.locator("[data-part=order-total]")).to_have_text("¥59.80")
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#card")).to_contain_text("18 left")


async def test_a_sum_that_rises_under_the_thumb_is_not_ordered(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sale.offer)
    sheet = await tap_buy(page)
    await expect(submit(page)).to_have_text("Place the order · ¥29.90")
    other = await page.context.new_page()
    await other.goto(sale.path)
    await other.get_by_role("button", name="1 item held for you").click()
    await page.bring_to_front()
    box = await submit(page).bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 20)
    await page.mouse.down()
    await other.get_by_role("button", name="One more: Small kumquats").click()
    await expect(submit(page)).to_have_text("Place the order · ¥59.80")
    await page.mouse.up()
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("It costs ¥59.80 now, ¥29.90 a moment ago.")
    assert await sale.api.orders(sale.broadcast) == []
    await told.click()
    await submit(page).click()
    await expect(sheet.locator("[data-part=order-total]")).to_have_text("¥59.80")
