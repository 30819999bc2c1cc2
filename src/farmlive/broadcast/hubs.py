"""The hubs of one server: each is made at first need, from the log's last checkpoint and what
follows it, kept up to date from the bus and the log, and let go once nobody needs it.

What a hub sends is hub.py's; how a state is written down checkpoints.py's.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from sqlalchemy import Connection, select

from farmlive.broadcast.checkpoints import EVERY, Captured, Checkpoints, capture, load
from farmlive.broadcast.hub import RESUMABLE, Counts, Hub
from farmlive.broadcast.log import Event, Log
from farmlive.broadcast.snapshot import lots
from farmlive.broadcast.tables import broadcasts
from farmlive.bus import Bus
from farmlive.outages import Outage, reason_of
from farmlive.periodic import Periodic, create_task
from farmlive.store import Store, drop_cache

# How soon what another server wrote is shown where the bus does not carry it.
DEAF_S = 1.0
# How often else the log is looked at, for what the bus lost.
FOLLOW_S = 10.0
# So long a hub that nobody needs stays: whoever reloads the page finds it there.
IDLE_S = 60.0
# So many events are read at a time, and as many as one read folds.
PAGE = 1_000
# A checkpoint may take a twentieth of one core: in a rush there are fewer of them. So may whoever
# has a long log read again and again, where its broadcast is over.
REST = 20
# After one that could not be written, seconds.
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
        # Checkpoints that are being written, and until when there is to be no other.
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._rests: dict[str, float] = {}
        failed = "the state of a broadcast was not kept; its log is read instead"
        self._unkept = Outage(failed, lost=failed, back="states of broadcasts are kept again")
        # For how long nobody looked whether the bus lost something.
        self._unread_s = 0.0
        self._following = Periodic(
            DEAF_S, self._look_after, "the log was not followed", "the log is followed again"
        )

    async def start(self) -> None:
        """Look for what the bus lost, and after those that nobody needs."""
        await self._following.start()

    async def stop(self) -> None:
        """Send what is due and do no more."""
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
        """The broadcast's hub, for as long as it is used. Raises UnknownBroadcast."""
        while True:
            hub = self.open.get(broadcast)
            if hub is None:
                task = self._loading.get(broadcast)
                if task is None:
                    task = self._loading[broadcast] = asyncio.create_task(self._load(broadcast))
                    task.add_done_callback(lambda _: self._loading.pop(broadcast, None))
                hub = await asyncio.shield(task)
            if self.open.get(broadcast) is hub:  # else it went, before this came to use it
                break
        hub.enter()
        try:
            yield hub
        finally:
            hub.exit()
            self._let_go(hub)

    def take(self, event: Event) -> None:
        """Take an event from the bus."""
        if (hub := self.open.get(event.broadcast)) is not None:
            hub.take(event)
            self._let_go(hub)

    def lots_shown(self) -> dict[str, tuple[int, dict[str, tuple[int, int]]]]:
        """Of each broadcast that is looked at here and not over: the last `seq` that its cards
        know of, and what they say of their lots, as `snapshot.lots`.
        """
        return {
            broadcast: (hub.scene.seq, lots(hub.scene))
            for broadcast, hub in self.open.items()
            if hub.clients and hub.scene.state != "ended"
        }

    def _let_go(self, hub: Hub) -> None:
        """Forget a hub that nobody uses: of a broadcast that is over at once, unless its state is
        still to be kept or took long to read; of another after a while, once its reactions are
        counted.
        """
        over = hub.scene.state == "ended"
        if hub.users or (not over and hub.reactions):
            return
        # One that nobody has come to use yet is waited for.
        may_go = over and hub.was_used and not _is_due(hub)
        if hub.idle_s >= (hub.stays_s if may_go else IDLE_S):
            hub.stop()
            if self.open.get(hub.broadcast) is hub:
                del self.open[hub.broadcast]

    # How one comes in.

    async def _load(self, broadcast: str) -> Hub:
        async def catch_up(after: int) -> list[Event]:
            return await self._store.read(
                lambda connection: self._log.missed(connection, broadcast, after)
            )

        began = time.monotonic()
        hub = Hub(broadcast, catch_up, self.counts)
        await self._store.read(lambda connection: self._begin(connection, hub))
        while await self._store.read(lambda connection: self._read_on(connection, hub)):
            # A server that is stopped half way goes on from there; twice as far each time.
            if hub.scene.seq >= 2 * hub.kept + EVERY:
                self._keep(hub)
        if hub.scene.seq >= EVERY:
            hub.stays_s = min(REST * (time.monotonic() - began), IDLE_S)
        hub.rest()
        self.open[broadcast] = hub
        if _is_due(hub):
            self._keep(hub)
        # What was committed between that read and now is a gap that the next event would fill;
        # fill it already.
        for event in await catch_up(hub.scene.seq):
            hub.take(event)
        return hub

    def _begin(self, connection: Connection, hub: Hub) -> None:
        hub.read_at = self._log.head(connection, hub.broadcast).seq
        scene, hub.unreadable = load(connection, hub.broadcast, hub.read_at)
        # What clients may ask for again is sent from memory, also what is older than the state.
        after = max(0, hub.read_at - RESUMABLE)
        count = scene.seq - after
        hub.begin(
            scene,
            self._log.events(connection, hub.broadcast, after=after, limit=count)
            if count > 0
            else (),
        )

    def _read_on(self, connection: Connection, hub: Hub) -> bool:
        """Fold the next of the log; whether there may be more."""
        for _ in range(EVERY // PAGE):
            found = self._log.events(connection, hub.broadcast, after=hub.scene.seq, limit=PAGE)
            hub.load(found)
            if len(found) < PAGE:
                return False
        drop_cache(connection)
        return True

    # How its state is kept.

    def _keep(self, hub: Hub) -> None:
        """Begin to write a checkpoint, unless one is being written or was a moment ago."""
        broadcast, now = hub.broadcast, time.monotonic()
        if broadcast in self._keeping or now < self._rests.get(broadcast, now):
            return
        task = create_task(self._write(hub, capture(broadcast, hub.scene, hub.read_at)))
        self._keeping[broadcast] = task
        task.add_done_callback(lambda _: self._keeping.pop(broadcast, None))
        # Until a redaction says otherwise, which it may do before this was written.
        hub.kept = hub.scene.seq

    async def _write(self, hub: Hub, captured: Captured) -> None:
        began, rest_s, kept = time.monotonic(), FAILED_REST_S, 0
        try:
            # Another server that has the broadcast may have written one.
            kept = await self._checkpoints.latest(hub.broadcast, hub.unreadable)
            if captured.seq - kept >= EVERY and await self._checkpoints.keep(
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

    # How it is looked after.

    async def _look_after(self) -> None:
        """Read on in the log: often while the bus is deaf, and now and then for what it lost."""
        for hub in list(self.open.values()):
            if _is_due(hub):
                self._keep(hub)
            self._let_go(hub)
        here = self.open.keys() | self._loading.keys()
        self._rests = {of: until for of, until in self._rests.items() if of in here}
        self._unread_s += DEAF_S
        if self._bus.deaf or self._unread_s >= FOLLOW_S:
            self._unread_s = FOLLOW_S  # where it fails it is due at once
            await self.follow()
            self._unread_s = 0.0

    async def follow(self) -> None:
        """Read what the log has and the bus did not bring."""
        if not self.open:
            return
        query = select(broadcasts.c.id, broadcasts.c.seq).where(broadcasts.c.id.in_(self.open))
        heads = await self._store.read(lambda connection: connection.execute(query).all())
        for broadcast, seq in heads:
            if (hub := self.open.get(broadcast)) is not None:
                await hub.reach(seq)
        for hub in list(self.open.values()):
            self._let_go(hub)  # also one whose end only the log told of


def _is_due(hub: Hub) -> bool:
    return hub.scene.seq - hub.kept >= EVERY
