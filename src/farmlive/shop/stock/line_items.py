"""Line items: checks the lines of an order or a hold against the bag and the buyer's own hold.

Orders and holds share these checks; checkout/till.py and checkout/holds.py apply the result.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam

from farmlive.broadcast.events import Line
from farmlive.people import Caller
from farmlive.problems import Invalid
from farmlive.shop.core.checkout_models import OrderLine
from farmlive.shop.core.problems import LotSpent, SoldOut, UnknownOffer
from farmlive.shop.core.tables import holds
from farmlive.shop.stock import prices, shortage
from farmlive.shop.stock.offer_rows import OfferRow, left, read_offers
from farmlive.shop.stock.stock import StockMove, check_sellable

MAX_TOTAL = 100_000_000_00
# How long after its end a flash batch's price is still accepted, for orders sent in its last
# moment.
LATE_MS = 2000


@dataclass(frozen=True, slots=True)
class Hold:
    """A stored hold: lines by offer, the total of boxes, and the source that they count for.

    `is_new`: its device has no past order.
    """

    id: str
    lines: Mapping[str, Line]
    held_at: int
    until_at: int
    boxes: int
    source: str | None
    is_new: bool

    def covers(self, lines: Iterable[OrderLine], now: int) -> bool:
        """Return whether the hold has at least these quantities and has not expired."""
        return self.until_at > now and all(
            line.offer in self.lines and line.quantity <= self.lines[line.offer]["quantity"]
            for line in lines
        )

    def gives_back(self, lines: Iterable[OrderLine], batches: Mapping[str, str]) -> bool:
        """Return whether ordering these lines, from these flash batches, leaves some of the hold's
        boxes free.
        """
        ordered = {line.offer: line.quantity for line in lines}
        return any(
            own["quantity"] > ordered.get(offer, 0) or own.get("flash") != batches.get(offer)
            for offer, own in self.lines.items()
        )


# Join condition and columns of the device's hold, for a context query.
OF_HOLD = (holds.c.broadcast == bindparam("broadcast")) & (holds.c.device == bindparam("device"))
HOLD_COLUMNS = (
    holds.c.id.label("hold"),
    holds.c.lines.label("hold_lines"),
    holds.c.held_at,
    holds.c.until_at,
    holds.c.boxes.label("hold_boxes"),
    holds.c.source.label("hold_source"),
    holds.c.is_new.label("hold_is_new"),
)


def prefetch_keys(broadcast: str, key: str, device: str) -> frozenset[Hashable]:
    """Return the keys of a prefetched query: what it depends on, for `farmlive.store`."""
    return frozenset({("key", broadcast, key), ("device", broadcast, device)})


def hold_in(asked: Row[*tuple[Any, ...]]) -> Hold | None:
    """Return the device's hold from a row with `HOLD_COLUMNS`, or None."""
    if asked.hold is None:
        return None
    lines = {line["offer"]: line for line in asked.hold_lines}
    return Hold(
        asked.hold,
        lines,
        asked.held_at,
        asked.until_at,
        asked.hold_boxes,
        asked.hold_source,
        asked.hold_is_new,
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of the checks.

    `batches` maps offers to the flash batch whose price the line has; `by_hold` means that a line
    has its price only by the hold.
    """

    batches: Mapping[str, str]
    by_hold: bool


def check(
    connection: Connection,
    broadcast: str,
    lines: Sequence[OrderLine],
    known: Mapping[str, OfferRow],
    hold: Hold | None,
    now: int,
    grace_ms: int,
    *,
    as_held: bool = True,
    for_buyer: bool = False,
) -> Checked:
    """Check that the lines can be ordered or held.

    The buyer's held boxes count as available, and with `as_held` the hold's prices are accepted
    until its end. `grace_ms` is how long an ended price is accepted; `for_buyer` is as in
    `stop_reasons.refusal`.

    Raises UnknownOffer, LotStopped, PriceChanged, SoldOut, LotSpent or Invalid.
    """
    unknown = [line.offer for line in lines if line.offer not in known]
    if unknown:
        raise UnknownOffer(
            "Nothing was ordered: the order names what is not on offer in this broadcast. Choose "
            "from its bag.",
            offers=unknown,
        )
    check_sellable(connection, (known[line.offer] for line in lines), for_buyer=for_buyer)
    held: Mapping[str, Line] = hold.lines if hold else {}
    priced = held if hold and hold.until_at > now and as_held else {}
    batches = {}
    for line in lines:
        batch = _batch(line, known[line.offer], priced.get(line.offer), now)
        if batch is not None:
            batches[line.offer] = batch
    running = {offer for offer, batch in batches.items() if batch == known[offer].flash}
    by_hold = prices.check(connection, lines, known, priced, now - grace_ms, running)
    _check_stock(connection, broadcast, lines, known, hold, running, priced)
    if sum(line.price * line.quantity for line in lines) > MAX_TOTAL:
        raise Invalid("Nothing was ordered: that is more than one order may come to.")
    return Checked(batches, by_hold)


def _batch(line: OrderLine, row: OfferRow, own: Line | None, now: int) -> str | None:
    """Return the line's flash batch: the one it is held of, or else the running one, or None.

    A line at its hold's price stays with the hold's batch, whatever else has that price now.
    """
    if own and line.price == own["price"] != row.price and line.quantity <= own["quantity"]:
        return own.get("flash")
    if row.flash is not None and line.price == row.flash_price and now < row.ends_at + LATE_MS:
        running: str = row.flash
        return running
    return None


def _check_stock(
    connection: Connection,
    broadcast: str,
    lines: Sequence[OrderLine],
    known: Mapping[str, OfferRow],
    hold: Hold | None,
    running: Collection[str],
    priced: Mapping[str, Line],
) -> None:
    """Raise SoldOut where an offer has too few boxes, LotSpent where a lot has too little left.

    Boxes held at the line's price, in `priced`, count as left at least.
    """
    short = []
    wanted_g: dict[str, int] = {}
    for line in lines:
        row = known[line.offer]
        own = hold.lines.get(line.offer) if hold else None
        batch = line.offer in running
        free = free_for(row, own, batch=batch)
        more_g = (line.quantity - (own["quantity"] if own else 0)) * row.net_weight_g
        wanted_g[row.lot] = wanted_g.get(row.lot, 0) + more_g
        if free < line.quantity:
            at_price = priced.get(line.offer)
            kept = at_price["quantity"] if at_price and at_price["price"] == line.price else 0
            short.append(
                shortage.explain(
                    connection,
                    broadcast,
                    line.offer,
                    left=max(free, kept),
                    held=_held(row, batch=batch) - own_boxes(row, own, batch=batch),
                    running=row.flash,
                    batch=batch,
                    own=hold.id if hold else None,
                )
            )
    if short:
        raise SoldOut(short)
    for lot, grams in wanted_g.items():
        drawn = [known[line.offer] for line in lines if known[line.offer].lot == lot]
        left_g = max(0, drawn[0].lot_left_g)
        if grams > left_g and grams - _freed_g(connection, broadcast, lot, known, hold) > left_g:
            offers = [{"offer": row.id, "left": left(row)} for row in drawn]
            raise LotSpent(lot, left_g, offers)


def _freed_g(
    connection: Connection,
    broadcast: str,
    lot: str,
    known: Mapping[str, OfferRow],
    hold: Hold | None,
) -> int:
    """Return the grams of a lot that the hold returns by offers that the lines no longer have."""
    freed = with_held(connection, broadcast, dict(known), hold)
    return sum(
        own["quantity"] * freed[offer].net_weight_g
        for offer, own in (hold.lines.items() if hold else ())
        if offer not in known and freed[offer].lot == lot
    )


def free_for(row: OfferRow, own: Line | None, *, batch: bool) -> int:
    """Return the boxes available to the holder of `own`: in the running batch, or outside it.

    Held boxes of a batch return to that batch only.
    """
    free: int = row.kept if batch else row.released - row.sold - row.held - row.kept
    return free + own_boxes(row, own, batch=batch)


def own_boxes(row: OfferRow, own: Line | None, *, batch: bool) -> int:
    """Return how many boxes of the line `own` are in the running batch, or outside it."""
    if own is None:
        return 0
    of_batch = row.flash is not None and own.get("flash") == row.flash
    quantity: int = own["quantity"] if of_batch == batch else 0
    return quantity


def _held(row: OfferRow, *, batch: bool) -> int:
    """Return how many boxes are held in the running batch, or outside it."""
    of_batch: int = 0 if row.flash is None else row.flash_boxes - row.flash_sold - row.kept
    return of_batch if batch else row.held - of_batch


def stock_moves(
    lines: Sequence[OrderLine],
    batches: Mapping[str, str],
    hold: Hold | None,
    *,
    sell: bool,
    is_new: bool = False,
) -> dict[str, StockMove]:
    """Return the stock moves that sell or hold these lines and release the previous hold.

    `is_new`: the new hold's device has no past order.
    """
    moved: dict[str, StockMove] = {}
    for line in lines:
        batch = batches.get(line.offer)
        taken = StockMove().take(
            sell=line.quantity if sell else 0,
            hold=0 if sell else line.quantity,
            flash=batch,
            is_new=is_new,
        )
        moved[line.offer] = taken
    if hold is not None:
        for offer, own in hold.lines.items():
            back, flash = -own["quantity"], own.get("flash")
            moved.setdefault(offer, StockMove()).take(hold=back, flash=flash, is_new=hold.is_new)
    return moved


def with_held(
    connection: Connection, broadcast: str, known: dict[str, OfferRow], hold: Hold | None
) -> dict[str, OfferRow]:
    """Return the known offers plus those that only the hold has."""
    more = set(hold.lines if hold else ()) - set(known)
    return {**known, **read_offers(connection, broadcast, more)} if more else known


def line_facts(line: OrderLine, row: OfferRow, batch: str | None) -> Line:
    """Return a line as holds and events store it, with `flash` where it is of a flash batch."""
    known: Line = {
        "offer": line.offer,
        "lot": row.lot,
        "farm": row.farm,
        "quantity": line.quantity,
        "price": line.price,
        "total": line.price * line.quantity,
    }
    if batch:
        known["flash"] = batch
    return known


def personal_device(caller: Caller) -> str:
    """Return the caller's device if it is one person's.

    Return an empty text for staff and clerks, who order for others.
    """
    return "" if caller.is_staff or caller.role == "clerk" else caller.device
