"""Applies one transition to an order, within the caller's transaction: row, history, stock and
event.

core/state_machine.py lists the transitions; orders.py, bulk_actions.py, pickup.py and
claims/claims.py call this; order_stock.py moves the boxes. An order with a stopped lot is kept from
every transition but cancelling and refunding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from farmlive.broadcast import events
from farmlive.broadcast.events.trade import Payment, State
from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.origin.core.lot_facts import is_stopped
from farmlive.origin.core.problems import LotStopped
from farmlive.origin.stops import reasons
from farmlive.problems import Invalid
from farmlive.shop.core import payments, state_machine
from farmlive.shop.core.fields import KnownBy
from farmlive.shop.core.models import money, order_number
from farmlive.shop.core.order_tables import claims, order_changes, order_lines, orders
from farmlive.shop.core.problems import (
    HowKnown,
    LotSpent,
    NotInState,
    RefundTooHigh,
    SoldOut,
)
from farmlive.shop.orders import box_limits, order_stock
from farmlive.shop.stock import stock
from farmlive.store import savepoint

_LAST = select(func.coalesce(func.max(order_changes.c.change), 0)).where(
    order_changes.c.order == bindparam("of")
)
_FARMS = select(order_lines.c.farm).where(order_lines.c.order == bindparam("of")).distinct()
# The order's remaining boxes of stopped lots.
_STOPPED = (
    select(order_lines.c.lot, order_lines.c.offer)
    .where(
        order_lines.c.order == bindparam("of"),
        order_lines.c.quantity > order_lines.c.returned,
        is_stopped(order_lines.c.lot),
    )
    .order_by(order_lines.c.lot, order_lines.c.offer)
)
_SET = update(orders).where(orders.c.id == bindparam("of"))
_KEEP = insert(order_changes)
_OPEN = select(claims.c.id).where(claims.c.order == bindparam("of"), claims.c.state == "open")
_OPEN_AGAIN = (
    update(claims)
    .where(claims.c.id == bindparam("claim"))
    .values(state="open", amount=None, answer=None, answered_at=None)
)

# States with the carrier or the buyer.
LEFT = ("shipped", "received")

# Advice to staff where boxes can't be sold again: those of an order, and of a refund.
_TELL = "Tell the buyer."
_ALONE = "Put the refund right: its money alone comes back, and what came off stays off."


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of a transition, the reason, and the bulk action that it belongs to.

    `known_by`: how the buyer of a pick-up was identified, by its `code` or otherwise.
    """

    who: state_machine.OrderRole
    reason: str | None = None
    move: str | None = None
    known_by: KnownBy | Literal["code"] | None = None

    @property
    def by(self) -> Literal["buyer", "staff"]:
        """The name of the actor in history and log."""
        return "buyer" if self.who == "buyer" else "staff"


class _Refund(NamedTuple):
    """The members of `order.refunded` beyond those of every transition."""

    amount: events.Money
    back: Sequence[events.Returned] | None
    line: events.LineName | None
    claim: str | None


class Transitions:
    """Applies transitions, each within its caller's transaction.

    `allocate_returned` gives moved stock to the waiting list and returns the events.
    """

    def __init__(self, log: Log, *, allocate_returned: stock.AllocateReturned):
        self._log = log
        self._allocate_returned = allocate_returned

    def enter(
        self,
        connection: Connection,
        row: Row[Any],
        state: State,
        doer: Actor,
        *,
        passed: bool = False,
    ) -> None:
        """Move an order into a state.

        `passed`: another transition follows at once, so that no notice is sent for this one. Raises
        NotInState, Forbidden, Invalid, HowKnown, LotStopped.
        """
        step = state_machine.next_state(row.state, state, doer.who, row.way)
        if state != "cancelled":
            _check_stopped(connection, row)
        if step.why and doer.reason is None:
            raise Invalid(
                "Nothing was changed: it has left already. Write why it is called off; the buyer "
                "reads it."
            )
        if state == "received" and row.way == "pickup" and doer.known_by is None:
            raise HowKnown(
                "Nothing was handed over: ask for the six digits, or say in `known_by` how the "
                "buyer is known: known_to_me, slip, identity_card or other."
            )
        moved: Sequence[events.StockChanged] = ()
        if step.stock == state_machine.BACK:
            moved, _ = order_stock.put_all_back(connection, row)
        payment = row.payment
        if state == "cancelled":
            payment = payments.provider_of(row.payment_method).cancel(payment)
        if row.state == "placed":
            box_limits.forget(connection, [row.id])
        self._update_row(connection, row, state, payment, doer)
        self._append_event(connection, row, step.event, state, payment, doer, moved, passed=passed)

    def pay(self, connection: Connection, row: Row[Any], doer: Actor) -> None:
        """Record that an order was paid. Raises NotInState, Forbidden, LotStopped.

        A shipped order can be paid although its lot was stopped meanwhile: the money may still
        arrive, and be refunded.
        """
        after = payments.provider_of(row.payment_method).capture(row.payment)
        step = state_machine.next_payment(row.payment, after, doer.who, row.way, row.state)
        if row.state not in LEFT:
            _check_stopped(connection, row)
        self._update_row(connection, row, row.state, after, doer)
        self._append_event(connection, row, step.event, row.state, after, doer)

    def refund(
        self,
        connection: Connection,
        row: Row[Any],
        amount: int,
        doer: Actor,
        boxes: Mapping[str, int] | None = None,
        *,
        offer: str | None = None,
        claim: str | None = None,
    ) -> None:
        """Record a refund, and return these boxes, by offer, to stock; an unpaid order is reduced.

        The event has the sum of all refunds, the `offer` whose price was mistaken, and the claim
        that it answers. The history entry has the refund's details and an action id of its own, so
        that it can be undone. Raises NotInState, Forbidden, RefundTooHigh, Invalid.
        """
        if row.payment == "due":
            state_machine.check_owed(row.state)
        refunded = row.refunded + amount
        provider = payments.provider_of(row.payment_method)
        after = provider.refund(row.payment, left=row.total - refunded)
        step = state_machine.next_payment(row.payment, after, doer.who, row.way, row.state)
        if refunded > row.total:
            left = money(row.total - row.refunded, row.currency)
            raise RefundTooHigh(left, due=row.payment == "due")
        kept: dict[str, Any] = {"amount": amount}
        line: events.LineName | None = None
        back: Sequence[events.Returned] | None = None
        if claim is not None:
            kept["claim"] = claim
        if offer is not None:
            line = order_stock.event_line(connection, row, offer)
            kept["offer"] = offer
        moved: Sequence[events.StockChanged] = ()
        if boxes:
            order_stock.check_removable(connection, row, boxes)
            moved, _ = order_stock.put_back(connection, row, boxes)
            back = order_stock.event_lines(connection, row, boxes)
            kept["back"] = [{"offer": of, "quantity": count} for of, count in boxes.items()]
        connection.execute(_SET.values(refunded=refunded), {"of": row.id})
        self._update_row(connection, row, row.state, after, doer, refund=kept)
        total = money(refunded, row.currency)
        facts = _Refund(total, back, line, claim)
        self._append_event(connection, row, step.event, row.state, after, doer, moved, refund=facts)

    def undo(
        self,
        connection: Connection,
        row: Row[Any],
        change: Row[Any],
        before: tuple[State, Payment],
        doer: Actor,
        *,
        passed: bool = False,
        alone: bool = False,
    ) -> bool:
        """Undo the last change of an order's state or payment, back to `before`.

        The change and its undo both get the actor's action id. `passed`: another undo follows at
        once, so that no notice is sent in between. `alone`: if the boxes of a refund can't be sold
        again, undo its money only; returns whether that was so.

        Raises NotInState, Forbidden, and SoldOut, LotSpent or LotStopped where the boxes can't be
        sold again.
        """
        state = row.state if change.state == before[0] else before[0]
        payment = row.payment if change.payment == before[1] else before[1]
        moved: Sequence[events.StockChanged] = ()
        over: Sequence[events.FlashEnded] = ()
        refund: _Refund | None = None
        if change.state != before[0]:
            step = state_machine.state_back(row.state, state, doer.who, row.way)
            # any other undo moves the order back, which a stop allows
            if row.state == "cancelled":
                _check_stopped(connection, row)
            if step.stock == state_machine.SOLD:
                try:
                    moved, over = order_stock.sell_all_again(connection, row)
                except (SoldOut, LotSpent) as short:
                    raise _refuse_resale(short, _TELL) from short
        else:
            step = state_machine.payment_back(row.payment, payment, doer.who, row.way, row.state)
        undone: dict[str, Any] = {"undone": True, "move": doer.move}
        is_alone = False
        if step.event is events.OrderRefunded:
            moved, over, refund = self._undo_refund(connection, row, change.refund, alone=alone)
            is_alone = "back" in change.refund and refund.back is None
            if is_alone:
                undone["refund"] = {**change.refund, "alone": True}
        connection.execute(
            update(order_changes)
            .where(order_changes.c.order == row.id, order_changes.c.change == change.change)
            .values(undone)
        )
        self._update_row(connection, row, state, payment, doer)
        self._append_event(
            connection,
            row,
            step.event,
            state,
            payment,
            doer,
            moved,
            over,
            refund=refund,
            undone=True,
            passed=passed,
        )
        return is_alone

    # Parts of a transition.

    def _undo_refund(
        self,
        connection: Connection,
        row: Row[Any],
        refund: Mapping[str, Any] | None,
        *,
        alone: bool,
    ) -> tuple[Sequence[events.StockChanged], Sequence[events.FlashEnded], _Refund]:
        """Undo a refund: its money is due again, its boxes are sold again, its claim is open again.

        Returns the moved stock, the flash batches that this ended, and the event's members; without
        `back` if the boxes stay off, which `alone` allows. Raises NotInState, SoldOut, LotSpent,
        LotStopped.
        """
        if refund is None:
            raise NotInState(
                "Nothing was changed: what this refund was is not known any more, it was kept "
                "before that could be undone.",
                state=row.state,
                allowed=[],
            )
        refunded = row.refunded - refund["amount"]
        connection.execute(_SET.values(refunded=refunded), {"of": row.id})
        line: events.LineName | None = None
        back: Sequence[events.Returned] | None = None
        moved: Sequence[events.StockChanged] = ()
        over: Sequence[events.FlashEnded] = ()
        # An order that is packed or cancelled gets no more boxes.
        if "back" in refund and not (alone and row.state != "placed"):
            boxes = {each["offer"]: each["quantity"] for each in refund["back"]}
            try:
                with savepoint(connection):
                    state_machine.check_unpacked(row.state)
                    moved, over = order_stock.sell_again(connection, row, boxes)
                back = order_stock.event_lines(connection, row, boxes)
            except (SoldOut, LotSpent) as short:
                if not alone:
                    raise _refuse_resale(short, _ALONE, alone=True) from short
            except LotStopped:
                if not alone:
                    raise
        if "offer" in refund:
            line = order_stock.event_line(connection, row, refund["offer"])
        claim: str | None = refund.get("claim")
        if claim is not None:
            self._reopen_claim(connection, row, claim)
        return moved, over, _Refund(money(refunded, row.currency), back, line, claim)

    def _reopen_claim(self, connection: Connection, row: Row[Any], claim: str) -> None:
        if connection.execute(_OPEN, {"of": row.id}).first() is not None:
            raise NotInState(
                "Nothing was changed: the buyer has made another claim since. Answer that one.",
                state=row.state,
                allowed=[],
            )
        connection.execute(_OPEN_AGAIN, {"claim": claim})

    def _update_row(
        self,
        connection: Connection,
        row: Row[Any],
        state: str,
        payment: str,
        doer: Actor,
        *,
        refund: dict[str, Any] | None = None,
    ) -> None:
        now: dict[str, Any] = {"state": state, "payment": payment}
        # data that is written from now on must be removed in time, too
        if row.person_gone_at is not None:
            now["person_check_at"] = now_ms()
        connection.execute(_SET.values(now), {"of": row.id})
        last = connection.execute(_LAST, {"of": row.id}).scalar_one()
        change = {"order": row.id, "change": last + 1, "at": now_ms(), "by": doer.by}
        said = {"reason": doer.reason, "move": doer.move, "refund": refund}
        connection.execute(_KEEP, {**change, "state": state, "payment": payment, **said})

    def _append_event(
        self,
        connection: Connection,
        row: Row[Any],
        kind: type[events.OrderEvent],
        state: State,
        payment: Payment,
        doer: Actor,
        moved: Sequence[events.StockChanged] = (),
        over: Sequence[events.FlashEnded] = (),
        *,
        refund: _Refund | None = None,
        undone: bool = False,
        passed: bool = False,
    ) -> None:
        """Append the transition's event. A reason is free text and stays out of the log."""
        assert issubclass(kind, events.OrderStep)  # checkout/holds.py appends the events of holds
        said = kind(
            order=row.id,
            number=order_number(row.number),
            state=state,
            payment=payment,
            by=doer.by,
            undone=undone,
            passed=passed,
            farms=connection.execute(_FARMS, {"of": row.id}).scalars().all(),
            **(refund._asdict() if refund else {}),
        )
        after = self._allocate_returned(connection, row.broadcast, moved) if moved else ()
        self._log.append_all(connection, row.broadcast, [said, *after, *over])


def _check_stopped(connection: Connection, row: Row[Any]) -> None:
    """Raise LotStopped where the order has boxes of a stopped lot."""
    found = connection.execute(_STOPPED, {"of": row.id}).all()
    if found:
        lot = found[0].lot
        raise reasons.refusal(connection, lot, (line.offer for line in found if line.lot == lot))


def _refuse_resale(short: SoldOut | LotSpent, do: str, **members: Any) -> SoldOut | LotSpent:
    """Return the refusal for staff: the boxes can't be sold again, and what to do."""
    if isinstance(short, SoldOut):
        words = f"Nothing was changed: its boxes are sold or held again. {do}"
        return SoldOut(short.members["offers"], words, **members)
    words = f"Nothing was changed: the lot has no boxes left for it. {do}"
    return LotSpent(**short.members, detail=words, **members)
