"""Where boxes are that someone asked for in vain: what a refusal says beside how many are left."""

from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, func, select

from farmlive.shop.tables import holds, order_lines, orders

# So many orders back the last box of an offer is looked for: what went before is no news.
LATEST = 100

_latest = (
    select(orders.c.id, orders.c.placed_at)
    .where(orders.c.broadcast == bindparam("broadcast"))
    .order_by(orders.c.number.desc())
    .limit(LATEST)
    .subquery()
)
_GONE = select(
    select(func.max(_latest.c.placed_at))
    .select_from(_latest.join(order_lines, order_lines.c.order == _latest.c.id))
    .where(order_lines.c.offer == bindparam("offer"))
    .scalar_subquery()
    .label("sold_at"),
    # An identifier stands in a hold's lines where the offer, or its flash batch, is held.
    select(func.min(holds.c.until_at))
    .where(
        holds.c.broadcast == bindparam("broadcast"),
        holds.c.id != bindparam("own"),
        cast(holds.c.lines, Text).contains(bindparam("of")),
    )
    .scalar_subquery()
    .label("back_at"),
)


def told(
    connection: Connection,
    broadcast: str,
    offer: str,
    *,
    left: int,
    held: int,
    flash: str | None = None,
    own: str | None = None,
) -> dict[str, Any]:
    """What a refusal says of an offer, or of its flash batch, of which fewer are left.

    `held` are kept for others, and come back at `back_at` at the earliest, if they are not
    ordered; the last box went at `sold_at`, if that was lately. Milliseconds since 1970, or None.
    `own` is the hold of who asks.
    """
    named = {"broadcast": broadcast, "offer": offer, "of": flash or offer, "own": own or ""}
    found = connection.execute(_GONE, named).one()
    return {
        "offer": offer,
        "left": left,
        "held": held,
        "back_at": found.back_at if held else None,
        "sold_at": found.sold_at,
    }
