"""Refunds that were a mistake: undone within ten minutes as a move is, and the books agree."""

from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE
from tests.shop.support.bulk_actions import move, refusals, undo
from tests.shop.support.claims import answer, arrived, claim
from tests.shop.support.holds import stock
from tests.shop.support.orders import CLERK, enter, less, pay, pickup, refund, seen
from tests.support.money import cny

from farmlive.ids import token
from farmlive.problems import Forbidden
from farmlive.review.review import Review
from farmlive.settings import Settings
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.problems import KeyReused
from farmlive.shop.orders.bulk_actions import UndoOver, UnknownMove


async def test_a_mistyped_sum_is_taken_back_and_asked_for_again(stall: Any) -> None:
    placed = await stall.place(1)
    done = await refund(stall, placed, PRICE)  # 29.90 in place of 2.99
    assert done.to_collect.amount == 0
    (order,) = (await undo(stall, done)).moved
    assert (order.payment, order.refunded.amount, order.to_collect.amount) == ("due", 0, PRICE)
    assert [
        (step.amount and step.amount.amount, step.undone, step.undoes) for step in order.history
    ][1:] == [(PRICE, True, False), (None, False, True)]
    event = (await stall.events("order.refunded"))[-1]
    assert event.data == {
        "order": placed["id"],
        "number": placed["number"],
        "state": "placed",
        "payment": "due",
        "by": "staff",
        "amount": {"amount": 0, "currency": "CNY"},
        "undone": True,
    }
    assert not order.was_reduced
    assert (await refund(stall, placed, 299)).to_collect.amount == PRICE - 299


async def test_what_was_not_given_back_is_paid_again(stall: Any) -> None:
    placed = await stall.place(2)
    await refund(stall, placed, 100)
    await pay(stall, placed)
    some = await refund(stall, placed, 200)
    rest = await refund(stall, placed, 2 * PRICE - 300)
    assert rest.payment == "refunded"
    (early,) = (await undo(stall, some)).refused  # what came after it is undone first
    assert early.problem["type"].endswith("undo-over")
    (order,) = (await undo(stall, rest)).moved
    assert (order.payment, order.refunded.amount) == ("part_refunded", 300)
    (order,) = (await undo(stall, some)).moved
    assert (order.payment, order.refunded.amount) == ("paid", 100)


async def test_its_boxes_are_sold_again_where_they_still_can_be(stall: Any) -> None:
    placed = await stall.place(3)
    done = await less(stall, placed, 2)
    assert await stock(stall) == (10, 1, 0, 9)
    (order,) = (await undo(stall, done)).moved
    assert [line.returned for line in order.lines] == [0]
    assert await stock(stall) == (10, 3, 0, 7)
    event = (await stall.events("order.refunded"))[-1].data
    back = {"offer": stall.card.id, "farm": stall.farm.id, "quantity": 2}
    assert (event["back"], event["undone"]) == ([back], True)
    again = await less(stall, placed, 2)
    await stall.place(9)
    back = await undo(stall, again)
    assert refusals(back) == [(placed["id"], "sold-out")]
    (now, _) = await seen(stall, HOST)
    assert (now.refunded.amount, now.lines[0].returned) == (2 * PRICE, 2)
    assert await stock(stall) == (10, 10, 0, 0)


async def test_it_is_undone_by_staff_alone_for_ten_minutes(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await pickup(stall)
    done = await refund(stall, placed, 100)
    back = await undo(stall, done, by=CLERK)
    assert refusals(back) == [(placed["id"], "forbidden")]
    assert done.until == done.history[-1].at + 600_000
    monkeypatch.setattr("farmlive.shop.orders.bulk_actions.now_ms", lambda: done.until + 1)
    with pytest.raises(UndoOver, match="Coordinators and hosts can still correct it"):
        await undo(stall, done)
    assert (await stall.shop.order(placed["token"])).refunded.amount == 100


async def test_who_asks_again_is_told_the_move_by_which_it_is_undone(stall: Any) -> None:
    placed, key = await stall.place(1), token()

    async def send(amount: int) -> Any:
        off = Refund(amount=cny(amount), reason="少要")
        return await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], off, key)

    first = await send(500)
    assert first.refund is not None
    assert await send(500) == first
    with pytest.raises(KeyReused, match="an earlier refund came with this key and was kept"):
        await send(600)
    await undo(stall, first)
    again = await send(500)
    assert (again.refund, again.until, again.refunded.amount) == (None, None, 0)
    hidden = (await stall.shop.order(placed["token"])).history
    assert {step.refund for step in hidden} == {None}


async def test_the_claim_that_it_answered_is_open_again(stall: Any) -> None:
    placed = await arrived(stall)
    (said,) = (await claim(stall, placed)).claims
    done = await answer(stall, said, amount=PRICE, answer="退您一箱的钱")
    (order,) = (await undo(stall, done)).moved
    assert (order.payment, order.refunded.amount) == ("paid", 0)
    (again,) = order.claims
    assert (again.state, again.amount, again.answer) == ("open", None, None)
    assert (await stall.events("order.refunded"))[-1].data["claim"] == said.id
    done = await answer(stall, said, amount=299, answer="退您 2.99")
    assert done.refunded.amount == 299
    (said,) = done.claims
    await claim(stall, placed, "还有一箱")
    assert refusals(await undo(stall, done)) == [(placed["id"], "not-in-state")]
    (order,) = await seen(stall, HOST)
    assert (order.refunded.amount, order.claims[0].state) == (299, "refunded")


async def test_the_review_agrees_after_a_refund_was_undone(stall: Any, settings: Settings) -> None:
    placed, other = await stall.place(3), await stall.place(1)
    review = Review(stall.store, stall.log, settings)

    async def numbers() -> Any:
        report = await review.report(stall.broadcast)
        sheets = [
            [table.rows for table in (await review.sheet(HOST, stall.broadcast, name, "en")).tables]
            for name in ("cash", "settlement", "orders", "pick-list", "packing")
        ]
        # The axis of time goes on meanwhile.
        return report.model_dump(exclude={"seq", "until", "timeline", "acu", "watch_s"}), sheets

    await pay(stall, other)
    before = await numbers()
    for done in (await less(stall, placed, 1), await refund(stall, other, 990)):
        assert await numbers() != before
        await undo(stall, done)
    assert await numbers() == before


async def test_what_happened_since_is_not_undone_over_it(stall: Any) -> None:
    placed = await stall.place(2)
    done = await less(stall, placed, 1)
    packed = await move(stall, placed, state="packed")
    assert refusals(await undo(stall, done)) == [(placed["id"], "undo-over")]
    await undo(stall, packed)
    (order,) = (await undo(stall, done)).moved
    assert (order.state, order.lines[0].returned) == ("placed", 0)


async def test_staff_alone_are_told_of_moves(stall: Any) -> None:
    placed = await pickup(stall)
    await refund(stall, placed, 100)
    (by_staff,) = await seen(stall, HOST)
    (by_clerk,) = await seen(stall, CLERK)
    assert by_staff.history[-1].refund is not None
    assert by_clerk.history[-1].refund is None
    off = Refund(amount=cny(1), reason="少要")
    with pytest.raises(Forbidden):
        await stall.shop.orders.refund(CLERK, stall.broadcast, placed["id"], off)
    assert (await enter(stall, placed, "packed")).state == "packed"


async def test_only_a_refund_of_the_order_alone_is_undone_as_one(stall: Any) -> None:
    both = [await stall.place(1), await stall.place(1)]
    packed = await move(stall, *both, state="packed")
    one = await move(stall, both[0], state="placed")
    for wrong in (packed, one):
        with pytest.raises(UnknownMove):
            await stall.shop.bulk_actions.undo(
                HOST, stall.broadcast, wrong.id, of_order=both[0]["id"]
            )
    done = await refund(stall, both[0], 100)
    with pytest.raises(UnknownMove):
        await stall.shop.bulk_actions.undo(
            HOST, stall.broadcast, done.refund, of_order=both[1]["id"]
        )
    undone = await stall.shop.bulk_actions.undo(
        HOST, stall.broadcast, done.refund, of_order=both[0]["id"]
    )
    assert [order.refunded.amount for order in undone.moved] == [0]
