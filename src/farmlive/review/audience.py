"""The viewers as a fold of watch sessions: when devices watched, as sorted times. Pure.

Overlapping sessions of a device are merged into one interval, so that two windows count once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from farmlive.review.stored_sums import AudienceFigures

# A session ends after this time without its device.
IDLE_MS = 30 * 60_000

Session = tuple[str, int, int, bool]


@dataclass
class Audience:
    """Intervals of watching within a broadcast, in milliseconds since 1970."""

    views: int = 0
    viewers: int = 0
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    # Between two intervals of one device: when it left and when it was back.
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def watched_ms(self) -> int:
        """The total watch time of all devices."""
        return sum(self.ends) - sum(self.starts)

    def reach(self, start: int, end: int) -> int:
        """Return how many devices watched at some time from `start` to `end`.

        It counts the intervals that touch this time, less one for each gap within it: the device of
        a gap has an interval before and after it, and counts once.
        """
        touching = bisect_left(self.starts, end) - bisect_right(self.ends, start)
        first = bisect_right(self.gaps, (start, end))
        last = bisect_left(self.gaps, (end, 0))
        return touching - sum(back < end for _, back in self.gaps[first:last])

    def peak(self) -> tuple[int, int | None]:
        """Return the most concurrent devices, and when that number was first reached."""
        highest, when = 0, None
        gone = 0
        for here, start in enumerate(self.starts, 1):
            while self.ends[gone] <= start:
                gone += 1
            if here - gone > highest:
                highest, when = here - gone, start
        return highest, when

    def averages(self, borders: Sequence[int]) -> list[float]:
        """Return the average number of devices between each two borders."""
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
        """Return the most concurrent devices between each two borders."""
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
    """Return the viewers of a broadcast that was live from `start` to `end`.

    A session is (device, from, to, resumed); the sessions of one device are sorted by `from`. Times
    outside the broadcast are cut off.
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
    # A device that left in the same millisecond was there all the same.
    found.starts.append(since)
    found.ends.append(max(until, since + 1))


def impressions(audience: AudienceFigures, pins: Sequence[tuple[int, int]]) -> list[int]:
    """Return the number of devices that saw each pin."""
    return [audience.reach(start, end) if end > start else 0 for start, end in pins]
