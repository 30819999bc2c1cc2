"""The bridge between media and broadcasts: checks stream keys, admits viewers, and writes media's
events into the log, in order.

Sessions that need a role end with it (media_bridge/crew_sessions.py).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection

from farmlive.broadcast.broadcasts import Broadcasts, Ended, NotLive
from farmlive.broadcast.events import (
    BroadcastEnded,
    BroadcastPaused,
    BroadcastResumed,
    BroadcastStarted,
    EventModel,
    SourceJoined,
    SourceLeft,
    SourceSwitched,
)
from farmlive.broadcast.log import TOPIC, Log, UnknownBroadcast, unpack
from farmlive.bus import Bus
from farmlive.edge.contracts import raises
from farmlive.media import Admission, MediaEvent, Relay
from farmlive.media.session_service import Signalling
from farmlive.media_bridge.crew_sessions import CrewSessions
from farmlive.nodes import Leases
from farmlive.outages import Outage, reason_of
from farmlive.people import Guard, People
from farmlive.people.core.problems import ApiKeyAboveOwner, ExpiredApiKey, UnknownApiKey
from farmlive.periodic import Periodic, create_task
from farmlive.problems import Forbidden, TooMany, Unauthorized
from farmlive.settings import Settings
from farmlive.store import Store

PLAY = "play"
# A player may send its candidates one by one, restart ICE once, and leave.
CHANGES_PER_JOIN = 4
# How soon media stops here after an end on another server of which the bus did not tell.
END_UNHEARD_S = 5.0
# How long a broadcast's state is cached without a change on the bus.
BELIEVED_S = 1.0

_log = structlog.get_logger(__name__)


class WrongStreamKey(Unauthorized):
    """No key, or one that publishes nothing here."""

    slug = "wrong-stream-key"
    title = "That stream key does not work here"


class StreamGate:
    """Admits publishers and viewers for the relay, and writes its events; implements
    `media.Gate`.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        log: Log,
        people: People,
        guard: Guard,
        broadcasts: Broadcasts,
    ):
        self._settings = settings
        self._store = store
        self._log = log
        self._people = people
        self._guard = guard
        self._broadcasts = broadcasts
        # Cached states of broadcasts, with their expiry.
        self._states: dict[str, tuple[str, float]] = {}
        self._looking: list[Periodic] = []
        self._crew = CrewSessions(guard, self._is_live)
        # Events with the epoch of the lease under which each happened.
        self._told: asyncio.Queue[tuple[MediaEvent, int | None]] = asyncio.Queue()
        self._leases: Leases | None = None
        self._writing_fails = Outage(
            "media events",
            lost="media events were not written",
            back="media events are written again",
        )
        self._writing = create_task(self._write_for_ever())

    async def stop(self) -> None:
        """Write the queued events, then stop."""
        for each in self._looking:
            await each.stop()
        await self._told.join()
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)

    @raises(WrongStreamKey, UnknownBroadcast, Ended, TooMany)
    async def publish(self, broadcast: str, bearer: str | None, request: Request) -> Admission:
        """Return the source that the key belongs to.

        Raises WrongStreamKey, UnknownBroadcast, Ended, and TooMany for an IP that tries wrong keys;
        one encoder with an old key does not lock out those of other broadcasts.
        """
        if await self._state(broadcast) == "ended":
            raise Ended
        address = self._guard.address(request)
        with self._people.limits.failures(
            WrongStreamKey,
            self._settings.sign_ins_per_minute,
            ("stream keys of an address", address and f"{address} {broadcast}"),
            of="wrong stream keys",
        ):
            source = await self._people.find_stream_key(broadcast, bearer) if bearer else None
            if source is None:
                raise WrongStreamKey(
                    "Copy the stream key again from the studio of this broadcast, or make a new "
                    "one.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
        self._limit("publish", request, 1)
        self._people.key_uses.stream_key(source.key)
        device = source.device if source.guest else None
        return Admission(source.id, source.label, source.guest, device, source.key)

    @raises(
        UnknownBroadcast,
        Ended,
        NotLive,
        TooMany,
        UnknownApiKey,
        ExpiredApiKey,
        ApiKeyAboveOwner,
    )
    async def play(self, broadcast: str, request: Request) -> str | None:
        """Admit a viewer of a live broadcast, the crew earlier too; return the IP that it counts
        against. Raises NotLive, Ended, TooMany.
        """
        state = await self._state(broadcast)
        if state == "ended":
            raise Ended
        caller = await self._guard.identify(request)
        if state == "scheduled":
            if not caller.is_crew:
                raise NotLive(headers={"Retry-After": "5"})
            request.state.sees_by_role = "early"
        self._limit(PLAY, request, 1)
        return self._guard.address(request)

    @raises(
        UnknownBroadcast,
        Ended,
        Unauthorized,
        Forbidden,
        TooMany,
        UnknownApiKey,
        ExpiredApiKey,
        ApiKeyAboveOwner,
    )
    async def preview(
        self, broadcast: str, source: str, bearer: str | None, request: Request
    ) -> None:
        """Authorize the crew's preview of a source, on air or not, and a guest's of its own.

        Raises Ended, Unauthorized, Forbidden, TooMany.
        """
        if await self._state(broadcast) == "ended":
            raise Ended
        caller = await self._guard.identify(request)
        if not caller.is_crew and caller.role is not None:
            raise Forbidden("A camera's own picture is for the crew; /live shows what is on air.")
        if caller.is_crew:
            request.state.sees_by_role = "preview"
        else:
            own = await self._people.find_stream_key(broadcast, bearer) if bearer else None
            if own is None or own.id != source or not own.guest:
                raise Unauthorized("A camera's own picture is for the crew. Sign in.")
        self._limit(PLAY, request, 1)

    def plays(self, broadcast: str, session: str, request: Request) -> None:
        """Watch a session that needs a role, which ends with the role."""
        right = getattr(request.state, "sees_by_role", None)
        if right is not None:
            self._crew.add(broadcast, session, request, is_preview=right == "preview")

    def nothing_to_play(self, request: Request) -> None:
        """Take back the count of `play` for this viewer: one that waits for a camera asks often."""
        self._people.limits.give_back(
            PLAY, self._guard.address(request), self._settings.joins_per_minute
        )

    @raises(TooMany)
    def change(self, request: Request) -> None:
        """Authorize a change or the end of a session. Raises TooMany."""
        self._limit("change of a session", request, CHANGES_PER_JOIN)

    def _limit(self, name: str, request: Request, times: int) -> None:
        per_minute = self._settings.joins_per_minute * times
        self._people.limits.allow(name, self._guard.address(request), per_minute)

    def write_under(self, leases: Leases) -> None:
        """Write events on condition of the lease under which they happened."""
        self._leases = leases

    def tell(self, event: MediaEvent) -> None:
        """Queue the event for the log, after earlier ones."""
        leases = self._leases
        self._told.put_nowait((event, 0 if leases is None else leases.epoch(event.broadcast)))

    async def close_at_the_end(self, bus: Bus, relay: Relay, sessions: Signalling) -> None:
        """Close a broadcast's media once its end is committed, on any server, and a guest's once
        the link has expired.
        """

        def hear(topic: str, message: bytes) -> None:
            # Most events are sales, hundreds a second: they are not even parsed.
            if topic != TOPIC or b'"broadcast.' not in message:
                return
            event = unpack(message)
            if event.kind in (BroadcastStarted.kind, BroadcastEnded.kind):
                # A new dict, so that a read that is under way fills the old one.
                self._states = {}
            if event.kind == BroadcastEnded.kind:
                relay.end(event.broadcast)

        bus.listen(hear)
        self._looking = [
            Periodic(
                END_UNHEARD_S,
                partial(self._close_ended, relay),
                "whether broadcasts are over is not known",
                "whether broadcasts are over is known again",
            ),
            Periodic(
                END_UNHEARD_S,
                partial(self._dismiss_guests, relay),
                "whether guests may stay is not known",
                "whether guests may stay is known again",
            ),
            self._crew.looking(sessions),
        ]
        for each in self._looking:
            await each.start()

    async def _close_ended(self, relay: Relay) -> None:
        unknown: UnknownBroadcast | None = None
        for broadcast in relay.viewers():
            try:
                if await self._read_state(broadcast) == "ended":
                    relay.end(broadcast)
            except UnknownBroadcast as error:  # the others may have ended nevertheless
                unknown = error
        if unknown is not None:
            raise unknown

    async def _dismiss_guests(self, relay: Relay) -> None:
        for broadcast, guests in relay.guests().items():
            for source in await self._people.guests.over(guests) if guests else ():
                relay.dismiss(broadcast, source)

    async def _state(self, broadcast: str) -> str:
        """Do as `_read_state`, once for all calls in the same second."""
        states, now = self._states, time.monotonic()
        state, believed = states.get(broadcast, ("", now))
        if believed <= now:
            state = await self._read_state(broadcast)
            states[broadcast] = state, now + BELIEVED_S
        return state

    async def _is_live(self, broadcast: str) -> bool:
        return await self._state(broadcast) == "live"

    async def _read_state(self, broadcast: str) -> str:
        return await self._store.read(lambda c: self._log.head(c, broadcast).state)

    async def _write_for_ever(self) -> None:
        while True:
            event, epoch = await self._told.get()
            try:
                if not await self._write(event, epoch):
                    _log.warning(
                        "another server has the cameras by now; this was not written",
                        broadcast=event.broadcast,
                        kind=event.kind,
                        epoch=epoch,
                    )
            except Exception as error:
                self._writing_fails.failed(f"{event.kind}: {reason_of(error)}")
            else:
                self._writing_fails.recovered()
            finally:
                self._told.task_done()

    async def _write(self, event: MediaEvent, epoch: int | None) -> bool:
        """Write the event; return False if another server has had the lease since."""
        leases = self._leases
        if epoch is None:
            return False

        def stands(connection: Connection) -> bool:
            return leases is None or leases.stands(connection, event.broadcast, epoch)

        return await self._broadcasts.media_event(event.broadcast, _as_logged(event), stands)


def _as_logged(event: MediaEvent) -> EventModel:
    match event.kind:
        case "joined":
            return SourceJoined(source=event.source, label=event.label, guest=event.guest)
        case "left":
            return SourceLeft(source=event.source, guest=event.guest)
        case "switched":
            codec = event.codec or None
            return SourceSwitched(source=event.source, label=event.label, codec=codec)
        case "paused":
            return BroadcastPaused(reason="source")
        case "resumed":
            return BroadcastResumed()


def routes(
    health: Callable[[str], Awaitable[dict[str, Any]]],
    broadcasts: Broadcasts,
    guard: Guard,
    clocks_off: Callable[[], tuple[int, int]],
) -> APIRouter:
    """Return the router of media's one route in the API; `clocks_off` is as in `Pages`."""
    router = APIRouter()

    @router.get(
        "/api/v1/broadcasts/{broadcast}/health",
        dependencies=[Depends(guard.staff)],
        operation_id="broadcasts_get_health",
    )
    @raises(UnknownBroadcast)
    async def read_health(broadcast: str) -> dict[str, Any]:
        """Return each source's health: bitrate, frames, loss, round trip, keyframes.

        With a `clock` where that of the server that answers, or of its database, is off.
        """
        await broadcasts.get(broadcast)
        found = await health(broadcast)
        machine, database = clocks_off()
        if machine or database:
            found |= {"clock": {"offset_ms": machine, "database_offset_ms": database}}
        return found

    return router
