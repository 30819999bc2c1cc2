"""Orders from before they kept their key: the migration lets each know it, so that its answer goes
with its person.
"""

import json

from alembic import command
from sqlalchemy import Connection, Engine, text

from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.migrate import configuration

from .old_data import on_both_databases, put

MANY = 1_203


def fill(connection: Connection) -> None:
    for broadcast in ("a", "b"):
        put(
            connection,
            "broadcasts",
            id=broadcast,
            title="{}",
            state="live",
            created_at=1,
            seq=1,
            last_at=1,
        )
    for number in range(1, MANY + 1):
        order = f"o{number}"
        put(
            connection,
            "orders",
            id=order,
            broadcast="ab"[number % 2],
            number=number,
            token=f"t{number}",
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
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0031")
        fill(connection)
    await Store.migrate(settings)
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT id, key FROM orders")).all()
        found = {row.id: row.key for row in rows}
    assert found == {f"o{number}": f"key {number}" for number in range(1, MANY + 1)}
