"""The live page in Chromium while another broadcast sells of the same lot."""

import pytest
from playwright.async_api import expect
from tests.browser.conftest import PHONE, Open, Sale
from tests.support.money import cny

from farmlive.client import Channel
from farmlive.server import Server

pytestmark = pytest.mark.browser

# Folds events onto a snapshot as the page does; when the last of each offer went.
GONE = """
async ([snapshot, events]) => {
  const { BroadcastState } = await import("/static/lib/state/broadcast-state.js");
  const scene = new BroadcastState();
  scene.load(snapshot);
  for (const event of events) scene.apply(event);
  return Object.fromEntries([...scene.offers].map(([id, card]) => [id, card.gone_at ?? null]));
}
"""


async def test_the_card_follows_what_another_broadcast_sells(
    sale: Sale, host: Channel, open_page: Open, site: Server
) -> None:
    small = await sale.api.create_lot(
        sale.farm,
        "1124",
        {"zh": "金桔", "en": "Kumquats"},
        "2026-11-20T08:00:00+08:00",
        50_000,
    )
    elsewhere = (await sale.api.create_broadcast({"zh": "另一场", "en": "Another"}))["id"]
    facts = {"name": {"zh": "礼盒", "en": "Gift box"}, "unit": {"zh": "箱", "en": "box"}}
    here, there = [
        (await sale.api.create_offer(of, small["id"], cny(2990), 20, **facts, net_weight_g=2500))[
            "id"
        ]
        for of in (sale.broadcast, elsewhere)
    ]
    await sale.api.start(elsewhere)
    page = await open_page(sale.path, size=PHONE)
    await host.call("card.pin", offer=here)
    _, key = await site.house.people.create_api_key("desk", "host")
    async with await Channel.connect(site.url, elsewhere, key=key) as buyer:
        await expect(page.locator("#card")).to_contain_text("20 left")
        for count, left in ((12, "8 left"), (20, "All of this harvest is sold or held")):
            lines = [{"offer": there, "quantity": count, "price": 2990}]
            await buyer.hold(f"key-of-the-hold-of-{count}", lines)
            await expect(page.locator("#card")).to_contain_text(left)


async def test_the_page_knows_when_the_last_one_went(sale: Sale, open_page: Open) -> None:
    lot = {"id": "L", "sold_g": 0, "left_g": 5000}
    card = {"lot": lot, "released": 5, "sold": 0, "left": 2, "net_weight_g": 2500}
    gone = {**card, "id": "gone", "lot": {**lot, "id": "M"}, "released": 0, "left": 0}
    snapshot = {
        "broadcast": {"id": "B", "state": "live"},
        "offers": [{**card, "id": "own"}, {**card, "id": "other"}, gone],
        "chat": [],
        "audience": {},
    }
    told = {"offer": "own", "released": 5, "held": 0, "lot": "L"}
    one_left = {**told, "sold": 1, "left": 4, "lot_sold_g": 2500, "lot_left_g": 2500}
    none_left = {**told, "sold": 2, "left": 3, "lot_sold_g": 5000, "lot_left_g": 0}
    again = {"offer": "gone", "released": 0, "sold": 0, "left": 0}
    events = [
        {"seq": seq, "at": seq * 1000, "kind": "stock.changed", "data": data}
        for seq, data in enumerate((one_left, none_left, none_left, again), 1)
    ]
    page = await open_page(sale.path)
    at = await page.evaluate(GONE, [snapshot, events])
    assert at == {"own": 2000, "other": 2000, "gone": None}
    back = {"seq": 5, "at": 5000, "kind": "stock.changed", "data": one_left}
    at = await page.evaluate(GONE, [snapshot, [*events, back]])
    assert at == {"own": None, "other": None, "gone": None}
