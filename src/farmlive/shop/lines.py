"""Lines: what a buyer asks of the bag, held against the bag and against the buyer's own hold.

Orders and holds are asked for alike; what then happens to them is the till's and the holds'.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from farmlive.broadcast.log import STAFF
from farmlive.problems import Invalid
from farmlive.shop import prices
from farmlive.shop.order_models import OrderLine
from farmlive.shop.problems import LotSpent, SoldOut, UnknownOffer
from farmlive.shop.stock import Move, Offer, left, on_offer

MAX_TOTAL = 100_000_000_00


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


def check(
    connection: Connection,
    lines: Sequence[OrderLine],
    known: Mapping[str, Offer],
    hold: Hold | None,
    now: int,
    grace_ms: int,
) -> bool:
    """Raise UnknownOffer, PriceChanged, SoldOut, LotSpent or Invalid where they can't be had.

    What the buyer holds counts as left, and until its end as seen at its price; `grace_ms` is for
    how long a price counts after it ended. True where the hold alone gives a line its price.
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
    by_hold = prices.check(connection, lines, known, priced, now - grace_ms)
    _check_stock(lines, known, held)
    if sum(line.price * line.quantity for line in lines) > MAX_TOTAL:
        raise Invalid("Nothing was ordered: that is more than one order may come to.")
    return by_hold


def _check_stock(
    lines: Sequence[OrderLine], known: Mapping[str, Offer], held: Mapping[str, dict[str, Any]]
) -> None:
    """Raise SoldOut where less was released, LotSpent where a lot can't fill what was."""
    short = []
    wanted_g: dict[str, int] = {}
    for line in lines:
        row = known[line.offer]
        own = held[line.offer]["quantity"] if line.offer in held else 0
        if row.released - row.sold - row.held - row.kept + own < line.quantity:
            short.append({"offer": line.offer, "left": left(row) + own})
        more_g = (line.quantity - own) * row.net_weight_g
        wanted_g[row.lot] = wanted_g.get(row.lot, 0) + more_g
    if short:
        raise SoldOut(short)
    for lot, grams in wanted_g.items():
        drawn = [known[line.offer] for line in lines if known[line.offer].lot == lot]
        if grams > max(0, drawn[0].lot_left_g):
            offers = [{"offer": row.id, "left": left(row)} for row in drawn]
            raise LotSpent(lot, max(0, drawn[0].lot_left_g), offers)


def moves(lines: Sequence[OrderLine], hold: Hold | None, *, sell: bool) -> dict[str, Move]:
    """How the stock moves where these are sold, or else held, and the hold is taken up."""
    moved = {
        line.offer: Move(sell=line.quantity) if sell else Move(hold=line.quantity) for line in lines
    }
    for offer, line in hold.lines.items() if hold else ():
        moved.setdefault(offer, Move()).hold -= line["quantity"]
    return moved


def with_held(
    connection: Connection, broadcast: str, known: dict[str, Offer], hold: Hold | None
) -> dict[str, Offer]:
    """What is known of the offers, and of those that only the hold names."""
    more = set(hold.lines if hold else ()) - set(known)
    return {**known, **on_offer(connection, broadcast, more)} if more else known


def told(line: OrderLine, row: Offer) -> dict[str, Any]:
    """A line as tables and events have it."""
    return {
        "offer": line.offer,
        "lot": row.lot,
        "farm": row.farm,
        "quantity": line.quantity,
        "price": line.price,
        "total": line.price * line.quantity,
    }


def audience(order: str, farms: Iterable[str]) -> list[str]:
    """Who hears of an order: staff, the farms of its lines, its buyer."""
    return [STAFF, *(f"farm:{farm}" for farm in sorted(set(farms))), f"order:{order}"]
