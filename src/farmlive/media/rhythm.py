"""When a stream's next frame or sound comes, by when the last ones came. Pure arithmetic."""

from collections.abc import Iterable

# Frames that were sent at once, and pauses, say nothing of the rhythm.
_SHORTEST_S, _LONGEST_S = 0.002, 0.1
# Sound and a frame that come within this are worth waiting for, to be read and sent together: to
# wake up, and to come back to each viewer's keys and buffers, costs more than the packets do.
_TOGETHER_S = 0.009
# How late a beat often is.
_LATE_S = 0.001


class Rhythm:
    """The mean distance of a stream's beats, each of which is whole after `lasts_s`."""

    def __init__(self, lasts_s: float = 0.0) -> None:
        self.lasts_s = lasts_s
        self._last = 0.0
        self._every: float | None = None

    def beat(self, when: float) -> None:
        """A frame or a packet of sound came."""
        distance = when - self._last
        self._last = when
        if _SHORTEST_S < distance < _LONGEST_S:
            every = self._every
            self._every = distance if every is None else every + (distance - every) * 0.1
        elif distance >= _LONGEST_S:
            self._every = None

    @property
    def next(self) -> float | None:
        """When the next beat is expected, or None."""
        return None if self._every is None else self._last + self._every


def rest(rhythms: Iterable[Rhythm], now: float) -> float:
    """For how long a source needs no reading, in seconds: until what comes next is whole, and with
    it what comes soon after. 0 where it is one packet, or not known, or late.
    """
    ends: list[float] = []
    first = float("inf")
    for rhythm in rhythms:
        when = rhythm.next
        if when is None or when < now:
            return 0.0
        first = min(first, when)
        ends.append(when + rhythm.lasts_s)
    soon = [end for end in ends if end - first <= _TOGETHER_S]
    # A single packet of sound wakes us by itself.
    return max(soon) + _LATE_S - now if soon and max(soon) > first else 0.0
