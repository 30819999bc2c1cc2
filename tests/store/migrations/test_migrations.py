"""The revisions make exactly the tables that the rooms define, on both databases; who runs them,
and what code works on them afterwards.
"""

import asyncio
import sqlite3
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from tests.store.newer_farmlive import REVISIONS, later, migrate_by, serves, writer_of

import farmlive.app  # noqa: F401  (every room's tables)
from farmlive.settings import Settings
from farmlive.store import Store, metadata
from farmlive.store.engine import DatabaseRefused
from farmlive.store.migrate import FOLDER, Revisions, check, configuration

# Since this one a database says which code it serves.
FIRST_TO_SAY = "0012"


async def test_the_revisions_make_the_tables_that_rooms_define(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await store.read(differences) == []


async def test_a_second_start_changes_nothing(store: Store, settings: Settings) -> None:
    def state(connection: Connection) -> list[object]:
        return [
            *connection.execute(text("SELECT version_num FROM alembic_version")).scalars(),
            *sorted(inspect(connection).get_table_names()),
        ]

    before = await store.read(state)
    again = await Store.open(settings, migrates=True)
    assert await again.read(state) == before
    await again.close()


@pytest.mark.parametrize("name", [name for name in REVISIONS.names if name >= FIRST_TO_SAY])
def test_every_revision_says_which_code_it_serves(name: str) -> None:
    (script,) = (each for each in REVISIONS.scripts if each.revision == name)
    said = getattr(script.module, "oldest_code", None)
    assert said is not None, (
        f"revision {name} says no oldest_code: migrations/versions/__init__.py tells what that is"
    )
    assert FIRST_TO_SAY <= said <= name
    assert said in REVISIONS.names


def revision_of(settings: Settings) -> str | None:
    with writer_of(settings) as writer, writer.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


async def test_code_starts_on_a_newer_database_that_serves_it(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    assert migrate_by(later(tmp_path, serves(REVISIONS.head)), settings) == "9999"
    for migrates in (False, True):
        other = await Store.open(settings, migrates=migrates)
        await other.close()
    assert revision_of(settings) == "9999"


@pytest.mark.parametrize("says", ["", serves("9999")], ids=["says nothing", "needs its own"])
async def test_code_that_a_newer_database_does_not_serve_ends_with_a_sentence(
    store: Store, settings: Settings, tmp_path: Path, says: str
) -> None:
    migrate_by(later(tmp_path, says), settings)
    for migrates in (False, True):
        with pytest.raises(DatabaseRefused, match=f"9999, .*knows {REVISIONS.head}"):
            await Store.open(settings, migrates=migrates)


async def test_a_newer_database_that_says_nothing_is_refused(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    migrate_by(later(tmp_path, serves(REVISIONS.head)), settings)
    await store.write(
        lambda connection: connection.execute(text("DELETE FROM schema_compatibility"))
    )
    with pytest.raises(DatabaseRefused, match="newer farmlive"):
        await Store.open(settings)


def test_the_strictest_revision_counts(tmp_path: Path) -> None:
    """One that serves all does not take back what one before it said."""
    copy = later(tmp_path)
    (copy / "versions" / "99999_last.py").write_text(
        'revision, down_revision, oldest_code = "99999", "9999", "0012"'
    )
    assert Revisions(copy).oldest_code("99999") == "9999"


async def test_opening_an_earlier_database_changes_nothing(settings: Settings) -> None:
    settings.data.mkdir()
    with writer_of(settings) as writer, writer.begin() as connection:
        command.upgrade(configuration(connection), "0009")
    with pytest.raises(DatabaseRefused, match=r"revision 0009.*`farmlive migrate`"):
        await Store.open(settings)
    assert revision_of(settings) == "0009"
    assert await Store.migrate(settings) == REVISIONS.head
    store = await Store.open(settings)
    await store.close()


async def test_opening_where_there_is_no_database_makes_none(tmp_path: Path) -> None:
    data = tmp_path / "mistyped"
    with pytest.raises(DatabaseRefused, match="FARMLIVE_DATA"):
        await Store.open(Settings(data=data))
    assert not data.exists()


async def test_a_database_without_tables_is_told_apart(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "farmlive.sqlite3").close()
    with pytest.raises(DatabaseRefused, match="no farmlive in this database"):
        await Store.open(Settings(data=tmp_path))


def test_a_revision_that_fails_leaves_those_before_it(settings: Settings, tmp_path: Path) -> None:
    settings.data.mkdir()
    migrate_by(FOLDER, settings)
    copy = later(tmp_path)
    (copy / "versions" / "99999_wrong.py").write_text(
        'revision, down_revision = "99999", "9999"\n'
        "from alembic import op\n"
        'def upgrade():\n    op.execute("CREATE TABLE torn (a INTEGER)")\n    raise LookupError\n'
    )
    with pytest.raises(LookupError):
        migrate_by(copy, settings)
    with writer_of(settings) as writer, writer.connect() as connection:
        assert check(connection, Revisions(later(tmp_path / "again"))) == "9999"
        assert not writer.dialect.has_table(connection, "torn")


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
async def test_a_migration_that_never_gets_its_lock_ends_with_a_sentence(
    settings: Settings, tables: None, tmp_path: Path
) -> None:
    with psycopg.connect(settings.database_url) as reader:
        reader.execute("SELECT count(*) FROM orders")
        with pytest.raises(DatabaseRefused, match="pg_stat_activity"):
            await asyncio.to_thread(migrate_by, later(tmp_path), settings, give_up_after_s=0)
    assert revision_of(settings) == REVISIONS.head
