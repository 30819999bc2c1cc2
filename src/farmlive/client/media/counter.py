"""A frame counter that survives encoding: 24 bits as black and white squares, and a test picture
with it. Tests and benches measure delay and order of frames by it.
"""

import asyncio
import fractions
import time

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

BITS = 24
_SQUARE = 16
_BLACK, _WHITE = 16, 235
TIME_BASE = fractions.Fraction(1, 90_000)


def counter_squares(number: int) -> list[bool]:
    """Return the squares for a number, left to right: a white and a black one as a mark, 24 bits,
    and their parity.
    """
    value = number % (1 << BITS)
    row = [bool(value >> shift & 1) for shift in range(BITS - 1, -1, -1)]
    return [True, False, *row, sum(row) % 2 == 1]


def read_counter(frame: VideoFrame) -> int | None:
    """Return the number in the top left corner of a frame of at least 432 by 16 pixels; None if it
    has no readable one.
    """
    luma = frame.planes[0]
    if frame.format.name not in ("yuv420p", "yuvj420p", "nv12"):
        luma = frame.reformat(format="yuv420p").planes[0]
    if luma.width < _SQUARE * (BITS + 3) or luma.height < _SQUARE:
        return None
    view = memoryview(luma)
    start = luma.line_size * (_SQUARE // 2) + _SQUARE // 2
    levels = [view[start + i * _SQUARE] for i in range(BITS + 3)]
    row = [level > (_BLACK + _WHITE) // 2 for level in levels]
    if any(70 < level < 180 for level in levels) or row[:2] != [True, False]:
        return None
    if (sum(row[2:-1]) % 2 == 1) != row[-1]:
        return None
    number = 0
    for bit in row[2:-1]:
        number = number * 2 + bit
    return number


class TestPicture(MediaStreamTrack):
    """A synthetic video track: a grey ground with stripes, a moving square, and the counter.

    `made_ns[number]` is when a frame was made (monotonic), for the last 900.
    """

    __test__ = False
    kind = "video"

    def __init__(self, width: int = 1280, height: int = 720, fps: int = 30):
        super().__init__()
        self.width, self.height, self.fps = width, height, fps
        self.number = -1
        self.made_ns: dict[int, int] = {}
        self._started = 0.0
        stripes = bytes(90 + (x // 40 % 2) * 40 for x in range(width))
        self._ground = bytearray(stripes * height)
        self._chroma = bytes([118]) * (width // 2 * height // 2)

    def draw(self, number: int) -> VideoFrame:
        """Return the picture with this number."""
        width = self.width
        picture = bytearray(self._ground)
        row = b"".join(
            bytes([_WHITE if bit else _BLACK]) * _SQUARE for bit in counter_squares(number)
        )
        for y in range(_SQUARE):
            picture[y * width : y * width + len(row)] = row
        size = self.height // 6
        left = number * 6 % (width - size)
        for y in range(self.height // 2, self.height // 2 + size):
            picture[y * width + left : y * width + left + size] = b"\xd0" * size
        frame = VideoFrame(width, self.height, "yuv420p")
        planes = ((bytes(picture), width), (self._chroma, width // 2), (self._chroma, width // 2))
        for plane, (content, wide) in zip(frame.planes, planes, strict=True):
            plane.update(_aligned(content, wide, plane.line_size))
        return frame

    async def recv(self) -> VideoFrame:
        """Return the next frame at its time; skips late frames instead of sending them in a
        burst.
        """
        if self.readyState != "live":
            raise MediaStreamError
        if not self._started:
            self._started = time.monotonic()
        due = int((time.monotonic() - self._started) * self.fps)
        self.number = max(self.number + 1, due)
        wait_s = self._started + self.number / self.fps - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        frame = self.draw(self.number)
        frame.pts = self.number * 90_000 // self.fps
        frame.time_base = TIME_BASE
        self.made_ns[self.number] = time.monotonic_ns()
        if len(self.made_ns) > 900:
            del self.made_ns[next(iter(self.made_ns))]
        return frame


def _aligned(content: bytes, width: int, line_size: int) -> bytes:
    if width == line_size:
        return content
    gap = bytes(line_size - width)
    lines = len(content) // width
    return b"".join(content[y * width : (y + 1) * width] + gap for y in range(lines))
