"""Slow viewers: what is queued for them, what is dropped, and when they get video again.

Pure decisions. tcp.py and engine/python/send_group.py report packets that were not taken;
engine/python/output/output.py asks which viewers may go on.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

# At most about a second of the stream, and never more than this.
QUEUE_MAX_BYTES = 512 * 1024
QUEUE_MAX_S = 1.0
# After this many packets within a second that a full network card or buffer refused, a viewer's
# video stops.
_REFUSED_MOST = 32
# How long a viewer that fell behind waits for video, at first and if it falls again: each return
# costs all viewers a keyframe.
_WAIT_S, _LONGEST_WAIT_S = 0.5, 8.0
_STEADY_S = 10.0


class Frame(NamedTuple):
    """A packet as framed for a TCP stream. `video` may be dropped; `at`: when it was to be sent."""

    data: bytes
    video: bool
    at: float


class SendQueue:
    """The frames that one connection has not taken yet, in order.

    Invariant: a partly sent frame stays, or the stream would lose its framing.
    """

    __slots__ = ("_begun", "_frames", "size")

    def __init__(self) -> None:
        self._begun = b""
        self._frames: deque[Frame] = deque()
        self.size = 0

    def add(self, frames: Iterable[Frame], gone: int = 0) -> None:
        """Add frames, of which the first `gone` bytes have been sent already."""
        for frame in frames:
            left = len(frame.data) - gone
            if left <= 0:
                gone = -left
                continue
            self.size += left
            if gone:
                self._begun, gone = frame.data[gone:], 0
            else:
                self._frames.append(frame)

    def next(self, most: int) -> bytes:
        """Return the next bytes to send: about `most`, at least one frame if there is one."""
        taken, size = [self._begun], len(self._begun)
        for frame in self._frames:
            if size and size + len(frame.data) > most:
                break
            taken.append(frame.data)
            size += len(frame.data)
        return b"".join(taken)

    def sent(self, count: int) -> None:
        """Remove the first `count` bytes of `next`, which were sent."""
        self.size -= count
        begun = len(self._begun)
        self._begun, count = self._begun[count:], count - begun
        while count > 0:
            data = self._frames.popleft().data
            if len(data) > count:
                self._begun = data[count:]
            count -= len(data)

    def trim(self, now: float) -> int:
        """Enforce the limits: drop all video, then the oldest other frames; return how many
        packets.
        """
        if not self._is_over(now):
            return 0
        before = len(self._frames)
        self._frames = deque(frame for frame in self._frames if not frame.video)
        self._measure()
        while self._frames and self._is_over(now):
            self.size -= len(self._frames.popleft().data)
        return before - len(self._frames)

    def _measure(self) -> None:
        self.size = len(self._begun) + sum(len(frame.data) for frame in self._frames)

    def _is_over(self, now: float) -> bool:
        old = bool(self._frames) and now - self._frames[0].at > QUEUE_MAX_S
        return old or self.size > QUEUE_MAX_BYTES


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
