"""Clerks, their keys and invitations from before clerks had centres: all centres are theirs."""

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text
from tests.store.later import writer_of

from farmlive.people import accounts, invitations, keys
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.migrate import configuration


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    settings.data.mkdir()
    with writer_of(settings) as engine:
        yield engine


def fill(connection: Connection) -> None:
    def put(table: str, **row: object) -> None:
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)

    for name in ("clerk", "host"):
        common = {"role": name, "created_at": 1, "farms": "[]"}
        put("accounts", id=name, name=name, password_hash="x", **common)
        put("api_keys", id=name, label=name, hash=name, **common)
        put("invitations", id=name, hash=name, expires_at=1 << 50, **common)


@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql without tables", marks=pytest.mark.postgresql)],
    indirect=True,
)
async def test_who_was_a_clerk_before_keeps_all_centres(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0015")
        fill(connection)
    await Store.migrate(settings)
    store = await Store.open(settings)
    found = [
        *await store.read(accounts.every),
        *await store.read(keys.every_api_key),
        *await store.read(invitations.open_ones),
    ]
    await store.close()
    assert [(each.role, each.centres) for each in found] == 3 * [
        ("clerk", None),
        ("host", frozenset()),
    ]
