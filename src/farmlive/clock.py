"""What time it is: UTC milliseconds inside, RFC 3339 outside. Nothing else reads the wall clock."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class PretendedClock:
    """A clock that shows `at`, and after each reading `pace_ms` more."""

    at: int
    pace_ms: int = 0

    def read(self) -> int:
        """The time that it shows; it goes on by its pace."""
        shown = self.at
        self.at += self.pace_ms
        return shown


_pretended: PretendedClock | None = None


def now_ms() -> int:
    """The time now, integer milliseconds since 1970-01-01 UTC."""
    if _pretended is not None:
        return _pretended.read()
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def pretended(at: int) -> Iterator[PretendedClock]:
    """Have the whole process believe another time, to live through a past day again or to test.

    For a process that serves nobody meanwhile.
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
    """Read an RFC 3339 time with its offset into milliseconds since 1970.

    Raises ValueError for anything else, a time without an offset and one outside 1970 to 2999
    included: what is read can be written again, in every zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write 2026-11-23T20:14:00+08:00")
    if not 1970 <= moment.year <= 2999 or moment.timestamp() < 0:
        raise ValueError(f"{text!r} is not between 1970 and 2999")
    return int(moment.timestamp() * 1000)
