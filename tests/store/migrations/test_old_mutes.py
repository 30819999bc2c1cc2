"""Mutes from before they had an end hold for their show."""

from sqlalchemy import Connection, Engine
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.broadcast import mutes
from farmlive.settings import Settings


@on_both_databases
async def test_mutes_from_before_hold(engine: Engine, settings: Settings) -> None:
    def fill(connection: Connection) -> None:
        put(connection, "mutes", broadcast="b", device="d", at=5, by=None)

    async with migrated(engine, settings, "0022", fill) as store:
        (kept,) = await store.read(lambda connection: mutes.list_mutes(connection, "b"))
        assert await store.read(lambda connection: mutes.list_mutes(connection, "another")) == []
    assert (kept.device, kept.until, kept.everywhere, kept.at) == ("d", None, False, 5)
