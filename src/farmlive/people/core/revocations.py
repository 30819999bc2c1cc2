"""Announces which media sessions have lost their right: those of stream keys whose owner was shut
out, and of guests whose link has ended.

people knows who owns a key, media which session uses it: media_bridge/publishers.py listens.
"""

from collections.abc import Callable, Iterable

from farmlive import compact_json
from farmlive.bus import Bus

KEYS = "shut-outs"
GUESTS = "cameras"
# Most keys in one message of the bus.
KEYS_AT_ONCE = 1_000


class Revocations:
    """Announces revocations on the bus, after their commit. The bus may lose them."""

    def __init__(self, bus: Bus):
        self._bus = bus

    def revoke_keys(self, keys: Iterable[str]) -> None:
        """Announce that these stream keys ended with their owner."""
        ended = sorted(keys)
        for first in range(0, len(ended), KEYS_AT_ONCE):
            some = ended[first : first + KEYS_AT_ONCE]
            self._bus.publish(KEYS, compact_json.encode(some))

    def revoke_guest(self, broadcast: str, source: str) -> None:
        """Announce that the host has ended the link of this guest's source."""
        self._bus.publish(GUESTS, compact_json.encode([broadcast, source]))

    def listen(
        self, *, keys: Callable[[Iterable[str]], None], guest: Callable[[str, str], None]
    ) -> None:
        """Call these with revoked keys, and with the broadcast and source of a guest, of any
        server.
        """

        def hear(topic: str, message: bytes) -> None:
            if topic == KEYS:
                keys(compact_json.decode(message))
            elif topic == GUESTS:
                guest(*compact_json.decode(message))

        self._bus.listen(hear)
