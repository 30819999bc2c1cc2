"""Of an order that nobody paid yet something is taken off: so much less is asked for, and paid."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from tests.shop.conftest import HOST, PRICE
from tests.shop.support.bulk_actions import move, undo
from tests.shop.support.claims import answer, arrived, claim
from tests.shop.support.holds import stock
from tests.shop.support.orders import CLERK, enter, less, pay, pickup, refund, seen
from tests.support.money import cny

from farmlive.ids import ulid
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden, Invalid
from farmlive.review.order_file import order_sheet
from farmlive.review.review import Review
from farmlive.settings import Settings
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.problems import NotInState, RefundTooHigh, SoldOut
from farmlive.shop.orders.bulk_actions import UndoOver, UnknownMove
from farmlive.shop.orders.change_models import CodeSaid
from farmlive.shop.orders.order_documents import OrderSelection


async def fits(stall: Any, **what: Any) -> list[str]:
    found = await stall.shop.order_documents.read_selected(
        HOST, stall.broadcast, OrderSelection(**what), limit=50
    )
    return [order.id for order in found]


async def test_a_box_fewer_goes_back_on_sale_and_less_is_asked_for(stall: Any) -> None:
    placed = await stall.place(3)
    order = await less(stall, placed, 1)
    assert (order.state, order.payment, order.to_collect.amount) == ("placed", "due", 2 * PRICE)
    assert [(line.quantity, line.returned) for line in order.lines] == [(3, 1)]
    assert await stock(stall) == (10, 2, 0, 8)
    (event,) = await stall.events("order.refunded")
    assert event.data["payment"] == "due"
    assert event.data["amount"] == {"amount": PRICE, "currency": "CNY"}
    back = {"offer": stall.card.id, "farm": stall.farm.id, "quantity": 1}
    assert event.data["back"] == [back]
    assert [(step.payment, step.reason) for step in order.history] == [
        ("due", None),
        ("due", "少要"),
    ]
    with pytest.raises(Invalid, match="no box would be left"):
        await less(stall, placed, 2)
    await enter(stall, placed, "packed")
    with pytest.raises(NotInState):
        await less(stall, placed, 1)
    assert await stock(stall) == (10, 2, 0, 8)


async def test_what_a_wrong_price_gave_back_names_its_line(stall: Any) -> None:
    placed = await stall.place(2)
    off = Refund(amount=cny(300), reason="标错价", offer=stall.card.id)
    done = await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], off)
    await undo(stall, done)
    line = {"offer": stall.card.id, "farm": stall.farm.id}
    given, undone = await stall.events("order.refunded")
    assert (given.data["line"], undone.data["line"], undone.data["undone"]) == (line, line, True)
    assert await stock(stall) == (10, 2, 0, 8)
    other = off.model_copy(update={"offer": ulid()})
    with pytest.raises(Invalid, match="has nothing of that"):
        await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], other)
    (order,) = await seen(stall, HOST)
    assert order.refunded.amount == 0


async def test_what_is_paid_then_is_the_lower_sum(stall: Any) -> None:
    placed = await stall.place(2)
    await refund(stall, placed, 1_000)
    order = await pay(stall, placed)
    assert (order.payment, order.refunded.amount, order.to_collect.amount) == ("paid", 1_000, 0)
    with pytest.raises(RefundTooHigh) as refusal:
        await refund(stall, placed, 2 * PRICE - 999)
    assert refusal.value.members["left"]["amount"] == 2 * PRICE - 1_000
    assert (await refund(stall, placed, 1)).payment == "part_refunded"
    assert (await refund(stall, placed, 2 * PRICE - 1_001)).payment == "refunded"


async def test_all_of_it_may_be_taken_off_and_nothing_more(stall: Any) -> None:
    placed, other = await stall.place(1), await stall.place(1)
    with pytest.raises(RefundTooHigh, match="still to be paid"):
        await refund(stall, placed, PRICE + 1)
    order = await refund(stall, placed, PRICE)
    assert (order.payment, order.to_collect.amount) == ("due", 0)
    with pytest.raises(RefundTooHigh):
        await refund(stall, placed, 1)
    assert await fits(stall, payment="due") == [other["id"]]
    assert await fits(stall, state="open") == [placed["id"], other["id"]]
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    assert await fits(stall, state="open") == [other["id"]]
    assert (await pay(stall, placed)).payment == "paid"


async def test_the_hand_over_takes_the_lower_sum_and_papers_say_it(stall: Any) -> None:
    placed = await pickup(stall, 2)
    await less(stall, placed, 1)
    (order,) = await seen(stall, HOST)
    of_sale = {"broadcast": "A sale", "broadcast_id": stall.broadcast, "currency": "CNY"}
    (table,) = order_sheet([order], seller=False, language="en", **of_sale).tables
    row = dict(zip([column.title for column in table.columns], table.rows[0], strict=True))
    assert (row["Boxes"], row["Total"]) == (1, 2 * PRICE)
    assert (row["Taken off, given back"], row["To collect"]) == (PRICE, PRICE)
    for state in ("packed", "at_centre"):
        await enter(stall, placed, state)
    done = await stall.shop.pickup.hand_over(CLERK, placed["id"], CodeSaid(code=placed["code"]))
    assert (done.order.payment, done.order.payable.amount) == ("paid", PRICE)
    (back,) = (await undo(stall, done)).moved
    assert (back.payment, back.to_collect.amount) == ("due", PRICE)


async def test_the_audit_list_tells_it_from_money_given_back(stall: Any) -> None:
    placed = await stall.place(2)
    await refund(stall, placed, 100)
    await pay(stall, placed)
    await refund(stall, placed, 200)
    found = [
        deed.detail
        for deed in await stall.store.read(list_entries)
        if deed.action == "order.refunded"
    ]
    facts = [{key: each[key] for key in each if key != "broadcast"} for each in found]
    assert sorted(facts, key=lambda each: each["amount"]) == [
        {"amount": 100, "due": True, "number": "A0001"},
        {"amount": 200, "number": "A0001"},
    ]


async def test_staff_alone_take_something_off(stall: Any) -> None:
    placed = await pickup(stall)
    off = Refund(amount=cny(1), reason="少要")
    with pytest.raises(Forbidden):
        await stall.shop.orders.refund(CLERK, stall.broadcast, placed["id"], off)


async def test_a_claim_on_what_nobody_paid_is_answered_with_less_to_pay(stall: Any) -> None:
    placed = await arrived(stall, paid=False)
    (said,) = (await claim(stall, placed)).claims
    order = await answer(stall, said, amount=500, answer="好")
    assert (order.payment, order.to_collect.amount) == ("due", 2 * PRICE - 500)
    assert (order.claims[0].state, order.claims[0].amount.amount) == ("refunded", 500)


async def test_what_was_done_before_is_not_undone_over_it(stall: Any) -> None:
    placed = await stall.place(2)
    packed = await move(stall, placed, state="packed")
    await refund(stall, placed, 100)
    (refused,) = (await undo(stall, packed)).refused
    assert refused.problem["type"].endswith("undo-over")
    paid = await move(stall, placed, payment="paid")
    (order,) = (await undo(stall, paid)).moved
    assert (order.payment, order.to_collect.amount) == ("due", 2 * PRICE - 100)


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_taken_given_back_and_still_to_take_adds_up(
    stall: Any, settings: Settings, seed: int
) -> None:
    """Whoever counts the money in the box finds what the books say."""
    chance = Random(seed)
    review = Review(stall.store, stall.log, settings)
    placed: dict[str, Any] = {}
    box: Counter[str] = Counter()  # The cash that is there of each order.
    moves: list[tuple[Any, str]] = []

    async def of(order: str) -> Any:
        return await stall.shop.order(placed[order]["token"])

    for _ in range(50):
        deed = chance.choice(("place", "pay", "off", "box", "off", "box", "move", "undo"))
        order = chance.choice(sorted(placed)) if placed else None
        try:
            if deed == "place" or order is None:
                quantity = chance.randint(1, 3)
                one = await (
                    pickup(stall, quantity) if chance.random() < 0.5 else stall.place(quantity)
                )
                placed[one["id"]] = one
            elif deed == "pay":
                asked = (await of(order)).to_collect.amount
                made = await move(stall, placed[order], payment="paid")
                if not made.refused and made.until is not None:
                    box[order] += asked
                    moves.append((made, order))
            elif deed in ("off", "box"):
                was = await of(order)
                amount = chance.choice((1, 333, PRICE, 2 * PRICE))
                if deed == "off":
                    done = await refund(stall, placed[order], amount)
                else:
                    done = await less(stall, placed[order], 1, amount)
                moves.append((done, order))
                box[order] -= 0 if was.payment == "due" else amount
            elif deed == "move":
                to = chance.choice(("packed", "shipped", "at_centre", "received", "cancelled"))
                made = await move(stall, placed[order], state=to, reason="x")
                moves.append((made, order))
            elif moves:
                made, order = moves.pop(chance.randrange(len(moves)))
                was = await of(order)
                back = await undo(stall, made)
                now = await of(order)
                if not back.refused and now.payment == "due" != was.payment:
                    box[order] = 0
                elif was.payment != "due":
                    box[order] += was.refunded.amount - now.refunded.amount
        except (Invalid, NotInState, SoldOut, RefundTooHigh, UndoOver, UnknownMove):
            pass
        await _adds_up(stall, review, [await of(each) for each in placed], box)


async def _adds_up(stall: Any, review: Review, orders: list[Any], box: Counter[str]) -> None:
    for order in orders:
        assert 0 <= order.refunded.amount <= order.total.amount
        if order.state != "cancelled":
            left = order.total.amount - order.refunded.amount
            assert box[order.id] + order.to_collect.amount == left
    stand = [order for order in orders if order.state != "cancelled"]
    there = sum(box[order.id] for order in stand)
    asked = sum(order.to_collect.amount for order in stand)
    owed = sum(order.to_give_back.amount for order in orders)
    assert owed == sum(box[order.id] for order in orders if order.state == "cancelled")
    report = await review.report(stall.broadcast)
    assert (report.paid.amount, report.due.amount) == (there, asked)
    assert report.net.amount == there + asked
    assert (await review.totals())[stall.broadcast].net == report.net
    assert sum(farm.net.amount for farm in report.farms) == report.net.amount
    sheet = await review.sheet(HOST, stall.broadcast, "cash", "en")
    for table in sheet.tables:
        totals = table.totals()
        assert totals is not None
        assert (totals[5], totals[6], totals[7]) == (there + owed, asked, owed)
        assert totals[2] + totals[3] - totals[4] == there + asked
