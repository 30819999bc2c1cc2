"""What a viewer that can't keep up may hold, what is dropped of it, and when it gets video again.

Pure decisions: `tcp` and `send_group` tell what was not taken, `output` asks who may go on.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

# About a second of the stream, and never more than this.
HELD_MOST = 512 * 1024
HELD_S = 1.0
# Packets that a full network card or buffer refused of one viewer, within a second, until its
# video is not worth going on with.
_REFUSED_MOST = 32
# How long a viewer that fell behind waits for video, at first and when it falls again and again:
# each return costs everyone a keyframe.
_WAIT_S, _LONGEST_WAIT_S = 0.5, 8.0
_STEADY_S = 10.0


class Frame(NamedTuple):
    """A packet as it goes onto a stream. `video` may be dropped; `at`: when it was to leave."""

    data: bytes
    video: bool
    at: float


class SendQueue:
    """What one connection has not taken yet, in order.

    Always holds: a frame that has gone in part stays, or the stream could not be followed.
    """

    __slots__ = ("_begun", "_frames", "size")

    def __init__(self) -> None:
        self._begun = b""
        self._frames: deque[Frame] = deque()
        self.size = 0

    def add(self, frames: Iterable[Frame], gone: int = 0) -> None:
        """Keep frames, of which the first `gone` bytes have left already."""
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
        """What leaves next: about `most` bytes, at least one frame where there is one."""
        taken, size = [self._begun], len(self._begun)
        for frame in self._frames:
            if size and size + len(frame.data) > most:
                break
            taken.append(frame.data)
            size += len(frame.data)
        return b"".join(taken)

    def sent(self, count: int) -> None:
        """So many bytes of `next` have left."""
        self.size -= count
        begun = len(self._begun)
        self._begun, count = self._begun[count:], count - begun
        while count > 0:
            data = self._frames.popleft().data
            if len(data) > count:
                self._begun = data[count:]
            count -= len(data)

    def trim(self, now: float) -> int:
        """Hold no more than the bound: drop all video, then the oldest of the rest. Returns how
        many packets were dropped.
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
        old = bool(self._frames) and now - self._frames[0].at > HELD_S
        return old or self.size > HELD_MOST


class Stall:
    """Whether one viewer keeps up. While it does not it gets sound alone; video goes on with a
    keyframe after it has taken what it held.
    """

    __slots__ = ("_refused", "_refused_since", "_resumed_at", "_wait_s", "dropped", "since")

    def __init__(self) -> None:
        # Packets that were left out since it could not keep up.
        self.dropped = 0
        # Since when it gets no video; None while it keeps up.
        self.since: float | None = None
        self._wait_s = _WAIT_S
        self._resumed_at: float | None = None
        self._refused = 0
        self._refused_since = 0.0

    def fall(self, dropped: int, now: float) -> None:
        """It held too much and so many packets were dropped: no video until it may go on."""
        self.dropped += dropped
        if self.since is None:
            self.since = now
            steady = self._resumed_at is None or now - self._resumed_at > _STEADY_S
            self._wait_s = _WAIT_S if steady else min(2 * self._wait_s, _LONGEST_WAIT_S)

    def refuse(self, packets: int, now: float) -> None:
        """So many packets found no place to wait in; nobody holds them, and they are gone."""
        if now - self._refused_since > 1:
            self._refused, self._refused_since = 0, now
        self._refused += packets
        if self._refused > _REFUSED_MOST:
            self._refused = 0
            self.fall(packets, now)
        else:
            self.dropped += packets

    def skip(self, packets: int) -> None:
        """So many packets of video were not even tried."""
        self.dropped += packets

    def may_go_on(self, held: int, now: float) -> bool:
        """Whether it should get the next keyframe, if it holds so many bytes."""
        return self.since is None or (held == 0 and now - self.since >= self._wait_s)

    def go_on(self, now: float) -> None:
        """It gets a keyframe."""
        if self.since is not None:
            self.since, self._resumed_at = None, now
