"""Queries of a broadcast's bag and of the pick-up points, for reports."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from farmlive.origin.core.lot_facts import is_stopped
from farmlive.shop.core.tables import centres, offers, products


class OfferStock(NamedTuple):
    """An offer's stock in boxes, each of `net_weight_g`; `free` ones are neither sold nor held."""

    offer: str
    lot: str
    released: int
    free: int
    net_weight_g: int


class PickupPoint(NamedTuple):
    """A pick-up point's name and postal address, by language."""

    name: dict[str, Any]
    postal_address: dict[str, Any]


def offer_stock(connection: Connection, broadcast: str) -> list[OfferStock]:
    """Return the stock of the broadcast's offers."""
    query = (
        select(
            offers.c.id,
            offers.c.lot,
            offers.c.released,
            offers.c.released - offers.c.sold - offers.c.held,
            products.c.net_weight_g,
        )
        .join(products, products.c.id == offers.c.product)
        .where(offers.c.broadcast == broadcast)
    )
    return [OfferStock(*row) for row in connection.execute(query)]


def stopped_offers(connection: Connection, broadcast: str) -> frozenset[str]:
    """Return the broadcast's offers whose lot is stopped."""
    query = select(offers.c.id).where(offers.c.broadcast == broadcast, is_stopped(offers.c.lot))
    return frozenset(connection.execute(query).scalars())


def with_offers(connection: Connection, farms: frozenset[str] | None) -> list[str]:
    """Return the broadcasts that have offers; only offers of these farms, if given."""
    query = select(offers.c.broadcast).distinct()
    if farms is not None:
        query = query.where(offers.c.farm.in_(farms))
    return list(connection.execute(query).scalars())


def pickup_points(connection: Connection) -> dict[str, PickupPoint]:
    """Return all pick-up points, by id."""
    query = select(centres.c.id, centres.c.name, centres.c.address)
    return {
        centre: PickupPoint(name, address) for centre, name, address in connection.execute(query)
    }
