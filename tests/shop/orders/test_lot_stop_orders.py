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

from farmlive.edge.paging import PageQuery
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
    stall: Any, states: list[str], then: str
) -> None:
    placed, other = await stall.place(1), await stall.place(1)
    for state in states:
        await move(stall, placed, other, state=state)
    before = states[-1] if states else "placed"
    await stop(stall)
    with pytest.raises(LotStopped):
        await enter(stall, placed, then)
    done = await move(stall, placed, other, state=then)
    assert refusals(done) == [(placed["id"], "lot-stopped"), (other["id"], "lot-stopped")]
    assert (await stall.shop.order(placed["token"])).state == before
    await stall.shop.orders.refund(
        HOST, stall.broadcast, other["id"], Refund(amount=cny(PRICE), reason="检测不合格")
    )
    await move(stall, placed, state="cancelled", reason="检测不合格")
    assert (await stall.shop.order(placed["token"])).state == "cancelled"
    await lift(stall)
    await enter(stall, other, then)


async def test_no_money_is_taken_at_the_counter_for_what_is_not_handed_over(stall: Any) -> None:
    placed = await waiting(stall)
    await stop(stall)
    with pytest.raises(LotStopped):
        await stall.shop.orders.pay(CLERK, stall.broadcast, placed["id"])
    done = await move(stall, placed, payment="paid")
    assert refusals(done) == [(placed["id"], "lot-stopped")]


async def test_money_for_what_left_before_may_come_and_be_refunded(stall: Any) -> None:
    placed = await stall.place(1)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    await stop(stall)
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    refund = Refund(amount=cny(PRICE), reason="检测不合格")
    done = await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], refund)
    assert done.payment == "refunded"


@pytest.mark.parametrize("codeless", [False, True])
@pytest.mark.parametrize("state", ["placed", "packed", "at_centre"])
async def test_it_is_not_handed_over_at_the_desk(stall: Any, state: str, codeless: bool) -> None:
    placed = await waiting(stall, state=state)
    await stop(stall)
    said = HandOver(known_by="slip") if codeless else HandOver(code="042117")
    with pytest.raises(LotStopped):
        await stall.shop.pickup.hand_over(CLERK, placed["id"], said)
    order_ = await stall.shop.order(placed["token"])
    assert (order_.state, order_.payment) == (state, "due")
    (line_,) = order_.stopped
    assert [why.kind for why in line_.lot_stopped] == ["test_failed"]
    await lift(stall)
    done = await stall.shop.pickup.hand_over(CLERK, placed["id"], said)
    assert done.order.state == "received"
    assert done.order.stopped == []


@pytest.mark.parametrize("states", [[], ["packed"], ["packed", "shipped"]])
async def test_what_was_called_off_is_not_taken_up_again(stall: Any, states: list[str]) -> None:
    placed = await stall.place(1)
    for state in states:
        await enter(stall, placed, state)
    before = states[-1] if states else "placed"
    done = await move(stall, placed, state="cancelled", reason="说错了")
    await stop(stall)
    undone = await undo(stall, done)
    assert refusals(undone) == [(placed["id"], "lot-stopped")]
    with pytest.raises(LotStopped):
        await stall.shop.bulk_actions.revert(
            HOST, stall.broadcast, placed["id"], NewReversal(state=before, reason="说错了")
        )
    assert (await stall.shop.order(placed["token"])).state == "cancelled"
    await lift(stall)
    await undo(stall, done)
    assert (await stall.shop.order(placed["token"])).state == before


async def test_what_is_said_to_have_left_may_be_put_right(stall: Any) -> None:
    placed = await stall.place(1)
    packed = await move(stall, placed, state="packed")
    shipped = await move(stall, placed, state="shipped")
    await stop(stall)
    await undo(stall, shipped)
    await undo(stall, packed)
    assert (await stall.shop.order(placed["token"])).state == "placed"


async def test_boxes_that_were_refunded_are_not_had_again_but_their_money_is(
    stall: Any,
) -> None:
    placed = await stall.place(3)
    back = {"offer": stall.card.id, "quantity": 1}
    refund = Refund.model_validate({"amount": cny(PRICE), "reason": "说错了", "lines": [back]})
    done = await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], refund)
    await stop(stall)
    assert refusals(await undo(stall, done)) == [(placed["id"], "lot-stopped")]
    wrong = NewReversal(refund=done.refund, reason="说错了")
    put = await stall.shop.bulk_actions.revert(HOST, stall.broadcast, placed["id"], wrong)
    assert (put.refunded.amount, put.lines[0].returned) == (0, 1)


async def test_an_order_without_boxes_of_it_any_more_goes_on(stall: Any) -> None:
    sound = await offer_another_lot(stall)
    both = [line(stall), {**line(stall), "offer": sound.id}]
    placed = await stall.place(lines=both)
    await stop(stall)
    with pytest.raises(LotStopped):
        await enter(stall, placed, "packed")
    back = {"offer": stall.card.id, "quantity": 1}
    refund = Refund.model_validate({"amount": cny(PRICE), "reason": "检测不合格", "lines": [back]})
    await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], refund)
    await enter(stall, placed, "packed")


async def test_its_buyers_hear_and_hear_again_when_it_is_lifted(stall: Any) -> None:
    first, second = await stall.place(1), await stall.place(1)
    gone = await stall.place(1)
    await move(stall, gone, state="cancelled")
    await enter(stall, second, "packed")
    await stop(stall)
    await stop(stall)
    events = await stall.events("order.stopped")
    assert [each.data["order"] for each in events] == [first["id"], second["id"]]
    assert events[1].data == {
        "order": second["id"],
        "number": "A0002",
        "state": "packed",
        "payment": "due",
        "lot": stall.lot.id,
        "stopped": True,
    }
    assert set(events[1].audience) == {
        "staff",
        f"farm:{stall.farm.id}",
        f"order:{second['id']}",
    }
    await lift(stall)
    events = await stall.events("order.resumed")
    assert [each.data["order"] for each in events] == [first["id"], second["id"]]


async def test_an_order_with_two_stopped_lots_is_free_when_both_are_lifted(stall: Any) -> None:
    sound = await offer_another_lot(stall)
    await stall.place(lines=[line(stall), {**line(stall), "offer": sound.id}])
    await stop(stall)
    await stop(stall, sound.lot)
    assert len(await stall.events("order.stopped")) == 2
    await lift(stall)
    assert await stall.events("order.resumed") == []
    await lift(stall, sound.lot)
    assert len(await stall.events("order.resumed")) == 1


async def test_staff_see_who_has_it_what_left_first_and_what_can_be_done(stall: Any) -> None:
    made = {}
    for state in ("placed", "packed", "shipped", "received", "cancelled"):
        made[state] = await stall.place(1)
        for step in ("packed", "shipped", "received"):
            if state in ("placed", "cancelled"):
                break
            await enter(stall, made[state], step)
            if step == state:
                break
    await stall.shop.orders.pay(HOST, stall.broadcast, made["received"]["id"])
    await stall.shop.orders.pay(HOST, stall.broadcast, made["cancelled"]["id"])
    await move(stall, made["cancelled"], state="cancelled")
    await stall.place(1)
    await move(stall, await stall.place(1), state="cancelled")
    held = await hold(stall, line(stall, 2), by=caller("another"))
    await stop(stall)
    read = stall.shop.lot_orders.of_lot
    found = await read(HOST, stall.lot.id)
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
        page = await read(HOST, stall.lot.id, PageQuery(after, 2))
        paged += [each.id for each in page.orders]
        after = page.next
    assert paged == [each.id for each in found.orders]
    assert after is None
    for who in (CLERK, caller()):
        with pytest.raises(Forbidden):
            await read(who, stall.lot.id)


async def test_an_order_tells_that_its_lot_was_lifted_until_that_is_taken_back(
    stall: Any,
) -> None:
    sound = await offer_another_lot(stall)
    placed = await stall.place(lines=[line(stall), {**line(stall), "offer": sound.id}])

    async def said() -> list[str | None]:
        order = await stall.shop.order(placed["token"])
        listed, _ = await stall.shop.orders.list_orders(HOST, stall.broadcast)
        assert [each.lot_lifted for each in listed[0].lines] == [
            each.lot_lifted for each in order.lines
        ]
        return [each.lot_lifted and each.lot_lifted.sentence for each in order.lines]

    assert await said() == [None, None]
    await stop(stall)
    assert await said() == [None, None]
    await lift(stall)
    assert await said() == [SENTENCE, None]
    await stop(stall)
    assert await said() == [None, None]
    await lift(stall)
    await unlift(stall)
    assert await said() == [None, None]
    assert len((await stall.shop.order(placed["token"])).stopped) == 1
