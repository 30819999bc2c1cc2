"""Mutes from before they had an end hold for their show."""

from alembic import command
from sqlalchemy import Engine, text

from farmlive.broadcast import mutes
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.migrate import configuration

from .old_data import on_both_databases


@on_both_databases
async def test_mutes_from_before_hold(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0022")
        row = "INSERT INTO mutes (broadcast, device, at, \"by\") VALUES ('b', 'd', 5, NULL)"
        connection.execute(text(row))
    await Store.migrate(settings)
    store = await Store.open(settings)
    (kept,) = await store.read(lambda connection: mutes.every(connection, "b"))
    assert await store.read(lambda connection: mutes.every(connection, "another")) == []
    await store.close()
    assert (kept.device, kept.until, kept.everywhere, kept.at) == ("d", None, False, 5)
