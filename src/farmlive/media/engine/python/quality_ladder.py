"""Decides what of its track a viewer gets: every frame, fewer frames, keyframes alone, or sound
alone.

Pure decisions from numbers and times; both engines use the same rules. `link_estimate` finds what
the link carries, and `layer_select` chooses among the layers of a simulcast.
"""

from collections.abc import Sequence

from farmlive.media.engine.interface import Rung

# The rungs, from the most to the least; elsewhere in this engine they are known by their place.
RUNGS: Sequence[Rung] = ("full", "fewer_frames", "keyframes", "sound")
FULL, FEWER_FRAMES, KEYFRAMES, SOUND = range(4)

# To leave out the frames that no other refers to helps if they are this share of the stream.
_SHARE_LEAST = 0.1
# A step up needs this much more than it takes.
_ROOMY = 1.03
# A keyframe that has not left after this many seconds is not worth the wait.
KEYFRAME_MOST_S = 4.0
# A step up comes after a pause that doubles after each failed step.
_PAUSE_S, _LONGEST_PAUSE_S = 4.0, 64.0
_TRIAL_S, _FORGIVEN_S = 10.0, 60.0


class QualityLadder:
    """The rung of one viewer: down at once, up after a pause; `most` is what the viewer wants."""

    __slots__ = ("_can_thin", "_pause_s", "_raised_at", "_up_at", "carried", "most")

    def __init__(self) -> None:
        self.most = FULL
        # What the link carries.
        self.carried = FULL
        # Whether enough frames can be left out.
        self._can_thin = False
        self._pause_s = _PAUSE_S
        self._up_at = 0.0
        self._raised_at: float | None = None

    @property
    def rung(self) -> int:
        """What the viewer is to get: the lesser of what it wants and what its link carries."""
        return max(self.carried, self.most)

    def decide(
        self, narrow: bool, kbps: float, stream_kbps: float, disposable: float, now: float
    ) -> None:
        """Adapt to what the link carries.

        `stream_kbps` is the bitrate of the viewer's track, 0 if unknown, and `disposable` the share
        of it that is in frames which no other refers to. A link that is not narrow carries all.
        """
        self._can_thin = disposable >= _SHARE_LEAST
        if self._raised_at is not None and now - self._raised_at > _FORGIVEN_S:
            self._pause_s = _PAUSE_S
        if not narrow:
            self.carried = FULL
        elif (fits := self._fitting(kbps, stream_kbps, disposable)) > self.carried:
            self._lower(fits, now)
        elif now >= self._up_at:
            self._raise(self._fitting(kbps / _ROOMY, stream_kbps, disposable), now)

    def failed(self, now: float) -> None:
        """Record that what the viewer gets came too late: its link does not carry it."""
        below = self.rung + 1
        if below == FEWER_FRAMES and not self._can_thin:
            below = KEYFRAMES
        self._lower(min(below, SOUND), now)

    def _fitting(self, kbps: float, stream_kbps: float, disposable: float) -> int:
        """Return the best rung by bitrate; only lateness shows that keyframes are too much."""
        if kbps >= stream_kbps:
            return FULL
        if self._can_thin and kbps >= stream_kbps * (1 - disposable):
            return FEWER_FRAMES
        return KEYFRAMES

    def _lower(self, rung: int, now: float) -> None:
        if self._raised_at is not None and now - self._raised_at < _TRIAL_S:
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        self.carried = rung
        self._raised_at = None
        self._up_at = now + self._pause_s

    def _raise(self, fits: int, now: float) -> None:
        if fits < self.carried:
            # After sound alone keyframes are tried first: nothing has measured the link meanwhile.
            self.carried = KEYFRAMES if self.carried == SOUND else fits
            self._raised_at = now
            self._up_at = now + self._pause_s
