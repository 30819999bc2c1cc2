"""A live broadcast with cameras, guests and viewers."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from tests.support.clerks import role_key
from tests.support.parts import replace_lookups
from tests.support.waiting import LONG_S

from farmlive.client import Api, Channel
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.people.core.roles import KeyRole
from farmlive.server import Server

FARM = "01JD00000000000000000000F1"


@dataclass
class Show:
    """A live broadcast, the host's client and channel, and what runs beside them."""

    server: Server
    api: Api
    broadcast: str
    host: Channel
    opened: AsyncExitStack

    async def publish(self, key: str) -> LightPublisher:
        publisher = LightPublisher(f"{self.server.url}/whip/{self.broadcast}", key)
        self.opened.push_async_callback(publisher.close)
        await publisher.start()
        return publisher

    async def camera(self, label: str) -> str:
        """A camera of the farm's own that sends: its source."""
        made = await self.api.create_stream_key(self.broadcast, "encoder", label)
        await self.publish(made["key"])
        await self.host.wait_for("source.joined", source=made["source"])
        return str(made["source"])

    async def guest(self, label: str = "Aunt Lin") -> dict[str, Any]:
        """A guest who sends: the link and the key."""
        made = await self.api.invite_guest(self.broadcast, label)
        minted = await self.api.guest_key(made["url"])
        await self.publish(minted["key"])
        joined = await self.host.wait_for("source.joined", source=minted["source"])
        assert joined.data == {"source": minted["source"], "label": label, "guest": True}
        return {**made, **minted}

    async def watch(self, source: str = "", bearer: str | None = None) -> LightViewer:
        query = f"?source={source}" if source else ""
        viewer = LightViewer(f"{self.server.url}/whep/{self.broadcast}{query}", bearer=bearer)
        self.opened.push_async_callback(viewer.close)
        await viewer.start()
        return viewer

    async def key(self, role: KeyRole) -> str:
        replace_lookups(self.server.house.people, require_farm=lambda _connection, _farm: None)
        farms = [FARM] if role == "seller" else []
        return await role_key(self.server.house, role, farms)

    async def flows(self, source: str) -> dict[str, Any]:
        """The source's health, once its media flows."""
        async with asyncio.timeout(LONG_S):
            while True:
                for found in (await self.api.health(self.broadcast))["sources"]:
                    if found["id"] == source and not found["away"]:
                        return dict(found)


async def opened_show(server: Server, stack: AsyncExitStack) -> Show:
    _, secret = await server.house.people.create_api_key("test", "host")
    api = await stack.enter_async_context(Api(server.url, key=secret))
    broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
    await api.start(broadcast)
    host = await Channel.connect(server.url, broadcast, key=secret)
    await stack.enter_async_context(host)
    return Show(server, api, broadcast, host, stack)
