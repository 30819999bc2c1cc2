"""Message rate: how many messages a channel may send, whatever they are.

What messages do has limits of its own, by device and by address; this one is of what it costs to
read them, pings and refused ones too.
"""

import time
from collections.abc import Callable

# A page sends one or two messages a second, and a few more when it comes back.
AT_ONCE = 300
PER_SECOND = 20


class MessageRate:
    """A bucket that holds `AT_ONCE` messages and refills by `PER_SECOND`; one a channel."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._full_at = clock()

    def allow(self) -> bool:
        """Count a message; whether it is to be read."""
        now = self._clock()
        full_at = max(self._full_at, now) + 1 / PER_SECOND
        if full_at > now + AT_ONCE / PER_SECOND + 1e-6:
            return False
        self._full_at = full_at
        return True
