"""Reports sales to origin: how much of a lot is sold and held when a harvest is corrected or
part of it thrown away; and the `stock.changed` events that follow from such a change.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from farmlive.broadcast import events
from farmlive.broadcast.log import Log
from farmlive.origin.lots.balance import Taken
from farmlive.shop.core.tables import offers
from farmlive.shop.stock import lot_stock, offer_rows, stock

# One offer per broadcast: the event's lot fields apply to all its cards of the lot.
_DRAWING = (
    select(offers.c.broadcast, func.min(offers.c.id).label("offer"))
    .group_by(offers.c.broadcast)
    .order_by(offers.c.broadcast)
)


class LotSales:
    """Implements `farmlive.origin.lots.balance.Sales`.

    `allocate_returned` is `Allocation`'s: available boxes go to the waiting list first.
    """

    def __init__(self, log: Log, *, allocate_returned: stock.AllocateReturned):
        self._log = log
        self._allocate_returned = allocate_returned

    def stock_of(self, connection: Connection, lots: Iterable[str]) -> dict[str, Taken]:
        """Return what is sold and held of these lots."""
        return {
            lot: Taken(of_lot.sold_g, of_lot.held_g)
            for lot, of_lot in lot_stock.of_lots(connection, lots).items()
        }

    def append_stock(self, connection: Connection, lot: str) -> None:
        """Append the lot's new stock to each broadcast that sells it and has not ended."""
        for broadcast, offer in connection.execute(_DRAWING.where(offers.c.lot == lot)).all():
            if self._log.head(connection, broadcast).state == "ended":
                continue
            of_lot = lot_stock.of_lots(connection, [lot])[lot]
            moved = unchanged_stock(connection, broadcast, offer, of_lot)
            after = self._allocate_returned(connection, broadcast, [moved])
            changed = events.LotChanged(
                lot=lot, harvested_g=of_lot.quantity_g, wasted_g=of_lot.wasted_g
            )
            self._log.append_all(connection, broadcast, [changed, *after])


def unchanged_stock(
    connection: Connection, broadcast: str, offer: str, of_lot: lot_stock.LotStock
) -> events.StockChanged:
    """Return the `stock.changed` of an offer that did not move itself, while its lot did."""
    row = offer_rows.read_offers(connection, broadcast, [offer])[offer]
    return events.StockChanged(
        offer=offer,
        released=row.released,
        sold=row.sold,
        held=row.held,
        kept=row.kept,
        left=row.released - row.sold - row.held - row.kept,
        lot=row.lot,
        lot_sold_g=of_lot.sold_g,
        lot_left_g=of_lot.left_g,
    )
