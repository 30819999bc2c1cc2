"""Prices of offers through time, and the rule of the price that a buyer saw.

A line is taken at the price that its buyer saw if that is the price of now, the price at which
the buyer holds so many, or one that ended only seconds ago; else the buyer is asked again.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from farmlive.shop.order_models import OrderLine
from farmlive.shop.problems import PriceChanged
from farmlive.shop.stock import Offer
from farmlive.shop.tables import offer_prices
from farmlive.store import hot

_END = (
    update(offer_prices)
    .where(offer_prices.c.offer == bindparam("of"), offer_prices.c.until_at.is_(None))
    .values(until_at=bindparam("now"))
)
# A wrong price has no grace.
_LATELY = hot(
    select(offer_prices.c.offer, offer_prices.c.price).where(
        offer_prices.c.offer.in_(bindparam("offers", expanding=True)),
        offer_prices.c.until_at > bindparam("since"),
        offer_prices.c.corrected_at.is_(None),
    )
)
_BEFORE = (
    select(offer_prices.c.price)
    .where(
        offer_prices.c.offer == bindparam("of"),
        offer_prices.c.price != bindparam("price"),
        offer_prices.c.until_at.is_not(None),
        offer_prices.c.corrected_at.is_(None),
    )
    .order_by(offer_prices.c.id.desc())
    .limit(1)
)
_AFTER = (
    select(offer_prices.c.price)
    .where(offer_prices.c.offer == bindparam("of"), offer_prices.c.id > bindparam("wrong"))
    .order_by(offer_prices.c.id)
    .limit(1)
)


def begin(connection: Connection, offer: str, price: int, now: int) -> None:
    """Keep that the offer costs so much from now on."""
    connection.execute(_END, {"of": offer, "now": now})
    connection.execute(
        insert(offer_prices), {"offer": offer, "price": price, "from_at": now, "until_at": None}
    )


def before(connection: Connection, offer: str, price: int) -> int | None:
    """What the offer cost before it cost `price`, mistakes aside; None where nothing else."""
    found: int | None = connection.execute(_BEFORE, {"of": offer, "price": price}).scalar()
    return found


def correct(connection: Connection, offer: str, price: int, now: int) -> None:
    """Keep that the price of now was a mistake, and that this one is right from now on."""
    connection.execute(_END.values(corrected_at=now), {"of": offer, "now": now})
    begin(connection, offer, price, now)


def after(connection: Connection, wrong: Row[Any]) -> int:
    """The price to which this mistaken one was put right."""
    named = {"of": wrong.offer, "wrong": wrong.id}
    price: int = connection.execute(_AFTER, named).scalar_one()
    return price


def check(
    connection: Connection,
    lines: Sequence[OrderLine],
    known: Mapping[str, Offer],
    held: Mapping[str, dict[str, Any]],
    since: int,
    running: Collection[str] = (),
) -> bool:
    """Raise PriceChanged where a line's price is none that its buyer may have.

    `held` are the lines of the buyer's hold by offer, `running` the offers whose lines have the
    price of the flash batch that runs; a price that ended after `since` still counts. True where
    a line has its price by the hold alone.
    """
    by_hold = False
    others = []
    for line in lines:
        if line.price == known[line.offer].price or line.offer in running:
            continue
        kept = held.get(line.offer)
        if kept is not None and kept["price"] == line.price and line.quantity <= kept["quantity"]:
            by_hold = True
            continue
        others.append(line)
    if others:
        named = {"offers": [line.offer for line in others], "since": since}
        lately = {(row.offer, row.price) for row in connection.execute(_LATELY, named)}
        changed = [line for line in others if (line.offer, line.price) not in lately]
        if changed:
            raise PriceChanged(
                [
                    {"offer": line.offer, "price": known[line.offer].price, "seen": line.price}
                    for line in changed
                ]
            )
    return by_hold
