"""Moves holds from a mistaken price to the right one; they keep their boxes and their end.

Before such buyers pay another price than they saw, `price-changed` asks them.
"""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from farmlive.broadcast.events import Line, OrderHeld
from farmlive.shop.core.models import money
from farmlive.shop.core.tables import holds

_HOLDS = select(holds).where(holds.c.broadcast == bindparam("broadcast"))
_REPRICE = update(holds).where(holds.c.id == bindparam("hold"))

Held = tuple[Row[Any], Line]
"""A hold, and its line that is at the price."""


def list_holds(
    connection: Connection,
    broadcast: str,
    offer: str,
    *,
    price: int | None = None,
    flash: str | None = None,
) -> list[Held]:
    """List the holds of the offer at this ordinary price, or those of the flash batch `flash`."""
    return [
        (hold, line)
        for hold in connection.execute(_HOLDS, {"broadcast": broadcast}).all()
        for line in hold.lines
        if line["offer"] == offer
        and line.get("flash") == flash
        and (flash is not None or line["price"] == price)
    ]


def reprice(connection: Connection, hold: Row[Any], wrong: Line, price: int) -> OrderHeld:
    """Set the right price in a hold and return its event.

    The boxes leave their flash batch; the caller must update the batch's counts.
    """
    right: Line = {**wrong, "price": price, "total": price * wrong["quantity"]}
    right.pop("flash", None)
    kept: list[Line] = [right if line is wrong else line for line in hold.lines]
    total = sum(line["total"] for line in kept)
    connection.execute(_REPRICE.values(lines=kept, total=total), {"hold": hold.id})
    return OrderHeld(
        order=hold.id,
        lines=kept,
        total=money(total, hold.currency),
        until=hold.until_at,
        state="held",
        payment="due",
        corrected=True,
        farms=[line["farm"] for line in kept],
        device=hold.device,
    )
