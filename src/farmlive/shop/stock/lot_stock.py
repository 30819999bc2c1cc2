"""The stock of lots: what is sold, held and left of each, over all its offers in any broadcast.

stock.py moves it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from farmlive.origin.core.tables import lots
from farmlive.shop.core.problems import LotSpent
from farmlive.shop.core.tables import lot_stock
from farmlive.store import hot

_OF_LOTS = hot(
    select(
        lots.c.id,
        lots.c.quantity_g,
        lots.c.wasted_g,
        func.coalesce(lot_stock.c.sold_g, 0).label("sold_g"),
        func.coalesce(lot_stock.c.held_g, 0).label("held_g"),
        lot_stock.c.lot,
    )
    .outerjoin(lot_stock, lot_stock.c.lot == lots.c.id)
    .where(lots.c.id.in_(bindparam("lots", expanding=True))),
    counted=True,
)
_SHARE = insert(lot_stock)


class LotStock(NamedTuple):
    """A lot's stock in net grams; `left_g` can still be sold."""

    quantity_g: int
    wasted_g: int
    sold_g: int
    held_g: int
    left_g: int


def of_lots(connection: Connection, wanted: Iterable[str]) -> dict[str, LotStock]:
    """Return the stock of these lots, over all their offers in any broadcast."""
    found = connection.execute(_OF_LOTS, {"lots": list(wanted)})
    return {row.id: _lot_stock(row) for row in found}


def add_offer(connection: Connection, lot: str, offer: str, released_g: int) -> None:
    """Add an offer to its lot's stock when it is created. Raises LotSpent if too little is left."""
    row = connection.execute(_OF_LOTS, {"lots": [lot]}).one()
    if row.lot is None:
        connection.execute(_SHARE, {"lot": lot, "sold_g": 0, "held_g": 0, "held_new_g": 0})
    left_g = _lot_stock(row).left_g
    if released_g > left_g:
        raise not_released(lot, left_g, offer, 0)


def _lot_stock(row: Row[*tuple[Any, ...]]) -> LotStock:
    left_g = max(0, row.quantity_g - row.wasted_g - row.sold_g - row.held_g)
    return LotStock(row.quantity_g, row.wasted_g, row.sold_g, row.held_g, left_g)


def not_released(lot: str, left_g: int, offer: str, left: int) -> LotSpent:
    """Return the problem for an offer that can't release this much of its lot."""
    return LotSpent(
        lot,
        left_g,
        [{"offer": offer, "left": left}],
        "Nothing was released: the lot does not hold so much. Release no more than what of it "
        "is neither sold nor held, or offer another lot.",
    )
