"""Message rate: how many messages a channel may send, whatever they are.

What messages do has limits of its own, by device and by address; this one is of what it costs to
read them, pings and refused ones too.
"""

import time
from collections.abc import Callable

# So many seconds' worth may come at once: a page that comes back sends what it could not.
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
