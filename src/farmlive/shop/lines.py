"""Lines: what a buyer asks of the bag, held against the bag and against the buyer's own hold.

Orders and holds are asked for alike; what then happens to them is the till's and the holds'.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from farmlive.broadcast.log import STAFF
from farmlive.people import Caller
from farmlive.problems import Invalid
from farmlive.shop import prices
from farmlive.shop.order_models import OrderLine
from farmlive.shop.problems import LotSpent, SoldOut, UnknownOffer
from farmlive.shop.stock import Move, Offer, left, on_offer

MAX_TOTAL = 100_000_000_00
# Who pressed in a flash batch's last moment still has its price.
LATE_MS = 2000


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it is kept: its lines by offer."""

    id: str
    lines: Mapping[str, dict[str, Any]]
    held_at: int
    until_at: int

    def covers(self, lines: Iterable[OrderLine], now: int) -> bool:
        """Whether so many of each are held, and not longer than was promised."""
        return self.until_at > now and all(
            line.offer in self.lines and line.quantity <= self.lines[line.offer]["quantity"]
            for line in lines
        )


def hold_in(known: Mapping[str, Offer]) -> Hold | None:
    """The device's hold that was read with the offers."""
    for row in known.values():
        if row.hold is not None:
            lines = {line["offer"]: line for line in row.hold_lines}
            return Hold(row.hold, lines, row.held_at, row.until_at)
    return None


@dataclass(frozen=True, slots=True)
class Checked:
    """Lines that can be had.

    `batches` names the flash batch of each offer whose line is at a batch's price; `by_hold` says
    that a line has its price by the hold alone.
    """

    batches: Mapping[str, str]
    by_hold: bool


def check(
    connection: Connection,
    lines: Sequence[OrderLine],
    known: Mapping[str, Offer],
    hold: Hold | None,
    now: int,
    grace_ms: int,
) -> Checked:
    """Raise UnknownOffer, PriceChanged, SoldOut, LotSpent or Invalid where they can't be had.

    What the buyer holds counts as left, and until its end as seen at its price; `grace_ms` is for
    how long a price counts after it ended.
    """
    unknown = [line.offer for line in lines if line.offer not in known]
    if unknown:
        raise UnknownOffer(
            "Nothing was ordered: the order names what is not on offer in this broadcast. Choose "
            "from its bag.",
            offers=unknown,
        )
    held: Mapping[str, dict[str, Any]] = hold.lines if hold else {}
    priced = held if hold and hold.until_at > now else {}
    batches = {}
    for line in lines:
        batch = _batch(line, known[line.offer], priced.get(line.offer), now)
        if batch is not None:
            batches[line.offer] = batch
    running = {offer for offer, batch in batches.items() if batch == known[offer].flash}
    by_hold = prices.check(connection, lines, known, priced, now - grace_ms, running)
    _check_stock(lines, known, held, running)
    if sum(line.price * line.quantity for line in lines) > MAX_TOTAL:
        raise Invalid("Nothing was ordered: that is more than one order may come to.")
    return Checked(batches, by_hold)


def _batch(line: OrderLine, row: Offer, own: dict[str, Any] | None, now: int) -> str | None:
    """The flash batch whose price the line has: the one that runs, or the one it is held of."""
    if row.flash is not None and line.price == row.flash_price and now < row.ends_at + LATE_MS:
        running: str = row.flash
        return running
    if own and line.price == own["price"] != row.price and line.quantity <= own["quantity"]:
        return own.get("flash")
    return None


def _check_stock(
    lines: Sequence[OrderLine],
    known: Mapping[str, Offer],
    held: Mapping[str, dict[str, Any]],
    running: Collection[str],
) -> None:
    """Raise SoldOut where less was released, LotSpent where a lot can't fill what was."""
    short = []
    wanted_g: dict[str, int] = {}
    for line in lines:
        row = known[line.offer]
        own = held.get(line.offer)
        free = _free(row, own, batch=line.offer in running)
        more_g = (line.quantity - (own["quantity"] if own else 0)) * row.net_weight_g
        wanted_g[row.lot] = wanted_g.get(row.lot, 0) + more_g
        if free < line.quantity:
            short.append({"offer": line.offer, "left": free})
    if short:
        raise SoldOut(short)
    for lot, grams in wanted_g.items():
        drawn = [known[line.offer] for line in lines if known[line.offer].lot == lot]
        if grams > max(0, drawn[0].lot_left_g):
            offers = [{"offer": row.id, "left": left(row)} for row in drawn]
            raise LotSpent(lot, max(0, drawn[0].lot_left_g), offers)


def _free(row: Offer, own: dict[str, Any] | None, *, batch: bool) -> int:
    """How many are there for who holds `own`: of the flash batch that runs, or else beside it.

    Boxes that are held of it go back to it alone.
    """
    free: int = row.kept if batch else row.released - row.sold - row.held - row.kept
    of_batch = own is not None and row.flash is not None and own.get("flash") == row.flash
    return free + (own["quantity"] if own is not None and of_batch == batch else 0)


def moves(
    lines: Sequence[OrderLine], batches: Mapping[str, str], hold: Hold | None, *, sell: bool
) -> dict[str, Move]:
    """How the stock moves where these are sold, or else held, and the hold is taken up."""
    moved: dict[str, Move] = {}
    for line in lines:
        batch = batches.get(line.offer)
        taken = Move().take(
            sell=line.quantity if sell else 0, hold=0 if sell else line.quantity, flash=batch
        )
        moved[line.offer] = taken
    for offer, own in hold.lines.items() if hold else ():
        moved.setdefault(offer, Move()).take(hold=-own["quantity"], flash=own.get("flash"))
    return moved


def with_held(
    connection: Connection, broadcast: str, known: dict[str, Offer], hold: Hold | None
) -> dict[str, Offer]:
    """What is known of the offers, and of those that only the hold names."""
    more = set(hold.lines if hold else ()) - set(known)
    return {**known, **on_offer(connection, broadcast, more)} if more else known


def told(line: OrderLine, row: Offer, batch: str | None) -> dict[str, Any]:
    """A line as holds and events have it; `flash` only where it is of a flash batch."""
    return {
        "offer": line.offer,
        "lot": row.lot,
        "farm": row.farm,
        "quantity": line.quantity,
        "price": line.price,
        "total": line.price * line.quantity,
        **({"flash": batch} if batch else {}),
    }


def person(caller: Caller) -> str:
    """The caller's device where it is one person's; empty for those who order for others."""
    return "" if caller.is_staff or caller.role == "clerk" else caller.device


def audience(order: str, farms: Iterable[str]) -> list[str]:
    """Who hears of an order: staff, the farms of its lines, its buyer."""
    return [STAFF, *(f"farm:{farm}" for farm in sorted(set(farms))), f"order:{order}"]
