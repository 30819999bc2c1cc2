"""How a test waits for what nothing can be awaited of: other threads, processes, the network.

No test says how fast farmlive is: a machine that runs other tests too is many times slower, and a
bench measures. A limit of time tells what comes late from what never comes, and so is long; what a
test guards against takes longer still, or for ever.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

import pytest

T = TypeVar("T")

# By then what is sure to come has come, on whatever machine.
LONG_S = 60.0


@overload
async def until(
    condition: Callable[[], Awaitable[T | None]],
    what: str,
    seconds: float = LONG_S,
    *,
    every_s: float = 0.01,
) -> T: ...


@overload
async def until(
    condition: Callable[[], T | None], what: str, seconds: float = LONG_S, *, every_s: float = 0.01
) -> T: ...


async def until(
    condition: Callable[[], T | Awaitable[T | None] | None],
    what: str,
    seconds: float = LONG_S,
    *,
    every_s: float = 0.01,
) -> T:
    """What the condition gives, once it holds; the test fails with `what` where it never does.

    A condition that must ask first, of a database or a server, is a function to be awaited.
    """
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = condition()
        value = (await found) if inspect.isawaitable(found) else found
        if value:
            return value
        if asyncio.get_running_loop().time() > end:
            pytest.fail(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(every_s)
