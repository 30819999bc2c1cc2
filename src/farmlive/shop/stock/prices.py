"""The history of offers' prices, and the rule for the price that a buyer saw.

A line's price is accepted if it is the current one, the one of the buyer's hold, or one that ended
within the grace time; otherwise PriceChanged asks the buyer again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

from farmlive.broadcast.events import Line
from farmlive.shop.core.checkout_models import OrderLine
from farmlive.shop.core.problems import PriceChanged
from farmlive.shop.core.tables import flashes, offer_prices
from farmlive.shop.stock.offer_rows import OfferRow
from farmlive.store import hot

_END = (
    update(offer_prices)
    .where(offer_prices.c.offer == bindparam("of"), offer_prices.c.until_at.is_(None))
    .values(until_at=bindparam("now"))
)
_nothing: ColumnElement[Any] = literal_column("NULL")
# Prices that a buyer may have seen: those that ended lately and were no mistakes; and ended flash
# batches, which are not accepted but explained in the problem.
_SEEN = hot(
    union_all(
        select(
            offer_prices.c.offer,
            offer_prices.c.price,
            _nothing.label("flash"),
            _nothing.label("why"),
            _nothing.label("ended_at"),
        ).where(
            offer_prices.c.offer.in_(bindparam("offers", expanding=True)),
            offer_prices.c.until_at > bindparam("since"),
            offer_prices.c.corrected_at.is_(None),
        ),
        select(
            flashes.c.offer, flashes.c.price, flashes.c.id, flashes.c.why, flashes.c.ended_at
        ).where(
            flashes.c.offer.in_(bindparam("offers", expanding=True)), flashes.c.state == "ended"
        ),
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
_ALL = (
    select(offer_prices).where(offer_prices.c.offer == bindparam("of")).order_by(offer_prices.c.id)
)


def set_price(connection: Connection, offer: str, price: int, now: int) -> None:
    """Store the offer's price from now on, and end the current one."""
    connection.execute(_END, {"of": offer, "now": now})
    connection.execute(
        insert(offer_prices), {"offer": offer, "price": price, "from_at": now, "until_at": None}
    )


def price_before(connection: Connection, offer: str, price: int) -> int | None:
    """Return the offer's last price other than `price`, without mistakes; None if there is none."""
    found: int | None = connection.execute(_BEFORE, {"of": offer, "price": price}).scalar()
    return found


def correct_price(connection: Connection, offer: str, price: int, now: int) -> None:
    """Mark the current price as a mistake, and store the right one from now on."""
    connection.execute(_END.values(corrected_at=now), {"of": offer, "now": now})
    set_price(connection, offer, price, now)


def price_history(connection: Connection, offer: str) -> Sequence[Row[Any]]:
    """Return the offer's prices in order of time; the last one is current."""
    return connection.execute(_ALL, {"of": offer}).all()


def right_price(later: Iterable[Row[Any]]) -> int:
    """Return the first price that was no mistake, of those after a mistaken one."""
    price: int = next(row.price for row in later if row.corrected_at is None)
    return price


def check(
    connection: Connection,
    lines: Sequence[OrderLine],
    known: Mapping[str, OfferRow],
    held: Mapping[str, Line],
    since: int,
    running: Collection[str] = (),
) -> bool:
    """Raise PriceChanged where a line has a price that is not accepted.

    `held` are the lines of the buyer's hold by offer, `running` the offers whose lines have the
    price of the running flash batch; prices that ended after `since` are accepted. Returns True
    where a line has its price only by the hold.
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
        seen = connection.execute(_SEEN, named).all()
        lately = {(row.offer, row.price) for row in seen if row.flash is None}
        changed = [line for line in others if (line.offer, line.price) not in lately]
        if changed:
            raise PriceChanged([_changed(line, known[line.offer].price, seen) for line in changed])
    return by_hold


def _changed(line: OrderLine, price: int, seen: Iterable[Row[Any]]) -> dict[str, Any]:
    """Return the problem's entry for a line, with its flash batch if it has an ended batch's
    price.
    """
    told = {"offer": line.offer, "price": price, "seen": line.price}
    over = [row for row in seen if row.flash and (row.offer, row.price) == (line.offer, line.price)]
    if over:
        last = max(over, key=lambda row: row.ended_at)
        told["flash"] = {"id": last.flash, "why": last.why, "ended_at": last.ended_at}
    return told
