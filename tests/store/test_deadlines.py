"""Each read and write has an answer by its deadline, whatever the database does."""

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event, text
from tests.support.waiting import LONG_S, until

from farmlive.store import CommitFailed, CommitUnknown, NotRead, Store, after_commit, condition

# Deadlines in checks, four a second: what hangs is soon given up, what does not has time enough.
SOON, LATE = 4, 1000


def due_after(checks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUEST", "SILENT", "DROP"):
        monkeypatch.setattr(condition, name, checks)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    due_after(SOON, monkeypatch)


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """What hangs goes on once it is set."""
    made = threading.Event()
    yield made
    made.set()


def beats(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM pulse")).scalar_one())


async def test_a_write_that_hangs_is_answered_and_leaves_no_trace(
    store: Store, free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(connection: Connection) -> None:
        connection.execute(text("INSERT INTO pulse (id, at) VALUES (7, 0)"))
        free.wait(2 * LONG_S)

    hanging = asyncio.create_task(store.write(hang))
    await until(lambda: store.writing_s > 0, "the writer is at it")
    behind = asyncio.create_task(store.write(lambda c: c.execute(text("DELETE FROM pulse"))))
    for task in (hanging, behind):
        async with asyncio.timeout(LONG_S):
            with pytest.raises(CommitFailed, match="in time"):
                await task
    # The writer counts as hung: nobody waits for it until a deadline.
    due_after(LATE, monkeypatch)
    async with asyncio.timeout(LONG_S):
        with pytest.raises(CommitFailed, match="in time"):
            await store.write(beats)
    assert store.writing_s > 0
    free.set()
    await until(lambda: store.writing_s == 0, "the writer is back")
    assert await store.write(beats) == 0


async def test_a_commit_that_hangs_may_have_been_kept(
    store: Store, free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def write(connection: Connection) -> None:
        connection.execute(text("INSERT INTO pulse (id, at) VALUES (7, 0)"))
        after_commit(connection, lambda: told.append(7))

    @event.listens_for(store._writer.engine, "commit")
    def hang(_connection: Connection) -> None:
        free.wait(2 * LONG_S)

    async with asyncio.timeout(LONG_S):
        with pytest.raises(CommitUnknown):
            await store.write(write)
    due_after(LATE, monkeypatch)
    async with asyncio.timeout(LONG_S):
        with pytest.raises(CommitFailed):
            await store.write(beats)
    assert told == []
    free.set()
    await until(lambda: store.writing_s == 0, "the writer is back")
    event.remove(store._writer.engine, "commit", hang)
    if store.dialect == "sqlite":  # it was not cut off, and others hear of it
        assert told == [7]
    assert await store.read(beats) == len(told)


async def test_a_read_that_hangs_is_answered_and_its_reader_is_free_again(store: Store) -> None:
    def hang(connection: Connection) -> None:
        if store.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_sleep(60)"))
        else:
            connection.execute(
                text(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                    "SELECT count(*) FROM n"
                )
            ).scalar()

    async with asyncio.timeout(LONG_S):
        found = await asyncio.gather(*(store.read(hang) for _ in range(8)), return_exceptions=True)
    assert [type(each) for each in found] == [NotRead] * 8

    async def answers() -> bool:
        try:
            return await store.read(beats) == 0
        except NotRead:
            return False

    await until(answers, "a reader is free")
    assert await asyncio.gather(*(store.read(beats) for _ in range(8))) == [0] * 8


async def test_a_reader_that_was_given_up_says_when_the_database_falls_silent(
    store: Store, free: threading.Event
) -> None:
    outage = store.condition.away
    with pytest.raises(NotRead):
        await store.read(lambda _: free.wait(2 * LONG_S))
    assert outage.failing
    free.set()
    assert await store.try_out()
    assert not outage.failing


async def test_a_slow_read_says_nothing_of_a_database_that_answers_others(
    store: Store, free: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "REQUEST", 4 * SOON)  # so that the others have time enough
    slow = asyncio.create_task(store.read(lambda _: free.wait(2 * LONG_S)))
    while not slow.done():
        await store.read(beats)
        await asyncio.sleep(0.01)
    with pytest.raises(NotRead):
        await slow
    assert not store.condition.away.failing


async def test_a_file_may_take_longer(store: Store) -> None:
    def timeout(connection: Connection) -> str:
        threading.Event().wait(2)  # past the deadline of a request
        if store.dialect == "sqlite":
            return "1min"
        return str(connection.execute(text("SHOW statement_timeout")).scalar_one())

    assert await store.read(timeout, within_s=60) == "1min"


async def test_postgresql_cancels_what_takes_too_long_by_itself(store: Store) -> None:
    if store.dialect == "sqlite":
        pytest.skip("SQLite's statements are interrupted")

    def timeout(connection: Connection) -> str:
        return str(connection.execute(text("SHOW statement_timeout")).scalar_one())

    assert await store.read(timeout) == "10s"
    assert await store.write(timeout) == "10s"

    def canceled(connection: Connection) -> None:
        connection.execute(text("SET LOCAL statement_timeout = 10"))
        connection.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(NotRead, match="in time"):
        await store.read(canceled)
    assert not store.condition.away.failing


async def test_a_caller_that_left_keeps_no_reader(store: Store) -> None:
    def hang(connection: Connection) -> None:
        if store.dialect == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_sleep(60)"))
        else:
            connection.execute(
                text(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                    "SELECT count(*) FROM n"
                )
            ).scalar()

    for _ in range(8):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await store.read(hang)
    await until(lambda: not store._readers.readings, "all are ended")
    assert await store.read(beats) == 0


async def test_a_connection_that_fails_while_it_is_set_up_leaves_no_socket(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store.dialect == "sqlite":
        pytest.skip("it has none")
    opened: list[socket.socket] = []
    duplicate = socket.socket

    def keep(*args: object, **named: int) -> socket.socket:
        opened.append(duplicate(*args, **named))  # type: ignore[arg-type]
        return opened[-1]

    def fail(_connection: object, _record: object) -> None:
        raise RuntimeError("it is set up no further")

    await asyncio.to_thread(store._writer.engine.dispose)
    monkeypatch.setattr("farmlive.store.deadlines.socket.socket", keep)
    event.listen(store._writer.engine, "connect", fail)
    with pytest.raises(CommitFailed):
        await store.write(beats)
    event.remove(store._writer.engine, "connect", fail)
    gc.collect()
    assert [each.fileno() for each in opened] == [-1]
