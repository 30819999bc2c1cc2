"""Estimates what one viewer's link carries, and from that how fast it may be sent to.

Pure decisions from numbers and times; both engines use the same rules. A link is *unknown* after
the join, *wide* while nothing shows a limit, *narrow* once its queue fills or overflows.
"""

from typing import Literal

State = Literal["unknown", "wide", "narrow"]

# A link that nobody knows is sent twice the stream's rate, but never less than this.
_JOIN_FACTOR, _JOIN_LEAST_KBPS = 2.0, 1_000.0
# The rate of a stream that has not been measured yet.
_TYPICAL_KBPS = 1_250.0
# A joiner gets the group that the ring holds if it leaves within this time, in seconds.
_SMALL_S = 0.25
# If no keyframe can be requested for longer than this, a joiner gets what there is meanwhile,
# hardly faster than it comes: a link that carries the stream carries that.
_PATIENCE_S = 0.3
_GENTLE_FACTOR = 1.12
# What may leave at once, in bytes: at the join and later.
_JOIN_OCTETS, _OCTETS = 16_000.0, 5_000.0

# Minimum length of a window between two reports.
_WINDOW_S = 0.8
# A queue that delays packets this long is one that a limit fills; the second with loss.
_QUEUE_S, _LOSSY_QUEUE_S = 0.150, 0.050
# Loss without a queue is a radio's, up to this; on a link that is narrow already, up to the second.
_LOSS, _POLICED_LOSS, _NARROW_LOSS = 0.02, 0.35, 0.15
# Sent is this share of what arrived after a bad window, and the second if the queue was long.
_LESS, _MUCH_LESS, _LONG_QUEUE_S = 0.85, 0.7, 0.25
_LEAST_KBPS, _MOST_KBPS = 60.0, 100_000.0
# One fall takes no more than this share, and the queue has a while to drain before the next.
_FALL_MOST, _SETTLE_S = 0.5, 1.5
# Growth a second while nothing shows a limit: slow between these shares of what last was too much.
_GROWTH, _SLOW_GROWTH, _NEAR, _PAST = 1.3, 1.06, 0.85, 1.15
# Nothing shows a limit, either, where little was sent: growth ends at this share of what arrived.
_BEYOND, _BEYOND_KBPS = 1.5, 100.0
# A window in which the pace was the limit for this long measures the link, not the stream.
_BUSY_S = 0.2
# A narrow link is wide again once its estimate exceeds the stream by this factor and this many
# seconds were good; each failure doubles them. An unknown one needs a few good seconds.
_ROOMY = 1.25
_UNKNOWN_S, _TRIAL_S, _LONGEST_TRIAL_S, _FORGIVEN_S = 3.0, 4.0, 32.0, 60.0
# So many checks in a window say more about the queue than one report does: the shortest queue that
# they saw is the one that stands.
_CHECKS = 3
# A viewer that misses more than this share of its burst can't carry it.
_MISSED_SHARE, _MISSED_LEAST = 0.2, 8
# A narrow viewer's picture may be this late, in seconds, before it waits for a keyframe.
LATE_S = 0.6
_HIGHEST_RTT_S = 5.0

# Repairs: the share of the link, which counts as this much at least while nothing shows a limit.
_REPAIR_LEAST_KBPS = 500.0
# That share, the depth of their bucket in seconds, the wait for the same packet without a known
# round trip, and how many packets are remembered.
_REPAIR_SHARE, _REPAIR_DEPTH_S, _REPAIR_AGAIN_S = 0.2, 1.0, 0.05
_REMEMBERED = 256

Repair = Literal["send", "skip", "beyond"]
Join = Literal["group", "gently", "wait"]


def join_plan(octets: int, kbps: float, answers: bool, wait_s: float) -> Join:
    """Decide how a viewer joins a group of pictures of which `octets` have come.

    `kbps` is how fast it may be sent, `answers` whether the source answers keyframe requests, and
    `wait_s` how long the next request must wait. *gently*: with the group, hardly faster than it
    comes: at first the viewer is a little behind.
    """
    if not answers or octets <= kbps * 125 * _SMALL_S:
        return "group"
    return "gently" if wait_s > _PATIENCE_S else "wait"


class LinkEstimate:
    """The link of one viewer; times are in seconds, `kbps` is 0 until something showed a limit."""

    __slots__ = (
        "_at",
        "_busy_s",
        "_checks",
        "_fell_at",
        "_fell_kbps",
        "_good_s",
        "_least_s",
        "_probed_at",
        "_queue_s",
        "_repair_at",
        "_repair_octets",
        "_repaired",
        "_standing_s",
        "_tokens",
        "_trial_s",
        "_window",
        "controlled",
        "kbps",
        "round_trip_s",
        "state",
    )

    def __init__(self, now: float, controlled: bool = True) -> None:
        # An uncontrolled link stays wide, whatever is reported.
        self.controlled = controlled
        self.state: State = "unknown" if controlled else "wide"
        self.kbps = 0.0
        self.round_trip_s: float | None = None
        # The least round trip, and how much longer the last one was: the queue of the link.
        self._least_s = self._queue_s = 0.0
        # The checks since the last report, and the shortest queue that they saw.
        self._checks, self._standing_s = 0, 0.0
        # When a probe last filled the link.
        self._probed_at = now - _FORGIVEN_S
        # The last report: when, the highest number, the number lost and the octets sent.
        self._window: tuple[float, int, int, int] | None = None
        self._good_s, self._trial_s = 0.0, _TRIAL_S
        self._fell_at, self._fell_kbps = now - _FORGIVEN_S, 0.0
        # For how long of the window the pace was the limit.
        self._busy_s = 0.0
        self._tokens, self._at = _JOIN_OCTETS, now
        self._repair_octets, self._repair_at = 0.0, now - _REPAIR_DEPTH_S
        # The packets that were repaired last: number and time, by number.
        self._repaired: list[tuple[int, float]] | None = None

    # What the viewer reports.

    def measured(self, round_trip_s: float) -> None:
        """Record a round trip."""
        if not 0.0 <= round_trip_s <= _HIGHEST_RTT_S:
            return
        if self.round_trip_s is None or round_trip_s < self._least_s:
            self._least_s = round_trip_s
        else:
            # Slowly forget: the route may have changed.
            self._least_s += (round_trip_s - self._least_s) / 64
        self.round_trip_s = round_trip_s
        self._queue_s = round_trip_s - self._least_s

    def checked(self, round_trip_s: float) -> float:
        """Record the round trip of a check; return the queue that it shows, in seconds."""
        if self.round_trip_s is None or round_trip_s < self._least_s:
            self._least_s = round_trip_s
        self.round_trip_s = round_trip_s
        queue_s = round_trip_s - self._least_s
        self._standing_s = min(self._standing_s, queue_s) if self._checks else queue_s
        self._checks += 1
        return queue_s

    def forget_route(self) -> None:
        """Forget the round trips of another route."""
        self.round_trip_s = None
        self._least_s = self._queue_s = self._standing_s = 0.0
        self._checks = 0

    def probed(self, now: float) -> None:
        """Record that a probe fills the link: its queue is none of the stream's."""
        self._probed_at = now

    def carried(self, kbps: float) -> None:
        """Record that a probe has shown that the link carries this much."""
        if self.state == "narrow":
            self.kbps = min(_MOST_KBPS, max(self.kbps, kbps))

    def wants_report(self, now: float) -> bool:
        """Return whether a receiver report would tell something new."""
        if self.state != "wide" or not self.controlled:
            return self.controlled
        return self._window is None or now - self._window[0] >= _WINDOW_S

    def reported(
        self, highest: int, total_lost: int, octets: int, stream_kbps: float, now: float
    ) -> None:
        """Record a receiver report: extended highest number, cumulative number lost, and the
        octets that were sent until now. `stream_kbps` is what the viewer would get of a wide link.
        """
        before = self._window
        if not self.controlled:
            return
        if before is not None and now - before[0] < _WINDOW_S:
            return
        self._window = (now, highest, total_lost, octets)
        busy_s, self._busy_s = self._busy_s, 0.0
        if self._checks >= _CHECKS:
            self._queue_s = self._standing_s
        self._checks = 0
        if before is None:
            return
        span_s = now - before[0]
        expected, lost = highest - before[1], total_lost - before[2]
        if expected <= 0 or expected > 100_000:
            return
        loss = min(1.0, max(0.0, lost / expected))
        is_busy = self.state == "narrow" and busy_s >= _BUSY_S
        sending_s = min(span_s, busy_s) if is_busy else span_s
        came_kbps = (octets - before[3] & 0xFFFFFFFF) / 125 / sending_s * (1.0 - loss)
        if self._queue_s > _LOSSY_QUEUE_S:
            came_kbps *= sending_s / (sending_s + self._queue_s)
        full = self._queue_s > _QUEUE_S or (loss > _LOSS and self._queue_s > _LOSSY_QUEUE_S)
        if self.state == "narrow" and now - self._fell_at < _SETTLE_S:
            return
        if now - self._probed_at < _SETTLE_S:
            return
        if full or loss > (_NARROW_LOSS if self.state == "narrow" else _POLICED_LOSS):
            # While little was sent, the queue is of what was sent before.
            self._fall(came_kbps if is_busy or self.state != "narrow" else self.kbps, now)
        else:
            self._rise(came_kbps, span_s, stream_kbps)

    def missed(self, missing: int, sent: int, kbps: float, now: float) -> bool:
        """Record what a viewer lacks of the `sent` packets of its burst, which left at `kbps`;
        return True if its link can't carry that.
        """
        if missing < _MISSED_LEAST or missing <= _MISSED_SHARE * sent:
            return False
        self._fall(kbps * min(_FALL_MOST, max(0.0, 1.0 - missing / max(1, sent))), now)
        return True

    def _fall(self, came_kbps: float, now: float) -> None:
        less = _MUCH_LESS if self._queue_s > _LONG_QUEUE_S else _LESS
        kbps = less * came_kbps
        if self.state == "narrow":
            kbps = max(_FALL_MOST * self.kbps, min(kbps, self.kbps))
        elif now - self._fell_at < _FORGIVEN_S:
            self._trial_s = min(2 * self._trial_s, _LONGEST_TRIAL_S)
        else:
            self._trial_s = _TRIAL_S
        self.kbps = min(_MOST_KBPS, max(_LEAST_KBPS, kbps))
        self.state = "narrow"
        self._good_s = 0.0
        self._fell_at, self._fell_kbps = now, came_kbps

    def _rise(self, came_kbps: float, span_s: float, stream_kbps: float) -> None:
        self._good_s += span_s
        if self.state == "unknown":
            if self._good_s >= _UNKNOWN_S:
                self.state = "wide"
        elif self.state == "narrow":
            is_near = _NEAR * self._fell_kbps < self.kbps < _PAST * self._fell_kbps
            growth = _SLOW_GROWTH if is_near else _GROWTH
            grown = self.kbps * (1.0 + (growth - 1.0) * min(span_s, 2.0))
            self.kbps = max(self.kbps, min(grown, _BEYOND * came_kbps + _BEYOND_KBPS))
            if self.kbps >= _ROOMY * stream_kbps and self._good_s >= self._trial_s:
                self.state = "wide"

    # What it may be sent.

    def pace_kbps(self, stream_kbps: float, gently: bool = False) -> float:
        """Return how fast the viewer may be sent a stream of this rate."""
        if self.state == "narrow":
            return self.kbps
        factor = _GENTLE_FACTOR if gently else _JOIN_FACTOR
        return max(_JOIN_LEAST_KBPS, factor * (stream_kbps or _TYPICAL_KBPS))

    def may_send(self, kbps: float, now: float) -> float:
        """Return how many octets may leave now at this pace; `spent` takes them. None may leave
        while this is at most 0.
        """
        # Whoever could send much more before does not send all of it now.
        depth, since_s = max(_OCTETS, self._tokens), max(0.0, now - self._at)
        self._tokens += since_s * kbps * 125
        if self._tokens < depth:
            self._busy_s += since_s
        else:
            self._tokens = depth
        self._at = now
        return self._tokens

    def spent(self, octets: int) -> None:
        """Take these octets from what may leave."""
        self._tokens -= octets

    def repair(self, number: int, octets: int, stream_kbps: float, now: float) -> Repair:
        """Decide on a retransmission: each packet at most once in a round trip, and all of them
        within a share of a link that is not wide.
        """
        if not self.controlled:
            return "send"
        if self._repaired is None:
            self._repaired = [(-1, 0.0)] * _REMEMBERED
        again_s = _REPAIR_AGAIN_S if self.round_trip_s is None else self.round_trip_s
        before, at = self._repaired[number % _REMEMBERED]
        if before == number and now - at < again_s:
            return "skip"
        if self.state != "wide":
            kbps = max(_REPAIR_LEAST_KBPS, stream_kbps or _TYPICAL_KBPS)
            if self.state == "narrow":
                kbps = self.kbps
            rate = 125 * _REPAIR_SHARE * kbps
            depth = rate * _REPAIR_DEPTH_S
            self._repair_octets = min(
                depth, self._repair_octets + max(0.0, now - self._repair_at) * rate
            )
            self._repair_at = now
            if self._repair_octets < octets:
                return "beyond"
            self._repair_octets -= octets
        self._repaired[number % _REMEMBERED] = (number, now)
        return "send"
