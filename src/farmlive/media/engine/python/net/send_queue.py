"""What one connection has not taken yet: what is kept of it, and what is dropped.

Pure decisions. tcp.py reports what was dropped.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

# At most about a second of the stream, and never more than this.
QUEUE_MAX_BYTES = 512 * 1024
QUEUE_MAX_S = 1.0


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
