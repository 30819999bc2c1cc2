"""The timekeeper: what it says of a clock that is off, and what waits until the time is sure."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs
from tests.support.parts import local_log, timekeeper_of
from tests.support.set_clocks import Clocks, clocks

from farmlive import clock
from farmlive.operations.timekeeper import DOUBTED_GAP_MS
from farmlive.outages import Outages
from farmlive.server import Server
from farmlive.settings import Settings
from farmlive.store import Store, reference

__all__ = ["clocks"]

HOUR = 3600.0
DAY = 24 * HOUR


async def test_a_clock_that_is_off_is_said_where_people_look(
    server: Server, coordinator: str, clocks: Clocks
) -> None:
    keeper = server.house.timekeeper
    await keeper.stop()
    clocks.set_machine(-HOUR)
    await clocks.look(keeper)
    key = {"Authorization": f"Bearer {coordinator}"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 200
        told = answer.json()["clock"]
        assert abs(told["offset_ms"] + 3_600_000) < 60_000
        assert "NTP" in told["what_to_do"]
        numbers = (await client.get("/metrics", headers=key)).text
        assert 'farmlive_failing{what="clock"} 1.0' in numbers
        (line,) = (
            each for each in numbers.splitlines() if each.startswith("farmlive_clock_offset")
        )
        assert -3660 < float(line.split()[1]) < -3540
        clocks.set_machine(0)
        await clocks.look(keeper)
        assert "what_to_do" not in (await client.get("/readyz")).json()["clock"]
        assert 'farmlive_failing{what="clock"} 0.0' in (await client.get("/metrics")).text


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_studio_says_it_to_who_works_there_and_the_pages_of_buyers_do_not(
    server: Server, clocks: Clocks, language: str
) -> None:
    keeper = server.house.timekeeper
    await keeper.stop()
    await server.house.people.create_account("chen", "host", "three words or four")
    async with httpx.AsyncClient(base_url=server.url, follow_redirects=True) as client:
        body = {"name": "chen", "password": "three words or four"}
        assert (await client.post("/api/v1/session", json=body)).is_success
        wanted = {"lang": language}
        assert "data-clock-off hidden" in (await client.get("/studio", params=wanted)).text
        clocks.set_machine(HOUR)
        await clocks.look(keeper)
        page = (await client.get("/studio", params=wanted)).text
        assert "data-clock-off>" in page
        assert {"en": "clock is 1:00:00 off", "zh": "时钟差了 1:00:00"}[language] in page
        # Whoever hosts reads what to ask for, and no path of the API.
        asked = {
            "en": "to set its clock and keep it in step with NTP",
            "zh": "校准时间，并开启自动对时",
        }
        assert asked[language] in page
        assert "/readyz" not in page
        assert "data-clock-off" not in (await client.get("/", params=wanted)).text


async def test_nothing_is_removed_for_good_by_a_time_that_made_a_step_of_days(
    server: Server, clocks: Clocks
) -> None:
    house = server.house
    await house.timekeeper.stop()
    clocks.set_reference(house.store.dialect, 400 * DAY)
    await clocks.look(house.timekeeper, 40)
    with capture_logs() as said:
        await house.retention.loop._action()
    assert [line["log_level"] for line in said] == ["warning"]
    clocks.let_pass(DAY)
    with capture_logs() as said:
        await house.retention.loop._action()
    assert not any(line["log_level"] == "warning" for line in said)


async def test_after_a_month_without_a_server_the_machines_clock_may_be_wrong(
    store: Store, clocks: Clocks, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    away_ms = DOUBTED_GAP_MS + 60_000
    seen_at = clock.now_ms() - away_ms
    await store.write(lambda connection: reference.write_row(connection, seen_at=seen_at))
    again = await Store.open(settings, migrates=True)
    try:
        keeper = timekeeper_of(again, local_log(), Outages())
        assert keeper.is_doubted == (store.dialect == "sqlite")
    finally:
        await again.close()


async def test_another_servers_write_is_done_again_by_the_time_that_counts(
    store: Store, settings: Settings, clocks: Clocks
) -> None:
    """It had begun by the time before."""
    if store.dialect == "sqlite":
        pytest.skip("one server has it alone")
    other = await Store.open(settings)
    try:
        keeper = timekeeper_of(store, local_log(), Outages())
        await keeper.check()
        clocks.set_database(HOUR)
        await clocks.look(keeper, 29)
        before = clock.ahead_ns()
        await clocks.look(keeper, 6)
        assert clock.ahead_ns() - before > HOUR * 1_000_000_000 - 2_000_000_000
        clock.set_ahead(before)  # as it still is in the other's process
        times: list[int] = []

        def write(connection: Connection) -> int:
            times.append(clock.now_ms())
            return times[-1]

        written = await other.write(write)
        assert len(times) == 2
        assert written == times[1]
        assert times[1] - times[0] > HOUR * 1000 - 2000
        await other.write(write)
        assert len(times) == 3
    finally:
        await other.close()


async def test_one_of_two_servers_moves_what_runs(
    store: Store, settings: Settings, clocks: Clocks
) -> None:
    if store.dialect == "sqlite":
        pytest.skip("one server has it alone")
    other = await Store.open(settings)
    try:
        keepers = [timekeeper_of(each, local_log(), Outages()) for each in (store, other)]
        for keeper in keepers:
            await keeper.check()
        clocks.set_database(-HOUR)
        with capture_logs() as said:
            for _ in range(40):
                clocks.let_pass(1)
                await asyncio.gather(*(keeper.check() for keeper in keepers))
        epochs = {
            await each.read(lambda c: reference.read_state(c).epoch) for each in (store, other)
        }
        assert epochs == {1}
        moves: list[Any] = [line["by_s"] for line in said if "by_s" in line]
        assert len(moves) >= 1
        assert {round(by / 60) for by in moves} == {-60}
    finally:
        await other.close()
