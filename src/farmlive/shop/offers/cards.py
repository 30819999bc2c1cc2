"""The cards of offers: what pages show of each, with its price, its lot and what is left.

bag.py changes the offers.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, func, select

from farmlive.origin.core.models import Farm, Lot
from farmlive.origin.origin import Origin
from farmlive.origin.stops import reasons
from farmlive.shop.core.models import Card, money
from farmlive.shop.core.tables import products, waits
from farmlive.shop.flash import views
from farmlive.shop.stock import lot_stock

_WAITING = (
    select(waits.c.offer, cast(func.sum(waits.c.quantity), BigInteger).label("quantity"))
    .where(waits.c.offer.in_(bindparam("offers", expanding=True)))
    .group_by(waits.c.offer)
)


def read_cards(connection: Connection, origin: Origin, rows: Sequence[Row[Any]]) -> list[Card]:
    """Return the cards of these offers, with eight queries for any number of them."""
    origins = origin.cards(connection, [row.lot for row in rows])
    query = select(products).where(products.c.id.in_({row.product for row in rows}))
    sold = {row.id: row for row in connection.execute(query)}
    taken = lot_stock.of_lots(connection, {row.lot for row in rows})
    stopped = origin.card_stops(connection, taken)
    ids = [row.id for row in rows]
    batches = views.read_for_cards(connection, ids)
    found = connection.execute(_WAITING, {"offers": ids})
    waiting = {row.offer: row.quantity for row in found}
    return [
        _card(
            row,
            sold[row.product],
            *origins[row.lot],
            taken[row.lot],
            stopped.get(row.lot, reasons.NEVER_STOPPED),
            waiting.get(row.id, 0),
            batches.get(row.id),
        )
        for row in rows
    ]


def _card(
    offer: Row[Any],
    product: Row[Any],
    lot: Lot,
    farm: Farm,
    taken: lot_stock.LotStock,
    stop: reasons.CardStop,
    waiting: int,
    flash: Row[Any] | None,
) -> Card:
    free = offer.released - offer.sold - offer.held - offer.kept
    return Card.model_validate(
        {
            "id": offer.id,
            "position": offer.position,
            "name": product.name,
            "unit": product.unit,
            "net_weight_g": product.net_weight_g,
            "price": money(offer.price, offer.currency),
            "list_price": money(offer.list_price, offer.currency) if offer.list_price else None,
            "picture": product.picture,
            "gtin": product.gtin or lot.gtin,
            "lot": {
                "id": lot.id,
                "code": lot.code,
                "url": lot.url,
                "harvested_at": lot.harvested_at,
                "tested": lot.tested,
                "stopped": [reason.model_dump(exclude_none=True) for reason in stop.reasons],
                "lifted": stop.lift.model_dump() if stop.lift and not stop.reasons else None,
                "harvested_g": lot.quantity_g,
                "wasted_g": taken.wasted_g,
                "sold_g": taken.sold_g,
                "left_g": taken.left_g,
                "farm": {"id": farm.id, "name": farm.name, "place": farm.place},
            },
            "released": offer.released,
            "sold": offer.sold,
            "held": offer.held,
            "kept": offer.kept,
            "left": min(free, taken.left_g // product.net_weight_g),
            "waiting": waiting,
            "flash": flash and views.on_card(flash, offer.currency),
        }
    )
