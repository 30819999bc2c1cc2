"""Notices from before messages gathered them: each is a message by itself, which is sent."""

from sqlalchemy import Connection, Engine, inspect
from tests.shop.support.sent_notices import kept, lines
from tests.store.old_data import migrated, on_both_databases, put, put_broadcast, put_order
from tests.support.parts import local_log, notices_of

from farmlive.settings import Settings


def fill(connection: Connection) -> None:
    put_broadcast(connection)
    put_order(connection)
    common = {
        "order": "o",
        "kind": "order.placed",
        "provider": "file",
        "person": "13800000000",
        "next_at": 1,
        "created_at": 1,
    }
    put(connection, "notices", id="sent", seq=1, state="sent", **common)
    put(connection, "notices", id="waiting", seq=2, state="waiting", **common)


@on_both_databases
async def test_what_code_from_before_messages_wrote_is_sent(
    engine: Engine, settings: Settings
) -> None:
    async with migrated(engine, settings, "0029", fill) as store:
        await notices_of(store, local_log(), settings).send()
        rows = await kept(store)
    found = [(row.id, row.message, row.recipient, row.state) for row in rows]
    assert found == [(id_, id_, "13800000000", "sent") for id_ in ("sent", "waiting")]
    assert len(lines(settings)) == 1
    names = {str(each["name"]) for each in inspect(engine).get_indexes("notices")}
    assert names.isdisjoint({"ix_notices_state_next_at", "ix_notices_message"})
