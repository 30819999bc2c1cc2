"""Clerks, their keys and invitations from before clerks had centres: all centres are theirs."""

from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.people.accounts import accounts
from farmlive.people.keys import api_keys, invitations
from farmlive.settings import Settings


def fill(connection: Connection) -> None:
    for name in ("clerk", "host"):
        common = {"role": name, "created_at": 1, "farms": "[]"}
        put(connection, "accounts", id=name, name=name, password_hash="x", **common)
        put(connection, "api_keys", id=name, label=name, hash=name, **common)
        put(connection, "invitations", id=name, hash=name, expires_at=1 << 50, **common)


@on_both_databases
async def test_who_was_a_clerk_before_keeps_all_centres(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0015", fill) as store:
        people = await store.read(accounts.list_accounts)
        keys = await store.read(api_keys.list_keys)
        invited = await store.read(invitations.list_open)
    found = [
        *((each.role, each.centres) for each in people),
        *((each.role, each.centres) for each in keys),
        *((each.role, each.centres) for each in invited),
    ]
    assert found == 3 * [
        ("clerk", None),
        ("host", frozenset()),
    ]
