"""The states of broadcasts, cached for a second: viewers join in hundreds at once."""

import time

from farmlive.broadcast.events import BroadcastEnded, BroadcastStarted
from farmlive.broadcast.log import TOPIC, Log, unpack
from farmlive.bus import Bus
from farmlive.store import Store

# How long a state is cached without a change on the bus.
BELIEVED_S = 1.0


class BroadcastStates:
    """Reads the state of a broadcast: scheduled, live or ended."""

    def __init__(self, store: Store, log: Log, bus: Bus):
        self._store = store
        self._log = log
        # Cached states, with their expiry.
        self._states: dict[str, tuple[str, float]] = {}
        bus.listen(self._hear)

    async def get(self, broadcast: str) -> str:
        """Do as `read`, once for all calls in the same second."""
        states, now = self._states, time.monotonic()
        state, believed = states.get(broadcast, ("", now))
        if believed <= now:
            state = await self.read(broadcast)
            states[broadcast] = state, now + BELIEVED_S
        return state

    async def is_live(self, broadcast: str) -> bool:
        """Return whether the broadcast is live, as `get`."""
        return await self.get(broadcast) == "live"

    async def read(self, broadcast: str) -> str:
        """Return the broadcast's state. Raises UnknownBroadcast."""
        return await self._store.read(lambda c: self._log.head(c, broadcast).state)

    def _hear(self, topic: str, message: bytes) -> None:
        # Most events are sales, hundreds a second: they are not even parsed.
        if topic != TOPIC or b'"broadcast.' not in message:
            return
        if unpack(message).kind in (BroadcastStarted.kind, BroadcastEnded.kind):
            # A new dict, so that a read that is under way fills the old one.
            self._states = {}
