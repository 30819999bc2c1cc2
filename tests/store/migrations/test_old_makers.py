"""Accounts, keys and links from before anybody was named as their maker: the audit list tells who
it was, else the owner, or whoever made the invitation.
"""

from sqlalchemy import Connection, Engine, select
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.people.accounts import accounts
from farmlive.people.core import tables
from farmlive.settings import Settings

MAKER, OWNER = "01JD0000000000000000000011", "01JD0000000000000000000012"
INVITED, MADE = "01JD0000000000000000000013", "01JD0000000000000000000014"


def fill(connection: Connection) -> None:
    common = {"password_hash": "x", "role": "coordinator", "created_at": 1, "farms": "[]"}
    for number, account in enumerate((MAKER, OWNER, INVITED, MADE)):
        put(connection, "accounts", id=account, name=f"name{number}", **common)
    for key in ("noted", "not noted", "without an owner"):
        owner = None if key == "without an owner" else OWNER
        put(
            connection,
            "api_keys",
            id=key,
            hash=key,
            label=key,
            role="host",
            created_at=1,
            farms="[]",
            owner=owner,
        )
    put(
        connection,
        "invitations",
        id="i",
        hash="i",
        role="host",
        farms="[]",
        created_at=1,
        expires_at=2,
        used_at=2,
        account=INVITED,
        owner=OWNER,
    )
    noted = (("key.add", "noted"), ("account.add", MADE), ("invitation.add", "i"))
    for number, (action, subject) in enumerate(noted):
        put(
            connection,
            "audit",
            id=f"{number:026}",
            at=1,
            account=MAKER,
            name="x",
            action=action,
            subject=subject,
            detail="{}",
        )


@on_both_databases
async def test_makers_are_those_that_the_audit_list_names_else_the_owners(
    engine: Engine, settings: Settings
) -> None:
    keys = select(tables.api_keys.c.id, tables.api_keys.c.made_by)
    async with migrated(engine, settings, "0044", fill) as store:
        found = await store.read(lambda conn: {row.id: row.made_by for row in conn.execute(keys)})
        people = {each.id: each for each in await store.read(accounts.list_accounts)}
    assert found == {"noted": MAKER, "not noted": OWNER, "without an owner": None}
    assert {each: people[each].made_by for each in people} == {
        MAKER: None,
        OWNER: None,
        INVITED: MAKER,
        MADE: MAKER,
    }
    assert {each.factor_extensions for each in people.values()} == {0}
