"""Stock: what moves it, of an offer and of the lot that it draws on, and what is told of it.

Always: released = sold + held + kept + left, and left is never below zero. And of each lot: what
is sold and held, by every offer in any broadcast, is never more than was harvested and not wasted.
What moves it, and why, is the till's, the holds', the flashes', the orders' and the bag's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from farmlive.broadcast.log import PUBLIC, Entry
from farmlive.origin.tables import lots
from farmlive.problems import Problem
from farmlive.shop.problems import LotSpent, SoldOut
from farmlive.shop.tables import flashes, holds, lot_stock, offers, products, waits
from farmlive.store import hot

_ON_OFFER = hot(
    select(
        offers.c.id,
        offers.c.lot,
        offers.c.farm,
        offers.c.price,
        offers.c.currency,
        offers.c.released,
        offers.c.sold,
        offers.c.held,
        offers.c.kept,
        products.c.net_weight_g,
        lot_stock.c.sold_g.label("lot_sold_g"),
        (lots.c.quantity_g - lots.c.wasted_g - lot_stock.c.sold_g - lot_stock.c.held_g).label(
            "lot_left_g"
        ),
        # The flash batch that runs, if one does.
        flashes.c.id.label("flash"),
        flashes.c.price.label("flash_price"),
        flashes.c.boxes.label("flash_boxes"),
        flashes.c.sold.label("flash_sold"),
        flashes.c.per_buyer,
        flashes.c.ends_at,
        exists()
        .where(waits.c.offer == offers.c.id, waits.c.device == bindparam("device"))
        .label("waited"),
        holds.c.id.label("hold"),
        holds.c.lines.label("hold_lines"),
        holds.c.held_at,
        holds.c.until_at,
    )
    .select_from(
        offers.join(products, products.c.id == offers.c.product)
        .join(lots, lots.c.id == offers.c.lot)
        .join(lot_stock, lot_stock.c.lot == offers.c.lot)
        .outerjoin(flashes, (flashes.c.offer == offers.c.id) & (flashes.c.state == "running"))
        .outerjoin(
            holds,
            (holds.c.broadcast == offers.c.broadcast) & (holds.c.device == bindparam("device")),
        )
    )
    .where(
        offers.c.broadcast == bindparam("broadcast"),
        offers.c.id.in_(bindparam("offers", expanding=True)),
    )
)
_OF_LOTS = hot(
    select(
        lots.c.id,
        lots.c.quantity_g,
        lots.c.wasted_g,
        func.coalesce(lot_stock.c.sold_g, 0).label("sold_g"),
        func.coalesce(lot_stock.c.held_g, 0).label("held_g"),
        lot_stock.c.lot,
    )
    .outerjoin(lot_stock, lot_stock.c.lot == lots.c.id)
    .where(lots.c.id.in_(bindparam("lots", expanding=True)))
)
# Whatever was read before: nothing is sold or held that is not there. They return nothing, so that
# all of them are one way to the database and back.
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
        kept=offers.c.kept + bindparam("keep"),
    )
)
# Of a batch that has ended the boxes go their ways too, and it stays known how many it sold.
_MOVE_FLASH = hot(
    update(flashes)
    .where(
        flashes.c.id == bindparam("batch"),
        flashes.c.sold + flashes.c.held + bindparam("sell") + bindparam("hold") <= flashes.c.boxes,
    )
    .values(sold=flashes.c.sold + bindparam("sell"), held=flashes.c.held + bindparam("hold"))
)
_whole_g = (
    select(lots.c.quantity_g - lots.c.wasted_g)
    .where(lots.c.id == lot_stock.c.lot)
    .scalar_subquery()
)
_more_g = bindparam("more_g", type_=BigInteger)
# What goes back is taken also where a lot was oversold before this was kept.
_MOVE_LOT = hot(
    update(lot_stock)
    .where(
        lot_stock.c.lot == bindparam("of"),
        or_(_more_g <= 0, lot_stock.c.sold_g + lot_stock.c.held_g + _more_g <= _whole_g),
    )
    .values(
        sold_g=lot_stock.c.sold_g + bindparam("sell_g"),
        held_g=lot_stock.c.held_g + bindparam("hold_g"),
    )
)
_SHARE = insert(lot_stock)

Offer = Row[*tuple[Any, ...]]


@dataclass(slots=True)
class Move:
    """By how much an offer's stock changes, below zero back; `keep` is for its flash batch.

    `batches` says how many of what is sold and held are boxes of which flash batch.
    """

    sell: int = 0
    hold: int = 0
    release: int = 0
    keep: int = 0
    batches: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, *, sell: int = 0, hold: int = 0, flash: str | None = None) -> Self:
        """Sell and hold so many more, of that flash batch or none."""
        self.sell += sell
        self.hold += hold
        if flash is not None:
            sold, held = self.batches.get(flash, (0, 0))
            self.batches[flash] = (sold + sell, held + hold)
        return self


class LotStock(NamedTuple):
    """What became of a lot, net grams; `left_g` can still be sold."""

    quantity_g: int
    wasted_g: int
    sold_g: int
    held_g: int
    left_g: int


def on_offer(
    connection: Connection, broadcast: str, wanted: Iterable[str], device: str = ""
) -> dict[str, Offer]:
    """The broadcast's offers of these ids, with what is taken of their lots; by id.

    With `device` each also carries that device's hold in the broadcast, whatever it holds, and
    whether the device waits for the offer.
    """
    return by_id(ask(connection, broadcast, wanted, device))


def ask(
    connection: Connection, broadcast: str, wanted: Iterable[str], device: str = ""
) -> Iterable[Offer]:
    """The same, asked now and looked at by `by_id`, so that other questions go the same way."""
    named = {"broadcast": broadcast, "offers": list(wanted), "device": device}
    return connection.execute(_ON_OFFER, named)


def by_id(asked: Iterable[Offer]) -> dict[str, Offer]:
    """The offers that were asked for."""
    return {row.id: row for row in asked}


def of_lots(connection: Connection, wanted: Iterable[str]) -> dict[str, LotStock]:
    """What became of each of these lots, by every offer that draws on it in any broadcast."""
    found = connection.execute(_OF_LOTS, {"lots": list(wanted)})
    return {row.id: _lot_stock(row) for row in found}


def share(connection: Connection, lot: str, offer: str, released_g: int) -> None:
    """Let an offer that is made draw on the lot. Raises LotSpent where less of it is left."""
    row = connection.execute(_OF_LOTS, {"lots": [lot]}).one()
    if row.lot is None:
        connection.execute(_SHARE, {"lot": lot, "sold_g": 0, "held_g": 0})
    left_g = _lot_stock(row).left_g
    if released_g > left_g:
        raise _not_released(lot, left_g, offer, 0)


def left(row: Offer) -> int:
    """How many boxes can be had: of what was released, as far as the lot holds them."""
    free: int = row.released - row.sold - row.held - row.kept
    of_lot: int = row.lot_left_g // row.net_weight_g
    return max(0, min(free, of_lot))


@dataclass(frozen=True, slots=True)
class Moving:
    """Stock that is asked to move: a `stock.changed` of each offer, which holds if it does."""

    told: list[dict[str, Any]]
    asked: list[tuple[Any, Callable[[], Problem]]]

    def check(self) -> None:
        """Look whether it moved. Raises SoldOut and LotSpent, and nothing of the caller's stays."""
        for result, refusal in self.asked:
            if result.rowcount == 0:
                raise refusal()


def move(
    connection: Connection, moves: Mapping[str, Move], known: Mapping[str, Offer]
) -> list[dict[str, Any]]:
    """Move the stock of these offers, all or none, and return a `stock.changed` of each.

    As `ask_move`, and looked at. Raises SoldOut and LotSpent, after which the caller's changes are
    undone.
    """
    moving = ask_move(connection, moves, known)
    moving.check()
    return moving.told


def ask_move(
    connection: Connection, moves: Mapping[str, Move], known: Mapping[str, Offer]
) -> Moving:
    """Have the stock of these offers move, to be looked at later, so that more goes the same way.

    In one order for all, so that no two deadlock: the offers, then the lots. `known` is what
    `on_offer` read of them in this transaction, after the broadcast was locked: boxes of the flash
    batch that runs are taken of what is kept for it. Raises LotSpent where more is released than
    the lot holds.
    """
    done: list[tuple[Any, Callable[[], Problem]]] = []
    moved: dict[str, tuple[Move, int]] = {}
    for offer in sorted(moves):
        by = moves[offer]
        keep = by.keep
        gone = partial(SoldOut, [{"offer": offer, "left": 0}])
        for batch, (sell, hold) in by.batches.items():
            if batch == known[offer].flash:
                keep -= sell + hold
            if sell or hold:
                taken = {"batch": batch, "sell": sell, "hold": hold}
                done.append((connection.execute(_MOVE_FLASH, taken), gone))
        if by.sell or by.hold or by.release or keep:
            taken = {"sell": by.sell, "hold": by.hold, "release": by.release, "keep": keep}
            done.append((connection.execute(_MOVE, {"offer": offer, **taken}), gone))
            moved[offer] = (by, keep)
    of_lot = _move_lots(connection, {offer: by for offer, (by, _) in moved.items()}, known, done)
    told = [_changed(known[offer], by, keep, of_lot) for offer, (by, keep) in moved.items()]
    return Moving(told, done)


def _changed(
    row: Offer, by: Move, keep: int, of_lot: Mapping[str, tuple[int, int]]
) -> dict[str, Any]:
    """What is told of an offer that moved. Raises LotSpent where too much of it was released."""
    released, kept = row.released + by.release, row.kept + keep
    sold, held = row.sold + by.sell, row.held + by.hold
    sold_g, left_g = of_lot[row.lot]
    if by.release > 0 and (released - sold - held) * row.net_weight_g > left_g:
        raise _not_released(row.lot, left_g, row.id, left(row))
    return {
        "offer": row.id,
        "released": released,
        "sold": sold,
        "held": held,
        "kept": kept,
        "left": released - sold - held - kept,
        "lot": row.lot,
        "lot_sold_g": sold_g,
        "lot_left_g": left_g,
    }


Settle = Callable[[Connection, str, Sequence[dict[str, Any]]], list[Entry]]
"""What is written of stock that has moved and may have come back: `settled`, or who serves those
who wait of it before that.
"""

Ordered = Callable[[Connection, str, str, Iterable[str], Sequence[dict[str, Any]]], list[Entry]]
"""The same where a device orders these offers, and so waits for them no more."""


def settled(
    _connection: Connection, _broadcast: str, moved: Sequence[dict[str, Any]]
) -> list[Entry]:
    """What is written of stock that has moved, where nobody waits."""
    return entries(moved)


def ordered(
    _connection: Connection,
    _broadcast: str,
    _device: str,
    _wanted: Iterable[str],
    moved: Sequence[dict[str, Any]],
) -> list[Entry]:
    """What is written of stock that was sold, where nobody waits."""
    return entries(moved)


def entries(moved: Iterable[dict[str, Any]]) -> list[Entry]:
    """What is written of stock that has moved."""
    return [Entry("stock.changed", [PUBLIC], changed) for changed in moved]


def _move_lots(
    connection: Connection,
    moves: Mapping[str, Move],
    known: Mapping[str, Offer],
    done: list[tuple[Any, Callable[[], Problem]]],
) -> dict[str, tuple[int, int]]:
    """Take what is sold and held from the lots; grams sold and left of each then."""
    taken: dict[str, tuple[int, int]] = {}
    of_lot: dict[str, tuple[int, int]] = {}
    for offer, by in moves.items():
        row = known[offer]
        sell_g, hold_g = taken.get(row.lot, (0, 0))
        sell_g, hold_g = sell_g + by.sell * row.net_weight_g, hold_g + by.hold * row.net_weight_g
        taken[row.lot] = (sell_g, hold_g)
        of_lot[row.lot] = (row.lot_sold_g + sell_g, max(0, row.lot_left_g - sell_g - hold_g))
    for lot, (sell_g, hold_g) in sorted(taken.items()):
        if sell_g or hold_g:
            named = {"of": lot, "sell_g": sell_g, "hold_g": hold_g, "more_g": sell_g + hold_g}
            drawn = [known[offer] for offer in moves if known[offer].lot == lot]
            spent = partial(_spent, lot, drawn)
            done.append((connection.execute(_MOVE_LOT, named), spent))
    return of_lot


def _spent(lot: str, drawn: Sequence[Offer]) -> LotSpent:
    offers = [{"offer": row.id, "left": left(row)} for row in drawn]
    return LotSpent(lot, max(0, drawn[0].lot_left_g), offers)


def _lot_stock(row: Offer) -> LotStock:
    left_g = max(0, row.quantity_g - row.wasted_g - row.sold_g - row.held_g)
    return LotStock(row.quantity_g, row.wasted_g, row.sold_g, row.held_g, left_g)


def _not_released(lot: str, left_g: int, offer: str, left: int) -> LotSpent:
    return LotSpent(
        lot,
        left_g,
        [{"offer": offer, "left": left}],
        "Nothing was released: the lot does not hold so much. Release no more than what of it "
        "is neither sold nor held, or offer another lot.",
    )
