"""Lists the orders and holds of a lot, for staff who recall a stopped lot. Read-only.

bulk_actions.py and orders.py change the orders.
"""

from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Row,
    String,
    Text,
    bindparam,
    case,
    cast,
    func,
    select,
    tuple_,
)

from farmlive.edge.paging import PageQuery
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.problems import Forbidden
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.tables import holds
from farmlive.shop.orders import order_view
from farmlive.shop.orders.lot_models import LotHold, LotOrder, LotOrders
from farmlive.store import Store

# Shipped boxes first: they are on the way, or eaten.
_RANKS = {"shipped": 0, "received": 1, "at_centre": 2, "packed": 3, "placed": 4}
_CALLED_OFF = 5
_rank = case(_RANKS, value=orders.c.state, else_=_CALLED_OFF)
_boxes = func.sum(order_lines.c.quantity - order_lines.c.returned)
_HAVING = (
    select(orders.c.id, _rank.label("rank"), _boxes.label("boxes"))
    .join(order_lines, order_lines.c.order == orders.c.id)
    .where(
        order_lines.c.lot == bindparam("lot"),
        # Cancelled orders with money to refund are listed too.
        (orders.c.state != "cancelled") | orders.c.payment.in_(("paid", "part_refunded")),
        tuple_(_rank, orders.c.id)
        > tuple_(bindparam("rank", type_=Integer), bindparam("id", type_=String)),
    )
    .group_by(orders.c.id, orders.c.state)
    .having(_boxes > 0)
    .order_by(_rank, orders.c.id)
    .limit(bindparam("most"))
)
# The id of a lot occurs in the JSON lines of a hold that has boxes of it.
_HELD = (
    select(holds)
    .where(cast(holds.c.lines, Text).contains(bindparam("lot")))
    .order_by(holds.c.until_at, holds.c.id)
)


class LotOrdersList:
    """Lists the orders and holds of a lot."""

    def __init__(self, store: Store, origin: Origin):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._origin = origin

    async def of_lot(self, caller: Caller, lot: str, page: PageQuery | None = None) -> LotOrders:
        """List the orders with boxes of the lot, shipped ones first.

        The first page has the holds too. Raises Forbidden, UnknownLot, Invalid.
        """
        if not caller.is_staff:
            raise Forbidden("Coordinators and hosts read who ordered a lot.")
        page = page or PageQuery()
        rank, last = page.after or (-1, "")

        def read(connection: Connection) -> LotOrders:
            found, _ = self._origin.card(connection, lot)
            stop = self._origin.card_stops(connection, [lot]).get(lot)
            named = {"lot": lot, "rank": rank, "id": last, "most": page.fetch_limit}
            having = connection.execute(_HAVING, named).all()
            listed, following = page.take(having, lambda each: (each.rank, each.id))
            rows = {
                row.id: row
                for row in connection.execute(
                    select(orders).where(orders.c.id.in_([each.id for each in listed]))
                )
            }
            wanted = order_view.orders(
                connection, self._origin, self._links, [rows[each.id] for each in listed], caller
            )
            held = () if page.after else connection.execute(_HELD, {"lot": lot}).all()
            return LotOrders(
                lot=found,
                reasons=list(stop.reasons) if stop else [],
                orders=[
                    LotOrder.of(order, int(each.boxes))
                    for order, each in zip(wanted, listed, strict=True)
                ],
                holds=[_hold(row, lot) for row in held],
                next=following,
            )

        return await self._store.read(read)


def _hold(row: Row[Any], lot: str) -> LotHold:
    boxes = sum(line["quantity"] for line in row.lines if line["lot"] == lot)
    return LotHold(id=row.id, broadcast=row.broadcast, boxes=boxes, until=row.until_at)
