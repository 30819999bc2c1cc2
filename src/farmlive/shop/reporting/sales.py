"""Queries of sales for reports: sums of orders by broadcast, by farm and by place, and the refunds.

Money is in minor units. Cancelled orders are left out, except by `by_place`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from farmlive.broadcast.events.trade import Payment
from farmlive.shop.core.order_tables import order_changes, order_lines, orders
from farmlive.shop.orders.order_documents import TO_GIVE_BACK

_stands = orders.c.state != "cancelled"


class BroadcastSales(NamedTuple):
    """A broadcast's orders, boxes, and money before refunds and without fees."""

    broadcast: str
    orders: int
    boxes: int
    gross: int
    currency: str


class FarmGross(NamedTuple):
    """A farm's money of a broadcast by the orders' payment, before refunds and without fees."""

    farm: str
    payment: Payment
    gross: int


class StandingOrders(NamedTuple):
    """The number of a broadcast's orders that are not cancelled, and of the unpaid ones of them."""

    orders: int
    unpaid: int


class PlaceMoney(NamedTuple):
    """The money of a broadcast's orders at a pick-up point, or by courier where `centre` is None.

    `goods` and `fees` are before refunds. Cancelled orders are rows of their own, and only those
    that were paid and have money left to refund.
    """

    centre: str | None
    payment: Payment
    are_cancelled: bool
    orders: int
    goods: int
    fees: int
    refunded: int


class SoldLine(NamedTuple):
    """A line of an order; `price` is per box."""

    farm: str
    offer: str
    price: int
    total: int


class GivenRefund(NamedTuple):
    """A refund, or an amount that was taken off before payment.

    `back` has the boxes that it names by offer, each `{offer, quantity}`; `offer` is the one whose
    price was mistaken. Older ones name nothing.
    """

    amount: int
    back: Sequence[Mapping[str, Any]]
    offer: str | None


class RefundedOrder(NamedTuple):
    """An order with refunds that sum up to `refunded`, its lines, and those refunds on record.

    The refunds of an older version left no record.
    """

    broadcast: str
    payment: Payment
    refunded: int
    lines: Sequence[SoldLine]
    refunds: Sequence[GivenRefund]


def by_broadcast(connection: Connection, farms: frozenset[str] | None) -> list[BroadcastSales]:
    """Return the sales of each broadcast that has some; only of these farms, if given."""
    query = (
        select(
            orders.c.broadcast,
            func.count(func.distinct(orders.c.id)),
            func.sum(order_lines.c.quantity),
            func.sum(order_lines.c.total),
            func.max(orders.c.currency),
        )
        .select_from(order_lines.join(orders, orders.c.id == order_lines.c.order))
        .where(_stands)
        .group_by(orders.c.broadcast)
    )
    if farms is not None:
        query = query.where(order_lines.c.farm.in_(farms))
    return [
        BroadcastSales(broadcast, count, int(boxes), int(gross), currency)
        for broadcast, count, boxes, gross, currency in connection.execute(query)
    ]


def by_farm(
    connection: Connection, broadcast: str, farms: frozenset[str] | None
) -> list[FarmGross]:
    """Return the sales of a broadcast by farm and payment; only of these farms, if given."""
    query = (
        select(order_lines.c.farm, orders.c.payment, func.sum(order_lines.c.total))
        .join(orders, orders.c.id == order_lines.c.order)
        .where(orders.c.broadcast == broadcast, _stands)
        .group_by(order_lines.c.farm, orders.c.payment)
    )
    if farms is not None:
        query = query.where(order_lines.c.farm.in_(farms))
    return [
        FarmGross(farm, payment, int(gross)) for farm, payment, gross in connection.execute(query)
    ]


def standing_orders(
    connection: Connection, broadcast: str, farms: frozenset[str] | None
) -> StandingOrders:
    """Count the orders of a broadcast; only those with lines of these farms, if given."""
    is_due = and_(orders.c.payment == "due", orders.c.refunded < orders.c.total)
    query = (
        select(is_due.label("is_due"), func.count())
        .where(orders.c.broadcast == broadcast, _stands)
        .group_by("is_due")
    )
    if farms is not None:
        own = select(order_lines.c.order).where(order_lines.c.farm.in_(farms))
        query = query.where(orders.c.id.in_(own))
    counts = {bool(is_due): count for is_due, count in connection.execute(query)}
    return StandingOrders(sum(counts.values()), counts.get(True, 0))


def by_place(connection: Connection, broadcast: str) -> list[PlaceMoney]:
    """Return the money of a broadcast by pick-up point and payment, cancelled orders apart."""
    is_cancelled = orders.c.state == "cancelled"
    query = (
        select(
            orders.c.centre,
            orders.c.payment,
            is_cancelled.label("is_cancelled"),
            func.count(),
            func.sum(orders.c.total - orders.c.fee),
            func.sum(orders.c.fee),
            func.sum(orders.c.refunded),
        )
        .where(orders.c.broadcast == broadcast, or_(~is_cancelled, TO_GIVE_BACK))
        .group_by(orders.c.centre, orders.c.payment, "is_cancelled")
    )
    return [
        PlaceMoney(
            centre, payment, bool(are_cancelled), count, int(goods), int(fees), int(refunded)
        )
        for centre, payment, are_cancelled, count, goods, fees, refunded in connection.execute(
            query
        )
    ]


def refunded_orders(
    connection: Connection,
    *,
    broadcast: str | None = None,
    ids: Collection[str] | None = None,
) -> Iterator[RefundedOrder]:
    """Yield the refunded orders of a broadcast, or those of these ids, or all; without undone
    refunds.
    """
    those: list[ColumnElement[bool]] = [_stands, orders.c.refunded > 0]
    if broadcast is not None:
        those.append(orders.c.broadcast == broadcast)
    if ids is not None:
        those.append(orders.c.id.in_(list(ids)))
    changes = (
        select(order_changes.c.order, order_changes.c.refund)
        .join(orders, orders.c.id == order_changes.c.order)
        .where(*those, order_changes.c.refund.is_not(None), ~order_changes.c.undone)
        .order_by(order_changes.c.order, order_changes.c.change)
    )
    refunds = defaultdict(list)
    for order, refund in connection.execute(changes):
        refunds[order].append(
            GivenRefund(refund["amount"], refund.get("back", ()), refund.get("offer"))
        )
    query = (
        select(orders.c.broadcast, orders.c.id, orders.c.payment, orders.c.refunded)
        .add_columns(order_lines.c.farm, order_lines.c.offer, order_lines.c.price)
        .add_columns(order_lines.c.total.label("line_total"))
        .join(order_lines, order_lines.c.order == orders.c.id)
        .where(*those)
        .order_by(orders.c.id, order_lines.c.line)
    )
    for order, rows in groupby(connection.execute(query), key=lambda row: row.id):
        of_order = list(rows)
        first = of_order[0]
        lines = [SoldLine(row.farm, row.offer, row.price, row.line_total) for row in of_order]
        yield RefundedOrder(first.broadcast, first.payment, first.refunded, lines, refunds[order])
