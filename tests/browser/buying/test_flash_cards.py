"""The live page in Chromium while stock is short: flash batches, and one lot's sizes."""

import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.browser.support.buying import DEAF, KNOWN, buy, open_deaf, ordered_for, submit, want
from tests.browser.support.selling import order_at
from tests.support.money import cny

from farmlive.client import Channel

pytestmark = [pytest.mark.browser, pytest.mark.shared_server, pytest.mark.usefixtures("pinned")]

# A device whose clock is an hour behind.
SLOW_CLOCK = "const clock = Date.now; Date.now = () => clock() - 3_600_000;"
# Folds events onto a snapshot as the page does, and returns its cards.
FOLDED = """
async ([snapshot, events]) => {
  const { BroadcastState } = await import("/static/lib/state/broadcast-state.js");
  const scene = new BroadcastState();
  scene.load(snapshot);
  for (const event of events) scene.apply(event);
  return [...scene.offers.values()].map(({ gone_at, ...card }) => card);
}
"""


async def plan(host: Channel, offer: str, **how: Any) -> dict[str, Any]:
    """Start a batch of ten boxes at ¥19.90, two a buyer; `how` says what is otherwise."""
    batch = {"price": cny(1990), "boxes": 10, "seconds": 600, "per_buyer": 2, **how}
    return await host.call("flash.plan", offer=offer, **batch)


async def place_of(button: Locator) -> tuple[float, float, float]:
    """Where a button stands, when nothing moves any more, and how wide it is."""
    await button.click(trial=True)
    box = await button.bounding_box()
    assert box is not None
    # What slid into its place may stand a hair beside it.
    return round(box["x"], 1), round(box["y"], 1), round(box["width"], 1)


async def test_a_flash_batch_is_shown_bought_and_limited(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=SLOW_CLOCK + KNOWN)
    await plan(host, sale.offer)
    card = page.locator("#card")
    await expect(card.locator(".price")).to_have_text("¥19.90")
    await expect(card.locator(".price-was")).to_have_text("¥29.90")
    await expect(card).to_contain_text("10 of 10 left")
    await expect(card).to_contain_text("Flash price · 2 per buyer")
    await expect(card.get_by_role("timer")).to_have_text(re.compile(r"^(9:5\d|10:00)$"))

    sheet = page.locator("#buy-sheet")
    await buy(page).click()
    more = sheet.get_by_role("button", name="One more: Small kumquats")
    await more.click()
    await expect(more).to_be_disabled()
    await expect(sheet).to_contain_text("At this price the limit is 2 per buyer.")
    await expect(submit(page)).to_have_text("Buy · ¥39.80")
    await ordered_for(page, "¥39.80")
    await sheet.get_by_role("button", name="Back to the broadcast").click()
    await expect(card).to_contain_text("8 of 10 left")

    await buy(page).click()
    told = sheet.get_by_role("alert")
    await expect(told).to_contain_text("the limit for Small kumquats · box is 2 per buyer")
    await expect(told).to_contain_text("you already have 2")
    await told.get_by_role("button", name="Buy for ¥29.90").click()
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await ordered_for(page, "¥29.90")


async def test_a_batch_begins_and_ends_and_nothing_that_is_pressed_moves(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, plain=False)
    card = page.locator("#card")
    await expect(card).to_contain_text("20 left")
    before = await place_of(buy(page))
    batch = await plan(host, sale.offer)
    await expect(card.locator(".price")).to_have_text("¥19.90")
    assert await place_of(buy(page)) == before
    await host.call("flash.end", flash=batch["id"])
    await expect(card.locator(".price")).to_have_text("¥29.90")
    await expect(card.locator(".flash")).to_be_hidden()
    await expect(card).to_contain_text("20 left")
    assert await place_of(buy(page)) == before
    await host.call("offer.release", offer=sale.offer, quantity=-20)
    await expect(buy(page)).to_have_text("Tell me when it is back")
    assert await place_of(buy(page)) == before


async def test_a_batch_ends_by_the_clock_with_all_its_boxes_back(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=sale.rare)
    await plan(host, sale.rare, boxes=2, seconds=5)
    card = page.locator("#card")
    await expect(card.get_by_role("timer")).to_have_text(re.compile(r"^0:0[0-5]$"))
    await host.wait_for("flash.ended", why="time")
    await expect(card.locator(".price")).to_have_text("¥54.00")
    await expect(card).to_contain_text("2 left")


async def test_a_planned_batch_says_when_it_starts(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    starts_at = await page.evaluate("Date.now() + 600_000")
    batch = await plan(host, sale.offer, starts_at=starts_at)
    line = page.locator("#card .flash")
    await expect(line).to_contain_text(re.compile(r"¥19.90 from \d\d:\d\d · 2 per buyer"))
    await expect(line.get_by_role("timer")).to_have_text(re.compile(r"^(9:\d\d|10:00)$"))
    await expect(page.locator("#card .price")).to_have_text("¥29.90")
    await host.call("flash.end", flash=batch["id"])
    await expect(line).to_be_hidden()


async def test_a_price_that_rises_under_the_thumb_is_asked_about(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    batch = await plan(host, sale.offer)
    await expect(page.locator("#card .price")).to_have_text("¥19.90")
    x, y, width = await place_of(buy(page))
    await page.mouse.move(x + width / 2, y + 10)
    await page.mouse.down()
    await host.call("flash.end", flash=batch["id"])
    await expect(page.locator("#card .price")).to_have_text("¥29.90")
    await page.mouse.up()
    question = page.locator("#buy-sheet").get_by_role("alert")
    await expect(question).to_contain_text(
        "The flash batch at ¥19.90 is over. Small kumquats · box is now ¥29.90; nothing has been"
    )
    await expect(submit(page)).to_be_disabled()
    await question.get_by_role("button", name="No, thanks").click()
    await expect(page.locator("#buy-sheet")).to_be_hidden()
    assert await sale.api.orders(sale.broadcast) == []


async def test_who_comes_too_late_for_a_flash_reads_that_it_is_gone_and_what_it_costs(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=DEAF + KNOWN)
    await plan(host, sale.offer, boxes=2)
    await expect(page.locator("#card .price")).to_have_text("¥19.90")
    await page.evaluate("window.deaf = true")
    await order_at(sale, 1, 1990, quantity=2)
    await buy(page).click()
    question = page.locator("#buy-sheet").get_by_role("alert")
    await expect(question).to_contain_text(
        "All Small kumquats · box at ¥19.90 are gone. The price is now ¥29.90; "
        "nothing has been ordered yet."
    )
    # It is on its card too, before the page hears of the batch's end.
    await expect(page.locator("#buy-sheet")).not_to_contain_text("2 of 2 left")
    await question.get_by_role("button", name="Buy for ¥29.90").click()
    await page.evaluate("window.deaf = false")
    await expect(submit(page)).to_have_text("Buy · ¥29.90")


async def test_who_holds_gets_the_lower_price_and_keeps_it_after_the_end(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await buy(page).click()
    sheet = page.locator("#buy-sheet")
    await expect(sheet).to_contain_text("Held for you")
    batch = await plan(host, sale.offer)
    await expect(submit(page)).to_have_text("Buy · ¥19.90")
    await host.wait_for("order.held", total={"amount": 1990, "currency": "CNY"})
    await host.call("flash.end", flash=batch["id"])
    await expect(sheet).to_contain_text(
        "The price is now ¥29.90; you keep yours while the hold lasts."
    )
    more = sheet.get_by_role("button", name="One more: Small kumquats")
    await expect(more).to_be_disabled()
    await ordered_for(page, "¥19.90")


@pytest.mark.parametrize("answer", ["taken", "left"])
async def test_who_holds_at_a_flash_price_that_was_wrong_is_asked(
    sale: Sale, host: Channel, open_page: Open, answer: str
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    batch = await plan(host, sale.offer, price=cny(1390))
    await buy(page).click()
    sheet = page.locator("#buy-sheet")
    await expect(submit(page)).to_have_text("Buy · ¥13.90")
    await expect(sheet).to_contain_text("Held for you")
    await host.call("flash.end", flash=batch["id"], wrong=True)
    question = sheet.get_by_role("alert")
    await expect(question).to_contain_text(
        "The price ¥13.90 was a mistake. Small kumquats · box is ¥29.90; "
        "nothing has been ordered yet."
    )
    await expect(submit(page)).to_be_disabled()
    if answer == "left":
        await question.get_by_role("button", name="No, thanks").click()
        await expect(sheet).to_be_hidden()
        await host.wait_for("order.cancelled")
        return
    await question.get_by_role("button", name="Buy for ¥29.90").click()
    await expect(submit(page)).to_have_text("Buy · ¥29.90")
    await ordered_for(page, "¥29.90")


async def test_who_holds_at_a_price_that_was_wrong_is_asked(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("offer.change", offer=sale.offer, price=cny(299))
    await expect(page.locator("#card .price")).to_have_text("¥2.99")
    await buy(page).click()
    sheet = page.locator("#buy-sheet")
    await expect(sheet).to_contain_text("Held for you")
    await host.call("offer.correct", offer=sale.offer)
    question = sheet.get_by_role("alert")
    await expect(question).to_contain_text("The price ¥2.99 was a mistake.")
    # Nobody is told that the wrong price is kept.
    await expect(sheet).not_to_contain_text("you keep yours")
    await question.get_by_role("button", name="Buy for ¥29.90").click()
    await ordered_for(page, "¥29.90")


@pytest_asyncio.fixture(loop_scope="session")
async def sizes(sale: Sale) -> list[dict[str, Any]]:
    """Two sizes of one lot of 20 kg, of each more released than the lot holds beside the other."""
    farm = (await sale.api.offers(sale.broadcast))[0]["lot"]["farm"]["id"]
    name = {"zh": "甜橙", "en": "Oranges"}
    lot = await sale.api.create_lot(farm, "20", name, "2026-11-20T08:00:00+08:00", 20_000)
    return [
        await sale.api.create_offer(
            sale.broadcast,
            lot["id"],
            cny(price),
            released,
            name=name,
            unit={"zh": f"{grams / 1000:g}公斤箱", "en": f"{grams / 1000:g} kg box"},
            net_weight_g=grams,
        )
        for grams, price, released in ((2500, 2990, 8), (5000, 5400, 4))
    ]


async def test_two_sizes_of_a_lot_share_what_is_left_of_it(
    sale: Sale, sizes: list[dict[str, Any]], host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE, script=KNOWN)
    await host.call("card.pin", offer=sizes[0]["id"])
    await page.locator("#bag-open").click()
    bag = page.locator("#bag-sheet-list")
    await expect(bag).to_contain_text("All sizes share what is left of this harvest: 20 kg")
    small = bag.get_by_role("listitem").filter(has_text="2.5 kg box")
    large = bag.get_by_role("listitem").filter(has_text="Oranges · 5 kg box")
    await expect(small).to_contain_text("8 left")
    await expect(large).to_contain_text("4 left")
    await large.get_by_role("button", name="Buy").click()
    sheet = page.locator("#buy-sheet")
    await sheet.get_by_role("button", name="One more: Oranges").click()
    await expect(submit(page)).to_have_text("Buy · ¥108.00")
    await sheet.get_by_text("Add something from the bag").click()
    await sheet.get_by_role("button", name="Add Oranges · 2.5 kg box").click()
    quantity = await want(page, 9, "Oranges · 2.5 kg box")
    await expect(quantity).to_have_value("4")
    await ordered_for(page, "¥227.60")
    await sheet.get_by_role("button", name="Back to the broadcast").click()
    await page.locator("#card .lot-line").click()
    story = page.get_by_role("dialog", name="Where it comes from")
    await expect(story).to_contain_text("20 kg harvested, 20 kg sold")
    await page.keyboard.press("Escape")
    await page.locator("#bag-open").click()
    await expect(bag).to_contain_text("All of this harvest is sold or held")
    for row in (small, large):
        await expect(row.get_by_role("button", name="Tell me")).to_be_visible()


async def test_a_spent_harvest_is_told_as_such(
    sale: Sale, sizes: list[dict[str, Any]], host: Channel, open_page: Open
) -> None:
    page = await open_deaf(open_page, host, sale, sizes[0]["id"], 8)
    line = {"offer": sizes[1]["id"], "quantity": 4, "price": 5400}
    await host.call("hold.place", key="k" * 20, lines=[line])
    await buy(page).click()
    told = page.locator("#buy-sheet").get_by_role("alert")
    await expect(told).to_contain_text("No more of Oranges · 2.5 kg box")
    await expect(told.get_by_role("button", name="Tell me when one comes back")).to_be_visible()
    await expect(submit(page)).to_be_disabled()


async def test_a_refusal_says_when_the_last_one_went_and_what_comes_back_when(
    sale: Sale, host: Channel, open_page: Open
) -> None:
    page = await open_deaf(open_page, host, sale, sale.rare, 2)
    line = {"offer": sale.rare, "quantity": 1, "price": 5400}
    who = {"name": "Li Na", "phone": "13900000000"}
    way = {"way": "parcel", "address": "Meixian"}
    order: dict[str, Any] = {
        "lines": [line],
        "buyer": who,
        "delivery": way,
        "payment": "cash_on_delivery",
    }
    await host.call("order.place", key="o" * 20, **order)
    await host.call("hold.place", key="h" * 20, lines=[line])
    await buy(page).click()
    told = page.locator("#buy-sheet").get_by_role("alert")
    await expect(told).to_contain_text(
        re.compile(r"The last of Large kumquats · box went \d+ seconds? ago\.")
    )
    await expect(told).to_contain_text(
        re.compile(r"1 is held for a buyer and comes back at \d\d:\d\d if it isn't ordered\.")
    )
    await told.get_by_role("button", name="Tell me when one comes back").click()
    await expect(page.locator("#buy-sheet")).to_be_hidden()
    await expect(page.locator("#toasts")).to_contain_text("You're number 1 in line")


async def test_the_page_folds_the_log_as_the_server_does(
    sale: Sale, sizes: list[dict[str, Any]], host: Channel, open_page: Open
) -> None:
    page = await open_page(sale.path, size=PHONE)
    small, large = (offer["id"] for offer in sizes)
    async with await Channel.connect(host.url, sale.broadcast) as viewer:
        first = viewer.snapshot
        batch = await plan(host, small, boxes=3)
        held = [{"offer": small, "quantity": 2, "price": 1990}]
        await host.call("hold.place", key="f" * 20, lines=held)
        await plan(host, sale.offer, starts_at=1 << 52)
        await sale.api.waste(sizes[0]["lot"]["id"], 5_000, "crushed")
        await viewer.call("wait.join", offer=large, quantity=4)
        await host.call("flash.end", flash=batch["id"])
        await host.call("offer.change", offer=sale.rare, price=cny(4900))
        await host.call("card.pin", offer=large)
        events = []
        async for event in viewer:
            events.append(
                {"seq": event.seq, "at": event.at, "kind": event.kind, "data": event.data}
            )
            if event.kind == "card.pinned":
                break
    assert {"flash.planned", "flash.ended", "wait.changed", "lot.changed"} <= {
        event["kind"] for event in events
    }
    async with await Channel.connect(host.url, sale.broadcast) as later:
        assert later.snapshot is not None
        assert await page.evaluate(FOLDED, [first, events]) == later.snapshot["offers"]
