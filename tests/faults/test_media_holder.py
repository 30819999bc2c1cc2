"""The server that has a broadcast's cameras and viewers is killed, or stopped and goes on: pictures
are back within fifteen seconds by the other server, and what wakes late writes nothing.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from secrets import token_hex
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.nodes.round_robin import RoundRobin
from tests.served import Served
from tests.waiting import until

from farmlive.broadcast.log import Log
from farmlive.bus import LocalBus
from farmlive.client import Api, ApiProblem
from farmlive.client.light_publisher import LightPublisher
from farmlive.client.light_viewer import LightViewer
from farmlive.nodes.tables import media_leases
from farmlive.people import People
from farmlive.settings import Settings
from farmlive.store import Store

pytestmark = [
    pytest.mark.redis,
    pytest.mark.postgresql,
    pytest.mark.timeout(180),
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

# As the pages do it (common/path.js, live/whep.js, studio/whip.js).
SILENT_S = 1.3
RESTART = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}


class Client:
    """A camera or a viewer that comes back by itself, as the pages do."""

    def __init__(self, url: str, key: str = ""):
        self._url, self._key = url, key
        self._http = httpx.AsyncClient(timeout=2)
        self._peer: Any = None
        self._task: asyncio.Task[None] | None = None
        self.refusals: list[str] = []
        self.packets = 0
        self.heard_at = 0.0

    async def __aenter__(self) -> "Client":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._leave()
        await self._http.aclose()

    async def _run(self) -> None:
        while True:
            made = LightPublisher(self._url, self._key) if self._key else LightViewer(self._url)
            self._peer = made
            try:
                await made.start()
            except ApiProblem as problem:
                self.refusals.append(problem.slug)
                await self._leave()
                await asyncio.sleep(problem.retry_after or 0.5)
                continue
            except (httpx.HTTPError, TimeoutError, ConnectionError) as error:
                self.refusals.append(type(error).__name__)
                await self._leave()
                await asyncio.sleep(0.5)
                continue
            await self._while_heard(made)
            await self._leave()

    async def _while_heard(self, peer: Any) -> None:
        heard, self.heard_at = -1, time.monotonic()
        while True:
            await asyncio.sleep(0.1)
            count = peer.feedbacks if self._key else peer.packets
            if count != heard:
                heard, self.heard_at = count, time.monotonic()
                self.packets += 1
            elif time.monotonic() - self.heard_at > SILENT_S and await self._is_gone(peer):
                return

    async def _is_gone(self, peer: Any) -> bool:
        fragment = f"a=ice-ufrag:{token_hex(4)}\r\na=ice-pwd:{token_hex(12)}\r\n"
        with contextlib.suppress(httpx.HTTPError):
            response = await self._http.patch(
                peer.session.location, content=fragment, headers=RESTART
            )
            return response.status_code == 404
        return False

    async def _leave(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.session = None  # the server that had it has forgotten it
            await peer.close()


class Stage:
    """Two servers in processes of their own, a balancer, a camera and viewers."""

    def __init__(
        self, servers: list[Served], balancer: RoundRobin, broadcast: str, settings: Settings
    ):
        self.servers, self.balancer, self.broadcast = servers, balancer, broadcast
        self._settings = settings
        self.viewers: list[Client] = []

    def all_see(self) -> Any:
        """A condition: each viewer gets more than now."""
        before = [viewer.packets for viewer in self.viewers]
        return lambda: all(
            viewer.packets > count + 3 for viewer, count in zip(self.viewers, before, strict=True)
        )

    def nobody_sees(self) -> bool:
        """Whether no viewer has got anything for a moment."""
        return all(viewer.heard_at < time.monotonic() - 0.5 for viewer in self.viewers)

    async def holder(self) -> Served:
        """The server that has the lease."""
        store = await Store.open(self._settings)
        row = await store.read(lambda conn: conn.execute(select(media_leases)).one())
        await store.close()
        return next(server for server in self.servers if server.url == row.url)

    async def events(self) -> list[str]:
        store = await Store.open(self._settings)
        found = await store.read(lambda conn: Log(LocalBus()).events(conn, self.broadcast))
        await store.close()
        media = ("source.", "broadcast.paused", "broadcast.resumed")
        return [event.kind for event in found if event.kind.startswith(media)]


@pytest.fixture
async def stage(settings: Settings, tables: None) -> AsyncIterator[Stage]:
    servers = [Served(settings), Served(settings)]
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.end, signal.SIGKILL)
        await asyncio.gather(*(server.start() for server in servers))
        yield await opened(settings, servers, stack)


async def opened(settings: Settings, servers: list[Served], stack: AsyncExitStack) -> Stage:
    """A camera and viewers at two servers that run."""
    store = await Store.open(settings)
    _, key = await People(store, settings).create_api_key("test", "coordinator")
    await store.close()
    ports = [server.port for server in servers]
    balancer = await stack.enter_async_context(RoundRobin(ports).serving())
    api = await stack.enter_async_context(Api(balancer.url, key=key))
    broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
    await api.start(broadcast)
    camera = (await api.stream_key(broadcast, "encoder", "Orchard"))["key"]
    stage = Stage(servers, balancer, broadcast, settings)
    await stack.enter_async_context(Client(f"{balancer.url}/whip/{broadcast}", camera))
    for _ in range(4):
        viewer = Client(f"{balancer.url}/whep/{broadcast}")
        stage.viewers.append(await stack.enter_async_context(viewer))
    await until(stage.all_see(), "all see the orchard")
    return stage


async def test_the_holder_is_killed_and_all_see_again_within_15_s(stage: Stage) -> None:
    holder = await stage.holder()
    for viewer in stage.viewers:
        viewer.refusals.clear()
    killed_at = time.monotonic()
    await holder.end(signal.SIGKILL)
    await until(stage.nobody_sees, "nobody sees anything")
    await until(stage.all_see(), "all see again", 15 - (time.monotonic() - killed_at))
    assert await stage.holder() is not holder
    assert {each for viewer in stage.viewers for each in viewer.refusals} <= {
        "media-server-away",
        "nobody-publishing",
        "RemoteProtocolError",  # under way as it was killed
    }
    assert await stage.events() == [
        "source.joined",
        "source.switched",
        "broadcast.paused",
        "source.left",
        "source.joined",
        "source.switched",
    ]
    # And back at the first one, which has started again.
    await holder.start()
    second = await stage.holder()
    await second.end(signal.SIGTERM)
    await until(stage.all_see(), "all see again")
    assert await stage.holder() is holder


async def test_a_holder_that_wakes_after_its_lease_writes_nothing(stage: Stage) -> None:
    holder = await stage.holder()
    stopped_at = time.monotonic()
    holder.send(signal.SIGSTOP)
    stage.balancer.ports.remove(holder.port)  # as one that looks after its servers does
    async with httpx.AsyncClient(timeout=10) as http:
        # Nobody waits for it longer than seconds, and the next ones not at all.
        for within_s in (7, 1):
            asked_at = time.monotonic()
            response = await http.post(
                f"{stage.balancer.url}/whep/{stage.broadcast}",
                content="v=0\r\n",
                headers={"Content-Type": "application/sdp"},
            )
            assert response.json()["type"] == "/problems/media-server-away"
            assert (response.status_code, response.headers["retry-after"]) == (503, "2")
            assert time.monotonic() - asked_at < within_s
    await until(stage.nobody_sees, "nobody sees anything")
    await until(stage.all_see(), "all see again", 15 - (time.monotonic() - stopped_at))
    other = await stage.holder()
    assert other is not holder
    before = await stage.events()
    holder.send(signal.SIGCONT)
    async with httpx.AsyncClient() as http:

        async def has_let_go() -> bool:
            metrics = (await http.get(f"{holder.url}/metrics")).text
            return "farmlive_media_sources 0.0" in metrics

        await until(has_let_go, "its media ends")
    assert await stage.holder() is other
    await until(stage.all_see(), "all see on")
    assert await stage.events() == before
