"""One thing done over and over: also after it failed, and no more once it is stopped."""

import asyncio

from structlog.testing import capture_logs
from tests.waiting import until

from farmlive.again import Again
from farmlive.outages import reason_of


async def test_it_goes_on_after_a_failure_until_it_is_stopped() -> None:
    times = 0

    async def deed() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise OSError("no disk")

    again = Again(0.001, deed, "it was not done")
    await again.stop()  # what never ran
    await again.start()
    await until(lambda: times > 2, "three times")
    await again.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_failed_is_logged_without_the_values_of_a_row() -> None:
    async def deed() -> None:
        raise OSError("duplicate key\nDETAIL:  Key (phone)=(13800001111) already exists.")

    again = Again(0.001, deed, "it was not done")
    with capture_logs() as logs:
        await again.start()
        await until(lambda: logs, "a line")
        await again.stop()
    assert "duplicate key" in str(logs)
    assert "13800001111" not in str(logs)


def test_an_error_that_says_nothing_has_its_name() -> None:
    assert reason_of(TimeoutError()) == "TimeoutError"
