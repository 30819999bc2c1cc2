"""Removes old orders without personal data, with their lines, history, claims and notices.

What they sold is summed up by the caller, in the same transaction.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Integer, bindparam, delete, select

from farmlive.broadcast.events.trade import Payment, State
from farmlive.ids import first_ulid
from farmlive.shop.core.order_tables import claims, order_changes, order_lines, orders
from farmlive.shop.notices.tables import notices
from farmlive.shop.privacy import retention
from farmlive.store.files.uploads import forget_owners

_OLD = (
    select(orders.c.id)
    .where(orders.c.id > bindparam("after"), orders.c.id < bindparam("before"))
    .order_by(orders.c.id)
    .limit(bindparam("most", type_=Integer))
)
_ORDERS_BY_ID = select(orders).where(orders.c.id.in_(bindparam("those", expanding=True)))


class OldOrder(NamedTuple):
    """An order that is due."""

    id: str
    broadcast: str
    state: State
    payment: Payment
    currency: str


class OldLine(NamedTuple):
    """A line of an order that is due: its boxes, and its money in minor units."""

    order: str
    farm: str
    quantity: int
    total: int


def old_ids(
    connection: Connection, *, after: str, now: int, keep_ms: int, most: int
) -> Sequence[str]:
    """Return up to `most` ids, in order, of orders that are older than `keep_ms` milliseconds and
    follow `after`.
    """
    named = {"after": after, "before": first_ulid(now - keep_ms), "most": most}
    return connection.execute(_OLD, named).scalars().all()


def due(connection: Connection, ids: Sequence[str], now: int, keep_ms: int) -> list[OldOrder]:
    """Return those of the orders that nobody changed for `keep_ms` milliseconds, on which nothing
    is open, and whose personal data is removed.
    """
    rows = connection.execute(_ORDERS_BY_ID, {"those": ids}).all()
    return [
        OldOrder(row.id, row.broadcast, row.state, row.payment, row.currency)
        for row in retention.judge(connection, rows, now, keep_ms).due
        if row.person_gone_at is not None
    ]


def lines(connection: Connection, ids: Sequence[str]) -> list[OldLine]:
    """Return the lines of these orders."""
    query = select(
        order_lines.c.order, order_lines.c.farm, order_lines.c.quantity, order_lines.c.total
    ).where(order_lines.c.order.in_(ids))
    return [OldLine(*row) for row in connection.execute(query)]


def remove(connection: Connection, ids: Sequence[str]) -> None:
    """Delete these orders with all that belongs to them."""
    for table in (notices, claims, order_changes, order_lines):
        connection.execute(delete(table).where(table.c.order.in_(ids)))
    forget_owners(connection, [f"order:{order}" for order in ids])
    connection.execute(delete(orders).where(orders.c.id.in_(ids)))
