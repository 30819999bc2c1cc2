"""Allocate boxes that come back to those in line, as holds.

First come, first served, as far as what is there holds the whole of what someone wants, within the
limits of an order, a device and an address. In the transaction that makes boxes come back, before
anyone else sees a box. How one gets into the line is waitlist.py's part, in which order it is
looked at waitlist_queue.py's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from farmlive.broadcast.events import EventModel, Line, OrderHeld, StockChanged, WaitChanged
from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.shop.checkout import limits, waitlist_queue
from farmlive.shop.core.fields import MAX_QUANTITY
from farmlive.shop.core.models import money
from farmlive.shop.core.order_models import MAX_LINES
from farmlive.shop.core.tables import holds, waits
from farmlive.shop.orders import box_limits
from farmlive.shop.stock import line_items, stock

_WAITING = (
    select(waits.c.offer, func.sum(waits.c.quantity).label("boxes"))
    .where(waits.c.offer.in_(bindparam("offers", expanding=True)))
    .group_by(waits.c.offer)
)
_LEAVE = (
    delete(waits)
    .where(
        waits.c.broadcast == bindparam("in_broadcast"),
        waits.c.device == bindparam("of_device"),
        waits.c.offer.in_(bindparam("offers", expanding=True)),
    )
    .returning(waits.c.offer)
)
_SERVED = delete(waits).where(waits.c.id == bindparam("wait"))
_HELD = select(holds).where(
    holds.c.broadcast == bindparam("broadcast"), holds.c.device == bindparam("device")
)
_HOLD = insert(holds)
_GROW = update(holds).where(holds.c.id == bindparam("hold"))


class Allocation:
    """Allocates boxes to those in line: what makes boxes come back calls it in its transaction."""

    def __init__(self, log: Log, settings: Settings):
        self._log = log
        self._settings = settings
        # The position in these lots' queue where the next look goes on: a hint, which each server
        # keeps for itself and may lose.
        self._looked: dict[frozenset[str], waitlist_queue.Place] = {}

    def settle(
        self, connection: Connection, broadcast: str, moved: Sequence[StockChanged]
    ) -> list[EventModel]:
        """Serve of stock that moved, and return what is to be written of all that.

        Of an offer that was served of, only how it is in the end: so nobody sees what came back
        and is gone already. `moved` is what `stock.move` returned in this transaction.
        """
        served = self.serve(connection, broadcast, [each.offer for each in moved])
        again = {event.offer for event in served if isinstance(event, StockChanged)}
        return [*(each for each in moved if each.offer not in again), *served]

    def ordered(
        self,
        connection: Connection,
        broadcast: str,
        device: str,
        wanted: Iterable[str],
        moved: Sequence[StockChanged],
    ) -> list[EventModel]:
        """As `settle`, where a device orders these offers, or gives them up: it waits no more."""
        left = self.forget(connection, broadcast, device, wanted)
        told = self.settle(connection, broadcast, moved)
        counted = {event.offer for event in told if isinstance(event, WaitChanged)}
        return [*told, *changed(connection, left - counted)]

    def serve(
        self, connection: Connection, broadcast: str, back: Iterable[str]
    ) -> list[EventModel]:
        """Hold what can be had of these offers, and of others of their lots, for those who wait.

        In the transaction that made boxes come back, and after they did.
        Returns what is to be written of it in the broadcast's log; what is served in others, of
        the same lots, is written there already.
        """
        sought = waitlist_queue.sought(connection, back)
        if not sought:
            return []
        now = now_ms()
        room = waitlist_queue.Room(connection, sought)
        told: defaultdict[str, list[EventModel]] = defaultdict(list)
        moves: defaultdict[str, dict[str, stock.Move]] = defaultdict(dict)
        lots = frozenset(row.lot for row in room.offers.values())
        look = waitlist_queue.Look(self._settings.order_boxes, self._looked.pop(lots, None))
        for wait in waitlist_queue.queue(connection, room, look):
            if (
                look.keeps(wait)
                or not room.fits(wait.offer, wait.quantity, is_new=wait.is_new)
                or not self._may_grow(wait, room.offers[wait.offer], now)
            ):
                look.passed += 1
                continue
            held = self._hold(connection, wait, room.offers[wait.offer], now, look)
            if held is None:
                look.in_vain += 1
                continue
            event, is_new = held
            room.take(wait.offer, wait.quantity, is_new=is_new)
            connection.execute(_SERVED, {"wait": wait.id})
            told[wait.broadcast].append(event)
            taken = moves[wait.broadcast].setdefault(wait.offer, stock.Move())
            taken.take(hold=wait.quantity, is_new=is_new)
        if look.start is not None:
            self._looked[lots] = look.start
        for where, moved in moves.items():
            known = stock.on_offer(connection, where, moved)
            told[where] += stock.move(connection, moved, known)
            told[where] += changed(connection, moved)
        own = told.pop(broadcast, [])
        for where, events in told.items():
            self._log.append_all(connection, where, events)
        return own

    def forget(
        self, connection: Connection, broadcast: str, device: str, wanted: Iterable[str]
    ) -> set[str]:
        """Take the device off the lists of these offers; of which it was on."""
        named = {"in_broadcast": broadcast, "of_device": device, "offers": list(wanted)}
        return set(connection.execute(_LEAVE, named).scalars())

    def _hold(
        self,
        connection: Connection,
        wait: Row[Any],
        offer: Row[Any],
        now: int,
        look: waitlist_queue.Look,
    ) -> tuple[OrderHeld, bool] | None:
        """Hold for the device what it waited for; what tells it so, and whether that counts as of a
        device without a past order. None where its hold can't grow so.

        It can't grow by boxes at another price than it has them, over what an order, a device or an
        address may have, or past its latest end: such a one waits on until there is room.
        """
        named = {"broadcast": wait.broadcast, "device": wait.device}
        before = connection.execute(_HELD, named).one_or_none()
        kept = _grown(before.lines if before is not None else [], wait, offer)
        if kept is None or not self._has_room(connection, wait, before, kept, look):
            return None
        total = sum(line["total"] for line in kept)
        held_at = before.held_at if before is not None else None
        until, _ = limits.hold_end(self._settings.hold_minutes, now, held_at)
        if before is not None:
            until = max(until, before.until_at)
        if until <= now:
            return None
        row = {
            "lines": kept,
            "total": total,
            "until_at": until,
            "boxes": sum(line["quantity"] for line in kept),
            "source": wait.source,
        }
        if before is None:
            hold, is_new = ulid(), bool(wait.is_new)
            row |= {"id": hold, **named, "currency": offer.currency, "held_at": now}
            connection.execute(_HOLD, {**row, "is_new": is_new})
        else:
            hold, is_new = before.id, bool(before.is_new)
            connection.execute(_GROW.values(row), {"hold": hold})
        held = OrderHeld(
            order=hold,
            lines=kept,
            total=money(total, offer.currency),
            until=until,
            state="held",
            payment="due",
            waited=True,
            simulated=bool(wait.simulated),
            farms=[line["farm"] for line in kept],
            device=wait.device,
        )
        return held, is_new

    def _may_grow(self, wait: Row[Any], offer: Row[Any], now: int) -> bool:
        """Whether what it held when the queue was read could grow so; it asks the database nothing,
        and what can't grow then can't later in this transaction.
        """
        if wait.held_at is None:
            return True
        until, _ = limits.hold_end(self._settings.hold_minutes, now, wait.held_at)
        if max(until, wait.held_until) <= now:
            return False
        return _grown(wait.held_lines, wait, offer) is not None

    def _has_room(
        self,
        connection: Connection,
        wait: Row[Any],
        before: Row[Any] | None,
        kept: Sequence[Line],
        look: waitlist_queue.Look,
    ) -> bool:
        """Whether the device may hold all this, as far as the limits of boxes go."""
        if not wait.is_limited:
            return True
        boxes = {line["offer"]: line["quantity"] for line in kept}
        if sum(boxes.values()) > self._settings.order_boxes:
            return False
        taker = box_limits.Taker(wait.device, "", wait.source)
        own = before.id if before is not None else None
        more = box_limits.more(
            connection, self._settings, wait.broadcast, wait.offer, boxes[wait.offer], taker, own
        )
        # What is held from elsewhere would count here only for this one.
        elsewhere = before is not None and before.source != wait.source
        here = more["address"] + (boxes[wait.offer] - wait.quantity if elsewhere else 0)
        if here < 0:
            look.full(wait)
        return min(more.values()) >= 0


def changed(connection: Connection, wanted: Iterable[str]) -> list[WaitChanged]:
    """What is written of offers for which someone waits, or no one any more."""
    wanted = sorted(set(wanted))
    boxes = waiting(connection, wanted) if wanted else {}
    return [WaitChanged(offer=offer, waiting=boxes.get(offer, 0)) for offer in wanted]


def waiting(connection: Connection, wanted: Iterable[str]) -> dict[str, int]:
    """How many boxes of these offers are waited for; one that nobody waits for is left out."""
    found = connection.execute(_WAITING, {"offers": list(wanted)})
    return {row.offer: int(row.boxes) for row in found}


def _grown(held: Iterable[Line], wait: Row[Any], offer: Row[Any]) -> list[Line] | None:
    """The lines of a hold and what was waited for, or None where that can't be one hold."""
    kept = {line["offer"]: line.copy() for line in held}
    line = kept.setdefault(
        wait.offer,
        {
            "offer": wait.offer,
            "lot": offer.lot,
            "farm": offer.farm,
            "quantity": 0,
            "price": offer.price,
            "total": 0,
        },
    )
    if line["price"] != offer.price or line.get("flash") is not None:
        return None
    line["quantity"] += wait.quantity
    line["total"] = line["price"] * line["quantity"]
    too_many = len(kept) > MAX_LINES or line["quantity"] > MAX_QUANTITY
    if too_many or sum(each["total"] for each in kept.values()) > line_items.MAX_TOTAL:
        return None
    return list(kept.values())
