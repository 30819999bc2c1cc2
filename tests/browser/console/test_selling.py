"""Selling from the studio in Chromium: releases, prices and orders as a host has them, and what a
moderator, a seller and a clerk see of it.
"""

import re

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import DESK, PHONE, Open, Sale
from tests.browser.support.phone_panels import open_panel
from tests.browser.support.selling import PICKUP, card, console, open_row, order

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server]


# The controls that a toast lies over.
COVERED = """
() => {
  const boxOf = (element) => element.getBoundingClientRect();
  const toasts = [...document.querySelectorAll(".toast")].map(boxOf);
  return [...document.querySelectorAll("button, a[href], input, select, summary")]
    .filter((each) => each.checkVisibility() && !each.closest(".toast"))
    .filter((each) => {
      const { left, right, top, bottom } = boxOf(each);
      const isUnder = (other) => left < other.right && right > other.left;
      return toasts.some((other) => isUnder(other) && top < other.bottom && bottom > other.top);
    })
    .map((each) => each.outerHTML.slice(0, 80));
}
"""


async def test_released_with_one_tap_and_taken_back(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale)
    await card(page).get_by_role("button", name=re.compile("Release 10 more")).click()
    await expect(card(page)).to_contain_text("30 left")
    await page.get_by_role("button", name="Withdraw").click()
    await expect(card(page)).to_contain_text("20 left")
    assert (await sale.api.offers(sale.broadcast))[0]["released"] == 20


async def test_release_of_more_than_the_lot_gives_is_refused_with_what_to_do(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    await card(page).get_by_role("button", name=re.compile("another number")).click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("How many more").fill("500")
    await expect(sheet).to_contain_text("Lot 1123 has enough for 180 more. Release fewer")
    await sheet.get_by_role("button", name="Release 500 more").click()
    refused = card(page).get_by_text("Lot 1123 has 500 kg left, enough for 180 more")
    await expect(refused).to_be_visible()
    async with page.context.expect_page() as opened:
        await card(page).get_by_role("button", name=re.compile("^Record a harvest")).click()
    # In a page of its own: this one may be what is on air.
    await (await opened.value).wait_for_url("**/harvest")
    await card(page).get_by_role("button", name=re.compile("^Release 180: ")).click()
    await expect(card(page)).to_contain_text("200 left")
    await expect(refused).to_have_count(0)


@pytest.mark.parametrize("size", [DESK, (1080, 720)], ids=["desk", "low"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_is_told_covers_no_button(
    open_studio: Open, sale: Sale, size: tuple[int, int], language: str
) -> None:
    page = await console(open_studio, sale, size=size, language=language)
    await page.locator("[data-bag] [data-pin]").last.click()
    await page.locator("[data-bag] [data-release='10']").last.click()
    await expect(page.locator(".toast")).to_have_count(2)
    assert await page.evaluate(COVERED) == []


async def test_lot_tells_what_became_of_it(open_studio: Open, sale: Sale) -> None:
    await order(sale, 1, quantity=4)
    line = {"offer": sale.rare, "quantity": 1, "price": 5400}
    await sale.api.commands(sale.broadcast).hold("a-hold-of-a-test-0001", [line])
    page = await console(open_studio, sale)
    await open_row(card(page))
    await card(page).get_by_role("button", name=re.compile("^Lot 1123: 488 kg left")).click()
    weights = card(page).locator(".balance__weights dd")
    await expect(weights).to_have_text(["500 kg", "0 kg", "10 kg", "2.5 kg", "488 kg"])
    small = card(page).get_by_role("row", name=re.compile("^Small kumquats"))
    await expect(small.get_by_role("cell")).to_have_text(["4", "0", "16", "195"])
    large = card(page).get_by_role("row", name=re.compile("^Large kumquats"))
    await expect(large.get_by_role("cell")).to_have_text(["0", "1", "1", "195"])


async def test_cheap_price_is_asked_for_and_put_right_by_one_tap(
    open_studio: Open, sale: Sale
) -> None:
    page = await console(open_studio, sale)
    await card(page).get_by_role("button", name=re.compile("Change the price")).click()
    sheet = page.get_by_role("dialog", name="Small kumquats")
    await sheet.get_by_label("New price, CNY").fill("2.99")
    await sheet.get_by_role("button", name="Set ¥2.99").click()
    await expect(sheet.get_by_role("alert")).to_contain_text("from ¥29.90 to ¥2.99")
    await sheet.get_by_role("button", name="Yes, set ¥2.99").click()
    await expect(card(page)).to_contain_text(
        "¥29.90 → ¥2.99. Nobody has ordered at the new price yet."
    )
    await card(page).get_by_role("button", name=re.compile("^Correct the price")).click()
    await expect(card(page)).to_contain_text("Corrected: ¥29.90 instead of ¥2.99.")
    await expect(card(page).locator("[data-price]")).to_have_text("¥29.90")


WORDS = {
    "en": {
        "pins": "Pin a card",
        "name": "Small kumquats",
        "hand": "Stock and price of what is shown",
        "left": "30 left",
        "price": "Change the price",
        "lower": "Lower",
        "sell": "Set ¥28.90",
        "undo": "Correct the price",
        "orders": "Orders",
        "placed": "placed",
    },
    "zh": {
        "pins": "上屏",
        "name": "小金桔",
        "hand": "当前商品的库存和价格",
        "left": "剩 30",
        "price": "改价",
        "lower": "减价",
        "sell": "改为 ¥28.90",
        "undo": "改正错价",
        "orders": "订单",
        "placed": "已下单",
    },
}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_host_on_a_phone_sells_with_a_thumb(
    language: str, open_studio: Open, open_page: Open, sale: Sale
) -> None:
    words = WORDS[language]
    here = {"size": PHONE, "language": language, "plain": False}
    page = await console(open_studio, sale, role="host", **here)
    viewer = await open_page(sale.path, **here)
    pins = page.get_by_role("region", name=words["pins"])
    await pins.get_by_role("button", name=re.compile(words["name"])).click()
    hand = page.get_by_role("region", name=words["hand"])
    for act in await hand.get_by_role("button").all():
        box = await act.bounding_box()
        assert box is not None
        # In the lower third of the screen, and as large as a finger.
        assert box["y"] > PHONE[1] * 2 / 3
        assert min(box["width"], box["height"]) >= 48
    await hand.get_by_role("button", name="+10").click()
    await expect(hand).to_contain_text(words["left"])
    await hand.get_by_role("button", name=re.compile(words["price"])).click()
    sheet = page.get_by_role("dialog", name=words["name"])
    await sheet.get_by_role("button", name=words["lower"]).click()
    await sheet.get_by_role("button", name=words["sell"]).click()
    await expect(viewer.get_by_text("¥28.90").first).to_be_visible()
    await hand.get_by_role("button", name=re.compile(words["undo"])).click()
    await expect(viewer.get_by_text("¥29.90").first).to_be_visible()
    placed = await order(sale, 1)
    await open_panel(page, "orders")
    feed = page.get_by_role("region", name=words["orders"], exact=True)
    came = feed.get_by_role("listitem").filter(has_text=placed["number"])
    await expect(came).to_contain_text(words["placed"])


async def test_orders_come_in_with_their_state(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale)
    feed = page.get_by_role("region", name="Orders")
    await expect(feed).to_contain_text("No orders yet")
    line = {"offer": sale.offer, "quantity": 3, "price": 2990}
    await sale.api.commands(sale.broadcast).hold("a-hold-of-a-test-0001", [line])
    await expect(feed.get_by_role("listitem")).to_contain_text(re.compile(r"held, \d+:\d\d left"))
    await expect(card(page)).to_contain_text("3 held")
    await expect(card(page)).to_contain_text("The first hold ends in")
    placed = await order(sale, 1, quantity=2)
    await expect(feed.get_by_text(placed["number"])).to_be_visible()
    await expect(page.locator("[data-sales]")).to_have_text("¥59.80")
    await sale.api.change_order_state(sale.broadcast, placed["id"], "cancelled", "no longer wanted")
    await expect(feed.get_by_text("cancelled", exact=True)).to_be_visible()
    await feed.get_by_role("radio", name=re.compile("^Held")).check(force=True)
    await expect(feed.get_by_text(placed["number"])).to_be_hidden()


async def test_feed_of_many_orders_forgets_the_oldest_alone(open_page: Open) -> None:
    page = await open_page("/sign-in")
    part, shown = await page.evaluate(
        """async () => {
          document.body.innerHTML = `
            <section data-orders><b data-count="held"></b><p data-orders-empty></p>
            <p data-orders-part><span></span></p>
            <ol data-orders-list></ol></section>
            <template id="feed-order"><li><b data-number></b><i data-state></i>
            <i data-simulated></i>
            <i data-total></i><i data-lines></i><i data-way></i><i data-at></i></li></template>`;
          const { OrderFeed } = await import("/static/pages/console/order-feed.js");
          const feed = new OrderFeed(document.querySelector("[data-orders]"));
          const total = { amount: 2990, currency: "CNY" };
          const order = (number, state) => ({
            id: `o${number}`, number: `A${number}`, state, lines: [], total, at: number,
          });
          const orders = new Map();
          const scene = { offers: new Map(), orders, over: new Map() };
          const look = () => {
            feed.draw(scene);
            return [...document.querySelectorAll("li b")].map((each) => each.textContent);
          };
          for (let number = 1000; number < 1250; number += 1) {
            orders.set(`o${number}`, order(number, "placed"));
          }
          const first = look();
          const again = look();
          orders.set("o1000", order(1000, "packed"));
          const changed = look();
          orders.set("o2000", order(2000, "placed"));
          const feeds = [first, again, changed, look()];
          const part = document.querySelector("[data-orders-part]").textContent.trim();
          return [part, feeds.map((each) => [each.length, each[0], each.at(-1)])];
        }"""
    )
    assert part == "The latest 200 are here, not all."
    assert shown == [
        [200, "A1249", "A1050"],
        [200, "A1249", "A1050"],
        [200, "A1249", "A1050"],
        [200, "A2000", "A1051"],
    ]


async def test_feed_counts_no_orders_where_it_was_not_told_all(
    open_studio: Open, sale: Sale, host: Channel
) -> None:
    await host.call("offer.release", offer=sale.offer, quantity=40)
    for number in range(1, 50):
        await order(sale, number)
    page = await console(open_studio, sale)
    feed = page.get_by_role("region", name="Orders")
    part = feed.locator("[data-orders-part]")
    await expect(feed.get_by_role("radio", name="Placed 49")).to_be_attached()
    await expect(part).to_be_hidden()
    # What comes while one looks is counted.
    for number in (50, 51):
        await order(sale, number)
    await expect(feed.get_by_role("radio", name="Placed 51")).to_be_attached()
    await expect(part).to_be_hidden()
    await page.reload()
    await expect(part).to_have_text(
        "The latest 50 are here, not all. All orders are in the order list"
    )
    await expect(feed.get_by_role("listitem")).to_have_count(50)
    await expect(feed.get_by_role("radio", name="Placed", exact=True)).to_be_attached()
    await feed.get_by_role("radio", name="Held", exact=True).check(force=True)
    await expect(feed).to_contain_text("None of these among the latest orders.")


async def test_moderator_has_pins_and_chat_alone(open_studio: Open, sale: Sale) -> None:
    page = await console(open_studio, sale, role="moderator", size=PHONE)
    await page.get_by_role("region", name="Pin a card").get_by_role("button").first.click()
    await expect(page.locator("[data-pinned]")).to_have_text("Small kumquats")
    for name in (re.compile("Release"), re.compile("Change the price"), "End…", "Start"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await expect(page.get_by_text("Sales", exact=True)).to_have_count(0)


async def order_sheet(page: Page, number: str) -> Locator:
    await page.get_by_role("button", name=number, exact=True).click()
    return page.get_by_role("dialog", name=number)


async def test_order_is_moved_on_by_one_tap(open_studio: Open, sale: Sale) -> None:
    parcel = await order(sale, 1)
    page = await open_studio(f"/studio/{sale.broadcast}/orders")
    row = page.get_by_role("listitem").filter(has_text=parcel["number"])
    await expect(row).to_contain_text("Wang 1")
    for step, state in (("Packed", "packed"), ("Shipped", "shipped"), ("Received", "received")):
        await row.get_by_role("button", name=re.compile(f"^{step}")).click()
        await expect(row.get_by_text(state, exact=True)).to_be_visible()
    await row.get_by_role("button", name=re.compile("^Paid")).click()
    await expect(row.get_by_text("paid", exact=True)).to_be_visible()
    opened = await order_sheet(page, parcel["number"])
    await opened.get_by_role("button", name="Refund…").click()
    sheet = page.get_by_role("dialog", name="Refund")
    await sheet.get_by_label("Amount").fill("10")
    await sheet.get_by_label("Reason").fill("one box bruised")
    async with page.expect_request("**/refunds") as sent:
        await sheet.get_by_role("button", name="Confirm the refund").click()
    assert (await sent.value).headers["idempotency-key"]
    await expect(row.get_by_text("partly refunded").first).to_be_visible()
    opened = await order_sheet(page, parcel["number"])
    await expect(opened).to_contain_text("one box bruised")
    await expect(opened).to_contain_text("¥10.00")
    (kept,) = await sale.api.orders(sale.broadcast)
    assert (kept["state"], kept["refunded"]["amount"]) == ("received", 1000)


async def test_order_list_follows_what_happens(open_studio: Open, sale: Sale) -> None:
    page = await open_studio(f"/studio/{sale.broadcast}/orders")
    await expect(page.get_by_text("No orders here yet")).to_be_visible()
    line = {"offer": sale.offer, "quantity": 2, "price": 2990}
    hold = await sale.api.commands(sale.broadcast).hold("a-hold-of-a-test-0001", [line])
    placed = await order(sale, 1, quantity=2, held=hold["id"])
    row = page.get_by_role("listitem").filter(has_text=placed["number"])
    await expect(row).to_contain_text("¥59.80")
    await sale.api.mark_order_paid(sale.broadcast, placed["id"])
    await expect(row.get_by_text("paid", exact=True)).to_be_visible()
    await page.get_by_label("Find").fill("nobody of that name")
    await expect(page.get_by_text("No matching orders")).to_be_visible()


async def test_cancelling_takes_a_reason(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    page = await open_studio(f"/studio/{sale.broadcast}/orders", size=PHONE)
    row = page.get_by_role("listitem").filter(has_text=placed["number"])
    opened = await order_sheet(page, placed["number"])
    await opened.get_by_role("button", name="Cancel…").click()
    sheet = page.get_by_role("dialog", name="Cancel the order")
    await sheet.get_by_role("button", name="Cancel this order").click()
    await expect(sheet.get_by_label("Reason")).to_have_accessible_description(
        "Please fill this in."
    )
    await sheet.get_by_label("Reason").fill("sold twice by mistake")
    await sheet.get_by_role("button", name="Cancel this order").click()
    await expect(row.get_by_text("cancelled", exact=True)).to_be_visible()


@pytest.mark.shared_server(False)
async def test_who_ordered_is_blocked_and_let_in_again(open_studio: Open, sale: Sale) -> None:
    placed = await order(sale, 1)
    page = await open_studio(f"/studio/{sale.broadcast}/orders", role="host")
    opened = await order_sheet(page, placed["number"])
    await opened.get_by_role("button", name="Block this buyer").click()
    sheet = page.get_by_role("dialog", name="Block this buyer")
    await sheet.get_by_label("Reason").fill("never fetches")
    await sheet.get_by_role("button", name="Block", exact=True).click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await page.goto("/studio/people")
    blocked = page.get_by_role("listitem").filter(has_text="never fetches")
    await blocked.get_by_role("button", name="Reactivate").click()
    await expect(page.get_by_text("Nobody is blocked")).to_be_visible()


@pytest.mark.shared_server(False)
async def test_clerk_hands_over_what_is_picked_up(open_studio: Open, sale: Sale) -> None:
    await order(sale, 1)
    picked = await order(sale, 2, way=PICKUP)
    await sale.api.change_order_state(sale.broadcast, picked["id"], "packed")
    page = await open_studio("/studio", role="clerk", language="zh")
    await page.get_by_role("link", name=re.compile("的订单")).click()
    row = page.locator("[data-order]")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("Wang 2")
    await row.get_by_role("button", name=re.compile("^已到点")).click()
    await row.get_by_role("button", name=re.compile("^已交付")).click()
    await page.get_by_role("dialog", name="已交付").get_by_role("button", name="出示装箱单").click()
    await row.get_by_role("button", name=re.compile("^已付款")).click()
    await expect(row.locator(".badge").get_by_text("已付款", exact=True)).to_be_visible()
    (kept,) = await sale.api.orders(sale.broadcast, way=PICKUP)
    assert (kept["state"], kept["payment"]) == ("received", "paid")
