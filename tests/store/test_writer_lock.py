"""Servers on one PostgreSQL take turns at writing: a turn ends though its server does not end it,
and nobody waits for a machine that has gone.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from sqlalchemy import Connection, text
from tests.support.waiting import LONG_S

from farmlive.settings import Settings
from farmlive.store import CommitFailed, NotRead, Store, engine, writer_lock
from farmlive.store.writer_lock import TAKE_TURN

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]
WITHIN_MS = 300


@pytest.fixture
async def hasty(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store that does not wait for long."""
    for module in (engine, writer_lock):
        monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", WITHIN_MS)
    store = await Store.open(settings)
    yield store
    await store.close()


@contextlib.contextmanager
def turn_that_stays(settings: Settings, *, half_sent: bool) -> Iterator[None]:
    """A server that stopped in its turn; `half_sent`: with more of its batch to be sent."""
    with contextlib.closing(psycopg.connect(settings.database_url)) as other:
        if half_sent:
            other.pgconn.enter_pipeline_mode()
            for said in ("BEGIN", TAKE_TURN):
                other.pgconn.send_query_params(said.encode(), None)
            other.pgconn.send_flush_request()
            other.pgconn.flush()
            for _ in range(3):  # what each gave, and between them that this was all
                other.pgconn.get_result()
        else:
            other.execute(TAKE_TURN)
        yield


def one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


@pytest.mark.parametrize("half_sent", [False, True])
async def test_a_turn_that_its_server_does_not_end_is_ended(
    hasty: Store, settings: Settings, half_sent: bool
) -> None:
    assert await hasty.write(one) == 1
    with turn_that_stays(settings, half_sent=half_sent):
        with pytest.raises(CommitFailed):
            await hasty.write(one)
        assert await hasty.write(one) == 1


async def test_a_turn_that_is_worked_on_is_waited_for_and_left_alone(
    hasty: Store, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url) as other:
        other.execute(TAKE_TURN)
        # Its server waits for PostgreSQL, not PostgreSQL for its server.
        other.pgconn.send_query(b"SELECT pg_sleep(2)")
        other.pgconn.flush()
        with pytest.raises(CommitFailed):
            await hasty.write(one)
        assert other.pgconn.get_result()
        assert other.pgconn.get_result() is None
        assert other.execute("SELECT 1").fetchone() == (1,)
        other.rollback()
    assert await hasty.write(one) == 1


async def test_what_someone_has_locked_is_a_fault_of_the_database(
    hasty: Store, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url) as other:
        other.execute("LOCK TABLE alembic_version")
        with pytest.raises(CommitFailed):
            await hasty.write(lambda it: it.execute(text("SELECT * FROM alembic_version")).all())
    assert await hasty.write(one) == 1


async def test_a_vacuum_does_not_wait_for_long_for_what_someone_has_locked(
    hasty: Store, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url) as other:
        other.execute("LOCK TABLE erasures IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(NotRead):
            await asyncio.wait_for(hasty.scrub(["erasures"]), LONG_S)
    assert await hasty.scrub(["erasures"])


async def test_both_ends_notice_soon_that_the_other_has_gone(settings: Settings) -> None:
    store = await Store.open(settings)

    def ours(connection: Connection) -> tuple[int, ...]:
        driver = connection.connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=driver.pgconn.socket) as sock:
            found = (
                sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
                sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )
            sock.detach()
        return found

    def theirs(connection: Connection) -> tuple[int, ...]:
        names = ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
        asked = text("SELECT setting FROM pg_settings WHERE name = :name")
        found = (connection.execute(asked, {"name": f"tcp_{name}"}) for name in names)
        return tuple(int(each.scalar_one()) for each in found)

    try:
        for door in (store.write, store.read):
            assert await door(ours) == (5, 5, 2, 15_000)
            assert await door(theirs) == (5, 5, 2, 15_000)
    finally:
        await store.close()
