"""Placed orders: reads and finds them, and applies single transitions.

A transition is one transaction with its event and its stock moves (transitions.py). Undoable
actions are in bulk_actions.py.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, false, select

from farmlive.broadcast.log import Log
from farmlive.edge.paging import PageQuery
from farmlive.ids import ulid
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.shop.core import currencies, idempotency, state_machine
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_lookup import with_id, with_token
from farmlive.shop.core.order_models import NewTransition, Order, Refund, Refunded
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import DetailsErased, UnknownOrder
from farmlive.shop.notices import limits, writing
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.notices.writing import Contact
from farmlive.shop.orders import document_links, order_search, order_view
from farmlive.shop.orders.buyer_data import is_erased
from farmlive.shop.orders.change_models import OrderFilter
from farmlive.shop.orders.transitions import Actor, Transitions
from farmlive.store import Store

_KEPT = (
    "Nothing was given back now: an earlier refund came with this key and was kept. Look at the "
    "order before you give more."
)


class Orders:
    """Reads orders and applies transitions."""

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        steps: Transitions,
        address_pseudonym: Pseudonym,
        *,
        whom_to_ask: Callable[[], str],
    ):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._log = log
        self._origin = origin
        self._steps = steps
        self._address_pseudonym = address_pseudonym
        self._whom_to_ask = whom_to_ask

    # Reading.

    async def by_token(self, token: str) -> Order:
        """Return the order with this token, as its buyer sees it. Raises UnknownOrder."""

        def read(connection: Connection) -> Order:
            return self._of_buyer(connection, with_token(connection, self._links, token))

        return await self._store.read(read)

    async def by_document(self, order: str, mark: str) -> Order:
        """Return the order with this document URL, without any rights on it.

        Raises UnknownOrder.
        """

        def read(connection: Connection) -> Order:
            found = self._of_buyer(
                connection, document_links.find_order(connection, self._links, order, mark)
            )
            return document_links.without_rights(found)

        return await self._store.read(read)

    async def list_orders(
        self,
        caller: Caller,
        broadcast: str,
        page: PageQuery | None = None,
        *,
        only: OrderFilter | None = None,
    ) -> tuple[list[Order], str | None]:
        """Return a page of orders by number, and the cursor of the next page, if any.

        Staff see all orders, clerks those of their own centres, sellers the lines of their own
        farms without the buyer. Raises Forbidden, UnknownBroadcast.
        """
        page = page or PageQuery()
        query = select(orders).where(orders.c.broadcast == broadcast, *order_view.may_read(caller))
        if page.after is not None:  # by number: the id is that of the hold, which may be older
            query = query.where(orders.c.number > page.after[0])
        if only is not None:
            query = query.where(*_conditions(only, buyers=caller.role != "seller"))
        query = query.order_by(orders.c.number).limit(page.fetch_limit)

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            self._log.head(connection, broadcast)
            found = connection.execute(query).all()
            rows, following = page.take(found, lambda row: (row.number, row.id))
            return order_view.orders(connection, self._origin, self._links, rows, caller), following

        return await self._store.read(read)

    async def read_one(self, caller: Caller, broadcast: str, order: str) -> Order:
        """Return an order of a broadcast as the caller sees it.

        Raises Forbidden, UnknownOrder.
        """
        own = select(orders.c.id).where(orders.c.id == order, *order_view.may_read(caller))

        def read(connection: Connection) -> Order:
            if connection.execute(own).first() is None:
                raise UnknownOrder("This broadcast has no such order, or it is not yours to read.")
            return self._one(connection, broadcast, order, caller)

        return await self._store.read(read)

    # Transitions.

    async def cancel(
        self, token: str, reason: str | None = None, address: str | None = None
    ) -> Order:
        """Cancel an order for its buyer; its boxes return to stock.

        A cancelled one stays unchanged. The notice counts for the IP address `address`. Raises
        UnknownOrder, NotInState, and DetailsErased where a reason comes after the buyer was erased.
        """
        sender = await limits.sender_of(address, self._address_pseudonym)

        def write(connection: Connection) -> Order:
            row = with_token(connection, self._links, token)
            if reason and is_erased(row):
                raise DetailsErased(self._whom_to_ask())
            if row.state != "cancelled":
                reached = Contact(
                    row.buyer_phone, row.buyer_email, row.simulated, by_staff=False, sender=sender
                )
                writing.store_contact(connection, row.id, reached)
                self._steps.enter(connection, row, "cancelled", Actor("buyer", reason))
            return self._of_buyer(connection, with_token(connection, self._links, token))

        return await self._store.write(write)

    async def enter(
        self, caller: Caller, broadcast: str, order: str, change: NewTransition
    ) -> Order:
        """Move an order into a state; an order already in it stays unchanged.

        Raises Forbidden, UnknownOrder, NotInState, Invalid (it needs a reason), HowKnown.
        """
        who = state_machine.role_of(caller)

        def write(connection: Connection) -> Order:
            row = with_id(connection, broadcast, order)
            order_view.check(connection, row, caller)
            if row.state != change.state:
                doer = Actor(who, change.reason, known_by=change.known_by)
                self._steps.enter(connection, row, change.state, doer)
                action = f"order.{change.state}"
                facts = {"number": order_number(row.number), **change.known()}
                record_action(connection, caller, action, order, broadcast=broadcast, **facts)
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    async def pay(self, caller: Caller, broadcast: str, order: str) -> Order:
        """Record that the order was paid; a paid one stays unchanged.

        Raises Forbidden, UnknownOrder, NotInState.
        """
        who = state_machine.role_of(caller)

        def write(connection: Connection) -> Order:
            row = with_id(connection, broadcast, order)
            order_view.check(connection, row, caller)
            if row.payment != "paid":
                self._steps.pay(connection, row, Actor(who))
                number = order_number(row.number)
                record_action(
                    connection, caller, "order.paid", order, broadcast=broadcast, number=number
                )
            return self._one(connection, broadcast, order, caller)

        return await self._store.write(write)

    async def refund(
        self, caller: Caller, broadcast: str, order: str, refund: Refund, key: str | None = None
    ) -> Refunded:
        """Record a refund, for boxes that never left or other reasons.

        Its event has the sum of all refunds. It can be undone as a bulk action. Idempotent when a
        key is given. Raises Forbidden, UnknownOrder, WrongCurrency, NotInState, RefundTooHigh,
        KeyReused, Invalid (it has fewer boxes, or none of the offer).
        """
        who = state_machine.role_of(caller)
        body_hash = idempotency.canonical_hash(refund, Refund, scope=order)

        def write(connection: Connection) -> Refunded:
            row = with_id(connection, broadcast, order)
            order_view.check(connection, row, caller)
            amount = currencies.minor_units(refund.amount, row.currency, currencies.ORDER)
            move = ulid()
            before = idempotency.find_answer(connection, broadcast, key, body_hash, message=_KEPT)
            if before is not None:
                now = self._one(connection, broadcast, order, caller)
                return Refunded.by(now, before.get("move"))
            idempotency.store_answer(
                connection, broadcast, key, body_hash, {"order": order, "move": move}
            )
            boxes = {line.offer: line.quantity for line in refund.lines}
            doer = Actor(who, refund.reason, move)
            self._steps.refund(connection, row, amount, doer, boxes, offer=refund.offer)
            record_action(
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

    # Views.

    def _of_buyer(self, connection: Connection, row: Row[Any]) -> Order:
        (order,) = order_view.orders(connection, self._origin, self._links, [row], None)
        return order

    def _one(self, connection: Connection, broadcast: str, order: str, caller: Caller) -> Order:
        row = with_id(connection, broadcast, order)
        (found,) = order_view.orders(connection, self._origin, self._links, [row], caller)
        return found


def _conditions(only: OrderFilter, *, buyers: bool) -> list[ColumnElement[bool]]:
    """Return the SQL conditions of a filter; `buyers`: the reader may search by buyer."""
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
