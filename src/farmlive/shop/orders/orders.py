"""Orders after they were placed: who may read and find them, and each step of their life.

A step is one transaction with its event, and with the stock where boxes go back: transitions.py
takes it. Steps that can be undone are bulk_actions.py's.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    false,
    select,
    union_all,
)

from farmlive.broadcast.log import Log
from farmlive.edge.paging import Page
from farmlive.ids import ulid
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import note
from farmlive.shop.core import currencies, idempotency, state_machine
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_models import NewTransition, Order, Refund, Refunded
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import DetailsErased, UnknownOrder
from farmlive.shop.core.tables import holds
from farmlive.shop.notices import limits, writing
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.notices.writing import Reached
from farmlive.shop.orders import document_links, order_search, order_view
from farmlive.shop.orders.buyer_data import is_erased
from farmlive.shop.orders.change_models import OrderFilter
from farmlive.shop.orders.transitions import Doer, Transitions, with_id, with_token
from farmlive.store import Store

_OF_DEVICE = union_all(
    *(
        select(table.c.id).where(
            table.c.broadcast == bindparam("broadcast"), table.c.device == bindparam("device")
        )
        for table in (orders, holds)
    )
)
_DEVICES = union_all(
    *(
        select(table.c.id, table.c.device).where(
            table.c.id.in_(bindparam("of_orders", expanding=True))
        )
        for table in (orders, holds)
    )
)
# A database takes so many values in a query and no more.
_AT_ONCE = 1_000
_KEPT = (
    "Nothing was given back now: an earlier refund came with this key and was kept. Look at the "
    "order before you give more."
)


class Orders:
    """Reads orders and moves them on."""

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        steps: Transitions,
        address_pseudonym: Pseudonym,
        *,
        whom_to_ask: str,
    ):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._log = log
        self._origin = origin
        self._steps = steps
        self._address_pseudonym = address_pseudonym
        self._whom_to_ask = whom_to_ask

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

    def devices(self, connection: Connection, ids: Sequence[str]) -> dict[str, str]:
        """The devices that ordered or hold, by the ids of the orders, of those that there are."""
        found: dict[str, str] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = {"of_orders": list(ids[first : first + _AT_ONCE])}
            found.update((row.id, row.device) for row in connection.execute(_DEVICES, some))
        return found

    # Reading.

    async def by_token(self, token: str) -> Order:
        """The order whose page has this token, as its buyer sees it. Raises UnknownOrder."""

        def read(connection: Connection) -> Order:
            return self._of_buyer(connection, with_token(connection, self._links, token))

        return await self._store.read(read)

    async def by_paper(self, order: str, mark: str) -> Order:
        """The order whose papers have this address, without any right to it.

        Raises UnknownOrder.
        """

        def read(connection: Connection) -> Order:
            found = self._of_buyer(
                connection, document_links.marked(connection, self._links, order, mark)
            )
            return document_links.without_rights(found)

        return await self._store.read(read)

    async def of_broadcast(
        self,
        caller: Caller,
        broadcast: str,
        page: Page | None = None,
        *,
        only: OrderFilter | None = None,
    ) -> tuple[list[Order], str | None]:
        """A page of the orders in the order of their numbers, and the cursor of the next, if any.

        Staff see all, a clerk what is picked up at own centres, a seller own farms' lines without
        the buyer.
        Raises Forbidden, UnknownBroadcast.
        """
        page = page or Page()
        query = select(orders).where(orders.c.broadcast == broadcast, *order_view.may_read(caller))
        if page.after is not None:  # by number: the id is the hold's, which may be older
            query = query.where(orders.c.number > page.after[0])
        if only is not None:
            query = query.where(*_conditions(only, buyers=caller.role != "seller"))
        query = query.order_by(orders.c.number).limit(page.rows)

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            self._log.head(connection, broadcast)
            found = connection.execute(query).all()
            rows, following = page.cut(found, lambda row: (row.number, row.id))
            return order_view.orders(connection, self._origin, self._links, rows, caller), following

        return await self._store.read(read)

    async def one(self, caller: Caller, broadcast: str, order: str) -> Order:
        """An order of a broadcast as the caller is shown it.

        Raises Forbidden, UnknownOrder.
        """
        own = select(orders.c.id).where(orders.c.id == order, *order_view.may_read(caller))

        def read(connection: Connection) -> Order:
            if connection.execute(own).first() is None:
                raise UnknownOrder("This broadcast has no such order, or it is not yours to read.")
            return self._one(connection, broadcast, order, caller)

        return await self._store.read(read)

    # Moving on.

    async def cancel(
        self, token: str, reason: str | None = None, address: str | None = None
    ) -> Order:
        """The buyer wants it no more: its boxes go back. A cancelled one stays as it is.

        `address` is whose notices it counts to. Raises UnknownOrder, NotInState, DetailsErased
        where a reason comes after the buyer was erased.
        """
        sender = await limits.sender(address, self._address_pseudonym)

        def write(connection: Connection) -> Order:
            row = with_token(connection, self._links, token)
            if reason and is_erased(row):
                raise DetailsErased(self._whom_to_ask)
            if row.state != "cancelled":
                reached = Reached(
                    row.buyer_phone, row.buyer_email, row.simulated, by_staff=False, sender=sender
                )
                writing.know(connection, row.id, reached)
                self._steps.enter(connection, row, "cancelled", Doer("buyer", reason))
            return self._of_buyer(connection, with_token(connection, self._links, token))

        return await self._store.write(write)

    async def enter(
        self, caller: Caller, broadcast: str, order: str, change: NewTransition
    ) -> Order:
        """Move an order into a state; one that is in it already stays as it is.

        Raises Forbidden, UnknownOrder, NotInState, Invalid (it takes a reason), HowKnown.
        """
        who = state_machine.who_is(caller)

        def write(connection: Connection) -> Order:
            row = with_id(connection, broadcast, order)
            order_view.check(connection, row, caller)
            if row.state != change.state:
                doer = Doer(who, change.reason, known_by=change.known_by)
                self._steps.enter(connection, row, change.state, doer)
                action = f"order.{change.state}"
                facts = {"number": order_number(row.number), **change.known()}
                note(connection, caller, action, order, broadcast=broadcast, **facts)
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    async def pay(self, caller: Caller, broadcast: str, order: str) -> Order:
        """The order was paid; one that is paid already stays as it is.

        Raises Forbidden, UnknownOrder, NotInState.
        """
        who = state_machine.who_is(caller)

        def write(connection: Connection) -> Order:
            row = with_id(connection, broadcast, order)
            order_view.check(connection, row, caller)
            if row.payment != "paid":
                self._steps.pay(connection, row, Doer(who))
                number = order_number(row.number)
                note(connection, caller, "order.paid", order, broadcast=broadcast, number=number)
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    async def refund(
        self, caller: Caller, broadcast: str, order: str, refund: Refund, key: str | None = None
    ) -> Refunded:
        """Money was given back, for boxes that never left or else; the event tells how much in all.

        It can be undone as a move. With a key the same refund counts once, however often it is
        sent. Raises Forbidden, UnknownOrder, WrongCurrency, NotInState, RefundTooHigh, KeyReused,
        Invalid (it has not so many boxes, or nothing of the offer).
        """
        who = state_machine.who_is(caller)
        body_hash = idempotency.canonical_hash(refund, Refund, of=order)

        def write(connection: Connection) -> Refunded:
            row = with_id(connection, broadcast, order)
            order_view.check(connection, row, caller)
            amount = currencies.minor_units(refund.amount, row.currency, currencies.ORDER)
            move = ulid()
            before = idempotency.answered(connection, broadcast, key, body_hash, said=_KEPT)
            if before is not None:
                now = self._one(connection, broadcast, order, caller)
                return Refunded.by(now, before.get("move"))
            idempotency.keep(connection, broadcast, key, body_hash, {"order": order, "move": move})
            boxes = {line.offer: line.quantity for line in refund.lines}
            doer = Doer(who, refund.reason, move)
            self._steps.refund(connection, row, amount, doer, boxes, offer=refund.offer)
            note(
                connection,
                caller,
                "order.refunded",
                order,
                broadcast=broadcast,
                number=order_number(row.number),
                amount=amount,
                **({"due": True} if row.payment == "due" else {}),
            )
            return Refunded.by(self._one(connection, broadcast, order, caller), move)

        return await self._store.write(write)

    # Showing.

    def _of_buyer(self, connection: Connection, row: Row[Any]) -> Order:
        (order,) = order_view.orders(connection, self._origin, self._links, [row], None)
        return order

    def _one(self, connection: Connection, broadcast: str, order: str, caller: Caller) -> Order:
        row = with_id(connection, broadcast, order)
        (found,) = order_view.orders(connection, self._origin, self._links, [row], caller)
        return found


def _conditions(only: OrderFilter, *, buyers: bool) -> list[ColumnElement[bool]]:
    """What is true of the orders; `buyers`: who reads them may know of their buyers."""
    wanted: list[ColumnElement[bool]] = []
    for name in ("state", "payment", "way", "centre"):
        value = getattr(only, name)
        if value is not None:
            wanted.append(orders.c[name] == value)
    if only.flagged is not None:
        is_flagged = orders.c.flags.is_not(None) if only.flagged else orders.c.flags.is_(None)
        wanted.append(is_flagged if buyers else false())
    if only.find is not None:
        wanted.append(order_search.condition(only.find, buyers=buyers))
    return wanted
