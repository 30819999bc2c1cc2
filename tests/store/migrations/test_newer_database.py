"""A server that runs on while a newer farmlive moves its database beyond what it can serve."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import Connection, text
from structlog.testing import capture_logs
from tests.store.newer_farmlive import REVISIONS, later, migrate_by, serves, writer_of
from tests.support.every_route import PROXIED, stock
from tests.support.waiting import until

from farmlive.ids import token
from farmlive.outages import Outages
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.store import NewerDatabase, Store
from farmlive.store.compatibility import take_fence
from farmlive.store.engine import DatabaseRefused
from farmlive.store.writer_lock import begin


@pytest.fixture
def outages() -> Outages:
    return Outages()


@pytest.fixture
async def old(store: Store, settings: Settings, outages: Outages) -> AsyncIterator[Store]:
    """The store of a server that runs on."""
    made = await Store.open(settings, outages=outages)
    yield made
    await made.close()


def outgrow(settings: Settings, folder: Path) -> None:
    """Migrate its database by a farmlive which that one can't work beside."""
    assert migrate_by(later(folder, serves("9999")), settings) == "9999"


def say(settings: Settings, statement: str) -> None:
    with writer_of(settings) as writer, writer.begin() as connection:
        connection.execute(text(statement))


def keep(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO notice_budgets (hour, sender, used) VALUES (1, 'kept', 1)")
    )


def kept(connection: Connection) -> int:
    found = connection.execute(text("SELECT count(*) FROM notice_budgets WHERE sender = 'kept'"))
    return int(found.scalar_one())


async def test_nothing_is_written_until_the_database_serves_it_again(
    old: Store, settings: Settings, outages: Outages, tmp_path: Path
) -> None:
    outgrow(settings, tmp_path)
    with capture_logs() as logs:
        refused = await asyncio.gather(*(old.write(keep) for _ in range(5)), return_exceptions=True)
        refused.append((await asyncio.gather(old.write(keep), return_exceptions=True))[0])
        assert [type(each) for each in refused] == [NewerDatabase] * 6
        assert not await old.try_out()
    assert await old.read(kept) == 0
    assert "9999" in old.outgrown
    (said,) = [line["event"] for line in logs]
    assert said.startswith("the database is of a newer farmlive")
    assert [each.name for each in outages.failing(needed=True)] == ["database_version"]
    # As where a backup was put back.
    say(settings, f"UPDATE schema_compatibility SET oldest_code = '{REVISIONS.head}'")
    assert await old.try_out()
    assert not old.outgrown
    assert outages.failing() == []
    await old.write(keep)
    assert await old.read(kept) == 1


async def test_it_writes_on_where_the_database_serves_it_still(
    old: Store, settings: Settings, tmp_path: Path
) -> None:
    assert migrate_by(later(tmp_path, serves(REVISIONS.head)), settings) == "9999"
    await old.write(keep)
    assert await old.read(kept) == 1


async def test_what_it_can_not_read_any_more_is_no_fault_of_its_own(
    old: Store, settings: Settings, outages: Outages, tmp_path: Path
) -> None:
    outgrow(settings, tmp_path)
    say(settings, "ALTER TABLE notice_budgets RENAME TO of_later")
    with pytest.raises(NewerDatabase):
        await old.read(kept)
    assert [each.name for each in outages.failing(needed=True)] == ["database_version"]


async def test_a_write_that_fails_over_it_is_no_fault_of_its_own(
    old: Store, settings: Settings, tmp_path: Path
) -> None:
    outgrow(settings, tmp_path)
    say(settings, "ALTER TABLE notice_budgets RENAME TO of_later")
    both = await asyncio.gather(old.write(keep), old.write(keep), return_exceptions=True)
    assert [type(each) for each in both] == [NewerDatabase] * 2


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
async def test_a_migration_waits_for_those_who_write_only_where_it_outgrows_them(
    settings: Settings, tables: None, tmp_path: Path
) -> None:
    with psycopg.connect(settings.database_url) as other:
        other.execute(begin(REVISIONS.head))
        with pytest.raises(DatabaseRefused, match="locked"):
            await asyncio.to_thread(
                migrate_by, later(tmp_path / "a", serves("9999")), settings, give_up_after_s=0
            )
        serving = later(tmp_path / "b", serves(REVISIONS.head))
        assert await asyncio.to_thread(migrate_by, serving, settings) == "9999"


async def test_who_waits_for_the_migration_learns_what_came_of_it(
    old: Store, settings: Settings
) -> None:
    """What is asked for while it runs is not written by what held before it."""
    if old.dialect == "sqlite":
        pytest.skip("only one writes in SQLite, and a migration does")
    with psycopg.connect(settings.database_url) as migration, migration.transaction():
        migration.execute(f"SELECT {take_fence(REVISIONS.head)}")
        writing = asyncio.create_task(old.write(keep))

        async def waits() -> bool:
            found = await old.read(
                lambda it: it.execute(
                    text(
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                    )
                ).scalar_one()
            )
            return bool(found)

        await until(waits, "it waits")
        migration.execute("UPDATE schema_compatibility SET oldest_code = '9999'")
    with pytest.raises(NewerDatabase):
        await writing
    assert await old.read(kept) == 0


async def test_the_server_says_so_and_sells_nothing_more(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    shop = await stock(server)
    outgrow(settings, tmp_path)
    path = f"/api/v1/broadcasts/{shop.known['broadcast']}/orders"
    body = {name: shop.members[name] for name in ("lines", "buyer", "delivery", "payment")}
    async with httpx.AsyncClient(base_url=server.url, headers=PROXIED) as client:
        await server.house.probe.probe_now()
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["type"]) == (503, "/problems/not-ready")
        assert "9999" in ready.json()["detail"]
        answer = await client.post(path, json=body, headers={"Idempotency-Key": token()})
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/newer-database")
        assert answer.headers["Retry-After"]
        metrics = (
            await client.get("/metrics", headers={"Authorization": f"Bearer {shop.key}"})
        ).text
        assert 'farmlive_failing{what="database_version"} 1.0' in metrics
        # What is only looked at is there, as far as it can be read.
        assert (await client.get("/")).status_code == 200
        say(settings, f"UPDATE schema_compatibility SET oldest_code = '{REVISIONS.head}'")
        await server.house.probe.probe_now()
        assert (await client.get("/readyz")).json()["status"] == "ready"
        answer = await client.post(path, json=body, headers={"Idempotency-Key": token()})
        assert answer.status_code == 201
