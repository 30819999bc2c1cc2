"""Flash batches: when they run, what they take and give back, at whose price, and for whom."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from farmlive.clock import now_ms, pretended
from farmlive.ids import token, ulid
from farmlive.people import Caller, RateLimits
from farmlive.settings import Settings
from farmlive.shop.flash_models import FlashEnd, FlashPlan
from farmlive.shop.lines import LATE_MS
from farmlive.shop.models import OfferChange, OfferRelease
from farmlive.shop.order_models import HoldDrop, HoldPlace
from farmlive.shop.problems import (
    BroadcastEnded,
    BroadcastNotLive,
    FlashNotCheaper,
    FlashThere,
    LimitReached,
    LotSpent,
    PriceChanged,
    SoldOut,
    StockTaken,
    UnknownFlash,
    UnknownOffer,
)
from farmlive.shop.shop import Shop
from farmlive.shop.tables import flashes, offers, order_lines
from farmlive.store import Store, after_commit

from .conftest import HOST, PRICE, Site, caller, pseudonym

LOW = 1990
ANOTHER = caller("another device")
MINUTE_MS = 60_000


async def plan(stall: Any, boxes: int = 4, **other: Any) -> dict[str, Any]:
    facts = {"offer": stall.card.offer, "price": LOW, "boxes": boxes, "seconds": 60, **other}
    answer = await stall.shop.flashes.plan(HOST, stall.broadcast, FlashPlan.model_validate(facts))
    assert isinstance(answer, dict)
    return answer


async def end(stall: Any, flash: dict[str, Any]) -> dict[str, Any]:
    message = FlashEnd(flash=flash["flash"])
    answer = await stall.shop.flashes.end(HOST, stall.broadcast, message)
    assert isinstance(answer, dict)
    return answer


def lines(stall: Any, quantity: int, price: int = LOW) -> list[dict[str, Any]]:
    return [{"offer": stall.card.offer, "quantity": quantity, "price": price}]


async def order(
    stall: Any, quantity: int = 1, price: int = LOW, by: Any = None, **change: Any
) -> dict[str, Any]:
    request = stall.request(lines=lines(stall, quantity, price), **change)
    answer = await stall.shop.till.place(by or stall.viewer, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def hold(stall: Any, quantity: int = 1, price: int = LOW, by: Any = None) -> dict[str, Any]:
    asked = {"lines": lines(stall, quantity, price), "key": token()}
    request = HoldPlace.model_validate(asked)
    answer = await stall.shop.holds.place(by or stall.viewer, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def stock(stall: Any) -> tuple[int, int, int, int]:
    """Sold, held, kept and left of the offer, which add up to what was released."""
    query = select(offers).filter_by(id=stall.card.offer)
    row = await stall.store.read(lambda connection: connection.execute(query).one())
    left = row.released - row.sold - row.held - row.kept
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.released, card.sold, card.held, card.kept, card.left) == (
        row.released,
        row.sold,
        row.held,
        row.kept,
        left,
    )
    return row.sold, row.held, row.kept, left


async def batch(stall: Any, flash: dict[str, Any]) -> tuple[str, int, int, str | None]:
    """The batch's state, how many of it are sold and held, and what ended it."""
    query = select(flashes).filter_by(id=flash["flash"])
    row = await stall.store.read(lambda connection: connection.execute(query).one())
    return row.state, row.sold, row.held, row.why


async def test_a_batch_without_a_time_starts_and_keeps_its_boxes(stall: Any) -> None:
    before = now_ms()
    flash = await plan(stall, 4, per_buyer=2)
    assert flash["state"] == "running"
    assert before <= flash["starts_at"] <= now_ms()
    assert flash["ends_at"] == flash["starts_at"] + 60_000
    assert await stock(stall) == (0, 0, 4, 6)
    (event,) = await stall.events("flash.started")
    told = {
        "flash": flash["flash"],
        "price": {"amount": LOW, "currency": "CNY"},
        "boxes": 4,
        "per_buyer": 2,
        "starts_at": flash["starts_at"],
        "ends_at": flash["ends_at"],
    }
    assert event.audience == ("public",)
    assert event.data == {"offer": stall.card.offer, **told}
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert card.model_dump(mode="json")["flash"] == {**told, "state": "running"}
    (changed,) = await stall.events("stock.changed")
    assert (changed.data["kept"], changed.data["left"], changed.data["released"]) == (4, 6, 10)


async def test_a_line_at_its_price_takes_of_it_and_any_other_does_not(stall: Any) -> None:
    flash = await plan(stall, 4)
    placed = await order(stall, 2)
    assert placed["total"]["amount"] == 2 * LOW
    assert await stock(stall) == (2, 0, 2, 6)
    await order(stall, 6, PRICE)
    assert await stock(stall) == (8, 0, 2, 0)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 1, PRICE)
    assert refusal.value.members["offers"][0]["left"] == 0
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 3)
    assert refusal.value.members["offers"][0]["left"] == 2
    assert await batch(stall, flash) == ("running", 2, 0, None)
    query = select(order_lines.c.flash).order_by(order_lines.c.order)
    kept = await stall.store.read(lambda connection: connection.execute(query).scalars().all())
    assert kept == [flash["flash"], None]
    told = [event.data["lines"][0].get("flash") for event in await stall.events("order.placed")]
    assert told == [flash["flash"], None]


async def test_the_last_box_of_it_ends_it_with_its_order(stall: Any) -> None:
    flash = await plan(stall, 3)
    await order(stall, 2)
    await order(stall, 1)
    assert await batch(stall, flash) == ("ended", 3, 0, "sold_out")
    (event,) = await stall.events("flash.ended")
    facts = {"flash": flash["flash"], "offer": stall.card.offer}
    assert event.data == {**facts, "sold": 3, "why": "sold_out"}
    with pytest.raises(PriceChanged):
        await order(stall, 1)
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
    assert await stall.shop.flashes.of_broadcast(stall.broadcast) == []


async def test_an_offer_has_one_batch_at_a_time(stall: Any) -> None:
    first = await plan(stall, 2)
    with pytest.raises(FlashThere) as refusal:
        await plan(stall, 2, starts_at=now_ms() + MINUTE_MS)
    assert refusal.value.members["flash"] == first["flash"]
    await end(stall, first)
    second = await plan(stall, 2, starts_at=now_ms() + MINUTE_MS)
    assert second["state"] == "planned"
    (event,) = await stall.events("flash.planned")
    assert event.data["flash"] == second["flash"]
    with pytest.raises(FlashThere):
        await plan(stall, 2)


async def test_its_price_is_lower_than_the_offers(stall: Any) -> None:
    with pytest.raises(FlashNotCheaper) as refusal:
        await plan(stall, 2, price=PRICE)
    assert refusal.value.members["price"] == PRICE


async def test_what_is_not_in_the_bag_has_none(stall: Any) -> None:
    with pytest.raises(UnknownOffer):
        await plan(stall, 2, offer=ulid())
    with pytest.raises(UnknownFlash):
        await end(stall, {"flash": ulid()})


async def test_the_host_ends_it_and_what_is_kept_can_be_had_as_before(stall: Any) -> None:
    flash = await plan(stall, 4)
    await order(stall, 1)
    ended = await end(stall, flash)
    assert (ended["state"], ended["why"], ended["sold"]) == ("ended", "host", 1)
    assert await stock(stall) == (1, 0, 0, 9)
    assert await end(stall, flash) == ended
    assert len(await stall.events("flash.ended")) == 1


async def test_a_cancelled_order_gives_its_boxes_back_to_the_batch_that_runs(stall: Any) -> None:
    flash = await plan(stall, 4)
    first, second = await order(stall, 2), await order(stall, 1)
    await stall.shop.orders.cancel(first["token"])
    assert await stock(stall) == (1, 0, 3, 6)
    assert await batch(stall, flash) == ("running", 1, 0, None)
    await end(stall, flash)
    await stall.shop.orders.cancel(second["token"])
    assert await stock(stall) == (0, 0, 0, 10)
    assert await batch(stall, flash) == ("ended", 0, 0, "host")


async def test_a_hold_of_its_boxes_keeps_its_price_until_the_hold_ends(stall: Any) -> None:
    flash = await plan(stall, 4)
    answer = await hold(stall, 3)
    assert answer["lines"][0]["flash"] == flash["flash"]
    assert await stock(stall) == (0, 3, 1, 6)
    await end(stall, flash)
    assert await stock(stall) == (0, 3, 0, 7)
    with pytest.raises(PriceChanged):
        await order(stall, 4)
    with pytest.raises(PriceChanged):
        await order(stall, 1, by=ANOTHER)
    await order(stall, 2, order=answer["order"])
    assert await stock(stall) == (2, 0, 0, 8)
    assert await batch(stall, flash) == ("ended", 2, 0, "host")


async def test_a_hold_that_is_over_gives_its_boxes_back_to_the_batch(stall: Any) -> None:
    flash = await plan(stall, 4)
    answer = await hold(stall, 3)
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=answer["order"]))
    assert await stock(stall) == (0, 0, 4, 6)
    await hold(stall, 3)
    with pretended(now_ms() + 11 * MINUTE_MS):
        await stall.shop.holds.expire()
    assert await stock(stall) == (0, 0, 4, 6)
    assert await batch(stall, flash) == ("running", 0, 0, None)


async def test_a_hold_that_outlives_it_gives_its_boxes_back_to_all(stall: Any) -> None:
    flash = await plan(stall, 4)
    answer = await hold(stall, 3)
    await end(stall, flash)
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=answer["order"]))
    assert await stock(stall) == (0, 0, 0, 10)
    assert await batch(stall, flash) == ("ended", 0, 0, "host")


async def test_what_one_holds_oneself_is_not_in_ones_way(stall: Any) -> None:
    flash = await plan(stall, 4)
    await hold(stall, 4)
    await hold(stall, 3)
    assert await stock(stall) == (0, 3, 1, 6)
    await order(stall, 4)
    assert await stock(stall) == (4, 0, 0, 6)
    assert await batch(stall, flash) == ("ended", 4, 0, "sold_out")


async def test_a_hold_at_the_usual_price_is_changed_for_boxes_of_the_batch(stall: Any) -> None:
    await hold(stall, 10, PRICE)
    flash = await plan(stall, 4)
    assert await stock(stall) == (0, 10, 4, 0)  # released for it, since nothing was left
    await hold(stall, 4)
    assert await stock(stall) == (0, 4, 0, 10)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 11, PRICE)
    assert refusal.value.members["offers"][0]["left"] == 10
    await order(stall, 10, PRICE)
    assert await stock(stall) == (10, 0, 4, 0)
    assert await batch(stall, flash) == ("running", 0, 0, None)


async def test_a_refusal_says_how_many_of_the_batch_are_held_and_when_they_come_back(
    stall: Any,
) -> None:
    await plan(stall, 4)
    await hold(stall, 2, PRICE, by=caller("a third"))
    kept = await hold(stall, 3, by=ANOTHER)
    with pytest.raises(SoldOut) as refusal:
        await order(stall, 2)
    (told,) = refusal.value.members["offers"]
    assert (told["left"], told["held"], told["back_at"]) == (1, 3, kept["until"])
    assert "3 more are held" in refusal.value.detail


async def test_one_buyer_has_no_more_of_it_than_one_may(stall: Any) -> None:
    await plan(stall, 8, per_buyer=2)
    with pytest.raises(LimitReached) as refusal:
        await order(stall, 3)
    facts = {"offer": stall.card.offer, "limit": 2}
    assert refusal.value.members == {**facts, "had": 0}
    assert (refusal.value.status, refusal.value.slug) == (409, "limit-reached")
    first = await order(stall, 1)
    with pytest.raises(LimitReached) as refusal:
        await hold(stall, 2)
    assert refusal.value.members == {**facts, "had": 1}
    await hold(stall, 1)
    with pytest.raises(LimitReached):
        await hold(stall, 2)
    await order(stall, 1)
    with pytest.raises(LimitReached):  # the phone has two, whatever the device
        await order(stall, 1, by=ANOTHER)
    await order(stall, 2, by=ANOTHER, buyer={"name": "李", "phone": "13900000000"})
    await order(stall, 2, PRICE)
    await stall.shop.orders.cancel(first["token"])
    await order(stall, 1)


async def test_a_clerk_orders_of_it_for_many(stall: Any) -> None:
    await plan(stall, 8, per_buyer=1)
    clerk = Caller("an account", "a clerk", "clerk", "the centre's device", "192.0.2.7")
    for person in range(3):
        buyer = {"name": "李", "phone": f"1390000000{person}"}
        await order(stall, 1, by=clerk, buyer=buyer)
    with pytest.raises(LimitReached):
        await order(stall, 1, by=clerk, buyer={"name": "李", "phone": "13900000000"})


async def test_who_pressed_in_its_last_moment_still_has_its_price(stall: Any) -> None:
    flash = await plan(stall, 4)
    with pretended(flash["ends_at"] + LATE_MS - 1):
        assert await stall.shop.flashes.turn() == 0
        await order(stall, 1)
    with pretended(flash["ends_at"] + LATE_MS):
        with pytest.raises(PriceChanged):
            await order(stall, 1)
        assert await stall.shop.flashes.turn() == 1
        assert await stall.shop.flashes.turn() == 0
        with pytest.raises(PriceChanged):  # a batch's price has no grace
            await order(stall, 1)
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
        assert await stall.shop.flashes.turn() == 1
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
    assert await stall.shop.flashes.turn() == 0
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
    assert card.offer != stall.card.offer


async def test_a_batch_that_is_spent_when_it_is_time_ends_at_once(stall: Any) -> None:
    stall.card = await stall.offer(released=1, net_weight_g=412_000)
    flash = await plan(stall, 1, starts_at=now_ms() + MINUTE_MS)
    await order(stall, 1, PRICE)
    with pretended(now_ms() + 2 * MINUTE_MS):
        await stall.shop.flashes.turn()
    assert await batch(stall, flash) == ("ended", 0, 0, "sold_out")


async def test_what_is_kept_for_it_is_not_taken_back(stall: Any) -> None:
    await plan(stall, 4)
    take = OfferRelease(offer=stall.card.offer, quantity=-7)
    with pytest.raises(StockTaken) as refusal:
        await stall.shop.bag.release(HOST, stall.broadcast, take)
    assert refusal.value.members["offers"] == [{"offer": stall.card.offer, "left": 6}]


async def test_the_offers_own_price_may_change_meanwhile(stall: Any) -> None:
    flash = await plan(stall, 4)
    change = OfferChange(offer=stall.card.offer, price=2500)
    await stall.shop.bag.change(HOST, stall.broadcast, change)
    await order(stall, 1)
    await order(stall, 1, 2500)
    assert await stock(stall) == (2, 0, 3, 5)
    assert await batch(stall, flash) == ("running", 1, 0, None)


async def test_a_hundred_at_once_get_each_box_of_it_once(stall: Any) -> None:
    flash = await plan(stall, 7)
    answers = await asyncio.gather(
        *(
            order(
                stall,
                by=caller(f"device {turn}"),
                buyer={"name": "李", "phone": f"139{turn:08}"},
            )
            for turn in range(60)
        ),
        return_exceptions=True,
    )
    placed = [answer for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, (SoldOut, PriceChanged))]
    assert (len(placed), len(refused)) == (7, 53)
    assert await batch(stall, flash) == ("ended", 7, 0, "sold_out")
    assert await stock(stall) == (7, 0, 0, 3)


def another_shop(stall: Any, settings: Settings, store: Store) -> Shop:
    return Shop(
        store,
        stall.log,
        stall.origin,
        settings,
        pseudonym=pseudonym,
        limits=RateLimits(),
        blocks=stall.blocks,
    )


async def test_the_tasks_of_two_servers_start_and_end_it_once(
    stall: Any, settings: Settings
) -> None:
    ended = asyncio.Event()
    stall.log.hear("flash.ended", lambda connection, _: after_commit(connection, ended.set))
    second = await Store.open(settings)
    shops = [another_shop(stall, settings, store) for store in (stall.store, second)]
    for shop in shops:
        await shop.start()
    with pretended(now_ms() - 5000 - LATE_MS):  # so that it is over soon
        await plan(stall, 4, starts_at=now_ms() + 300, seconds=5)
    async with asyncio.timeout(10):
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
    stall.log.hear("flash.ended", lambda connection, _: after_commit(connection, ended.set))
    await stall.shop.start()
    async with asyncio.timeout(5):
        await ended.wait()
    await stall.shop.stop()
    assert await batch(stall, flash) == ("ended", 0, 0, "time")


async def test_by_http_it_is_planned_listed_and_ended(stall: Any, site: Site) -> None:
    url = f"/api/v1/broadcasts/{stall.broadcast}/flashes"
    body = {"offer": stall.card.offer, "price": LOW, "boxes": 4, "seconds": 60}
    assert (await site.viewer.post(url, json=body)).status_code in (401, 403)
    made = await site.staff.post(url, json=body)
    assert made.status_code == 201
    flash = made.json()
    assert (flash["state"], flash["boxes"], flash["sold"]) == ("running", 4, 0)
    assert (await site.viewer.get(url)).json() == {"flashes": [flash]}
    refused = await site.staff.post(url, json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/flash-there")
    ended = (await site.staff.delete(f"{url}/{flash['flash']}")).json()
    assert (ended["state"], ended["why"]) == ("ended", "host")
    assert (await site.staff.delete(f"{url}/{ulid()}")).status_code == 404
    wrong = await site.staff.post(url, json={**body, "boxes": 0})
    assert wrong.status_code == 422
