"""Databases of former revisions with rows of theirs, on both, and bringing them up to date."""

import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text

from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.keys import KeyFile
from farmlive.store.migrate import configuration

# A database without tables, which a test brings to the revision that it is about.
on_both_databases = pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql without tables", marks=pytest.mark.postgresql)],
    indirect=True,
)


def put(connection: Connection, table: str, **row: object) -> None:
    """Insert a row into a table whose columns are those of its revision, not those of today."""
    columns = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)


def put_broadcast(connection: Connection, **row: object) -> None:
    """Insert a broadcast of any revision, of which this is what matters."""
    put(
        connection,
        "broadcasts",
        **{
            "id": "b",
            "title": "{}",
            "state": "live",
            "created_at": 1,
            "seq": 1,
            "last_at": 1,
            **row,
        },
    )


def put_order(connection: Connection, **row: object) -> None:
    """Insert an order by parcel of a revision before 0037, of which this is what matters."""
    put(
        connection,
        "orders",
        **{
            "id": "o",
            "broadcast": "b",
            "number": 1,
            "token": "t",
            "device": "d",
            "buyer": "x",
            "buyer_name": "Ann",
            "buyer_phone": "13800000000",
            "way": "parcel",
            "payment_method": "cash_on_delivery",
            "state": "placed",
            "payment": "due",
            "total": 2990,
            "currency": "CNY",
            "simulated": False,
            "placed_at": 1,
            **row,
        },
    )


def make(
    engine: Engine,
    revision: str,
    fill: Callable[[Connection], None],
    keys: KeyFile | None = None,
) -> None:
    """Make the tables of that revision, and fill them."""
    with engine.begin() as connection:
        command.upgrade(configuration(connection, keys=keys), revision)
        fill(connection)


@contextlib.asynccontextmanager
async def migrated(
    engine: Engine, settings: Settings, revision: str, fill: Callable[[Connection], None]
) -> AsyncIterator[Store]:
    """The store of a database that was filled at that revision, and brought up to date since."""
    make(engine, revision, fill, KeyFile.of(settings))
    await Store.migrate(settings)
    store = await Store.open(settings)
    try:
        yield store
    finally:
        await store.close()
