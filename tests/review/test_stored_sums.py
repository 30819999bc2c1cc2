"""A review stays the same when the rows that it was counted from are removed: every number of its
JSON, and every file.
"""

import re
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from tests.support.query_plans import explain, without_rows

from farmlive.app import Application
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.reporting import viewers
from farmlive.broadcast.tables import card_taps, watches
from farmlive.clock import DAY_MS, now_ms, pretended
from farmlive.people import Caller
from farmlive.review import sale_retention, watch_retention
from farmlive.review.audience import fold
from farmlive.review.sale_retention import SaleRetention
from farmlive.review.stored_sums import Recorder, StoredAudience
from farmlive.review.tables import broadcast_sums
from farmlive.review.watch_retention import WatchRetention
from farmlive.setting_groups.retention import YEAR_MS
from farmlive.shop.core.order_tables import order_changes, order_lines, orders
from farmlive.shop.privacy.models import PersonAsked
from farmlive.shop.reporting import removal

SHEETS = ("sales", "timeline", "settlement")


def watched(house: Application, days: int = 90) -> WatchRetention:
    return WatchRetention(house.store, house.log, days * DAY_MS)


def sold(house: Application, years: int = 3) -> SaleRetention:
    return SaleRetention(house.store, years * YEAR_MS)


async def count(fair: Any, *tables: Any) -> list[int]:
    def read(connection: Connection) -> list[int]:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        ]

    return await fair.store.read(read)  # type: ignore[no-any-return]


async def sees(fair: Any) -> list[str]:
    """All that the review says: of everything and of each seller's part, and its files."""
    parts = [None, *(frozenset({farm}) for farm in fair.farms), frozenset(fair.farms)]
    found = [(await fair.report(part)).model_dump_json() for part in parts]
    for name in SHEETS:
        for caller in (None, fair.seller(0), fair.seller(1)):
            if caller is not None and name == "timeline":
                continue
            sheet = await (fair.sheet(name) if caller is None else fair.sheet(name, caller))
            sheet.made_at = 0
            found.append(repr(sheet))
    for farms in parts:
        found.append(repr(sorted((await fair.review.totals(farms)).items())))
    return found


async def look(fair: Any) -> None:
    """Viewers who come, go and come back, and look at cards, which are shown meanwhile."""
    now = now_ms()
    sessions = [
        {"device": f"device {number % 17}", "from_at": at, "to_at": at + 700 * (number % 5)}
        for number in range(60)
        for at in [now - 200 + 113 * number]
    ]
    rows = [
        {"broadcast": fair.broadcast, "resumed": number % 3 == 0, **session}
        for number, session in enumerate(sessions)
    ]
    taps = [
        {
            "broadcast": fair.broadcast,
            "offer": fair.cards[number % 2].id,
            "device": f"device {number}",
            "at": now + number,
        }
        for number in range(9)
    ]

    def write(connection: Connection) -> None:
        connection.execute(insert(watches), rows)
        connection.execute(insert(card_taps), taps)

    await fair.store.write(write)


async def show(fair: Any) -> None:
    """A broadcast with all that its review counts, from its start to its end."""
    with pretended(now_ms()) as clock:
        await look(fair)
        for number in range(6):
            clock.at += 500
            await fair.pin(fair.cards[number % 2].id)
            clock.at += 300
            order = await fair.order(f"138000000{number:02d}", 1 + number % 3, number % 2)
            if number == 4:
                await fair.enter(order, "cancelled")
                continue
            for state in ("packed", "shipped", "received"):
                await fair.enter(order, state)
            await fair.pay(order, refund=377 if number % 2 else 0)
        clock.at += 400
        await fair.house.broadcasts.end(fair.broadcast)


async def test_a_review_is_the_same_without_its_watch_sessions_and_taps(fair: Any) -> None:
    await show(fair)
    before = await sees(fair)
    assert (await fair.report()).viewers == 17
    assert (await fair.report()).taps == 9
    with pretended(now_ms() + 91 * DAY_MS):
        assert await watched(fair.house).outlook() == 69
        assert await watched(fair.house).remove() == 69
        assert await count(fair, watches, card_taps) == [0, 0]
        assert await sees(fair) == before
        assert await watched(fair.house).remove() == 0


async def test_they_are_kept_for_ninety_days(fair: Any) -> None:
    await show(fair)
    with pretended(now_ms() + 89 * DAY_MS):
        assert await watched(fair.house).remove() == 0
    assert await count(fair, watches, card_taps, broadcast_sums) == [60, 9, 0]


async def test_no_device_stands_in_the_sums(fair: Any) -> None:
    await show(fair)
    with pretended(now_ms() + 91 * DAY_MS):
        await watched(fair.house).remove()
    row = await fair.store.read(lambda connection: connection.execute(select(broadcast_sums)).one())
    assert "device" not in repr(row)
    # Not a session either: the times are those of the axis and of the cards that were shown.
    assert len(row.audience["reach"]) == 6


async def test_a_review_is_the_same_halfway(fair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums count from the moment at which they are kept, whatever rows are left."""
    await show(fair)
    before = await sees(fair)
    monkeypatch.setattr(watch_retention, "ROWS_PER_BATCH", 7)
    steps = 0

    async def once(_broadcast: str, _record: viewers.Record, _before: int) -> int:
        nonlocal steps
        steps += 1
        ids = select(watches.c.id).limit(7)
        await fair.store.write(
            lambda connection: (
                connection.execute(watches.delete().where(watches.c.id.in_(ids))) and None
            )
        )
        return 7

    retention = watched(fair.house)
    monkeypatch.setattr(retention, "_remove", once)
    with pretended(now_ms() + 91 * DAY_MS):
        await retention.remove()
        assert steps
        assert 0 < (await count(fair, watches))[0] < 60
        assert await sees(fair) == before


async def test_one_that_was_not_ended_keeps_them(fair: Any) -> None:
    await look(fair)
    with pretended(now_ms() + 400 * DAY_MS):
        assert await watched(fair.house).remove() == 0
    assert await count(fair, watches, card_taps) == [60, 9]


async def test_who_waited_for_one_that_never_began_is_counted_nowhere(fair: Any) -> None:
    new = NewBroadcast.model_validate({"title": {"en": "Never"}})
    never = (await fair.house.broadcasts.create(new)).id
    row = {"broadcast": never, "device": "a device", "from_at": now_ms(), "to_at": now_ms()}
    await fair.store.write(lambda connection: connection.execute(insert(watches), row) and None)
    before = (await fair.review.report(never)).model_dump_json(exclude={"until"})
    with pretended(now_ms() + 91 * DAY_MS):
        assert await watched(fair.house).remove() == 1
        assert (await fair.review.report(never)).model_dump_json(exclude={"until"}) == before
    assert await count(fair, broadcast_sums) == [0]


async def gone(fair: Any) -> None:
    await fair.store.write(
        lambda connection: connection.execute(orders.update().values(person_gone_at=1)) and None
    )


async def test_a_review_is_the_same_without_the_records_of_its_sales(fair: Any) -> None:
    await show(fair)
    before = await sees(fair)
    await gone(fair)
    with pretended(now_ms() + 3 * YEAR_MS + DAY_MS):
        assert await sold(fair.house).outlook() == 6
        assert await sold(fair.house).remove() == 6
        assert await count(fair, orders, order_lines, order_changes) == [0, 0, 0]
        assert await sees(fair) == before
        assert await sold(fair.house).remove() == 0


async def test_a_review_is_the_same_while_some_records_are_left(
    fair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sale_retention, "ORDERS_PER_BATCH", 1)
    await show(fair)
    before = await sees(fair)
    await gone(fair)
    await fair.store.write(
        lambda connection: (
            connection.execute(
                orders.update().where(orders.c.number.in_((2, 3))).values(person_gone_at=None)
            )
            and None
        )
    )
    with pretended(now_ms() + 3 * YEAR_MS + DAY_MS):
        assert await sold(fair.house).remove() == 4
        assert await sees(fair) == before


async def test_the_record_of_a_sale_stays_for_three_years_and_while_it_has_a_person(
    fair: Any,
) -> None:
    await show(fair)
    with pretended(now_ms() + 3 * YEAR_MS + DAY_MS):
        assert await sold(fair.house).remove() == 0
    await gone(fair)
    with pretended(now_ms() + 3 * YEAR_MS - DAY_MS):
        assert await sold(fair.house).remove() == 0
    assert await count(fair, orders) == [6]


async def test_lists_and_files_of_a_sale_without_records_are_empty(fair: Any) -> None:
    await show(fair)
    await gone(fair)
    with pretended(now_ms() + 3 * YEAR_MS + DAY_MS):
        await sold(fair.house).remove()
        for name in ("orders", "pick-list", "hand-over", "packing", "cash"):
            assert not [row for table in (await fair.sheet(name)).tables for row in table.rows]


async def test_what_is_asked_walks_through_no_table(fair: Any) -> None:
    named: list[tuple[Any, dict[str, Any]]] = [
        (viewers._DUE, {"before": 1}),
        *((each, {"of": "x", "before": 1, "most": 2}) for each in viewers._OLD.values()),
        *((each, {"of": "x", "before": 1}) for each in viewers._COUNT.values()),
        (removal._OLD, {"after": "", "before": "x", "most": 2}),
    ]

    def read(connection: Connection) -> list[str]:
        walked = []
        with without_rows(connection):
            for statement, values in named:
                text = statement.params(**values).compile(
                    connection, compile_kwargs={"literal_binds": True}
                )
                walked += explain(connection, str(text).replace("%", "%%")).walked
        return walked

    assert await fair.store.read(read) == []


def test_other_borders_than_those_recorded_are_estimated_from_them() -> None:
    sessions = [("a", 0, 1_000, False), ("b", 500, 1_000, False)]
    whole = fold(sessions, 0, 1_000)
    recorder = Recorder(whole, 1_000)
    recorder.averages([0, 500, 1_000])
    recorder.peaks([0, 500, 1_000])
    recorder.reach(100, 2_000)
    kept = StoredAudience(recorder.sums())
    assert kept.averages([0, 500, 1_000]) == whole.averages([0, 500, 1_000]) == [1.0, 2.0]
    assert kept.averages([0, 1_000]) == [1.5]
    assert kept.peaks([0, 1_000]) == [2]
    assert kept.reach(100, 1_000) == kept.reach(100, 5_000) == 2
    assert kept.reach(1, 2) == 0
    assert kept.averages([2_000, 3_000]) == [0.0]


async def test_a_review_is_the_same_when_its_buyers_were_erased(fair: Any) -> None:
    await show(fair)
    before = await sees(fair)
    caller = Caller(None, "Lin", "coordinator", "a device", None)
    persons = fair.house.shop.persons
    erased = 0
    for number in range(6):
        asked = PersonAsked(phone=f"138000000{number:02d}")
        erased += await persons.erase(caller, await persons.of_phone(caller, asked), "role")
    assert erased == 6
    # The log has one event more for each; nothing else is another.
    found = [
        [re.sub(r'"seq":\d+', "", each) for each in part] for part in (before, await sees(fair))
    ]
    assert found[0] == found[1]
