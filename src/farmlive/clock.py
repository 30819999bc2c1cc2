"""What time it is: UTC milliseconds inside, RFC 3339 outside. Nothing else reads the wall clock."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The time now, integer milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """Write milliseconds since 1970 as RFC 3339 in UTC, `2026-11-23T12:14:00.000Z`."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def parse_rfc3339(text: str) -> int:
    """Read an RFC 3339 time with its offset into milliseconds since 1970.

    Raises ValueError for anything else, a time without an offset included.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write 2026-11-23T20:14:00+08:00")
    return int(moment.timestamp() * 1000)
