"""The planner's statistics: tables that it knows nothing of, or too little, are analyzed beside the
writer, and what was prepared is planned anew.
"""

import threading
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, MetaData, Select, bindparam, delete, insert, select, text
from structlog.testing import capture_logs
from tests.support.waiting import until

import farmlive.app  # noqa: F401  (every room's tables)
from farmlive.server import running
from farmlive.settings import Settings
from farmlive.shop.notices.tables import notice_budgets
from farmlive.store import Store, hot
from farmlive.store import engine as engines
from farmlive.store import statistics as module
from farmlive.store.fast.compiled import hot_one
from farmlive.store.fast.pipeline import _PREPARED
from farmlive.store.statistics import GROWN, SMALL, Statistics

# Not the server's own, whose hot statements are looked at by themselves.
budgets = notice_budgets.to_metadata(MetaData())
# That all rows are of one hour PostgreSQL says once it knows that, and SQLite finds a sender by it.
_OF_HOUR = hot(select(budgets.c.used).where(budgets.c.hour == bindparam("hour")))
_OF_SENDER = hot(select(budgets.c.used).where(budgets.c.sender == bindparam("sender")))


@pytest.fixture(autouse=True)
def never_analyzed(settings: Settings) -> None:
    """The table is as in a new database, whatever other tests have left in it."""
    if settings.database_url:
        with psycopg.connect(settings.database_url) as connection:
            connection.execute("TRUNCATE notice_budgets")
            known = "DELETE FROM pg_statistic WHERE starelid = 'notice_budgets'::regclass"
            connection.execute(known)


async def grow(store: Store, first: int, rows: int) -> None:
    """Add rows, of one hour, and have PostgreSQL count them at once."""

    def write(connection: Connection) -> None:
        made = [
            {"hour": 1, "sender": f"{number:06}", "used": 1}
            for number in range(first, first + rows)
        ]
        connection.execute(insert(budgets), made)
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_stat_force_next_flush()")).close()

    await store.write(write)


async def rows_known(store: Store) -> int:
    """How many rows the planner believes in; 0 where the table was never analyzed."""

    def read(connection: Connection) -> int:
        if store.dialect == "sqlite":
            there = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
            if not connection.execute(text(there)).scalar_one():
                return 0
            known = "SELECT stat FROM sqlite_stat1 WHERE tbl = 'notice_budgets'"
            stat = connection.execute(text(known)).scalar()
            return 0 if stat is None else int(stat.split()[0])
        known = """
            SELECT reltuples FROM pg_class WHERE relname = 'notice_budgets'
            AND EXISTS (SELECT FROM pg_stats WHERE tablename = relname)
        """
        return int(connection.execute(text(known)).scalar() or 0)

    return await store.read(read)


class Watched(Statistics):
    """Tells what it looked at."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch):
        super().__init__(store)
        self.analyzed: list[str] = []
        analyze = store.analyze

        async def watched(table: str) -> None:
            if table == budgets.name:  # others may have the rows of other tests
                self.analyzed.append(table)
            await analyze(table)

        monkeypatch.setattr(store, "analyze", watched)

    async def found(self) -> list[str]:
        self.analyzed.clear()
        await self.look()
        return self.analyzed


async def test_a_table_is_analyzed_once_it_has_rows_and_as_it_grows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics = Watched(store, monkeypatch)
    await grow(store, 0, SMALL - 1)
    assert await statistics.found() == []
    assert await rows_known(store) == 0
    await grow(store, SMALL - 1, 1)
    assert await statistics.found() == ["notice_budgets"]
    assert await rows_known(store) > 0
    assert await statistics.found() == []
    await grow(store, SMALL, (GROWN - 1) * SMALL - 1)
    assert await statistics.found() == []
    await grow(store, GROWN * SMALL - 1, 1)
    assert await statistics.found() == ["notice_budgets"]
    # Another server, or this one after a restart, knows of it.
    assert await Watched(store, monkeypatch).found() == []


async def test_a_table_whose_rows_are_gone_is_not_looked_at_again_and_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    statistics = Watched(store, monkeypatch)
    await grow(store, 0, GROWN * SMALL)

    def drop(connection: Connection) -> None:
        connection.execute(delete(budgets).where(budgets.c.sender < f"{GROWN * SMALL - 5:06}"))
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_stat_force_next_flush()")).close()

    await store.write(drop)
    found = [len(await statistics.found()) for _ in range(3)]
    assert found[1:] == [0, 0]


def plan_in(connection: Connection, statement: Select[Any], value: Any) -> str:
    """How a connection that has executed it goes about a hot statement."""
    hot_statement = hot_one(statement)
    assert hot_statement is not None
    (name,) = (bind.key for bind in statement.compile().binds.values())
    plan = hot_statement.plan(connection, {name: value})
    if connection.dialect.name == "sqlite":
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan.text}", (value,))
        return "; ".join(str(step[3]) for step in steps)
    prepared = connection.info[_PREPARED][plan].decode()
    steps = connection.exec_driver_sql(f"EXPLAIN EXECUTE {prepared}({value})")
    return "; ".join(str(step[0]) for step in steps)


async def test_what_was_prepared_is_planned_anew(store: Store) -> None:
    sqlite = store.dialect == "sqlite"
    statement, value = (_OF_SENDER, "000001") if sqlite else (_OF_HOUR, 1)
    (bind,) = (each.key for each in statement.compile().binds.values())

    def look(connection: Connection) -> str:
        connection.execute(statement, {bind: value}).all()
        return plan_in(connection, statement, value)

    await store.analyze("senders")  # which makes SQLite's table of statistics, and all read that
    before = await store.write(look)  # as a new server does
    if sqlite:
        assert await store.read(look) == before
    await grow(store, 0, 2 * SMALL)
    assert await store.write(look) == before
    await Statistics(store).look()
    assert await store.write(look) != before
    if sqlite:  # whose readers knew nothing either
        assert "ANY(hour)" in await store.read(look)
    else:
        assert f"rows={2 * SMALL} " in await store.write(look)


async def test_a_server_analyzes_what_it_finds_and_what_grows(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.05)
    await grow(store, 0, SMALL)
    async with running(settings) as server:
        here = server.house.store

        async def knows(rows: int) -> bool:
            return await rows_known(here) > rows

        await until(lambda: knows(0), "what was there is analyzed")
        before = await rows_known(here)
        await grow(here, SMALL, GROWN * SMALL)
        await until(lambda: knows(before), "what grew is, too")


async def test_one_that_fails_is_logged_and_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await grow(store, 0, SMALL)
    times = 0

    async def fails(table: str) -> None:
        nonlocal times
        times += 1
        raise OSError("no disk")

    monkeypatch.setattr(module, "EVERY_S", 0.001)
    monkeypatch.setattr(store, "analyze", fails)
    statistics = Statistics(store)
    with capture_logs() as logs:
        await statistics.start()
        await until(lambda: times > 1, "another try")
        await statistics.stop()
    assert [line["log_level"] for line in logs] == ["error"]
    assert "statistics" in str(logs)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_looks_at_some_rows_of_an_index(settings: Settings, tables: None) -> None:
    store = await Store.open(settings)
    limit = await store.write(
        lambda connection: connection.exec_driver_sql("PRAGMA analysis_limit").scalar_one()
    )
    await store.close()
    assert limit == engines.ANALYZED_ROWS


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
class TestOnPostgresql:
    async def test_nobody_waits_while_a_table_is_analyzed(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = await Store.open(settings)
        await grow(store, 0, SMALL)
        begun, let = threading.Event(), threading.Event()

        def slow(url: str, table: str) -> None:
            begun.set()
            assert let.wait(30)

        monkeypatch.setattr(engines, "analyze_apart", slow)
        statistics = Statistics(store)
        await statistics.start()
        await until(begun.is_set, "it is under way")
        await grow(store, SMALL, 1)
        let.set()
        await statistics.stop()
        await store.close()

    async def test_one_whose_table_is_locked_is_left_to_later(self, settings: Settings) -> None:
        store = await Store.open(settings)
        await grow(store, 0, SMALL)
        with psycopg.connect(settings.database_url) as other:
            other.execute("LOCK TABLE notice_budgets IN SHARE UPDATE EXCLUSIVE MODE")
            await Statistics(store).look()
            assert await rows_known(store) == 0
        await Statistics(store).look()
        assert await rows_known(store) > 0
        await store.close()

    async def test_the_writer_plans_for_indexes_whatever_the_tables_have_now(
        self, settings: Settings
    ) -> None:
        store = await Store.open(settings)

        def shown(connection: Connection) -> dict[str, Any]:
            return {
                name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in engines.WRITERS_PLANS
            }

        found = await store.write(shown)
        await store.close()
        assert found == engines.WRITERS_PLANS
