"""The limit per buyer of a flash batch, while it runs and for holds that outlive it."""

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

from farmlive.shop.core.checkout_models import OrderLine
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import LotSpent, PriceChanged, SoldOut
from farmlive.shop.core.tables import flashes
from farmlive.shop.flash.problems import LimitReached
from farmlive.shop.stock import line_items
from farmlive.shop.stock.offer_rows import OfferRow
from farmlive.store import hot

_ENDED = hot(
    select(flashes.c.id, flashes.c.per_buyer).where(
        flashes.c.id.in_(bindparam("batches", expanding=True))
    )
)
_is_kept = orders.c.state != "cancelled"
# Start from the buyer's orders, however many others bought of the batch. No join: without
# statistics a database would scan all lines of the batch, or all orders.
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


def check_lines(
    connection: Connection,
    broadcast: str,
    wanted: Sequence[OrderLine],
    known: Mapping[str, OfferRow],
    hold: line_items.Hold | None,
    now: int,
    grace_ms: int,
    *,
    device: str,
    buyer: str = "",
    ordered: bool,
    for_buyer: bool,
) -> line_items.Checked:
    """Check lines as `line_items.check` does, and the limits per buyer of their flash batches.

    Boxes held of an ended batch, which its limit does not allow any more, may come from a running
    batch at the same price. Raises as `line_items.check`, and LimitReached.
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
    known: Mapping[str, OfferRow],
    *,
    device: str,
    buyer: str = "",
    ordered: bool,
) -> None:
    """Raise LimitReached where the buyer would exceed a batch's limit.

    `batches` maps the offers to the flash batch of their line: a running one, or an ended one of
    which the boxes are held. Uncancelled orders of the device or the phone count; boxes that the
    device holds are those that it orders now. `device` is empty for a device that many people use,
    such as a clerk's. `ordered` says whether the device or the phone may have any order in the
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
    connection: Connection, batches: Mapping[str, str], known: Mapping[str, OfferRow]
) -> dict[str, int | None]:
    """Return the limits of the batches; ended ones need a query."""
    limits = {
        batch: known[offer].per_buyer
        for offer, batch in batches.items()
        if batch == known[offer].flash
    }
    over = sorted(set(batches.values()) - set(limits))
    if over:
        limits |= {row.id: row.per_buyer for row in connection.execute(_ENDED, {"batches": over})}
    return limits
