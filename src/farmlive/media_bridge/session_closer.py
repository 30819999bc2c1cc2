"""Closes the media of broadcasts that have ended, and the sessions of guests whose link has
expired, on whichever server.
"""

from farmlive.broadcast.events import BroadcastEnded
from farmlive.broadcast.log import TOPIC, UnknownBroadcast, unpack
from farmlive.bus import Bus
from farmlive.media import Relay
from farmlive.media_bridge.broadcast_states import BroadcastStates
from farmlive.people import People
from farmlive.periodic import Periodic

# How soon media stops here after an end on another server of which the bus did not tell.
END_UNHEARD_S = 5.0


class SessionCloser:
    """Closes media once the end is committed; checks at intervals what the bus did not report."""

    def __init__(self, people: People, relay: Relay, bus: Bus, states: BroadcastStates):
        self._people = people
        self._relay = relay
        self._states = states
        self._looking = [
            Periodic(
                END_UNHEARD_S,
                self._close_ended,
                "whether broadcasts are over is not known",
                "whether broadcasts are over is known again",
            ),
            Periodic(
                END_UNHEARD_S,
                self._dismiss_guests,
                "whether guests may stay is not known",
                "whether guests may stay is known again",
            ),
        ]
        bus.listen(self._hear)

    async def start(self) -> None:
        """Start checking."""
        for each in self._looking:
            await each.start()

    async def stop(self) -> None:
        """Stop checking."""
        for each in self._looking:
            await each.stop()

    def _hear(self, topic: str, message: bytes) -> None:
        # Most events are sales, hundreds a second: they are not even parsed.
        if topic == TOPIC and b'"broadcast.' in message:
            event = unpack(message)
            if event.kind == BroadcastEnded.kind:
                self._relay.end(event.broadcast)

    async def _close_ended(self) -> None:
        unknown: UnknownBroadcast | None = None
        for broadcast in self._relay.viewers():
            try:
                if await self._states.read(broadcast) == "ended":
                    self._relay.end(broadcast)
            except UnknownBroadcast as error:  # the others may have ended nevertheless
                unknown = error
        if unknown is not None:
            raise unknown

    async def _dismiss_guests(self) -> None:
        for broadcast, guests in self._relay.guests().items():
            for source in await self._people.guests.filter_ended(guests) if guests else ():
                self._relay.dismiss(broadcast, source)
