"""What every test may use: settings in a folder of its own, the store on each database, the log.

A server on SQLite stands alone; one on PostgreSQL has the bus of Redis too.
"""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from farmlive.app import Server, running
from farmlive.broadcast.log import Log
from farmlive.bus import LocalBus
from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.store import Store

POSTGRESQL = os.environ.get("FARMLIVE_TEST_POSTGRESQL", "")
REDIS = os.environ.get("FARMLIVE_TEST_REDIS", "")

databases = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a server that is not there; `scripts/test` starts them all."""
    for item in items:
        if item.get_closest_marker("postgresql") and not POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason="FARMLIVE_TEST_POSTGRESQL is not set"))
        if item.get_closest_marker("redis") and not REDIS:
            item.add_marker(pytest.mark.skip(reason="FARMLIVE_TEST_REDIS is not set"))


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database: SQLite's is the empty address, PostgreSQL's is made for this test."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield ""
        return
    name = sql.Identifier(f"test_{ulid().lower()}")
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield POSTGRESQL.rpartition("/")[0] + "/" + name._obj[0]
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a server of the test's own."""
    return Settings(
        data=tmp_path / "data",
        database_url=database_url,
        redis_url=REDIS if database_url else "",
        port=0,
        udp_port=0,
        udp_addresses=("127.0.0.1",),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that uses the store on each database."""
    if {"store", "server"} & set(metafunc.fixturenames):
        metafunc.parametrize("database_url", databases, indirect=True)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """The store, opened and migrated."""
    store = await Store.open(settings)
    yield store
    await store.close()


@pytest.fixture
def log(store: Store) -> Log:
    """The log, on a bus of this process."""
    return Log(LocalBus())


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Server]:
    """A server that runs on a free port of loopback."""
    async with running(settings) as server:
        yield server


@pytest.fixture
async def coordinator(server: Server) -> str:
    """An API key of a coordinator."""
    _, secret = await server.house.people.create_api_key("test", "coordinator")
    return secret
