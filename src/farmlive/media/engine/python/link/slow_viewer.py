"""Slow viewers: when their video stops, and when they get it again.

Pure decisions. tcp.py and engine/python/send_group.py report packets that were not taken;
engine/python/output/output.py asks which viewers may go on.
"""

# After this many packets within a second that a full network card or buffer refused, a viewer's
# video stops.
_REFUSED_MOST = 32
# How long a viewer that fell behind waits for video, at first and if it falls again: each return
# costs all viewers a keyframe.
_WAIT_S, _LONGEST_WAIT_S = 0.5, 8.0
_STEADY_S = 10.0


class Backpressure:
    """Whether one viewer keeps up.

    A slow viewer gets audio alone; its video goes on at a keyframe once it has taken what was
    queued. `exempt`: what a full buffer refuses does not make it slow.
    """

    __slots__ = (
        "_refused",
        "_refused_since",
        "_resumed_at",
        "_wait_s",
        "dropped",
        "exempt",
        "overflowed",
        "since",
    )

    def __init__(self, exempt: bool = False) -> None:
        self.exempt = exempt
        # Packets that were left out because it could not keep up.
        self.dropped = 0
        # Whether its own queue has overflowed, and not only our buffers.
        self.overflowed = False
        # Since when it gets no video; None while it keeps up.
        self.since: float | None = None
        self._wait_s = _WAIT_S
        self._resumed_at: float | None = None
        self._refused = 0
        self._refused_since = 0.0

    def stop_video(self, dropped: int, now: float) -> None:
        """Stop its video: its queue exceeded the limits and lost this many packets."""
        self.overflowed = True
        self._stop(dropped, now)

    def _stop(self, dropped: int, now: float) -> None:
        self.dropped += dropped
        if self.since is None:
            self.since = now
            steady = self._resumed_at is None or now - self._resumed_at > _STEADY_S
            self._wait_s = _WAIT_S if steady else min(2 * self._wait_s, _LONGEST_WAIT_S)

    def count_refused(self, packets: int, now: float) -> None:
        """Count packets that no buffer had room for; they are lost."""
        if now - self._refused_since > 1:
            self._refused, self._refused_since = 0, now
        self._refused += packets
        if self._refused > _REFUSED_MOST and not self.exempt:
            self._refused = 0
            self._stop(packets, now)
        else:
            self.dropped += packets

    def count_skipped(self, packets: int) -> None:
        """Count video packets that were not sent while its video is stopped."""
        self.dropped += packets

    def may_resume(self, held: int, now: float) -> bool:
        """Return whether it should get the next keyframe, with `held` bytes in its queue."""
        return self.since is None or (held == 0 and now - self.since >= self._wait_s)

    def resume(self, now: float) -> None:
        """Record that it gets a keyframe."""
        if self.since is not None:
            self.since, self._resumed_at = None, now
