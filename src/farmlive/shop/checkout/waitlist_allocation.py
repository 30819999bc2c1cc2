"""Allocates returned boxes to the waiting list, as holds.

First come, first served: a buyer is skipped while the whole wanted quantity is not available, or
exceeds the limits of an order, a device or an IP address. It runs in the transaction that returns
the boxes, so that nobody else can take them first. waitlist.py adds and removes waits;
waitlist_queue.py gives their order.
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
from farmlive.shop.core.checkout_models import MAX_LINES
from farmlive.shop.core.fields import MAX_QUANTITY
from farmlive.shop.core.models import money
from farmlive.shop.core.tables import holds, waits
from farmlive.shop.orders import box_limits
from farmlive.shop.stock import line_items, offer_rows, stock

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
    """Allocates boxes to waiting buyers, within the transaction that returned the boxes."""

    def __init__(self, log: Log, settings: Settings):
        self._log = log
        self._settings = settings
        # The position at which the next scan of these lots' queue resumes: a hint, kept per server,
        # that may be lost.
        self._looked: dict[frozenset[str], waitlist_queue.QueuePosition] = {}

    def allocate_returned(
        self, connection: Connection, broadcast: str, moved: Sequence[StockChanged]
    ) -> list[EventModel]:
        """Allocate returned stock, and return the events to append, those of `moved` included.

        `moved` is what `stock.move` returned in this transaction. An offer that was allocated from
        gets only its final `stock.changed`, so that nobody sees boxes that are gone again.
        """
        served = self.allocate(connection, broadcast, [each.offer for each in moved])
        again = {event.offer for event in served if isinstance(event, StockChanged)}
        return [*(each for each in moved if each.offer not in again), *served]

    def allocate_after_order(
        self,
        connection: Connection,
        broadcast: str,
        device: str,
        wanted: Iterable[str],
        moved: Sequence[StockChanged],
    ) -> list[EventModel]:
        """Do as `allocate_returned`, after the device has ordered or dropped these offers: it
        leaves their lists.
        """
        left = self.leave(connection, broadcast, device, wanted)
        told = self.allocate_returned(connection, broadcast, moved)
        counted = {event.offer for event in told if isinstance(event, WaitChanged)}
        return [*told, *changed_event(connection, left - counted)]

    def allocate(
        self, connection: Connection, broadcast: str, back: Iterable[str]
    ) -> list[EventModel]:
        """Allocate what is available of these offers, and of other offers of their lots.

        Call it in the transaction that returned the boxes, after the stock moved. Returns the
        events to append to the broadcast's log; events of other broadcasts with the same lots are
        appended here.
        """
        sought = waitlist_queue.offers_waited_for(connection, back)
        if not sought:
            return []
        now = now_ms()
        room = waitlist_queue.AvailableBoxes(connection, sought)
        told: defaultdict[str, list[EventModel]] = defaultdict(list)
        moves: defaultdict[str, dict[str, stock.StockMove]] = defaultdict(dict)
        lots = frozenset(row.lot for row in room.offers.values())
        look = waitlist_queue.QueueScan(self._settings.order_boxes, self._looked.pop(lots, None))
        for wait in waitlist_queue.queue(connection, room, look):
            if (
                look.is_over_limit(wait)
                or not room.fits(wait.offer, wait.quantity, is_new=wait.is_new)
                or not self._can_extend(wait, room.offers[wait.offer], now)
            ):
                look.passed += 1
                continue
            held = self._hold(connection, wait, room.offers[wait.offer], now, look)
            if held is None:
                look.unserved += 1
                continue
            event, is_new = held
            room.take(wait.offer, wait.quantity, is_new=is_new)
            connection.execute(_SERVED, {"wait": wait.id})
            told[wait.broadcast].append(event)
            taken = moves[wait.broadcast].setdefault(wait.offer, stock.StockMove())
            taken.take(hold=wait.quantity, is_new=is_new)
        if look.start is not None:
            self._looked[lots] = look.start
        for where, moved in moves.items():
            known = offer_rows.read_offers(connection, where, moved)
            told[where] += stock.move(connection, moved, known)
            told[where] += changed_event(connection, moved)
        own = told.pop(broadcast, [])
        for where, events in told.items():
            self._log.append_all(connection, where, events)
        return own

    def leave(
        self, connection: Connection, broadcast: str, device: str, wanted: Iterable[str]
    ) -> set[str]:
        """Take the device off the lists of these offers; return the offers it was waiting for."""
        named = {"in_broadcast": broadcast, "of_device": device, "offers": list(wanted)}
        return set(connection.execute(_LEAVE, named).scalars())

    def _hold(
        self,
        connection: Connection,
        wait: Row[Any],
        offer: Row[Any],
        now: int,
        look: waitlist_queue.QueueScan,
    ) -> tuple[OrderHeld, bool] | None:
        """Create or extend the device's hold by what it waits for.

        Returns the event, and whether the hold counts as one of a device without a past order; None
        where the hold can't be extended: at another price, over the limit of an order, a device or
        an IP address, or past its latest end. The buyer then keeps waiting.
        """
        named = {"broadcast": wait.broadcast, "device": wait.device}
        before = connection.execute(_HELD, named).one_or_none()
        kept = _extended_lines(before.lines if before is not None else [], wait, offer)
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

    def _can_extend(self, wait: Row[Any], offer: Row[Any], now: int) -> bool:
        """Return whether the device's hold, as read with the queue, can be extended.

        It needs no query. A False stays False for the rest of the transaction.
        """
        if wait.held_at is None:
            return True
        until, _ = limits.hold_end(self._settings.hold_minutes, now, wait.held_at)
        if max(until, wait.held_until) <= now:
            return False
        return _extended_lines(wait.held_lines, wait, offer) is not None

    def _has_room(
        self,
        connection: Connection,
        wait: Row[Any],
        before: Row[Any] | None,
        kept: Sequence[Line],
        look: waitlist_queue.QueueScan,
    ) -> bool:
        """Return whether the extended hold is within the limits of boxes."""
        if not wait.is_limited:
            return True
        boxes = {line["offer"]: line["quantity"] for line in kept}
        if sum(boxes.values()) > self._settings.order_boxes:
            return False
        taker = box_limits.BoxOwner(wait.device, "", wait.source)
        own = before.id if before is not None else None
        more = box_limits.remaining_boxes(
            connection, self._settings, wait.broadcast, wait.offer, boxes[wait.offer], taker, own
        )
        # A hold from another IP address moves to this one, with all its boxes.
        elsewhere = before is not None and before.source != wait.source
        here = more["address"] + (boxes[wait.offer] - wait.quantity if elsewhere else 0)
        if here < 0:
            look.mark_over_limit(wait)
        return min(more.values()) >= 0


def changed_event(connection: Connection, wanted: Iterable[str]) -> list[WaitChanged]:
    """Return `wait.changed` for offers whose waiting list may have changed."""
    wanted = sorted(set(wanted))
    boxes = waiting_boxes(connection, wanted) if wanted else {}
    return [WaitChanged(offer=offer, waiting=boxes.get(offer, 0)) for offer in wanted]


def waiting_boxes(connection: Connection, wanted: Iterable[str]) -> dict[str, int]:
    """Return how many boxes of these offers are waited for.

    Offers without a waiting list are left out.
    """
    found = connection.execute(_WAITING, {"offers": list(wanted)})
    return {row.offer: int(row.boxes) for row in found}


def _extended_lines(held: Iterable[Line], wait: Row[Any], offer: Row[Any]) -> list[Line] | None:
    """Return the lines of the hold with the waited boxes added, or None where one hold can't have
    both.
    """
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
