"""A database from before lots were stopped: those that must not be sold are stopped by it."""

import asyncio
import json

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from tests.store.old_data import make, migrated, on_both_databases, put
from tests.support.parts import origin_of
from tests.support.waiting import until

from farmlive.settings import Settings
from farmlive.store.keys import KeyFile
from farmlive.store.migrate import migrate
from farmlive.store.writer_lock import TAKE_TURN

DAY = 86_400_000
NAMES = '{"zh": "金柑", "en": ""}'
# What was recorded of each lot: whether its test passed, its harvest in days after the spraying,
# and why it was picked, by whom.
LOTS = {
    "clean": (True, 20, None, None),
    "failed": (False, 20, None, None),
    "early": (None, 3, None, None),
    "by_seller": (True, 3, "The rows that were not sprayed", "seller"),
    "by_coordinator": (True, 3, "The county saw the rows", "coordinator"),
}


def fill(connection: Connection) -> None:
    put(connection, "farms", id="f", name=NAMES, place=NAMES, created_at=1)
    put(connection, "plots", id="p", farm="f", name=NAMES, created_at=1)
    put(
        connection,
        "works",
        id="w",
        plot="p",
        kind="sprayed",
        at=DAY,
        substance=NAMES,
        waiting_days=7,
        until=8 * DAY,
        recorded_at=1,
    )
    put(
        connection,
        "products",
        id="g",
        farm="f",
        name=NAMES,
        unit=NAMES,
        net_weight_g=500,
        created_at=1,
    )
    put(connection, "broadcasts", id="b", title=NAMES, state="live", created_at=1, seq=5, last_at=9)
    for role in ("seller", "coordinator"):
        put(connection, "accounts", id=role, name=role, password_hash="x", role=role, created_at=1)
    for position, (lot, (passed, day, why, who)) in enumerate(LOTS.items(), 1):
        put(
            connection,
            "lots",
            id=lot,
            farm="f",
            plot="p",
            code=lot,
            product_name=NAMES,
            class_uri=f"http://old.test/origin/class/c/lot/{lot}",
            harvested_at=(day + 1) * DAY,
            quantity_g=80_000,
            waiting_period_overridden=why,
            passed=passed,
            created_at=1,
        )
        if passed is not None:
            put(
                connection,
                "inspections",
                id=f"test of {lot}",
                lot=lot,
                at=30 * DAY,
                result=NAMES,
                passed=passed,
                recorded_at=1,
            )
        if who is not None:
            put(
                connection,
                "audit",
                id=f"deed of {lot}",
                at=1,
                account=who,
                name=who,
                action="lot.add",
                subject=lot,
                detail="{}",
            )
        put(
            connection,
            "offers",
            id=f"offer of {lot}",
            broadcast="b",
            product="g",
            lot=lot,
            farm="f",
            position=position,
            price=100,
            currency="CNY",
            released=5,
            sold=0,
            created_at=1,
        )


@on_both_databases
async def test_lots_that_must_not_be_sold_are_stopped(engine: Engine, settings: Settings) -> None:
    async with migrated(engine, settings, "0009", fill) as store:
        origin = origin_of(store, settings)
        stories = {lot: await origin.story(lot) for lot in LOTS}
        events = await store.read(
            lambda connection: connection.execute(
                text("SELECT seq, at, kind, audience, data FROM events ORDER BY seq")
            ).all()
        )
        head = await store.read(
            lambda connection: connection.execute(text("SELECT seq, last_at FROM broadcasts")).one()
        )
    assert [lot for lot, story in stories.items() if story.lot.stopped] == [
        "failed",
        "early",
        "by_seller",
    ]
    assert [[each.kind for each in story.findings] for story in stories.values()] == [
        [],
        ["test_failed"],
        *[["waiting_period"]] * 3,
    ]
    (lift,) = stories["by_coordinator"].lifts
    assert lift.sentence == "The county saw the rows"
    assert lift.findings == [stories["by_coordinator"].findings[0].id]
    assert [event.seq for event in events] == [6, 7, 8]
    assert (head.seq, head.last_at) == (8, events[-1].at)
    assert {event.kind for event in events} == {"lot.stopped"}
    told = [
        json.loads(event.data) if isinstance(event.data, str) else event.data for event in events
    ]
    assert {each["lot"] for each in told} == {"failed", "early", "by_seller"}
    (reason,) = next(each["reasons"] for each in told if each["lot"] == "early")
    finding = stories["early"].findings[0].id
    assert reason == {
        "finding": finding,
        "kind": "waiting_period",
        "at": DAY,
        "substance": json.loads(NAMES),
        "until": 8 * DAY,
    }


@pytest.mark.parametrize(
    "database_url",
    [pytest.param("postgresql without tables", marks=pytest.mark.postgresql)],
    indirect=True,
)
async def test_servers_that_sell_meanwhile_and_the_revision_number_events_by_turns(
    engine: Engine, settings: Settings
) -> None:
    make(engine, "0009", fill)
    with psycopg.connect(settings.database_url) as server:
        server.execute(TAKE_TURN)
        running = asyncio.create_task(asyncio.to_thread(migrate, engine, keys=KeyFile.of(settings)))
        await until(lambda: running.done() or _waits_for_a_turn(server), "the revision waits")
        server.execute(
            "INSERT INTO events (broadcast, seq, at, kind, audience, data)"
            """ VALUES ('b', 6, 9, 'chat.hidden', '["public"]', '{}')"""
        )
        server.execute("UPDATE broadcasts SET seq = 6")
        server.commit()
        await running
        numbers = server.execute("SELECT seq FROM events ORDER BY seq").fetchall()
    assert [seq for (seq,) in numbers] == [6, 7, 8, 9]


def _waits_for_a_turn(connection: psycopg.Connection) -> bool:
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    row = connection.execute(query).fetchone()
    return bool(row and row[0])
