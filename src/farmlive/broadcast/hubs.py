"""The hubs of one server: creates, updates and removes them.

A hub is created on first use from the latest checkpoint and the events after it, kept up to date
from the bus and the log, and removed once nobody uses it. hub.py sends frames to clients;
checkpoints.py stores states.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from sqlalchemy import Connection, select

from farmlive.broadcast.broadcast_state import lots
from farmlive.broadcast.checkpoints import EVERY, CapturedState, Checkpoints, capture, load
from farmlive.broadcast.hub import RESUMABLE, Counts, Hub
from farmlive.broadcast.log import Event, Log
from farmlive.broadcast.tables import broadcasts
from farmlive.bus import Bus
from farmlive.outages import DependencyHealth, reason_of
from farmlive.periodic import Periodic, create_task
from farmlive.store import Store, drop_cache

# How often to poll the log for other servers' events while the bus is down, seconds.
DEAF_S = 1.0
# How often to poll it otherwise, for messages that the bus lost, seconds.
FOLLOW_S = 10.0
# How long an unused hub stays in memory, seconds: a page that reloads finds it there.
IDLE_S = 60.0
# Events that one query reads; EVERY // PAGE queries make one read.
PAGE = 1_000
# Rest between two checkpoints of a broadcast, as a multiple of the last one's duration: they take
# at most a twentieth of one core. The same bounds reloading the long log of an ended broadcast
# again and again.
REST = 20
# Rest after a failed checkpoint, seconds.
FAILED_REST_S = 10.0


class Hubs:
    """The broadcasts that this server has in memory, by id."""

    def __init__(self, store: Store, log: Log, bus: Bus):
        self._store = store
        self._log = log
        self._bus = bus
        self.counts = Counts()
        self.open: dict[str, Hub] = {}
        self._loading: dict[str, asyncio.Task[Hub]] = {}
        self._checkpoints = Checkpoints(store)
        # Checkpoint writes under way, and the earliest time of the next one of each broadcast.
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._rests: dict[str, float] = {}
        failed = "the state of a broadcast was not kept; its log is read instead"
        self._unkept = DependencyHealth(
            failed, lost=failed, back="states of broadcasts are kept again"
        )
        # Seconds since the log was last polled for messages that the bus lost.
        self._unread_s = 0.0
        self._following = Periodic(
            DEAF_S, self._poll, "the log was not followed", "the log is followed again"
        )

    async def start(self) -> None:
        """Start to poll the log and to remove unused hubs."""
        await self._following.start()

    async def stop(self) -> None:
        """Flush every hub and stop."""
        await self._following.stop()
        keeping = list(self._keeping.values())
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        for hub in self.open.values():
            hub.stop()

    def __len__(self) -> int:
        return len(self.open)

    @contextlib.asynccontextmanager
    async def hub(self, broadcast: str) -> AsyncIterator[Hub]:
        """Yield the broadcast's hub and keep it while the block runs. Raises UnknownBroadcast."""
        while True:
            hub = self.open.get(broadcast)
            if hub is None:
                task = self._loading.get(broadcast)
                if task is None:
                    task = self._loading[broadcast] = asyncio.create_task(self._load(broadcast))
                    task.add_done_callback(lambda _: self._loading.pop(broadcast, None))
                hub = await asyncio.shield(task)
            # otherwise it was removed before this task could enter it
            if self.open.get(broadcast) is hub:
                break
        hub.enter()
        try:
            yield hub
        finally:
            hub.exit()
            self._remove(hub)

    def receive(self, event: Event) -> None:
        """Hand an event from the bus to its hub."""
        if (hub := self.open.get(event.broadcast)) is not None:
            hub.receive(event)
            self._remove(hub)

    def lots_shown(self) -> dict[str, tuple[int, dict[str, tuple[int, int]]]]:
        """Return the lots' weights on the cards of each broadcast that has clients here and has not
        ended.

        The key is the broadcast's id; the value the last `seq` that its cards include, and the
        weights as `snapshot.lots` returns them.
        """
        return {
            broadcast: (hub.scene.seq, lots(hub.scene))
            for broadcast, hub in self.open.items()
            if hub.clients and hub.scene.state != "ended"
        }

    def _remove(self, hub: Hub) -> None:
        """Remove a hub that nobody uses.

        The hub of an ended broadcast goes at once, unless its checkpoint is due or it was slow to
        load. Any other goes after IDLE_S, once its reactions are counted.
        """
        over = hub.scene.state == "ended"
        if hub.users or (not over and hub.reactions):
            return
        # A hub that was loaded and not used yet stays: a client is about to enter it.
        may_go = over and hub.was_used and not _is_due(hub)
        if hub.idle_s >= (hub.stays_s if may_go else IDLE_S):
            hub.stop()
            if self.open.get(hub.broadcast) is hub:
                del self.open[hub.broadcast]

    # Loading.

    async def _load(self, broadcast: str) -> Hub:
        async def catch_up(after: int) -> list[Event]:
            return await self._store.read(
                lambda connection: self._log.missed(connection, broadcast, after)
            )

        began = time.monotonic()
        hub = Hub(broadcast, catch_up, self.counts)
        await self._store.read(lambda connection: self._start_from_checkpoint(connection, hub))
        while await self._store.read(lambda connection: self._read_next(connection, hub)):
            # Write checkpoints on the way, so that a restart resumes from one. The distance doubles
            # each time.
            if hub.scene.seq >= 2 * hub.kept + EVERY:
                self._start_checkpoint(hub)
        if hub.scene.seq >= EVERY:
            hub.stays_s = min(REST * (time.monotonic() - began), IDLE_S)
        hub.restart_idle()
        self.open[broadcast] = hub
        if _is_due(hub):
            self._start_checkpoint(hub)
        # Fetch what was committed since that read; otherwise the next event would find a gap.
        for event in await catch_up(hub.scene.seq):
            hub.receive(event)
        return hub

    def _start_from_checkpoint(self, connection: Connection, hub: Hub) -> None:
        hub.read_at = self._log.head(connection, hub.broadcast).seq
        scene, hub.unreadable = load(connection, hub.broadcast, hub.read_at)
        # Clients resume from the ring, so fill it also with events older than the checkpoint.
        after = max(0, hub.read_at - RESUMABLE)
        count = scene.seq - after
        hub.begin(
            scene,
            self._log.events(connection, hub.broadcast, after=after, limit=count)
            if count > 0
            else (),
        )

    def _read_next(self, connection: Connection, hub: Hub) -> bool:
        """Fold the next events of the log. Return whether there may be more."""
        for _ in range(EVERY // PAGE):
            found = self._log.events(connection, hub.broadcast, after=hub.scene.seq, limit=PAGE)
            hub.load(found)
            if len(found) < PAGE:
                return False
        drop_cache(connection)
        return True

    # Checkpoints.

    def _start_checkpoint(self, hub: Hub) -> None:
        """Start to write a checkpoint, unless one is under way or the last was a moment ago."""
        broadcast, now = hub.broadcast, time.monotonic()
        if broadcast in self._keeping or now < self._rests.get(broadcast, now):
            return
        task = create_task(self._write(hub, capture(broadcast, hub.scene, hub.read_at)))
        self._keeping[broadcast] = task
        task.add_done_callback(lambda _: self._keeping.pop(broadcast, None))
        # A redaction resets this to 0, also while the checkpoint is being written.
        hub.kept = hub.scene.seq

    async def _write(self, hub: Hub, captured: CapturedState) -> None:
        began, rest_s, kept = time.monotonic(), FAILED_REST_S, 0
        try:
            # Another server with the same broadcast may have written one.
            kept = await self._checkpoints.latest(hub.broadcast, hub.unreadable)
            if captured.seq - kept >= EVERY and await self._checkpoints.store(
                captured, hub.unreadable
            ):
                kept = captured.seq
            rest_s = REST * (time.monotonic() - began)
            self._unkept.recovered()
        except Exception as error:
            self._unkept.failed(reason_of(error))
        if hub.kept == captured.seq:
            hub.kept = kept
        self._rests[hub.broadcast] = time.monotonic() + rest_s

    # Upkeep.

    async def _poll(self) -> None:
        """Poll the log: every DEAF_S while the bus is down, otherwise every FOLLOW_S."""
        for hub in list(self.open.values()):
            if _is_due(hub):
                self._start_checkpoint(hub)
            self._remove(hub)
        here = self.open.keys() | self._loading.keys()
        self._rests = {of: until for of, until in self._rests.items() if of in here}
        self._unread_s += DEAF_S
        if self._bus.deaf or self._unread_s >= FOLLOW_S:
            self._unread_s = FOLLOW_S  # due again at once if the poll fails
            await self.read_missed()
            self._unread_s = 0.0

    async def read_missed(self) -> None:
        """Read the events that the log has and the bus did not deliver."""
        if not self.open:
            return
        query = select(broadcasts.c.id, broadcasts.c.seq).where(broadcasts.c.id.in_(self.open))
        heads = await self._store.read(lambda connection: connection.execute(query).all())
        for broadcast, seq in heads:
            if (hub := self.open.get(broadcast)) is not None:
                await hub.catch_up_to(seq)
        for hub in list(self.open.values()):
            self._remove(hub)  # also a broadcast whose end only the log showed


def _is_due(hub: Hub) -> bool:
    return hub.scene.seq - hub.kept >= EVERY
