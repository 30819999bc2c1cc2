"""A relay behind HTTP on loopback, and an access policy that keeps what it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import httpx
import pytest
import uvicorn
from fastapi import Request
from starlette.responses import JSONResponse
from tests.support.waiting import until

from farmlive.edge.contracts import raises
from farmlive.media import Admission, MediaEvent, Relay
from farmlive.media.engine.interface import Engine, RemoteAddress, Timeouts
from farmlive.media.engine_choice import choose
from farmlive.media.routes.sessions import routes
from farmlive.media.session_service import LocalSessions
from farmlive.media.signalling.session import Session
from farmlive.openapi import Api
from farmlive.people.core.cookies import Cookies
from farmlive.problems import MEDIA_TYPE, NotFound, Problem, TooMany, Unauthorized
from farmlive.settings import Settings

BROADCAST = "01JD0000000000000000000000"


async def _nothing_was_on_air(broadcast: str) -> None:
    """A server without a database has no source that was on air before."""


@dataclass
class RecordingPolicy:
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
    async def authorize_publish(
        self, broadcast: str, bearer: str | None, request: Request
    ) -> Admission:
        if broadcast != BROADCAST:
            raise NotFound("There is no such broadcast.")
        if bearer not in self.keys:
            raise Unauthorized("Send the stream key that the studio shows.")
        return self.keys[bearer]

    @raises(NotFound)
    async def authorize_play(self, broadcast: str, request: Request) -> str | None:
        if broadcast != BROADCAST:
            raise NotFound("There is no such broadcast.")
        return request.client.host if request.client else None

    @raises(Unauthorized)
    async def authorize_preview(
        self, broadcast: str, source: str, bearer: str | None, request: Request
    ) -> None:
        await self.authorize_play(broadcast, request)
        if bearer != "crew":
            raise Unauthorized("Sign in.")

    def record_session(self, broadcast: str, session: str, request: Request) -> None:
        """Nobody plays by a role here."""

    def record_nothing_to_play(self, request: Request) -> None:
        self.empty_handed += 1

    @raises(TooMany)
    def authorize_look(self, request: Request) -> None:
        if self.changes == 0:
            raise TooMany("Try again in 1 s.", headers={"Retry-After": "1"})

    @raises(TooMany)
    def authorize_change(self, request: Request) -> None:
        if self.changes == 0:
            raise TooMany("Try again in 1 s.", headers={"Retry-After": "1"})
        self.changes -= 1

    @raises(TooMany)
    def authorize_report(self, request: Request) -> None:
        self.authorize_change(request)

    def handle_event(self, event: MediaEvent) -> None:
        self.events.append(event)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.kind, event.source) for event in self.events]


class OpenPeer(Protocol):
    """A peer with a session of the relay: its URL, and its end."""

    location: str

    async def close(self) -> None: ...


@dataclass
class Media:
    """A relay that serves, and how to reach it."""

    relay: Relay
    access: RecordingPolicy
    url: str
    http: httpx.AsyncClient
    peers: list[OpenPeer] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.relay._engine

    @property
    def held(self) -> dict[str, int]:
        """What the engine holds."""
        return dict(self.engine.gauges())

    def session(self, peer: OpenPeer) -> Session:
        """The session of a peer, while it is open."""
        return self.relay._sessions._by_token[peer.location.rpartition("/")[2]]

    def place(self, peer: OpenPeer) -> RemoteAddress | None:
        """Where the engine reaches it."""
        return self.engine.remote_address(self.session(peer).peer)


@asynccontextmanager
async def serving(
    settings: Settings, host: str = "127.0.0.1", times: Timeouts | None = None
) -> AsyncIterator[Media]:
    access = RecordingPolicy()
    relay = Relay(
        settings, access.handle_event, choose(settings.engine, settings.send_threads, times)
    )
    await relay.start()
    app = Api(Cookies(secure=False))
    app.include_router(routes(LocalSessions(relay, _nothing_was_on_air), access, settings))

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
        media = Media(relay, access, url, http)
        try:
            yield media
        finally:
            for peer in media.peers:
                await peer.close()
            await relay.stop()
            server.should_exit = True
            await task


@pytest.fixture
def times() -> Timeouts | None:
    """For how long the engine waits; None: as usual."""
    return None


@pytest.fixture
async def media(settings: Settings, times: Timeouts | None) -> AsyncIterator[Media]:
    async with serving(settings, times=times) as media:
        yield media
