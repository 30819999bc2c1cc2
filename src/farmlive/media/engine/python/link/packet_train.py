"""Shows by a packet train whether a link is far wider than the stream, so that a viewer who is a
little behind may catch up soon.

A train is packets that leave at once, with a sender report behind them: how long the report waited
is how long the link took for them. Pure decisions from numbers and times; both engines use the same
rules.
"""

# The octets of a train, which a link of twice the usual stream's rate takes into its queue, and the
# time between two of them.
_OCTETS, _EVERY_S = 32_000.0, 2.0
# A link that is done with a train within this time carries at least this much, twice over.
_CARRIED_S, _CARRIED_KBPS = 0.020, 6_400.0
# The report behind a train is known by when it was sent, to this precision.
_SAME_S = 0.001


class PacketTrain:
    """The trains to one viewer; `is_carried`: its link was done with one at once."""

    __slots__ = ("_due_at", "_ended", "_is_again", "_left", "_sent_at", "is_carried")

    def __init__(self, now: float) -> None:
        self.is_carried = False
        self._due_at, self._left = now, 0.0
        # Whether the last one has ended, and when the report behind it left, or 0.
        self._ended, self._sent_at = False, 0.0
        self._is_again = False

    def room(self, now: float) -> float:
        """Return how many octets may leave at once as a train, whatever the pace."""
        if self._left <= 0 and now >= self._due_at and not self.is_carried:
            self._left, self._due_at = _OCTETS, now + _EVERY_S
        return self._left

    def spent(self, octets: int) -> bool:
        """Take these octets from what may leave; return whether a train ends with them, so that a
        sender report is to leave behind it.
        """
        if self._left <= 0:
            return False
        self._left -= octets
        self._ended = self._left <= 0
        return self._ended

    def report_left(self, now: float) -> None:
        """Record that a sender report leaves now."""
        if self._ended:
            self._ended, self._sent_at = False, now

    def measured(self, queue_s: float, sent_at: float) -> None:
        """Record the queue that the sender report of this moment has seen."""
        if abs(sent_at - self._sent_at) <= _SAME_S:
            self.is_carried = queue_s <= _CARRIED_S
            # Another answer to it may take less.
            self._sent_at = 0.0 if self.is_carried else self._sent_at
            if not self._is_again:
                # The viewer may have stood still: once that is tried again at once.
                self._is_again, self._due_at = True, 0.0

    def pace_kbps(self, kbps: float) -> float:
        """Return how fast a viewer may be sent that is sent this fast without a train."""
        return max(kbps, _CARRIED_KBPS) if self.is_carried else kbps
