"""One server for all tests of a module, which clauses are tried against."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from tests.media.support.media_server import BROADCAST, Media, serving
from tests.support.waiting import until

from farmlive.client.media.light_publisher import LightPublisher
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import Kind
from farmlive.settings import Settings


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relayed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Media]:
    """A server on which a kitchen publishes; the orchard's key is free."""
    settings = Settings(
        data=tmp_path_factory.mktemp("data"), port=0, udp_port=0, udp_addresses=("127.0.0.1",)
    )
    async with serving(settings) as media:
        publisher = LightPublisher(f"{media.url}/whip/{BROADCAST}", "kitchen")
        await publisher.start()
        await until(lambda: ("switched", "kitchen") in media.access.told, "the stream is on air")
        yield media
        await publisher.close()


def examined(media: Media, kind: Kind, http: httpx.AsyncClient) -> Target:
    """The server as a checker sees it that has the orchard's key."""
    return Target(kind, f"{media.url}/{kind}/{BROADCAST}", "orchard", http)
