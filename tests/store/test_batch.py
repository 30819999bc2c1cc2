"""Functions that share a transaction: each fails by itself, also by what it left to be sent."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from farmlive.store import Store, after_commit, hot, tally

metadata = MetaData()
names = Table("test_names", metadata, Column("name", String(20), primary_key=True))
ADD = hot(insert(names))
COUNT = hot(select(func.count()).select_from(names).where(names.c.name != bindparam("but")))
# SQLite finds no fault with it.
WRONG = hot(select(literal(1) / bindparam("by", type_=Integer)))
Deed = Callable[[Connection], Any]
PUT = {"name": "taken"}


class Refused(Exception):
    """What a function raises by itself."""


@pytest.fixture
async def store(store: Store) -> Store:
    """The store, with a name that is taken."""
    await store.write(lambda connection: metadata.create_all(connection))
    await store.write(lambda connection: connection.execute(insert(names), PUT))
    return store


def add(name: str) -> Deed:
    """Add a name and look at nothing."""

    def write(connection: Connection) -> str:
        connection.execute(ADD, {"name": name})
        after_commit(connection, lambda: HEARD.append(name))
        return name

    return write


def count(connection: Connection) -> int:
    return int(connection.execute(COUNT, {"but": ""}).scalar_one())


def refuse(connection: Connection) -> None:
    connection.execute(ADD, {"name": "never"})
    raise Refused


def refuse_late(connection: Connection) -> None:
    connection.execute(ADD, {"name": "never"})
    count(connection)
    raise Refused


def refuse_without_a_change(connection: Connection) -> None:
    count(connection)
    raise Refused


def refuse_for_another_fault(connection: Connection) -> None:
    with contextlib.suppress(DBAPIError):
        connection.execute(WRONG, {"by": 0}).scalar_one()
    raise Refused


def nothing(_connection: Connection) -> str:
    return "nothing"


HEARD: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_heard() -> None:
    HEARD.clear()


async def together(store: Store, *deeds: Deed) -> list[Any]:
    """What came of functions that share a transaction: results, or the types of what was raised."""
    came = await asyncio.gather(*(store.write(deed) for deed in deeds), return_exceptions=True)
    return [type(each) if isinstance(each, BaseException) else each for each in came]


@pytest.mark.parametrize(
    ("deeds", "came"),
    [
        ([add("taken"), add("b"), count], [IntegrityError, "b", 2]),
        ([add("a"), add("taken"), count], ["a", IntegrityError, 2]),
        ([add("taken"), add("taken"), add("taken")], [IntegrityError] * 3),
        (
            [add("a"), refuse, add("taken"), refuse, count],
            ["a", Refused, IntegrityError, Refused, 2],
        ),
        ([add("taken"), refuse, refuse_late, add("b")], [IntegrityError, Refused, Refused, "b"]),
        ([add("taken"), refuse_late], [IntegrityError, Refused]),
        ([add("taken"), refuse], [IntegrityError, Refused]),
        ([add("a"), refuse], ["a", Refused]),
        ([add("a"), refuse_without_a_change, add("b")], ["a", Refused, "b"]),
        ([add("a"), refuse_for_another_fault, add("b"), count], ["a", Refused, "b", 3]),
        ([refuse, add("a")], [Refused, "a"]),
        (
            [nothing, add("taken"), nothing, add("b")],
            ["nothing", IntegrityError, "nothing", "b"],
        ),
    ],
)
async def test_each_fails_by_itself(store: Store, deeds: list[Deed], came: list[Any]) -> None:
    assert await together(store, *deeds) == came
    kept = sorted(each for each in came if each in ("a", "b"))
    assert sorted(HEARD) == kept
    found = await store.read(lambda connection: connection.execute(select(names)).scalars().all())
    assert sorted(found) == [*kept, "taken"]


async def test_who_is_run_again_counts_once(store: Store) -> None:
    """As what the one before left failed only when this one asked."""

    def second(connection: Connection) -> Any:
        counted = tally(connection)
        before = counted.known("asked")
        counted.know("asked", (before or 0) + 1)
        return count(connection), counted.known("asked")

    assert await together(store, add("taken"), second, second) == [IntegrityError, (1, 1), (1, 2)]
