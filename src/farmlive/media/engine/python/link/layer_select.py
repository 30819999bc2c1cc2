"""Selects a viewer's simulcast layer by what the publisher sends, the link carries and the viewer
wants.

Loss is that of receiver reports (RFC 3550, section 6.4), a viewer's own estimate its REMB
(draft-alvestrand-rmcat-remb). Pure decisions from numbers and times; both engines use the same
rules.
"""

from collections.abc import Sequence
from math import fmod

from farmlive.media.engine.python.link.layer_probe import LinkProbe

# A layer has stopped when a lower one has had this many frames since its last packet, or, if it is
# the only one, when it was quiet for this long. Then it counts as flowing again only after it has
# come for a while.
_FRAMES_BEHIND = 6
_QUIET_S = 1.5
_STEADY_S = 1.0

# More packets than this between two reports are of another numbering.
_EXPECTED_MOST = 100_000
# Minimum length of a window over which loss is measured.
_WINDOW_S = 0.8
# A viewer steps down after one window with the first loss share, or two in a row with the second.
_LOSS_AT_ONCE = 0.30
_LOSS_LASTING = 0.15
_LOSS_GOOD = 0.04
# More than the loss that stays: by these factors and shares, for one bad window of several, one at
# once, and a good one. Loss of which this share is left after a step down stays.
_BAD, _BAD_MORE, _AT_ONCE_MORE, _GOOD, _GOOD_MORE = 1.5, 0.03, 0.1, 1.2, 0.02
_STAYS = 0.6
# An estimate that is below this share of the one before falls.
_FALLS = 0.97
# A viewer steps down if its estimate is below the first share of what is sent and keeps falling for
# this long; with loss at the same time, as soon as it is below the second share.
_ESTIMATE_SHARE, _ESTIMATE_LOSSY = 0.5, 0.85
_LOW_S, _FELL_S = 4.0, 3.0
_ESTIMATE_VALID_S = 5.0
_REPORT_VALID_S = 5.0
# The first step up comes soon, sooner where checks watch the link's queue; later ones after a pause
# that doubles after each failed step or probe. After a step down the link's queue needs a while to
# drain.
_FIRST_UP_S, _FIRST_CHECKED_UP_S = 2.0, 0.3
_UP_S = 3.0
_DOWN_S = 1.5
_CONGESTED_S = 4.0
_TRIAL_S = 10.0
_PROBE_MOST_S = 5.0
_BACK_OFF_S, _LONGEST_BACK_OFF_S = 8.0, 64.0
_FORGIVEN_S = 60.0
# A probe that checks watch costs nobody anything: the pause after it is this share.
_CHECKED_SHARE = 0.1875
# A probe that was too much shows that its link carries a layer that needs so much less.
_ROOMY = 1.25
# Viewers of one link that probe it together would all fail, time and again: each has a place of its
# own, up to this share later.
_APART, _GOLDEN = 0.7, 0.6180339887498949


class FlowingLayers:
    """The layers that flow at present. A single layer always flows."""

    def __init__(self, count: int) -> None:
        self.flowing = [count == 1] * count
        self._seen = [0] * count
        self._frames: list[list[int]] = [[0] * count for _ in range(count)]
        self._moved_at = [0.0] * count
        self._coming_since: list[float | None] = [None] * count
        self._had = [False] * count

    @property
    def highest(self) -> int:
        """The highest flowing layer, or 0."""
        return max((layer for layer, flows in enumerate(self.flowing) if flows), default=0)

    def can_request_keyframe(self, layer: int) -> bool:
        """Return whether a request for a keyframe of this layer may succeed."""
        return self.flowing[layer]

    def update(self, counts: Sequence[tuple[int, int]], now: float) -> bool:
        """Record the packet and frame counts of each layer; return True if the flowing layers
        changed.
        """
        if len(self.flowing) < 2:
            return False
        before = list(self.flowing)
        frames = [each for _, each in counts]
        for layer, (packets, _) in enumerate(counts):
            if packets != self._seen[layer]:
                self._seen[layer] = packets
                self._frames[layer] = frames
                self._moved_at[layer] = now
                self._has_started(layer, now)
        for layer, flows in enumerate(self.flowing):
            if flows and self._has_stopped(layer, frames, now):
                self.flowing[layer] = False
                self._coming_since[layer] = None
        return self.flowing != before

    def _has_started(self, layer: int, now: float) -> None:
        since = self._coming_since[layer]
        if since is None:
            since = self._coming_since[layer] = now
        if not self._had[layer] or now - since >= _STEADY_S:
            self.flowing[layer] = self._had[layer] = True

    def _has_stopped(self, layer: int, frames: Sequence[int], now: float) -> bool:
        for other, seen in enumerate(self._frames[layer]):
            if other != layer and self.flowing[other]:
                if other < layer and frames[other] - seen >= _FRAMES_BEHIND:
                    return True
                if self._moved_at[other] - self._moved_at[layer] > _QUIET_S:
                    return True
        return False


class LayerSelector:
    """The layer for one viewer: steps down fast, and up slowly, slower after each failed step.

    It begins with the lowest, which most links carry. `most` is the highest layer that the viewer
    wants; None: no limit. `probe` is the layer whose bitrate is being tried: for a moment the
    viewer gets that much in addition, as padding, which shows whether its link carries it. A failed
    step would cost the viewer its picture; a failed probe does not. Where checks watch the link, a
    probe is of the highest layer, and shows which of them the link carries. `watch` has the probe,
    and the checks of the link.
    """

    __slots__ = (
        "_back_off",
        "_bad_windows",
        "_base_loss",
        "_before",
        "_down_at",
        "_estimate_at",
        "_fell_at",
        "_had_layers",
        "_is_new",
        "_is_news",
        "_joined_at",
        "_later",
        "_limit",
        "_low_since",
        "_probe_since",
        "_raised_at",
        "_reported_at",
        "_up_at",
        "_window",
        "estimate_kbps",
        "loss",
        "most",
        "probe",
        "watch",
    )

    def __init__(self, now: float, place: int = 0) -> None:
        self.most: int | None = None
        self.probe: int | None = None
        self.watch = LinkProbe(now)
        # When it joined, and whether nothing has failed since.
        self._joined_at, self._is_new = now, True
        self._later = 1.0 + _APART * fmod(place * _GOLDEN, 1.0)
        self._probe_since = now
        # The lost share of what was recently sent, and the viewer's own bandwidth estimate.
        self.loss = 0.0
        self.estimate_kbps: float | None = None
        self._limit = 0
        # Whether the source had several layers at the last decision.
        self._had_layers = False
        self._window: tuple[float, int, int] | None = None
        self._bad_windows = 0
        # Loss that stays when less is sent, as on a radio link, is not congestion.
        self._base_loss = 0.0
        # Before the last step down: the loss, and the received bitrate.
        self._before: tuple[float, float] | None = None
        self._is_news = False
        self._reported_at = self._estimate_at = self._down_at = self._fell_at = now - 60
        self._low_since: float | None = None
        self._raised_at: float | None = None
        self._up_at = now + _FIRST_UP_S
        self._back_off = _BACK_OFF_S

    def begin_stream(self) -> None:
        """Start a new stream: reports from now on have other sequence numbers."""
        self._window = None

    def is_congested(self, now: float) -> bool:
        """Return whether the viewer recently stepped down because its link was full."""
        return now - self._down_at < _CONGESTED_S

    def is_trying(self, now: float) -> bool:
        """Return whether the viewer has stepped up, and not for long: the link may not carry it."""
        return self._raised_at is not None and now - self._raised_at < _TRIAL_S

    def is_full(self, now: float) -> bool:
        """Return whether the link is full of what the viewer gets."""
        return self.watch.is_full(self._is_new and self._raised_at is None, now)

    def record_stall(self, current: int, now: float) -> None:
        """Record that the viewer could not keep up with this layer: its next keyframe is of a lower
        one.
        """
        self._limit = max(0, min(current - 1, self._limit))
        self._failed(now)
        self._down_at = now

    def link_kbps(self, now: float) -> float | None:
        """Return the estimated capacity of the viewer's link, or None if it sends no estimate."""
        return self.estimate_kbps if now - self._estimate_at <= _ESTIMATE_VALID_S else None

    def recent_loss(self, now: float) -> float:
        """Return the viewer's loss, or 0 without a recent report."""
        return self.loss if now - self._reported_at <= _REPORT_VALID_S else 0.0

    def record_report(self, highest: int, total_lost: int, now: float) -> bool:
        """Record a receiver report: extended highest sequence number and cumulative number lost.

        Returns True if a window is full, so that it is time to decide.
        """
        if self._window is None:
            self._window = now, highest, total_lost
            return False
        since, first, lost = self._window
        if now - since < _WINDOW_S:
            return False
        self._window = now, highest, total_lost
        expected = highest - first
        if expected <= 0 or expected > _EXPECTED_MOST:
            return False
        self.loss = min(1.0, max(0.0, (total_lost - lost) / expected))
        self._reported_at = now
        self._is_news = True
        return True

    def record_estimate(self, kbps: float, now: float) -> None:
        """Record the viewer's own bandwidth estimate (REMB), in kbit/s.

        It rises slowly whatever is sent, and falls when delay grows: only a fall is information.
        """
        if self.estimate_kbps is not None and kbps < _FALLS * self.estimate_kbps:
            self._fell_at = now
        self.estimate_kbps, self._estimate_at = kbps, now

    def record_check(self, queue_s: float, now: float) -> None:
        """Record the queue of the link, as the answer to a check shows it."""
        if not self.watch.answers and self._is_new:
            self._up_at = min(self._up_at, self._joined_at + _FIRST_CHECKED_UP_S * self._later)
        self.watch.answered(queue_s, now)

    def decide(
        self,
        flowing: Sequence[bool],
        kbps: Sequence[float],
        current: int,
        now: float,
        can_probe: bool = False,
        is_settled: bool = True,
    ) -> int:
        """Return the layer to send, one of those that flow.

        `current` is the layer that the viewer gets now, `kbps` the bitrate of each layer;
        `can_probe`: the viewer accepts padding; `is_settled`: it gets no burst, and does not wait.
        """
        count = len(flowing)
        if count < 2:
            self._had_layers = False
            return 0
        if not self._had_layers:
            # Spread the probes of viewers whose source begins to send layers.
            self._had_layers = True
            self._up_at = max(self._up_at, now + _FIRST_CHECKED_UP_S * self._later)
        self._limit = min(self._limit, count - 1)
        sent = kbps[current] if current < count else 0.0
        self._learn(sent, now)
        is_full = self.is_full(now)
        if self.probe is not None and is_full and not self.watch.is_spoiled:
            # It has not begun to send, and what the viewer gets is too much.
            self._end_probe(is_layers=True)
        if self.probe is not None:
            self._evaluate_probe(flowing, kbps, sent, now)
        elif self._is_bad(sent, is_full, now):
            self._lower(current, sent, flowing, now)
        elif is_settled and now >= self._up_at and self._limit <= current and self._is_good(now):
            self._raise(flowing, kbps, now, can_probe)
        if (
            self._raised_at is not None
            and self._back_off > _BACK_OFF_S
            and now - self._raised_at > _FORGIVEN_S
        ):
            self._back_off = _BACK_OFF_S
        wanted = self._limit if self.most is None else min(self._limit, self.most)
        below = [layer for layer in range(wanted + 1) if flowing[layer]]
        if below:
            return below[-1]
        return next((layer for layer in range(count) if flowing[layer]), 0)

    def _learn(self, sent: float, now: float) -> None:
        """Tell congestion loss from loss that stays when less is sent."""
        if not self._is_news:
            return
        self._is_news = False
        before = self._before
        if before is not None and now - self._down_at >= 2 * _WINDOW_S:
            loss, received = before
            full = max(0.0, 1 - received / sent) if sent else 0.0
            self._before = None
            if self.loss >= _STAYS * loss and self.loss > full + _LOSS_LASTING / 2:
                self._base_loss = self.loss
                self._back_off = _BACK_OFF_S
                self._up_at = now + _DOWN_S
            else:
                self._base_loss = 0.0
        elif self.loss < self._base_loss:
            self._base_loss += (self.loss - self._base_loss) / 4
        bad = self.loss > max(_LOSS_LASTING, _BAD * self._base_loss + _BAD_MORE)
        self._bad_windows = self._bad_windows + 1 if bad else 0

    def _is_bad(self, sent: float, is_full: bool, now: float) -> bool:
        estimate = self.link_kbps(now)
        share = estimate / sent if estimate is not None and sent else 1.0
        if share >= _ESTIMATE_SHARE or now - self._fell_at > _FELL_S:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = now
        if now - self._down_at < _DOWN_S:
            return False
        if is_full:
            return True
        if self._low_since is not None and now - self._low_since >= _LOW_S:
            return True
        if share < _ESTIMATE_LOSSY and self._bad_windows and now - self._fell_at < _FELL_S:
            return True
        at_once = self.loss > max(_LOSS_AT_ONCE, _BAD * self._base_loss + _AT_ONCE_MORE)
        return self._bad_windows >= 2 or (self._bad_windows == 1 and at_once)

    def _is_good(self, now: float) -> bool:
        # Where checks show the queue, neither a report nor the viewer's own estimate need do so.
        if self.watch.answers:
            if not self.watch.is_quiet:
                return False
        elif now - self._reported_at > _REPORT_VALID_S or now - self._fell_at < _FELL_S:
            return False
        if self._limit == 0 and self.watch.answers:
            # The lowest layer leaves no queue: its losses are those of a radio link.
            return self.probe is None or self.loss <= _LOSS_AT_ONCE
        if self._limit == 0 and self._is_new:
            return self.loss <= _LOSS_LASTING
        return self.loss <= max(_LOSS_GOOD, _GOOD * self._base_loss + _GOOD_MORE)

    def _lower(self, current: int, sent: float, flowing: Sequence[bool], now: float) -> None:
        # A viewer may wait, or still see a higher layer than it is to get.
        below = min(current, self._limit + 1)
        lower = [layer for layer in range(below) if flowing[layer]]
        if not lower:
            return
        self._limit = lower[-1]
        self._failed(now)
        self._down_at = now
        self._before = (self.loss, sent * (1 - self.loss)) if self._bad_windows else None
        self._bad_windows = 0
        self._low_since = None

    def _failed(self, now: float) -> None:
        """Record a failed step up or probe; reset the pause if the last success has lasted."""
        if self.is_trying(now) or self.probe is not None:
            self._back_off = min(2 * self._back_off, _LONGEST_BACK_OFF_S)
        is_cheap = self.probe is not None and self.watch.answers
        self._up_at = now + self._back_off * self._later * (_CHECKED_SHARE if is_cheap else 1.0)
        self._raised_at, self._is_new = None, False
        self._end_probe()

    def _end_probe(self, *, is_layers: bool = False) -> None:
        """End the probe; `is_layers`: the queue is the layer's, not its own."""
        self.probe = None
        self.watch.end(is_layers)

    def _raise(
        self, flowing: Sequence[bool], kbps: Sequence[float], now: float, can_probe: bool
    ) -> None:
        most = len(flowing) - 1 if self.most is None else min(self.most, len(flowing) - 1)
        higher = [layer for layer in range(self._limit + 1, most + 1) if flowing[layer]]
        if not higher:
            return
        if can_probe:
            # Probe the highest layer if checks can measure how much of it the link carries.
            finds = self._is_new or self.watch.answers
            # A layer without a measured bitrate can't be probed.
            known = [layer for layer in higher if kbps[layer] > 0] or higher
            self.probe, self._probe_since = known[-1] if finds else higher[0], now
            self.watch.begin(not self._is_new, now)
            # Only a window that begins with the probe measures it.
            self._window = None
        else:
            self._step_to(higher[0], now)

    def _step_to(self, layer: int, now: float) -> None:
        self._limit = layer
        self._raised_at = now
        self._up_at = max(self._up_at, now + _UP_S)

    def _evaluate_probe(
        self, flowing: Sequence[bool], kbps: Sequence[float], sent: float, now: float
    ) -> None:
        """Step up if the checks or, without any, the first report on the probe show no harm."""
        layer, watch = self.probe, self.watch
        if layer is None:
            return
        is_reported = self._reported_at > self._probe_since
        gone = layer >= len(flowing) or not flowing[layer]
        if gone or (self.most is not None and layer > self.most):
            self._end_probe()
        elif watch.is_spoiled or (is_reported and not self._is_good(now)):
            # The probe may have been too much; what the viewer gets without it is not, nor what
            # the link carried of the probe.
            carried_kbps = watch.carried_kbps(sent)
            was_new = self._is_new
            self._failed(now)
            if was_new and not watch.answers:
                # No check measured the link: try the next layer soon.
                self._up_at = now + _UP_S
            below = range(self._limit + 1, layer)
            fitting = [
                each for each in below if flowing[each] and 0 < _ROOMY * kbps[each] <= carried_kbps
            ]
            if fitting:
                self._step_to(fitting[-1], now)
            self._bad_windows = 0
            self._window = None
        elif watch.is_shown(now) or (is_reported and not watch.answers):
            self._end_probe()
            self._step_to(layer, now)
        elif now - self._probe_since > _PROBE_MOST_S:
            self._failed(now)
