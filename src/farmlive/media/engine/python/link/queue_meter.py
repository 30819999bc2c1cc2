"""The queue of one viewer's link, by round trips: how much longer they are than the least one.

Round trips are those of sender reports, which the viewer answers by its next receiver report (RFC
3550, section 6.4.1), and of checks. Pure decisions from numbers and times; both engines use the
same rules.
"""

# Times of one report that are closer than this are the same.
_CLOSE_S = 0.005
# So many checks in a window say more about the queue than one report does: the shortest queue that
# they saw is the one that stands.
_CHECKS = 3
_HIGHEST_RTT_S = 5.0


class QueueMeter:
    """The last queue that was seen, in seconds, and by what; `open_window` begins anew."""

    __slots__ = (
        "_checks",
        "_least_s",
        "_standing_s",
        "is_fresh",
        "is_whole",
        "measured_at",
        "queue_s",
        "round_trip_s",
        "sent_at",
        "unanswered",
    )

    def __init__(self) -> None:
        self.round_trip_s: float | None = None
        # The least round trip, and how much longer the last one was.
        self._least_s = self.queue_s = 0.0
        # The checks since the window began, and the shortest queue that they saw.
        self._checks, self._standing_s = 0, 0.0
        # Whether it was measured since then, and behind a whole burst; when a report left that is
        # to measure it there, or 0; how many before it had no answer.
        self.is_fresh = self.is_whole = False
        self.measured_at, self.unanswered = 0.0, 0
        # By a sender report of which moment.
        self.sent_at = 0.0

    @property
    def has_checks(self) -> bool:
        """Whether enough checks measure it all the time."""
        return self._checks >= _CHECKS

    def queue_of(self, round_trip_s: float) -> float:
        """Return how much of a round trip may be the queue: all of the first one."""
        return round_trip_s - (0.0 if self.round_trip_s is None else self._least_s)

    def measured(self, round_trip_s: float, sent_at: float) -> bool:
        """Record a round trip by a sender report that was sent then; return False if it can't be
        one.
        """
        if not 0.0 <= round_trip_s <= _HIGHEST_RTT_S:
            return False
        if self.round_trip_s is None or round_trip_s < self._least_s:
            self._least_s = round_trip_s
        else:
            # Slowly forget: the route may have changed.
            self._least_s += (round_trip_s - self._least_s) / 64
        self.round_trip_s = round_trip_s
        self.queue_s = round_trip_s - self._least_s
        self.is_fresh, self.sent_at = True, sent_at
        if 0 < self.measured_at <= sent_at + _CLOSE_S:
            self.is_whole = True
            self.measured_at, self.unanswered = 0.0, 0
        return True

    def measured_again(self, round_trip_s: float) -> bool:
        """Record another answer to the last sender report; return whether it was quicker. Then the
        first one waited with the viewer, and not on the way there.
        """
        if self.round_trip_s is None or not 0.0 <= round_trip_s < self._least_s + self.queue_s:
            return False
        self._least_s = min(self._least_s, round_trip_s)
        self.queue_s = round_trip_s - self._least_s
        return True

    def measuring(self, now: float) -> None:
        """Record that a sender report leaves to measure the queue."""
        self.unanswered += self.measured_at > 0
        self.measured_at = now

    def left_s(self, now: float) -> float:
        """Return what is left of the last queue that was seen, if nothing was sent since."""
        return max(0.0, self.queue_s - (now - self.sent_at))

    def checked(self, round_trip_s: float) -> float:
        """Record the round trip of a check; return the queue that it shows, in seconds."""
        if self.round_trip_s is None or round_trip_s < self._least_s:
            self._least_s = round_trip_s
        self.round_trip_s = round_trip_s
        queue_s = round_trip_s - self._least_s
        self._standing_s = min(self._standing_s, queue_s) if self._checks else queue_s
        self._checks += 1
        return queue_s

    def take_checks(self, since: float) -> None:
        """Let enough checks since then tell the queue, in place of a report."""
        if self.has_checks:
            self.queue_s = self._standing_s
            self.is_fresh = self.is_whole = True
            self.sent_at = since

    def forget(self) -> None:
        """Take what was measured for nothing new."""
        self.is_fresh = self.is_whole = False

    def open_window(self) -> None:
        """Begin anew."""
        self.measured_at, self.unanswered, self._checks = 0.0, 0, 0
        self.forget()

    def forget_route(self) -> None:
        """Forget the round trips of another route."""
        self.round_trip_s = None
        self._least_s = self.queue_s = self._standing_s = 0.0
        self.open_window()
