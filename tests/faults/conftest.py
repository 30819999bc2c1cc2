"""A server in a process of its own, that a test can kill and start again."""

import signal
from collections.abc import AsyncIterator

import pytest
from tests.support.parts import people_of
from tests.support.server_process import Served

from farmlive.settings import Settings
from farmlive.store import Store


@pytest.fixture
async def served(settings: Settings, tables: None) -> AsyncIterator[Served]:
    server = Served(settings)
    await server.start()
    yield server
    await server.end(signal.SIGTERM)


@pytest.fixture
async def key(served: Served, settings: Settings) -> str:
    store = await Store.open(settings)
    _, secret = await people_of(store, settings).create_api_key("test", "coordinator")
    await store.close()
    return secret
