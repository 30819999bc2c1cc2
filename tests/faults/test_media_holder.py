"""The server that has a broadcast's cameras and viewers is killed, or stopped and goes on: pictures
are back by the other server, and what wakes late writes nothing.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from secrets import token_hex
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.nodes.round_robin import RoundRobin
from tests.support.parts import local_log, people_of
from tests.support.server_process import Served
from tests.support.waiting import LONG_S, until

from farmlive.client import Api, ApiProblem
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.nodes.tables import media_leases
from farmlive.settings import Settings
from farmlive.store import Store

pytestmark = [
    pytest.mark.redis,
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

# As the pages restart ICE, to learn whether a session is still there.
RESTART = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
# A page leaves the server some time, too, before it asks again.
AGAIN_S = 0.5


class Client:
    """A camera or a viewer; what pages do by themselves to come back, it does step by step."""

    def __init__(self, url: str, key: str = ""):
        self._url, self._key = url, key
        self._http = httpx.AsyncClient(timeout=LONG_S)
        self._peer: Any = None
        self.refusals: list[str] = []

    async def __aenter__(self) -> "Client":
        await until(self._joins, "it joins", every_s=AGAIN_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()
        await self._http.aclose()

    @property
    def packets(self) -> int:
        """What came of the session that it has."""
        return int(self._peer.packets)

    async def come_back(self) -> None:
        """Wait until the session is gone with its server, and join anew."""
        await until(self._is_gone, "the session is gone", every_s=AGAIN_S)
        await self._leave()
        await until(self._joins, "it joins anew", every_s=AGAIN_S)

    async def _joins(self) -> bool:
        self._peer = LightPublisher(self._url, self._key) if self._key else LightViewer(self._url)
        try:
            await self._peer.start()
        except ApiProblem as problem:
            self.refusals.append(problem.slug)
        except (httpx.HTTPError, TimeoutError, ConnectionError) as error:
            self.refusals.append(type(error).__name__)
        else:
            return True
        await self._leave()
        return False

    async def _is_gone(self) -> bool:
        fragment = f"a=ice-ufrag:{token_hex(4)}\r\na=ice-pwd:{token_hex(12)}\r\n"
        with contextlib.suppress(httpx.HTTPError):
            response = await self._http.patch(
                self._peer.session.location, content=fragment, headers=RESTART
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
        self.camera: Client
        self.viewers: list[Client] = []

    async def all_see(self) -> None:
        """Wait until each viewer gets more than now."""
        before = [viewer.packets for viewer in self.viewers]

        def see_more() -> bool:
            counts = zip(self.viewers, before, strict=True)
            return all(viewer.packets > count + 50 for viewer, count in counts)

        await until(see_more, "all see the orchard")

    async def all_come_back(self) -> None:
        """Within 15 s, the documents say; a machine that tests may be slower."""
        await asyncio.gather(*(each.come_back() for each in (self.camera, *self.viewers)))
        await self.all_see()

    async def holder(self) -> Served:
        """The server that has the lease."""
        store = await Store.open(self._settings)
        row = await store.read(lambda conn: conn.execute(select(media_leases)).one())
        await store.close()
        return next(server for server in self.servers if server.url == row.url)

    async def events(self) -> list[str]:
        store = await Store.open(self._settings)
        found = await store.read(lambda conn: local_log().events(conn, self.broadcast))
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
    _, key = await people_of(store, settings).create_api_key("test", "coordinator")
    await store.close()
    ports = [server.port for server in servers]
    balancer = await stack.enter_async_context(RoundRobin(ports).serving())
    api = await stack.enter_async_context(Api(balancer.url, key=key))
    broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
    await api.start(broadcast)
    camera = (await api.create_stream_key(broadcast, "encoder", "Orchard"))["key"]
    stage = Stage(servers, balancer, broadcast, settings)
    publisher = Client(f"{balancer.url}/whip/{broadcast}", camera)
    stage.camera = await stack.enter_async_context(publisher)
    for _ in range(4):
        viewer = Client(f"{balancer.url}/whep/{broadcast}")
        stage.viewers.append(await stack.enter_async_context(viewer))
    await stage.all_see()
    return stage


async def test_the_holder_is_killed_and_all_see_again(stage: Stage) -> None:
    holder = await stage.holder()
    for viewer in stage.viewers:
        viewer.refusals.clear()
    await holder.end(signal.SIGKILL)
    await stage.all_come_back()
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
    await stage.all_come_back()
    assert await stage.holder() is holder


async def test_a_holder_that_wakes_after_its_lease_writes_nothing(stage: Stage) -> None:
    holder = await stage.holder()
    holder.send(signal.SIGSTOP)
    stage.balancer.ports.remove(holder.port)  # as one that looks after its servers does
    async with httpx.AsyncClient(timeout=LONG_S) as http:
        # Nobody waits for it until it goes on.
        response = await http.post(
            f"{stage.balancer.url}/whep/{stage.broadcast}",
            content="v=0\r\n",
            headers={"Content-Type": "application/sdp"},
        )
        assert response.json()["type"] == "/problems/media-server-away"
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    await stage.all_come_back()
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
    await stage.all_see()
    assert await stage.events() == before
