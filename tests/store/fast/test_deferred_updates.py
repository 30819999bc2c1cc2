"""What is counted in memory is in the database for who looks, and undone with who counted it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from farmlive.store import CommitFailed, Store, hot, savepoint, tally

metadata = MetaData()
baskets = Table(
    "test_baskets",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("taken", BigInteger, nullable=False),
    Column("there", BigInteger, nullable=False),
)
TAKE = hot(
    update(baskets)
    .where(
        baskets.c.id == bindparam("basket"),
        baskets.c.taken + bindparam("by") <= baskets.c.there,
    )
    .values(taken=baskets.c.taken + bindparam("by"))
)
TAKEN = select(baskets.c.taken).where(baskets.c.id == bindparam("basket"))
COUNTED = hot(TAKEN.where(), counted=True)
UNCOUNTED = hot(TAKEN.where())
Deed = Callable[[Connection], Any]


class Refused(Exception):
    """What a function raises by itself."""


@pytest.fixture
async def store(store: Store) -> Store:
    """The store, with a basket of ten."""
    await store.write(lambda connection: metadata.create_all(connection))
    basket = {"id": "plums", "taken": 0, "there": 10}
    await store.write(lambda connection: connection.execute(insert(baskets), basket))
    return store


def take(connection: Connection, by: int) -> None:
    tally(connection).defer(TAKE, {"basket": "plums"}, {"by": by})


def taken(connection: Connection, query: Any = TAKEN) -> int:
    return int(connection.execute(query, {"basket": "plums"}).scalar_one())


async def together(store: Store, *deeds: Deed) -> list[Any]:
    """What came of functions that share a transaction."""
    return await asyncio.gather(*(store.write(deed) for deed in deeds), return_exceptions=True)


async def test_who_looks_sees_what_is_owed(store: Store) -> None:
    def write(connection: Connection) -> list[int]:
        take(connection, 2)
        take(connection, 3)
        seen = [taken(connection, UNCOUNTED)]  # which says that it looks at nothing counted
        seen.append(taken(connection))
        take(connection, 1)
        seen.append(taken(connection, COUNTED))
        take(connection, 1)
        return seen

    assert await store.write(write) == [0, 5, 6]
    assert await store.read(taken) == 7


async def test_a_row_that_is_put_in_has_all_that_is_owed_of_it(store: Store) -> None:
    put = {
        name: hot(
            of.on_conflict_do_update(
                index_elements=["id"], set_={"taken": baskets.c.taken + of.excluded.taken}
            )
        )
        for name, of in (
            ("sqlite", sqlite.insert(baskets)),
            ("postgresql", postgresql.insert(baskets)),
        )
    }

    def write(connection: Connection) -> None:
        counted = tally(connection)
        statement = put[connection.dialect.name]
        for basket in [*(f"{at:02}" for at in range(40)), "07", "plums"]:
            counted.defer(statement, {"id": basket, "there": 9}, {"taken": 2})

    await store.write(write)
    query = select(baskets.c.id, baskets.c.taken).order_by(baskets.c.id)
    found = await store.read(
        lambda connection: {row.id: row.taken for row in connection.execute(query)}
    )
    assert found == {**{f"{at:02}": 2 for at in range(40)}, "07": 4, "plums": 2}


async def test_what_is_known_is_forgotten_when_it_may_have_changed(store: Store) -> None:
    def write(connection: Connection) -> list[Any]:
        counted = tally(connection)
        counted.know("plums", 0)
        taken(connection)
        seen = [counted.known("plums")]
        connection.execute(update(baskets).values(there=20))
        return [*seen, counted.known("plums")]

    assert await store.write(write) == [0, None]
    assert await store.write(lambda connection: tally(connection).known("plums")) is None


async def test_who_fails_has_counted_nothing(store: Store) -> None:
    def fail(connection: Connection) -> None:
        tally(connection).know("plums", "less")
        take(connection, 4)
        raise Refused

    def know(connection: Connection) -> Any:
        take(connection, 1)
        return tally(connection).known("plums")

    *answers, last = await together(store, lambda connection: take(connection, 2), fail, know, fail)
    assert [type(answer) for answer in (*answers, last)] == [
        type(None),
        Refused,
        type(None),
        Refused,
    ]
    assert await store.read(taken) == 3


async def test_what_a_failed_function_wrote_for_others_is_owed_again(store: Store) -> None:
    def fail(connection: Connection) -> None:
        take(connection, 4)
        assert taken(connection) == 6  # and so it was written, behind this function's SAVEPOINT
        raise Refused

    first, second, third = await together(
        store, lambda connection: take(connection, 2), fail, taken
    )
    assert (first, type(second), third) == (None, Refused, 2)
    assert await store.read(taken) == 2


async def test_a_part_that_fails_has_counted_nothing(store: Store) -> None:
    def write(connection: Connection) -> None:
        take(connection, 1)
        with contextlib.suppress(Refused), savepoint(connection):
            take(connection, 4)
            assert taken(connection) == 5
            raise Refused
        with savepoint(connection):
            take(connection, 2)

    await store.write(write)
    assert await store.read(taken) == 3


async def test_more_than_there_is_undoes_all(store: Store) -> None:
    """Which can't be, as who owes has looked; so nobody is told that it was kept."""
    heard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: heard.append(told))
    answers = await together(store, *[lambda connection: take(connection, 6)] * 2)
    assert [type(answer) for answer in answers] == [CommitFailed] * 2
    assert await store.read(taken) == 0
    assert [str(told["exception"]) for told in heard] == [
        "{'basket': 'plums', 'by': 12}: no row is as it was counted"
    ]
    await store.write(lambda connection: take(connection, 6))
    assert await store.read(taken) == 6
