"""What every test may use: settings in a folder of its own, the store on each database, the log.

A server on SQLite stands alone; one on PostgreSQL has the bus of Redis too.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.parts import local_log
from tests.support.waiting import LONG_S

from farmlive.broadcast.log import Log
from farmlive.client import Channel
from farmlive.client.commands import Commands
from farmlive.client.connection import Connection
from farmlive.client.media.light_viewer import LightViewer
from farmlive.client.media.rtp_peer import RtpPeer
from farmlive.client.media.whep import Viewer
from farmlive.client.media.whip import Publisher
from farmlive.server import Server, running
from farmlive.settings import Settings
from farmlive.store import Store

pytest_plugins = [
    "tests.support.plugins.databases",
    "tests.support.plugins.engines",
    "tests.support.plugins.invariants",
    "tests.support.plugins.scheduling",
    "tests.support.plugins.suite_cost",
    "tests.support.plugins.time_spent",
]

# Files that hold no tests, and whose assertions say their values all the same.
pytest.register_assert_rewrite(
    "tests.fuzz.live_engine",
    "tests.fuzz.engine_driver",
    "tests.shop.ledger.agreement",
    "tests.shop.ledger.booth",
    "tests.shop.ledger.flash_trade",
    "tests.shop.ledger.trade",
)

# A test's own requests have as long as all else that is sure to come (tests/support/waiting.py);
# farmlive's say by themselves how long they have.
for function in (httpx.AsyncClient.__init__, httpx.Client.__init__):
    assert function.__kwdefaults__ is not None
    function.__kwdefaults__["timeout"] = httpx.Timeout(LONG_S)
for function in (Connection.__init__, *vars(Channel).values(), *vars(Commands).values()):
    if "timeout_s" in (getattr(function, "__kwdefaults__", None) or {}):
        function.__kwdefaults__["timeout_s"] = LONG_S
patient: list[Any] = [
    *(Channel.wait_for, LightViewer.wait_packets, RtpPeer.connect),
    *(Publisher.start, Viewer.start, Viewer.wait_frames),
]
for function in patient:
    assert function.__defaults__ == (10.0,)
    function.__defaults__ = (LONG_S,)


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str, engine_name: str) -> Settings:
    """Settings of a server of the test's own."""
    return Settings(
        data=tmp_path / "data",
        database_url=database_url,
        redis_url=redis_url,
        port=0,
        udp_port=0,
        udp_addresses=("127.0.0.1",),
        engine=engine_name,
        county_name="Youxi",
        county_contact="orders@example.org",
        # One buyer of a test orders often, and what is told is looked for at once.
        notices_per_hour=10_000,
        notices_per_day=10_000,
        notice_gather_minutes=0,
    )


@pytest.fixture
async def store(settings: Settings, tables: None) -> AsyncIterator[Store]:
    """The store, opened and migrated."""
    store = await Store.open(settings)
    yield store
    await store.close()


@pytest.fixture
def log(store: Store) -> Log:
    """The log, on a bus of this process."""
    return local_log()


@pytest.fixture
async def server(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server that runs on a free port of loopback."""
    async with running(settings) as server:
        yield server


@pytest.fixture
async def coordinator(server: Server) -> str:
    """An API key of a coordinator."""
    _, secret = await server.house.people.create_api_key("test", "coordinator")
    return secret
