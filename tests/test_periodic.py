"""One thing done over and over: also after it failed, and no more once it is stopped. What is done
as often is done at one wakeup.
"""

import asyncio
import time

import pytest
from structlog.testing import capture_logs
from tests.support.waiting import until

from farmlive.outages import reason_of
from farmlive.periodic import Periodic, rest_s


async def test_it_goes_on_after_a_failure_until_it_is_stopped() -> None:
    times = 0

    async def deed() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise OSError("no disk")

    again = Periodic(0.001, deed, "it was not done")
    await again.stop()  # what never ran
    await again.start()
    await until(lambda: times > 2, "three times")
    await again.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_failed_is_logged_without_the_values_of_a_row() -> None:
    async def deed() -> None:
        raise OSError("duplicate key\nDETAIL:  Key (phone)=(13800001111) already exists.")

    again = Periodic(0.001, deed, "it was not done")
    with capture_logs() as logs:
        await again.start()
        await until(lambda: logs, "a line")
        await again.stop()
    assert "duplicate key" in str(logs)
    assert "13800001111" not in str(logs)


def test_an_error_that_says_nothing_has_its_name() -> None:
    assert reason_of(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0, 3600.0])
def test_what_is_done_as_often_wakes_together_whenever_it_began(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    for share in range(200):
        now = began = 86_400.0 + share / 100 * seconds
        for _ in range(2):
            monkeypatch.setattr(time, "monotonic", lambda now=now: now)
            rest = rest_s(seconds)
            assert seconds / 4 <= rest <= seconds
            now += rest
        assert now / seconds == pytest.approx(round(now / seconds), abs=1e-9), began


def test_a_timer_that_rings_too_early_rings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 59.9995)
    assert rest_s(1.0) == pytest.approx(1.0005)
