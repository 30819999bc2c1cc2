"""Decides what of its track a viewer gets: every frame, fewer frames, keyframes alone, or sound
alone.

Pure decisions from numbers and times; both engines use the same rules. `link_estimate` finds what
the link carries, and `layer_select` chooses among the layers of a simulcast.
"""

from collections.abc import Sequence

from farmlive.media.engine.interface import DISPOSABLE_LEAST, Rung

# The rungs, from the most to the least; elsewhere in this engine they are known by their place.
RUNGS: Sequence[Rung] = ("full", "fewer_frames", "keyframes", "sound")
FULL, FEWER_FRAMES, KEYFRAMES, SOUND = range(4)

# A step down comes at once where the link carries less than this share of what it takes, else after
# so many seconds: an estimate may rise again.
_FAR_LESS, _SHORT_S = 0.6, 1.5
# A viewer moves a rung up at once if the estimate is ROOMY times what that rung needs, and after
# BARELY_S seconds at BARELY times: a link that carries single keyframes may not carry a stream.
_ROOMY, _BARELY, _BARELY_S = 1.15, 1.03, 5.0
# With this much more by its estimate all is tried, whatever it carried for longer.
_AMPLE = 2.0
# A keyframe that has not left after this many seconds is not worth the wait.
KEYFRAME_MOST_S = 4.0
# A step up comes after a pause that doubles after each failed step.
_PAUSE_S, _LONGEST_PAUSE_S = 4.0, 64.0
_TRIAL_S, _FORGIVEN_S = 10.0, 60.0
# So many checks in a row that show a queue of this length are too much; the queue of what was sent
# before a step down has two seconds to drain.
_CROWDED, _CROWDED_S, _SETTLE_S = 2, 0.1, 2.0


class QualityLadder:
    """The rung of one viewer: down at once, up after a pause; `most` is what the viewer wants."""

    __slots__ = (
        "_barely_at",
        "_can_thin",
        "_crowded",
        "_lowered_at",
        "_pause_s",
        "_raised_at",
        "_short_at",
        "_up_at",
        "carried",
        "most",
        "tries",
    )

    def __init__(self) -> None:
        self.most = FULL
        # What the link carries.
        self.carried = FULL
        # Whether enough frames can be left out.
        self._can_thin = False
        self._pause_s = _PAUSE_S
        self._up_at = self._lowered_at = 0.0
        # Whether the last step up was one that the estimate says nothing about.
        self.tries = False
        # The checks in a row that showed a queue.
        self._crowded = 0
        self._raised_at: float | None = None
        # Since when the link barely carries more.
        self._barely_at: float | None = None
        # Since when it carries less than the viewer gets.
        self._short_at: float | None = None

    @property
    def rung(self) -> int:
        """What the viewer is to get: the lesser of what it wants and what its link carries."""
        return max(self.carried, self.most)

    def decide(
        self,
        narrow: bool,
        kbps: float,
        steady_kbps: float,
        stream_kbps: float,
        disposable_kbps: float,
        now: float,
    ) -> None:
        """Adapt to what the link carries: less by its estimate, more by what it carried for longer
        than a moment.

        `stream_kbps` is the bitrate of the viewer's track, 0 if unknown, and `disposable_kbps` that
        of its frames which no other refers to. A link that is not narrow carries all.
        """
        self._can_thin = 0 < DISPOSABLE_LEAST * stream_kbps <= disposable_kbps
        if self._raised_at is not None and now - self._raised_at > _FORGIVEN_S:
            self._pause_s = _PAUSE_S
        if not narrow:
            self.carried, self._short_at, self.tries = FULL, None, False
        elif self._is_short(kbps, stream_kbps, disposable_kbps, now):
            self._lower(self._fitting(kbps, stream_kbps, disposable_kbps), now)
        else:
            roomy = self._fitting(steady_kbps / _ROOMY, stream_kbps, disposable_kbps)
            barely = self._fitting(steady_kbps / _BARELY, stream_kbps, disposable_kbps)
            self._barely_at = _since(self._barely_at, barely < self.carried, now)
            if now < self._up_at:
                return
            if self.carried == SOUND:
                # Nothing has measured the link meanwhile.
                self._raise(KEYFRAMES, now)
            elif self.carried == FEWER_FRAMES or kbps >= _AMPLE * stream_kbps:
                # Without them the stream never fills the link, nor does a keyframe that comes more
                # slowly than it may leave: only trying tells.
                self._raise(FULL, now)
                self.tries = True
            elif roomy < self.carried:
                self._raise(roomy, now)
            elif self._barely_at is not None and now - self._barely_at >= _BARELY_S:
                self._raise(barely, now)

    def checked(self, queue_s: float, now: float) -> None:
        """Record the queue that a check of a narrow link showed while frames are sent on and on."""
        self._crowded = self._crowded + 1 if queue_s > _CROWDED_S else 0
        if self._crowded >= _CROWDED and now - self._lowered_at >= _SETTLE_S:
            self.failed(now)

    def failed(self, now: float) -> None:
        """Record that what the viewer gets came too late: its link does not carry it."""
        below = self.rung + 1
        if below == FEWER_FRAMES and not self._can_thin:
            below = KEYFRAMES
        self._lower(min(below, SOUND), now)

    def _is_short(
        self, kbps: float, stream_kbps: float, disposable_kbps: float, now: float
    ) -> bool:
        """Return whether the link carries less than the viewer gets: far less, or for some time."""
        tries = self.tries and self._raised_at is not None and now - self._raised_at < _TRIAL_S
        less = self._fitting(kbps, stream_kbps, disposable_kbps) > self.carried and not tries
        self._short_at = _since(self._short_at, less, now)
        far_less = self._fitting(kbps / _FAR_LESS, stream_kbps, disposable_kbps) > self.carried
        return self._short_at is not None and (far_less or now - self._short_at >= _SHORT_S)

    def _fitting(self, kbps: float, stream_kbps: float, disposable_kbps: float) -> int:
        """Return the best rung by bitrate; only lateness shows that keyframes are too much."""
        if kbps >= stream_kbps:
            return FULL
        if self._can_thin and kbps >= stream_kbps - disposable_kbps:
            return FEWER_FRAMES
        return KEYFRAMES

    def _lower(self, rung: int, now: float) -> None:
        if self._raised_at is not None and now - self._raised_at < _TRIAL_S:
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self.carried = rung
        self._raised_at = self._barely_at = self._short_at = None
        self._lowered_at, self._crowded = now, 0
        self.tries = False
        self._up_at = now + self._pause_s

    def _raise(self, rung: int, now: float) -> None:
        self.carried = rung
        self._raised_at = now
        self.tries = False
        self._barely_at = None
        self._up_at = now + self._pause_s


def _since(since: float | None, holds: bool, now: float) -> float | None:
    """Return since when something holds; None if it does not."""
    if not holds:
        return None
    return now if since is None else since
