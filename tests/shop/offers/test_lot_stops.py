"""A stopped lot: nothing of it is sold, and everyone who looks at it hears so."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from tests.shop.conftest import HOST
from tests.shop.support.flash_batches import ANOTHER, LOW, batch, end, order, plan
from tests.shop.support.holds import hold, line, stock
from tests.shop.support.orders import enter
from tests.shop.support.stopped_lots import (
    SELLING,
    SENTENCE,
    Deed,
    join,
    lift,
    offer_another_lot,
    release,
    stop,
    unlift,
)
from tests.support.money import cny

from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.origin.core.problems import LotStopped
from farmlive.origin.core.tables import lots
from farmlive.problems import Problem
from farmlive.shop.core.checkout_models import HoldDrop
from farmlive.shop.core.models import NewOffer
from farmlive.shop.core.tables import holds, waits
from farmlive.shop.stock.offer_rows import read_offers


@pytest.mark.parametrize("deed", SELLING.values(), ids=SELLING.keys())
async def test_of_a_stopped_lot_nothing_is_sold_until_it_is_lifted(stall: Any, deed: Deed) -> None:
    await stop(stall)
    before = len(await stall.events())
    with pytest.raises(LotStopped) as refused:
        await deed(stall)
    problem = refused.value.body()
    (reason,) = problem["reasons"]
    assert (problem["type"], problem["status"]) == ("/problems/lot-stopped", 409)
    assert (problem["lot"], problem["code"]) == (stall.lot.id, "1123")
    assert (reason["kind"], reason["result"]["zh"]) == ("test_failed", "毒死蜱超标")
    assert "毒死蜱超标" in problem["detail"]
    assert len(await stall.events()) == before
    await lift(stall)
    await deed(stall)


async def test_a_refusal_names_the_offers_of_the_stopped_lot_and_the_rest_can_be_ordered(
    stall: Any,
) -> None:
    lot = stall.lot
    sound = await offer_another_lot(stall)
    both = [line(stall), {**line(stall), "offer": sound.id}]
    await hold(stall, *both)
    await stop(stall)
    with pytest.raises(LotStopped) as refused:
        await stall.place(lines=both)
    assert refused.value.members["offers"] == [stall.card.id]
    assert refused.value.members["lot"] == lot.id
    await stall.place(lines=both[1:])
    assert await stock(stall) == (10, 0, 0, 10)
    assert await stock(stall, sound) == (10, 1, 0, 9)


async def test_what_is_held_of_it_is_not_ordered_and_runs_out_by_itself(stall: Any) -> None:
    await join_behind_a_hold(stall)
    with pytest.raises(LotStopped):
        await stall.place(1)
    with pytest.raises(LotStopped):
        await hold(stall, line(stall, 2))
    held = await stall.store.read(lambda connection: connection.execute(select(holds)).one())
    await stall.shop.holds.drop(stall.viewer, stall.broadcast, HoldDrop(order=held.id))
    # What comes back is not held for those who wait, until it is lifted.
    assert await stock(stall) == (10, 0, 0, 10)
    rows = select(waits.c.device)
    assert (await stall.store.read(lambda c: c.execute(rows).scalars().all())) == [ANOTHER.device]
    await lift(stall)
    assert await stock(stall) == (10, 0, 5, 5)
    assert (await stall.store.read(lambda c: c.execute(rows).all())) == []


async def join_behind_a_hold(stall: Any) -> None:
    await hold(stall, line(stall, 6))
    await join(stall, 5)
    await stop(stall)


async def test_its_flash_batches_end_and_none_starts(stall: Any) -> None:
    running = await plan(stall)
    await stop(stall)
    assert await batch(stall, running) == ("ended", 0, 0, "stopped")
    kinds = [each.kind for each in await stall.events() if each.kind.split(".")[0] != "offer"]
    assert kinds[-3:] == ["lot.stopped", "flash.ended", "stock.changed"]
    with pytest.raises(LotStopped):
        await order(stall, price=LOW)


async def test_a_planned_batch_ends_too(stall: Any) -> None:
    planned = await plan(stall, starts_at=32_503_680_000_000)
    await stop(stall)
    assert await batch(stall, planned) == ("ended", 0, 0, "stopped")
    assert (await end(stall, planned))["why"] == "stopped"


async def test_boxes_of_it_may_be_taken_back_from_sale(stall: Any) -> None:
    await stop(stall)
    await release(stall, -4)
    assert await stock(stall) == (6, 0, 0, 6)


async def test_every_broadcast_that_sells_it_hears_and_a_late_joiner_sees_it(
    stall: Any,
) -> None:
    elsewhere = await stall.another_broadcast()
    offer = NewOffer.model_validate(
        {
            "name": {"zh": "金桔"},
            "unit": {"zh": "盒"},
            "net_weight_g": 500,
            "lot": stall.lot.id,
            "price": cny(990),
        }
    )
    await stall.shop.bag.add(HOST, elsewhere, offer)
    over = await stall.another_broadcast()
    await stall.shop.bag.add(HOST, over, offer)
    await stall.broadcasts.end(over)
    unconcerned = await stall.another_broadcast()
    await stop(stall)
    await stop(stall)

    async def log(broadcast: str) -> list[Any]:
        return await stall.store.read(lambda c: stall.log.events(c, broadcast))  # type: ignore[no-any-return]

    for broadcast in (stall.broadcast, elsewhere, over):
        events = await log(broadcast)
        first, second = [each for each in events if each.kind == "lot.stopped"]
        assert first.audience == ("public",)
        assert [why["kind"] for why in first.data["reasons"]] == ["test_failed"]
        assert (len(second.data["reasons"]), second.data["again"]) == (2, True)
        assert "again" not in first.data
        await told_by_card(stall, broadcast, events)
    assert [each.kind for each in await log(unconcerned)] == ["broadcast.started"]
    await lift(stall)
    for broadcast in (stall.broadcast, elsewhere, over):
        events = await log(broadcast)
        assert events[-1].kind == "lot.resumed"
        assert events[-1].data == {
            "lot": stall.lot.id,
            "sentence": SENTENCE,
            "tested": False,
        }
        await told_by_card(stall, broadcast, events)


async def told_by_card(stall: Any, broadcast: str, events: list[Any]) -> None:
    """What the snapshot says of the lot is what its card says."""
    scene = BroadcastState()
    for event in events:
        fold(scene, event)
    (card,) = await stall.shop.bag.cards(broadcast)
    asked = card.model_dump(mode="json")["lot"]
    shown = scene.offers[card.id]["lot"]
    assert shown["stopped"] == [
        {name: value for name, value in why.items() if value is not None}
        for why in asked["stopped"]
    ]
    assert (shown["lifted"] is None) == (asked["lifted"] is None)
    if asked["lifted"]:
        assert shown["lifted"]["sentence"] == asked["lifted"]["sentence"] == SENTENCE
    assert shown["tested"] == asked["tested"]


async def test_in_a_rush_no_order_follows_the_stop(stall: Any) -> None:
    placing = [stall.place(1) for _ in range(4)]
    later = [stall.place(1) for _ in range(4)]
    found = await asyncio.gather(*placing, stop(stall), *later, return_exceptions=True)
    refused = [each for each in found if isinstance(each, Problem)]
    assert {each.slug for each in refused} <= {"lot-stopped"}
    (stopped,) = await stall.events("lot.stopped")
    placed = await stall.events("order.placed")
    assert len(placed) == 8 - len(refused)
    assert all(each.seq < stopped.seq for each in placed)
    assert await stock(stall) == (10, len(placed), 0, 10 - len(placed))


async def test_what_a_transaction_knows_of_an_offer_ends_with_the_stop_in_it(stall: Any) -> None:
    offer = stall.card.id

    def write(connection: Connection) -> list[Any]:
        known = [read_offers(connection, stall.broadcast, [offer])[offer]]
        connection.execute(update(lots).values(stopped_at=1))
        known.append(read_offers(connection, stall.broadcast, [offer])[offer])
        return [each.lot_stopped for each in known]

    assert [bool(each) for each in await stall.store.write(write)] == [False, True]


async def test_a_lift_taken_back_stops_everything_again_at_once(stall: Any) -> None:
    placed = await stall.place(1)
    await stop(stall)
    await lift(stall)
    running = await plan(stall)
    await hold(stall, line(stall, 2))
    await join(stall, 9)
    await unlift(stall)
    for deed in (stall.place(1), release(stall, 1), plan(stall), hold(stall)):
        with pytest.raises(LotStopped):
            await deed
    with pytest.raises(LotStopped):
        await enter(stall, placed, "packed")
    assert await batch(stall, running) == ("ended", 0, 0, "stopped")
    first, again = await stall.events("lot.stopped")
    assert again.data == first.data
    told = [each.data["order"] for each in await stall.events("order.stopped")]
    assert told == [placed["id"]] * 2
    await told_by_card(stall, stall.broadcast, await stall.events())
    await lift(stall)
    await enter(stall, placed, "packed")
