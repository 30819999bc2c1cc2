"""PostgreSQL hangs for longer than a lease lasts: its holder is well, and keeps it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from tests.faults.postgresql import OwnPostgreSQL
from tests.nodes.conftest import node
from tests.support.waiting import until

from farmlive.client import Api, ApiProblem
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.server import running
from farmlive.settings import Settings

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def database() -> AsyncIterator[OwnPostgreSQL]:
    made = OwnPostgreSQL()
    await made.start()
    yield made
    await made.end()


async def test_cameras_and_viewers_stay_where_they_are(
    settings: Settings, database: OwnPostgreSQL
) -> None:
    shared = settings.model_copy(update={"database_url": database.url, "redis_url": ""})
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(running(node(shared)))
        other = await stack.enter_async_context(running(node(shared)))
        _, key = await one.house.people.create_api_key("test", "host")
        api = await stack.enter_async_context(Api(one.url, key=key))
        broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
        await api.start(broadcast)
        keys = [
            (await api.create_stream_key(broadcast, "encoder", label))["key"]
            for label in ("Hall", "Barn")
        ]
        first = LightPublisher(f"{one.url}/whip/{broadcast}", keys[0])
        viewer = LightViewer(f"{other.url}/whep/{broadcast}", patience_s=10)
        for each in (first, viewer):
            stack.push_async_callback(each.close)
            await each.start()
        await viewer.wait_packets(50)

        refusals: list[str] = []

        async def comes_in() -> bool:
            second = LightPublisher(f"{other.url}/whip/{broadcast}", keys[1])
            try:
                await second.start()
            except (ApiProblem, httpx.HTTPError) as error:
                refusals.append(getattr(error, "slug", ""))
                await second.close()
                return False
            stack.push_async_callback(second.close)
            return True

        renewing = one.house.media.leases._renewing
        await renewing.stop()
        database.freeze()
        try:
            coming = asyncio.create_task(until(comes_in, "the second camera is in"))
            stack.callback(coming.cancel)
            away = other.house.outages.register("database")
            held = one.house.media.leases.holds
            await until(lambda: not held(broadcast) and away.failing, "the lease has run out")
        finally:
            database.go_on()
        # Its holder comes second, as it may where both find the database back.
        await until(lambda: "media-server-away" in refusals or coming.done(), "it was asked for")
        await renewing.start()
        await coming
        assert one.house.media.leases.epoch(broadcast) == 1
        assert other.house.media.leases.epoch(broadcast) is None
        assert one.house.media.relay.viewers() == {broadcast: 1}
        assert len(one.house.media.relay.health(broadcast)["sources"]) == 2
        await viewer.wait_packets(viewer.packets + 50)
