"""A buyer's code that was sent before codes had a seed is derived from its time, as it was."""

from sqlalchemy import Connection, Engine, select
from tests.store.old_data import migrated, on_both_databases, put

from farmlive.settings import Settings
from farmlive.shop.privacy.tables import person_codes


def fill(connection: Connection) -> None:
    put(connection, "person_codes", phone="p", issued_at=1234, tries=1, tried_at=5, until=6)


@on_both_databases
async def test_it_stays_the_code(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0042", fill) as store:
        (row,) = await store.read(lambda conn: conn.execute(select(person_codes)).all())
    assert (row.issued_at, row.seed, row.tries) == (1234, 1234, 1)
