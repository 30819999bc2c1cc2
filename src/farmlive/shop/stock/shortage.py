"""Explains a shortage: how many boxes are left and held, when held ones may be free again, and when
the last one was sold.
"""

from typing import Any

from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    select,
)

from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.tables import holds
from farmlive.store import hot

# How many of the latest orders are searched for the offer's last sale.
LATEST = 100
# How many of the holds that end next are searched for the offer.
SOONEST = 200

_latest = (
    select(orders.c.id, orders.c.placed_at)
    .where(orders.c.broadcast == bindparam("broadcast"))
    .order_by(orders.c.number.desc())
    .limit(LATEST)
    .subquery()
)
# A subquery per order: for a join the database might read all lines of the offer, for each refusal.
_had_some = (
    select(func.max(case((order_lines.c.offer == bindparam("offer"), 1), else_=0)))
    .where(order_lines.c.order == _latest.c.id)
    .correlate(_latest)
    .scalar_subquery()
)
_SOLD_AT = hot(
    select(func.max(_latest.c.placed_at).label("at"))
    .select_from(_latest)
    .where(_had_some == literal_column("1"))
)
# Over all broadcasts; a limit, since a refusal in a rush should not read thousands of holds.
_soonest = (
    select(
        holds.c.id, holds.c.broadcast, holds.c.until_at, cast(holds.c.lines, Text).label("lines")
    )
    .order_by(holds.c.until_at)
    .limit(SOONEST)
    .subquery()
)
# Search the JSON text: the id of an offer or a flash batch occurs in a hold's lines only if it is
# held.
_lines = _soonest.c.lines
_back_at = select(func.min(_soonest.c.until_at).label("at")).where(
    _soonest.c.broadcast == bindparam("broadcast"),
    _soonest.c.id != bindparam("own"),
    _lines.contains(bindparam("of")),
)
_BACK_AT = hot(_back_at)
_BACK_BESIDE = hot(_back_at.where(not_(_lines.contains(bindparam("beside")))))


def explain(
    connection: Connection,
    broadcast: str,
    offer: str,
    *,
    left: int,
    held: int,
    running: str | None,
    batch: bool,
    own: str | None = None,
) -> dict[str, Any]:
    """Return a refusal's entry for an offer with too few boxes, in its flash batch or outside it.

    `running` is the running batch, if any: its held boxes return to it alone, those of an ended
    batch to everybody. `held` boxes are held by others; they return at `back_at` at the earliest,
    if they are not ordered and among the holds that end next. The last box was sold at `sold_at`,
    if that was lately. Times are in milliseconds since 1970, or None. `own` is the caller's hold.
    """
    back_at = None
    if held:
        named = {"broadcast": broadcast, "own": own or ""}
        if running is None:
            found = connection.execute(_BACK_AT, {**named, "of": offer})
        elif batch:
            found = connection.execute(_BACK_AT, {**named, "of": running})
        else:
            found = connection.execute(_BACK_BESIDE, {**named, "of": offer, "beside": running})
        back_at = found.scalar_one()
    sold_at = connection.execute(_SOLD_AT, {"broadcast": broadcast, "offer": offer}).scalar_one()
    return {"offer": offer, "left": left, "held": held, "back_at": back_at, "sold_at": sold_at}
