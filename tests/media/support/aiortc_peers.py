"""Stock clients that publish and view: peers of aiortc, and ffmpeg."""

import asyncio
import fractions
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import av
import imageio_ffmpeg
import pytest
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from tests.media.support.h264_sps import MAIN_WITH_B
from tests.media.support.media_server import BROADCAST, Media
from tests.support.waiting import until


def send_b_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have aiortc's H264 say that it has B frames. No stock client here sends them by WHIP: ffmpeg
    refuses by itself, OBS is not at hand.
    """
    encode = H264Encoder._encode_frame

    def saying_so(self: H264Encoder, *arguments: Any) -> Iterator[bytes]:
        for unit in encode(self, *arguments):
            yield MAIN_WITH_B if unit[0] & 0x1F == 7 else unit

    monkeypatch.setattr(H264Encoder, "_encode_frame", saying_so)


def peer_connection() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


@dataclass
class Peer:
    """A stock aiortc peer with its session."""

    connection: RTCPeerConnection
    media: Media
    location: str = ""
    etag: str = ""
    frames: dict[str, int] = field(default_factory=lambda: {"video": 0, "audio": 0})
    sizes: set[tuple[int, int]] = field(default_factory=set)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.media.peers.append(self)

    async def open(self, path: str, headers: dict[str, str] | None = None) -> None:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        response = await self.media.http.post(
            path,
            content=self.connection.localDescription.sdp,
            headers={"Content-Type": "application/sdp", **(headers or {})},
        )
        assert response.status_code == 201, response.text
        self.location, self.etag = response.headers["location"], response.headers["etag"]
        await self.connection.setRemoteDescription(RTCSessionDescription(response.text, "answer"))

    async def count(self, track: MediaStreamTrack) -> None:
        with suppress(Exception):
            while True:
                frame = await track.recv()
                self.frames[track.kind] += 1
                if isinstance(frame, av.VideoFrame):
                    self.sizes.add((frame.width, frame.height))

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await self.connection.close()


class Picture(VideoStreamTrack):
    """A small moving picture, 30 a second."""

    def __init__(self, width: int = 320, height: int = 180) -> None:
        super().__init__()
        self.width, self.height = width, height
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        for index, plane in enumerate(frame.planes):
            level = (self._number * 3 + index * 60) % 200 + 20
            plane.update(bytes((level,)) * plane.buffer_size)
        self._number += 1
        frame.pts, frame.time_base = pts, fractions.Fraction(time_base)
        return frame


class Noise(Picture):
    """A picture of noise, which takes all that a coder may spend."""

    def __init__(self) -> None:
        super().__init__()
        drawn = random.Random(1)
        self._drawn = [drawn.randbytes(2 * self.width * self.height) for _ in range(8)]

    async def recv(self) -> av.VideoFrame:
        frame = await super().recv()
        plane = frame.planes[0]
        plane.update(self._drawn[self._number % len(self._drawn)][: plane.buffer_size])
        return frame


async def publish(
    media: Media, codec: str = "VP8", key: str = "orchard", picture: Picture | None = None
) -> Peer:
    peer = Peer(peer_connection(), media)
    video = peer.connection.addTransceiver(picture or Picture(), direction="sendonly")
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences([c for c in capabilities if c.name in (codec, "rtx")])
    peer.connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
    await peer.open(f"/whip/{BROADCAST}", {"Authorization": f"Bearer {key}"})
    source = media.access.keys[key].source
    await until(
        lambda: any(
            each["id"] == source and not each["away"]
            for each in media.relay.health(BROADCAST)["sources"]
        ),
        "the publisher's media flows",
    )
    return peer


async def view(media: Media) -> Peer:
    peer = Peer(peer_connection(), media)

    def on_track(track: MediaStreamTrack) -> None:
        peer.tasks.append(asyncio.ensure_future(peer.count(track)))

    peer.connection.on("track", on_track)
    peer.connection.addTransceiver("video", direction="recvonly")
    peer.connection.addTransceiver("audio", direction="recvonly")
    await peer.open(f"/whep/{BROADCAST}")
    return peer


@asynccontextmanager
async def ffmpeg(media: Media, *, keyframes: int, key: str = "orchard") -> AsyncIterator[None]:
    """ffmpeg publishes by WHIP until the block ends; “q” ends it, by a DELETE."""
    arguments = (
        f"-hide_banner -loglevel error -re -f lavfi -i testsrc2=size=320x180:rate=30 "
        f"-re -f lavfi -i sine=frequency=440 -c:v libx264 -profile:v baseline -tune zerolatency "
        f"-bf 0 -g {keyframes} -pix_fmt yuv420p -c:a libopus -ar 48000 -ac 2 "
        f"-authorization {key} -f whip {media.url}/whip/{BROADCAST}"
    )
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *arguments.split(),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        await process.communicate(b"q")
