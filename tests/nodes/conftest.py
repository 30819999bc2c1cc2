"""Two servers on one database behind a balancer without stickiness, and a broadcast on them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import httpx
import pytest
from tests.nodes.round_robin import RoundRobin
from tests.support.free_ports import free_port
from tests.support.waiting import LONG_S, until

from farmlive.client import Api, ApiProblem, Channel
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.server import Server, running
from farmlive.settings import Settings

FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}


async def reached(asked: Awaitable[object]) -> bool:
    """Whether the holder answered: on a busy machine it may be late, and is asked again as
    encoders and pages do.
    """
    try:
        await asked
    except ApiProblem as problem:
        if problem.slug != "media-server-away":
            raise
        return False
    return True


@dataclass
class Pair:
    """Two servers, the balancer before them, and a live broadcast."""

    one: Server
    other: Server
    balancer: RoundRobin
    api: Api
    key: str
    broadcast: str
    stack: AsyncExitStack
    peers: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.balancer.url

    async def camera(self, label: str, url: str = "") -> tuple[LightPublisher, str]:
        """A camera that sends, by the balancer or to one server: it and its source."""
        made = await self.api.create_stream_key(self.broadcast, "encoder", label)
        return await self.publish(made["key"], url), made["source"]

    async def publish(self, key: str, url: str = "") -> LightPublisher:
        async def start() -> LightPublisher | None:
            publisher = LightPublisher(f"{url or self.url}/whip/{self.broadcast}", key)
            return publisher if await reached(publisher.start()) else None

        publisher = await until(start, "the holder of the cameras answers")
        self.peers.append(publisher)
        return publisher

    async def watch(
        self, url: str = "", source: str = "", bearer: str | None = None, query: str = ""
    ) -> Any:
        asked = f"source={source}" if source else query
        viewer = LightViewer(
            f"{url or self.url}/whep/{self.broadcast}?{asked}", bearer=bearer, patience_s=10
        )
        self.peers.append(viewer)
        await viewer.start()
        return viewer

    async def restart(self, http: httpx.AsyncClient, peer: Any, key: str = "") -> httpx.Response:
        """Restart ICE by PATCH."""
        fragment = f"a=ice-ufrag:{token_hex(4)}\r\na=ice-pwd:{token_hex(12)}\r\n"
        headers = FRAGMENT | ({"Authorization": f"Bearer {key}"} if key else {})
        return await http.patch(peer.session.location, content=fragment, headers=headers)

    @property
    def holder(self) -> Server:
        """The server that has the lease."""
        return next(s for s in (self.one, self.other) if s.house.media.leases.holds(self.broadcast))

    @property
    def idle(self) -> Server:
        """The other one."""
        return self.other if self.holder is self.one else self.one

    async def events(self) -> list[tuple[str, str]]:
        """Kind and source of what media told."""
        house = self.one.house
        found = await house.store.read(lambda conn: house.log.events(conn, self.broadcast))
        return [
            (event.kind, event.data.get("source", ""))
            for event in found
            if event.kind.startswith(("source.", "broadcast.pau", "broadcast.res"))
        ]

    async def channel(self, server: Server, **options: Any) -> Channel:
        found = await Channel.connect(server.url, self.broadcast, **options)
        return await self.stack.enter_async_context(found)


def node(settings: Settings, **changed: Any) -> Settings:
    """Settings of a server that others reach."""
    port = free_port()
    mine = {"port": port, "node_url": f"http://127.0.0.1:{port}", "trusted_proxies": ("127.0.0.1",)}
    return settings.model_copy(update=mine | changed)


@pytest.fixture
async def pair(settings: Settings, tables: None) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(running(node(settings)))
        other = await stack.enter_async_context(running(node(settings)))
        async with asyncio.timeout(LONG_S):
            for each in (one, other):
                await each.house.bus.joined.wait()  # type: ignore[attr-defined]
        balancer = await stack.enter_async_context(RoundRobin([one.port, other.port]).serving())
        _, key = await one.house.people.create_api_key("test", "host")
        api = await stack.enter_async_context(Api(balancer.url, key=key))
        broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
        await api.start(broadcast)
        pair = Pair(one, other, balancer, api, key, broadcast, stack)
        yield pair
        for peer in pair.peers:
            await reached(peer.close())
        await until(lambda: not one.house.media.relay.viewers().get(broadcast), "all have left")
