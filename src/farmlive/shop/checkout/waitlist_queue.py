"""The queue of those who wait, for all offers of some lots together: who is next, as long as there
is something for one of them. What is then held for them is waitlist_allocation.py's.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, or_, select, tuple_

from farmlive.shop.core.tables import holds, offers, waits
from farmlive.shop.stock import stock

AT_ONCE = 50
# Each of whom is asked whether it may have more, and may not, costs everyone who orders: so many of
# them are asked for what comes back at once, half of these at the head of the queue.
IN_VAIN = 50
# Others are passed over without being asked, as those who hold boxes at another price; but they are
# read, AT_ONCE by a query. So many of them at most, in the same way.
PASSED = 500
# So many boxes of an offer devices without a past order get held however few come back.
NEW_AT_LEAST = 4

# When someone began to wait, and the row that says so.
Place = tuple[int, str]

_lots_of = offers.alias("lots_of")
# What is waited for that may have more where these offers do: those of one lot share what is left.
_SOUGHT = select(offers.c.id, offers.c.broadcast).where(
    offers.c.lot.in_(
        select(_lots_of.c.lot).where(_lots_of.c.id.in_(bindparam("back", expanding=True)))
    ),
    exists().where(waits.c.offer == offers.c.id),
)
# Thousands may wait for one box: the next of them, without those who with what they hold want more
# than an order may have. `Look.after` leaves out who wants more of an offer than there is.
_NEXT = (
    select(
        waits,
        holds.c.lines.label("held_lines"),
        holds.c.held_at.label("held_at"),
        holds.c.until_at.label("held_until"),
    )
    .outerjoin(holds, (holds.c.broadcast == waits.c.broadcast) & (holds.c.device == waits.c.device))
    .where(
        or_(
            ~waits.c.is_limited,
            waits.c.quantity + func.coalesce(holds.c.boxes, 0) <= bindparam("order_boxes"),
        ),
        waits.c.offer.in_(bindparam("offers", expanding=True)),
        tuple_(waits.c.since, waits.c.id) > tuple_(bindparam("since"), bindparam("id")),
    )
    .order_by(waits.c.since, waits.c.id)
    .limit(AT_ONCE)
)


def sought(connection: Connection, back: Iterable[str]) -> Sequence[Any]:
    """What is waited for that may have more where these offers do, by id and broadcast."""
    back = list(back)
    return connection.execute(_SOUGHT, {"back": back}).all() if back else ()


class Room:
    """What can be had of the offers that are waited for, less what was given away meanwhile.

    Devices without a past order get no more held than half of what there is of an offer and of its
    lot, but NEW_AT_LEAST boxes: what comes back one by one is theirs whose turn it is.
    """

    def __init__(self, connection: Connection, sought: Sequence[Any]):
        self.offers: dict[str, stock.Offer] = {}
        for broadcast in {offer.broadcast for offer in sought}:
            wanted = {offer.id for offer in sought if offer.broadcast == broadcast}
            self.offers |= stock.on_offer(connection, broadcast, wanted)
        self._free = {
            row.id: row.released - row.sold - row.held - row.kept for row in self.offers.values()
        }
        # Who waits for a lot that is stopped keeps the place until it is lifted.
        self._left_g = {
            row.lot: 0 if row.lot_stopped else row.lot_left_g for row in self.offers.values()
        }
        self._new = {
            row.id: row.held_new - (row.flash_held_new or 0) for row in self.offers.values()
        }
        self._new_g = {row.lot: row.lot_held_new_g for row in self.offers.values()}

    def left(self, offer: str) -> int:
        """How many boxes there are, as far as their lot holds them."""
        row = self.offers[offer]
        return min(int(self._free[offer]), int(self._left_g[row.lot] // row.net_weight_g))

    def left_new(self, offer: str) -> int:
        """How many of them devices without a past order may get."""
        row = self.offers[offer]
        there = (self._free[offer] + self._new[offer]) // 2
        of_lot = (self._left_g[row.lot] + self._new_g[row.lot]) // 2 // row.net_weight_g
        more = max(there, NEW_AT_LEAST) - self._new[offer]
        more_of_lot = max(of_lot, NEW_AT_LEAST) - self._new_g[row.lot] // row.net_weight_g
        return max(0, min(self.left(offer), int(more), int(more_of_lot)))

    def fits(self, offer: str, quantity: int, *, is_new: bool) -> bool:
        """Whether so many are there."""
        return quantity <= (self.left_new(offer) if is_new else self.left(offer))

    def take(self, offer: str, quantity: int, *, is_new: bool) -> None:
        """Give so many away."""
        row = self.offers[offer]
        grams = quantity * row.net_weight_g
        self._free[offer] -= quantity
        self._left_g[row.lot] -= grams
        if is_new:
            self._new[offer] += quantity
            self._new_g[row.lot] += grams


class Look:
    """One look through a queue: whom of it to ask no more, and where to go on the next time."""

    def __init__(self, order_boxes: int, start: Place | None = None):
        self.order_boxes = order_boxes
        # The position where the last bounded look ended, so that each of them is asked in turn.
        self.start = start
        self.in_vain = 0
        self.passed = 0
        # The least boxes that were too many for an address: its count only grows meanwhile.
        self._too_many: dict[tuple[str, str], int] = {}

    @property
    def spent(self) -> float:
        """How much is done of what one look may do; 1 is all of it."""
        return max(self.in_vain / IN_VAIN, self.passed / PASSED)

    def full(self, wait: Row[Any]) -> None:
        """Its address may not have as many as this wants."""
        if wait.source is not None:
            self._too_many[wait.source, wait.offer] = wait.quantity

    def keeps(self, wait: Row[Any]) -> bool:
        """Whether this wants too many, as its address was found to be."""
        least = self._too_many.get((wait.source, wait.offer))
        return least is not None and wait.quantity >= least

    def after(
        self, connection: Connection, room: Room, offers: Sequence[str], last: Place
    ) -> Sequence[Row[Any]]:
        """The next who wait for one of the offers after that place, without those who want more
        than there is of it, or of whom it is known that they may have no more.
        """
        fits = or_(
            *(
                and_(
                    waits.c.offer == offer,
                    waits.c.quantity <= room.left(offer),
                    or_(~waits.c.is_new, waits.c.quantity <= room.left_new(offer)),
                )
                for offer in offers
            )
        )
        others = (
            or_(
                waits.c.source.is_(None),
                waits.c.source != source,
                waits.c.offer != offer,
                waits.c.quantity < least,
            )
            for (source, offer), least in self._too_many.items()
        )
        named = {
            "offers": list(offers),
            "order_boxes": self.order_boxes,
            "since": last[0],
            "id": last[1],
        }
        return connection.execute(_NEXT.where(fits, *others), named).all()


def queue(connection: Connection, room: Room, look: Look) -> Iterator[Row[Any]]:
    """Those who wait, in their order, as long as there is something for one of them.

    Where many may have no more, those behind them get their turn by `look`: half of it goes to the
    head of the queue, the rest to where the last one ended.
    """
    last: Place = (0, "")
    while True:
        there = [offer for offer in room.offers if room.left(offer) > 0]
        if not there:
            return
        found = look.after(connection, room, there, last)
        for wait in found:
            yield wait
            last = (wait.since, wait.id)
            if look.spent >= 1:
                look.start = last
                return
            if look.spent >= 0.5 and look.start is not None and look.start > last:
                last = look.start
                break
        else:
            if len(found) < AT_ONCE:
                look.start = None
                return
