"""Limits what devices without a past order may hold: at most half of what is available.

A past order is one that was packed, in any broadcast; orders that were only placed do not count.
The limit is for holds only: a buyer who is refused a hold can still order directly.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, bindparam, exists, literal_column

from farmlive.people import Caller
from farmlive.shop.core.checkout_models import OrderLine
from farmlive.shop.core.order_tables import orders
from farmlive.shop.core.problems import HoldShare
from farmlive.shop.stock.line_items import Hold, free_for, own_boxes
from farmlive.shop.stock.offer_rows import OfferRow

_past_order = orders.alias("past")
# Subquery: whether the device has a past order.
HAS_PAST_ORDER = (
    exists()
    .where(
        _past_order.c.device == bindparam("device"),
        # Written as the partial index has it; a list of states would not use the index and slow
        # down every order.
        _past_order.c.state != literal_column("'placed'"),
        _past_order.c.state != literal_column("'cancelled'"),
    )
    .label("has_past")
)


def is_new(caller: Caller, asked: Row[*tuple[object, ...]]) -> bool:
    """Return whether the caller is a buyer on a device without a past order.

    `asked` has `HAS_PAST_ORDER`.
    """
    return caller.role in (None, "simulator") and not asked.has_past


def check_share(
    wanted: Sequence[OrderLine],
    batches: Mapping[str, str],
    known: Mapping[str, OfferRow],
    before: Hold | None,
) -> None:
    """Raise HoldShare where new devices would hold more than half of the available boxes.

    Each flash batch and each lot has its own half. What the device holds already, in `before`, it
    may keep. `batches` are the flash batches of the lines, `known` the offers of lines and hold.
    """
    short = set()
    for line in wanted:
        row = known[line.offer]
        batch = row.flash is not None and batches.get(line.offer) == row.flash
        own = before.lines.get(line.offer) if before else None
        held = row.flash_held_new if row.flash is not None else 0
        held = held if batch else row.held_new - held
        mine = own_boxes(row, own, batch=batch)
        kept = mine if before and before.is_new else 0
        there = free_for(row, own, batch=batch) + held - kept
        if line.quantity > kept and not _is_half(held - kept + line.quantity, there):
            short.add(line.offer)
    for lot in {known[line.offer].lot for line in wanted}:
        of_lot = {offer: row for offer, row in known.items() if row.lot == lot}
        more_g = sum(
            line.quantity * of_lot[line.offer].net_weight_g
            for line in wanted
            if line.offer in of_lot
        )
        mine_g = sum(
            own["quantity"] * of_lot[offer].net_weight_g
            for offer, own in (before.lines.items() if before else ())
            if offer in of_lot
        )
        kept_g = mine_g if before and before.is_new else 0
        row = next(iter(of_lot.values()))
        held_g = row.lot_held_new_g - kept_g
        if more_g > kept_g and not _is_half(held_g + more_g, row.lot_left_g + mine_g + held_g):
            short.update(line.offer for line in wanted if line.offer in of_lot)
    if short:
        raise HoldShare(
            [_left(known[it.offer], it, batches, before) for it in wanted if it.offer in short]
        )


def _is_half(held: int, there: int) -> bool:
    return 2 * held <= there


def _left(
    row: OfferRow, line: OrderLine, batches: Mapping[str, str], before: Hold | None
) -> dict[str, object]:
    """Return how many boxes of an offer can be ordered at the line's price."""
    own = before.lines.get(line.offer) if before else None
    batch = row.flash is not None and batches.get(line.offer) == row.flash
    mine = own["quantity"] if own else 0
    of_lot = max(0, row.lot_left_g) // row.net_weight_g + mine
    return {"offer": line.offer, "left": max(0, min(free_for(row, own, batch=batch), of_lot))}
