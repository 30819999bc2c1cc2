"""A whole server whose buyer is erased by the order's link: a grep finds them in nothing that it
keeps, on SQLite in the files of the database themselves.
"""

import io
import json
import subprocess
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import Connection, inspect, select, text
from tests.support.money import cny
from tests.support.waiting import until

from farmlive.broadcast.checkpoints import capture
from farmlive.broadcast.tables import log_checkpoints
from farmlive.client import Api, Channel
from farmlive.ids import token
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.shop.core.order_tables import orders
from farmlive.shop.privacy.tables import erasures

NAME = "欧阳竹林"
PHONE = "13866607788"
PLACE = "汤川乡 胡厝村 88 号"
WORDS = (NAME, PHONE, "胡厝村", "碰烂了几个", "给您赔不是", "少给了一盒")
BOX = {"name": {"zh": "金桔"}, "unit": {"zh": "箱"}, "net_weight_g": 2500}


@pytest.fixture
async def api(server: Server) -> AsyncIterator[Api]:
    _, key = await server.house.people.create_api_key("test", "coordinator")
    async with Api(server.url, key=key) as api:
        yield api


@pytest.fixture
def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 120, 20)).save(written, "JPEG")
    return written.getvalue()


def grep(word: str, folder: Path) -> list[str]:
    """The files of the folder that hold the word, by the program itself: whoever closes a file of
    the database drops SQLite's locks on it.
    """
    escaped = json.dumps(word)[1:-1]
    found = subprocess.run(
        ["grep", "-rlaF", "-e", word, "-e", escaped, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.splitlines()


def grep_bytes(wanted: bytes, folder: Path) -> list[str]:
    """The files that hold these bytes."""
    # Not by grep, which reads lines: the bytes may have a newline among them.
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if wanted in path.read_bytes()]


def tables_with(connection: Connection, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Which tables hold which word, in any column."""
    return [
        (name, word)
        for name in inspect(connection).get_table_names()
        for rows in [str(connection.execute(text(f'SELECT * FROM "{name}"')).all())]
        for word in words
        if word in rows or json.dumps(word)[1:-1] in rows
    ]


async def order(api: Api, broadcast: str, offer: str, photo: bytes) -> dict[str, Any]:
    """An order with all that a buyer may leave, received and paid."""
    placed = await api.commands(broadcast).order(
        token(),
        {
            "lines": [{"offer": offer, "quantity": 2, "price": 2990}],
            "buyer": {"name": NAME, "phone": PHONE, "email": "ouyang@example.org"},
            "delivery": {"way": "parcel", "address": PLACE},
            "payment": "cash_on_delivery",
        },
    )
    for state in ("packed", "shipped", "received"):
        await api.change_order_state(broadcast, placed["id"], state)
    await api.mark_order_paid(broadcast, placed["id"])
    url = f"/api/v1/orders/{placed['token']}/claims"
    sent = await api.upload(f"{url}/photos", photo, "image/jpeg")
    body = {"text": "碰烂了几个", "photos": [sent["id"]]}
    made = await api.request("POST", url, json=body)
    answer = {"amount": cny(500), "answer": "给您赔不是"}
    claim = f"/api/v1/broadcasts/{broadcast}/claims/{made['claims'][0]['id']}/answer"
    await api.request("POST", claim, json=answer)
    refund = f"/api/v1/broadcasts/{broadcast}/orders/{placed['id']}/refunds"
    await api.request("POST", refund, json={"amount": cny(300), "reason": "少给了一盒"})
    return placed


async def test_a_grep_finds_nothing_of_who_was_erased(
    server: Server, api: Api, settings: Settings, picture: bytes
) -> None:
    farm = await api.create_farm({"zh": "果园"}, {"zh": "尤溪"})
    lot = await api.create_lot(
        farm["id"], "1123", {"zh": "金桔"}, "2026-11-20T08:00:00+08:00", 90_000
    )
    broadcast = (await api.create_broadcast({"zh": "一场"}))["id"]
    offer = (await api.create_offer(broadcast, lot["id"], cny(2990), 9, **BOX))["id"]
    await api.start(broadcast)
    store = server.house.store
    _, key = await server.house.people.create_api_key("host", "host")
    async with await Channel.connect(server.url, broadcast, key=key):  # someone has the desk open
        placed = await order(api, broadcast, offer, picture)

        async def is_told() -> bool:
            return len(grep(PHONE, settings.data / "outbox")) == 1

        await until(is_told, "messages were written")
        before = await store.read(lambda connection: tables_with(connection, WORDS))
        assert {word for _, word in before} == set(WORDS)
        assert list((settings.data / "claims").glob("*/*"))
        of_order = select(orders.c.buyer).where(orders.c.id == placed["id"])
        old = await store.read(lambda connection: connection.execute(of_order).scalar_one())
        hub = server.house.broadcasts.hubs.open[broadcast]
        assert old in repr([*hub._ring, hub.scene])
        review = await api.request("GET", f"/api/v1/broadcasts/{broadcast}/review")
        # A long log's state is kept, too, and has the pseudonym.
        keeper = server.house.broadcasts.hubs._checkpoints
        assert await keeper.store(capture(broadcast, hub.scene, hub.read_at))
        state = select(log_checkpoints.c.data)
        kept = await store.read(lambda connection: connection.execute(state).scalar_one())
        assert old.encode() in zlib.decompress(kept)
        assert bool(grep_bytes(kept[20:60], settings.data)) == (store.dialect == "sqlite")

        async with httpx.AsyncClient(base_url=server.url) as buyer:
            # Its message names no order, and the order is the only one of the phone.
            asked = await buyer.post("/api/v1/person/codes", json={"phone": PHONE})
            assert asked.status_code == 202
            await until(lambda: grep("person.code", settings.data / "outbox"), "a code was sent")
            answer = await buyer.post(f"/api/v1/orders/{placed['token']}/erasures")
        assert (answer.status_code, answer.json()) == (200, {"orders": 1})

        async def is_scrubbed() -> bool:
            rows = await store.read(lambda connection: connection.execute(select(erasures)).all())
            return all(row.scrubbed_at is not None and row.buyer == "" for row in rows)

        await until(is_scrubbed, "WAL or dead rows were let go of")

        assert await store.read(lambda connection: tables_with(connection, WORDS)) == []
        for word in WORDS:
            assert grep(word, settings.data) == []
        assert await store.read(lambda connection: connection.execute(state).all()) == []
        assert grep_bytes(kept[20:60], settings.data) == []
        assert not list((settings.data / "claims").glob("*/*"))
        await until(lambda: old not in repr([*hub._ring, hub.scene]), "the hub has forgotten")
        after = await api.request("GET", f"/api/v1/broadcasts/{broadcast}/review")
        sums = ("orders", "items", "buyers", "gross", "net", "refunded", "cancelled", "paid")
        assert [after[name] for name in sums] == [review[name] for name in sums]
