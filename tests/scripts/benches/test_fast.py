"""The bench of the fast path: each part can be off, and orders come to the same."""

import asyncio
from typing import Any

import pytest
from scripts.benches import fast
from scripts.benches.trade.parts_off import ALL, PARTS, Switch, switch_parts
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

from farmlive.store import Json, Question, Store, hot, tally

metadata = MetaData()
crates = Table(
    "test_crates",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("boxes", BigInteger, nullable=False),
    Column("facts", Json),
)
ADD = hot(insert(crates), own=True)
ONE = hot(select(crates).where(crates.c.id == bindparam("of")))
TAKE = hot(
    update(crates)
    .where(crates.c.id == bindparam("crate"), crates.c.boxes >= bindparam("by"))
    .values(boxes=crates.c.boxes - bindparam("by"))
)
PUT = {
    dialect: hot(
        put.on_conflict_do_update(
            index_elements=["id"], set_={"boxes": crates.c.boxes + put.excluded.boxes}
        ),
        own=True,
    )
    for dialect, put in (
        ("sqlite", sqlite.insert(crates)),
        ("postgresql", postgresql.insert(crates)),
    )
}
EVERY = sorted({ALL, *PARTS["sqlite"], *PARTS["postgresql"]})


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch) -> Switch:
    """What says which part is off; without monkeypatch's, all is as before after the test."""
    return switch_parts(monkeypatch.setattr)


@pytest.fixture
async def rooms(switch: Switch, store: Store) -> Store:
    """A store that opened after the parts could be off, with a crate of nine boxes."""
    await store.write(lambda connection: metadata.create_all(connection))
    first = {"id": "first", "boxes": 9, "facts": None}
    await store.write(lambda connection: connection.execute(ADD, first))
    return store


def order(name: str) -> Any:
    """A function as an order's: it looks, adds rows of its own, and takes of what all share."""

    def write(connection: Connection) -> tuple[Any, ...]:
        before = connection.execute(ONE, {"of": name}).one_or_none()
        shared = connection.execute(ONE, {"of": "first"}).one()
        rows = [{"id": f"{name}{at}", "boxes": at, "facts": {"名": [at]}} for at in range(2)]
        connection.execute(ADD, rows)
        tally(connection).defer(TAKE, {"crate": "first"}, {"by": 2})
        put = PUT[connection.dialect.name]
        tally(connection).defer(put, {"id": "counted", "facts": None}, {"boxes": 1})
        if name == "fails":
            raise LookupError
        return before, shared.id, shared.facts

    return write


@pytest.mark.parametrize("part", EVERY)
async def test_orders_come_to_the_same_without_a_part(
    rooms: Store, switch: Switch, part: str
) -> None:
    if part not in (ALL, *PARTS[rooms.dialect]):
        pytest.skip("this database does without it")
    switch.batches.clear()
    switch.next = [part] * 3
    names = ("a", "fails", "b")
    came = await asyncio.gather(
        *(
            rooms.write(order(name), asks=Question([(ONE, {"of": name})], frozenset({name})))
            for name in names
        ),
        return_exceptions=True,
    )
    assert came[::2] == [(None, "first", None)] * 2
    assert isinstance(came[1], LookupError)
    off, functions, *took = switch.batches[0]
    assert (off, functions) == (part, 3)
    assert min(took) >= 0
    query = select(crates.c.id, crates.c.boxes, crates.c.facts).order_by(crates.c.id)
    kept = await rooms.read(lambda connection: [tuple(row) for row in connection.execute(query)])
    assert kept == [
        ("a0", 0, {"名": [0]}),
        ("a1", 1, {"名": [1]}),
        ("b0", 0, {"名": [0]}),
        ("b1", 1, {"名": [1]}),
        ("counted", 2, None),
        ("first", 5, None),
    ]


def test_a_gain_is_of_the_whole_order() -> None:
    def batch(part: str, functions: int, *took_us: float) -> tuple[Any, ...]:
        return part, functions, *(each * functions / 1e6 for each in took_us)

    batches = [
        batch(ALL, 30, 900, 900, 900),  # the first of each is skipped
        batch("prefetch", 30, 1, 1, 1),
        batch(ALL, 2, 900, 900, 900),  # too small
        *[batch(ALL, 30, 200, 100, 400)] * 4,
        *[batch("prefetch", 30, 250, 150, 800)] * 4,
    ]
    found = fast.gains(batches, 100.0, fast.Size(least=25, skipped=1))
    assert found["all"] == {
        "batches": 4,
        "writer_cpu_us": 200,
        "database_cpu_us": 100,
        "elapsed_us": 400,
    }
    assert found["without"]["prefetch"]["saved_percent"] == 20
    with pytest.raises(SystemExit, match="only 1 batches"):
        fast.gains(batches[:2], 100.0, fast.Size(least=25, skipped=1))


def test_every_part_has_its_least_gain() -> None:
    assert set(fast.FLOORS) == {
        f"{database}.without.{part}.saved_percent"
        for database, parts in PARTS.items()
        for part in parts
    }
