"""What functions of a batch ask ahead: each is answered as if it had asked in its turn."""

import asyncio
import contextlib
from collections.abc import Callable, Hashable
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError
from tests.support.waiting import until

from farmlive.settings import Settings
from farmlive.store import Question, Store, hot, tally
from farmlive.store.fast.pipeline import Pipeline
from farmlive.store.fast.prefetch import independent_prefix
from farmlive.store.writer_lock import TAKE_TURN

metadata = MetaData()
crates = Table(
    "test_crates",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("boxes", Integer, nullable=False),
    Column("note", Text),
)
BOXES = hot(select(crates.c.boxes).where(crates.c.name == bindparam("of")))
NAMED = hot(select(crates.c.name).where(crates.c.name == bindparam("of")))
ADD = hot(insert(crates), own=True)
FILL = hot(
    update(crates).where(crates.c.name == bindparam("of")).values(boxes=bindparam("now")), own=True
)
# Not marked as one's own: anybody's answer may be another one after it.
EMPTY = hot(update(crates).values(boxes=0))
# SQLite finds no fault with it.
WRONG = hot(select(literal(1) / bindparam("by", type_=Integer)))
Ran = tuple[Callable[[Connection], Any], Question | None]


class Refused(Exception):
    """What a function raises by itself."""


@pytest.fixture
async def store(store: Store) -> Store:
    """The store, with three crates of 1, 2 and 3 boxes."""
    await store.write(lambda connection: metadata.create_all(connection))
    rows = [{"name": name, "boxes": boxes} for name, boxes in (("a", 1), ("b", 2), ("c", 3))]
    await store.write(lambda connection: connection.execute(insert(crates), rows))
    return store


def asking(name: str, *about: Hashable) -> Question:
    return Question([(BOXES, {"of": name})], frozenset(about or {name}))


def look(name: str, *about: Hashable) -> Ran:
    """How many boxes the crate has."""

    def boxes(connection: Connection) -> int | None:
        found: int | None = connection.execute(BOXES, {"of": name}).scalar_one_or_none()
        return found

    return boxes, asking(name, *about)


def fill(name: str, boxes: int) -> Ran:
    """Put so many there, and tell how many there were."""

    def write(connection: Connection) -> int:
        before: int = connection.execute(BOXES, {"of": name}).scalar_one()
        connection.execute(FILL, {"of": name, "now": boxes})
        return before

    return write, asking(name)


def add(name: str) -> Ran:
    """Add a crate, and see by nothing whether there is one of the name."""

    def write(connection: Connection) -> str:
        connection.execute(BOXES, {"of": f"{name}?"})
        connection.execute(ADD, {"name": name, "boxes": 9})
        return name

    return write, asking(f"{name}?", name)


def without(statement: Any) -> Ran:
    return lambda connection: connection.execute(statement).rowcount, asking("z")


async def batch(store: Store, *ran: Ran) -> list[Any]:
    """What came of functions that share a transaction: results, or the types of what was raised."""
    came = await asyncio.gather(
        *(store.write(function, asks=asks) for function, asks in ran), return_exceptions=True
    )
    return [type(each) if isinstance(each, BaseException) else each for each in came]


@pytest.mark.parametrize(
    ("ran", "came"),
    [
        ([look("a"), look("b"), look("c"), look("none")], [1, 2, 3, None]),
        ([fill("a", 5), fill("b", 6), look("c")], [1, 2, 3]),
        ([fill("a", 5), look("b"), fill("a", 7), look("a")], [1, 2, 5, 7]),
        ([look("a"), (lambda _: "nothing", None), look("b")], [1, "nothing", 2]),
        ([fill("a", 5), (fill("b", 6)[0], None), look("b"), look("c")], [1, 2, 6, 3]),
        ([look("a"), without(EMPTY), look("b"), look("c")], [1, 3, 0, 0]),
        ([look("a"), without(delete(crates)), look("b"), look("c")], [1, 3, None, None]),
        ([look("a"), add("b"), look("c")], [1, IntegrityError, 3]),
        ([add("a"), add("b"), add("d"), look("d?")], [IntegrityError, IntegrityError, "d", None]),
        ([look("a"), look("\0", "other"), look("c")], [1, DataError, 3]),
    ],
    ids=[
        "apart",
        "each changes its own",
        "two of the same",
        "who asks nothing ahead",
        "who asks nothing ahead and changes",
        "a change of anybody's by a hot statement",
        "a change of anybody's by any other",
        "one that fails late",
        "several that fail late",
        "what can't be sent",
    ],
)
async def test_each_is_answered_as_in_its_turn(
    store: Store, ran: list[Ran], came: list[Any]
) -> None:
    if store.dialect == "sqlite":  # which takes any text
        came = [None if each is DataError else each for each in came]
    assert await batch(store, *ran) == came


async def test_who_was_refused_for_what_then_failed_is_asked_again(store: Store) -> None:
    """The last box went to one whose write failed once it was sent: the next one has it."""

    def take(name: str) -> Ran:
        def write(connection: Connection) -> str:
            connection.execute(BOXES, {"of": name})
            counted = tally(connection)
            if counted.known("taken"):
                raise Refused
            counted.know("taken", value=True)
            connection.execute(ADD, {"name": name, "boxes": 1})
            return name

        return write, asking(name)

    came = await batch(store, take("a"), take("x"), take("y"))
    assert came == [IntegrityError, "x", Refused]
    kept = await store.read(lambda it: it.execute(select(crates.c.name)).scalars().all())
    assert sorted(kept) == ["a", "b", "c", "x"]


async def test_all_that_was_named_is_asked_and_no_more_is_believed(store: Store) -> None:
    asks = Question([(BOXES, {"of": "a"}), (NAMED, {"of": "b"})], frozenset({"a", "b"}))

    def both(connection: Connection) -> tuple[Any, ...]:
        return (
            connection.execute(NAMED, {"of": "b"}).scalar_one(),
            connection.execute(BOXES, {"of": "a"}).scalar_one(),
            connection.execute(BOXES, {"of": "c"}).scalar_one(),
        )

    assert await batch(store, look("c"), (both, asks)) == [3, ("b", 1, 3)]


async def test_a_batch_asks_on_one_way_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = 0
    given = Pipeline._receive

    def counted(pipeline: Pipeline) -> list[Any]:
        nonlocal ways
        ways += 1
        return given(pipeline)

    await batch(store, fill("a", 1), look("a"))  # both are prepared from here on
    monkeypatch.setattr(Pipeline, "_receive", counted)
    everyone = [fill("a", 5), fill("b", 6), fill("c", 7), *(look(f"{at}") for at in range(9))]
    assert await batch(store, *everyone) == [1, 2, 3, *[None] * 9]
    # One to ask, and one before the COMMIT; SQLite is not far away.
    assert ways == (0 if store.dialect == "sqlite" else 2)


async def test_who_looked_with_one_that_failed_is_answered_anew(store: Store) -> None:
    """As what all had asked went there with it."""

    def fail(connection: Connection) -> Any:
        return connection.execute(WRONG, {"by": 0}).scalar_one()

    came = await batch(store, (fail, asking("z")), look("a"), look("b"), look("c"))
    assert came == [None if store.dialect == "sqlite" else DataError, 1, 2, 3]


async def test_a_database_that_stalls_gets_all_of_it(store: Store, settings: Settings) -> None:
    """More is left to it than a socket takes, while it waits for the writers' turn."""
    ran = 0

    def write(at: int) -> Ran:
        def function(connection: Connection) -> int:
            nonlocal ran
            ran += 1
            connection.execute(ADD, {"name": f"{at}", "boxes": at, "note": "x" * 300_000})
            return at

        return function, None

    await batch(store, write(60))  # it is prepared from here on
    ran = 0
    async with contextlib.AsyncExitStack() as held:
        if store.dialect == "postgresql":  # nothing is sent to SQLite, which is never far behind
            connecting = psycopg.AsyncConnection.connect(settings.database_url)
            other = await held.enter_async_context(await connecting)
            await other.execute(TAKE_TURN)
        written = asyncio.create_task(batch(store, *map(write, range(60))))
        await until(lambda: ran == 60, "all have left what they write")
    assert await written == list(range(60))
    kept = await store.read(lambda it: it.execute(select(func.count(crates.c.note))).scalar_one())
    assert kept == 61


def test_only_what_does_not_meet_is_asked_together() -> None:
    a, b, c = asking("a"), asking("b"), asking("c", "c", "a")
    assert independent_prefix([a, b, c]) == [a, b]
    assert independent_prefix([a, None, b]) == [a]
    assert independent_prefix([None, a]) == []
    assert independent_prefix([c, b]) == [c, b]
