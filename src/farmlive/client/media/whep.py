"""A full WHEP viewer by aiortc: it receives and decodes, as a browser does.

For tests and the selftest; light_viewer.py is for crowds of viewers.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Self

import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from farmlive.client.media import signalling
from farmlive.client.media.whip import wait_connected

OnFrame = Callable[[VideoFrame, int], None]


class Viewer:
    """Plays a WHEP endpoint and decodes every frame.

    `on_frame(frame, decoded_ns)` gets each video frame with the monotonic time of its decoding.
    `patience_s` is how long to wait while nobody publishes. `bearer` is an API key, for staff who
    watch before the start.
    """

    def __init__(
        self,
        url: str,
        on_frame: OnFrame | None = None,
        *,
        patience_s: float = 0.0,
        bearer: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        self.url = url
        self.on_frame = on_frame
        self.patience_s = patience_s
        self.bearer = bearer
        self.frames = 0
        self.first_frame_ns: int | None = None
        self.session: signalling.MediaSession | None = None
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._http = signalling.client(transport)
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def first_frame_ms(self) -> float:
        """Milliseconds from the POST that made the session to the first decoded frame."""
        if self.session is None or self.first_frame_ns is None:
            raise RuntimeError("no frame was decoded yet")
        return (self.first_frame_ns - self.session.posted_ns) / 1e6

    async def start(self, timeout_s: float = 10.0) -> None:
        """Join, and return once media can flow. Raises ApiProblem if the server refuses."""
        self.peer.addTransceiver("audio", direction="recvonly")
        self.peer.addTransceiver("video", direction="recvonly")
        self.peer.on("track", self._play)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        self.session = await signalling.post_offer(
            self._http,
            self.url,
            self.peer.localDescription.sdp,
            bearer=self.bearer,
            patience_s=self.patience_s,
        )
        await self.peer.setRemoteDescription(
            RTCSessionDescription(sdp=self.session.answer, type="answer")
        )
        await wait_connected(self.peer, timeout_s)

    async def wait_frames(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until `count` frames were decoded since the start."""
        async with asyncio.timeout(timeout_s):
            while self.frames < count:
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        """End the session on the server and stop."""
        try:
            if self.session is not None:
                await signalling.delete_session(self._http, self.session.location, self.bearer)
                self.session = None
        finally:
            await self.peer.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._http.aclose()

    def _play(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._read(track)))

    async def _read(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if not isinstance(frame, VideoFrame):
                    continue
                now_ns = time.monotonic_ns()
                self.frames += 1
                self.first_frame_ns = self.first_frame_ns or now_ns
                self._changed.set()
                if self.on_frame is not None:
                    self.on_frame(frame, now_ns)
