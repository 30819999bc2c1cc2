"""Reads the stock of offers and of their lots, which a transaction needs before it moves any.

stock.py moves it.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, bindparam, select

from farmlive.origin.core.tables import lots
from farmlive.shop.core.tables import flashes, lot_stock, offers, products
from farmlive.store import hot, tally

_ON_OFFER = hot(
    select(
        offers.c.id,
        offers.c.broadcast,
        offers.c.lot,
        offers.c.farm,
        offers.c.price,
        offers.c.currency,
        offers.c.released,
        offers.c.sold,
        offers.c.held,
        offers.c.kept,
        offers.c.held_new,
        offers.c.rush_at,
        offers.c.rush_boxes,
        offers.c.rush_before,
        offers.c.proof_from,
        offers.c.proof_until,
        products.c.net_weight_g,
        lot_stock.c.sold_g.label("lot_sold_g"),
        lot_stock.c.held_new_g.label("lot_held_new_g"),
        (lots.c.quantity_g - lots.c.wasted_g - lot_stock.c.sold_g - lot_stock.c.held_g).label(
            "lot_left_g"
        ),
        (lots.c.stopped_at.is_not(None) | lots.c.missing.is_not(None)).label("lot_stopped"),
        # The running flash batch, if any.
        flashes.c.id.label("flash"),
        flashes.c.price.label("flash_price"),
        flashes.c.boxes.label("flash_boxes"),
        flashes.c.sold.label("flash_sold"),
        flashes.c.held_new.label("flash_held_new"),
        flashes.c.per_buyer,
        flashes.c.ends_at,
    )
    .select_from(
        offers.join(products, products.c.id == offers.c.product)
        .join(lots, lots.c.id == offers.c.lot)
        .join(lot_stock, lot_stock.c.lot == offers.c.lot)
        .outerjoin(flashes, (flashes.c.offer == offers.c.id) & (flashes.c.state == "running"))
    )
    .where(
        offers.c.broadcast == bindparam("broadcast"),
        offers.c.id.in_(bindparam("offers", expanding=True)),
    )
)
OfferRow = Row[*tuple[Any, ...]]
"""An offer with its weights, its lot's stock and its running flash batch."""


class LotColumns(NamedTuple):
    """The lot's columns in an offer's row."""

    lot_sold_g: int
    lot_left_g: int
    lot_held_new_g: int


def read_offers(
    connection: Connection, broadcast: str, wanted: Iterable[str]
) -> dict[str, OfferRow]:
    """Return the broadcast's offers with these ids, with what is taken of their lots; by id."""
    return request_offers(connection, broadcast, wanted)()


def request_offers(
    connection: Connection, broadcast: str, wanted: Iterable[str]
) -> Callable[[], dict[str, OfferRow]]:
    """Send the query of `read_offers` now and return a function that reads its result, so that the
    caller can send other queries in the same pipeline.

    Rows that this transaction already knows are not queried again.
    """
    wanted = list(wanted)
    counted = tally(connection)
    unknown = [offer for offer in wanted if counted.known(offer) is None]
    asked: Iterable[OfferRow] = ()
    if unknown:
        asked = connection.execute(_ON_OFFER, {"broadcast": broadcast, "offers": unknown})

    def told() -> dict[str, OfferRow]:
        for row in asked:
            counted.know(row.id, row)
            if counted.known(row.lot) is None:
                counted.know(
                    row.lot, LotColumns(row.lot_sold_g, row.lot_left_g, row.lot_held_new_g)
                )
        return {
            offer: with_columns(row, **counted.known(row.lot)._asdict())
            for offer in wanted
            if (row := counted.known(offer)) is not None and row.broadcast == broadcast
        }

    return told


def with_columns(row: OfferRow, **numbers: int) -> OfferRow:
    """Return the row with changed columns."""
    return cast(OfferRow, cast(Any, row)._replace(**numbers))


def left(row: OfferRow) -> int:
    """Return how many boxes are available: released ones, at most what the lot holds."""
    free: int = row.released - row.sold - row.held - row.kept
    of_lot: int = row.lot_left_g // row.net_weight_g
    return max(0, min(free, of_lot))
