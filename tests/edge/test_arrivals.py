"""Channels that arrive at once begin a few at a time."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from farmlive.edge.arrivals import AT_A_TURN, Arrivals


async def test_a_crowd_begins_a_few_at_each_turn_and_in_its_order() -> None:
    begun: list[Any] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        begun.append(scope["number"])

    arrivals = Arrivals(app)

    def arrive(kind: str, number: int) -> asyncio.Task[None]:
        scope = {"type": kind, "number": number}
        return asyncio.create_task(arrivals(scope, None, None))  # type: ignore[arg-type]

    channels = [arrive("websocket", number) for number in range(100)]
    channels[50].cancel()
    before, most = 0, 0
    order = arrive("http", -1)
    while not all(task.done() for task in channels):
        await asyncio.sleep(0)
        most = max(most, len(begun) - before)
        before = len(begun)
    assert most <= AT_A_TURN + 1
    assert order.done()
    assert begun.index(-1) < 2 * AT_A_TURN  # which waits for none of them
    assert [number for number in begun if number >= 0] == [n for n in range(100) if n != 50]
    await arrive("websocket", 100)
    assert begun[-1] == 100
