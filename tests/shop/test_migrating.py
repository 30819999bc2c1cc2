"""A shop sells on while another server migrates the database."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.store.newer_farmlive import REVISIONS, later, migrate_by, serves
from tests.support.waiting import until

from farmlive.settings import Settings

_WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE relation = 'orders'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted
    AND datname = current_database()
"""


async def test_orders_are_taken_on_tables_of_later(
    stall: Any, settings: Settings, tmp_path: Path
) -> None:
    assert (
        await asyncio.to_thread(migrate_by, later(tmp_path, serves(REVISIONS.head)), settings)
        == "9999"
    )
    await stall.place()


async def test_orders_are_taken_while_a_migration_waits_for_a_reader(
    stall: Any, settings: Settings, tmp_path: Path
) -> None:
    """A long reader of the orders keeps the migration waiting; whoever orders waits behind it no
    longer than its own patience, and is served before and after it.
    """
    if stall.store.dialect == "sqlite":
        pytest.skip("a reader locks nothing there")
    with psycopg.connect(settings.database_url) as reader:
        reader.execute("SELECT count(*) FROM orders")
        revisions = later(tmp_path, serves(REVISIONS.head))
        migrating = asyncio.create_task(asyncio.to_thread(migrate_by, revisions, settings))
        for _ in range(2):

            def waits() -> bool:
                row = reader.execute(_WAITING).fetchone()
                return row is not None and row[0] > 0

            await until(waits, "the migration waits for the orders")
            # Where the migration did not let it through, it would be refused at its deadline.
            await stall.place()
        assert not migrating.done()
    assert await migrating == "9999"
