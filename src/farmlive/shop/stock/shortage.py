"""Where boxes are that someone asked for in vain: what a refusal says beside how many are left."""

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

# So many orders back the last box of an offer is looked for: what went before is no news.
LATEST = 100
# Among so many holds that end next it is looked for when boxes may come back.
SOONEST = 200

_latest = (
    select(orders.c.id, orders.c.placed_at)
    .where(orders.c.broadcast == bindparam("broadcast"))
    .order_by(orders.c.number.desc())
    .limit(LATEST)
    .subquery()
)
# Of each of them by itself: for a join a database may read all lines of an offer, for each refusal.
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
# Of those that end next, of whatever broadcast: a refusal in a rush does not read thousands.
_soonest = (
    select(
        holds.c.id, holds.c.broadcast, holds.c.until_at, cast(holds.c.lines, Text).label("lines")
    )
    .order_by(holds.c.until_at)
    .limit(SOONEST)
    .subquery()
)
# An identifier stands in a hold's lines where the offer, or its flash batch, is held: each once.
_lines = _soonest.c.lines
_back_at = select(func.min(_soonest.c.until_at).label("at")).where(
    _soonest.c.broadcast == bindparam("broadcast"),
    _soonest.c.id != bindparam("own"),
    _lines.contains(bindparam("of")),
)
_BACK_AT = hot(_back_at)
_BACK_BESIDE = hot(_back_at.where(not_(_lines.contains(bindparam("beside")))))


def told(
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
    """What a refusal says of an offer of which fewer are left, in its flash batch or beside it.

    `running` is the batch that runs, if one does; what is held of it goes back to it alone, and
    what is held of one that is over to all. `held` are kept for others, and come back at `back_at`
    at the earliest, if they are not ordered and that is among the holds that end next; the last box
    went at `sold_at`, if that was lately. Milliseconds since 1970, or None. `own` is the asker's
    hold.
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
