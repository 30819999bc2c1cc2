"""The store says when its database or that one's disk is lost, and when it is back."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text

from farmlive.outages import DependencyHealth, Outages
from farmlive.settings import Settings
from farmlive.store import CommitFailed, NotRead, Store


@pytest.fixture
def outages() -> Outages:
    return Outages()


@pytest.fixture
async def watched(
    store: Store, settings: Settings, outages: Outages
) -> AsyncIterator[tuple[Store, DependencyHealth, DependencyHealth]]:
    """Another store on the same database, and what tells of it and its disk."""
    made = await Store.open(settings, outages=outages)
    yield made, outages.register("database"), outages.register("database_disk")
    await made.close()


async def test_a_disk_counts_as_full_until_it_was_tried_out(
    watched: tuple[Store, DependencyHealth, DependencyHealth], outages: Outages
) -> None:
    """A commit that changes nothing, or finds a page, is no proof."""
    store, _, disk = watched
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL's own disk can't be filled from here")
    await store.write(lambda c: c.execute(text("PRAGMA max_page_count = 1")) and None)
    with pytest.raises(CommitFailed, match="disk is full"):
        await store.write(
            lambda c: c.execute(text("CREATE TABLE big AS SELECT randomblob(1000000)")) and None
        )
    assert (disk.reason, disk.failures) == ("database or disk is full", 1)
    assert outages.failing(needed=True) == [disk]
    await store.write(lambda c: c.execute(text("SELECT 1")).scalar())
    assert disk.failing
    assert await store.try_out()
    assert outages.failing() == []


async def test_a_disk_that_is_still_full_does_not_come_back(
    watched: tuple[Store, DependencyHealth, DependencyHealth],
) -> None:
    store, _, disk = watched
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL's own disk can't be filled from here")
    assert await store.try_out()
    disk.failed("full")

    def limit(connection: Connection) -> None:
        connection.execute(text("PRAGMA max_page_count = 1"))

    await store.write(limit)
    assert not await store.try_out()  # which takes more room than its row has
    assert disk.failing


async def test_a_lost_database_is_back_with_the_next_commit(
    watched: tuple[Store, DependencyHealth, DependencyHealth], outages: Outages
) -> None:
    store, database, _ = watched
    if store.dialect == "sqlite":
        pytest.skip("SQLite has no connection to lose")

    def end(connection: Connection) -> None:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(CommitFailed):
        await store.write(end)
    assert outages.failing(needed=True) == [database]
    assert await store.try_out()
    assert not database.failing
    with pytest.raises(NotRead):
        await store.read(end)
    assert database.failing
    assert await store.try_out()
    assert outages.failing() == []


async def test_a_fault_of_a_function_is_no_outage(
    watched: tuple[Store, DependencyHealth, DependencyHealth], outages: Outages
) -> None:
    store, _, _ = watched

    def wrong(connection: Connection) -> None:
        connection.execute(text("SELECT nothing FROM nowhere"))

    for door in (store.write, store.read):
        with pytest.raises(Exception, match="nowhere"):
            await door(wrong)
    assert outages.failing() == []


async def test_a_database_that_takes_nothing_new_is_lost(
    watched: tuple[Store, DependencyHealth, DependencyHealth], outages: Outages
) -> None:
    """Such as one that was made read-only."""
    store, database, _ = watched
    await store.write(lambda c: c.execute(text("DROP TABLE pulse")) and None)
    assert not await store.try_out()
    assert outages.failing(needed=True) == [database]
