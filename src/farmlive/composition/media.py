"""Builds and connects what has to do with media: the relay, access to it, the leases among servers,
and the events of media in the log.
"""

import contextlib
from dataclasses import dataclass

from farmlive.broadcast import airings
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.log import Log
from farmlive.bus import Bus
from farmlive.clock import now_ms
from farmlive.media import Relay
from farmlive.media.session_service import LocalSessions
from farmlive.media_bridge.access import StreamAccess
from farmlive.media_bridge.broadcast_states import BroadcastStates
from farmlive.media_bridge.cameras import Cameras
from farmlive.media_bridge.crew_sessions import CrewSessions
from farmlive.media_bridge.event_writer import EventWriter
from farmlive.media_bridge.publishers import Publishers
from farmlive.media_bridge.session_closer import SessionCloser
from farmlive.nodes import ClusterSessions, Leases
from farmlive.nodes.forwarding import Forwarding
from farmlive.nodes.signing import Signer
from farmlive.outages import Outages
from farmlive.people import Guard, People
from farmlive.problems import Unavailable
from farmlive.settings import Settings
from farmlive.store import Store


@dataclass
class MediaParts:
    """The parts of a server that have to do with media.

    `here` serves the sessions of this server, `sessions` those of whichever server has the cameras.
    """

    relay: Relay
    access: StreamAccess
    events: EventWriter
    crew: CrewSessions
    closer: SessionCloser
    publishers: Publishers
    cameras: Cameras
    leases: Leases
    signer: Signer
    forwarding: Forwarding
    here: LocalSessions
    sessions: ClusterSessions

    async def start(self) -> None:
        """Start the tasks; the relay's port is open already."""
        await self.closer.start()
        await self.crew.start()
        await self.leases.start()
        await self.publishers.start()

    async def stop(self) -> None:
        """Stop everything; the events that the relay's end causes are written."""
        await self.publishers.stop()
        await self.relay.stop()
        await self.closer.stop()
        await self.crew.stop()
        await self.events.stop()
        await self.leases.stop()
        await self.forwarding.stop()

    def metrics(self) -> dict[str, float]:
        """Return the numbers for /metrics."""
        more = {"leases": self.leases.count, "forwarded": self.forwarding.forwarded}
        return {**self.relay.metrics(), **more}


def build_media(
    settings: Settings,
    store: Store,
    bus: Bus,
    outages: Outages,
    log: Log,
    people: People,
    guard: Guard,
    broadcasts: Broadcasts,
) -> MediaParts:
    """Build the parts. Raises NoNativeEngine."""
    leases = Leases(
        store,
        settings,
        outages,
        begin=lambda connection, broadcast: airings.end_all(connection, log, broadcast),
    )
    events = EventWriter(broadcasts, leases)
    relay = Relay(settings, events.write)
    leases.attach(relay)
    signer = Signer(store.keys, leases.node, lambda: store.clock_epoch, settings.node_url)
    forwarding = Forwarding(signer, outages, settings.node_url)

    async def was_on_air(broadcast: str) -> str | None:
        # A camera may come although the database does not answer.
        with contextlib.suppress(Unavailable):
            since_ms = now_ms() - round(settings.source_grace_s * 1000)
            return await store.read(lambda c: airings.last_on_air(c, broadcast, since_ms))
        return None

    here = LocalSessions(relay, was_on_air)
    sessions = ClusterSessions(here, leases, forwarding)
    states = BroadcastStates(store, log, bus)
    crew = CrewSessions(guard, states.is_live, sessions)
    return MediaParts(
        relay=relay,
        access=StreamAccess(settings, people, guard, states, crew),
        events=events,
        crew=crew,
        closer=SessionCloser(people, relay, bus, states),
        publishers=Publishers(people, relay),
        cameras=Cameras(store, log, sessions),
        leases=leases,
        signer=signer,
        forwarding=forwarding,
        here=here,
        sessions=sessions,
    )
