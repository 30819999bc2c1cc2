"""Notices from before messages gathered them: each is a message by itself, which is sent."""

from alembic import command
from sqlalchemy import Connection, Engine, inspect
from tests.shop.told import kept, lines

from farmlive.broadcast.log import Log
from farmlive.bus import LocalBus
from farmlive.settings import Settings
from farmlive.shop.notices import Notices
from farmlive.store import Store
from farmlive.store.migrate import configuration

from .old_data import on_both_databases, put


def fill(connection: Connection) -> None:
    put(connection, "broadcasts", id="b", title="{}", state="live", created_at=1, seq=1, last_at=1)
    put(
        connection,
        "orders",
        id="o",
        broadcast="b",
        number=1,
        token="t",
        device="d",
        buyer="x",
        buyer_name="Ann",
        buyer_phone="13800000000",
        way="parcel",
        payment_method="cash_on_delivery",
        state="placed",
        payment="due",
        total=2990,
        currency="CNY",
        simulated=False,
        placed_at=1,
    )
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
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0029")
        fill(connection)
    await Store.migrate(settings)
    store = await Store.open(settings)
    await Notices(store, Log(LocalBus()), settings).send()
    rows = await kept(store)
    await store.close()
    found = [(row.id, row.message, row.recipient, row.state) for row in rows]
    assert found == [(id_, id_, "13800000000", "sent") for id_ in ("sent", "waiting")]
    assert len(lines(settings)) == 1
    names = {str(each["name"]) for each in inspect(engine).get_indexes("notices")}
    assert names.isdisjoint({"ix_notices_state_next_at", "ix_notices_message"})
