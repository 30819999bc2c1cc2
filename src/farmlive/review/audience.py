"""The audience as a fold of watch sessions: who watched when, as sorted times. Pure.

The sessions of a device that overlap are one stretch, so that two windows count once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from farmlive.review.kept_sums import Watched

# A session ends after so long without its device.
IDLE_MS = 30 * 60_000

Session = tuple[str, int, int, bool]


@dataclass
class Audience:
    """Stretches of watching within a broadcast, times in milliseconds since 1970."""

    views: int = 0
    viewers: int = 0
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    # Between two stretches of one device: when it left and when it was back.
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def watched_ms(self) -> int:
        """How long all devices watched together."""
        return sum(self.ends) - sum(self.starts)

    def reach(self, start: int, end: int) -> int:
        """How many devices watched some of the time from `start` to `end`.

        Stretches that touch it, less one for each gap within it: its device is there before
        and after, and is one.
        """
        touching = bisect_left(self.starts, end) - bisect_right(self.ends, start)
        first = bisect_right(self.gaps, (start, end))
        last = bisect_left(self.gaps, (end, 0))
        return touching - sum(back < end for _, back in self.gaps[first:last])

    def peak(self) -> tuple[int, int | None]:
        """The most devices at one moment, and when that was first so."""
        highest, when = 0, None
        gone = 0
        for here, start in enumerate(self.starts, 1):
            while self.ends[gone] <= start:
                gone += 1
            if here - gone > highest:
                highest, when = here - gone, start
        return highest, when

    def averages(self, borders: Sequence[int]) -> list[float]:
        """The average number of devices between each two borders."""
        began = list(accumulate(self.starts, initial=0))
        ended = list(accumulate(self.ends, initial=0))

        def watched_until(when: int) -> int:
            come, gone = bisect_left(self.starts, when), bisect_left(self.ends, when)
            return (come - gone) * when - began[come] + ended[gone]

        watched = [watched_until(border) for border in borders]
        return [
            round((watched[place + 1] - watched[place]) / (end - begin), 2)
            for place, (begin, end) in enumerate(pairwise(borders))
        ]

    def peaks(self, borders: Sequence[int]) -> list[int]:
        """The most devices at one moment between each two borders."""
        found = []
        for begin, end in pairwise(borders):
            first = bisect_right(self.starts, begin)
            last = bisect_left(self.starts, end)
            gone = bisect_right(self.ends, begin)
            highest = first - gone
            for here in range(first, last):
                while self.ends[gone] <= self.starts[here]:
                    gone += 1
                highest = max(highest, here + 1 - gone)
            found.append(highest)
        return found


def fold(sessions: Iterable[Session], start: int, end: int) -> Audience:
    """The audience of a broadcast that was live from `start` to `end`.

    A session is (device, from, to, resumed); those of one device follow each other by `from`.
    What lies outside the broadcast is cut off.
    """
    found = Audience()
    device = ""
    since = until = 0
    for name, came, left, resumed in sessions:
        if left < start or came >= end:
            continue
        came, left = max(came, start), min(max(left, came), end)
        if name != device:
            if device:
                _keep(found, since, until)
            device, since, until = name, came, left
            found.viewers += 1
            found.views += 1
            continue
        if not resumed or came - until > IDLE_MS:
            found.views += 1
        if came <= until:
            until = max(until, left)
        else:
            _keep(found, since, until)
            found.gaps.append((until, came))
            since, until = came, left
    if device:
        _keep(found, since, until)
    found.starts.sort()
    found.ends.sort()
    found.gaps.sort()
    return found


def _keep(found: Audience, since: int, until: int) -> None:
    # Who left in the same millisecond was there all the same.
    found.starts.append(since)
    found.ends.append(max(until, since + 1))


def impressions(audience: Watched, pins: Sequence[tuple[int, int]]) -> list[int]:
    """How many devices each pin was shown to."""
    return [audience.reach(start, end) if end > start else 0 for start, end in pins]
