"""How many of a flash batch a buyer may have: while it runs, and by holds that outlive it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    union,
)

from farmlive.shop.core.order_models import OrderLine
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import LimitReached, LotSpent, PriceChanged, SoldOut
from farmlive.shop.core.tables import flashes
from farmlive.shop.stock import line_items
from farmlive.shop.stock.stock import Offer
from farmlive.store import hot

_ENDED = hot(
    select(flashes.c.id, flashes.c.per_buyer).where(
        flashes.c.id.in_(bindparam("batches", expanding=True))
    )
)
_is_kept = orders.c.state != "cancelled"
# By the orders of one buyer, however many others have of the batch; not by a join, for which a
# database walks through all lines of the batch, or all orders, as long as it knows no better.
_of_buyer = union(
    select(orders.c.id).where(
        orders.c.broadcast == bindparam("broadcast"),
        orders.c.device == bindparam("device"),
        _is_kept,
    ),
    select(orders.c.id).where(
        orders.c.buyer == bindparam("buyer"),
        orders.c.broadcast == bindparam("broadcast"),
        _is_kept,
    ),
).subquery()
_of_batch = case(
    (
        order_lines.c.flash == bindparam("batch"),
        order_lines.c.quantity - order_lines.c.returned,
    ),
    else_=0,
)
_boxes = (
    select(func.sum(_of_batch))
    .where(order_lines.c.order == _of_buyer.c.id)
    .correlate(_of_buyer)
    .scalar_subquery()
)
_HAD = hot(
    select(
        func.coalesce(cast(func.sum(_boxes), BigInteger), literal_column("0")).label("boxes")
    ).select_from(_of_buyer)
)


def checked(
    connection: Connection,
    broadcast: str,
    wanted: Sequence[OrderLine],
    known: Mapping[str, Offer],
    hold: line_items.Hold | None,
    now: int,
    grace_ms: int,
    *,
    device: str,
    buyer: str = "",
    ordered: bool,
    for_buyer: bool,
) -> line_items.Checked:
    """Lines that can be had, as `lines.check` finds them, and of which one may have so many.

    What one holds of a batch that is over, and may not have of it, is had of the one that runs at
    that price, where one does. Raises as `lines.check` does, and LimitReached.
    """

    def found(*, as_held: bool) -> line_items.Checked:
        them = line_items.check(
            connection,
            broadcast,
            wanted,
            known,
            hold,
            now,
            grace_ms,
            as_held=as_held,
            for_buyer=for_buyer,
        )
        check(
            connection,
            broadcast,
            wanted,
            them.batches,
            known,
            device=device,
            buyer=buyer,
            ordered=ordered,
        )
        return them

    try:
        return found(as_held=True)
    except LimitReached:
        if hold is None:
            raise
        with suppress(PriceChanged, SoldOut, LotSpent, LimitReached):
            return found(as_held=False)
        raise


def check(
    connection: Connection,
    broadcast: str,
    wanted: Sequence[OrderLine],
    batches: Mapping[str, str],
    known: Mapping[str, Offer],
    *,
    device: str,
    buyer: str = "",
    ordered: bool,
) -> None:
    """Raise LimitReached where the buyer would have more of a batch than one may.

    `batches` names the batch of each offer whose line is at a batch's price: one that runs, or one
    that is over and of which the boxes are held. Ordered by the device or for the phone and not
    cancelled; what the device holds is what it orders now. A device that many order at, as a
    clerk's, is the empty text. `ordered` says whether there may be any order of theirs in the
    broadcast.
    """
    if not batches:
        return
    limits = _limits(connection, batches, known)
    limited = {
        batches[line.offer]: line
        for line in wanted
        if line.offer in batches and limits[batches[line.offer]] is not None
    }
    if not limited:
        return
    asked: dict[str, Any] = {}
    if ordered:
        named = {"broadcast": broadcast, "device": device, "buyer": buyer}
        asked = {flash: connection.execute(_HAD, {**named, "batch": flash}) for flash in limited}
    had = {flash: found.scalar_one() for flash, found in asked.items()}
    for flash, line in limited.items():
        limit = limits[flash] or 0
        if had.get(flash, 0) + line.quantity > limit:
            raise LimitReached(line.offer, limit, had.get(flash, 0))


def _limits(
    connection: Connection, batches: Mapping[str, str], known: Mapping[str, Offer]
) -> dict[str, int | None]:
    """How many one may have of each: known of those that run, and asked of those that are over."""
    limits = {
        batch: known[offer].per_buyer
        for offer, batch in batches.items()
        if batch == known[offer].flash
    }
    over = sorted(set(batches.values()) - set(limits))
    if over:
        limits |= {row.id: row.per_buyer for row in connection.execute(_ENDED, {"batches": over})}
    return limits
