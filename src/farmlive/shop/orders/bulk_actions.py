"""Bulk actions: one transition for one or many orders, and its undo.

Each order is handled by itself: a refused one stays unchanged and is reported with its problem.
core/state_machine.py has the transitions and what can be undone; order_history.py what was.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select

from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import Conflict, Forbidden, NotFound, Problem
from farmlive.shop.core import idempotency, state_machine
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_lookup import with_id
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import NotInState, UnknownOrder
from farmlive.shop.orders import order_history, order_view
from farmlive.shop.orders.change_models import (
    BulkTransition,
    NewBulkTransition,
    NewReversal,
    Refused,
)
from farmlive.shop.orders.order_history import Changes
from farmlive.shop.orders.transitions import Actor, Transitions
from farmlive.store import Store, savepoint

_SOME = select(orders).where(
    orders.c.broadcast == bindparam("broadcast"), orders.c.id.in_(bindparam("ids", expanding=True))
)


class UnknownMove(NotFound):
    """No orders of this broadcast were changed by a bulk action with that id."""

    slug = "unknown-transition"
    title = "There is no such move"


class UndoOver(Conflict):
    """The action is too old, or the order has changed since; `undone`: it was undone as a
    mistake.
    """

    slug = "undo-over"
    title = "That can't be undone any more"


# How many of the orders the audit entry names.
NAMED = 20


class BulkActions:
    """Applies transitions to many orders of a broadcast, and undoes them."""

    def __init__(self, store: Store, log: Log, origin: Origin, steps: Transitions):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._log = log
        self._origin = origin
        self._steps = steps

    async def make(
        self, caller: Caller, broadcast: str, move: NewBulkTransition, key: str | None = None
    ) -> BulkTransition:
        """Apply the transition to every eligible order; report the others.

        Orders already there stay. Idempotent when a key is given. Raises Forbidden,
        UnknownBroadcast, KeyReused.
        """
        who = state_machine.role_of(caller)
        body_hash = idempotency.canonical_hash(move, NewBulkTransition, scope="moves")

        def write(connection: Connection) -> BulkTransition:
            self._log.head(connection, broadcast)
            before = idempotency.find_answer(connection, broadcast, key, body_hash)
            if before is not None:
                refused = [Refused.model_validate(each) for each in before["refused"]]
                return self._answer(connection, caller, broadcast, before["move"], move, refused)
            made = ulid()
            doer = Actor(who, move.reason, made, move.known_by)
            refused = self._make(connection, caller, broadcast, move, doer)
            answer = self._answer(connection, caller, broadcast, made, move, refused)
            kept = {"move": made, "refused": [each.model_dump() for each in refused]}
            idempotency.store_answer(connection, broadcast, key, body_hash, kept)
            done: dict[str, Any] = (
                {"state": move.state} if move.state else {"payment": move.payment}
            )
            if move.state == "received" and move.known_by is not None:
                done["known_by"] = move.known_by
            counted = {"orders": len(answer.moved), "refused": len(refused)}
            done["numbers"] = [order.number for order in answer.moved[:NAMED]]
            record_action(
                connection, caller, "order.move", made, broadcast=broadcast, **done, **counted
            )
            return answer

        return await self._store.write(write)

    async def undo(
        self, caller: Caller, broadcast: str, move: str, *, of_order: str | None = None
    ) -> BulkTransition:
        """Undo an action for each order that has not changed since; a second undo changes nothing.

        `of_order`: the action must be a refund of this order alone, otherwise it is unknown. For a
        clerk it covers only orders that the clerk may see. Sent again, it retries the refused
        orders. Raises Forbidden, UnknownBroadcast, UnknownMove, UndoOver.
        """
        who = state_machine.role_of(caller)

        def write(connection: Connection) -> BulkTransition:
            self._log.head(connection, broadcast)
            happened = self._own(
                connection, caller, broadcast, order_history.of_move(connection, broadcast, move)
            )
            if not happened or (
                of_order and not order_history.is_refund_of(happened, of_order, move)
            ):
                raise UnknownMove("Nothing was changed: this broadcast has no such move.")
            is_right = [order_history.is_reverted(own, move) for own in happened.values()]
            if all(is_right):
                raise UndoOver(
                    "Nothing was changed: that was undone already, by a correction. Look at "
                    "the order again.",
                    undone=True,
                )
            until = order_history.made_at(happened, move) + state_machine.UNDO_MS
            left = {
                order: own
                for order, own in happened.items()
                if not order_history.is_undone(own, move)
            }
            refused: list[Refused] = []
            if left and now_ms() > until:
                over = UndoOver(
                    "Nothing was changed: that was more than ten minutes ago. Coordinators and "
                    "hosts can still correct it, order by order, with a reason."
                )
                if len(left) + sum(is_right) == len(happened):
                    raise over
                refused = [Refused(order=order, problem=over.body()) for order in left]
            elif left:
                refused = self._undo(connection, broadcast, left, Actor(who, move=move))
                of = {each.order for each in refused}
                undone = [order for order in left if order not in of]
                named = self._rows(connection, broadcast, undone[:NAMED]).values()
                record_action(
                    connection,
                    caller,
                    "order.undo",
                    move,
                    broadcast=broadcast,
                    orders=len(undone),
                    refused=len(refused),
                    numbers=[order_number(row.number) for row in named],
                )
                now = order_history.of_move(connection, broadcast, move)
                happened = {order: now[order] for order in happened}
            undone = [
                order
                for order, own in happened.items()
                if order_history.is_undone(own, move) and not order_history.is_reverted(own, move)
            ]
            moved = self._shown(connection, caller, broadcast, undone)
            return BulkTransition(id=move, until=None, moved=moved, refused=refused)

        return await self._store.write(write)

    async def revert(self, caller: Caller, broadcast: str, order: str, wrong: NewReversal) -> Order:
        """Undo the last change of an order's state or payment, however old it is.

        An order that already is as wanted stays. If the boxes of a refund are sold meanwhile, only
        its money is undone, and the history's last entry says so. Raises Forbidden,
        UnknownBroadcast, UnknownOrder, UnknownMove, NotInState, and SoldOut or LotSpent where an
        order's boxes can't be sold to it again.
        """
        if not caller.is_staff:
            raise Forbidden("Nothing was changed. Coordinators and hosts put orders right.")

        def write(connection: Connection) -> Order:
            self._log.head(connection, broadcast)
            row = with_id(connection, broadcast, order)
            changes = order_history.of_order(connection, order)
            change = _wrong(row, changes, wrong)
            if change is not None:
                # The action's other changes stay undoable as one; the id is kept only for its last
                # change.
                of_move = [
                    each.change
                    for each in order_history.standing(changes)
                    if each.move == change.move
                ]
                is_last = change.move is not None and of_move == [change.change]
                doer = Actor("staff", wrong.reason, change.move if is_last else ulid())
                before = order_history.before(changes, change)
                alone = self._steps.undo(connection, row, change, before, doer, alone=True)
                done: dict[str, Any] = {"state": wrong.state}
                if wrong.payment is not None:
                    done = {"payment": wrong.payment}
                elif wrong.refund is not None:
                    done = {"amount": change.refund["amount"], **({"alone": True} if alone else {})}
                done["number"] = order_number(row.number)
                record_action(
                    connection, caller, "order.put_right", order, broadcast=broadcast, **done
                )
            (after,) = self._shown(connection, caller, broadcast, [order])
            shown_after: Order = after
            return shown_after

        return await self._store.write(write)

    def _make(
        self,
        connection: Connection,
        caller: Caller,
        broadcast: str,
        move: NewBulkTransition,
        doer: Actor,
    ) -> list[Refused]:
        rows = self._rows(connection, broadcast, move.orders)
        refused = []
        for order in move.orders:
            try:
                row = rows.get(order)
                if row is None:
                    raise UnknownOrder("This broadcast has no such order.")
                order_view.check(connection, row, caller)
                with savepoint(connection):
                    if move.state is not None and row.state != move.state:
                        self._steps.enter(connection, row, move.state, doer)
                    elif move.payment is not None and row.payment != move.payment:
                        self._steps.pay(connection, row, doer)
            except Problem as problem:
                refused.append(Refused(order=order, problem=problem.body()))
        return refused

    def _undo(
        self,
        connection: Connection,
        broadcast: str,
        happened: Mapping[str, Changes],
        doer: Actor,
    ) -> list[Refused]:
        refused = []
        for order, changes in happened.items():
            standing = order_history.standing(changes)
            own = [change for change in standing if change.move == doer.move]
            try:
                if not own or own != standing[-len(own) :]:
                    raise UndoOver("The order has changed since: look at it again.")
                with savepoint(connection):
                    first = len(standing) - len(own)
                    for place in range(len(standing) - 1, first - 1, -1):
                        row = self._rows(connection, broadcast, [order])[order]
                        before = order_history.before(changes, standing[place])
                        passed = place > first
                        self._steps.undo(
                            connection, row, standing[place], before, doer, passed=passed
                        )
            except Problem as problem:
                refused.append(Refused(order=order, problem=problem.body()))
        return refused

    def _own(
        self,
        connection: Connection,
        caller: Caller,
        broadcast: str,
        happened: Mapping[str, Changes],
    ) -> dict[str, Changes]:
        """Return the history of those orders that the caller may see."""
        own = self._rows(connection, broadcast, happened, order_view.may_read(caller))
        return {order: changes for order, changes in happened.items() if order in own}

    def _rows(
        self,
        connection: Connection,
        broadcast: str,
        ids: Iterable[str],
        only: Iterable[ColumnElement[bool]] = (),
    ) -> dict[str, Row[Any]]:
        named = {"broadcast": broadcast, "ids": list(ids)}
        return {row.id: row for row in connection.execute(_SOME.where(*only), named)}

    def _shown(
        self, connection: Connection, caller: Caller, broadcast: str, ids: Sequence[str]
    ) -> list[Any]:
        rows = self._rows(connection, broadcast, ids, order_view.may_read(caller))
        return order_view.orders(
            connection,
            self._origin,
            self._links,
            [rows[order] for order in ids if order in rows],
            caller,
        )

    def _answer(
        self,
        connection: Connection,
        caller: Caller,
        broadcast: str,
        made: str,
        move: NewBulkTransition,
        refused: list[Refused],
    ) -> BulkTransition:
        left = {each.order for each in refused}
        ids = [order for order in move.orders if order not in left]
        happened = order_history.of_move(connection, broadcast, made)
        until = None
        if not all(order_history.is_undone(own, made) for own in happened.values()):
            until = order_history.made_at(happened, made) + state_machine.UNDO_MS
        moved = self._shown(connection, caller, broadcast, ids)
        return BulkTransition(id=made, until=until, moved=moved, refused=refused)


def _wrong(row: Row[Any], changes: Changes, wrong: NewReversal) -> Row[Any] | None:
    """Return the change to undo: the last one of the order's state, or of its payment.

    None if the order already is as wanted. Raises NotInState, UnknownMove.
    """
    if wrong.refund is not None:
        named = [change for change in changes if change.move == wrong.refund and change.refund]
        if not named:
            raise UnknownMove("Nothing was changed: this order has no such refund.")
        if named[0].undone:
            return None
    elif wrong.state == row.state or wrong.payment == row.payment:
        return None
    change: Row[Any]
    first = "Look at the order again, and correct first what was done since."
    for change in reversed(order_history.standing(changes)):
        state, payment = order_history.before(changes, change)
        if (change.state != state) != (wrong.state is not None):
            continue
        if wrong.refund is not None:
            is_it = change.move == wrong.refund
        else:
            is_it = wrong.state == state or wrong.payment == payment != change.payment
        if is_it:
            return change
        if wrong.state is None and change.payment != "paid" and change.refund is None:
            first = (
                "Money was refunded since, and how much is not known: it was kept before refunds "
                "could be put right, so it stays. Where too little was given back refund the rest; "
                "else settle it with the buyer."
            )
        break
    raise NotInState(
        f"Nothing was changed: that is not what was done last with it. {first}",
        state=row.state,
        allowed=[],
    )
