"""Whether a long delay without loss is that of a viewer's link: a busy phone and a server that
stands still answer late, too.

Pure decisions from numbers and times; both engines use the same rules.
"""

from farmlive.media.engine.python.link.shared_delay import SharedDelay

# A queue that delays packets this long is one that a limit fills.
QUEUE_S = 0.150
# A delay is the link's if a report that was sent after it shows it too. Another report is sent if
# that one had no answer for this long.
_PROOF_AGAIN_S = 1.0


class DelayProof:
    """The doubt about a long delay. `is_wanted`: a sender report is to leave now, to measure the
    delay again; `shared_delay` has the delays of other viewers.
    """

    __slots__ = ("_counted", "_doubt_at", "is_wanted", "shared_delay")

    def __init__(self) -> None:
        # When the delay was first seen, or 0.
        self._doubt_at, self.is_wanted = 0.0, False
        self.shared_delay: SharedDelay | None = None
        # In which span of `shared_delay` this viewer counted.
        self._counted = 0

    @property
    def is_pending(self) -> bool:
        """Whether there is a doubt."""
        return self._doubt_at > 0

    def end(self) -> None:
        """End the doubt."""
        self._doubt_at = 0.0

    def refute(self, queue_s: float, sent_at: float) -> None:
        """End the doubt if a report that was sent after it shows a short queue: a full link has a
        long one.
        """
        if self._doubt_at <= sent_at and queue_s <= QUEUE_S:
            self.end()

    def doubts(
        self, is_long: bool, is_fresh: bool, is_lossy: bool, sent_at: float, now: float
    ) -> bool:
        """Return whether a delay without loss may not be the link's. `sent_at`: when the report
        left that showed it; `is_fresh`: there is one.
        """
        if not is_fresh:
            is_due = self.is_pending and now - self._doubt_at >= _PROOF_AGAIN_S
            self.is_wanted |= is_lossy or is_due
            return self.is_pending
        if self.shared_delay is not None:
            self._counted = self.shared_delay.record(is_long, now, self._counted)
        if not is_long:
            self.end()
            return False
        is_shared = self.shared_delay is not None and self.shared_delay.is_shared
        if 0 < self._doubt_at <= sent_at and not is_shared:
            return False
        self._doubt_at = now if is_shared or not self.is_pending else self._doubt_at
        self.is_wanted = True
        return True
