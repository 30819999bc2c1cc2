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
# If no keyframe can be requested for longer than this, a joiner gets the last one meanwhile.
_STILL_S = 0.3
# What may leave at once, in bytes: at the join and later.
_JOIN_OCTETS, _OCTETS = 16_000.0, 5_000.0

# Minimum length of a window between two reports.
_WINDOW_S = 0.8
# A queue that delays packets this long is one that a limit fills; the second with loss.
_QUEUE_S, _LOSSY_QUEUE_S = 0.150, 0.050
_LOSS, _POLICED_LOSS = 0.02, 0.35
# Sent is this share of what arrived after a bad window, and the second if the queue was long.
_LESS, _MUCH_LESS, _LONG_QUEUE_S = 0.85, 0.7, 0.25
_LEAST_KBPS, _MOST_KBPS = 60.0, 100_000.0
# Growth a second while nothing shows a limit, and the share of what arrived that it ends at.
_GROWTH, _BEYOND, _BEYOND_KBPS = 1.15, 1.5, 100.0
# A narrow link is wide again once its estimate exceeds the stream by this factor and this many
# seconds were good; each failure doubles them. An unknown one needs a few good seconds.
_ROOMY = 1.25
_UNKNOWN_S, _TRIAL_S, _LONGEST_TRIAL_S, _FORGIVEN_S = 3.0, 4.0, 32.0, 60.0
# A viewer that misses more than this share of its burst can't carry it.
_MISSED_SHARE, _MISSED_LEAST = 0.2, 8
# A claim (REMB) counts for this long.
_CLAIM_S = 3.0
# A narrow viewer's picture may be this late, in seconds, before it waits for a keyframe.
LATE_S = 0.6
_HIGHEST_RTT_S = 5.0

# Repairs: the share of the link, the depth of their bucket in seconds, the wait for the same packet
# without a known round trip, and how many packets are remembered.
_REPAIR_SHARE, _REPAIR_DEPTH_S, _REPAIR_AGAIN_S = 0.2, 1.0, 0.05
_REMEMBERED = 256

Repair = Literal["send", "skip", "beyond"]
Join = Literal["group", "keyframe", "wait"]


def join_plan(octets: int, kbps: float, answers: bool, wait_s: float) -> Join:
    """Decide how a viewer joins a group of pictures of which `octets` have come.

    `kbps` is how fast it may be sent, `answers` whether the source answers keyframe requests, and
    `wait_s` how long the next request must wait.
    """
    if not answers or octets <= kbps * 125 * _SMALL_S:
        return "group"
    return "keyframe" if wait_s > _STILL_S else "wait"


class LinkEstimate:
    """The link of one viewer; times are in seconds, `kbps` is 0 until something showed a limit."""

    __slots__ = (
        "_at",
        "_claim_at",
        "_claim_kbps",
        "_fell_at",
        "_good_s",
        "_least_s",
        "_queue_s",
        "_repair_at",
        "_repair_octets",
        "_repaired",
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
        # The last report: when, the highest number, the number lost and the octets sent.
        self._window: tuple[float, int, int, int] | None = None
        self._good_s, self._trial_s = 0.0, _TRIAL_S
        self._fell_at = now - _FORGIVEN_S
        self._claim_kbps, self._claim_at = 0.0, now - _CLAIM_S
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

    def begin_stream(self) -> None:
        """Start a new stream: reports from now on have other sequence numbers."""
        self._window = None

    def claimed(self, kbps: float, now: float) -> None:
        """Record the viewer's own estimate (REMB): it may lower ours, and never raises it."""
        self._claim_kbps, self._claim_at = kbps, now

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
        if before is None:
            return
        span_s = now - before[0]
        expected, lost = highest - before[1], total_lost - before[2]
        if expected <= 0 or expected > 100_000:
            return
        loss = min(1.0, max(0.0, lost / expected))
        sent_kbps = (octets - before[3] & 0xFFFFFFFF) / 125 / span_s
        came_kbps = sent_kbps * (1.0 - loss)
        if self._queue_s > _LOSSY_QUEUE_S:
            came_kbps *= span_s / (span_s + self._queue_s)
        claim = self._claim_kbps if now - self._claim_at <= _CLAIM_S else _MOST_KBPS
        full = self._queue_s > _QUEUE_S or (loss > _LOSS and self._queue_s > _LOSSY_QUEUE_S)
        if full or loss > _POLICED_LOSS:
            self._fall(came_kbps, now)
        else:
            self._rise(came_kbps, span_s, stream_kbps, now)
        if self.state == "narrow":
            self.kbps = max(_LEAST_KBPS, min(self.kbps, max(claim, 0.5 * came_kbps)))

    def missed(self, missing: int, sent: int, kbps: float, now: float) -> bool:
        """Record what a viewer lacks of the `sent` packets of its burst, which left at `kbps`;
        return True if its link can't carry that.
        """
        if missing < _MISSED_LEAST or missing <= _MISSED_SHARE * sent:
            return False
        self._fall(kbps * (1.0 - min(1.0, missing / max(1, sent))), now)
        return True

    def _fall(self, came_kbps: float, now: float) -> None:
        less = _MUCH_LESS if self._queue_s > _LONG_QUEUE_S else _LESS
        kbps = less * came_kbps
        if self.state == "narrow":
            kbps = min(kbps, self.kbps)
        elif now - self._fell_at < _FORGIVEN_S:
            self._trial_s = min(2 * self._trial_s, _LONGEST_TRIAL_S)
        else:
            self._trial_s = _TRIAL_S
        self.kbps = min(_MOST_KBPS, max(_LEAST_KBPS, kbps))
        self.state = "narrow"
        self._good_s = 0.0
        self._fell_at = now

    def _rise(self, came_kbps: float, span_s: float, stream_kbps: float, now: float) -> None:
        self._good_s += span_s
        if self.state == "unknown":
            if self._good_s >= _UNKNOWN_S:
                self.state = "wide"
        elif self.state == "narrow":
            grown = self.kbps * (1.0 + (_GROWTH - 1.0) * min(span_s, 2.0))
            self.kbps = max(self.kbps, min(grown, _BEYOND * came_kbps + _BEYOND_KBPS))
            if self.kbps >= _ROOMY * stream_kbps and self._good_s >= self._trial_s:
                self.state = "wide"

    # What it may be sent.

    def pace_kbps(self, stream_kbps: float) -> float:
        """Return how fast the viewer may be sent a stream of this rate."""
        if self.state == "narrow":
            return self.kbps
        return max(_JOIN_LEAST_KBPS, _JOIN_FACTOR * (stream_kbps or _TYPICAL_KBPS))

    def may_send(self, kbps: float, now: float) -> float:
        """Return how many octets may leave now at this pace; `spent` takes them. None may leave
        while this is at most 0.
        """
        # Whoever could send much more before does not send all of it now.
        depth = max(_OCTETS, self._tokens)
        self._tokens = min(depth, self._tokens + max(0.0, now - self._at) * kbps * 125)
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
            kbps = self.kbps if self.state == "narrow" else stream_kbps or _TYPICAL_KBPS
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
