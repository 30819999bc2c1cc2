"""PostgreSQL's statistics, which keep values of rows that are gone, have none of a person."""

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, inspect, text
from tests.store.old_data import put, put_broadcast

from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.keys import KeyFile
from farmlive.store.migrate import configuration

PEOPLE = {f"1385550{at:04d}": f"李大花 {at}" for at in range(20)}


def fill(connection: Connection) -> None:
    put_broadcast(connection)
    for at, (phone, name) in enumerate(PEOPLE.items()):
        order = {
            "id": f"o{at}",
            "broadcast": "b",
            "number": at,
            "token_hash": f"t{at}",
            "device": "d",
            "buyer": f"x{at}",
            "buyer_name": name,
            "buyer_phone": phone,
            "buyer_email": f"{phone}@example.org",
            "address": f"竹林村 {phone} 号",
            "way": "parcel",
            "payment_method": "cash_on_delivery",
            "state": "placed",
            "payment": "due",
            "total": 2990,
            "currency": "CNY",
            "simulated": False,
            "placed_at": 1,
        }
        put(connection, "orders", **order)
        notice = {
            "id": f"n{at}",
            "order": f"o{at}",
            "kind": "order.placed",
            "seq": at,
            "provider": "file",
            "person": phone,
            "recipient": phone,
            "state": "sent",
            "next_at": 1,
            "created_at": 1,
        }
        put(connection, "notices", **notice)


def known(engine: Engine, of: str) -> int:
    """How often the text stands in statistics."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT s::text FROM pg_stats s")).scalars()
        return sum(each.count(of) for each in found)


def files(engine: Engine) -> list[tuple[str, int]]:
    """The files of the tables that hold what is a person's."""
    query = """
        SELECT relname::text, relfilenode::bigint FROM pg_class
        WHERE relname IN ('orders', 'order_changes', 'order_keys', 'claims', 'notices')
        ORDER BY relname
    """
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]


def analyze(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in inspect(connection).get_table_names():  # those of its revision
            connection.execute(text(f'ANALYZE "{table}"'))


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql without tables"], indirect=True)
async def test_those_that_there_are_go_and_none_are_gathered(
    engine: Engine, settings: Settings
) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection, keys=KeyFile.of(settings)), "0043")
        fill(connection)
    analyze(engine)
    assert known(engine, "1385550") > len(PEOPLE)
    before = files(engine)
    await Store.migrate(settings)
    assert known(engine, "1385550") == known(engine, "李大花") == 0
    analyze(engine)
    assert known(engine, "1385550") == known(engine, "李大花") == 0
    assert known(engine, "cash_on_delivery") > 0  # others are
    assert files(engine) == before  # nor was a table written anew, under its lock
