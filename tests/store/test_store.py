"""The two doors: what shares a commit, what is undone, who is told."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from tests.support.waiting import LONG_S, until

from farmlive.settings import Settings
from farmlive.store import CommitFailed, NotRead, Store, after_commit, savepoint, writer
from farmlive.store.engine import DatabaseRefused

metadata = MetaData()
marks = Table("test_marks", metadata, Column("n", Integer, primary_key=True))
promises = Table(
    "test_promises",
    metadata,
    Column("n", ForeignKey(marks.c.n, deferrable=True, initially="DEFERRED"), primary_key=True),
)


@pytest.fixture
async def store(store: Store) -> Store:
    """The store, with the tables of these tests."""
    await store.write(lambda connection: metadata.create_all(connection))
    return store


def mark(n: int) -> Callable[[Connection], int]:
    def write(connection: Connection) -> int:
        connection.execute(insert(marks), {"n": n})
        return n

    return write


async def kept(store: Store) -> list[int]:
    return await store.read(
        lambda connection: list(connection.execute(select(marks.c.n).order_by(marks.c.n)).scalars())
    )


async def test_write_returns_what_the_function_returned_and_read_sees_it(store: Store) -> None:
    assert await store.write(mark(1)) == 1
    assert await kept(store) == [1]


async def test_writes_that_arrive_together_share_one_transaction(store: Store) -> None:
    opened: list[object] = []
    transactions: set[int] = set()

    def write(connection: Connection) -> None:
        transactions.add(id(connection.get_transaction()))
        opened.append(connection.get_transaction())

    await asyncio.gather(*(store.write(write) for _ in range(20)))
    assert len(opened) == 20
    assert len(transactions) == 1


async def test_a_function_that_raises_leaves_the_others_of_its_batch(store: Store) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(insert(marks), {"n": 99})
        raise LookupError("mine alone")

    first, failed, last = await asyncio.gather(
        store.write(mark(1)), store.write(fail), store.write(mark(2)), return_exceptions=True
    )
    assert (first, last) == (1, 2)
    assert isinstance(failed, LookupError)
    assert await kept(store) == [1, 2]


async def test_an_sql_error_leaves_the_others_of_its_batch(store: Store) -> None:
    results = await asyncio.gather(
        store.write(mark(1)), store.write(mark(1)), store.write(mark(2)), return_exceptions=True
    )
    assert results[0] == 1
    assert isinstance(results[1], Exception)
    assert await kept(store) == [1, 2]


async def test_an_sql_error_tells_no_value(store: Store) -> None:
    def twice(connection: Connection) -> None:
        connection.execute(insert(marks), [{"n": 13800138000}])
        connection.execute(text("INSERT INTO test_marks (m) VALUES (:m)"), {"m": 13800138000})

    with pytest.raises(DBAPIError) as raised:
        await store.write(twice)
    assert "13800138000" not in str(raised.value)


async def test_a_caller_cancelled_before_its_turn_leaves_no_trace(store: Store) -> None:
    other = asyncio.create_task(store.write(mark(1)))
    cancelled = asyncio.create_task(store.write(mark(2)))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert await other == 1
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await kept(store) == [1]


async def test_a_failed_commit_fails_the_whole_batch_and_keeps_nothing(store: Store) -> None:
    told: list[int] = []

    def write(connection: Connection) -> None:
        connection.execute(insert(promises), {"n": 7})  # checked at the COMMIT, and broken
        after_commit(connection, lambda: told.append(7))

    results = await asyncio.gather(store.write(mark(1)), store.write(write), return_exceptions=True)
    assert [type(result) for result in results] == [CommitFailed, CommitFailed]
    assert "Nothing was saved" in str(results[0])
    assert await kept(store) == []
    assert told == []
    assert await store.write(mark(3)) == 3


async def test_a_full_disk_fails_the_whole_batch_and_keeps_nothing(store: Store) -> None:
    if store.dialect != "sqlite":
        return  # PostgreSQL's own disk can't be filled from here

    def limit(connection: Connection) -> None:
        connection.execute(text("PRAGMA max_page_count = 1"))  # no page more than there is

    def fill(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE big AS SELECT randomblob(1000000)"))

    await store.write(limit)
    results = await asyncio.gather(store.write(mark(1)), store.write(fill), return_exceptions=True)
    assert [type(result) for result in results] == [CommitFailed, CommitFailed]
    assert "disk is full" in str(results[0])
    assert await kept(store) == []
    assert await store.write(mark(2)) == 2


async def test_calls_after_the_commit_run_before_the_answer_and_in_order(store: Store) -> None:
    told: list[int] = []

    def write(n: int) -> Callable[[Connection], None]:
        return lambda connection: after_commit(connection, lambda: told.append(n))

    first = asyncio.create_task(store.write(write(1)))
    second = asyncio.create_task(store.write(write(2)))
    await first
    assert told == [1, 2]
    await second


async def test_a_call_of_a_function_that_raised_does_not_run(store: Store) -> None:
    told: list[int] = []

    def fail(connection: Connection) -> None:
        after_commit(connection, lambda: told.append(1))
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(fail)
    assert told == []


async def test_a_connection_that_was_in_use_when_all_were_closed_is_closed_after_it(
    store: Store,
) -> None:
    """As when a table was analyzed meanwhile. None is left to the garbage collection."""
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL's statistics are known to every connection")
    begun, goes_on = threading.Event(), threading.Event()
    used: list[Any] = []

    def look(connection: Connection) -> int:
        used.append(connection.connection.driver_connection)
        begun.set()
        goes_on.wait(LONG_S)
        return 1

    reading = asyncio.create_task(store.read(look))
    await asyncio.to_thread(begun.wait, LONG_S)
    await store.analyze(marks.name)
    goes_on.set()
    assert await reading == 1
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        used[0].execute("SELECT 1")
    assert await kept(store) == []


async def test_readers_may_not_write(store: Store) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        await store.read(mark(5))
    assert await kept(store) == []


async def test_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await (await Store.open(Settings(data=data), migrates=True)).close()
    assert data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("url", ["", "postgresql://nobody@127.0.0.1:1/nothing"])
async def test_a_database_that_can_not_be_opened_names_the_setting(
    tmp_path: Path, url: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    data = tmp_path if url else tmp_path / "file" / "data"
    wrong = "FARMLIVE_DATABASE_URL" if url else "FARMLIVE_DATA"
    with pytest.raises(DatabaseRefused, match=wrong):
        await Store.open(Settings(data=data, database_url=url), migrates=True)


async def test_a_file_that_is_no_database_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "farmlive.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseRefused, match="FARMLIVE_DATA "):
        await Store.open(Settings(data=tmp_path), migrates=True)


async def test_close_commits_what_is_under_way(store: Store) -> None:
    under_way = asyncio.create_task(store.write(mark(1)))
    await asyncio.sleep(0)
    await store.close()
    assert await under_way == 1
    with pytest.raises(CommitFailed):
        await store.write(mark(2))


async def test_a_part_that_fails_undoes_itself_and_what_it_wanted_told(store: Store) -> None:
    told: list[int] = []

    def part(connection: Connection, n: int, *, fails: type[Exception] | None = None) -> None:
        with savepoint(connection):
            mark(n)(connection)
            after_commit(connection, lambda: told.append(n))
            if fails is DBAPIError:
                mark(n)(connection)
            elif fails is not None:
                raise fails

    def write(connection: Connection) -> None:
        part(connection, 1)
        for fails in (ValueError, DBAPIError):
            with pytest.raises(fails):
                part(connection, 2, fails=fails)
        part(connection, 3)

    for _ in range(6):  # as often as a driver takes to prepare what is said again and again
        await store.write(write)
        assert await kept(store) == [1, 3]
        assert told == [1, 3]
        told.clear()
        await store.write(lambda connection: connection.execute(delete(marks)))


async def test_a_database_that_is_at_fault_fails_the_whole_batch(store: Store) -> None:
    if store.dialect == "sqlite":
        return  # its disk can be filled, above

    def fault(connection: Connection) -> None:
        connection.execute(
            text("DO $$ BEGIN RAISE 'No space left' USING ERRCODE = '53100'; END $$")
        )

    results = await asyncio.gather(store.write(mark(1)), store.write(fault), return_exceptions=True)
    assert [type(result) for result in results] == [CommitFailed, CommitFailed]
    assert "disk is full" in str(results[1])
    assert await kept(store) == []
    with pytest.raises(NotRead):
        await store.read(fault)
    assert await store.write(mark(2)) == 2


async def test_a_connection_that_was_ended_fails_the_batch_and_the_next_has_another(
    store: Store,
) -> None:
    if store.dialect == "sqlite":
        return

    def end(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(CommitFailed):
        await store.write(end)
    with pytest.raises(NotRead):
        await store.read(end)
    assert await store.write(mark(1)) == 1
    assert await kept(store) == [1]


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("waited", [False, True])
async def test_others_go_before_what_may_be_last_but_not_for_ever(
    store: Store, waited: bool, patient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if waited:
        monkeypatch.setattr(writer, "_LAST", 0)
    free = threading.Event()
    done: list[str] = []

    def say(name: str) -> Callable[[Connection], None]:
        return lambda _: done.append(name)

    def hold(_: Connection) -> None:
        free.wait(10)

    writes = [asyncio.create_task(store.write(hold))]
    await until(lambda: store.writing_s > 0, "the writer is at something")
    writes.append(asyncio.create_task(store.write(say("before"), last=True)))
    await asyncio.sleep(0)
    writes.append(asyncio.create_task(store.write(say("last"), last=True, patient=patient)))
    await asyncio.sleep(0)
    writes += [asyncio.create_task(store.write(say("order"))) for _ in range(100)]
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(*writes)
    if waited:
        assert done[:2] == (["before", "last"] if patient else ["last", "before"])
    elif patient:
        assert done[100:] == ["before", "last"]
    else:
        assert (done[0], done[101]) == ("last", "before")


async def test_what_may_be_last_is_committed_before_the_store_closes(settings: Settings) -> None:
    made = await Store.open(settings, migrates=True)
    waits = asyncio.create_task(made.write(lambda _: 7, last=True))
    await asyncio.sleep(0)
    await made.close()
    assert await waits == 7
