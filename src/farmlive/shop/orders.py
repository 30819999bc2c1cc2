"""Orders after they were placed: who may read them, and each step of their life.

Which steps there are, life.py says; each is one transaction with its event, and with the stock
where boxes go back.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, insert, select, union_all, update

from farmlive.broadcast.log import Entry, Log
from farmlive.clock import now_ms
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.audit import note
from farmlive.problems import Forbidden
from farmlive.shop import keys, life, lines, shown, stock
from farmlive.shop.fields import Payment, State, Way
from farmlive.shop.models import money, order_number
from farmlive.shop.order_models import Order, Refund, StateChange
from farmlive.shop.problems import RefundTooHigh, UnknownOrder
from farmlive.shop.tables import holds, order_changes, order_lines, orders
from farmlive.store import Store

_OF_DEVICE = union_all(
    *(
        select(table.c.id).where(
            table.c.broadcast == bindparam("broadcast"), table.c.device == bindparam("device")
        )
        for table in (orders, holds)
    )
)
_before = orders.alias("before")
_CHANGES = select(func.coalesce(func.max(order_changes.c.change), 0)).where(
    order_changes.c.order == bindparam("of")
)
_READERS = ("coordinator", "host", "clerk", "seller")


class Orders:
    """Reads orders and moves them on."""

    def __init__(self, store: Store, log: Log, origin: Origin):
        self._store = store
        self._log = log
        self._origin = origin

    def audiences(self, connection: Connection, broadcast: str, device: str) -> list[str]:
        """The audiences that a device has by its orders and its hold there: `order:{id}` each."""
        found = connection.execute(_OF_DEVICE, {"broadcast": broadcast, "device": device})
        return [f"order:{order}" for order in found.scalars()]

    def buyer_of(self, connection: Connection, order: str) -> tuple[str, str | None] | None:
        """The device that ordered or holds, and the buyer's pseudonym once it is ordered."""
        placed = connection.execute(
            select(orders.c.device, orders.c.buyer).where(orders.c.id == order)
        ).one_or_none()
        if placed is not None:
            return placed.device, placed.buyer
        device = connection.execute(select(holds.c.device).where(holds.c.id == order)).scalar()
        return None if device is None else (device, None)

    # Reading.

    async def by_token(self, token: str) -> Order:
        """The order whose page has this token, as its buyer sees it. Raises UnknownOrder."""

        def read(connection: Connection) -> Order:
            return self._of_buyer(connection, _with_token(connection, token))

        return await self._store.read(read)

    async def of_broadcast(
        self,
        caller: Caller,
        broadcast: str,
        after: str = "",
        limit: int = 200,
        *,
        state: State | None = None,
        way: Way | None = None,
    ) -> tuple[list[Order], str | None]:
        """Orders of a broadcast in the order of their numbers, and the next page's `after`, if any.

        Staff see all, a clerk what is picked up, a seller own farms' lines without the buyer.
        Raises Forbidden, UnknownBroadcast.
        """
        if caller.role not in _READERS:
            raise Forbidden("Orders are read by coordinators, hosts, clerks and sellers.")
        query = select(orders).where(orders.c.broadcast == broadcast)
        if after:  # by number: an order has the id of its hold, which may be older than others
            last = (
                select(_before.c.number)
                .where(_before.c.id == after, _before.c.broadcast == broadcast)
                .scalar_subquery()
            )
            query = query.where(orders.c.number > func.coalesce(last, 0))
        if state is not None:
            query = query.where(orders.c.state == state)
        if way is not None:
            query = query.where(orders.c.way == way)
        if caller.role == "clerk":
            query = query.where(orders.c.way == "pickup")
        if caller.role == "seller":
            own = order_lines.c.farm.in_(caller.farms)
            query = query.where(exists().where(order_lines.c.order == orders.c.id, own))
        query = query.order_by(orders.c.number).limit(limit + 1)

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            self._log.head(connection, broadcast)
            rows = connection.execute(query).all()
            page = shown.orders(connection, self._origin, rows[:limit], caller)
            return page, page[-1].id if len(rows) > limit else None

        return await self._store.read(read)

    # Moving on.

    async def cancel(self, token: str, reason: str | None = None) -> Order:
        """The buyer wants it no more: its boxes go back. A cancelled one stays as it is.

        Raises UnknownOrder, NotInState.
        """

        def write(connection: Connection) -> Order:
            row = self._locked(connection, _with_token(connection, token))
            if row.state != "cancelled":
                self._enter(connection, row, "cancelled", "buyer", reason)
            return self._of_buyer(connection, _with_token(connection, token))

        return await self._store.write(write)

    async def enter(self, caller: Caller, broadcast: str, order: str, change: StateChange) -> Order:
        """Move an order into a state; one that is in it already stays as it is.

        Raises Forbidden, UnknownOrder, NotInState.
        """
        who = life.who_is(caller)

        def write(connection: Connection) -> Order:
            row = self._locked(connection, _with_id(connection, broadcast, order))
            if row.state != change.state:
                self._enter(connection, row, change.state, who, change.reason)
                note(connection, caller, f"order.{change.state}", order, broadcast=broadcast)
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    async def pay(self, caller: Caller, broadcast: str, order: str) -> Order:
        """The order was paid; one that is paid already stays as it is.

        Raises Forbidden, UnknownOrder, NotInState.
        """
        who = life.who_is(caller)

        def write(connection: Connection) -> Order:
            row = self._locked(connection, _with_id(connection, broadcast, order))
            if row.payment != "paid":
                step = life.next_payment(row.payment, "paid", who, row.way, row.state)
                self._pay(connection, row, step, {})
                note(connection, caller, "order.paid", order, broadcast=broadcast)
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    async def refund(
        self, caller: Caller, broadcast: str, order: str, refund: Refund, key: str | None = None
    ) -> Order:
        """Money was given back; the event tells how much in all.

        With a key the same refund counts once, however often it is sent. Raises Forbidden,
        UnknownOrder, NotInState, RefundTooHigh, KeyReused.
        """
        who = life.who_is(caller)
        body_hash = keys.canonical_hash(refund, Refund, of=order)

        def write(connection: Connection) -> Order:
            row = self._locked(connection, _with_id(connection, broadcast, order))
            if key is not None:
                if keys.answered(connection, broadcast, key, body_hash) is not None:
                    return self._one(connection, broadcast, order, caller)
                keys.keep(connection, broadcast, key, body_hash, {"order": order})
            refunded = row.refunded + refund.amount
            after: Payment = "refunded" if refunded >= row.total else "part_refunded"
            step = life.next_payment(row.payment, after, who, row.way, row.state)
            if refunded > row.total:
                raise RefundTooHigh(money(row.total - row.refunded, row.currency))
            connection.execute(
                update(orders).where(orders.c.id == row.id).values(refunded=refunded)
            )
            told = {"amount": money(refunded, row.currency)}
            self._pay(connection, row, step, told, refund.reason)
            note(
                connection,
                caller,
                "order.refunded",
                order,
                broadcast=broadcast,
                amount=refund.amount,
            )
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    def _locked(self, connection: Connection, row: Row[Any]) -> Row[Any]:
        """The row as it is once nothing else of the broadcast can change any more."""
        self._log.head(connection, row.broadcast, lock=True)
        return connection.execute(select(orders).where(orders.c.id == row.id)).one()

    def _enter(
        self,
        connection: Connection,
        row: Row[Any],
        state: State,
        who: life.Who,
        reason: str | None,
    ) -> None:
        step = life.next_state(row.state, state, who, row.way)
        connection.execute(update(orders).where(orders.c.id == row.id).values(state=state))
        by = "buyer" if who == "buyer" else "staff"
        _keep(connection, row.id, state, row.payment, by, reason)
        moved = []
        if step.stock == life.BACK:
            sold = select(order_lines.c.offer, order_lines.c.quantity).where(
                order_lines.c.order == row.id
            )
            back = {
                line.offer: stock.Move(sell=-line.quantity) for line in connection.execute(sold)
            }
            known = stock.on_offer(connection, row.broadcast, back)
            moved = stock.move(connection, back, known)
        self._tell(connection, row, step, state, row.payment, by, moved=moved)

    def _pay(
        self,
        connection: Connection,
        row: Row[Any],
        step: life.Step,
        more: dict[str, Any],
        reason: str | None = None,
    ) -> None:
        connection.execute(update(orders).where(orders.c.id == row.id).values(payment=step.after))
        _keep(connection, row.id, row.state, step.after, "staff", reason)
        self._tell(connection, row, step, row.state, step.after, "staff", **more)

    def _tell(
        self,
        connection: Connection,
        row: Row[Any],
        step: life.Step,
        state: str,
        payment: str,
        by: str,
        *,
        moved: Sequence[dict[str, Any]] = (),
        **more: Any,
    ) -> None:
        """Write the step's event. A reason is free text and stays out of the log."""
        farms = select(order_lines.c.farm).where(order_lines.c.order == row.id).distinct()
        audience = lines.audience(row.id, connection.execute(farms).scalars())
        told = {
            "order": row.id,
            "number": order_number(row.number),
            "state": state,
            "payment": payment,
            "by": by,
            **more,
        }
        said = Entry(step.event, audience, told)
        self._log.append_all(connection, row.broadcast, [said, *stock.entries(moved)])

    # Showing.

    def _of_buyer(self, connection: Connection, row: Row[Any]) -> Order:
        (order,) = shown.orders(connection, self._origin, [row], None)
        return order

    def _one(self, connection: Connection, broadcast: str, order: str, caller: Caller) -> Order:
        row = _with_id(connection, broadcast, order)
        (found,) = shown.orders(connection, self._origin, [row], caller)
        return found


def _with_token(connection: Connection, token: str) -> Row[Any]:
    row = None
    if token.isascii() and token.isprintable():  # A database may refuse other text.
        row = connection.execute(select(orders).where(orders.c.token == token)).one_or_none()
    if row is None:
        raise UnknownOrder(
            "No order has this address. Open it by the link that the order was answered with."
        )
    return row


def _with_id(connection: Connection, broadcast: str, order: str) -> Row[Any]:
    row = connection.execute(
        select(orders).where(orders.c.id == order, orders.c.broadcast == broadcast)
    ).one_or_none()
    if row is None:
        raise UnknownOrder("Nothing was changed: this broadcast has no such order.")
    return row


def _keep(
    connection: Connection, order: str, state: str, payment: str, by: str, reason: str | None
) -> None:
    last = connection.execute(_CHANGES, {"of": order}).scalar_one()
    connection.execute(
        insert(order_changes),
        {
            "order": order,
            "change": last + 1,
            "at": now_ms(),
            "state": state,
            "payment": payment,
            "by": by,
            "reason": reason,
        },
    )
