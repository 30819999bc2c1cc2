"""The time: UTC milliseconds inside, RFC 3339 outside. Nothing else reads the wall clock.

The time is a monotonic clock plus an offset: if someone sets the machine's clock, it does not move.
operations/timekeeper.py determines the offset: a server's time is its database's, or on SQLite its
machine's once that has proved steady.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_MS = 1_000_000
# CLOCK_BOOTTIME runs while the machine is suspended, as everybody else's time does: a hold expires
# when its buyer's page says so. CLOCK_MONOTONIC stands still then, so each suspend would be a step
# of the time.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_steady_ns = time.clock_gettime_ns
try:
    _steady_ns(_STEADY)
except OSError:  # a sandbox without it
    _STEADY = time.CLOCK_MONOTONIC


@dataclass
class PretendedClock:
    """A clock that shows `at`, and after each reading `pace_ms` more."""

    at: int
    pace_ms: int = 0

    def read(self) -> int:
        """Return the time that it shows, and advance it."""
        shown = self.at
        self.at += self.pace_ms
        return shown


_pretended: PretendedClock | None = None


def steady_ns() -> int:
    """Return a clock that nobody sets, in nanoseconds since some moment; it runs during a
    suspend.
    """
    return _steady_ns(_STEADY)


def machine_ns() -> int:
    """Return the machine's clock, nanoseconds since 1970-01-01 UTC, to determine the time."""
    return time.time_ns()


_ahead_ns = machine_ns() - steady_ns()


def ahead_ns() -> int:
    """Return how far the time is ahead of the monotonic clock, in nanoseconds."""
    return _ahead_ns


def set_ahead(ahead: int) -> None:
    """Set how far the time is ahead of the monotonic clock, in nanoseconds."""
    global _ahead_ns
    _ahead_ns = ahead


def now_ms() -> int:
    """Return the time, integer milliseconds since 1970-01-01 UTC."""
    if _pretended is not None:
        return _pretended.read()
    return (_steady_ns(_STEADY) + _ahead_ns) // _MS


def machine_off_ms() -> int:
    """Return how far the machine's clock is ahead of the time, in milliseconds."""
    return round((machine_ns() - steady_ns() - _ahead_ns) / _MS)


@contextlib.contextmanager
def pretended(at: int) -> Iterator[PretendedClock]:
    """Give the whole process another time, to replay a past day or to test.

    For a process without clients meanwhile.
    """
    global _pretended
    _pretended = PretendedClock(at)
    try:
        yield _pretended
    finally:
        _pretended = None


def rfc3339(ms: int) -> str:
    """Write milliseconds since 1970 as RFC 3339 in UTC, `2026-11-23T12:14:00.000Z`."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def parse_rfc3339(text: str) -> int:
    """Parse an RFC 3339 time with its offset into milliseconds since 1970.

    Raises ValueError for anything else, including a time without an offset and one outside 1970 to
    2999: every accepted time can be written again, in every time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write 2026-11-23T20:14:00+08:00")
    if not 1970 <= moment.year <= 2999 or moment.timestamp() < 0:
        raise ValueError(f"{text!r} is not between 1970 and 2999")
    return int(moment.timestamp() * 1000)
