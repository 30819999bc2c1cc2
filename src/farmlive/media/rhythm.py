"""When a stream's next frame or sound comes, by when the last ones came. Pure arithmetic."""

from collections.abc import Iterable

# Frames that were sent at once, and pauses, say nothing of the rhythm.
_SHORTEST_S, _LONGEST_S = 0.002, 0.1
# Sound and a frame that come within this are worth waiting for, to be read and sent together: to
# wake up, and to come back to each viewer's keys and buffers, costs more than the packets do.
_TOGETHER_S = 0.008
# A frame is whole this long after it began to come, on a quick way.
_WHOLE_S = 0.0015


class Rhythm:
    """The mean distance of a stream's beats."""

    def __init__(self) -> None:
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
    it what comes soon after. 0 where the next one is not known or late.
    """
    expected = [rhythm.next for rhythm in rhythms]
    known = sorted(when for when in expected if when is not None)
    if not known or len(known) < len(expected) or known[0] < now:
        return 0.0
    together = max(when for when in known if when - known[0] <= _TOGETHER_S)
    return together + _WHOLE_S - now
