"""Rate limits: how often an IP, a device or a name may do something.

Owns the counting, in this process and shared with other servers over the bus. The limits are
settings; callers choose the keys.
"""

import asyncio
import contextlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

from farmlive import compact_json
from farmlive.bus import Bus
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.people.core.addresses import block_of
from farmlive.problems import TooMany

TOPIC = "limits"
TELL_S = 0.1
# Messages that a hung bus delivers later than this are not counted: the uses are long past.
STALE_MS = 10_000

Bucket = tuple[str, str]
# A bucket's name and key; None: not counted.
Counted = tuple[str, str | None]


class RateLimits:
    """Token buckets that hold a minute's worth and refill evenly. For the event loop's thread.

    A bucket is one number: when it will be full again. That is at most a minute after its last use,
    so a bucket unused for a minute can be dropped without loss. Above `capacity` the least recently
    used one is dropped: memory is bounded, and a flood can only make limits more lenient.

    When shared, each server still decides alone and at once, and sends its uses to the others ten
    times a second: together they admit at most the limit plus a tenth of a second's requests. If
    the bus is down, each counts alone.
    """

    def __init__(
        self,
        bus: Bus | None,
        refused: Callable[[str, str, int], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        capacity: int = 100_000,
    ):
        """Share counts with the other servers on this bus; None: with nobody.

        `refused` is called for each refusal with the name, the key, and the limit per minute.
        """
        self._clock = clock
        self._capacity = capacity
        self._full_at: OrderedDict[Bucket, float] = OrderedDict()
        self._bus = bus
        self._mark = ulid()
        self._unshared: dict[Bucket, float] = {}
        self._refused = refused
        if bus is not None:
            bus.listen(self._on_message)

    def __len__(self) -> int:
        return len(self._full_at)

    def allow(
        self, name: str, key: str | None, per_minute: int, *, of: str = "", times: int = 1
    ) -> None:
        """Count one use of `name` by `key`, or raise TooMany with `Retry-After` in seconds.

        Without a key, such as an IP that an untrusted proxy hides, nothing is counted. `of` names
        what is counted in the problem's sentence, such as "wrong passwords".
        """
        if key is None:
            return
        now = self._clock()
        self._forget(now)
        bucket = (name, key)
        each = times * 60.0 / per_minute
        wait = max(self._full_at.get(bucket, now), now) + each - now - 60.0
        if wait > 1e-6:
            self._refused(name, key, per_minute)
            seconds = math.ceil(wait)
            raise TooMany(
                f"More than {per_minute} {of + ' ' if of else ''}a minute are not taken. "
                f"Nothing was changed; try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
        self._use(bucket, each, now)
        self._share(bucket, each)

    def allow_address(
        self,
        name: str,
        address: str | None,
        per_minute: int,
        *,
        block_factor: int,
        of: str = "",
        times: int = 1,
    ) -> None:
        """Count `times` uses of `name` by an IP and by its network, which may have `block_factor`
        times as many. Raises TooMany.

        Callers explain the network's limit by a constant named after what is counted, such as
        `ORDERS_BLOCK_FACTOR`. The buckets are `name of an address` and `name of a block`.
        """
        self.allow(f"{name} of an address", address, per_minute, of=of, times=times)
        of_block = per_minute * block_factor
        self.allow(f"{name} of a block", block_of(address), of_block, of=of, times=times)

    def give_back(self, name: str, key: str | None, per_minute: int, *, share: float = 1.0) -> None:
        """Take back one use that `allow` counted, or that multiple of it."""
        if key is None:
            return
        bucket = (name, key)
        seconds = share * 60.0 / per_minute
        self._use(bucket, -seconds, self._clock())
        self._share(bucket, -seconds)

    @contextlib.contextmanager
    def failures(
        self, error: type[Exception], per_minute: int, *buckets: Counted, of: str
    ) -> Iterator[None]:
        """Count the block as one use of each (name, key) if it raises `error`, and only then.

        It is counted before the block and given back after: of a thousand simultaneous guesses no
        more are tried than may fail. Raises TooMany.
        """
        counted: list[Counted] = []
        failed = False
        try:
            for bucket in buckets:
                self.allow(*bucket, per_minute, of=of)
                counted.append(bucket)
            yield
        except error:
            failed = True
            raise
        finally:
            if not failed:
                for bucket in counted:
                    self.give_back(*bucket, per_minute)

    def _use(self, bucket: Bucket, seconds: float, now: float) -> None:
        full_at = max(self._full_at.get(bucket, now), now) + seconds
        if full_at <= now:
            self._full_at.pop(bucket, None)
            return
        self._full_at[bucket] = min(full_at, now + 60.0)
        self._full_at.move_to_end(bucket)
        if len(self._full_at) > self._capacity:
            self._full_at.popitem(last=False)

    def _forget(self, now: float) -> None:
        # Check two for each use that may add one, so that all idle buckets are dropped in time.
        for _ in range(2):
            if not self._full_at:
                return
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now:
                return
            del self._full_at[oldest]

    # Between servers.

    def _share(self, bucket: Bucket, seconds: float) -> None:
        if self._bus is None:
            return
        if not self._unshared:
            asyncio.get_running_loop().call_later(TELL_S, self._share_all, self._bus)
        self._unshared[bucket] = self._unshared.get(bucket, 0.0) + seconds

    def _share_all(self, bus: Bus) -> None:
        used = [[*bucket, seconds] for bucket, seconds in self._unshared.items() if seconds]
        self._unshared = {}
        if used:
            bus.publish(TOPIC, compact_json.encode([self._mark, now_ms(), used]))

    def _on_message(self, topic: str, message: bytes) -> None:
        if topic != TOPIC:
            return
        mark, sent_at, used = compact_json.decode(message)
        if mark == self._mark or abs(now_ms() - sent_at) > STALE_MS:
            return
        now = self._clock()
        for name, key, seconds in used:
            self._forget(now)
            self._use((name, key), seconds, now)
