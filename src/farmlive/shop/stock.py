"""Stock: the one statement that moves it, and what is told of it.

Always: released = sold + held + left, and left is never below zero. What moves it, and why, is
the till's, the holds', the orders' and the bag's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, bindparam, cast, func, select, update

from farmlive.broadcast.log import PUBLIC, Entry
from farmlive.shop.problems import SoldOut
from farmlive.shop.tables import holds, offers, products

_other = offers.alias("other")
_boxed = products.alias("boxed")
# Packing aside: what was sold of the lot by every offer that draws on it.
_LOT_SOLD = (
    select(cast(func.coalesce(func.sum(_other.c.sold * _boxed.c.net_weight_g), 0), BigInteger))
    .select_from(_other.join(_boxed, _boxed.c.id == _other.c.product))
    .where(_other.c.lot == offers.c.lot)
    .scalar_subquery()
)
_ON_OFFER = (
    select(
        offers.c.id,
        offers.c.lot,
        offers.c.farm,
        offers.c.price,
        offers.c.currency,
        offers.c.released,
        offers.c.sold,
        offers.c.held,
        products.c.net_weight_g,
        _LOT_SOLD.label("lot_sold_g"),
        holds.c.id.label("hold"),
        holds.c.lines.label("hold_lines"),
        holds.c.held_at,
        holds.c.until_at,
    )
    .select_from(
        offers.join(products, products.c.id == offers.c.product).outerjoin(
            holds,
            (holds.c.broadcast == offers.c.broadcast) & (holds.c.device == bindparam("device")),
        )
    )
    .where(
        offers.c.broadcast == bindparam("broadcast"),
        offers.c.id.in_(bindparam("offers", expanding=True)),
    )
)
_SOLD_OF_LOTS = (
    select(
        offers.c.lot,
        cast(func.sum(offers.c.sold * products.c.net_weight_g), BigInteger).label("sold_g"),
    )
    .join(products, products.c.id == offers.c.product)
    .where(offers.c.lot.in_(bindparam("lots", expanding=True)))
    .group_by(offers.c.lot)
)
# Whatever was read before: nothing is sold or held that is not there.
_MOVE = (
    update(offers)
    .where(
        offers.c.id == bindparam("offer"),
        offers.c.released - offers.c.sold - offers.c.held
        >= bindparam("sell") + bindparam("hold") - bindparam("release"),
    )
    .values(
        released=offers.c.released + bindparam("release"),
        sold=offers.c.sold + bindparam("sell"),
        held=offers.c.held + bindparam("hold"),
    )
    .returning(offers.c.released, offers.c.sold, offers.c.held)
)

Offer = Row[*tuple[Any, ...]]


@dataclass(slots=True)
class Move:
    """By how much an offer's stock changes; below zero it goes back."""

    sell: int = 0
    hold: int = 0
    release: int = 0


def on_offer(
    connection: Connection, broadcast: str, wanted: Iterable[str], device: str = ""
) -> dict[str, Offer]:
    """The broadcast's offers of these ids, with what was sold of their lots; by id.

    With `device` each also carries that device's hold in the broadcast, whatever it holds.
    """
    named = {"broadcast": broadcast, "offers": list(wanted), "device": device}
    return {row.id: row for row in connection.execute(_ON_OFFER, named)}


def sold_of_lots(connection: Connection, lots: Iterable[str]) -> dict[str, int]:
    """Grams sold of each of these lots that is on offer anywhere."""
    found = connection.execute(_SOLD_OF_LOTS, {"lots": list(lots)})
    return {row.lot: row.sold_g for row in found}


def move(
    connection: Connection, moves: Mapping[str, Move], known: Mapping[str, Offer]
) -> list[dict[str, Any]]:
    """Move the stock of these offers, all or none, and return a `stock.changed` of each.

    In one order for all, so that no two deadlock. `known` is what `on_offer` read of them in
    this transaction. Raises SoldOut, after which the caller's changes are undone.
    """
    moved = []
    sold_g: dict[str, int] = {}
    for offer in sorted(moves):
        by = moves[offer]
        if not (by.sell or by.hold or by.release):
            continue
        row = connection.execute(
            _MOVE, {"offer": offer, "sell": by.sell, "hold": by.hold, "release": by.release}
        ).one_or_none()
        if row is None:
            raise SoldOut([{"offer": offer, "left": 0}])
        facts = known[offer]
        before = sold_g.get(facts.lot, facts.lot_sold_g)
        sold_g[facts.lot] = before + by.sell * facts.net_weight_g
        moved.append((offer, row, facts.lot))
    return [
        {
            "offer": offer,
            "released": row.released,
            "left": row.released - row.sold - row.held,
            "sold": row.sold,
            "held": row.held,
            "lot": lot,
            "lot_sold_g": sold_g[lot],
        }
        for offer, row, lot in moved
    ]


def entries(moved: Iterable[dict[str, Any]]) -> list[Entry]:
    """What is written of stock that has moved."""
    return [Entry("stock.changed", [PUBLIC], changed) for changed in moved]
