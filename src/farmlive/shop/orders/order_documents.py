"""Orders chosen by their numbers, for paper and for files.

Owns how a choice of orders is written in an address, and reading what was chosen; what stands on
the paper is the pages'.
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
# Chosen a part at a time: a database takes only so many terms, and no reader is held up for long.
AT_ONCE = 100
_SPAN = re.compile(r"([A-Z]{1,4}[0-9]{4})(?:-([A-Z]{1,4}[0-9]{4}))?")

_claimed = exists().where(claims.c.order == orders.c.id, claims.c.state == "open")
# All of it may have been taken off.
_due = and_(orders.c.payment == "due", orders.c.refunded < orders.c.total)
_over = or_(orders.c.state == "cancelled", and_(orders.c.state == "received", ~_due))
# Paid and then cancelled: some of the money is still here.
TO_GIVE_BACK = and_(
    orders.c.state == "cancelled",
    orders.c.payment.in_(payments.HAD),
    orders.c.refunded < orders.c.total,
)
_PAYMENTS = {
    "due": and_(_due, orders.c.state != "cancelled"),
    "paid": orders.c.payment == "paid",
    "owed": TO_GIVE_BACK,
    "refunded": orders.c.payment.in_(("part_refunded", "refunded")),
}


class Choice(BaseModel):
    """Which orders are meant, as the desk's list shows them: by number, or all that fit.

    `orders` are numbers, such as A0001-A0040,A0052. `open` is what there is still to do with,
    `owed` of what money is to be given back since it was cancelled.
    """

    orders: str | None = Field(None, max_length=40_000)
    state: State | Literal["open"] | None = None
    way: Way | None = None
    centre: Identifier | None = None
    payment: Literal["due", "paid", "owed", "refunded"] | None = None
    flagged: bool = False
    claimed: bool = False

    def conditions(self, caller: Caller) -> list[ColumnElement[bool]]:
        """What is true of the orders that are meant by them.

        Claims are for staff; a seller, who has the money of no order, gives none back.
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
    """`A0001-A0040,A0052` as first and last numbers. Raises Invalid."""
    found: list[Span] = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        first = order_search.number(match[1]) if match else None
        last = order_search.number(match[2] or match[1]) if match else None
        if first is None or last is None:
            raise Invalid(
                "Nothing is shown. Orders are chosen by their numbers, such as A0001-A0040,A0052."
            )
        found.append((first, last))
    if len(found) > MAX_SPANS:
        raise Invalid(f"Nothing is shown. Choose at most {MAX_SPANS} groups of orders at once.")
    return found


class OrderDocuments:
    """Reads chosen orders."""

    def __init__(self, store: Store, log: Log, origin: Origin):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._log = log
        self._origin = origin

    async def chosen(
        self, caller: Caller, broadcast: str, choice: Choice, *, limit: int
    ) -> list[Order]:
        """The orders that are chosen, by number; `limit` at most.

        Staff see all, a clerk what is picked up at own centres, a seller own farms' lines without
        the buyer.
        Raises Forbidden, Invalid, UnknownBroadcast.
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
                for start in range(0, len(rows), AT_ONCE)
                for order in order_view.orders(
                    connection, self._origin, self._links, rows[start : start + AT_ONCE], caller
                )
            ]

        return await self._store.read(read, within_s=FILE_S)


def _within(spans: Iterable[Span]) -> Iterable[ColumnElement[bool]]:
    """The conditions of the numbers, a part at a time in their order, no number twice."""
    whole: list[Span] = []
    for first, last in sorted(spans):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(last, whole[-1][1]))
        else:
            whole.append((first, last))
    for start in range(0, len(whole), AT_ONCE):
        yield or_(
            *(
                orders.c.number == first
                if first == last
                else and_(orders.c.number >= first, orders.c.number <= last)
                for first, last in whole[start : start + AT_ONCE]
            )
        )
