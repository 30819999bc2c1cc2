"""Ends what accounts publish once they are shut out, on whichever server their cameras are.

Whose a key is, people know; what came by it, media; here they meet. The server on which an account
is shut out tells the others over the bus, and each looks by itself too: the command that shuts out
is on no bus, and a camera may come in just while its owner goes.
"""

from collections.abc import Iterable

from farmlive import compact_json
from farmlive.bus import Bus
from farmlive.media import Relay
from farmlive.people import People
from farmlive.periodic import Periodic

TOPIC = "shut-outs"
# What the bus did not tell of ends within five seconds of the shut-out, this and the look included.
LOOK_S = 2.0
# Above so many keys the other servers find out by their own looks.
MOST_TOLD = 1_000


class Publishers:
    """Those who publish here, by their keys."""

    def __init__(self, people: People, relay: Relay, bus: Bus):
        self._people = people
        self._relay = relay
        self._bus = bus
        self._looking = Periodic(
            LOOK_S,
            self.look,
            "whether cameras' owners are shut out is not known",
            "whether cameras' owners are shut out is known again",
        )
        bus.listen(self._hear)

    async def start(self) -> None:
        """Look from now on."""
        await self._looking.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._looking.stop()

    def shut_out(self, keys: frozenset[str]) -> None:
        """End what came by these stream keys, on every server."""
        if len(keys) > MOST_TOLD:
            self._end(keys)
        else:
            self._bus.publish(TOPIC, compact_json.encode(sorted(keys)))

    async def look(self) -> None:
        """End what is here by a key whose owner is shut out. Raises what the store raises."""
        self._end(await self._people.stream_keys.over(self._relay.publishers().values()))

    def _hear(self, topic: str, message: bytes) -> None:
        if topic == TOPIC:
            self._end(compact_json.decode(message))

    def _end(self, keys: Iterable[str]) -> None:
        ended = set(keys)
        for (broadcast, source), key in self._relay.publishers().items():
            if key in ended:
                self._relay.dismiss(broadcast, source)
