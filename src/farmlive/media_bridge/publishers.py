"""Ends the media sessions of publishers whose right is revoked: of accounts that are shut out, and
of guests whose link the host has ended.

people/core/revocations.py tells every server. Each also checks at intervals: the `farmlive` command
is not on the bus, and a camera may connect just while its owner is shut out.
"""

from collections.abc import Iterable

from farmlive.media import Relay
from farmlive.people import People
from farmlive.periodic import Periodic

# Sessions that the bus did not report end within five seconds of the shut-out, including this wait
# and the check.
LOOK_S = 2.0


class Publishers:
    """The publishers on this server, by their keys."""

    def __init__(self, people: People, relay: Relay):
        self._people = people
        self._relay = relay
        self._looking = Periodic(
            LOOK_S,
            self.look,
            "whether cameras' owners are shut out is not known",
            "whether cameras' owners are shut out is known again",
        )
        people.revocations.listen(keys=self._end, guest=relay.dismiss)

    async def start(self) -> None:
        """Start checking."""
        await self._looking.start()

    async def stop(self) -> None:
        """Stop checking."""
        await self._looking.stop()

    async def look(self) -> None:
        """End the sessions here whose keys' owners are shut out. Raises the store's errors."""
        self._end(await self._people.stream_keys.filter_ended(self._relay.publishers().values()))

    def _end(self, keys: Iterable[str]) -> None:
        ended = set(keys)
        for (broadcast, source), key in self._relay.publishers().items():
            if key in ended:
                self._relay.dismiss(broadcast, source)
