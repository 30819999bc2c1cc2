"""Whoever was signed in before sessions ended by idling stays so, and can end each of them."""

import pytest
from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.clock import now_ms
from farmlive.people.core import sessions
from farmlive.people.core.sessions import Lifetime
from farmlive.settings import Settings
from farmlive.store import Store

DAY_MS = 24 * 60 * 60 * 1000
LIFETIME = Lifetime.of(720, 14)


def fill(connection: Connection) -> None:
    common = {"role": "host", "created_at": 1, "farms": "[]"}
    put(connection, "accounts", id="A", name="chen", password_hash="x", **common)
    now = now_ms()
    for token, ago in (("one", 0), ("another", 3 * DAY_MS)):
        put(
            connection,
            "sessions",
            hash=sessions.hash_secret(token),
            account="A",
            created_at=now - ago,
            expires_at=now - ago + 14 * DAY_MS,
        )


@on_both_databases
async def test_who_was_signed_in_stays_so(engine: Engine, settings: Settings) -> None:
    def read(connection: Connection) -> list[bool]:
        found = sessions.list_open(connection, "A", "another", LIFETIME)
        assert len({each.id for each in found}) == 2
        return [each.is_this for each in found]

    async with migrated(engine, settings, "0030", fill) as store:
        found = await store.read(lambda conn: sessions.find(conn, "another", LIFETIME))
        assert found is not None
        assert not found.weak_password
        assert sorted(await store.read(read)) == [False, True]


@pytest.mark.parametrize("days", [0, 3])
async def test_one_that_an_older_server_begins_idles_from_its_beginning(
    store: Store, days: int
) -> None:
    def write(connection: Connection) -> None:
        now = now_ms() - days * DAY_MS
        put(
            connection,
            "accounts",
            id="A",
            name="chen",
            password_hash="x",
            role="host",
            created_at=1,
            farms="[]",
        )
        row = {"hash": sessions.hash_secret("one"), "account": "A", "created_at": now}
        put(connection, "sessions", **row, expires_at=now + 14 * DAY_MS)

    await store.write(write)
    found = await store.read(lambda conn: sessions.find(conn, "one", LIFETIME))
    assert (found is None) == (days > 0)
    if found is not None:
        await store.write(lambda conn: sessions.use(conn, "one"))
        (listed,) = await store.read(lambda conn: sessions.list_open(conn, "A", "one", LIFETIME))
        assert listed.is_this
