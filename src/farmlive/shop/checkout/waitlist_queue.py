"""The queue of waiting buyers over all offers of some lots: yields the next one as long as boxes
are left for any of them. waitlist_allocation.py creates the holds.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, or_, select, tuple_

from farmlive.shop.core.tables import holds, offers, waits
from farmlive.shop.stock import offer_rows

WAITS_PER_QUERY = 50
# Most waits per look that are tried and fail: each costs a query, while orders wait. Half of them
# are for the head of the queue, the rest for where the last look ended.
IN_VAIN = 50
# Most waits per look that are skipped without a query, such as those with a hold at another price;
# a query reads WAITS_PER_QUERY of them. Split in the same way.
PASSED = 500
# Boxes of an offer that devices without a past order may always get, however few are returned.
NEW_AT_LEAST = 4

# A position in the queue: when the wait began, and its row's id.
QueuePosition = tuple[int, str]

_lots_of = offers.alias("lots_of")
# Offers with a waiting list whose lot is that of one of these offers, since they share the lot's
# boxes.
_SOUGHT = select(offers.c.id, offers.c.broadcast).where(
    offers.c.lot.in_(
        select(_lots_of.c.lot).where(_lots_of.c.id.in_(bindparam("back", expanding=True)))
    ),
    exists().where(waits.c.offer == offers.c.id),
)
# The next WAITS_PER_QUERY waits after a position, without those whose hold would exceed the limit
# of an order: thousands may wait for one box. `QueueScan.read_next` also filters by what is
# available.
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
    .limit(WAITS_PER_QUERY)
)


def offers_waited_for(connection: Connection, back: Iterable[str]) -> Sequence[Any]:
    """Return the offers with a waiting list that can use boxes returned to these offers."""
    back = list(back)
    return connection.execute(_SOUGHT, {"back": back}).all() if back else ()


class AvailableBoxes:
    """The boxes available to the waiting list, less what was allocated meanwhile.

    Devices without a past order get at most half of an offer's and its lot's boxes, but at least
    NEW_AT_LEAST: boxes that are returned one at a time go to whoever is next.
    """

    def __init__(self, connection: Connection, sought: Sequence[Any]):
        self.offers: dict[str, offer_rows.OfferRow] = {}
        for broadcast in {offer.broadcast for offer in sought}:
            wanted = {offer.id for offer in sought if offer.broadcast == broadcast}
            self.offers |= offer_rows.read_offers(connection, broadcast, wanted)
        self._free = {
            row.id: row.released - row.sold - row.held - row.kept for row in self.offers.values()
        }
        # Nothing of a stopped lot is allocated; its waits keep their positions until it is lifted.
        self._left_g = {
            row.lot: 0 if row.lot_stopped else row.lot_left_g for row in self.offers.values()
        }
        self._new = {
            row.id: row.held_new - (row.flash_held_new or 0) for row in self.offers.values()
        }
        self._new_g = {row.lot: row.lot_held_new_g for row in self.offers.values()}

    def left(self, offer: str) -> int:
        """Return the available boxes of an offer, at most what its lot holds."""
        row = self.offers[offer]
        return min(int(self._free[offer]), int(self._left_g[row.lot] // row.net_weight_g))

    def left_for_new_device(self, offer: str) -> int:
        """Return how many of these devices without a past order may get."""
        row = self.offers[offer]
        there = (self._free[offer] + self._new[offer]) // 2
        of_lot = (self._left_g[row.lot] + self._new_g[row.lot]) // 2 // row.net_weight_g
        more = max(there, NEW_AT_LEAST) - self._new[offer]
        more_of_lot = max(of_lot, NEW_AT_LEAST) - self._new_g[row.lot] // row.net_weight_g
        return max(0, min(self.left(offer), int(more), int(more_of_lot)))

    def fits(self, offer: str, quantity: int, *, is_new: bool) -> bool:
        """Return whether the quantity is available."""
        return quantity <= (self.left_for_new_device(offer) if is_new else self.left(offer))

    def take(self, offer: str, quantity: int, *, is_new: bool) -> None:
        """Subtract an allocated quantity."""
        row = self.offers[offer]
        grams = quantity * row.net_weight_g
        self._free[offer] -= quantity
        self._left_g[row.lot] -= grams
        if is_new:
            self._new[offer] += quantity
            self._new_g[row.lot] += grams


class QueueScan:
    """One look through the queue: its limits, the sources over their limit, and where to resume."""

    def __init__(self, order_boxes: int, start: QueuePosition | None = None):
        self.order_boxes = order_boxes
        # The position at which the last scan reached its limit, so that every wait has its turn.
        self.start = start
        self.unserved = 0
        self.passed = 0
        # The smallest refused quantity per source and offer: what a source has taken only grows
        # within a transaction.
        self._too_many: dict[tuple[str, str], int] = {}

    @property
    def used_share(self) -> float:
        """Return the used share of this look's limits; 1 ends the look."""
        return max(self.unserved / IN_VAIN, self.passed / PASSED)

    def mark_over_limit(self, wait: Row[Any]) -> None:
        """Remember that the wait's source may not have this quantity."""
        if wait.source is not None:
            self._too_many[wait.source, wait.offer] = wait.quantity

    def is_over_limit(self, wait: Row[Any]) -> bool:
        """Return whether the wait is known to exceed its source's limit."""
        least = self._too_many.get((wait.source, wait.offer))
        return least is not None and wait.quantity >= least

    def read_next(
        self,
        connection: Connection,
        room: AvailableBoxes,
        offers: Sequence[str],
        last: QueuePosition,
    ) -> Sequence[Row[Any]]:
        """Return the next waits for these offers after a position, without those that are known not
        to fit.
        """
        fits = or_(
            *(
                and_(
                    waits.c.offer == offer,
                    waits.c.quantity <= room.left(offer),
                    or_(~waits.c.is_new, waits.c.quantity <= room.left_for_new_device(offer)),
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


def queue(connection: Connection, room: AvailableBoxes, look: QueueScan) -> Iterator[Row[Any]]:
    """Yield waits in order, as long as boxes are left for any of them.

    Where many of them fail, `look` limits the search: half of it covers the head of the queue, the
    rest continues where the last look stopped.
    """
    last: QueuePosition = (0, "")
    while True:
        there = [offer for offer in room.offers if room.left(offer) > 0]
        if not there:
            return
        found = look.read_next(connection, room, there, last)
        for wait in found:
            yield wait
            last = (wait.since, wait.id)
            if look.used_share >= 1:
                look.start = last
                return
            if look.used_share >= 0.5 and look.start is not None and look.start > last:
                last = look.start
                break
        else:
            if len(found) < WAITS_PER_QUERY:
                look.start = None
                return
