"""The shop's part of stopping and lifting a lot: events, flash batches and the waiting list.

It runs within the transaction of the finding or the lift, as
`farmlive.origin.stops.stops.StopHandler`. stock/stock.py and orders/transitions.py refuse to sell
or hand over a stopped lot; notices/notices.py sends the notices; orders/lot_orders.py lists its
orders.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Connection, Row, bindparam, exists, func, select

from farmlive.broadcast import events
from farmlive.broadcast.log import Log
from farmlive.origin.core.lot_facts import is_stopped, tested
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.origin.stops.reasons import NEVER_STOPPED, CardStop, on_cards
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.tables import flashes, offers
from farmlive.shop.flash.flashes import Flashes

# One offer per broadcast, also of ended ones: their cards are still viewed.
_SELLING = (
    select(offers.c.broadcast, func.min(offers.c.id).label("offer"))
    .where(offers.c.lot == bindparam("lot"))
    .group_by(offers.c.broadcast)
    .order_by(offers.c.broadcast)
)
# The same for several lots, with every offer on sale.
_ON_SALE = (
    select(offers.c.broadcast, offers.c.lot, func.min(offers.c.id).label("offer"))
    .where(offers.c.lot.in_(bindparam("lots", expanding=True)))
    .group_by(offers.c.broadcast, offers.c.lot)
    .order_by(offers.c.broadcast, offers.c.lot)
)
# Those of them with a planned or running flash batch.
_FLASHES = (
    select(flashes.c.broadcast, offers.c.lot)
    .join(offers, offers.c.id == flashes.c.offer)
    .where(
        offers.c.lot.in_(bindparam("lots", expanding=True)),
        flashes.c.state.in_(("planned", "running")),
    )
)

# The orders with boxes of the lot, by order number.
_ORDERS = (
    select(
        orders.c.id,
        orders.c.broadcast,
        orders.c.number,
        orders.c.state,
        orders.c.payment,
        order_lines.c.farm,
    )
    .join(order_lines, order_lines.c.order == orders.c.id)
    .where(
        order_lines.c.lot == bindparam("lot"),
        order_lines.c.quantity > order_lines.c.returned,
        orders.c.state != "cancelled",
    )
    .distinct()
    .order_by(orders.c.broadcast, orders.c.number)
)
# Those of these orders that have boxes of another stopped lot.
_other = order_lines.alias("other")
_STILL_STOPPED = _ORDERS.where(
    exists().where(
        _other.c.order == orders.c.id,
        _other.c.quantity > _other.c.returned,
        is_stopped(_other.c.lot),
    )
)

# Lots per query: a start with changed settings may change every lot.
LOTS_PER_BATCH = 500

Serve = Callable[[Connection, str, Iterable[str]], list[events.EventModel]]


class LotStops:
    """Appends events to every broadcast that sells a lot, ends its flash batches, and allocates
    lifted boxes.

    `allocate` is `Allocation.allocate`.
    """

    def __init__(self, log: Log, flashes: Flashes, *, allocate: Serve):
        self._log = log
        self._flashes = flashes
        self._allocate = allocate

    def on_stopped(
        self, connection: Connection, lot: str, reasons: Sequence[StopReason], *, again: bool
    ) -> None:
        """Append `lot.stopped` to the logs, end the lot's flash batches, and append the orders'
        events.
        """
        stopped = events.LotStopped(lot=lot, reasons=_told(reasons), again=again)
        for row in connection.execute(_SELLING, {"lot": lot}).all():
            over = self._flashes.stop(connection, row.broadcast, lot)
            self._log.append_all(connection, row.broadcast, [stopped, *over])
        if not again:
            found = connection.execute(_ORDERS, {"lot": lot}).all()
            self._append_for_orders(connection, events.OrderStopped, lot, found)

    def on_resumed(self, connection: Connection, lot: str, lift: CardLift) -> None:
        """Append `lot.resumed` to the logs and the orders' events, and allocate the available boxes
        to the waiting list.
        """
        is_tested = lot in tested(connection, [lot])
        told = events.LotResumed(lot=lot, sentence=lift.sentence, tested=is_tested)
        selling = connection.execute(_SELLING, {"lot": lot}).all()
        for row in selling:
            self._log.append(connection, row.broadcast, told)
        still = {row.id for row in connection.execute(_STILL_STOPPED, {"lot": lot})}
        found = connection.execute(_ORDERS, {"lot": lot}).all()
        free = [row for row in found if row.id not in still]
        self._append_for_orders(connection, events.OrderResumed, lot, free)
        if selling:  # this also serves the lot's waiting lists in other broadcasts
            served = self._allocate(connection, selling[0].broadcast, [selling[0].offer])
            if served:
                self._log.append_all(connection, selling[0].broadcast, served)

    def on_proof_changed(self, connection: Connection, changed: Sequence[str]) -> None:
        """Append to the logs of broadcasts with these lots whether each may be sold now."""
        for first in range(0, len(changed), LOTS_PER_BATCH):
            self._proof_changed(connection, list(changed[first : first + LOTS_PER_BATCH]))

    def _proof_changed(self, connection: Connection, changed: list[str]) -> None:
        stops, with_test = on_cards(connection, changed), tested(connection, changed)
        named = {"lots": changed}
        on_sale = connection.execute(_ON_SALE, named).all()
        in_flash = {(row.broadcast, row.lot) for row in connection.execute(_FLASHES, named)}
        for broadcast, rows in groupby(on_sale, key=lambda row: row.broadcast):
            told: list[events.EventModel] = []
            free: list[str] = []
            for row in rows:
                stop = stops.get(row.lot, NEVER_STOPPED)
                if not stop.reasons:
                    free.append(row.offer)
                    told.append(_resumed(row.lot, stop, is_tested=row.lot in with_test))
                    continue
                told.append(events.LotStopped(lot=row.lot, reasons=_told(stop.reasons)))
                if (broadcast, row.lot) in in_flash:
                    told += self._flashes.stop(connection, broadcast, row.lot)
            served = self._allocate(connection, broadcast, free) if free else []
            self._log.append_all(connection, broadcast, [*told, *served])

    def _append_for_orders(
        self,
        connection: Connection,
        kind: type[events.OrderStopped | events.OrderResumed],
        lot: str,
        found: Sequence[Row[*tuple[Any, ...]]],
    ) -> None:
        """Append an event for each of these orders, which are sorted by broadcast."""
        for broadcast, rows in groupby(found, key=lambda row: row.broadcast):
            told = [
                kind(
                    order=row.id,
                    number=order_number(row.number),
                    state=row.state,
                    payment=row.payment,
                    lot=lot,
                    stopped=kind is events.OrderStopped,
                    farms=[row.farm],
                )
                for row in rows
            ]
            self._log.append_all(connection, broadcast, told)


def _told(reasons: Iterable[StopReason]) -> list[events.Reason]:
    return [cast(events.Reason, why.model_dump(exclude_none=True)) for why in reasons]


def _resumed(lot: str, stop: CardStop, *, is_tested: bool) -> events.LotResumed:
    lift = stop.lift  # shown to everybody, whatever was missing meanwhile
    return events.LotResumed(
        lot=lot,
        sentence=lift.sentence if lift else None,
        lifted_at=lift.at if lift else None,
        tested=is_tested,
    )
