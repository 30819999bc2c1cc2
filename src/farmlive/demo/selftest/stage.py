"""Shared state of the selftest's steps: the broadcast, camera, viewers and their channels.

Owns the input of the steps and their failures; try_live.py and try_selling.py have the steps.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

from av import VideoFrame

from farmlive.client import Api, Channel
from farmlive.client.media.counter import read_counter
from farmlive.client.media.whep import Viewer
from farmlive.demo.film.film import delay_ms
from farmlive.demo.on_air import FilmOnAir

FILM_S = 10
"""A shorter film does for this; it divides the minute, so that its counter tells the time."""


class Failed(Exception):
    """A check failed; the text is what was wrong."""


def require(so: bool, otherwise: str) -> None:
    """Raise Failed with that text unless the condition holds."""
    if not so:
        raise Failed(otherwise)


@dataclass(frozen=True)
class Placed:
    """An accepted order: its total in minor units, its boxes, and whether it stands."""

    token: str
    total: int
    boxes: int
    stands: bool = True


class CounterViewer:
    """A viewer that decodes every frame and reads its counter and its delay."""

    def __init__(self, url: str, patience_s: float):
        self.viewer = Viewer(url, self._see, patience_s=patience_s)
        self.delays_ms: list[float] = []
        self.unread = 0
        self.last_seen = 0.0
        self.longest_gap_s = 0.0
        self.width = 0

    def _see(self, frame: VideoFrame, _decoded_ns: int) -> None:
        now = time.time()
        if self.last_seen:
            self.longest_gap_s = max(self.longest_gap_s, now - self.last_seen)
        self.last_seen = now
        self.width = frame.width
        counter = read_counter(frame)
        if counter is None:
            self.unread += 1
        else:
            self.delays_ms.append(delay_ms(counter, now * 1000, FILM_S))

    async def wait_frames(self, frames: int, timeout_s: float = 15) -> None:
        """Wait for n further frames."""
        await self.viewer.wait_frames(self.viewer.frames + frames, timeout_s)

    async def wait_width(self, width: int, timeout_s: float = 10) -> None:
        """Wait for a frame of this width, which each film has its own of."""
        async with asyncio.timeout(timeout_s):
            while self.width != width:
                await self.wait_frames(1, timeout_s)


@dataclass
class Stage:
    """The shared state, filled in by the steps."""

    api: Api
    film: Path
    kitchen: Path
    engine: str
    broadcast: str = ""
    offer: str = ""
    lot: str = ""
    plot: str = ""
    placed: list[Placed] = field(default_factory=list)
    camera: FilmOnAir | None = None
    # Which source the camera is.
    source: str = ""
    second_camera: FilmOnAir | None = None
    early: CounterViewer | None = None
    late: CounterViewer | None = None
    watchers: list[Channel] = field(default_factory=list)
    _host: Channel | None = None

    @property
    def whep(self) -> str:
        """The URL for players."""
        return f"{self.api.url}/whep/{self.broadcast}"

    @property
    def host(self) -> Channel:
        """The host's channel."""
        if self._host is None:
            raise Failed("the host has no channel")
        return self._host

    @property
    def viewers(self) -> tuple[CounterViewer, CounterViewer]:
        """The early and the late viewer."""
        if self.early is None or self.late is None:
            raise Failed("there are no two viewers")
        return self.early, self.late

    async def open_channels(self) -> None:
        """Open the host's channel and those of two viewers."""
        url, broadcast = self.api.url, self.broadcast
        self._host = await Channel.connect(url, broadcast, cookie=self.api.cookie)
        self.watchers = [await Channel.connect(url, broadcast) for _ in range(2)]

    async def close_channels(self) -> None:
        """Close what `open_channels` opened."""
        for channel in (*self.watchers, self._host):
            if channel is not None:
                await channel.close()
