"""When the next frame or sound of a stream is about to come, by how the last ones came."""

# Frames that were read at once, and pauses, say nothing of the rhythm.
_SHORTEST_S, _LONGEST_S = 0.002, 0.25
_LATE_S = 0.002


class Rhythm:
    """The mean distance of a stream's beats."""

    def __init__(self) -> None:
        self._last = 0.0
        self._every: float | None = None

    def beat(self, now: float) -> None:
        """A frame or a packet of sound has come."""
        distance = now - self._last
        self._last = now
        if _SHORTEST_S < distance < _LONGEST_S:
            every = self._every
            self._every = distance if every is None else every + (distance - every) * 0.1

    def soon(self, now: float, within_s: float) -> bool:
        """Whether the next beat is expected within this time, or is only a little late."""
        if self._every is None:
            return False
        return -_LATE_S <= self._last + self._every - now <= within_s
