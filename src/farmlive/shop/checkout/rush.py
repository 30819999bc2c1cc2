"""Rushes: while devices without a past order buy much of an offer within a minute, they need a
proof of work for it, and for some minutes longer.

The boxes that they take are counted in the offer's row, within the transactions that take them:
over all servers, without further queries. Events tell staff when a rush begins and ends.
core/proof_of_work.py checks the proof.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, bindparam, func, select, update

from farmlive.broadcast.events import RushBegan, RushOver
from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.people import Caller
from farmlive.settings import Settings
from farmlive.shop.core import proof_of_work
from farmlive.shop.core.checkout_models import OrderLine
from farmlive.shop.core.due_scheduler import DueScheduler
from farmlive.shop.core.tables import offers
from farmlive.shop.stock import offer_rows
from farmlive.shop.stock.line_items import Hold
from farmlive.shop.stock.offer_rows import OfferRow
from farmlive.store import Store, Tally, after_commit, hot, tally

WINDOW_MS = 60_000
# How long proofs are needed after the last minute over the threshold.
LASTS_MS = 5 * 60_000
# Delay before proofs are needed, for requests that were sent before their page knew.
NOTICE_MS = 2_000
# Least step by which a rush's end is moved, to save writes.
_AGAIN_MS = 30_000

_SET = hot(
    update(offers)
    .where(offers.c.id == bindparam("of"))
    .values(
        rush_at=bindparam("at"),
        rush_boxes=bindparam("boxes"),
        rush_before=bindparam("before"),
        proof_from=bindparam("since"),
        proof_until=bindparam("until"),
    )
)
_NEXT = select(func.min(offers.c.proof_until))
_DUE = select(offers.c.id, offers.c.broadcast).where(offers.c.proof_until <= bindparam("now"))
_END = (
    update(offers)
    .where(offers.c.id == bindparam("of"), offers.c.proof_until <= bindparam("now"))
    .values(proof_from=None, proof_until=None)
)

_log = structlog.get_logger(__name__)


class Window(NamedTuple):
    """A sliding window over what was taken.

    `boxes` were taken within the minute that began `at`, `before` in the minute before it. Proofs
    are needed from `since` until `until`; both are None without a rush.
    """

    at: int
    boxes: int
    before: int
    since: int | None = None
    until: int | None = None

    def taken(self, boxes: int, now: int) -> "Window":
        """Return the window after `boxes` more were taken at `now`."""
        passed = now - self.at
        if not 0 <= passed < 2 * WINDOW_MS:
            return Window(now, boxes, 0, self.since, self.until)
        if passed >= WINDOW_MS:
            return Window(self.at + WINDOW_MS, boxes, self.boxes, self.since, self.until)
        return Window(self.at, self.boxes + boxes, self.before, self.since, self.until)

    def level(self, now: int) -> int:
        """Return how many were taken within the last minute, with the previous minute's taken as
        even.
        """
        return self.boxes + self.before * (WINDOW_MS - (now - self.at)) // WINDOW_MS

    def needs_proof(self, now: int) -> bool:
        """Return whether a proof is needed now."""
        return self.since is not None and self.until is not None and self.since <= now < self.until


class Rush:
    """Counts boxes that devices without a past order take; starts and ends rushes.

    `scheduler` runs `end`.
    """

    def __init__(self, store: Store, log: Log, settings: Settings):
        self._store = store
        self._log = log
        self._settings = settings
        self.began_count = 0
        self.proofs_required = 0
        self.scheduler = DueScheduler(store, _next, self.end, "a rush was not ended; trying again")

    def check(
        self,
        connection: Connection,
        caller: Caller,
        broadcast: str,
        request: Any,
        rows: Iterable[OfferRow],
        *,
        is_new: bool,
    ) -> None:
        """Raise ProofNeeded where a new device's `request` for these offers lacks its proof."""
        if not self._is_counted(caller, is_new):
            return
        counted, now = tally(connection), now_ms()
        if any(_window(counted, row).needs_proof(now) for row in rows):
            try:
                proof_of_work.check(
                    broadcast, request.key, request.proof, self._settings.rush_proof_bits
                )
            except proof_of_work.ProofNeeded:
                self.proofs_required += 1
                raise

    def take(
        self,
        connection: Connection,
        caller: Caller,
        broadcast: str,
        wanted: Sequence[OrderLine],
        before: Hold | None,
        *,
        is_new: bool,
    ) -> list[RushBegan]:
        """Count the boxes that a new device took, after the stock moved.

        Return the events to append.
        """
        if not self._is_counted(caller, is_new):
            return []
        counted, now = tally(connection), now_ms()
        own = before.lines if before is not None else {}
        told = []
        for line in wanted:
            more = line.quantity - (own[line.offer]["quantity"] if line.offer in own else 0)
            if more > 0:
                told += self._count(connection, counted, broadcast, line.offer, more, now)
        return told

    async def end(self) -> None:
        """End the rushes that are due; of several servers only one ends each."""
        now = now_ms()
        due = await self._store.read(
            lambda connection: connection.execute(_DUE, {"now": now}).all()
        )
        await asyncio.gather(*(self._store.write(partial(self._end, of=row)) for row in due))

    def counters(self) -> dict[str, int]:
        """Return how many rushes began and how many requests lacked a proof, for /metrics."""
        return {"began": self.began_count, "proofs_asked": self.proofs_required}

    def _is_counted(self, caller: Caller, is_new: bool) -> bool:
        # A rush adds nothing if every order needs a proof anyway.
        settings = self._settings
        is_used = settings.rush_share > 0 and settings.order_proof_bits == 0
        return is_used and is_new and caller.role is None

    def _count(
        self,
        connection: Connection,
        counted: Tally,
        broadcast: str,
        offer: str,
        more: int,
        now: int,
    ) -> list[RushBegan]:
        row: OfferRow | None = counted.known(offer)
        if row is None or counted.known(row.lot) is None:
            row = offer_rows.read_offers(connection, broadcast, [offer])[offer]
        before = _window(counted, row)
        window = before.taken(more, now)
        level = window.level(now)
        told: list[RushBegan] = []
        # A single order within its limit is no rush, however small the offer.
        if level > self._settings.order_boxes:
            of_lot = max(0, counted.known(row.lot).lot_left_g) // row.net_weight_g
            free = min(row.released - row.sold - row.held, of_lot)
            if level * 100 > self._settings.rush_share * (free + level):
                window, told = self._start_or_extend(connection, row, before, window, level, now)
        counted.defer(_SET, {"of": offer}, {}, window._asdict())
        counted.know(("rush", offer), window)
        return told

    def _start_or_extend(
        self,
        connection: Connection,
        row: OfferRow,
        before: Window,
        window: Window,
        level: int,
        now: int,
    ) -> tuple[Window, list[RushBegan]]:
        """Start or extend a rush; return the offer's window and the events to append."""
        until = now + LASTS_MS
        if before.until is not None and now < before.until:
            if until < before.until + _AGAIN_MS:
                return window, []
            return window._replace(until=until), []
        since = now + NOTICE_MS
        self.scheduler.announce(connection, until)
        began = self._start(connection, row, level, since)
        return window._replace(since=since, until=until), [began]

    def _start(self, connection: Connection, row: OfferRow, boxes: int, since: int) -> RushBegan:
        def note() -> None:
            self.began_count += 1
            _log.warning(
                "devices without a past order took much of an offer within a minute; they need a "
                "proof of work for it now",
                broadcast=row.broadcast,
                offer=row.id,
                boxes=boxes,
            )

        after_commit(connection, note)
        return RushBegan(
            offer=row.id, boxes=boxes, since=since, bits=self._settings.rush_proof_bits
        )

    def _end(self, connection: Connection, of: Any) -> None:
        # No row: the rush was extended, or another server ended it.
        if connection.execute(_END, {"of": of.id, "now": now_ms()}).rowcount:
            self._log.append(connection, of.broadcast, RushOver(offer=of.id))


def _window(counted: Tally, row: OfferRow) -> Window:
    """Return the offer's window, with what this transaction has counted so far."""
    known: Window | None = counted.known(("rush", row.id))
    if known is not None:
        return known
    return Window(row.rush_at, row.rush_boxes, row.rush_before, row.proof_from, row.proof_until)


def _next(connection: Connection) -> int | None:
    until: int | None = connection.execute(_NEXT).scalar_one()
    return until
