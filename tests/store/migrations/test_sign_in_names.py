"""A log from before accounts had display names: no sign-in name is left in what was said."""

import json

from sqlalchemy import Connection, Engine, text
from tests.store.old_data import migrated, on_both_databases, put, put_broadcast

from farmlive.settings import Settings

SAID = [
    {"nickname": "chen", "text": "大家好", "role": "host"},
    {"nickname": "阿月", "text": "chen!"},
    {"nickname": "Ｗｕ", "text": "刚摘的", "simulated": True},
    {"nickname": "林秀珍", "text": "开始", "role": "coordinator"},
    {},
]


def fill(connection: Connection) -> None:
    put_broadcast(connection, seq=len(SAID), last_at=9)
    for name, role in (("chen", "host"), ("wu", "seller")):
        put(connection, "accounts", id=name, name=name, password_hash="x", role=role, created_at=1)
    for seq, data in enumerate(SAID, 1):
        put(
            connection,
            "events",
            broadcast="b",
            seq=seq,
            at=seq,
            kind="chat.said",
            audience='["public"]',
            data=json.dumps(data),
        )


@on_both_databases
async def test_sign_in_names_are_taken_out_in_place(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0016", fill) as store:
        query = text("SELECT data FROM events ORDER BY seq")
        found = await store.read(lambda connection: connection.execute(query).all())
    told = [json.loads(row.data) if isinstance(row.data, str) else row.data for row in found]
    assert told == [
        {"nickname": "", "text": "大家好", "role": "host"},
        SAID[1],
        {"nickname": "", "text": "刚摘的", "simulated": True},
        SAID[3],
        {},
    ]
