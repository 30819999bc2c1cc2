"""What staff put right of an order long after: its last step or payment, with a reason."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import null, update
from tests.shop.conftest import HOST, PRICE, caller
from tests.shop.support.bulk_actions import move, refusals, undo
from tests.shop.support.holds import stock
from tests.shop.support.notice_providers import kinds
from tests.shop.support.orders import CLERK, enter, less, pay, pickup, refund

from farmlive.broadcast.log import Event
from farmlive.ids import ulid
from farmlive.origin.core.models import NewWaste
from farmlive.people import Caller
from farmlive.people.core.audit import list_entries
from farmlive.problems import Forbidden
from farmlive.review.review import Review
from farmlive.settings import Settings
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.notice_kinds import CORRECTED, REFUND_CORRECTED
from farmlive.shop.core.order_tables import order_changes
from farmlive.shop.core.problems import NotInState, SoldOut, UnknownOrder
from farmlive.shop.orders.bulk_actions import UndoOver, UnknownMove
from farmlive.shop.orders.change_models import CodeSaid, NewReversal


async def put_right(stall: Any, placed: Any, by: Caller = HOST, **wrong: Any) -> Any:
    said = NewReversal.model_validate({"reason": "拿错了", **wrong})
    return await stall.shop.bulk_actions.revert(by, stall.broadcast, placed["id"], said)


async def handed_over(stall: Any) -> Any:
    placed = await pickup(stall)
    for state in ("packed", "at_centre"):
        await enter(stall, placed, state)
    done = await stall.shop.pickup.hand_over(CLERK, placed["id"], CodeSaid(code=placed["code"]))
    return placed, done


async def last(stall: Any) -> Event:
    return (await stall.events())[-1]  # type: ignore[no-any-return]


async def test_a_wrong_order_that_was_handed_over_waits_again(stall: Any) -> None:
    placed, done = await handed_over(stall)
    order = await put_right(stall, placed, state="at_centre")
    assert (order.state, order.payment) == ("at_centre", "paid")
    event = await last(stall)
    assert (event.kind, event.data["state"], event.data["undone"]) == (
        "order.at_centre",
        "at_centre",
        True,
    )
    assert "拿错了" not in str(event.data)
    order = await put_right(stall, placed, payment="due", reason="没收钱")
    assert (order.state, order.payment, order.to_collect.amount) == ("at_centre", "due", PRICE)
    assert [(step.reason, step.undone, step.undoes) for step in order.history][-4:] == [
        (None, True, False),
        (None, True, False),
        ("拿错了", False, True),
        ("没收钱", False, True),
    ]
    # It can be handed over again, and what was put right is not undone once more.
    again = await stall.shop.pickup.hand_over(CLERK, placed["id"], CodeSaid(code=placed["code"]))
    assert again.order.state == "received"
    assert (await undo(stall, again)).moved[0].state == "at_centre"
    assert done.id is not None


async def test_the_same_again_changes_nothing(stall: Any) -> None:
    placed, _ = await handed_over(stall)
    first = await put_right(stall, placed, state="at_centre")
    count = len(await stall.events())
    assert await put_right(stall, placed, state="at_centre") == first
    assert len(await stall.events()) == count
    facts = [
        deed for deed in await stall.store.read(list_entries) if deed.action == "order.put_right"
    ]
    assert [deed.detail for deed in facts] == [{"state": "at_centre", "number": first.number}]


async def test_it_goes_back_step_by_step_and_no_step_is_left_out(stall: Any) -> None:
    placed = await stall.place(2)
    for state in ("packed", "shipped", "received"):
        await enter(stall, placed, state)
    for wrong in ("packed", "placed"):
        with pytest.raises(NotInState, match="not what was done last"):
            await put_right(stall, placed, state=wrong)
    # Nothing was paid: it is due already.
    assert (await put_right(stall, placed, payment="due")).payment == "due"
    for state in ("shipped", "packed", "placed"):
        assert (await put_right(stall, placed, state=state)).state == state
    with pytest.raises(NotInState):
        await put_right(stall, placed, state="held")
    assert await stock(stall) == (10, 2, 0, 8)
    assert (await stall.shop.orders.cancel(placed["token"])).state == "cancelled"
    assert await stock(stall) == (10, 0, 0, 10)


async def test_a_cancelled_order_goes_back_to_where_it_was(stall: Any) -> None:
    packed, left, simple = [await stall.place(2) for _ in range(3)]
    for placed, states in ((packed, ("packed",)), (left, ("packed", "shipped")), (simple, ())):
        for state in (*states, "cancelled"):
            await enter(stall, placed, state, reason="不要了")
    assert await stock(stall) == (10, 4, 0, 6)
    with pytest.raises(NotInState):  # it was never put back, and would be sold twice
        await put_right(stall, packed, state="placed")
    assert (await put_right(stall, packed, state="packed")).state == "packed"
    assert (await put_right(stall, left, state="shipped")).state == "shipped"
    assert await stock(stall) == (10, 4, 0, 6)
    assert (await put_right(stall, simple, state="placed")).state == "placed"
    assert await stock(stall) == (10, 6, 0, 4)


async def test_what_was_sold_meanwhile_is_not_had_again(stall: Any) -> None:
    placed = await stall.place(6)
    await stall.shop.orders.cancel(placed["token"])
    await stall.place(5)
    with pytest.raises(SoldOut):
        await put_right(stall, placed, state="placed")
    assert (await stall.shop.order(placed["token"])).state == "cancelled"
    assert await stock(stall) == (10, 5, 0, 5)


async def test_a_mistyped_refund_is_put_right_long_after(stall: Any) -> None:
    placed = await stall.place(3)
    boxes = await less(stall, placed, 1)
    off = await refund(stall, placed, 500)
    for state in ("packed", "shipped"):
        await enter(stall, placed, state)
    with pytest.raises(NotInState, match="not what was done last"):
        await put_right(stall, placed, refund=boxes.refund)
    order = await put_right(stall, placed, refund=off.refund)
    assert (order.state, order.payment, order.refunded.amount) == ("shipped", "due", PRICE)
    assert await put_right(stall, placed, refund=off.refund) == order
    for state in ("packed", "placed"):
        await put_right(stall, placed, state=state)
    order = await put_right(stall, placed, refund=boxes.refund)
    assert (order.refunded.amount, order.lines[0].returned) == (0, 0)
    assert await stock(stall) == (10, 3, 0, 7)
    with pytest.raises(UnknownMove):
        await put_right(stall, placed, refund=ulid())


async def test_where_its_boxes_are_sold_again_the_money_comes_back_alone(stall: Any) -> None:
    placed = await stall.place(2)
    await stall.place(8)
    wants = WaitJoin(offer=stall.card.id, quantity=1)
    await stall.shop.waitlist.join(caller("who waits"), stall.broadcast, wants)
    wrong = await less(stall, placed, 1, 5000)
    assert await stock(stall) == (10, 9, 1, 0)
    (refused,) = [each.problem for each in (await undo(stall, wrong)).refused]
    assert refused["alone"] is True
    assert refused["detail"] == (
        "Nothing was changed: its boxes are sold or held again. Put the refund right: its money "
        "alone comes back, and what came off stays off."
    )
    order = await put_right(stall, placed, refund=wrong.refund)
    assert (order.refunded.amount, order.to_collect.amount) == (0, 2 * PRICE)
    assert [line.returned for line in order.lines] == [1]
    assert [(step.undone, step.undoes, step.alone) for step in order.history][-2:] == [
        (True, False, False),
        (False, True, True),
    ]
    event = (await last(stall)).data
    assert (event["amount"]["amount"], event["undone"], "back" in event) == (0, True, False)
    assert await put_right(stall, placed, refund=wrong.refund) == order
    assert await stock(stall) == (10, 9, 1, 0)
    (deed,) = [it for it in await stall.store.read(list_entries) if it.action == "order.put_right"]
    assert deed.detail == {"amount": 5000, "alone": True, "number": order.number}
    assert (await refund(stall, placed, PRICE)).to_collect.amount == PRICE


@pytest.mark.parametrize("state", ["packed", "cancelled"])
async def test_what_is_not_placed_any_more_has_the_money_of_a_refund_alone_back(
    stall: Any, state: str, settings: Settings
) -> None:
    placed = await stall.place(2)
    await pay(stall, placed)
    wrong = await less(stall, placed, 1, 5000)
    await enter(stall, placed, state, reason="不要了")
    before = await stock(stall)
    order = await put_right(stall, placed, refund=wrong.refund)
    assert (order.state, order.payment, order.refunded.amount) == (state, "paid", 0)
    assert (order.lines[0].returned, order.history[-1].alone) == (1, True)
    order = await refund(stall, placed, PRICE)
    assert order.payment == "part_refunded"
    assert order.to_give_back.amount == (PRICE if state == "cancelled" else 0)
    assert await stock(stall) == before
    report = await Review(stall.store, stall.log, settings).report(stall.broadcast)
    assert report.refunded.amount.amount == (0 if state == "cancelled" else PRICE)


async def test_staff_are_told_in_their_words_that_a_lot_has_nothing_left(stall: Any) -> None:
    """Who puts right or undoes orders nothing."""
    placed, other = await stall.place(2), await stall.place(2)
    wrong = await less(stall, placed, 1)
    gone = await move(stall, other, state="cancelled")
    rest = NewWaste(weight_g=412_000 - 2500, reason="烂了")
    await stall.origin.waste(HOST, stall.lot.id, rest)
    for done, do in ((wrong, "Put the refund right: its money alone"), (gone, "Tell the buyer.")):
        (refused,) = [each.problem for each in (await undo(stall, done)).refused]
        assert refused["type"].endswith("lot-spent")
        said = f"Nothing was changed: the lot has no boxes left for it. {do}"
        assert refused["detail"].startswith(said)
        assert refused.get("alone", False) is (done is wrong)
    assert (await put_right(stall, placed, refund=wrong.refund)).history[-1].alone


async def test_a_refund_of_before_they_could_be_put_right_is_said_to_be_one(stall: Any) -> None:
    placed = await stall.place(1)
    await pay(stall, placed)
    await refund(stall, placed, 500)
    await stall.store.write(
        lambda connection: connection.execute(
            update(order_changes)
            .where(order_changes.c.refund.is_not(None))
            .values(refund=null(), move=None)
        )
    )
    with pytest.raises(NotInState, match=r"not known: .+ refund the rest"):
        await put_right(stall, placed, payment="due")
    assert (await stall.shop.order(placed["token"])).payment == "part_refunded"


async def test_a_move_that_was_put_right_is_undone_already(stall: Any) -> None:
    placed = await stall.place(1)
    packed = await move(stall, placed, state="packed")
    await put_right(stall, placed, state="placed")
    off = await refund(stall, placed, 100)
    await put_right(stall, placed, refund=off.refund)
    for done in (packed, off):
        with pytest.raises(UndoOver, match="undone already, by a correction") as over:
            await undo(stall, done)
        assert over.value.members == {"undone": True}
    # What buyers do is no move, and each of it is put right for itself.
    for _ in range(2):
        await stall.shop.orders.cancel(placed["token"])
        assert (await put_right(stall, placed, state="placed")).state == "placed"
    _, done = await handed_over(stall)
    assert [step.state for step in (await undo(stall, done)).moved] == ["at_centre"]


async def test_money_is_put_right_in_the_order_in_which_it_was_kept(stall: Any) -> None:
    placed = await stall.place(2)
    off = await refund(stall, placed, 500)
    await pay(stall, placed)
    back = await refund(stall, placed, 2 * PRICE - 500)
    assert back.payment == "refunded"
    for wrong in ({"payment": "due"}, {"refund": off.refund}):
        with pytest.raises(NotInState):
            await put_right(stall, placed, **wrong)
    assert (await put_right(stall, placed, refund=back.refund)).payment == "paid"
    assert (await put_right(stall, placed, payment="due")).payment == "due"
    order = await put_right(stall, placed, refund=off.refund)
    assert (order.payment, order.to_collect.amount) == ("due", 2 * PRICE)


async def test_a_step_after_it_is_undone_without_its_money(stall: Any) -> None:
    """Each is taken back for itself: what was put right meanwhile stays so."""
    placed = await stall.place(1)
    paid = await move(stall, placed, payment="paid")
    packed = await move(stall, placed, state="packed")
    assert (await put_right(stall, placed, payment="due")).payment == "due"
    (order,) = (await undo(stall, packed)).moved
    assert (order.state, order.payment) == ("placed", "due")
    assert paid.until is not None


async def test_one_of_many_is_put_right_and_the_rest_is_still_undone(stall: Any) -> None:
    first, second = await stall.place(1), await stall.place(1)
    done = await move(stall, first, second, state="packed")
    await put_right(stall, first, state="placed")
    back = await undo(stall, done)
    assert ([order.id for order in back.moved], refusals(back)) == ([second["id"]], [])
    assert [order.state for order in back.moved] == ["placed"]


async def test_a_buyer_is_told_where_the_last_message_was_wrong(stall: Any) -> None:
    placed, (given, _) = await stall.place(1), await handed_over(stall)
    await stall.shop.orders.cancel(placed["token"])
    await put_right(stall, placed, state="placed")
    off = await refund(stall, placed, 100)
    await put_right(stall, placed, refund=off.refund)
    await put_right(stall, given, state="at_centre")
    await put_right(stall, given, payment="due")
    assert await kinds(stall) == [
        "order.placed",
        "order.placed",
        "order.at_centre",
        "order.called_off",
        CORRECTED,
        "order.refunded",
        REFUND_CORRECTED,
    ]


async def test_staff_alone_put_right_and_say_why(stall: Any) -> None:
    placed, _ = await handed_over(stall)
    with pytest.raises(Forbidden):
        await put_right(stall, placed, CLERK, state="at_centre")
    with pytest.raises(UnknownOrder):
        await put_right(stall, {"id": ulid()}, state="at_centre")
    for wrong in (
        {"state": "at_centre"},
        {"reason": "x"},
        {"state": "at_centre", "payment": "due", "reason": "x"},
        {"payment": "paid", "reason": "x"},
        {"state": "at_centre", "reason": " "},
    ):
        with pytest.raises(ValidationError):
            NewReversal.model_validate(wrong)


async def test_the_books_agree_after_it(stall: Any, settings: Settings) -> None:
    review = Review(stall.store, stall.log, settings)

    async def numbers() -> Any:
        report = await review.report(stall.broadcast)
        cash, settlement = [
            [table.rows for table in (await review.sheet(HOST, stall.broadcast, name, "en")).tables]
            for name in ("cash", "settlement")
        ]
        money = (report.net, report.paid, report.due, report.refunded, report.cancelled)
        return money, cash, settlement

    placed, sent = await pickup(stall, 2), await stall.place(1)
    for state in ("packed", "shipped"):
        await enter(stall, sent, state)
    before = await numbers()
    await enter(stall, sent, "cancelled", reason="拒收")
    await pay(stall, placed)
    off = await less(stall, placed, 1)
    assert await numbers() != before
    await put_right(stall, sent, state="shipped")
    await put_right(stall, placed, refund=off.refund)
    await put_right(stall, placed, payment="due")
    assert await numbers() == before
