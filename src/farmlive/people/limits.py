"""Rate limits, in this process: how often an address, a device or a name may do something.

It owns the counting; how often is a setting, and what is counted is the caller's to say.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from farmlive.problems import TooMany


class RateLimits:
    """Token buckets that hold a minute's worth and refill evenly. For the event loop's thread.

    A bucket is one number: when it will be full again. That is never more than a minute after
    its last use, so a bucket unused for a minute is forgotten without loss. Above `capacity`
    the one unused longest goes: the memory is bounded, and a flood can only forgive.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, capacity: int = 100_000):
        self._clock = clock
        self._capacity = capacity
        self._full_at: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def allow(self, name: str, key: str, per_minute: int) -> None:
        """Count one use of `name` by `key`, or raise TooMany with `Retry-After` in seconds."""
        now = self._clock()
        self._forget(now)
        bucket = (name, key)
        each = 60.0 / per_minute
        full_at = max(self._full_at.get(bucket, now), now) + each
        wait = full_at - now - 60.0
        if wait > 1e-6:
            seconds = math.ceil(wait)
            raise TooMany(
                f"More than {per_minute} a minute are not taken. Nothing was changed; "
                f"try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
        self._full_at[bucket] = full_at
        self._full_at.move_to_end(bucket)
        if len(self._full_at) > self._capacity:
            self._full_at.popitem(last=False)

    def _forget(self, now: float) -> None:
        # Two for each use that may add one, so that the idle ones run out.
        for _ in range(2):
            if not self._full_at:
                return
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now:
                return
            del self._full_at[oldest]
