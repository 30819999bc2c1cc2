"""Entries of the audit list from before roles and keys were kept are read and found as they are."""

from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.ids import ulid
from farmlive.people.core import audit
from farmlive.people.core.audit import BY_COMMAND, COMMAND, AuditEntry, Selection
from farmlive.settings import Settings

ACCOUNT = ulid()


def fill(connection: Connection) -> None:
    for name, account in (("lin", ACCOUNT), ("price sheet", None), (COMMAND, None)):
        values = {"name": name, "account": account, "action": "account.add", "detail": "{}"}
        put(connection, "audit", id=ulid(), at=1, **values)


@on_both_databases
async def test_entries_from_before_have_no_role(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0046", fill) as store:

        async def found(selection: Selection) -> list[AuditEntry]:
            return await store.read(lambda conn: audit.list_entries(conn, None, 10, selection))

        every = await found(audit.EVERYTHING)
        assert [deed.name for deed in every] == [COMMAND, "price sheet", "lin"]
        assert {(deed.role, deed.key) for deed in every} == {(None, None)}
        assert [deed.name for deed in await found(Selection(person=ACCOUNT))] == ["lin"]
        assert [deed.name for deed in await found(Selection(person=BY_COMMAND))] == [COMMAND]
