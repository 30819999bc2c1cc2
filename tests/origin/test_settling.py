"""Lots are held to changed settings in steps: a start that is ended midway is gone on with, and no
step keeps everyone else's writes waiting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from tests.origin.harvesting import harvest, lab_test

from farmlive.origin import settling
from farmlive.origin.core.models import Plot
from farmlive.origin.core.requirements import Requirements
from farmlive.origin.core.tables import lots
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.store import Store

MANY = 100


def demand(origin: Origin, **wanted: bool) -> None:
    """The server is started with these settings."""
    origin._policy = replace(origin._policy, requirements=Requirements(**wanted))


async def lacking(store: Store) -> int:
    query = select(func.count()).where(lots.c.missing == "test")
    return await store.read(lambda connection: connection.execute(query).scalar_one())


class Ended(Exception):
    """The server was ended."""


class Heard:
    """Who hears of what changed: how many lots each step had, and which of all."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.lots: list[str] = []
        self.ends_at: int | None = None

    def on_proof_changed(self, _connection: Connection, changed: Sequence[str]) -> None:
        if self.ends_at is not None and len(self.steps) == self.ends_at:
            raise Ended
        self.steps.append(len(changed))
        self.lots += changed


@pytest.fixture
def stop_handler() -> Heard:
    return Heard()


@pytest.fixture
async def many(
    origin: Origin, staff: Caller, plot: Plot, store: Store, stop_handler: Heard
) -> Heard:
    """More lots than a step takes, one of them with a passed test."""
    lot = await origin.add_lot(staff, harvest(plot))
    await origin.inspect(staff, lot.id, lab_test(passed=True))

    def write(connection: Connection) -> None:
        row = connection.execute(select(lots).where(lots.c.id == lot.id)).one()._mapping
        untested = {**row, "passed": None, "tested_at": None}
        more = [{**untested, "id": f"M{n}", "code": f"many {n}"} for n in range(MANY)]
        connection.execute(insert(lots), more)

    await store.write(write)
    stop_handler.steps, stop_handler.lots = [], []
    return stop_handler


async def test_no_step_has_more_lots_than_go_within_a_part_of_a_second(
    monkeypatch: pytest.MonkeyPatch, origin: Origin, store: Store, many: Heard
) -> None:
    monkeypatch.setattr(settling, "MOST", 20)
    for wanted in (True, False):
        many.steps, many.lots = [], []
        demand(origin, test=wanted)
        await origin.start()
        assert await lacking(store) == (MANY if wanted else 0)
        assert sorted(many.lots) == sorted(f"M{n}" for n in range(MANY))
        assert max(many.steps) <= 20
        assert many.steps[0] <= settling.FIRST
    many.steps = []
    await origin.start()
    assert many.steps == []


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_start_that_was_ended_midway_is_gone_on_with_by_the_next(
    origin: Origin, store: Store, many: Heard, wanted: bool
) -> None:
    if not wanted:
        demand(origin, test=True)
        await origin.start()
        many.steps, many.lots = [], []
    demand(origin, test=wanted)
    many.ends_at = 2
    with pytest.raises(Ended):
        await origin.start()
    done = sum(many.steps)
    assert 0 < done < MANY
    assert await lacking(store) == (done if wanted else MANY - done)
    many.ends_at = None
    await origin.start()
    assert await lacking(store) == (MANY if wanted else 0)
    # Each was told of once.
    assert sorted(many.lots) == sorted(f"M{n}" for n in range(MANY))


async def test_a_lot_that_another_server_records_meanwhile_is_held_to_the_settings_too(
    origin: Origin, store: Store, many: Heard
) -> None:
    demand(origin, test=True)
    write = store.write

    async def and_another(*args: Any, **named: Any) -> Any:
        done = await write(*args, **named)
        if len(many.steps) == 1:

            def record(connection: Connection) -> None:
                row = connection.execute(select(lots).where(lots.c.id == "M1")).one()._mapping
                earlier = {**row, "id": "A1", "code": "another's", "missing": None}
                connection.execute(insert(lots), earlier)

            await write(record)
        return done

    store.write = and_another  # type: ignore[method-assign]
    await origin.start()
    assert await lacking(store) == MANY + 1


@pytest.mark.parametrize(
    ("most", "took_s", "then"),
    [(16, 0.0, 32), (16, 10.0, 1), (1024, 0.01, 1024), (100, 0.5, 50), (1, 60.0, 1)],
)
def test_a_step_takes_as_many_as_went_within_a_part_of_a_second(
    most: int, took_s: float, then: int
) -> None:
    assert settling.size_after(most, took_s) == then
