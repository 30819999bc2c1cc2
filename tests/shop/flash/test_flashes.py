"""Flash batches: when they start, and what ends them."""

import asyncio
from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, Site
from tests.shop.support.flash_batches import LOW, MINUTE_MS, batch, end, order, plan, stock
from tests.support.money import cny
from tests.support.waiting import LONG_S

from farmlive.clock import now_ms, pretended
from farmlive.ids import token, ulid
from farmlive.people.core.audit import list_entries
from farmlive.problems import BroadcastEnded, BroadcastNotLive
from farmlive.settings import Settings
from farmlive.shop.core.models import OfferChange
from farmlive.shop.core.problems import KeyReused, LotSpent, PriceChanged, UnknownOffer
from farmlive.shop.flash.problems import FlashDearer, FlashNotCheaper, FlashThere, UnknownFlash
from farmlive.shop.orders.correction_models import OfferCorrect
from farmlive.shop.stock.line_items import LATE_MS
from farmlive.store import Store, after_commit


async def test_a_batch_without_a_time_starts_and_keeps_its_boxes(stall: Any) -> None:
    before = now_ms()
    flash = await plan(stall, 4, per_buyer=2)
    assert flash["state"] == "running"
    assert before <= flash["starts_at"] <= now_ms()
    assert flash["ends_at"] == flash["starts_at"] + 60_000
    assert await stock(stall) == (0, 0, 4, 6)
    (event,) = await stall.events("flash.started")
    told = {
        "price": {"amount": LOW, "currency": "CNY"},
        "boxes": 4,
        "per_buyer": 2,
        "starts_at": flash["starts_at"],
        "ends_at": flash["ends_at"],
    }
    assert event.audience == ("public",)
    assert event.data == {"flash": flash["id"], "offer": stall.card.id, **told}
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.model_dump(mode="json")["flash"] == {"id": flash["id"], **told, "state": "running"}
    (changed,) = await stall.events("stock.changed")
    assert (changed.data["kept"], changed.data["left"], changed.data["released"]) == (4, 6, 10)


async def test_the_last_box_of_it_ends_it_with_its_order(stall: Any) -> None:
    flash = await plan(stall, 3)
    await order(stall, 2)
    await order(stall, 1)
    assert await batch(stall, flash) == ("ended", 3, 0, "sold_out")
    (event,) = await stall.events("flash.ended")
    facts = {"flash": flash["id"], "offer": stall.card.id}
    assert event.data == {**facts, "sold": 3, "why": "sold_out"}
    with pytest.raises(PriceChanged) as refusal:
        await order(stall, 1)
    assert "the flash batch is over" in refusal.value.detail
    (told,) = refusal.value.members["offers"]
    over = told.pop("flash")
    assert told == {"offer": stall.card.id, "price": PRICE, "seen": LOW}
    assert flash["starts_at"] <= over.pop("ended_at") <= event.at
    assert over == {"id": flash["id"], "why": "sold_out"}
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.flash is None


async def test_it_releases_what_is_missing_and_no_more_than_its_lot_gives(stall: Any) -> None:
    await plan(stall, 15)
    assert await stock(stall) == (0, 0, 15, 0)
    (released,) = await stall.events("offer.released")
    assert (released.data["quantity"], released.data["released"]) == (5, 15)
    stall.card = await stall.offer(released=0, net_weight_g=100_000)
    flash = await plan(stall, 9)
    assert flash["boxes"] == 4


async def test_nothing_starts_of_a_lot_that_is_spent(stall: Any) -> None:
    stall.card = await stall.offer(released=0, net_weight_g=500_000)
    with pytest.raises(LotSpent) as refusal:
        await plan(stall, 1)
    assert refusal.value.members["lot"] == stall.lot.id
    assert refusal.value.members["left_g"] == 412_000
    assert refusal.value.detail == (
        "Nothing was started: the lot has no box left for it. Record what was picked since, or "
        "offer another lot."
    )
    assert await stall.shop.flashes.list_batches(stall.broadcast) == []


async def test_an_offer_has_one_batch_at_a_time(stall: Any) -> None:
    first = await plan(stall, 2)
    with pytest.raises(FlashThere) as refusal:
        await plan(stall, 2, starts_at=now_ms() + MINUTE_MS)
    assert refusal.value.members["flash"] == first["id"]
    await end(stall, first)
    second = await plan(stall, 2, starts_at=now_ms() + MINUTE_MS)
    assert second["state"] == "planned"
    (event,) = await stall.events("flash.planned")
    assert event.data["flash"] == second["id"]
    with pytest.raises(FlashThere):
        await plan(stall, 2)


async def test_one_that_is_sent_again_with_its_key_is_planned_once(stall: Any) -> None:
    key = token()
    flash = await plan(stall, key=key)
    await end(stall, flash)
    assert await plan(stall, key=key) == flash  # as it was answered
    with pytest.raises(KeyReused):
        await plan(stall, key=key, boxes=5)
    assert await batch(stall, flash) == ("ended", 0, 0, "host")
    assert len(await stall.shop.flashes.list_batches(stall.broadcast)) == 1
    (noted,) = [
        deed for deed in await stall.store.read(list_entries) if deed.action == "flash.plan"
    ]
    assert key not in str(noted.detail)


async def test_its_price_is_lower_than_the_offers(stall: Any) -> None:
    with pytest.raises(FlashNotCheaper) as refusal:
        await plan(stall, 2, price=cny(PRICE))
    assert refusal.value.members["price"] == cny(PRICE)


@pytest.mark.parametrize("later_ms", [0, MINUTE_MS])
async def test_the_offers_price_stays_above_it_while_it_is_planned_or_runs(
    stall: Any, later_ms: int
) -> None:
    flash = await plan(stall, 2, starts_at=now_ms() + later_ms if later_ms else None)
    offer = stall.card.id
    told = len(await stall.events())
    for price in (LOW - 1, LOW):
        with pytest.raises(FlashDearer) as refusal:
            await stall.shop.bag.change(
                HOST, stall.broadcast, OfferChange(offer=offer, price=cny(price))
            )
        members = {"flash": flash["id"], "price": flash["price"]}
        assert refusal.value.members == members
        with pytest.raises(FlashDearer):
            await stall.shop.corrections.correct(
                HOST, stall.broadcast, OfferCorrect(offer=offer, price=cny(price))
            )
    assert len(await stall.events()) == told
    await stall.shop.bag.change(HOST, stall.broadcast, OfferChange(offer=offer, price=cny(LOW + 1)))
    await end(stall, flash)
    await stall.shop.bag.change(HOST, stall.broadcast, OfferChange(offer=offer, price=cny(LOW)))


async def test_what_is_not_in_the_bag_has_none(stall: Any) -> None:
    with pytest.raises(UnknownOffer):
        await plan(stall, 2, offer=ulid())
    with pytest.raises(UnknownFlash):
        await end(stall, {"id": ulid()})


async def test_the_host_ends_it_and_what_is_kept_can_be_had_as_before(stall: Any) -> None:
    flash = await plan(stall, 4)
    await order(stall, 1)
    ended = await end(stall, flash)
    assert (ended["state"], ended["why"], ended["sold"]) == ("ended", "host", 1)
    assert await stock(stall) == (1, 0, 0, 9)
    assert await end(stall, flash) == ended
    assert len(await stall.events("flash.ended")) == 1


async def test_who_pressed_in_its_last_moment_still_has_its_price(stall: Any) -> None:
    flash = await plan(stall, 4)
    with pretended(flash["ends_at"] + LATE_MS - 1):
        assert await stall.shop.flashes.run_due() == 0
        await order(stall, 1)
    with pretended(flash["ends_at"] + LATE_MS):
        with pytest.raises(PriceChanged):
            await order(stall, 1)
        assert await stall.shop.flashes.run_due() == 1
        assert await stall.shop.flashes.run_due() == 0
        with pytest.raises(PriceChanged) as refusal:  # a batch's price has no grace
            await order(stall, 1)
        assert refusal.value.members["offers"][0]["flash"]["why"] == "time"
    assert await batch(stall, flash) == ("ended", 1, 0, "time")
    assert await stock(stall) == (1, 0, 0, 9)


async def test_it_starts_when_it_is_time(stall: Any) -> None:
    starts_at = now_ms() + MINUTE_MS
    flash = await plan(stall, 4, starts_at=starts_at)
    assert (flash["state"], flash["ends_at"]) == ("planned", starts_at + MINUTE_MS)
    with pytest.raises(PriceChanged):
        await order(stall, 1)
    await order(stall, 8, PRICE)
    assert await stock(stall) == (8, 0, 0, 2)
    with pretended(starts_at + 5):
        assert await stall.shop.flashes.run_due() == 1
        assert await stock(stall) == (8, 0, 4, 0)
        (event,) = await stall.events("flash.started")
        assert event.data["starts_at"] == starts_at + 5
        assert event.data["ends_at"] == starts_at + 5 + MINUTE_MS


async def test_before_the_broadcast_is_live_it_is_planned_alone(stall: Any) -> None:
    stall.broadcast = await stall.another_broadcast(live=False)
    stall.card = await stall.offer()
    with pytest.raises(BroadcastNotLive):
        await plan(stall, 4)
    flash = await plan(stall, 4, starts_at=now_ms())
    assert flash["state"] == "planned"
    assert await stall.shop.flashes.run_due() == 0
    await stall.broadcasts.begin(stall.broadcast)
    assert (await batch(stall, flash))[0] == "running"
    kinds = [event.kind for event in await stall.events()]
    assert kinds.index("broadcast.started") < kinds.index("flash.started")


async def test_it_ends_with_the_broadcast_whether_it_ran_or_not(stall: Any) -> None:
    running = await plan(stall, 4)
    card, stall.card = stall.card, await stall.offer()
    planned = await plan(stall, 4, starts_at=now_ms() + MINUTE_MS)
    await stall.broadcasts.end(stall.broadcast)
    for flash in (running, planned):
        assert await batch(stall, flash) == ("ended", 0, 0, "broadcast")
    with pytest.raises(BroadcastEnded):
        await plan(stall, 1)
    cards = await stall.shop.bag.cards(stall.broadcast)
    assert [(shown.kept, shown.left, shown.flash) for shown in cards] == [(0, 10, None)] * 2
    assert card.id != stall.card.id


async def test_a_batch_that_is_spent_when_it_is_time_ends_at_once(stall: Any) -> None:
    stall.card = await stall.offer(released=1, net_weight_g=412_000)
    flash = await plan(stall, 1, starts_at=now_ms() + MINUTE_MS)
    await order(stall, 1, PRICE)
    with pretended(now_ms() + 2 * MINUTE_MS):
        await stall.shop.flashes.run_due()
    assert await batch(stall, flash) == ("ended", 0, 0, "sold_out")


async def test_the_tasks_of_two_servers_start_and_end_it_once(
    stall: Any, settings: Settings
) -> None:
    ended = asyncio.Event()
    stall.log.add_handler("flash.ended", lambda connection, _: after_commit(connection, ended.set))
    second = await Store.open(settings)
    shops = [stall.another_shop(settings, store) for store in (stall.store, second)]
    for shop in shops:
        await shop.start()
    with pretended(now_ms() - 5000 - LATE_MS):  # so that it is over soon
        await plan(stall, 4, starts_at=now_ms() + 300, seconds=5)
    async with asyncio.timeout(LONG_S):
        await ended.wait()
    for shop in shops:
        await shop.stop()
    await second.close()
    kinds = [event.kind for event in await stall.events() if event.kind.startswith("flash.")]
    assert kinds == ["flash.planned", "flash.started", "flash.ended"]
    assert await stock(stall) == (0, 0, 0, 10)


async def test_what_came_due_in_an_earlier_run_is_done_at_the_start(stall: Any) -> None:
    with pretended(now_ms() - 10 * MINUTE_MS):
        flash = await plan(stall, 4)
    ended = asyncio.Event()
    stall.log.add_handler("flash.ended", lambda connection, _: after_commit(connection, ended.set))
    await stall.shop.start()
    async with asyncio.timeout(LONG_S):
        await ended.wait()
    await stall.shop.stop()
    assert await batch(stall, flash) == ("ended", 0, 0, "time")


async def test_by_http_it_is_planned_listed_and_ended(stall: Any, site: Site) -> None:
    url = f"/api/v1/broadcasts/{stall.broadcast}/flashes"
    body = {"offer": stall.card.id, "price": cny(LOW), "boxes": 4, "seconds": 60}
    assert (await site.viewer.post(url, json=body)).status_code in (401, 403)
    made = await site.staff.post(url, json=body)
    assert made.status_code == 201
    flash = made.json()
    assert (flash["state"], flash["boxes"], flash["sold"]) == ("running", 4, 0)
    assert (await site.viewer.get(url)).json() == {"flashes": [flash], "next": None}
    keyed = {"Idempotency-Key": token()}
    refused = await site.staff.post(url, json=body, headers=keyed)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/flash-there")
    ended = (await site.staff.post(f"{url}/{flash['id']}/end", json={})).json()
    assert (ended["state"], ended["why"]) == ("ended", "host")
    second = (await site.staff.post(url, json=body, headers=keyed)).json()
    assert (await site.staff.post(url, json=body, headers=keyed)).json() == second
    assert len((await site.viewer.get(url)).json()["flashes"]) == 2
    assert (await site.staff.post(f"{url}/{ulid()}/end", json={})).status_code == 404
    wrong = await site.staff.post(url, json={**body, "boxes": 0})
    assert wrong.status_code == 422
