"""A stopped lot: nothing of it is sold or moves on, everyone who looks at it hears so, and what is
called off and refunded goes as ever."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from farmlive.broadcast.snapshot import Scene, fold
from farmlive.origin.problems import LotStopped
from farmlive.origin.tables import lots
from farmlive.problems import Forbidden, Problem
from farmlive.shop import stock as stocks
from farmlive.shop.models import NewOffer
from farmlive.shop.order_change_models import HandOver, PutRight
from farmlive.shop.order_models import HoldDrop, Refund
from farmlive.shop.tables import holds, waits

from .bulk import move, refusals, undo
from .conftest import HOST, PRICE, caller
from .flashing import ANOTHER, LOW, batch, end, order, plan
from .holding import hold, line, stock
from .ordering import CLERK, enter, waiting
from .stopping import SELLING, SENTENCE, Deed, join, lift, lot_like, release, stop, unlift


@pytest.fixture
def selling(stall: Any) -> Any:
    stall.origin.stops_heard_by(stall.shop.lot_stops)
    return stall


@pytest.mark.parametrize("deed", SELLING.values(), ids=SELLING.keys())
async def test_of_a_stopped_lot_nothing_is_sold_until_it_is_lifted(
    selling: Any, deed: Deed
) -> None:
    await stop(selling)
    before = len(await selling.events())
    with pytest.raises(LotStopped) as refused:
        await deed(selling)
    problem = refused.value.body()
    (reason,) = problem["reasons"]
    assert (problem["type"], problem["status"]) == ("/problems/lot-stopped", 409)
    assert (problem["lot"], problem["code"]) == (selling.lot.id, "1123")
    assert (reason["kind"], reason["result"]["zh"]) == ("test_failed", "毒死蜱超标")
    assert "毒死蜱超标" in problem["detail"]
    assert len(await selling.events()) == before
    await lift(selling)
    await deed(selling)


async def test_a_refusal_names_the_offers_of_the_stopped_lot_and_the_rest_can_be_ordered(
    selling: Any,
) -> None:
    lot = selling.lot
    other = await selling.origin.add_lot(
        HOST,
        lot_like(selling, "1124"),
    )
    sound = await selling.offer(lot=other.id)
    both = [line(selling), {**line(selling), "offer": sound.offer}]
    await hold(selling, *both)
    await stop(selling)
    with pytest.raises(LotStopped) as refused:
        await selling.place(lines=both)
    assert refused.value.members["offers"] == [selling.card.offer]
    assert refused.value.members["lot"] == lot.id
    await selling.place(lines=both[1:])
    assert await stock(selling) == (10, 0, 0, 10)
    assert await stock(selling, sound) == (10, 1, 0, 9)


async def test_what_is_held_of_it_is_not_ordered_and_runs_out_by_itself(selling: Any) -> None:
    await join_behind_a_hold(selling)
    with pytest.raises(LotStopped):
        await selling.place(1)
    with pytest.raises(LotStopped):
        await hold(selling, line(selling, 2))
    held = await selling.store.read(lambda connection: connection.execute(select(holds)).one())
    await selling.shop.holds.drop(selling.viewer, selling.broadcast, HoldDrop(order=held.id))
    # What comes back is not held for those who wait, until it is lifted.
    assert await stock(selling) == (10, 0, 0, 10)
    rows = select(waits.c.device)
    assert (await selling.store.read(lambda c: c.execute(rows).scalars().all())) == [ANOTHER.device]
    await lift(selling)
    assert await stock(selling) == (10, 0, 5, 5)
    assert (await selling.store.read(lambda c: c.execute(rows).all())) == []


async def join_behind_a_hold(stall: Any) -> None:
    await hold(stall, line(stall, 6))
    await join(stall, 5)
    await stop(stall)


async def test_its_flash_batches_end_and_none_starts(selling: Any) -> None:
    running = await plan(selling)
    await stop(selling)
    assert await batch(selling, running) == ("ended", 0, 0, "stopped")
    kinds = [each.kind for each in await selling.events() if each.kind.split(".")[0] != "offer"]
    assert kinds[-3:] == ["lot.stopped", "flash.ended", "stock.changed"]
    with pytest.raises(LotStopped):
        await order(selling, price=LOW)


async def test_a_planned_batch_ends_too(selling: Any) -> None:
    planned = await plan(selling, starts_at=32_503_680_000_000)
    await stop(selling)
    assert await batch(selling, planned) == ("ended", 0, 0, "stopped")
    assert (await end(selling, planned))["why"] == "stopped"


async def test_boxes_of_it_may_be_taken_back_from_sale(selling: Any) -> None:
    await stop(selling)
    await release(selling, -4)
    assert await stock(selling) == (6, 0, 0, 6)


async def test_every_broadcast_that_sells_it_hears_and_a_late_joiner_sees_it(
    selling: Any,
) -> None:
    elsewhere = await selling.another_broadcast()
    offer = NewOffer.model_validate(
        {
            "name": {"zh": "金桔"},
            "unit": {"zh": "盒"},
            "net_weight_g": 500,
            "lot": selling.lot.id,
            "price": 990,
        }
    )
    await selling.shop.bag.add(HOST, elsewhere, offer)
    over = await selling.another_broadcast()
    await selling.shop.bag.add(HOST, over, offer)
    await selling.broadcasts.end(over)
    unconcerned = await selling.another_broadcast()
    await stop(selling)
    await stop(selling)

    async def log(broadcast: str) -> list[Any]:
        return await selling.store.read(lambda c: selling.log.events(c, broadcast))  # type: ignore[no-any-return]

    for broadcast in (selling.broadcast, elsewhere, over):
        events = await log(broadcast)
        first, second = [each for each in events if each.kind == "lot.stopped"]
        assert first.audience == ("public",)
        assert [why["kind"] for why in first.data["reasons"]] == ["test_failed"]
        assert (len(second.data["reasons"]), second.data["again"]) == (2, True)
        assert "again" not in first.data
        await told_by_card(selling, broadcast, events)
    assert [each.kind for each in await log(unconcerned)] == ["broadcast.started"]
    await lift(selling)
    for broadcast in (selling.broadcast, elsewhere, over):
        events = await log(broadcast)
        assert events[-1].kind == "lot.resumed"
        assert events[-1].data == {
            "lot": selling.lot.id,
            "sentence": SENTENCE,
            "tested": False,
        }
        await told_by_card(selling, broadcast, events)


async def told_by_card(stall: Any, broadcast: str, events: list[Any]) -> None:
    """What the snapshot says of the lot is what its card says."""
    scene = Scene()
    for event in events:
        fold(scene, event)
    (card,) = await stall.shop.bag.cards(broadcast)
    asked = card.model_dump(mode="json")["lot"]
    shown = scene.offers[card.offer]["lot"]
    assert shown["stopped"] == [
        {name: value for name, value in why.items() if value is not None}
        for why in asked["stopped"]
    ]
    assert (shown["lifted"] is None) == (asked["lifted"] is None)
    if asked["lifted"]:
        assert shown["lifted"]["sentence"] == asked["lifted"]["sentence"] == SENTENCE
    assert shown["tested"] == asked["tested"]


@pytest.mark.parametrize(
    ("states", "then"),
    [
        ([], "packed"),
        (["packed"], "shipped"),
        (["packed", "shipped"], "received"),
    ],
)
async def test_an_order_of_it_goes_no_further_and_is_called_off_and_refunded(
    selling: Any, states: list[str], then: str
) -> None:
    placed, other = await selling.place(1), await selling.place(1)
    for state in states:
        await move(selling, placed, other, state=state)
    before = states[-1] if states else "placed"
    await stop(selling)
    with pytest.raises(LotStopped):
        await enter(selling, placed, then)
    done = await move(selling, placed, other, state=then)
    assert refusals(done) == [(placed["order"], "lot-stopped"), (other["order"], "lot-stopped")]
    assert (await selling.shop.order(placed["token"])).state == before
    await selling.shop.orders.refund(
        HOST, selling.broadcast, other["order"], Refund(amount=PRICE, reason="检测不合格")
    )
    await move(selling, placed, state="cancelled", reason="检测不合格")
    assert (await selling.shop.order(placed["token"])).state == "cancelled"
    await lift(selling)
    await enter(selling, other, then)


async def test_no_money_is_taken_at_the_counter_for_what_is_not_handed_over(selling: Any) -> None:
    placed = await waiting(selling)
    await stop(selling)
    with pytest.raises(LotStopped):
        await selling.shop.orders.pay(CLERK, selling.broadcast, placed["order"])
    done = await move(selling, placed, payment="paid")
    assert refusals(done) == [(placed["order"], "lot-stopped")]


async def test_money_for_what_left_before_may_come_and_be_refunded(selling: Any) -> None:
    placed = await selling.place(1)
    for state in ("packed", "shipped", "received"):
        await enter(selling, placed, state)
    await stop(selling)
    await selling.shop.orders.pay(HOST, selling.broadcast, placed["order"])
    refund = Refund(amount=PRICE, reason="检测不合格")
    done = await selling.shop.orders.refund(HOST, selling.broadcast, placed["order"], refund)
    assert done.payment == "refunded"


@pytest.mark.parametrize("codeless", [False, True])
@pytest.mark.parametrize("state", ["placed", "packed", "at_centre"])
async def test_it_is_not_handed_over_at_the_desk(selling: Any, state: str, codeless: bool) -> None:
    placed = await waiting(selling, state=state)
    await stop(selling)
    said = HandOver(known_by="slip") if codeless else HandOver(code="042117")
    with pytest.raises(LotStopped):
        await selling.shop.handovers.give(CLERK, placed["order"], said)
    order_ = await selling.shop.order(placed["token"])
    assert (order_.state, order_.payment) == (state, "due")
    (line_,) = order_.stopped
    assert [why.kind for why in line_.lot_stopped] == ["test_failed"]
    await lift(selling)
    done = await selling.shop.handovers.give(CLERK, placed["order"], said)
    assert done.order.state == "received"
    assert done.order.stopped == []


@pytest.mark.parametrize("states", [[], ["packed"], ["packed", "shipped"]])
async def test_what_was_called_off_is_not_taken_up_again(selling: Any, states: list[str]) -> None:
    placed = await selling.place(1)
    for state in states:
        await enter(selling, placed, state)
    before = states[-1] if states else "placed"
    done = await move(selling, placed, state="cancelled", reason="说错了")
    await stop(selling)
    undone = await undo(selling, done)
    assert refusals(undone) == [(placed["order"], "lot-stopped")]
    with pytest.raises(LotStopped):
        await selling.shop.moves.put_right(
            HOST, selling.broadcast, placed["order"], PutRight(state=before, reason="说错了")
        )
    assert (await selling.shop.order(placed["token"])).state == "cancelled"
    await lift(selling)
    await undo(selling, done)
    assert (await selling.shop.order(placed["token"])).state == before


async def test_what_is_said_to_have_left_may_be_put_right(selling: Any) -> None:
    placed = await selling.place(1)
    packed = await move(selling, placed, state="packed")
    shipped = await move(selling, placed, state="shipped")
    await stop(selling)
    await undo(selling, shipped)
    await undo(selling, packed)
    assert (await selling.shop.order(placed["token"])).state == "placed"


async def test_boxes_that_were_refunded_are_not_had_again_but_their_money_is(
    selling: Any,
) -> None:
    placed = await selling.place(3)
    back = {"offer": selling.card.offer, "quantity": 1}
    refund = Refund.model_validate({"amount": PRICE, "reason": "说错了", "lines": [back]})
    done = await selling.shop.orders.refund(HOST, selling.broadcast, placed["order"], refund)
    await stop(selling)
    assert refusals(await undo(selling, done)) == [(placed["order"], "lot-stopped")]
    wrong = PutRight(move=done.move, reason="说错了")
    put = await selling.shop.moves.put_right(HOST, selling.broadcast, placed["order"], wrong)
    assert (put.refunded.amount, put.lines[0].returned) == (0, 1)


async def test_an_order_without_boxes_of_it_any_more_goes_on(selling: Any) -> None:
    other = await selling.origin.add_lot(HOST, lot_like(selling, "1124"))
    sound = await selling.offer(lot=other.id)
    both = [line(selling), {**line(selling), "offer": sound.offer}]
    placed = await selling.place(lines=both)
    await stop(selling)
    with pytest.raises(LotStopped):
        await enter(selling, placed, "packed")
    back = {"offer": selling.card.offer, "quantity": 1}
    refund = Refund.model_validate({"amount": PRICE, "reason": "检测不合格", "lines": [back]})
    await selling.shop.orders.refund(HOST, selling.broadcast, placed["order"], refund)
    await enter(selling, placed, "packed")


async def test_in_a_rush_no_order_follows_the_stop(selling: Any) -> None:
    placing = [selling.place(1) for _ in range(4)]
    later = [selling.place(1) for _ in range(4)]
    found = await asyncio.gather(*placing, stop(selling), *later, return_exceptions=True)
    refused = [each for each in found if isinstance(each, Problem)]
    assert {each.slug for each in refused} <= {"lot-stopped"}
    (stopped,) = await selling.events("lot.stopped")
    placed = await selling.events("order.placed")
    assert len(placed) == 8 - len(refused)
    assert all(each.seq < stopped.seq for each in placed)
    assert await stock(selling) == (10, len(placed), 0, 10 - len(placed))


async def test_what_a_transaction_knows_of_an_offer_ends_with_the_stop_in_it(selling: Any) -> None:
    offer = selling.card.offer

    def write(connection: Connection) -> list[Any]:
        known = [stocks.on_offer(connection, selling.broadcast, [offer])[offer]]
        connection.execute(update(lots).values(stopped_at=1))
        known.append(stocks.on_offer(connection, selling.broadcast, [offer])[offer])
        return [each.lot_stopped for each in known]

    assert [bool(each) for each in await selling.store.write(write)] == [False, True]


async def test_its_buyers_hear_and_hear_again_when_it_is_lifted(selling: Any) -> None:
    first, second = await selling.place(1), await selling.place(1)
    gone = await selling.place(1)
    await move(selling, gone, state="cancelled")
    await enter(selling, second, "packed")
    await stop(selling)
    await stop(selling)
    events = await selling.events("order.stopped")
    assert [each.data["order"] for each in events] == [first["order"], second["order"]]
    assert events[1].data == {
        "order": second["order"],
        "number": "A0002",
        "state": "packed",
        "payment": "due",
        "lot": selling.lot.id,
        "stopped": True,
    }
    assert set(events[1].audience) == {
        "staff",
        f"farm:{selling.farm.id}",
        f"order:{second['order']}",
    }
    await lift(selling)
    events = await selling.events("order.resumed")
    assert [each.data["order"] for each in events] == [first["order"], second["order"]]


async def test_an_order_with_two_stopped_lots_is_free_when_both_are_lifted(selling: Any) -> None:
    other = await selling.origin.add_lot(HOST, lot_like(selling, "1124"))
    sound = await selling.offer(lot=other.id)
    await selling.place(lines=[line(selling), {**line(selling), "offer": sound.offer}])
    await stop(selling)
    await stop(selling, other)
    assert len(await selling.events("order.stopped")) == 2
    await lift(selling)
    assert await selling.events("order.resumed") == []
    await lift(selling, other)
    assert len(await selling.events("order.resumed")) == 1


async def test_staff_see_who_has_it_what_left_first_and_what_can_be_done(selling: Any) -> None:
    made = {}
    for state in ("placed", "packed", "shipped", "received", "cancelled"):
        made[state] = await selling.place(1)
        for step in ("packed", "shipped", "received"):
            if state in ("placed", "cancelled"):
                break
            await enter(selling, made[state], step)
            if step == state:
                break
    await selling.shop.orders.pay(HOST, selling.broadcast, made["received"]["order"])
    await selling.shop.orders.pay(HOST, selling.broadcast, made["cancelled"]["order"])
    await move(selling, made["cancelled"], state="cancelled")
    await selling.place(1)
    await move(selling, await selling.place(1), state="cancelled")
    held = await hold(selling, line(selling, 2), by=caller("another"))
    await stop(selling)
    read = selling.shop.lot_orders.of_lot
    found = await read(HOST, selling.lot.id)
    assert [(each.state, each.deeds) for each in found.orders] == [
        ("shipped", ["cancel", "refund"]),
        ("received", ["refund"]),
        ("packed", ["cancel", "refund"]),
        ("placed", ["cancel", "refund"]),
        ("placed", ["cancel", "refund"]),
        ("cancelled", ["refund"]),
    ]
    assert found.orders[0].buyer.phone == "13800000000"
    assert [each.boxes for each in found.orders] == [1] * 6
    assert [(each.order, each.boxes) for each in found.holds] == [(held["order"], 2)]
    assert [why.kind for why in found.reasons] == ["test_failed"]
    paged, after = [], ""
    for _ in range(3):
        page = await read(HOST, selling.lot.id, after, 2)
        paged += [each.id for each in page.orders]
        after = page.next or ""
    assert paged == [each.id for each in found.orders]
    assert after == ""
    for who in (CLERK, caller()):
        with pytest.raises(Forbidden):
            await read(who, selling.lot.id)


async def test_a_lift_taken_back_stops_everything_again_at_once(selling: Any) -> None:
    placed = await selling.place(1)
    await stop(selling)
    await lift(selling)
    running = await plan(selling)
    await hold(selling, line(selling, 2))
    await join(selling, 9)
    await unlift(selling)
    for deed in (selling.place(1), release(selling, 1), plan(selling), hold(selling)):
        with pytest.raises(LotStopped):
            await deed
    with pytest.raises(LotStopped):
        await enter(selling, placed, "packed")
    assert await batch(selling, running) == ("ended", 0, 0, "stopped")
    first, again = await selling.events("lot.stopped")
    assert again.data == first.data
    told = [each.data["order"] for each in await selling.events("order.stopped")]
    assert told == [placed["order"]] * 2
    await told_by_card(selling, selling.broadcast, await selling.events())
    await lift(selling)
    await enter(selling, placed, "packed")


async def test_an_order_tells_that_its_lot_was_lifted_until_that_is_taken_back(
    selling: Any,
) -> None:
    other = await selling.origin.add_lot(HOST, lot_like(selling, "1124"))
    sound = await selling.offer(lot=other.id)
    placed = await selling.place(lines=[line(selling), {**line(selling), "offer": sound.offer}])

    async def said() -> list[str | None]:
        order = await selling.shop.order(placed["token"])
        listed, _ = await selling.shop.orders.of_broadcast(HOST, selling.broadcast)
        assert [each.lot_lifted for each in listed[0].lines] == [
            each.lot_lifted for each in order.lines
        ]
        return [each.lot_lifted and each.lot_lifted.sentence for each in order.lines]

    assert await said() == [None, None]
    await stop(selling)
    assert await said() == [None, None]
    await lift(selling)
    assert await said() == [SENTENCE, None]
    await stop(selling)
    assert await said() == [None, None]
    await lift(selling)
    await unlift(selling)
    assert await said() == [None, None]
    assert len((await selling.shop.order(placed["token"])).stopped) == 1
