"""Broadcasts: scheduled, started and ended; viewers and reactions counted while they are live.

hubs.py holds the hubs.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, case, insert, select, update

from farmlive import compact_json, problems
from farmlive.broadcast.events import (
    AudienceCounted,
    BroadcastEnded,
    BroadcastStarted,
    EventModel,
)
from farmlive.broadcast.hub import Hub
from farmlive.broadcast.hubs import Hubs
from farmlive.broadcast.log import TOPIC, Log, UnknownBroadcast, unpack
from farmlive.broadcast.models import Broadcast, ChangedBroadcast, NewBroadcast
from farmlive.broadcast.tables import broadcasts, events
from farmlive.broadcast.taps import Taps
from farmlive.broadcast.watch_sessions import WatchSessions
from farmlive.bus import Bus
from farmlive.clock import now_ms, parse_rfc3339, rfc3339
from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.periodic import Periodic
from farmlive.store import Store, after_commit

COUNT_S = 10.0
PRESENCE = "presence"
PRESENCE_MS = 25_000


class Ended(problems.BroadcastEnded):
    """The broadcast has ended; for viewers, with a pointer to what is live."""

    def __init__(self) -> None:
        super().__init__("This broadcast has ended. The start page shows what is live now.")


class NotLive(problems.BroadcastNotLive):
    """The broadcast is not live yet; for viewers."""

    def __init__(self, *, headers: dict[str, str] | None = None):
        super().__init__(
            "This broadcast has not started yet: its host starts it in the studio.",
            headers=headers,
        )


def require_live(state: str) -> None:
    """Raise Ended or NotLive unless the state is `live`."""
    if state == "ended":
        raise Ended
    if state != "live":
        raise NotLive


class Broadcasts:
    """Every broadcast, by id."""

    def __init__(self, store: Store, log: Log, bus: Bus):
        self._store = store
        self._log = log
        self._bus = bus
        self._node = ulid()
        self.hubs = Hubs(store, log, bus)
        self._elsewhere: dict[tuple[str, str], tuple[int, int]] = {}
        self._counting = Periodic(
            COUNT_S, self.count, "viewers were not counted", "viewers are counted again"
        )
        self.watches = WatchSessions(store)
        self.taps = Taps(store, log)
        bus.listen(self._on_message)

    async def start(self) -> None:
        """Start to count viewers, and start the hubs."""
        await self.watches.start()
        await self.taps.start()
        await self._counting.start()
        await self.hubs.start()

    async def stop(self) -> None:
        """Flush the hubs and stop counting."""
        await self._counting.stop()
        await self.watches.stop()
        await self.taps.stop()
        await self.hubs.stop()

    # The broadcast.

    async def create(self, new: NewBroadcast, *, caller: Caller | None = None) -> Broadcast:
        """Schedule a broadcast."""
        identity = ulid()
        row = {
            "id": identity,
            "title": new.title.model_dump(),
            "note": new.note and new.note.model_dump(),
            "state": "scheduled",
            "starts_at": parse_rfc3339(new.starts_at) if new.starts_at else None,
            "created_at": now_ms(),
        }

        def write(connection: Connection) -> Broadcast:
            connection.execute(insert(broadcasts), row)
            record_action(connection, caller, "broadcast.create", broadcast=identity)
            return _get(connection, identity)

        return await self._store.write(write)

    async def change(
        self, broadcast: str, new: ChangedBroadcast, *, caller: Caller | None = None
    ) -> Broadcast:
        """Change the title, time or note of a broadcast that has not ended."""
        values: dict[str, Any] = {}
        if new.title is not None:
            values["title"] = new.title.model_dump()
        if "starts_at" in new.model_fields_set:
            values["starts_at"] = parse_rfc3339(new.starts_at) if new.starts_at else None
        if "note" in new.model_fields_set:
            values["note"] = new.note and new.note.model_dump()

        def write(connection: Connection) -> Broadcast:
            if _get(connection, broadcast).state == "ended":
                raise Ended
            if values:
                connection.execute(
                    update(broadcasts).where(broadcasts.c.id == broadcast).values(**values)
                )
                record_action(connection, caller, "broadcast.change", broadcast=broadcast, **values)
            return _get(connection, broadcast)

        return await self._store.write(write)

    async def show_frame(
        self, broadcast: str, frame: str | None, *, caller: Caller | None = None
    ) -> Broadcast:
        """Replace or remove the frame that the start page shows. Raises UnknownBroadcast."""

        def write(connection: Connection) -> Broadcast:
            _get(connection, broadcast)
            _set(connection, broadcast, frame=frame)
            record_action(connection, caller, "broadcast.change", broadcast=broadcast, frame=frame)
            return _get(connection, broadcast)

        return await self._store.write(write)

    async def begin(self, broadcast: str, *, caller: Caller | None = None) -> Broadcast:
        """Go live. A second start changes nothing. Raises Ended for an ended broadcast."""

        def write(connection: Connection) -> Broadcast:
            state = self._log.head(connection, broadcast).state
            if state == "ended":
                raise Ended
            if state == "scheduled":
                event = self._log.append(connection, broadcast, BroadcastStarted())
                _set(connection, broadcast, state="live", started_at=event.at)
                record_action(connection, caller, "broadcast.start", broadcast=broadcast)
            return _get(connection, broadcast)

        return await self._store.write(write)

    async def end(self, broadcast: str, *, caller: Caller | None = None) -> Broadcast:
        """End the broadcast for good. A second end changes nothing."""

        def write(connection: Connection) -> Broadcast:
            state = self._log.head(connection, broadcast).state
            if state == "scheduled":
                raise NotLive
            if state == "live":
                event = self._log.append(connection, broadcast, BroadcastEnded())
                _set(connection, broadcast, state="ended", ended_at=event.at)
                record_action(connection, caller, "broadcast.end", broadcast=broadcast)
            return _get(connection, broadcast)

        return await self._store.write(write)

    async def get(self, broadcast: str) -> Broadcast:
        """Return a broadcast. Raises UnknownBroadcast."""
        return await self._store.read(lambda connection: _get(connection, broadcast))

    async def all(self, most: int | None = 200) -> list[Broadcast]:
        """List at most `most` broadcasts: live ones, then scheduled ones by time, then ended ones
        with the latest first.
        """
        rank = case(
            (broadcasts.c.state == "live", 0), (broadcasts.c.state == "scheduled", 1), else_=2
        )
        query = (
            select(broadcasts)
            .order_by(
                rank,
                case((broadcasts.c.state == "scheduled", broadcasts.c.starts_at), else_=None),
                broadcasts.c.ended_at.desc(),
                broadcasts.c.id.desc(),
            )
            .limit(most)
        )
        return await self._store.read(
            lambda connection: [_broadcast(row) for row in connection.execute(query)]
        )

    async def media_event(
        self,
        broadcast: str,
        event: EventModel,
        stands: Callable[[Connection], bool],
    ) -> bool:
        """Append an event from media to a broadcast that has not ended.

        `stands` is evaluated in the write's transaction, and says whether the event still holds.
        Returns its value.
        """

        def write(connection: Connection) -> bool:
            if not stands(connection):
                return False
            if self._log.head(connection, broadcast).state != "ended":
                self._log.append(connection, broadcast, event)
            return True

        return await self._store.write(write)

    # Hubs.

    def hub(self, broadcast: str) -> contextlib.AbstractAsyncContextManager[Hub]:
        """Yield the broadcast's hub on this server and keep it while the block runs, as
        `Hubs.hub`.
        """
        return self.hubs.hub(broadcast)

    def _on_message(self, topic: str, message: bytes) -> None:
        if topic == TOPIC:
            self.hubs.receive(unpack(message))
        elif topic == PRESENCE:
            node, broadcast, viewers, at = compact_json.decode(message)
            if node != self._node:
                self._elsewhere[node, broadcast] = (viewers, at)

    # Viewers.

    def viewers(self, broadcast: str) -> int:
        """Return the number of devices that watch now, on all servers."""
        hub = self.hubs.open.get(broadcast)
        return (len(hub.devices) if hub else 0) + sum(
            viewers
            for (_, there), (viewers, at) in self._elsewhere.items()
            if there == broadcast and at > now_ms() - PRESENCE_MS
        )

    def connected(self) -> int:
        """Return the number of open channels of this server."""
        return sum(len(hub.clients) for hub in self.hubs.open.values())

    async def count(self) -> None:
        """Append `audience.counted` to each live broadcast, unless another server did so just
        now.
        """
        for broadcast, hub in list(self.hubs.open.items()):
            if hub.scene.state != "live":
                continue
            self._bus.publish(
                PRESENCE,
                compact_json.encode([self._node, broadcast, len(hub.devices), now_ms()]),
            )
            await self._store.write(self._count_of(hub, self.viewers(broadcast), hub.reactions))

    def _count_of(self, hub: Hub, viewers: int, new: int) -> Callable[[Connection], None]:
        """Return the write that adds this server's new reactions to the latest count of any
        server, with the recent buyers of all.
        """
        buyers = hub.buyers.count(now_ms())
        last_count = (
            select(events.c.at, events.c.data)
            .where(events.c.broadcast == hub.broadcast, events.c.kind == AudienceCounted.kind)
            .order_by(events.c.seq.desc())
            .limit(1)
        )

        def counted() -> None:
            hub.reactions -= new

        def write(connection: Connection) -> None:
            if self._log.head(connection, hub.broadcast).state != "live":
                return
            last = connection.execute(last_count).one_or_none()
            # `at` is ahead of the clock once the clock was set back.
            if last is not None and not new and 0 <= now_ms() - last.at < int(COUNT_S * 900):
                return
            before = 0 if last is None else AudienceCounted.parse(last.data).reactions
            counts = AudienceCounted(viewers=viewers, reactions=before + new, buyers=buyers)
            self._log.append(connection, hub.broadcast, counts)
            after_commit(connection, counted)

        return write


def _get(connection: Connection, broadcast: str) -> Broadcast:
    row = connection.execute(select(broadcasts).where(broadcasts.c.id == broadcast)).one_or_none()
    if row is None:
        raise UnknownBroadcast(broadcast)
    return _broadcast(row)


def _set(connection: Connection, broadcast: str, **values: Any) -> None:
    connection.execute(update(broadcasts).where(broadcasts.c.id == broadcast).values(**values))


def _broadcast(row: Row[Any]) -> Broadcast:
    def time(ms: int | None) -> str | None:
        return None if ms is None else rfc3339(ms)

    return Broadcast(
        id=row.id,
        title=row.title,
        note=row.note,
        state=row.state,
        starts_at=time(row.starts_at),
        started_at=time(row.started_at),
        ended_at=time(row.ended_at),
        frame=row.frame,
    )
