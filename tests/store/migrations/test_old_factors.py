"""Accounts and sessions from before second factors: nobody has one, and sessions go on."""

from functools import partial

from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.clock import now_ms
from farmlive.people.accounts import accounts
from farmlive.people.core import sessions
from farmlive.people.core.sessions import Lifetime
from farmlive.settings import Settings

MINUTE_MS = 60_000


def fill(connection: Connection, now: int) -> None:
    common = {"role": "host", "created_at": 1, "farms": "[]"}
    put(connection, "accounts", id="A", name="chen", password_hash="x", **common)
    put(
        connection,
        "sessions",
        hash=sessions.hash_secret("token"),
        account="A",
        created_at=now - 9 * MINUTE_MS,
        used_at=now,
        expires_at=now + 14 * 24 * 60 * MINUTE_MS,
    )


@on_both_databases
async def test_nobody_has_a_factor_and_a_session_was_authenticated_by_its_sign_in(
    engine: Engine, settings: Settings
) -> None:
    now = now_ms()
    async with migrated(engine, settings, "0035", partial(fill, now=now)) as store:
        account = await store.read(lambda conn: accounts.get_by_name(conn, "chen"))
        assert (account.second_factor, account.factor_asked_at) == (False, None)
        lifetime = Lifetime.of(720, 14)
        found = await store.read(lambda conn: sessions.find(conn, "token", lifetime))
        assert found is not None
        assert found.authenticated_at == now - 9 * MINUTE_MS
        at = await store.write(lambda conn: sessions.record_authentication(conn, "token"))
        again = await store.read(lambda conn: sessions.find(conn, "token", lifetime))
    assert again is not None
    assert again.authenticated_at == at
