"""When a stream's next frame or sound comes, by when the last ones came. Pure arithmetic."""

from collections.abc import Sequence

# Frames that were sent at once, and pauses, say nothing of the rhythm.
_SHORTEST_S, _LONGEST_S = 0.002, 0.1
# Sound and a frame that come within this are worth waiting for, to be read and sent together: to
# wake up, and to come back to each viewer's keys and buffers, costs more than the packets do. (The
# engine in C, which pays less for it, does not wait.)
_TOGETHER_S = 0.009
# How late a beat often is.
_LATE_S = 0.001
_NEVER = float("inf")


class ArrivalPredictor:
    """The mean distance of a stream's beats, each of which is whole after `lasts_s`."""

    __slots__ = ("_every", "_last", "lasts_s", "next")

    def __init__(self, lasts_s: float = 0.0) -> None:
        self.lasts_s = lasts_s
        # When the next beat is expected, or None.
        self.next: float | None = None
        self._last = 0.0
        self._every: float | None = None

    def beat(self, when: float) -> None:
        """A frame or a packet of sound came."""
        distance = when - self._last
        self._last = when
        every = self._every
        if _SHORTEST_S < distance < _LONGEST_S:
            every = distance if every is None else every + (distance - every) * 0.1
            self._every = every
        elif distance >= _LONGEST_S:
            self._every = every = None
        self.next = None if every is None else when + every


def rest(rhythms: Sequence[ArrivalPredictor], now: float) -> float:
    """For how long a source needs no reading, in seconds: until what comes next is whole, and with
    it what comes within `_TOGETHER_S` after. 0 where it is one packet, or not known, or late.
    """
    first = _NEVER
    for rhythm in rhythms:
        when = rhythm.next
        if when is None or when < now:
            return 0.0
        if when < first:
            first = when
    whole = first
    for rhythm in rhythms:
        end = (rhythm.next or 0.0) + rhythm.lasts_s
        if whole < end <= first + _TOGETHER_S:
            whole = end
    # A single packet of sound wakes us by itself.
    return whole + _LATE_S - now if whole > first else 0.0
