"""Ends the media sessions of accounts that are shut out, on any server.

people knows who owns a key, media which session uses it. The server on which an account is shut out
notifies the others over the bus, and each also checks at intervals: the `farmlive` command is not
on the bus, and a camera may connect just while its owner is shut out.
"""

from collections.abc import Iterable

from farmlive import compact_json
from farmlive.bus import Bus
from farmlive.media import Relay
from farmlive.people import People
from farmlive.periodic import Periodic

TOPIC = "shut-outs"
# Sessions that the bus did not report end within five seconds of the shut-out, including this wait
# and the check.
LOOK_S = 2.0
# Above this number of keys the other servers find out by their own checks.
MOST_TOLD = 1_000


class Publishers:
    """The publishers on this server, by their keys."""

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
        """Start checking."""
        await self._looking.start()

    async def stop(self) -> None:
        """Stop checking."""
        await self._looking.stop()

    def shut_out(self, keys: frozenset[str]) -> None:
        """End the sessions of these stream keys, on every server."""
        if len(keys) > MOST_TOLD:
            self._end(keys)
        else:
            self._bus.publish(TOPIC, compact_json.encode(sorted(keys)))

    async def look(self) -> None:
        """End the sessions here whose keys' owners are shut out. Raises the store's errors."""
        self._end(await self._people.stream_keys.over(self._relay.publishers().values()))

    def _hear(self, topic: str, message: bytes) -> None:
        if topic == TOPIC:
            self._end(compact_json.decode(message))

    def _end(self, keys: Iterable[str]) -> None:
        ended = set(keys)
        for (broadcast, source), key in self._relay.publishers().items():
            if key in ended:
                self._relay.dismiss(broadcast, source)
