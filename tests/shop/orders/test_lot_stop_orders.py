"""Orders of a stopped lot: none moves on until it is lifted, its buyer and staff read so, and what
is called off and refunded goes as ever.
"""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.bulk_actions import move, refusals, undo
from tests.shop.support.holds import hold, line
from tests.shop.support.orders import CLERK, enter, waiting
from tests.shop.support.stopped_lots import SENTENCE, lift, offer_another_lot, stop, unlift
from tests.support.money import cny

from farmlive.edge.paging import Page
from farmlive.origin.core.problems import LotStopped
from farmlive.problems import Forbidden
from farmlive.shop.core.order_models import Refund
from farmlive.shop.orders.change_models import HandOver, NewReversal


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
    assert refusals(done) == [(placed["id"], "lot-stopped"), (other["id"], "lot-stopped")]
    assert (await selling.shop.order(placed["token"])).state == before
    await selling.shop.orders.refund(
        HOST, selling.broadcast, other["id"], Refund(amount=cny(PRICE), reason="检测不合格")
    )
    await move(selling, placed, state="cancelled", reason="检测不合格")
    assert (await selling.shop.order(placed["token"])).state == "cancelled"
    await lift(selling)
    await enter(selling, other, then)


async def test_no_money_is_taken_at_the_counter_for_what_is_not_handed_over(selling: Any) -> None:
    placed = await waiting(selling)
    await stop(selling)
    with pytest.raises(LotStopped):
        await selling.shop.orders.pay(CLERK, selling.broadcast, placed["id"])
    done = await move(selling, placed, payment="paid")
    assert refusals(done) == [(placed["id"], "lot-stopped")]


async def test_money_for_what_left_before_may_come_and_be_refunded(selling: Any) -> None:
    placed = await selling.place(1)
    for state in ("packed", "shipped", "received"):
        await enter(selling, placed, state)
    await stop(selling)
    await selling.shop.orders.pay(HOST, selling.broadcast, placed["id"])
    refund = Refund(amount=cny(PRICE), reason="检测不合格")
    done = await selling.shop.orders.refund(HOST, selling.broadcast, placed["id"], refund)
    assert done.payment == "refunded"


@pytest.mark.parametrize("codeless", [False, True])
@pytest.mark.parametrize("state", ["placed", "packed", "at_centre"])
async def test_it_is_not_handed_over_at_the_desk(selling: Any, state: str, codeless: bool) -> None:
    placed = await waiting(selling, state=state)
    await stop(selling)
    said = HandOver(known_by="slip") if codeless else HandOver(code="042117")
    with pytest.raises(LotStopped):
        await selling.shop.handovers.give(CLERK, placed["id"], said)
    order_ = await selling.shop.order(placed["token"])
    assert (order_.state, order_.payment) == (state, "due")
    (line_,) = order_.stopped
    assert [why.kind for why in line_.lot_stopped] == ["test_failed"]
    await lift(selling)
    done = await selling.shop.handovers.give(CLERK, placed["id"], said)
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
    assert refusals(undone) == [(placed["id"], "lot-stopped")]
    with pytest.raises(LotStopped):
        await selling.shop.moves.put_right(
            HOST, selling.broadcast, placed["id"], NewReversal(state=before, reason="说错了")
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
    back = {"offer": selling.card.id, "quantity": 1}
    refund = Refund.model_validate({"amount": cny(PRICE), "reason": "说错了", "lines": [back]})
    done = await selling.shop.orders.refund(HOST, selling.broadcast, placed["id"], refund)
    await stop(selling)
    assert refusals(await undo(selling, done)) == [(placed["id"], "lot-stopped")]
    wrong = NewReversal(refund=done.refund, reason="说错了")
    put = await selling.shop.moves.put_right(HOST, selling.broadcast, placed["id"], wrong)
    assert (put.refunded.amount, put.lines[0].returned) == (0, 1)


async def test_an_order_without_boxes_of_it_any_more_goes_on(selling: Any) -> None:
    sound = await offer_another_lot(selling)
    both = [line(selling), {**line(selling), "offer": sound.id}]
    placed = await selling.place(lines=both)
    await stop(selling)
    with pytest.raises(LotStopped):
        await enter(selling, placed, "packed")
    back = {"offer": selling.card.id, "quantity": 1}
    refund = Refund.model_validate({"amount": cny(PRICE), "reason": "检测不合格", "lines": [back]})
    await selling.shop.orders.refund(HOST, selling.broadcast, placed["id"], refund)
    await enter(selling, placed, "packed")


async def test_its_buyers_hear_and_hear_again_when_it_is_lifted(selling: Any) -> None:
    first, second = await selling.place(1), await selling.place(1)
    gone = await selling.place(1)
    await move(selling, gone, state="cancelled")
    await enter(selling, second, "packed")
    await stop(selling)
    await stop(selling)
    events = await selling.events("order.stopped")
    assert [each.data["order"] for each in events] == [first["id"], second["id"]]
    assert events[1].data == {
        "order": second["id"],
        "number": "A0002",
        "state": "packed",
        "payment": "due",
        "lot": selling.lot.id,
        "stopped": True,
    }
    assert set(events[1].audience) == {
        "staff",
        f"farm:{selling.farm.id}",
        f"order:{second['id']}",
    }
    await lift(selling)
    events = await selling.events("order.resumed")
    assert [each.data["order"] for each in events] == [first["id"], second["id"]]


async def test_an_order_with_two_stopped_lots_is_free_when_both_are_lifted(selling: Any) -> None:
    sound = await offer_another_lot(selling)
    await selling.place(lines=[line(selling), {**line(selling), "offer": sound.id}])
    await stop(selling)
    await stop(selling, sound.lot)
    assert len(await selling.events("order.stopped")) == 2
    await lift(selling)
    assert await selling.events("order.resumed") == []
    await lift(selling, sound.lot)
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
    await selling.shop.orders.pay(HOST, selling.broadcast, made["received"]["id"])
    await selling.shop.orders.pay(HOST, selling.broadcast, made["cancelled"]["id"])
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
    assert [(each.id, each.boxes) for each in found.holds] == [(held["id"], 2)]
    assert [why.kind for why in found.reasons] == ["test_failed"]
    paged: list[str] = []
    after: str | None = None
    for _ in range(3):
        page = await read(HOST, selling.lot.id, Page(after, 2))
        paged += [each.id for each in page.orders]
        after = page.next
    assert paged == [each.id for each in found.orders]
    assert after is None
    for who in (CLERK, caller()):
        with pytest.raises(Forbidden):
            await read(who, selling.lot.id)


async def test_an_order_tells_that_its_lot_was_lifted_until_that_is_taken_back(
    selling: Any,
) -> None:
    sound = await offer_another_lot(selling)
    placed = await selling.place(lines=[line(selling), {**line(selling), "offer": sound.id}])

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
