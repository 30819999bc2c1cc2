"""A log from before accounts had display names: no sign-in name is left in what was said."""

import json
from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, text
from tests.store.later import writer_of

from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.migrate import configuration

SAID = [
    {"nickname": "chen", "text": "大家好", "role": "host"},
    {"nickname": "阿月", "text": "chen!"},
    {"nickname": "Ｗｕ", "text": "刚摘的", "simulated": True},
    {"nickname": "林秀珍", "text": "开始", "role": "coordinator"},
    {},
]


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    settings.data.mkdir()
    with writer_of(settings) as engine:
        yield engine


def fill(connection: Connection) -> None:
    def put(table: str, **row: object) -> None:
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)

    names = '{"zh": "直播", "en": ""}'
    put("broadcasts", id="b", title=names, state="live", created_at=1, seq=len(SAID), last_at=9)
    for name, role in (("chen", "host"), ("wu", "seller")):
        put("accounts", id=name, name=name, password_hash="x", role=role, created_at=1)
    for seq, data in enumerate(SAID, 1):
        put(
            "events",
            broadcast="b",
            seq=seq,
            at=seq,
            kind="chat.said",
            audience='["public"]',
            data=json.dumps(data),
        )


@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql without tables", marks=pytest.mark.postgresql)],
    indirect=True,
)
async def test_sign_in_names_are_taken_out_in_place(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0016")
        fill(connection)
    await Store.migrate(settings)
    store = await Store.open(settings)
    found = await store.read(
        lambda connection: connection.execute(text("SELECT data FROM events ORDER BY seq")).all()
    )
    await store.close()
    told = [json.loads(row.data) if isinstance(row.data, str) else row.data for row in found]
    assert told == [
        {"nickname": "", "text": "大家好", "role": "host"},
        SAID[1],
        {"nickname": "", "text": "刚摘的", "simulated": True},
        SAID[3],
        {},
    ]
