"""Message rate: how many messages a channel may send, whatever they are.

This limit bounds the cost of parsing, of pings and refused messages too. The effects of messages
have limits of their own, by device and by address.
"""

import time
from collections.abc import Callable

# The burst, in seconds of the rate: a page that reconnects sends the messages that it kept.
BURST_S = 15


class MessageRate:
    """A bucket that refills by `per_second` messages and holds `BURST_S` of that; one a channel."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic):
        self._per_second = per_second
        self._clock = clock
        self._full_at = clock()

    def allow(self) -> bool:
        """Count a message; whether it is to be read."""
        now = self._clock()
        full_at = max(self._full_at, now) + 1 / self._per_second
        if full_at > now + BURST_S + 1e-6:
            return False
        self._full_at = full_at
        return True
