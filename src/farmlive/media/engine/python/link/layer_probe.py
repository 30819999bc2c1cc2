"""Probes a viewer's link with the bitrate of a higher layer, and watches its queue by checks.

A *check* is a STUN request to the viewer, which answers at once: its round trip shows the queue
when it matters, where receiver reports come once a second. Pure decisions from numbers and times;
both engines use the same rules.
"""

import math
from typing import NamedTuple

# The time between two checks: while the link is not known to be wide, and during a probe (RFC
# 8445, section 14.2).
_CHECK_S, _PROBE_CHECK_S = 0.1, 0.05
# An unanswered check is lost after this time. Two in a row are a full queue's; a viewer that never
# answered so many of them is checked no more.
_LOST_S, _LOST_FULL, _LOST_SILENT = 0.5, 2, 5
# A probe begins once so many checks in a row showed a queue of at most this, which may be the
# radio's noise; it ends once the queue is longer than that noise by the second; the first one by
# the third, since how fast the queue grows shows what the link carries.
_QUIET_CHECKS, _NOISE_S, _LONGER_S, _MUCH_LONGER_S = 3, 0.05, 0.03, 0.06
# How soon it reaches the layer's bitrate, and how long it stays there: the first time, and later,
# when it is in no hurry and goes a little further.
_RAMP_S, _HOLD_S, _BEYOND = 0.6, 0.4, 1.0
_SLOW_RAMP_S, _LONG_HOLD_S, _FURTHER = 2.5, 0.8, 1.05
# A pause since the last part of a probe that is not made up for, and the smallest part and the
# largest, in bytes.
_PAUSE_S, _PART_OCTETS, _MOST_OCTETS = 0.1, 600.0, 20_000.0
# A queue that is longer than the first for the second is one that the layer fills; after the join
# for the third.
_FULL_QUEUE_S, _FULL_FOR_S, _FULL_SOON_S = 0.15, 0.4, 0.15


class _Seen(NamedTuple):
    """State of a probe when a check was sent: its bytes sent so far, the seconds since it began,
    and the queue that the check's round trip shows.
    """

    octets: int
    sent_s: float
    queue_s: float


_NOTHING = _Seen(0, 0.0, 0.0)


class LinkProbe:
    """The checks of one viewer's link, and its probe.

    `answers` says whether a check was ever answered; without one, a probe only sends.
    """

    __slots__ = (
        "_armed_at",
        "_asked_at",
        "_asked_octets",
        "_before",
        "_checked_at",
        "_due_at",
        "_found",
        "_full_since",
        "_gently",
        "_lost",
        "_noise_s",
        "_octets",
        "_owed",
        "_quiet",
        "_sent_at",
        "answers",
        "is_on",
        "is_spoiled",
    )

    def __init__(self, now: float) -> None:
        self.answers = False
        # The check under way, and when the next one is due.
        self._asked_at: float | None = None
        self._due_at = now
        self._lost = 0
        self._full_since: float | None = None
        # The probe: whether one is on, whether the queue grew, when it began to send.
        self.is_on = self.is_spoiled = False
        self._armed_at: float | None = None
        self._checked_at = self._sent_at = now
        self._gently = False
        self._quiet = 0
        self._noise_s = self._owed = 0.0
        # Bytes sent by the probe: now, and when the last check was sent.
        self._octets = self._asked_octets = 0
        # At the check that ended the probe, None before that, and at the check before.
        self._found: _Seen | None = None
        self._before = _NOTHING

    # Checks.

    def wants_check(self, now: float) -> bool:
        """Return whether to send a check now; `asked` records it."""
        if self._asked_at is not None:
            if now - self._asked_at < _LOST_S:
                return False
            self._asked_at = None
            self._lost += 1
            if self.answers and self._lost >= _LOST_FULL:
                self._take(_LOST_S, now)
        return now >= self._due_at and (self.answers or self._lost < _LOST_SILENT)

    def asked(self, now: float) -> None:
        """Record that a check was sent."""
        self._asked_at, self._asked_octets = now, self._octets
        self._due_at = now + (_PROBE_CHECK_S if self.is_on else _CHECK_S)

    def answered(self, queue_s: float, now: float) -> None:
        """Record the answer to the last check, and the queue that its round trip shows."""
        asked_at, armed_at, was_spoiled = self._asked_at, self._armed_at, self.is_spoiled
        self._asked_at = None
        self._lost = 0
        self.answers = True
        self._checked_at = now
        self._take(queue_s, now)
        if asked_at is None or armed_at is None or was_spoiled:
            return
        seen = _Seen(self._asked_octets, max(0.0, asked_at - armed_at), queue_s)
        if self.is_spoiled:
            self._found = seen
        else:
            self._before = seen

    def _take(self, queue_s: float, now: float) -> None:
        if queue_s <= _FULL_QUEUE_S:
            self._full_since = None
        elif self._full_since is None:
            self._full_since = now
        if not self.is_on:
            return
        if self._armed_at is not None:
            longer_s = _LONGER_S if self._gently else _MUCH_LONGER_S
            self.is_spoiled = self.is_spoiled or queue_s > self._noise_s + longer_s
        elif queue_s > _NOISE_S:
            self._quiet, self._noise_s = 0, 0.0
        else:
            self._quiet += 1
            self._noise_s = max(self._noise_s, queue_s)
            if self._quiet >= _QUIET_CHECKS:
                self._armed_at = self._sent_at = now

    @property
    def is_quiet(self) -> bool:
        """Whether the last check saw no long queue."""
        return self._full_since is None

    def is_full(self, soon: bool, now: float) -> bool:
        """Return whether the link has been full for a while, which is shorter if `soon`."""
        for_s = _FULL_SOON_S if soon else _FULL_FOR_S
        return self._full_since is not None and now - self._full_since >= for_s

    # The probe.

    def begin(self, gently: bool, now: float) -> None:
        """Begin a probe, which grows more slowly if `gently`."""
        self.is_on, self.is_spoiled = True, False
        self._gently = gently
        self._quiet, self._noise_s, self._owed = 0, 0.0, 0.0
        self._octets, self._found, self._before = 0, None, _NOTHING
        # Who answers no checks is judged by its reports alone.
        self._armed_at = None if self.answers else now
        self._sent_at = now
        self._due_at = now

    def end(self, is_layers: bool) -> None:
        """End the probe; `is_layers`: the queue that the checks saw is the layer's, not its own."""
        self.is_on = self.is_spoiled = False
        self._armed_at = None
        if not is_layers:
            self._full_since = None

    def is_shown(self, now: float) -> bool:
        """Return whether the link has carried the layer's bitrate for a while."""
        if not self.answers or self._armed_at is None or self.is_spoiled:
            return False
        hold_s = _LONG_HOLD_S if self._gently else _HOLD_S
        there_s = self._armed_at + (_SLOW_RAMP_S if self._gently else _RAMP_S)
        return now >= there_s + hold_s and self._checked_at >= there_s + hold_s / 2

    def owed(self, more_kbps: float, now: float) -> float:
        """Return how many bytes to send now, if the layer has this much more than what the viewer
        gets; `spent` takes them.
        """
        if self._armed_at is None or self.is_spoiled:
            return 0.0
        ramp_s, most = (_SLOW_RAMP_S, _FURTHER) if self._gently else (_RAMP_S, _BEYOND)
        share = most * min(1.0, (now - self._armed_at) / ramp_s)
        due = more_kbps * 125 * share * min(now - self._sent_at, _PAUSE_S)
        self._owed = min(self._owed + due, _MOST_OCTETS)
        self._sent_at = now
        return self._owed if self._owed >= _PART_OCTETS else 0.0

    def spent(self, octets: int) -> None:
        """Record that these bytes were sent."""
        self._owed -= octets
        self._octets += octets

    def carried_kbps(self, stream_kbps: float) -> float:
        """Return the link's rate in kbit/s, measured by the check that ended the probe: the bytes
        sent by then, of the probe and of a stream of this bitrate, divided by the time until its
        queue is empty; or since the check before, if that is less, since a link may take a burst at
        once. 0 if no check ended it.
        """
        if self._found is None or self._found.queue_s > _FULL_QUEUE_S:
            # Such a long queue may have dropped packets of the probe.
            return 0.0
        return min(
            _carried_kbps(_NOTHING, self._found, stream_kbps),
            _carried_kbps(self._before, self._found, stream_kbps),
        )


def _carried_kbps(since: _Seen, until: _Seen, stream_kbps: float) -> float:
    """Return what a link carried of a probe and of a stream between two checks."""
    sent_s = until.sent_s - since.sent_s
    took_s = sent_s + until.queue_s - since.queue_s
    octets = until.octets - since.octets
    return (octets / 125 + stream_kbps * sent_s) / took_s if took_s > 0 else math.inf
