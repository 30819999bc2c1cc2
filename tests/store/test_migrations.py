"""The revisions make exactly the tables that the rooms define, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import farmlive.app  # noqa: F401  (every room's tables)
from farmlive.settings import Settings
from farmlive.store import Store, metadata


async def test_the_revisions_make_the_tables_that_rooms_define(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await store.read(differences) == []


async def test_a_second_start_changes_nothing(store: Store, settings: Settings) -> None:
    again = await Store.open(settings)
    await again.close()
