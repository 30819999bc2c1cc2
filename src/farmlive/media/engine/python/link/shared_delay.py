"""Tells a delay that many viewers of an output see at once from that of one viewer's link.

Such a delay is this server's, or of what all of them share with it: sending each viewer less, by
itself, would only make it longer. Pure decisions from numbers and times; both engines use the same
rules.
"""

# How long a viewer's delay is remembered: this long, or up to twice. Each viewer counts once in it.
_SPAN_S = 1.0
# The delay is shared if at least _MANY viewers in one span, and at least one in _ONE_OF of those
# that reported, have seen a long one.
_MANY, _ONE_OF = 8, 3


class SharedDelay:
    """How many viewers of an output reported lately, and how many of them saw a long delay."""

    __slots__ = ("_before", "_began_at", "_now", "_span")

    def __init__(self) -> None:
        self._began_at, self._span = 0.0, 1
        # In this span, and in the one before: the reports, and those of a long delay.
        self._now, self._before = (0, 0), (0, 0)

    def record(self, is_long: bool, now: float, counted: int = 0) -> int:
        """Record whether a viewer's report showed a long delay, once in a span; `counted` is what
        this returned for the viewer the last time, 0 at first.
        """
        passed_s = now - self._began_at
        if not 0 <= passed_s < _SPAN_S:
            self._before = self._now if 0 <= passed_s < 2 * _SPAN_S else (0, 0)
            self._now, self._began_at = (0, 0), now
            self._span += 1
        if counted != self._span:
            reports, long = self._now
            self._now = reports + 1, long + is_long
        return self._span

    @property
    def is_shared(self) -> bool:
        """Whether many viewers saw a long delay lately."""
        reports = self._now[0] + self._before[0]
        long = self._now[1] + self._before[1]
        return max(self._now[1], self._before[1]) >= _MANY and _ONE_OF * long >= reports
