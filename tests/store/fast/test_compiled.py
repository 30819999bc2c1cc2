"""Hot statements give what others give, on both databases, in the order of asking."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError, MultipleResultsFound, NoResultFound

from farmlive.store import Json, Store, hot
from farmlive.store.engine import READERS

metadata = MetaData()
crates = Table(
    "test_crates",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("boxes", BigInteger, nullable=False),
    Column("ripe", Boolean, nullable=False),
    Column("facts", Json),
    Column("note", String(20)),
)
_again = crates.alias("again")

ADD = hot(insert(crates))
COUNTED = hot(
    insert(crates)
    .values(
        boxes=select(func.coalesce(func.max(_again.c.boxes), 0) + 1)
        .where(_again.c.ripe == bindparam("of_ripe"))
        .scalar_subquery()
    )
    .returning(crates.c.boxes, crates.c.facts)
)
ONE = hot(select(crates).where(crates.c.id == bindparam("id")))
SOME = hot(
    select(crates.c.id, crates.c.ripe, crates.c.facts)
    .where(crates.c.id.in_(bindparam("ids", expanding=True)), crates.c.boxes > 0)
    .order_by(crates.c.id)
)
TAKE = hot(
    update(crates)
    .where(
        crates.c.id == bindparam("crate"), crates.c.boxes >= bindparam("by") + bindparam("spare")
    )
    .values(boxes=crates.c.boxes - bindparam("by"))
    .returning(crates.c.boxes)
)
RENAME = hot(
    update(crates).where(crates.c.note == bindparam("was")).values(note=bindparam("becomes"))
)
DROP = hot(delete(crates).where(crates.c.id == bindparam("crate")))

APPLE = {"id": "apple", "boxes": 3, "ripe": True, "facts": {"名": ["金桔", 1, None]}, "note": None}
PEAR = {"id": "pear 梨", "boxes": 2**40, "ripe": False, "facts": None, "note": "x'; --"}


@pytest.fixture
async def store(store: Store) -> Store:
    """The store, with the table of these tests."""
    await store.write(lambda connection: metadata.create_all(connection))
    return store


async def test_rows_are_those_of_other_statements(store: Store) -> None:
    def write(connection: Connection) -> list[Any]:
        connection.execute(ADD, [APPLE, PEAR])
        hot_rows = [connection.execute(ONE, {"id": each["id"]}).one() for each in (APPLE, PEAR)]
        rows = connection.execute(select(crates).order_by(crates.c.id)).all()
        assert [dict(row._mapping) for row in hot_rows] == [dict(row._mapping) for row in rows]
        return hot_rows

    apple, pear = await store.write(write)
    assert apple._mapping == APPLE
    assert (pear.boxes, pear.ripe, pear.facts, pear.note) == (2**40, False, None, "x'; --")
    assert apple[0] == "apple"


async def test_a_write_may_begin_with_a_single_value(store: Store) -> None:
    count = select(func.count()).select_from(crates)
    assert await store.write(lambda connection: connection.scalar(count)) == 0
    assert await store.write(lambda connection: connection.scalars(count).all()) == [0]


async def test_readers_take_the_short_way_too(store: Store) -> None:
    await store.write(lambda connection: connection.execute(ADD, APPLE) and None)
    row = await store.read(lambda connection: connection.execute(ONE, {"id": "apple"}).first())
    assert row is not None
    assert row._mapping == APPLE
    with pytest.raises(Exception, match=r"read-?only"):
        await store.read(lambda connection: connection.execute(ADD, PEAR).rowcount)


async def test_readers_keep_what_is_prepared_however_often_they_ask(store: Store) -> None:
    def read(connection: Connection) -> int:
        hot_ones = len(connection.execute(SOME, {"ids": ["apple"]}).all())
        return hot_ones + len(connection.execute(select(crates.c.note)).all())

    await store.write(lambda connection: connection.execute(ADD, APPLE))
    for _ in range(20 * READERS):  # so often that a driver would prepare the other one too
        assert await store.read(read) == 2


async def test_lists_of_any_length(store: Store) -> None:
    def write(connection: Connection) -> list[list[str]]:
        connection.execute(ADD, [APPLE, PEAR])
        asked: list[list[str]] = [[], ["apple"], ["pear 梨", "apple"], ["no", "nor", "pear 梨"]]
        return [[row.id for row in connection.execute(SOME, {"ids": ids})] for ids in asked]

    found = await store.write(write)
    assert found == [[], ["apple"], ["apple", "pear 梨"], ["pear 梨"]]


async def test_what_an_update_gives(store: Store) -> None:
    def write(connection: Connection) -> None:
        connection.execute(ADD, [APPLE, PEAR])
        take = {"crate": "apple", "by": 2, "spare": 0}
        assert connection.execute(TAKE, take).scalar_one() == 1
        assert connection.execute(TAKE, take).one_or_none() is None
        assert connection.execute(TAKE, take).scalar_one_or_none() is None
        with pytest.raises(NoResultFound):
            connection.execute(TAKE, take).one()
        assert connection.execute(RENAME, {"was": "x'; --", "becomes": "y"}).rowcount == 1
        assert connection.execute(DROP, {"crate": "nothing"}).rowcount == 0
        with pytest.raises(MultipleResultsFound):
            connection.execute(SOME, {"ids": ["apple", "pear 梨"]}).one_or_none()

    await store.write(write)


async def test_a_count_in_the_statement_itself(store: Store) -> None:
    def write(connection: Connection) -> list[Any]:
        added = {"of_ripe": True, "ripe": True, "facts": [1], "note": None}
        return [
            tuple(connection.execute(COUNTED, {"id": name, **added}).one()) for name in ("a", "b")
        ]

    assert await store.write(write) == [(1, [1]), (2, [1])]


async def test_everything_happens_in_its_order(store: Store) -> None:
    def write(connection: Connection) -> None:
        connection.execute(ADD, APPLE)
        # Another statement sees what waited, and so does the next hot one.
        assert connection.execute(select(func.count()).select_from(crates)).scalar_one() == 1
        connection.execute(DROP, {"crate": "apple"})
        connection.execute(ADD, PEAR)
        assert connection.execute(ONE, {"id": "apple"}).first() is None
        connection.execute(ADD, APPLE)
        changed = connection.execute(RENAME, {"was": "x'; --", "becomes": "y"})
        connection.execute(DROP, {"crate": "pear 梨"})
        assert changed.rowcount == 1
        with connection.begin_nested() as nested:
            connection.execute(DROP, {"crate": "apple"})
            nested.rollback()

    await store.write(write)
    kept = await store.read(lambda connection: connection.execute(select(crates.c.id)).all())
    assert [row.id for row in kept] == ["apple"]


async def test_a_failure_undoes_its_own_function_alone(store: Store) -> None:
    def add(*rows: dict[str, Any], fail: bool = False, look: bool = False) -> Any:
        def write(connection: Connection) -> None:
            connection.execute(ADD, list(rows))
            if look:
                connection.execute(ONE, {"id": "apple"}).first()
            if fail:
                raise LookupError("mine alone")

        return write

    plum, fig = {**APPLE, "id": "plum"}, {**APPLE, "id": "fig"}
    results = await asyncio.gather(
        store.write(add(APPLE)),
        store.write(add(fig, APPLE, PEAR)),  # fails where what waits is sent at its end
        store.write(add(fig, APPLE, PEAR, look=True)),  # and here at the next statement
        store.write(add(fig, fail=True)),
        store.write(add(plum)),
        store.write(add(fig, APPLE)),  # the last of its batch
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [
        type(None), IntegrityError, IntegrityError, LookupError, type(None), IntegrityError
    ]  # fmt: skip
    kept = await store.read(
        lambda connection: connection.execute(select(crates.c.id).order_by(crates.c.id)).all()
    )
    assert [row.id for row in kept] == ["apple", "plum"]


async def test_a_text_is_taken_whole_or_not_at_all(store: Store) -> None:
    def write(connection: Connection) -> str:
        connection.execute(ADD, {**APPLE, "note": "one\0two"})
        note: str = connection.execute(ONE, {"id": "apple"}).one().note
        return note

    if store.dialect == "sqlite":
        assert await store.write(write) == "one\0two"
        return
    with pytest.raises(DataError):
        await store.write(write)


async def test_a_value_that_is_missing_is_told(store: Store) -> None:
    def write(connection: Connection) -> None:
        connection.execute(TAKE, {"crate": "apple"})

    with pytest.raises(KeyError, match="by"):
        await store.write(write)


async def test_a_statement_is_prepared_anew_on_a_new_connection(store: Store) -> None:
    def broken(connection: Connection) -> None:
        connection.execute(ADD, APPLE)
        connection.execute(ONE, {"id": "apple"}).one()
        connection.invalidate()
        raise LookupError

    with pytest.raises(Exception):  # noqa: B017
        await store.write(broken)
    await store.write(lambda connection: connection.execute(ADD, APPLE) and None)
    found = await store.write(lambda connection: connection.execute(ONE, {"id": "apple"}).one())
    assert found.id == "apple"
