"""A database of before keeps its buyers when their phone numbers get one form."""

import runpy
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, insert, select, text
from tests.shop.conftest import stall as stall
from tests.shop.support.sent_notices import kept
from tests.store.old_data import put
from tests.support.parts import people_of

from farmlive.broadcast.tables import events
from farmlive.ids import ulid
from farmlive.people.core.tables import blocks
from farmlive.settings import Settings
from farmlive.shop.core.order_tables import orders
from farmlive.shop.notices.limits import normalize_recipient
from farmlive.shop.notices.tables import notices
from farmlive.store.migrate import FOLDER

(REVISION,) = (Path(FOLDER) / "versions").glob("*_phone_forms.py")
FORMER = {
    "13912345678": "13912345678",
    "+0013912345678": "13912345678",
    "08613912345678": "13912345678",
    "05981234567": "+865981234567",
    "00442079460000": "+442079460000",
    "+442079460000": "+442079460000",
    "1234567": "+861234567",
}


async def test_numbers_and_pseudonyms_get_one_form(stall: Any, settings: Settings) -> None:
    pseudonyms = people_of(stall.store, settings).pseudonyms
    marks = {number: await pseudonyms.of("buyer", number) for number in (*FORMER, *FORMER.values())}
    placed_ids = [await _order_of_before(stall, former, marks[former]) for former in FORMER]
    await stall.store.write(lambda connection: _block(connection, marks["05981234567"], "landline"))
    await stall.store.write(lambda connection: _block(connection, marks["1234567"], "doubted"))
    await stall.store.write(lambda connection: _block(connection, marks["+861234567"], "its form"))

    await stall.store.write(
        lambda connection: _table_of_before(connection, stall.store.keys.pseudonyms)
    )
    for _ in range(2):  # once more it changes nothing
        await stall.store.write(_upgrade)
        found = await stall.store.read(lambda c: c.execute(select(orders)).all())
        by_id = {row.id: row for row in found}
        rows = [by_id[order] for order in placed_ids]
        for former, row in zip(FORMER, rows, strict=True):
            assert (row.buyer_phone, row.buyer) == (FORMER[former], marks[FORMER[former]])
        placed = await stall.events("order.placed")
        assert [event.data["buyer"] for event in placed] == [row.buyer for row in rows]
        assert {event.data["total"]["amount"] for event in placed} == {2990}
        said = await kept(stall.store)
        assert {row.order: row.person for row in said} == dict(
            zip(placed_ids, FORMER.values(), strict=True)
        )
        assert all(
            row.recipient == normalize_recipient(row.person) for row in said if row.person[0] == "+"
        )
        held = await stall.store.read(lambda c: c.execute(select(blocks)).all())
        assert {row.reason: row.mark for row in held} == {
            "landline": marks["+865981234567"],
            "its form": marks["+861234567"],
            "doubted": marks["1234567"],
        }


async def test_without_a_key_nothing_is_looked_at(stall: Any) -> None:
    order = await _order_of_before(stall, "05981234567", "a mark")
    await stall.store.write(lambda connection: _table_of_before(connection, None))
    await stall.store.write(_upgrade)
    query = select(orders.c.buyer_phone, orders.c.buyer).where(orders.c.id == order)
    (row,) = await stall.store.read(lambda c: c.execute(query).all())
    assert tuple(row) == ("05981234567", "a mark")


def _table_of_before(connection: Connection, key: bytes | None) -> None:
    """The table of keys, as it was at that revision."""
    connection.execute(text("CREATE TABLE secrets (name VARCHAR(32), value VARCHAR(64))"))
    if key is not None:
        put(connection, "secrets", name="pseudonyms", value=key.hex())


async def _order_of_before(stall: Any, number: str, mark: str) -> str:
    placed = await stall.place(1)

    def rewrite(connection: Connection) -> None:
        of_order = orders.c.id == placed["id"]
        connection.execute(orders.update().where(of_order).values(buyer=mark, buyer_phone=number))
        this = notices.c.order == placed["id"]
        connection.execute(notices.update().where(this).values(person=number, recipient=number))
        for event in connection.execute(select(events).where(events.c.kind == "order.placed")):
            if event.data["order"] == placed["id"]:
                data = {**event.data, "buyer": mark}
                here = (events.c.broadcast == event.broadcast) & (events.c.seq == event.seq)
                connection.execute(events.update().where(here).values(data=data))

    await stall.store.write(rewrite)
    return str(placed["id"])


def _block(connection: Connection, mark: str, reason: str) -> None:
    row = {"id": ulid(), "kind": "phone", "mark": mark, "reason": reason, "at": 1, "by": "host"}
    connection.execute(insert(blocks), row)


def _upgrade(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        runpy.run_path(str(REVISION))["upgrade"]()
