"""Selects orders for documents and files: parses a selection in a URL and reads its orders.

The pages lay the documents out.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from farmlive.broadcast.events.trade import State
from farmlive.broadcast.log import Log
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.problems import Invalid
from farmlive.shop.core import payments
from farmlive.shop.core.fields import Identifier, Way
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_models import Order
from farmlive.shop.core.order_tables import claims, orders
from farmlive.shop.orders import order_search, order_view
from farmlive.store import FILE_S, Store

Span = tuple[int, int]

MAX_SPANS = 5_000
# Read in parts: databases limit the terms of a query, and long queries block a reader.
ORDERS_PER_BATCH = 100
_SPAN = re.compile(r"([A-Z]{1,4}[0-9]{4})(?:-([A-Z]{1,4}[0-9]{4}))?")

_claimed = exists().where(claims.c.order == orders.c.id, claims.c.state == "open")
# A fully reduced order is not due.
_due = and_(orders.c.payment == "due", orders.c.refunded < orders.c.total)
_over = or_(orders.c.state == "cancelled", and_(orders.c.state == "received", ~_due))
# Paid and then cancelled: money is to be refunded.
TO_GIVE_BACK = and_(
    orders.c.state == "cancelled",
    orders.c.payment.in_(payments.PAID_STATES),
    orders.c.refunded < orders.c.total,
)
_PAYMENTS = {
    "due": and_(_due, orders.c.state != "cancelled"),
    "paid": orders.c.payment == "paid",
    "owed": TO_GIVE_BACK,
    "refunded": orders.c.payment.in_(("part_refunded", "refunded")),
}


class OrderSelection(BaseModel):
    """A selection of orders, as the order list shows them: by numbers, or by conditions.

    `orders` are numbers, such as A0001-A0040,A0052. `open` are orders with something left to do,
    `owed` cancelled orders with money to refund.
    """

    orders: str | None = Field(None, max_length=40_000)
    state: State | Literal["open"] | None = None
    way: Way | None = None
    centre: Identifier | None = None
    payment: Literal["due", "paid", "owed", "refunded"] | None = None
    flagged: bool = False
    claimed: bool = False

    def conditions(self, caller: Caller) -> list[ColumnElement[bool]]:
        """Return the SQL conditions of the selection.

        Claims are for staff only; sellers don't refund, so `open` has no orders to refund for them.
        """
        staff, seller = caller.is_staff, caller.role == "seller"
        wanted: list[ColumnElement[bool]] = []
        if self.state == "open":
            still = [~_over, *([] if seller else [TO_GIVE_BACK]), *([_claimed] if staff else [])]
            wanted.append(or_(*still))
        elif self.state is not None:
            wanted.append(orders.c.state == self.state)
        if self.way is not None:
            wanted.append(orders.c.way == self.way)
        if self.centre is not None:
            wanted.append(orders.c.centre == self.centre)
        if self.payment is not None:
            wanted.append(_PAYMENTS[self.payment])
        if self.flagged:
            wanted += [orders.c.flags.is_not(None), orders.c.state.in_(("placed", "packed"))]
        if self.claimed and staff:
            wanted.append(_claimed)
        return wanted


def spans_of(text: str) -> list[Span]:
    """Parse `A0001-A0040,A0052` into first and last numbers. Raises Invalid."""
    found: list[Span] = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        first = order_search.parse_number(match[1]) if match else None
        last = order_search.parse_number(match[2] or match[1]) if match else None
        if first is None or last is None:
            raise Invalid(
                "Nothing is shown. Orders are chosen by their numbers, such as A0001-A0040,A0052."
            )
        found.append((first, last))
    if len(found) > MAX_SPANS:
        raise Invalid(f"Nothing is shown. Choose at most {MAX_SPANS} groups of orders at once.")
    return found


class OrderDocuments:
    """Reads selected orders."""

    def __init__(self, store: Store, log: Log, origin: Origin):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._log = log
        self._origin = origin

    async def read_selected(
        self, caller: Caller, broadcast: str, choice: OrderSelection, *, limit: int
    ) -> list[Order]:
        """List the selected orders by number, at most `limit`.

        Staff see all orders, clerks those of their own centres, sellers the lines of their own
        farms without the buyer. Raises Forbidden, Invalid, UnknownBroadcast.
        """
        query = (
            select(orders)
            .where(orders.c.broadcast == broadcast, *order_view.may_read(caller))
            .where(*choice.conditions(caller))
            .order_by(orders.c.number)
        )
        within = [None] if choice.orders is None else [*_within(spans_of(choice.orders))]

        def read(connection: Connection) -> list[Order]:
            self._log.head(connection, broadcast)
            rows: list[Row[Any]] = []
            for part in within:
                found = query if part is None else query.where(part)
                rows += connection.execute(found.limit(limit - len(rows))).all()
                if len(rows) == limit:
                    break
            return [
                order
                for start in range(0, len(rows), ORDERS_PER_BATCH)
                for order in order_view.orders(
                    connection,
                    self._origin,
                    self._links,
                    rows[start : start + ORDERS_PER_BATCH],
                    caller,
                )
            ]

        return await self._store.read(read, within_s=FILE_S)


def _within(spans: Iterable[Span]) -> Iterable[ColumnElement[bool]]:
    """Yield the conditions of the numbers in parts, in order and without duplicates."""
    whole: list[Span] = []
    for first, last in sorted(spans):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
        else:
            whole.append((first, last))
    for start in range(0, len(whole), ORDERS_PER_BATCH):
        yield or_(
            *(
                orders.c.number == first
                if first == last
                else and_(orders.c.number >= first, orders.c.number <= last)
                for first, last in whole[start : start + ORDERS_PER_BATCH]
            )
        )
