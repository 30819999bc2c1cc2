"""A relay behind HTTP on loopback, a gate that keeps what it was told, and peers of aiortc."""

import asyncio
import fractions
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import av
import httpx
import imageio_ffmpeg
import pytest
import uvicorn
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from fastapi import Request
from starlette.responses import JSONResponse
from tests.conftest import engines
from tests.media.sps import MAIN_WITH_B
from tests.waiting import until

from farmlive.edge.contracts import raises
from farmlive.media import Admission, MediaEvent, Relay
from farmlive.media.engine.interface import Engine, Place, Times
from farmlive.media.engine_choice import choose
from farmlive.media.routes import routes
from farmlive.media.session_service import Here
from farmlive.media.signalling.session import Session
from farmlive.openapi import Api
from farmlive.people.core.cookies import Cookies
from farmlive.problems import MEDIA_TYPE, NotFound, Problem, TooMany, Unauthorized
from farmlive.settings import Settings

BROADCAST = "01JD0000000000000000000000"


@dataclass
class KeptGate:
    """Keys by name, the broadcast that exists, and every event in order."""

    keys: dict[str, Admission] = field(
        default_factory=lambda: {
            "orchard": Admission("orchard", "Orchard"),
            "orchard-obs": Admission("orchard", "Orchard"),
            "kitchen": Admission("kitchen", "Kitchen"),
            "guest": Admission("guest", "Aunt Lin", guest=True, device="phone"),
            "guest-tablet": Admission("guest", "Aunt Lin", guest=True, device="tablet"),
        }
    )
    events: list[MediaEvent] = field(default_factory=list)
    changes: int = 1000
    empty_handed: int = 0

    @raises(NotFound, Unauthorized)
    async def publish(self, broadcast: str, bearer: str | None, request: Request) -> Admission:
        if broadcast != BROADCAST:
            raise NotFound("There is no such broadcast.")
        if bearer not in self.keys:
            raise Unauthorized("Send the stream key that the studio shows.")
        return self.keys[bearer]

    @raises(NotFound)
    async def play(self, broadcast: str, request: Request) -> str | None:
        if broadcast != BROADCAST:
            raise NotFound("There is no such broadcast.")
        return request.client.host if request.client else None

    @raises(Unauthorized)
    async def preview(
        self, broadcast: str, source: str, bearer: str | None, request: Request
    ) -> None:
        await self.play(broadcast, request)
        if bearer != "crew":
            raise Unauthorized("Sign in.")

    def plays(self, broadcast: str, session: str, request: Request) -> None:
        """Nobody plays by a role here."""

    def nothing_to_play(self, request: Request) -> None:
        self.empty_handed += 1

    @raises(TooMany)
    def change(self, request: Request) -> None:
        if self.changes == 0:
            raise TooMany("Try again in 1 s.", headers={"Retry-After": "1"})
        self.changes -= 1

    def tell(self, event: MediaEvent) -> None:
        self.events.append(event)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.kind, event.source) for event in self.events]


@dataclass
class Media:
    """A relay that serves, and how to reach it."""

    relay: Relay
    gate: KeptGate
    url: str
    http: httpx.AsyncClient
    peers: list["Peer"] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.relay._engine

    @property
    def held(self) -> dict[str, int]:
        """What the engine holds."""
        return dict(self.engine.census())

    def session(self, peer: "Peer") -> Session:
        """The session of a peer, while it is open."""
        return self.relay._sessions._by_token[peer.location.rpartition("/")[2]]

    def place(self, peer: "Peer") -> Place | None:
        """Where the engine reaches it."""
        return self.engine.place(self.session(peer).peer)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever has a relay runs on each engine."""
    if "engine_name" in metafunc.fixturenames:
        metafunc.parametrize("engine_name", engines, indirect=True)


@asynccontextmanager
async def serving(
    settings: Settings, host: str = "127.0.0.1", times: Times | None = None
) -> AsyncIterator[Media]:
    gate = KeptGate()
    relay = Relay(settings, gate, choose(settings.engine, settings.send_threads, times))
    await relay.start()
    app = Api(Cookies(secure=False))
    app.include_router(routes(Here(relay), gate, settings))

    async def answer(_: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, Problem)
        return JSONResponse(problem.body(), problem.status, problem.headers, MEDIA_TYPE)

    app.add_exception_handler(Problem, answer)
    config = uvicorn.Config(app, host=host, port=0, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    await until(lambda: server.started, "the HTTP server started")
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://{host}:{port}"
    async with httpx.AsyncClient(base_url=url) as http:
        media = Media(relay, gate, url, http)
        try:
            yield media
        finally:
            for peer in media.peers:
                await peer.close()
            await relay.stop()
            server.should_exit = True
            await task


@pytest.fixture
def times() -> Times | None:
    """For how long the engine waits; None: as usual."""
    return None


@pytest.fixture
async def media(settings: Settings, times: Times | None) -> AsyncIterator[Media]:
    async with serving(settings, times=times) as media:
        yield media


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


async def publish(media: Media, codec: str = "VP8", key: str = "orchard") -> Peer:
    peer = Peer(peer_connection(), media)
    video = peer.connection.addTransceiver(Picture(), direction="sendonly")
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    video.setCodecPreferences([c for c in capabilities if c.name in (codec, "rtx")])
    peer.connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
    await peer.open(f"/whip/{BROADCAST}", {"Authorization": f"Bearer {key}"})
    source = media.gate.keys[key].source
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
