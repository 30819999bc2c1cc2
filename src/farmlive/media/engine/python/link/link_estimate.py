"""Estimates what one viewer's link carries, and from that how fast it may be sent to.

Pure decisions from numbers and times; both engines use the same rules. A link is *unknown* after
the join, *wide* while nothing shows a limit, *narrow* once its queue fills or overflows. All it has
are receiver reports (RFC 3550, section 6.4) and checks. Delay tells before loss does, and a little
loss tells nothing, as in draft-ietf-rmcat-gcc.
"""

import math
from typing import Literal, NamedTuple

from farmlive.media.engine.python.link.delay_proof import QUEUE_S, DelayProof
from farmlive.media.engine.python.link.pace import Pace, unhindered_kbps
from farmlive.media.engine.python.link.queue_meter import QueueMeter
from farmlive.media.engine.python.link.repair_budget import Repair, RepairBudget, repair_kbps

State = Literal["unknown", "wide", "narrow"]

# Minimum length of a window between two reports.
_WINDOW_S = 0.8
# With loss a queue that delays packets this long is one that a limit fills.
_LOSSY_QUEUE_S = 0.050
# A sender report that was not answered within this time is lost.
_ANSWERED_WITHIN_S = 0.6
# On a link that is narrow already a shorter one shows the limit.
_NARROW_QUEUE_S = 0.080
# Loss without a queue is a radio's, up to this; on a link that is narrow already, up to the second.
_LOSS, _POLICED_LOSS, _NARROW_LOSS = 0.02, 0.35, 0.15
# Sent is this share of what arrived after a bad window, and the second if the queue was long.
_LESS, _MUCH_LESS, _LONG_QUEUE_S = 0.85, 0.7, 0.25
_NARROW_LESS = 0.9
_LEAST_KBPS, _MOST_KBPS = 60.0, 100_000.0
# One fall takes no more than this share, and the queue has a while to drain before the next.
_FALL_MOST, _SETTLE_S = 0.5, 1.5
# Growth a second while nothing shows a limit. It stops at _HELD times the estimate at which the
# last queue or loss was seen. After a pause, _LONGER times as long after each fall, the estimate
# may go beyond that: by _TRIED at once, or by what makes a queue of _TRIED_QUEUE_S seconds. From
# _PAST times that estimate on the limit is another one, and growth is _FREE_GROWTH.
_GROWTH, _FREE_GROWTH, _HELD, _TRIED, _PAST = 1.3, 1.5, 0.96, 1.2, 1.15
_TRIED_QUEUE_S = 0.08
# No growth makes a longer queue than this, if the link carries no more.
_GROWN_QUEUE_S = 0.15
_HOLD_S, _LONGER, _LONGEST_HOLD_S = 3.5, 1.25, 30.0
# Nothing shows a limit, either, where little was sent: growth ends at this share of what arrived;
# at the second share once a queue of this length is felt.
_BEYOND, _BEYOND_KBPS = 1.5, 100.0
_FELT, _FELT_QUEUE_S = 1.15, 0.025
# So many packets tell the share that is lost; more than the second between two reports are of
# another numbering.
_TELLING, _EXPECTED_MOST = 30, 100_000
# A window in which the pace was the limit for this long measures the link, not the stream.
_BUSY_S = 0.05
# What a link may take at once beyond its rate, in bytes.
_BUCKET_OCTETS = 16_000
# The least share of the estimate that it carries on and on.
_LASTS_LEAST = 0.25
# A narrow link is wide again once its estimate exceeds the stream by the first factor, it is sent
# most of that, and this many seconds were good; each failure doubles them. An unknown one needs a
# few good seconds.
_ROOMY, _MOST_OF_IT = 1.25, 0.9
_UNKNOWN_S, _TRIAL_S, _LONGEST_TRIAL_S, _FORGIVEN_S = 3.0, 4.0, 32.0, 60.0
# A viewer that misses more than this share of its burst can't carry it.
_MISSED_SHARE, _MISSED_LEAST = 0.2, 8
# Of the pace of the burst it can carry this share at most.
_MISSED_MOST = 0.3


class _Burst(NamedTuple):
    """A burst that is over: how long it took, for how long of that the pace was the limit, its
    octets, and the queue that stood in front of it.
    """

    took_s: float
    busy_s: float
    octets: int
    front_s: float


class LinkEstimate:
    """The link of one viewer; times are in seconds, `kbps` is 0 until something showed a limit."""

    __slots__ = (
        "_burst",
        "_burst_after",
        "_burst_at",
        "_burst_queue_s",
        "_fell_at",
        "_fell_kbps",
        "_good_s",
        "_has_set_aside",
        "_hold_s",
        "_missing",
        "_probed_at",
        "_trial_s",
        "_window",
        "controlled",
        "holds",
        "is_in_burst",
        "is_unhindered",
        "kbps",
        "pace",
        "proof",
        "queue",
        "repairs",
        "state",
        "steady_kbps",
    )

    def __init__(self, now: float, controlled: bool = True) -> None:
        # An uncontrolled link stays wide, whatever is reported.
        self.controlled = controlled
        self.state: State = "unknown" if controlled else "wide"
        self.kbps = 0.0
        # What it was seen to carry for longer than a moment.
        self.steady_kbps = 0.0
        # Whether a narrow one was seen to carry this since the estimate last fell.
        self.holds = False
        # Whether the pace of a narrow link held nothing back lately: what it carries does not show.
        self.is_unhindered = False
        # By what answered since the last report.
        self.queue = QueueMeter()
        # When a probe last filled the link, or a higher layer did.
        self._probed_at = now - _FORGIVEN_S
        # Whether a long delay is the link's.
        self.proof = DelayProof()
        # The last report: when, the highest number, the number lost and the octets sent.
        self._window: tuple[float, int, int, int] | None = None
        self._good_s, self._trial_s = 0.0, _TRIAL_S
        self._fell_at, self._fell_kbps = now - _FORGIVEN_S, 0.0
        self._hold_s = _HOLD_S
        # The packets before the burst, how many of it were asked for, and when it began.
        self._burst_after = self._missing = 0
        self._burst_at = now
        # Whether it is under way, until a report leaves behind it; the queue in front of it; and
        # whether what was lost before it has been set aside.
        self.is_in_burst, self._burst_queue_s, self._has_set_aside = False, 0.0, False
        # The last one that is over, until it is judged.
        self._burst: _Burst | None = None
        self.pace = Pace(now)
        self.repairs = RepairBudget(now)

    # What the viewer reports.

    @property
    def round_trip_s(self) -> float | None:
        """The last round trip; None before the first one."""
        return self.queue.round_trip_s

    def measured(self, round_trip_s: float, sent_at: float) -> None:
        """Record a round trip by a sender report that was sent then; by each once."""
        if not self.queue.measured(round_trip_s, sent_at):
            return
        if sent_at < self._burst_at:
            self._burst_queue_s = self.queue.left_s(self._burst_at)
        self.proof.refute(self.queue.queue_s, sent_at)

    def measured_again(self, round_trip_s: float) -> None:
        """Record another answer to the last sender report. If that took less, the first one waited
        with the viewer, and not on the way there.
        """
        queue = self.queue
        if queue.measured_again(round_trip_s):
            self.proof.refute(queue.queue_s, queue.sent_at if queue.is_fresh else math.inf)

    def measuring(self, now: float) -> None:
        """Record that a sender report leaves behind a burst, to measure the queue that it made."""
        self.queue.measuring(now)
        if self.is_in_burst:
            self.is_in_burst = False
            took_s, front_s = now - self._burst_at, self._burst_queue_s
            self._burst = _Burst(took_s, self.pace.busy_s, self.pace.octets, front_s)
            # Earlier measurements do not count for this burst.
            self.queue.forget()

    def forget_route(self) -> None:
        """Forget the round trips of another route."""
        self.queue.forget_route()
        self.proof.end()
        self._burst_queue_s, self._burst = 0.0, None

    def probed(self, now: float) -> None:
        """Record that a probe fills the link: its queue is none of the stream's."""
        self._probed_at = now

    def stepped_down(self, now: float) -> None:
        """Record that a lower layer follows: what is reported soon is of the one before."""
        self._probed_at = now

    def carried(self, kbps: float) -> None:
        """Record that a probe has shown that the link carries this much, or that it is tried."""
        if self.state == "narrow":
            self.kbps = min(_MOST_KBPS, max(self.kbps, kbps))

    def wants_report(self, now: float) -> bool:
        """Return whether a receiver report would tell something new."""
        if not self.controlled or self.state != "wide" or self.proof.is_pending:
            return self.controlled
        return self._window is None or now - self._window[0] >= _WINDOW_S

    def reported(
        self, highest: int, total_lost: int, octets: int, stream_kbps: float, now: float
    ) -> None:
        """Record a receiver report: extended highest number, cumulative number lost, and the
        octets that were sent until now. `stream_kbps` is what the viewer would get of a wide link.
        """
        if not self.controlled:
            return
        before, is_narrow = self._window, self.state == "narrow"
        if before is None:
            self._open_window(highest, total_lost, octets, now)
            return
        queue = self.queue
        if queue.has_checks:
            self.is_in_burst = False
        if is_narrow and self.is_in_burst and not (queue.is_whole and self._burst is not None):
            # Judge the burst when it is over. Packets lost before it do not count for it.
            if not self._has_set_aside:
                self._window = before[0], highest, total_lost, before[3]
            self._has_set_aside = True
            return
        span_s = now - before[0]
        if span_s < _WINDOW_S:
            return
        queue.take_checks(before[0])
        expected, lost = highest - before[1], total_lost - before[2]
        loss = min(1.0, max(0.0, lost / expected)) if expected > 0 else 0.0
        is_fresh, is_whole = queue.is_fresh, queue.is_whole
        # Our report was lost with others, or two were: the queue overflowed.
        is_lost = 0 < queue.measured_at < now - _ANSWERED_WITHIN_S
        overflowed = is_narrow and is_lost and (loss > _LOSS or queue.unanswered > 0)
        # Only a new round trip shows whether the pace of a narrow viewer fills its link.
        full = overflowed or (is_fresh and queue.queue_s > _NARROW_QUEUE_S)
        full |= loss > _NARROW_LOSS and expected >= _TELLING
        shows = full or is_whole or expected > _EXPECTED_MOST
        if is_narrow and not shows:
            return
        busy_s, busy_octets = self.pace.busy_s, self.pace.busy_octets
        burst, sending_s, front_s = self._burst, min(span_s, busy_s), 0.0
        if is_whole and burst is not None:
            # Include the bytes that left at once: the link had to carry them, too.
            sending_s, busy_s, busy_octets, front_s = burst
        self._burst = None
        self.is_unhindered = is_narrow and is_whole and busy_s < _BUSY_S
        self._open_window(highest, total_lost, octets, now)
        if expected <= 0 or expected > _EXPECTED_MOST:
            return
        # A queue from before this window is none of what was sent in it.
        is_earlier = is_fresh and queue.sent_at < before[0]
        is_busy = is_narrow and busy_s >= _BUSY_S and not is_earlier
        sent_kbps = (octets - before[3] & 0xFFFFFFFF) / 125 / span_s
        queue_s = queue.queue_s if is_fresh else _LONG_QUEUE_S if overflowed else 0.0
        # Subtract the queue in front of a burst; if less is behind it, the queue drains.
        grown_s = max(0.0, queue_s - front_s)
        drains = is_narrow and 0.0 < queue_s <= front_s and loss <= _LOSS
        waited_s = grown_s if queue_s > _FELT_QUEUE_S else 0.0
        came_kbps = sent_kbps * span_s / (span_s + waited_s)
        if is_busy:
            came_kbps = max(came_kbps, busy_octets / 125 / max(_BUSY_S, sending_s + waited_s))
        came_kbps *= 1.0 - loss
        if is_busy:
            steady_kbps = came_kbps * max(0.0, 1.0 - _BUCKET_OCTETS / max(1, busy_octets))
            # A keyframe that itself came slowly was hardly held back: it shows no less than before.
            least_kbps = 0.0 if queue_s > _FELT_QUEUE_S else self.steady_kbps
            self.steady_kbps = max(least_kbps, steady_kbps)
        elif is_narrow:
            self.steady_kbps = max(self.steady_kbps, came_kbps)
        # What a whole burst shows holds at once.
        if is_narrow and not (is_busy and is_whole) and now - self._fell_at < _SETTLE_S:
            return
        if drains or now - self._probed_at < _SETTLE_S:
            return
        overflows = loss > _LOSS and queue_s > _LOSSY_QUEUE_S
        if not is_narrow:
            full = queue_s > QUEUE_S
            overflows |= loss > _POLICED_LOSS
            is_lossy = loss > _LOSS
            if not overflows and self.proof.doubts(full, is_fresh, is_lossy, queue.sent_at, now):
                return
        if full or overflows:
            # While little was sent, the queue is of what was sent before.
            self._fall(came_kbps if is_busy or not is_narrow else self.kbps, now)
        else:
            self._rise(came_kbps, sent_kbps, span_s, busy_s, stream_kbps, now)

    def _open_window(self, highest: int, total_lost: int, octets: int, now: float) -> None:
        self._window = (now, highest, total_lost, octets)
        if not self.is_in_burst:
            self.pace.open_window()
        self.queue.open_window()

    def begin_burst(self, packets: int, now: float) -> None:
        """Record that a burst begins, after so many packets that were sent before."""
        self._burst_after, self._burst_at, self._missing = packets, now, 0
        self.is_in_burst, self._burst_queue_s = True, self.queue.left_s(now)
        self._has_set_aside = False
        self.pace.open_window()

    def missed(self, missing: int, packets: int, kbps: float, now: float) -> bool:
        """Record that the viewer lacks so many more of the packets since its burst began.

        `packets` is how many were sent until now, and `kbps` how fast the burst left. Returns True
        if its link can't carry that.
        """
        self._missing = min(self._missing + missing, _EXPECTED_MOST)
        is_narrow = self.state == "narrow"
        sent = packets - self._burst_after
        share = self._missing / max(1, sent)
        if self._missing < _MISSED_LEAST:
            return False
        if share <= (_NARROW_LOSS if is_narrow else _MISSED_SHARE):
            return False
        if is_narrow and now - self._fell_at < _SETTLE_S:
            return False
        got = max(0.0, 1.0 - share)
        if is_narrow:
            took_s = now - self._burst_at
            self._fall(kbps * got * took_s / (took_s + _LONG_QUEUE_S), now)
        else:
            self._fall(kbps * min(_MISSED_MOST, got), now)
        # What was lost by now is judged.
        self._missing, self._window = 0, None
        return True

    def beyond(self, kbps: float, now: float) -> None:
        """Record that repairs of a burst that left at `kbps` went beyond the share for them."""
        if self.state == "unknown":
            self._fall(_MISSED_MOST * kbps, now)
            self._window = None

    def _fall(self, came_kbps: float, now: float) -> None:
        if self.state == "narrow":
            kbps = max(_FALL_MOST * self.kbps, min(_NARROW_LESS * came_kbps, self.kbps))
            self._hold_s = min(_LONGER * self._hold_s, _LONGEST_HOLD_S)
        else:
            # Measure the narrow link by what is sent from now on.
            self.is_in_burst = False
            self.pace.open_window()
            kbps = (_MUCH_LESS if self.queue.queue_s > _LONG_QUEUE_S else _LESS) * came_kbps
            recent = now - self._fell_at < _FORGIVEN_S
            self._trial_s = min(2 * self._trial_s, _LONGEST_TRIAL_S) if recent else _TRIAL_S
            self._hold_s = _HOLD_S
            # That may be what was sent, and not what the link carries.
            came_kbps *= _BEYOND
        self.kbps = min(_MOST_KBPS, max(_LEAST_KBPS, kbps))
        self.state, self.is_unhindered, self.holds = "narrow", False, False
        self._good_s = 0.0
        self.proof.end()
        self.steady_kbps = min(self.steady_kbps, self.kbps)
        self._fell_at, self._fell_kbps = now, max(came_kbps, self.kbps)

    def _rise(
        self,
        came_kbps: float,
        sent_kbps: float,
        span_s: float,
        busy_s: float,
        stream_kbps: float,
        now: float,
    ) -> None:
        self._good_s += span_s
        if self.state == "unknown":
            if self._good_s >= _UNKNOWN_S:
                self.state = "wide"
        elif self.state == "narrow":
            self.holds = True
            self._grow(came_kbps, span_s, busy_s, now)
            if sent_kbps < _MOST_OF_IT * stream_kbps:
                self._good_s = 0.0
            if self.kbps >= _ROOMY * stream_kbps and self._good_s >= self._trial_s:
                self.state, self.holds = "wide", False

    def _grow(self, came_kbps: float, span_s: float, busy_s: float, now: float) -> None:
        is_past = self.kbps >= _PAST * self._fell_kbps
        growth = _FREE_GROWTH if is_past else _GROWTH
        more = min((growth - 1.0) * min(span_s, 1.5), _GROWN_QUEUE_S / max(_BUSY_S, busy_s))
        grown = self.kbps * (1.0 + more)
        if is_past:
            self._hold_s = _HOLD_S
        else:
            most = _HELD * self._fell_kbps
            if now - self._fell_at >= self._hold_s:
                # So much more for so long.
                tried = min(_TRIED, 1.0 + _TRIED_QUEUE_S / max(_BUSY_S, busy_s))
                most = max(most, tried * self.kbps)
            grown = min(grown, most)
        if self.queue.queue_s > _FELT_QUEUE_S:
            grown = min(grown, _FELT * came_kbps)
        self.kbps = max(self.kbps, min(grown, _BEYOND * came_kbps + _BEYOND_KBPS))

    # What it may be sent.

    def pace_kbps(self, stream_kbps: float, gently: bool = False) -> float:
        """Return how fast the viewer may be sent a stream of this rate."""
        return self.kbps if self.state == "narrow" else unhindered_kbps(stream_kbps, gently)

    @property
    def lasting_kbps(self) -> float:
        """What a narrow link carries on and on: it may take a keyframe at once beyond that."""
        if self.steady_kbps <= 0:
            return self.kbps
        # A keyframe hardly larger than that burst measures little.
        return min(self.kbps, max(self.steady_kbps, _LASTS_LEAST * self.kbps))

    def repair(
        self, number: int, octets: int, stream_kbps: float, now: float, alone: bool = False
    ) -> Repair:
        """Decide on a retransmission: each packet at most once in a round trip, and all of them
        within a share of the link, or of the stream's rate while the link is wide: there none is
        "beyond", which calls for a keyframe. `alone`: nothing else of the picture is sent.
        """
        if not self.controlled:
            return "send"
        if self.repairs.was_sent(number, self.round_trip_s, now):
            return "skip"
        if self.state != "wide":
            kbps = self.kbps if self.state == "narrow" else repair_kbps(stream_kbps)
            if not self.repairs.take(octets, kbps, now, alone):
                return "beyond"
            # What a narrow link carries is for both.
            self.pace.take(octets)
        elif not self.repairs.take_wide(octets, repair_kbps(stream_kbps), now):
            return "refuse"
        self.repairs.remember(number, now)
        return "send"
