"""Flash batches: so many boxes of an offer at a price of their own, for a time of their own.

Selling their boxes is the till's, keeping them for a buyer the holds'.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from farmlive.shop.models import money
from farmlive.shop.tables import flashes

_ON_CARDS = select(flashes).where(
    flashes.c.offer.in_(bindparam("offers", expanding=True)),
    flashes.c.state.in_(("planned", "running")),
)


def on_cards(connection: Connection, offers: Iterable[str]) -> dict[str, Row[Any]]:
    """The batch that is planned or runs of each of these offers that has one."""
    found = connection.execute(_ON_CARDS, {"offers": list(offers)})
    return {row.offer: row for row in found}


def told(row: Row[Any], currency: str) -> dict[str, Any]:
    """A batch as its events tell it, but for its offer."""
    return {
        "flash": row.id,
        "price": money(row.price, currency),
        "boxes": row.boxes,
        "per_buyer": row.per_buyer,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }
