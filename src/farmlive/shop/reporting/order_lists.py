"""Queries of a broadcast's current orders with their lines, for work lists and sheets."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from farmlive.broadcast.events.trade import Payment, State
from farmlive.shop.core.fields import Way
from farmlive.shop.core.order_tables import order_lines, orders


class PickedBoxes(NamedTuple):
    """Boxes of an offer in orders of one state, without those that were put back."""

    offer: str
    farm: str
    state: State
    boxes: int


class ListedLine(NamedTuple):
    """A line of an order; `price` is per box, `returned` boxes were put back into stock.

    Money is in minor units.
    """

    offer: str
    quantity: int
    returned: int
    price: int
    total: int
    flash: str | None

    @property
    def boxes(self) -> int:
        """The boxes that are still the buyer's."""
        return self.quantity - self.returned


class OrderFields(NamedTuple):
    """An order in a list, without its lines.

    Money is in minor units, times are in UTC milliseconds. `person_gone_at` is when the buyer's
    data was removed; `region` a GB/T 2260 code.
    """

    id: str
    number: int
    state: State
    payment: Payment
    way: Way
    centre: str | None
    buyer_name: str
    buyer_phone: str
    address: str | None
    region: str | None
    total: int
    fee: int
    refunded: int
    simulated: bool
    placed_at: int
    person_gone_at: int | None

    @property
    def to_collect(self) -> int:
        """Return the amount still due for goods and fee; 0 for a cancelled order."""
        is_due = self.payment == "due" and self.state != "cancelled"
        return self.total - self.refunded if is_due else 0


class ListedOrder(NamedTuple):
    """An order with its lines, or with some farms' lines."""

    order: OrderFields
    lines: Sequence[ListedLine]


_FIELDS = tuple(orders.c[name] for name in OrderFields._fields)
_LINE = tuple(order_lines.c[name] for name in ListedLine._fields)


def picked(
    connection: Connection, broadcast: str, farms: frozenset[str] | None
) -> list[PickedBoxes]:
    """Return the boxes of the broadcast's orders that are not cancelled, by offer and state.

    Only those of these farms, if given.
    """
    query = (
        select(
            order_lines.c.offer,
            order_lines.c.farm,
            orders.c.state,
            func.sum(order_lines.c.quantity - order_lines.c.returned),
        )
        .join(orders, orders.c.id == order_lines.c.order)
        .where(orders.c.broadcast == broadcast, orders.c.state != "cancelled")
        .group_by(order_lines.c.offer, order_lines.c.farm, orders.c.state)
    )
    if farms is not None:
        query = query.where(order_lines.c.farm.in_(farms))
    return [
        PickedBoxes(offer, farm, state, int(boxes))
        for offer, farm, state, boxes in connection.execute(query)
    ]


def with_lines(
    connection: Connection,
    broadcast: str,
    *,
    way: Way | None = None,
    farms: frozenset[str] | None = None,
) -> list[ListedOrder]:
    """Return the broadcast's orders by number, each with its lines.

    Of one `way` of delivery those that are not cancelled, otherwise all; only lines of `farms`, if
    given, and the orders that have some.
    """
    found = select(*_FIELDS).where(orders.c.broadcast == broadcast).order_by(orders.c.number)
    lines = (
        select(order_lines.c.order, *_LINE)
        .join(orders, orders.c.id == order_lines.c.order)
        .where(orders.c.broadcast == broadcast)
        .order_by(orders.c.number, order_lines.c.line)
    )
    if way is not None:
        found = found.where(orders.c.way == way, orders.c.state != "cancelled")
        lines = lines.where(orders.c.way == way, orders.c.state != "cancelled")
    if farms is not None:
        lines = lines.where(order_lines.c.farm.in_(farms))
    of_order: dict[str, list[ListedLine]] = {}
    fields = [OrderFields(*row) for row in connection.execute(found)]
    for order, *line in connection.execute(lines):
        of_order.setdefault(order, []).append(ListedLine(*line))
    return [ListedOrder(each, of_order[each.id]) for each in fields if each.id in of_order]
