"""Leases of media: which server has the cameras and viewers of a broadcast.

The first publisher's server takes the lease and renews it while it has any session; the lease
expires `LEASE_MS` after its holder's last renewal, by the database's clock alone, or when it is
released. Each tenure has an epoch. Servers on one database write one after the other
(store/writer_lock.py), so a write conditional on an epoch (`stands`) never comes from a server that
another has succeeded.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy import Connection, insert, select, update

from farmlive.ids import ulid
from farmlive.media.wire.errors import HolderAway
from farmlive.nodes.tables import media_leases
from farmlive.outages import Outages
from farmlive.periodic import Periodic
from farmlive.problems import Unavailable
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.reference import NOW

LEASE_MS = 10_000
RENEW_S = 2.0
# The holder treats a lease as expired this much earlier than the database does.
_MARGIN_S = 1.0
# How long another server's lease, or its absence, is cached, and how long a caller waits for a new
# reading if an older one is known.
BELIEVED_S = 1.0
NEWS_S = 1.0
_MOST_KNOWN = 1_000
# After a failure of the database, or a very slow write, nobody takes leases that expired meanwhile
# for this long, because their holders could not renew. The failure may be recorded five seconds
# before the database is back (CONNECT_TIMEOUT_S), and a holder renews within two seconds of that.
SETTLE_S = 8.0
SLOW_S = 3.0

_log = structlog.get_logger(__name__)


class Lease(NamedTuple):
    """An unexpired lease of another server."""

    node: str
    url: str
    epoch: int


@dataclass(slots=True)
class _Held:
    """A lease of this server; `until` by the monotonic clock."""

    epoch: int
    until: float


@dataclass(slots=True)
class _Known:
    """The known holder of a broadcast's lease, None for none; cached `until`."""

    lease: Lease | None
    until: float


class Media(Protocol):
    """The media of this server, whose broadcasts need leases."""

    def broadcasts(self) -> Collection[str]:
        """Return the broadcasts whose media is here."""

    def end(self, broadcast: str) -> None:
        """Free the media of a broadcast that another server has taken."""


class Leases:
    """The leases as this server knows them.

    `begin` writes the first events of a new tenure, in its transaction. Media needs leases for the
    events that it writes, and leases need the media: `attach` gives it to them, before `start`.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        outages: Outages,
        *,
        begin: Callable[[Connection, str], None],
    ):
        self.node = ulid()
        self._store = store
        self._database = outages.register("database")
        self._shared = store.dialect == "postgresql"
        self._url = settings.node_url
        # One machine has a port for one process.
        self._place = (settings.node_url or f"{socket.gethostname()}:{settings.port}")[:300]
        self._attached: Media | None = None
        self._begin = begin
        self._held: dict[str, _Held] = {}
        # Requests that need the lease, by broadcast.
        self._requests: Counter[str] = Counter()
        self._taking: dict[str, asyncio.Lock] = {}
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._renewing = Periodic(
            RENEW_S,
            self.renew,
            "the leases of media were not renewed",
            "the leases of media are renewed again",
        )

    def attach(self, media: Media) -> None:
        """Give the leases the media that they are for. Raises RuntimeError the second time."""
        if self._attached is not None:
            raise RuntimeError("Leases.attach was called twice: a server has one relay")
        self._attached = media

    @property
    def _media(self) -> Media:
        if self._attached is None:
            raise RuntimeError("Leases.attach(media) was forgotten: call it once, before start")
        return self._attached

    async def start(self) -> None:
        """End the leases of an earlier process in this one's place, and start renewing.

        Raises RuntimeError without the media (`attach`).
        """
        _ = self._media
        if self._shared:
            await self._store.write(self._begin_in)
            await self._renewing.start()

    async def stop(self) -> None:
        """Release the leases, once no media is here any more."""
        if self._shared:
            await self._renewing.stop()
            with contextlib.suppress(Unavailable):
                await self._renew(frozenset())

    # Leases of this server.

    @contextlib.asynccontextmanager
    async def held(self, broadcast: str) -> AsyncIterator[Lease | None]:
        """Take the lease if it is free, and keep it during the block; yield None, or another
        server's lease.

        Raises CommitFailed and other errors of writes, and HolderAway if the holder may still
        return.
        """
        self._requests[broadcast] += 1
        try:
            yield await self._take(broadcast)
        finally:
            self._requests[broadcast] -= 1
            if not self._requests[broadcast]:
                del self._requests[broadcast]

    def holds(self, broadcast: str) -> bool:
        """Return whether no other server can have the lease by now."""
        held = self._held.get(broadcast)
        return not self._shared or (held is not None and time.monotonic() < held.until)

    @property
    def count(self) -> int:
        """How many leases this server holds; 0 on SQLite."""
        return len(self._held)

    def epoch(self, broadcast: str) -> int | None:
        """Return the epoch of this server's lease of a broadcast; None if another server has it."""
        held = self._held.get(broadcast)
        return held.epoch if held is not None else None if self._shared else 0

    def stands(self, connection: Connection, broadcast: str, epoch: int) -> bool:
        """Return whether no other server has had the lease since that epoch. In a write's
        transaction.
        """
        if not self._shared:
            return True
        query = select(media_leases.c.epoch).where(media_leases.c.broadcast == broadcast)
        return bool(connection.execute(query).scalar() == epoch)

    def _begin_in(self, connection: Connection) -> None:
        table = media_leases
        mine = table.c.place == self._place, table.c.node != self.node, table.c.until > 0
        connection.execute(update(table).where(*mine).values(until=0))

    async def _take(self, broadcast: str) -> Lease | None:
        if self.holds(broadcast):
            return None
        async with self._taking.setdefault(broadcast, asyncio.Lock()):
            if self.holds(broadcast):
                return None
            asked = time.monotonic()
            try:
                found = await self._store.write(
                    partial(self._take_in, broadcast=broadcast, asked=asked)
                )
            finally:
                self._taking.pop(broadcast, None)
            if found.node != self.node:
                self._know(broadcast, found)
                return found
            self._known.pop(broadcast, None)
            self._held[broadcast] = _Held(found.epoch, asked + LEASE_MS / 1000 - _MARGIN_S)
            return None

    def _take_in(self, connection: Connection, broadcast: str, asked: float) -> Lease:
        table = media_leases
        row = connection.execute(
            select(table, NOW.label("now")).where(table.c.broadcast == broadcast)
        ).one_or_none()
        now = connection.execute(select(NOW)).scalar_one() if row is None else row.now
        if row is not None and row.node != self.node and row.until > now:
            return Lease(row.node, row.url, row.epoch)
        if row is not None and row.node != self.node and row.until and self._is_unsettled(asked):
            raise HolderAway(1)
        values = {
            "node": self.node,
            "url": self._url,
            "place": self._place,
            "until": now + LEASE_MS,
        }
        if row is None:
            connection.execute(insert(table).values(broadcast=broadcast, epoch=1, **values))
            self._begin(connection, broadcast)
            return Lease(self.node, self._url, 1)
        # A tenure continues if nobody else has had the lease since; after a release a new one
        # begins.
        epoch = row.epoch if row.node == self.node and row.until else row.epoch + 1
        connection.execute(
            update(table).where(table.c.broadcast == broadcast).values(epoch=epoch, **values)
        )
        if epoch != row.epoch:
            self._begin(connection, broadcast)
        return Lease(self.node, self._url, epoch)

    def _is_unsettled(self, asked: float) -> bool:
        """Return whether holders may have been unable to renew although they run."""
        failed_s = self._database.failed_s
        return time.monotonic() - asked > SLOW_S or (failed_s is not None and failed_s < SETTLE_S)

    async def renew(self) -> None:
        """Renew the leases of media that is here, release the others, and free media whose lease
        another server has.
        """
        await self._renew({*self._media.broadcasts(), *self._requests})

    async def _renew(self, used: Collection[str]) -> None:
        back = {each: self._held.pop(each).epoch for each in [*self._held] if each not in used}
        mine = {broadcast: held.epoch for broadcast, held in self._held.items()}
        if not mine and not back:
            return
        asked = time.monotonic()
        kept = await self._store.write(lambda connection: self._renew_in(connection, mine, back))
        for broadcast, epoch in mine.items():
            held = self._held.get(broadcast)
            if held is None or held.epoch != epoch:
                continue
            if broadcast in kept:
                held.until = asked + LEASE_MS / 1000 - _MARGIN_S
                continue
            del self._held[broadcast]
            _log.warning(
                "another server has a broadcast's cameras now; its media ends here",
                broadcast=broadcast,
                epoch=epoch,
            )
            self._media.end(broadcast)

    def _renew_in(
        self, connection: Connection, mine: dict[str, int], back: dict[str, int]
    ) -> set[str]:
        now = connection.execute(select(NOW)).scalar_one()
        kept = set()
        for broadcast, epoch, until in (
            *((each, epoch, now + LEASE_MS) for each, epoch in mine.items()),
            *((each, epoch, 0) for each, epoch in back.items()),
        ):
            done = connection.execute(
                update(media_leases)
                .where(
                    media_leases.c.broadcast == broadcast,
                    media_leases.c.node == self.node,
                    media_leases.c.epoch == epoch,
                )
                .values(until=until)
            )
            if done.rowcount:
                kept.add(broadcast)
        return kept

    # Leases of other servers.

    async def holder(self, broadcast: str) -> Lease | None:
        """Return another server's lease, at most a second old; None if nobody else has one.

        If the database does not answer, the last known one. Raises NotRead.
        """
        if self.holds(broadcast):
            return None
        known = self._known.get(broadcast)
        if known is None or known.until <= time.monotonic():
            task = self._looking.get(broadcast)
            if task is None:
                task = self._looking[broadcast] = asyncio.create_task(self._look(broadcast))
                task.add_done_callback(partial(self._looked, broadcast))
            try:
                async with asyncio.timeout(None if known is None else NEWS_S):
                    await asyncio.shield(task)
            except (TimeoutError, Unavailable):
                if known is None:
                    raise
            known = self._known.get(broadcast, known)
        return known.lease if known is not None and not self.holds(broadcast) else None

    def forget(self, broadcast: str) -> None:
        """Invalidate the cached holder of the broadcast."""
        self._known.pop(broadcast, None)

    async def _look(self, broadcast: str) -> None:
        table = media_leases
        row = await self._store.read(
            lambda connection: connection.execute(
                select(table, NOW.label("now")).where(table.c.broadcast == broadcast)
            ).one_or_none()
        )
        lease = None
        if row is not None and row.until > row.now and row.node != self.node:
            lease = Lease(row.node, row.url, row.epoch)
        self._know(broadcast, lease)

    def _looked(self, broadcast: str, task: asyncio.Task[None]) -> None:
        del self._looking[broadcast]
        if not task.cancelled():
            task.exception()  # the callers that wait for it get the exception

    def _know(self, broadcast: str, lease: Lease | None) -> None:
        self._known[broadcast] = _Known(lease, time.monotonic() + BELIEVED_S)
        self._known.move_to_end(broadcast)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
