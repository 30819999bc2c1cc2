"""Moves the stock of offers and of their lots, and returns the events of it.

Invariants: released = sold + held + kept + left, and left is never negative. What is sold and held
of a lot, over all its offers in any broadcast, never exceeds what was harvested and not wasted.
Nothing more of a stopped lot is sold, held, released or kept for a flash batch.

offer_rows.py reads it before, lot_stock.py the stock of whole lots.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    case,
    or_,
    select,
    update,
)

from farmlive.broadcast.events import CardPinned, EventModel, StockChanged
from farmlive.broadcast.log import Event
from farmlive.origin.core.tables import lots
from farmlive.origin.stops import reasons
from farmlive.shop.core.problems import LotSpent, SoldOut
from farmlive.shop.core.tables import flashes, lot_stock, offers
from farmlive.shop.stock.lot_stock import not_released
from farmlive.shop.stock.offer_rows import LotColumns, OfferRow, left, read_offers, with_columns
from farmlive.store import Tally, hot, tally

# The conditions hold the invariants in the database, whatever the transaction computed before.
_MOVE = hot(
    update(offers)
    .where(
        offers.c.id == bindparam("offer"),
        offers.c.released - offers.c.sold - offers.c.held - offers.c.kept
        >= bindparam("sell") + bindparam("hold") + bindparam("keep") - bindparam("release"),
        offers.c.kept + bindparam("keep") >= 0,
    )
    .values(
        released=offers.c.released + bindparam("release"),
        sold=offers.c.sold + bindparam("sell"),
        held=offers.c.held + bindparam("hold"),
        held_new=offers.c.held_new + bindparam("new"),
        kept=offers.c.kept + bindparam("keep"),
    )
)
_MOVE_FLASH = hot(
    update(flashes)
    .where(
        flashes.c.id == bindparam("batch"),
        flashes.c.sold + flashes.c.held + bindparam("sell") + bindparam("hold") <= flashes.c.boxes,
    )
    .values(
        sold=flashes.c.sold + bindparam("sell"),
        held=flashes.c.held + bindparam("hold"),
        held_new=flashes.c.held_new + bindparam("new"),
    )
)
# Boxes of an ended batch may still be returned or sold again, which keeps the count of its sales
# right. No boxes are kept for it: what it lacks for an order that is placed again comes from the
# offer.
_taken = flashes.c.sold + flashes.c.held + bindparam("sell") + bindparam("hold")
_MOVE_ENDED = (
    update(flashes)
    .where(flashes.c.id == bindparam("batch"), flashes.c.state != "running")
    .values(
        sold=flashes.c.sold + bindparam("sell"),
        held=flashes.c.held + bindparam("hold"),
        held_new=flashes.c.held_new + bindparam("new"),
        boxes=case((_taken > flashes.c.boxes, _taken), else_=flashes.c.boxes),
    )
)
_whole_g = (
    select(lots.c.quantity_g - lots.c.wasted_g)
    .where(lots.c.id == lot_stock.c.lot)
    .scalar_subquery()
)
_more_g = bindparam("more_g", type_=BigInteger)
_MOVE_LOT = hot(
    update(lot_stock)
    .where(
        lot_stock.c.lot == bindparam("of"),
        or_(_more_g <= 0, lot_stock.c.sold_g + lot_stock.c.held_g + _more_g <= _whole_g),
    )
    .values(
        sold_g=lot_stock.c.sold_g + bindparam("sell_g"),
        held_g=lot_stock.c.held_g + bindparam("hold_g"),
        held_new_g=lot_stock.c.held_new_g + bindparam("new_g"),
    )
)


@dataclass(slots=True)
class StockMove:
    """A change of an offer's stock, negative for returns; `keep` is set aside for its flash batch.

    `new` is the part of `hold` by devices without a past order; `batches` maps flash batches to
    their part of `sell`, `hold` and `new`.
    """

    sell: int = 0
    hold: int = 0
    release: int = 0
    keep: int = 0
    new: int = 0
    batches: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def takes(self) -> bool:
        """Return whether the change takes stock: sells, holds, releases or keeps more."""
        return self.sell > 0 or self.hold > 0 or self.release > 0 or self.keep > 0

    def take(
        self, *, sell: int = 0, hold: int = 0, flash: str | None = None, is_new: bool = False
    ) -> Self:
        """Add boxes to sell and to hold, of a flash batch or none.

        `is_new`: the holding device has no past order.
        """
        new = hold if is_new else 0
        self.sell += sell
        self.hold += hold
        self.new += new
        if flash is not None:
            sold, held, held_new = self.batches.get(flash, (0, 0, 0))
            self.batches[flash] = (sold + sell, held + hold, held_new + new)
        return self


def check_sellable(
    connection: Connection, rows: Iterable[OfferRow], *, for_buyer: bool = False
) -> None:
    """Raise LotStopped where the lot of one of these offers is stopped."""
    stopped = [row for row in rows if row.lot_stopped]
    if stopped:
        lot = min(row.lot for row in stopped)
        of_lot = (row.id for row in stopped if row.lot == lot)
        raise reasons.refusal(connection, lot, of_lot, for_buyer=for_buyer)


def check_shown(connection: Connection, event: Event) -> None:
    """Handle `card.pinned`: refuse to pin a card of a stopped lot. Raises LotStopped."""
    shown = CardPinned.parse(event.data).offer
    check_sellable(connection, read_offers(connection, event.broadcast, [shown]).values())


def move(
    connection: Connection,
    moves: Mapping[str, StockMove],
    known: Mapping[str, OfferRow],
    *,
    for_buyer: bool = False,
) -> list[StockChanged]:
    """Apply all these moves and return a `stock.changed` for each offer that changed.

    `known` is what `read_offers` returned in this transaction. Boxes of the running flash batch
    come from what is kept for it. Raises SoldOut, LotStopped and LotSpent, the last also where more
    is released than the lot holds; the transaction must then be rolled back.
    """
    _move_ended(connection, moves, known)
    rows: dict[str, OfferRow] = {}
    for broadcast in {known[offer].broadcast for offer in moves}:
        rows |= read_offers(connection, broadcast, moves)
    takes = (rows[offer] for offer, by in moves.items() if by.takes)
    check_sellable(connection, takes, for_buyer=for_buyer)
    counted = tally(connection)
    moved = {}
    for offer in sorted(moves):
        after = _moved(rows[offer], moves[offer])
        if after is not None:
            moved[offer] = after
    of_lot = _move_lots(counted, moves, [rows[offer] for offer in moved])
    for offer, row in moved.items():
        by, before = moves[offer], rows[offer]
        if (running := by.batches.get(row.flash)) is not None:
            sell, hold, new = running
            counted.defer(
                _MOVE_FLASH, {"batch": row.flash}, {"sell": sell, "hold": hold, "new": new}
            )
        taken = {
            "sell": by.sell,
            "hold": by.hold,
            "release": by.release,
            "keep": row.kept - before.kept,
            "new": by.new,
        }
        counted.defer(_MOVE, {"offer": offer}, taken)
        counted.know(offer, row)
        left_g = max(0, of_lot[row.lot].lot_left_g)
        if by.release > 0 and (row.released - row.sold - row.held) * row.net_weight_g > left_g:
            raise not_released(row.lot, left_g, offer, left(before))
    return [_changed(row, of_lot[row.lot]) for row in moved.values()]


def _moved(row: OfferRow, by: StockMove) -> OfferRow | None:
    """Return the offer's row after the move; None if nothing changes. Raises SoldOut."""
    sell, hold, new = by.batches.get(row.flash, (0, 0, 0))
    keep = by.keep - sell - hold
    if not (by.sell or by.hold or by.release or keep or by.new):
        return None
    free = row.released - row.sold - row.held - row.kept
    if by.sell + by.hold + keep - by.release > free or row.kept + keep < 0:
        raise SoldOut([{"offer": row.id, "left": 0}])
    return with_columns(
        row,
        released=row.released + by.release,
        sold=row.sold + by.sell,
        held=row.held + by.hold,
        kept=row.kept + keep,
        held_new=row.held_new + by.new,
        flash_sold=row.flash_sold if row.flash is None else row.flash_sold + sell,
        flash_held_new=row.flash_held_new if row.flash is None else row.flash_held_new + new,
    )


def _move_ended(
    connection: Connection, moves: Mapping[str, StockMove], known: Mapping[str, OfferRow]
) -> None:
    """Apply the part of the moves that concerns flash batches which no longer run.

    Raises SoldOut.
    """
    for offer in sorted(moves):
        for batch, (sell, hold, new) in moves[offer].batches.items():
            if batch != known[offer].flash and (sell or hold or new):
                taken = {"batch": batch, "sell": sell, "hold": hold, "new": new}
                if connection.execute(_MOVE_ENDED, taken).rowcount == 0:
                    raise SoldOut([{"offer": offer, "left": 0}])


def _move_lots(
    counted: Tally, moves: Mapping[str, StockMove], before: Iterable[OfferRow]
) -> dict[str, LotColumns]:
    """Take sold and held boxes from the lots and return their new stock. Raises LotSpent."""
    of_lot: dict[str, LotColumns] = {}
    drawn: dict[str, list[OfferRow]] = {}
    for row in before:
        drawn.setdefault(row.lot, []).append(row)
    for lot, rows in sorted(drawn.items()):
        sell_g = sum(moves[row.id].sell * row.net_weight_g for row in rows)
        hold_g = sum(moves[row.id].hold * row.net_weight_g for row in rows)
        new_g = sum(moves[row.id].new * row.net_weight_g for row in rows)
        sold_g, left_g, held_new_g = (
            rows[0].lot_sold_g,
            rows[0].lot_left_g,
            rows[0].lot_held_new_g,
        )
        # Returns are accepted even if the lot is oversold, as older versions allowed.
        if 0 < sell_g + hold_g > left_g:
            offers = [{"offer": row.id, "left": left(row)} for row in rows]
            raise LotSpent(lot, max(0, left_g), offers)
        of_lot[lot] = LotColumns(sold_g + sell_g, left_g - sell_g - hold_g, held_new_g + new_g)
        taken = {"sell_g": sell_g, "hold_g": hold_g, "more_g": sell_g + hold_g, "new_g": new_g}
        counted.defer(_MOVE_LOT, {"of": lot}, taken)
        counted.know(lot, of_lot[lot])
    return of_lot


def _changed(row: OfferRow, lot: LotColumns) -> StockChanged:
    """Return the event of an offer whose stock changed."""
    return StockChanged(
        offer=row.id,
        released=row.released,
        sold=row.sold,
        held=row.held,
        kept=row.kept,
        left=row.released - row.sold - row.held - row.kept,
        lot=row.lot,
        lot_sold_g=lot.lot_sold_g,
        lot_left_g=max(0, lot.lot_left_g),
    )


AllocateReturned = Callable[[Connection, str, Sequence[StockChanged]], Sequence[EventModel]]
"""Returns the events of moved stock: `moved_events`, or a function that first allocates returned
stock to the waiting list.
"""

Ordered = Callable[
    [Connection, str, str, Iterable[str], Sequence[StockChanged]], Sequence[EventModel]
]
"""The same where a device orders these offers, and so waits for them no more."""


def moved_events(
    _connection: Connection, _broadcast: str, moved: Sequence[StockChanged]
) -> Sequence[StockChanged]:
    """Return the events of moved stock, without a waiting list."""
    return moved


def ordered_events(
    _connection: Connection,
    _broadcast: str,
    _device: str,
    _wanted: Iterable[str],
    moved: Sequence[StockChanged],
) -> Sequence[StockChanged]:
    """Return the events of ordered stock, without a waiting list."""
    return moved
