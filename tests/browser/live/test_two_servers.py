"""Two servers behind a balancer without stickiness, in Chromium: a host's own camera, and a viewer;
the server that has both is killed, and pictures are back by themselves.
"""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import expect
from sqlalchemy import select
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.support.playing import FRAMES
from tests.nodes.round_robin import RoundRobin
from tests.support.parts import people_of
from tests.support.server_process import Served
from tests.support.waiting import LONG_S

from farmlive.client import Api
from farmlive.nodes.tables import media_leases
from farmlive.settings import Settings
from farmlive.store import Store

pytestmark = [
    pytest.mark.browser,
    pytest.mark.redis,
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

PASSWORD = "kumquats in winter"
SHOWN = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames"


@dataclass
class Site:
    """The balancer's address, and the servers behind it."""

    url: str
    port: int
    servers: list[Served]
    settings: Settings
    broadcast: str = ""

    async def holder(self) -> Served:
        store = await Store.open(self.settings)
        row = await store.read(lambda conn: conn.execute(select(media_leases)).one())
        await store.close()
        return next(server for server in self.servers if server.url == row.url)


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings, tables: None) -> AsyncIterator[Site]:
    servers = [Served(settings), Served(settings)]
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.push_async_callback(server.end, signal.SIGKILL)
            await server.start()
        store = await Store.open(settings)
        people = people_of(store, settings)
        await people.create_account("mei", "coordinator", PASSWORD)
        _, key = await people.create_api_key("test", "coordinator")
        await store.close()
        ports = [server.port for server in servers]
        balancer = await stack.enter_async_context(RoundRobin(ports).serving())
        site = Site(balancer.url, balancer.port, servers, settings)
        async with Api(balancer.url, key=key) as api:
            site.broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
        yield site


async def test_pictures_are_back_after_the_end_of_their_server(site: Site, new_page: Open) -> None:
    """Within 15 s, the documents say; pages that do not come back by themselves never do."""
    studio = await new_page(size=DESK, kept=False)
    await studio.context.grant_permissions(["camera", "microphone"])
    answer = await studio.context.request.post(
        "/api/v1/session", data={"name": "mei", "password": PASSWORD}
    )
    assert answer.ok
    await studio.goto(f"/studio/{site.broadcast}")
    await studio.get_by_role("button", name="Use this camera").click()
    await studio.get_by_role("button", name="Start").click()
    viewer = await new_page(size=PHONE, kept=False)
    await viewer.goto(f"/live/{site.broadcast}")
    await viewer.evaluate(FRAMES, 10)
    slate = viewer.locator("#slate")
    await expect(slate).to_be_hidden()
    holder = await site.holder()
    await holder.end(signal.SIGKILL)
    await expect(slate).to_be_visible()
    await expect(slate).to_be_hidden(timeout=LONG_S * 1000)
    await viewer.evaluate(FRAMES, await viewer.evaluate(SHOWN))
    assert await site.holder() is not holder
    await expect(studio.get_by_text("Viewers see this camera.")).to_be_visible()
