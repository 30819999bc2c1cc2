"""One thing done over and over: also after it failed, and no more once it is stopped."""

import asyncio

from tests.waiting import until

from farmlive.again import Again


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
