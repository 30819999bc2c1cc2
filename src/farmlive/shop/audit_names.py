"""Display names for the ids in the audit list: orders, offers, lots, farms, plots, products,
pick-up points and broadcasts.

For coordinators only, who may see all of these; it names no buyer.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Column, Connection, select

from farmlive.broadcast.log import read_titles
from farmlive.origin.core import lot_facts
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.tables import centres, flashes, offers, products

Kind = Literal["broadcast", "centre", "farm", "lot", "offer", "order", "plot", "product"]

# Ids in one query.
IDS_PER_QUERY = 500


@dataclass(frozen=True)
class NamedObject:
    """The object behind an id.

    `name` is bilingual, for an order its number; `code` is a lot's; `within` is the id of the
    broadcast of an offer or an order, or of the farm of a plot.
    """

    kind: Kind
    name: dict[str, str] | str
    within: str | None = None
    code: str = ""


def look_up(connection: Connection, ids: Collection[str]) -> dict[str, NamedObject]:
    """Return the known ones of these ids. A flash batch has the name of its offer."""
    wanted = sorted(ids)
    return {
        identity: thing
        for first in range(0, len(wanted), IDS_PER_QUERY)
        for identity, thing in _some(connection, wanted[first : first + IDS_PER_QUERY])
    }


def _some(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, NamedObject]]:
    def rows(identity: Column[Any], *columns: Column[Any]) -> Sequence[Any]:
        return connection.execute(select(identity, *columns).where(identity.in_(ids))).all()

    for identity, title in read_titles(connection, ids).items():
        yield identity, NamedObject("broadcast", title.model_dump())
    for identity, named in lot_facts.names(connection, ids).items():
        yield identity, NamedObject(named.kind, named.name, within=named.farm, code=named.code)
    for identity, name in rows(centres.c.id, centres.c.name):
        yield identity, NamedObject("centre", name)
    for identity, name in rows(products.c.id, products.c.name):
        yield identity, NamedObject("product", name)
    for identity, number, broadcast in rows(orders.c.id, orders.c.number, orders.c.broadcast):
        yield identity, NamedObject("order", order_number(number), within=broadcast)
    of_offers = select(offers.c.id, offers.c.broadcast, products.c.name).join(
        products, products.c.id == offers.c.product
    )
    for identity, broadcast, name in connection.execute(of_offers.where(offers.c.id.in_(ids))):
        yield identity, NamedObject("offer", name, within=broadcast)
    of_flashes = (
        select(flashes.c.id, flashes.c.broadcast, products.c.name)
        .join(offers, offers.c.id == flashes.c.offer)
        .join(products, products.c.id == offers.c.product)
    )
    for identity, broadcast, name in connection.execute(of_flashes.where(flashes.c.id.in_(ids))):
        yield identity, NamedObject("offer", name, within=broadcast)
