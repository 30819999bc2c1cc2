"""Orders from before they kept their key: the migration lets each know it, so that its answer goes
with its person.
"""

import json

from sqlalchemy import Connection, Engine, text
from tests.store.old_data import migrated, on_both_databases, put, put_broadcast, put_order

from farmlive.settings import Settings

MANY = 1_203


def fill(connection: Connection) -> None:
    for broadcast in ("a", "b"):
        put_broadcast(connection, id=broadcast)
    for number in range(1, MANY + 1):
        order = f"o{number}"
        put_order(
            connection, id=order, broadcast="ab"[number % 2], number=number, token=f"t{number}"
        )
        for key, answer in (
            (f"key {number}", {"order": order, "token": f"t{number}"}),
            (f"refund {number}", {"order": order, "move": "m"}),
            (f"hold {number}", {"order": order, "until": 1}),
        ):
            put(
                connection,
                "order_keys",
                broadcast="ab"[number % 2],
                key=key,
                body_hash="x",
                answer=json.dumps(answer),
            )


@on_both_databases
async def test_each_order_knows_its_key(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0031", fill) as store:
        query = text("SELECT id, key FROM orders")
        rows = await store.read(lambda connection: connection.execute(query).all())
    assert {row.id: row.key for row in rows} == {
        f"o{number}": f"key {number}" for number in range(1, MANY + 1)
    }
