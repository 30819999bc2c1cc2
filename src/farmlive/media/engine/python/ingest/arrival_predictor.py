"""Predicts a stream's next frame or audio packet from past arrival times. Pure arithmetic."""

from collections.abc import Sequence

# Shorter intervals are bursts and longer ones pauses; neither tells the frame interval.
_SHORTEST_S, _LONGEST_S = 0.002, 0.1
# Audio and a frame expected within this time are read and sent together: waking up, and returning
# to each viewer's keys and buffers, costs more than the packets do. (The engine in C pays less for
# it and does not wait.)
_TOGETHER_S = 0.009
# Typical lateness of a frame or packet.
_LATE_S = 0.001
_NEVER = float("inf")


class ArrivalPredictor:
    """The mean interval of a stream's frames; each is complete `duration_s` after it is
    expected.
    """

    __slots__ = ("_every", "_last", "duration_s", "next")

    def __init__(self, duration_s: float = 0.0) -> None:
        self.duration_s = duration_s
        # When the next frame or packet is expected, or None.
        self.next: float | None = None
        self._last = 0.0
        self._every: float | None = None

    def record_arrival(self, when: float) -> None:
        """Record the arrival of a frame or an audio packet."""
        distance = when - self._last
        self._last = when
        every = self._every
        if _SHORTEST_S < distance < _LONGEST_S:
            every = distance if every is None else every + (distance - every) * 0.1
            self._every = every
        elif distance >= _LONGEST_S:
            self._every = every = None
        self.next = None if every is None else when + every


def idle_seconds(predictors: Sequence[ArrivalPredictor], now: float) -> float:
    """Return for how many seconds a source's socket needs no reading.

    That is until the next frame is complete, with what comes within `_TOGETHER_S` after it. 0 if it
    is a single packet, unknown, or late.
    """
    first = _NEVER
    for rhythm in predictors:
        when = rhythm.next
        if when is None or when < now:
            return 0.0
        if when < first:
            first = when
    whole = first
    for rhythm in predictors:
        end = (rhythm.next or 0.0) + rhythm.duration_s
        if whole < end <= first + _TOGETHER_S:
            whole = end
    # A single audio packet wakes the loop by itself.
    return whole + _LATE_S - now if whole > first else 0.0
