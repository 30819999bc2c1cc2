"""Retention: deletes expired data each hour, in small steps, on one server or several.

The settings define how long data is kept. The shop deletes personal data and the outbox; review
deletes watch sessions and the records of sales.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.periodic import Periodic
from farmlive.review.sale_retention import SaleRetention
from farmlive.review.watch_retention import WatchRetention
from farmlive.settings import Settings
from farmlive.shop.claims import claims
from farmlive.shop.claims.photos import ClaimPhotos
from farmlive.shop.notices import outbox_file
from farmlive.shop.privacy.retention import PersonRetention
from farmlive.store import Store

EVERY_S = 3600

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Removed:
    """What was deleted: orders with personal data, files of the outbox, watch sessions and card
    taps, and records of sales.
    """

    persons: int
    outbox_files: int
    watches: int
    sales: int


@dataclass(frozen=True)
class Outlook(Removed):
    """What would be deleted; and the older orders that are kept: how many for each reason, and
    which (broadcast, number, reason).
    """

    open: Counter[str]
    named: list[tuple[str, str, str]]


class Retention:
    """Deletes expired data. The loop `loop` does so at once and then each hour, unless
    `is_time_doubted` says that the time may be wrong.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        is_time_doubted: Callable[[], bool],
    ):
        self._settings = settings
        self._is_time_doubted = is_time_doubted
        self._outbox = settings.data / "outbox"
        photos = ClaimPhotos(store, settings.data / claims.FOLDER)
        self._persons = PersonRetention(store, photos, settings.person_ms)
        self._watches = WatchRetention(store, log, settings.watch_ms)
        self._sales = SaleRetention(store, settings.sale_ms)
        self.loop = Periodic(
            EVERY_S,
            self._remove_and_log,
            "what is kept no longer was not removed",
            "what is kept no longer is removed again",
            at_once=True,
        )

    async def remove(self) -> Removed:
        """Delete all expired data. Raises Unavailable, OSError."""
        return Removed(
            persons=await self._persons.remove(),
            outbox_files=outbox_file.remove_old(self._outbox, self._outbox_before()),
            watches=await self._watches.remove(),
            sales=await self._sales.remove(),
        )

    async def outlook(self) -> Outlook:
        """Return what `remove` would delete now, without deleting it."""
        persons = await self._persons.preview()
        return Outlook(
            persons=persons.due,
            outbox_files=len(outbox_file.old_files(self._outbox, self._outbox_before())),
            watches=await self._watches.outlook(),
            sales=await self._sales.outlook(),
            open=persons.open,
            named=persons.named,
        )

    async def _remove_and_log(self) -> None:
        if self._is_time_doubted():
            _log.warning(
                "what is kept no longer is not removed yet: the clock made a step of days, or the "
                "server was away for a month by it",
                what_to_do="See that the clock is right; it is removed within a day then.",
            )
            return
        removed = await self.remove()
        if removed != Removed(0, 0, 0, 0):
            _log.info("what is kept no longer was removed", **vars(removed))

    def _outbox_before(self) -> int:
        return now_ms() - self._settings.outbox_ms
