"""The clock is set while people hold, batches run and staff are signed in: nothing ends by it."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, select
from structlog.testing import capture_logs
from tests.shop.support.flash_batches import plan
from tests.shop.support.holds import hold
from tests.support.parts import people_of, timekeeper_of
from tests.support.set_clocks import Clocks, clocks

from farmlive import clock
from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.clock import now_ms
from farmlive.operations.timekeeper import Timekeeper
from farmlive.outages import Outages
from farmlive.people.core import sessions
from farmlive.people.core.sessions import Lifetime
from farmlive.settings import Settings
from farmlive.shop.core.tables import flashes, holds
from farmlive.shop.stock.line_items import LATE_MS
from farmlive.store import Store
from farmlive.store.reference import write_row

__all__ = ["clocks"]

HOUR = 3600.0
# A machine may take so long for the test itself; what is wrong is off by 15 s, or by an hour.
SLOWLY_MS = 10_000


@dataclass
class Sale:
    """A hold and a flash batch that run, and who looks after the time."""

    stall: Any
    keeper: Timekeeper
    held: dict[str, Any]
    flash: dict[str, Any]

    async def turn(self) -> int:
        """Do all that is due; how much that was."""
        expired: int = await self.stall.shop.holds.expire()
        turned: int = await self.stall.shop.flashes.run_due()
        return expired + turned

    async def ends(self) -> tuple[int, int]:
        """When they end, by the database, in milliseconds since 1970; 0 where one is over."""
        until = select(holds.c.until_at).where(holds.c.id == self.held["id"])
        ends = select(flashes.c.ends_at).where(
            flashes.c.id == self.flash["id"], flashes.c.state == "running"
        )

        def read(connection: Any) -> tuple[int, int]:
            first, second = (connection.execute(query).scalar() for query in (until, ends))
            return first or 0, second or 0

        found: tuple[int, int] = await self.stall.store.read(read)
        return found

    async def remains(self) -> tuple[int, int]:
        """How long they still last, in milliseconds; 0 where one is over."""
        ends = await self.ends()
        now = now_ms()
        return tuple(end and end - now for end in ends)  # type: ignore[return-value]

    async def told(self) -> tuple[int, int]:
        """The same, as who follows the log knows it."""
        scene = BroadcastState()
        events = await self.stall.store.read(
            lambda connection: self.stall.log.events(connection, self.stall.broadcast)
        )
        for event in events:
            fold(scene, event)
        _, order = scene.orders[self.held["id"]]
        flash = scene.offers[self.stall.card.id]["flash"]
        assert isinstance(order, dict)
        return order["until"] - now_ms(), flash["ends_at"] - now_ms()


@pytest.fixture
async def sale(stall: Any, clocks: Clocks) -> Sale:
    keeper = timekeeper_of(stall.store, stall.log, Outages())
    await keeper.check()
    held = await hold(stall)
    flash = await plan(stall, 4, seconds=300)
    return Sale(stall, keeper, held, flash)


def near(found: tuple[int, int], hold_ms: int, flash_ms: int) -> bool:
    """Whether so much is left of both."""
    return abs(found[0] - hold_ms) < SLOWLY_MS and abs(found[1] - flash_ms) < SLOWLY_MS


@pytest.mark.parametrize("step", [HOUR, -HOUR, 26 * 365 * 24 * HOUR])
async def test_a_step_ends_nothing_and_what_runs_keeps_its_remaining_time(
    sale: Sale, clocks: Clocks, step: float
) -> None:
    stall = sale.stall
    before = now_ms()
    with capture_logs() as said:
        clocks.set_reference(stall.store.dialect, step)
        await clocks.look(sale.keeper, 20)
        assert await sale.turn() == 0
        assert near(await sale.remains(), 580_000, 280_000)
        assert abs(now_ms() - before - 20_000) < SLOWLY_MS  # the time went on as it was
        assert sale.keeper.standing.what_to_do
        await clocks.look(sale.keeper, 15)  # the new time counts
        assert abs(now_ms() - before - 35_000 - step * 1000) < SLOWLY_MS
        assert await sale.turn() == 0
        assert near(await sale.remains(), 565_000, 265_000)
        assert near(await sale.told(), 565_000, 265_000)
        await clocks.look(sale.keeper, 5)
    # It ends in time, too.
    clocks.let_pass(260.5 + LATE_MS / 1000)
    assert await sale.turn() == 1
    clocks.let_pass(300)
    assert await sale.turn() == 1
    lines = [line["event"] for line in said if "clock" in line["event"] or "time" in line["event"]]
    machine, database, moved = "this machine", "the database", "the time was moved; what runs"
    own = [machine, moved, machine]
    # On PostgreSQL the machine's clock shows the time before then.
    wanted = own if stall.store.dialect == "sqlite" else [database, moved, machine, database]
    assert all(line.startswith(each) for line, each in zip(lines, wanted, strict=True))


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_a_step_that_is_put_right_within_30_s_changes_nothing(
    sale: Sale, clocks: Clocks, step: float
) -> None:
    before = now_ms()
    dialect = sale.stall.store.dialect
    clocks.set_reference(dialect, step)
    await clocks.look(sale.keeper, 25)
    clocks.set_reference(dialect, 0)
    await clocks.look(sale.keeper, 25)
    assert await sale.turn() == 0
    assert abs(now_ms() - before - 50_000) < SLOWLY_MS
    assert near(await sale.remains(), 550_000, 250_000)
    assert not sale.keeper.standing.what_to_do
    assert await sale.stall.events("clock.moved") == []


async def test_a_machine_whose_clock_is_off_says_so_and_goes_by_the_database(
    sale: Sale, clocks: Clocks
) -> None:
    if sale.stall.store.dialect == "sqlite":
        pytest.skip("there its own clock is the one that counts")
    before = now_ms()
    with capture_logs() as said:
        clocks.set_machine(HOUR)
        await clocks.look(sale.keeper, 90)
        assert await sale.turn() == 0
        standing = sale.keeper.standing
        assert abs(standing.offset_ms - HOUR * 1000) < SLOWLY_MS
        assert "NTP" in standing.what_to_do
        clocks.set_machine(0)
        await clocks.look(sale.keeper)
    assert abs(now_ms() - before - 91_000) < SLOWLY_MS
    assert [line["event"].partition(";")[0] for line in said if "clock" in line["event"]] == [
        "this machine's clock is off",
        "this machine's clock is right again",
    ]
    assert await sale.stall.events("clock.moved") == []


async def test_events_of_a_clock_that_was_set_back_stay_in_their_order(
    sale: Sale, clocks: Clocks
) -> None:
    clocks.set_reference(sale.stall.store.dialect, -HOUR)
    await clocks.look(sale.keeper, 35)
    await hold(sale.stall)
    await hold(sale.stall)
    events = await sale.stall.store.read(
        lambda connection: sale.stall.log.events(connection, sale.stall.broadcast)
    )
    times = [event.at for event in events]
    assert times == sorted(times)
    held = [event.at for event in events if event.kind == "order.held"][-2:]
    assert held[0] < held[1]
    assert held[1] - times[times.index(held[0]) - 1] < 10


async def test_a_restart_after_a_step_goes_on_from_the_time_before(
    sale: Sale, clocks: Clocks, settings: Settings
) -> None:
    """As the machine ran on: a server's own restart is none of the machine."""
    stall = sale.stall
    before = now_ms()
    clocks.set_reference(stall.store.dialect, HOUR)
    if stall.store.dialect == "postgresql":  # one of them was there when it happened
        await clocks.look(sale.keeper, 2)
    clock.set_ahead(0)
    again = await Store.open(settings, migrates=True)
    try:
        assert abs(now_ms() - before) < SLOWLY_MS
        keeper = timekeeper_of(again, stall.log, Outages())
        await clocks.look(keeper, 10)
        assert await sale.turn() == 0
        await clocks.look(keeper, 25)
        assert abs(now_ms() - before - 36_000 - HOUR * 1000) < SLOWLY_MS
        assert await sale.turn() == 0
        assert abs((await sale.remains())[0] - 565_000) < SLOWLY_MS
    finally:
        await again.close()


async def test_a_machine_that_starts_with_a_clock_gone_back_goes_on_from_what_it_knew(
    sale: Sale, clocks: Clocks, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sale.stall.store.dialect == "postgresql":
        pytest.skip("there the database's clock counts")
    before = now_ms()
    await clocks.look(sale.keeper, 61)  # it is kept once a minute
    monkeypatch.setattr("farmlive.store.reference.boot", lambda: "another start")
    clocks.set_machine(-HOUR)
    again = await Store.open(settings, migrates=True)
    try:
        assert abs(now_ms() - before - 61_000) < SLOWLY_MS
        assert await sale.turn() == 0
    finally:
        await again.close()


async def test_a_server_that_stood_still_takes_the_time_of_the_others(
    sale: Sale, clocks: Clocks
) -> None:
    if sale.stall.store.dialect == "sqlite":
        pytest.skip("it has no others")
    before = now_ms()
    await clocks.look(sale.keeper, 2)
    clocks.stand_still(120)
    shown = before + 122_000
    await sale.stall.store.write(lambda connection: write_row(connection, seen_at=shown))
    await clocks.look(sale.keeper)
    assert abs(now_ms() - before - 123_000) < SLOWLY_MS
    assert await sale.stall.events("clock.moved") == []


@pytest.mark.parametrize("step", [5, -5])
async def test_a_step_of_some_seconds_of_the_databases_clock_counts_at_once_and_moves_nothing(
    sale: Sale, clocks: Clocks, step: float
) -> None:
    """It can't be told from a server that stood still, which the others did not."""
    stall, keeper = sale.stall, sale.keeper
    if stall.store.dialect == "sqlite":
        pytest.skip("it has no others")
    told: list[int] = []
    keeper._moved = told.append
    await clocks.look(keeper, 7)  # none found it right for as long as it goes back
    ends, before = await sale.ends(), clock.ahead_ns()
    with capture_logs() as said:
        clocks.set_database(step)
        await clocks.look(keeper)
    assert abs(clock.ahead_ns() - before - step * 1_000_000_000) < 1_000_000_000
    assert await sale.ends() == ends
    assert told == await stall.events("clock.moved") == []
    lines = [line["event"].partition(";")[0] for line in said]
    assert lines == ["the database's time counts at once", "this machine's clock is off"]
    await clocks.look(keeper, 40)  # nor later
    assert await sale.ends() == ends
    assert told == await stall.events("clock.moved") == []


@pytest.mark.parametrize("step", [13 * HOUR, -13 * HOUR, 20 * 24 * HOUR])
async def test_who_is_signed_in_stays_so_for_as_long(
    sale: Sale, clocks: Clocks, settings: Settings, step: float
) -> None:
    people = people_of(sale.stall.store, settings)
    account, _ = await people.create_account("anna", "host", "three words or four")
    lifetime = Lifetime.of(720, 14)

    def begin(connection: Connection) -> str:
        nothing: Any = {"device": "d", "browser": None, "farms": frozenset(), "centres": None}
        return sessions.begin(connection, account.id, "anna", "host", lifetime, **nothing).token

    token = await sale.stall.store.write(begin)

    async def is_there() -> bool:
        found = await sale.stall.store.read(lambda c: sessions.find(c, token, lifetime))
        return found is not None

    clocks.set_reference(sale.stall.store.dialect, step)
    await clocks.look(sale.keeper, 40)
    clocks.let_pass(11 * HOUR)
    assert await is_there()
    clocks.let_pass(1.5 * HOUR)
    assert not await is_there()
