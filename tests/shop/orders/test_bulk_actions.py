"""Moves: many orders at once, each for itself, undone within ten minutes."""

from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select
from tests.shop.conftest import HOST, PRICE
from tests.shop.support.bulk_actions import move, refusals, undo
from tests.shop.support.holds import stock
from tests.shop.support.orders import CLERK, enter, pickup
from tests.support.money import cny

from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.problems import Forbidden, Invalid
from farmlive.shop.core import state_machine
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.order_tables import order_changes, order_lines, orders
from farmlive.shop.core.problems import KeyReused, NotInState, RefundTooHigh, SoldOut
from farmlive.shop.orders.bulk_actions import UndoOver, UnknownMove
from farmlive.shop.orders.change_models import CodeSaid
from farmlive.shop.orders.pickup import UnknownCode


async def test_many_are_moved_at_once_and_what_may_not_is_told(stall: Any) -> None:
    first, second = await stall.place(1), await stall.place(1)
    collected = await pickup(stall)
    for one in (first, collected):
        await enter(stall, one, "packed")
    nobody = {"id": ulid()}
    done = await move(stall, first, second, collected, nobody, state="shipped")
    assert [order.id for order in done.moved] == [first["id"]]
    assert refusals(done) == [
        (second["id"], "not-in-state"),
        (collected["id"], "not-in-state"),
        (nobody["id"], "unknown-order"),
    ]
    (event,) = await stall.events("order.shipped")
    assert (event.data["order"], event.data["by"]) == (first["id"], "staff")
    assert "undone" not in event.data
    assert (await stall.shop.order(second["token"])).state == "placed"


async def test_what_was_there_already_stays_and_is_not_undone(stall: Any) -> None:
    first, second = await stall.place(1), await stall.place(1)
    await enter(stall, first, "packed")
    done = await move(stall, first, second, state="packed")
    assert [order.state for order in done.moved] == ["packed", "packed"]
    back = await undo(stall, done)
    assert [order.id for order in back.moved] == [second["id"]]
    assert (await stall.shop.order(first["token"])).state == "packed"


async def test_a_move_is_undone_and_everyone_hears_of_it(stall: Any) -> None:
    placed = [await stall.place(1) for _ in range(3)]
    done = await move(stall, *placed, state="packed")
    assert done.until - done.moved[0].history[-1].at == state_machine.UNDO_MS
    back = await undo(stall, done)
    assert [order.state for order in back.moved] == ["placed"] * 3
    events = (await stall.events("order.placed"))[-3:]
    for event, order in zip(events, placed, strict=True):
        assert event.data == {
            "order": order["id"],
            "number": order["number"],
            "state": "placed",
            "payment": "due",
            "by": "staff",
            "undone": True,
        }
    history = back.moved[0].history
    assert [(step.state, step.undone, step.undoes) for step in history] == [
        ("placed", False, False),
        ("packed", True, False),
        ("placed", False, True),
    ]
    count = len(await stall.events())
    again = await undo(stall, done)  # once more changes nothing
    assert [order.state for order in again.moved] == ["placed"] * 3
    assert len(await stall.events()) == count


async def test_money_is_taken_by_a_move_and_undone(stall: Any) -> None:
    placed = await stall.place(1)
    done = await move(stall, placed, payment="paid")
    assert done.moved[0].payment == "paid"
    (order,) = (await undo(stall, done)).moved
    assert order.payment == "due"
    first, last = await stall.events("order.paid")
    assert (first.data["payment"], last.data["payment"]) == ("paid", "due")
    assert (first.data.get("undone"), last.data.get("undone")) == (None, True)
    assert (await move(stall, placed, payment="paid")).moved[0].payment == "paid"


async def test_a_cancelled_order_takes_its_boxes_again_if_they_are_there(stall: Any) -> None:
    many, few = await stall.place(6), await stall.place(4)
    done = await move(stall, many, few, state="cancelled", reason="下雨")
    assert await stock(stall) == (10, 0, 0, 10)
    await stall.place(5)
    back = await undo(stall, done)
    assert [order.id for order in back.moved] == [few["id"]]
    assert refusals(back) == [(many["id"], "sold-out")]
    assert await stock(stall) == (10, 9, 0, 1)
    assert (await stall.shop.order(many["token"])).state == "cancelled"


async def test_an_undo_sent_again_tells_and_tries_again_what_was_refused(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await stall.place(5), await stall.place(5)
    key = token()
    done = await move(stall, first, second, state="cancelled", key=key)
    other = await stall.place(4)
    once, again = await undo(stall, done), await undo(stall, done)
    assert once == again
    assert [order.id for order in again.moved] == [first["id"]]
    assert refusals(again) == [(second["id"], "sold-out")]
    detail = again.refused[0].problem["detail"]
    assert detail == "Nothing was changed: its boxes are sold or held again. Tell the buyer."
    assert (await move(stall, first, second, state="cancelled", key=key)).until == done.until
    with monkeypatch.context() as late:
        late.setattr("farmlive.shop.orders.bulk_actions.now_ms", lambda: done.until + 1)
        over = await undo(stall, done)
        assert [order.id for order in over.moved] == [first["id"]]
        assert refusals(over) == [(second["id"], "undo-over")]
    await stall.shop.orders.cancel(other["token"])
    back = await undo(stall, done)
    assert [order.id for order in back.moved] == [first["id"], second["id"]]
    assert back.refused == []
    assert (await move(stall, first, second, state="cancelled", key=key)).until is None


async def test_what_was_packed_and_cancelled_is_undone_without_boxes(stall: Any) -> None:
    placed = await stall.place(3)
    await enter(stall, placed, "packed")
    done = await move(stall, placed, state="cancelled")
    assert await stock(stall) == (10, 3, 0, 7)
    assert (await undo(stall, done)).moved[0].state == "packed"
    assert await stock(stall) == (10, 3, 0, 7)


async def test_what_happened_since_is_not_undone(stall: Any) -> None:
    first, second = await stall.place(1), await stall.place(1)
    done = await move(stall, first, second, state="packed")
    await enter(stall, first, "shipped")
    back = await undo(stall, done)
    assert refusals(back) == [(first["id"], "undo-over")]
    assert [order.id for order in back.moved] == [second["id"]]


async def test_after_ten_minutes_nothing_is_undone(
    stall: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await stall.place(1)
    done = await move(stall, placed, state="packed")
    monkeypatch.setattr("farmlive.shop.orders.bulk_actions.now_ms", lambda: done.until + 1)
    with pytest.raises(UndoOver):
        await undo(stall, done)
    monkeypatch.setattr("farmlive.shop.orders.bulk_actions.now_ms", lambda: done.until - 1)
    assert (await undo(stall, done)).moved[0].state == "placed"


async def test_a_move_of_another_broadcast_is_not_found(stall: Any) -> None:
    done = await move(stall, await stall.place(1), state="packed")
    stall.broadcast = await stall.another_broadcast()
    with pytest.raises(UnknownMove):
        await undo(stall, done)


async def test_a_clerk_moves_and_undoes_pick_ups_alone(stall: Any) -> None:
    collected, parcel = await pickup(stall), await stall.place(1)
    await move(stall, collected, parcel, state="packed")
    done = await move(stall, collected, parcel, state="at_centre", by=CLERK)
    assert [order.id for order in done.moved] == [collected["id"]]
    assert refusals(done) == [(parcel["id"], "other-centre")]
    paid = await move(stall, collected, payment="paid", by=CLERK)
    received = await move(stall, collected, state="received", by=CLERK)
    for each in (received, paid, done):
        (order,) = (await undo(stall, each, by=CLERK)).moved
    assert (order.state, order.payment) == ("packed", "due")
    for role in (None, "seller", "moderator"):
        stranger = Caller(None, None, role, "d", "192.0.2.1")
        with pytest.raises(Forbidden):
            await move(stall, collected, state="at_centre", by=stranger)
        with pytest.raises(Forbidden):
            await undo(stall, done, by=stranger)


async def test_a_clerk_reads_no_buyer_of_a_parcel_by_a_move_that_changes_nothing(
    stall: Any,
) -> None:
    collected, parcel, key = await pickup(stall), await stall.place(1), token()
    packed = await move(stall, collected, parcel, state="packed", key=key)
    paid = await move(stall, collected, parcel, payment="paid")
    for to in ({"state": "packed"}, {"payment": "paid"}):
        done = await move(stall, collected, parcel, by=CLERK, **to)
        assert [order.id for order in done.moved] == [collected["id"]]
        assert refusals(done) == [(parcel["id"], "other-centre")]
    again = await move(stall, collected, parcel, state="packed", key=key, by=CLERK)
    assert [order.id for order in again.moved] == [collected["id"]]
    for each in (paid, packed):
        await undo(stall, each)
        (order,) = (await undo(stall, each, by=CLERK)).moved
        assert order.id == collected["id"]


async def test_a_move_with_a_key_is_made_once(stall: Any) -> None:
    first, second, key = await stall.place(1), await stall.place(1), token()
    await enter(stall, second, "cancelled")
    done = await move(stall, first, second, state="packed", key=key)
    again = await move(stall, first, second, state="packed", key=key)
    assert again == done
    with pytest.raises(KeyReused):
        await move(stall, first, state="packed", key=key)


async def test_what_left_is_called_off_with_a_reason_and_stays_out_of_the_stock(
    stall: Any,
) -> None:
    placed = await stall.place(2)
    for state in ("packed", "shipped"):
        await enter(stall, placed, state)
    with pytest.raises(Invalid):
        await enter(stall, placed, "cancelled")
    done = await move(stall, placed, state="cancelled")
    assert refusals(done) == [(placed["id"], "invalid")]
    done = await move(stall, placed, state="cancelled", reason="拒收")
    assert done.moved[0].state == "cancelled"
    assert await stock(stall) == (10, 2, 0, 8)
    assert (await undo(stall, done)).moved[0].state == "shipped"


async def test_what_nobody_collects_is_called_off_and_its_code_opens_nothing(stall: Any) -> None:
    placed = await pickup(stall)
    for state in ("packed", "at_centre"):
        await enter(stall, placed, state)
    boxes = await stock(stall)
    code = CodeSaid(code=(await stall.shop.order(placed["token"])).code or "")
    done = await move(stall, placed, state="cancelled")
    assert refusals(done) == [(placed["id"], "invalid")]
    done = await move(stall, placed, state="cancelled", reason="没人来取", by=CLERK)
    assert refusals(done) == [(placed["id"], "forbidden")]
    done = await move(stall, placed, state="cancelled", reason="没人来取")
    (order,) = done.moved
    assert (order.state, order.payment) == ("cancelled", "due")
    assert await stock(stall) == boxes  # they left the farm
    with pytest.raises(UnknownCode):
        await stall.shop.pickup.find(CLERK, code)
    (order,) = (await undo(stall, done)).moved
    assert order.state == "at_centre"
    assert await stock(stall) == boxes
    assert (await stall.shop.pickup.find(CLERK, code)).id == order.id


async def paid(stall: Any, quantity: int = 3) -> Any:
    placed = await stall.place(quantity)
    await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])
    return placed


async def give_back(stall: Any, placed: Any, quantity: int, offer: Any = None) -> Any:
    lines = [{"offer": offer or stall.card.id, "quantity": quantity}]
    back = Refund.model_validate({"amount": cny(PRICE), "reason": "少了", "lines": lines})
    return await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], back)


async def test_boxes_that_never_left_go_back_with_their_money(stall: Any) -> None:
    placed = await paid(stall)
    order = await give_back(stall, placed, 1)
    assert await stock(stall) == (10, 2, 0, 8)
    assert [(line.quantity, line.returned) for line in order.lines] == [(3, 1)]
    (event,) = await stall.events("order.refunded")
    back = {"offer": stall.card.id, "farm": stall.farm.id, "quantity": 1}
    assert event.data["back"] == [back]
    for quantity in (2, 3):  # nothing would be left, or less than nothing
        with pytest.raises(Invalid):
            await give_back(stall, placed, quantity)
    with pytest.raises(Invalid):
        await give_back(stall, placed, 1, ulid())
    assert await stock(stall) == (10, 2, 0, 8)
    await enter(stall, placed, "cancelled")
    assert await stock(stall) == (10, 0, 0, 10)


async def test_boxes_that_are_packed_do_not_go_back(stall: Any) -> None:
    placed = await paid(stall)
    await enter(stall, placed, "packed")
    with pytest.raises(NotInState):
        await give_back(stall, placed, 1)
    assert await stock(stall) == (10, 3, 0, 7)
    assert (await stall.shop.order(placed["token"])).refunded.amount == 0


@pytest.mark.parametrize("seed", range(4))
async def test_stock_agrees_with_the_orders_whatever_is_moved_and_undone(
    stall: Any, seed: int
) -> None:
    chance = Random(seed)
    made: list[Any] = []
    placed: dict[str, Any] = {}
    for _ in range(60):
        deed = chance.choice(("place", "place", "move", "move", "move", "undo", "undo", "refund"))
        some = chance.sample(sorted(placed), k=min(len(placed), chance.randint(1, 4)))
        try:
            if deed == "place":
                quantity = chance.randint(1, 3)
                collected = chance.random() < 0.3
                one = await (pickup(stall, quantity) if collected else stall.place(quantity))
                placed[one["id"]] = one
            elif deed == "move" and some:
                states = ("packed", "shipped", "at_centre", "received", "cancelled")
                to: dict[str, Any] = {"state": chance.choice(states), "reason": "x"}
                if chance.random() < 0.2:
                    to = {"payment": "paid"}
                made.append(await move(stall, *(placed[each] for each in some), **to))
            elif deed == "undo" and made:
                await undo(stall, made.pop(chance.randrange(len(made))))
            elif deed == "refund" and some:
                await give_back(stall, placed[some[0]], 1)
        except (Invalid, NotInState, SoldOut, RefundTooHigh, UnknownMove):
            pass
        await agrees(stall)


async def agrees(stall: Any) -> None:
    """What is sold is what stands in orders whose boxes did not go back."""

    def read(connection: Connection) -> int:
        sold = 0
        for order in connection.execute(select(orders)).all():
            lines = connection.execute(
                select(order_lines).where(order_lines.c.order == order.id)
            ).all()
            boxes = sum(line.quantity - line.returned for line in lines)
            changes = connection.execute(
                select(order_changes)
                .where(order_changes.c.order == order.id)
                .order_by(order_changes.c.change)
            ).all()
            states = ["placed", *(change.state for change in changes)]
            last = next((at for at in reversed(range(len(states))) if states[at] != states[-1]), 0)
            gone = order.state == "cancelled" and states[last] == "placed"
            sold += 0 if gone else boxes
        return sold

    sold = await stall.store.read(read)
    assert await stock(stall) == (10, sold, 0, 10 - sold)
