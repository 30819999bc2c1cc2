"""How a test waits for what nothing can be awaited of: other threads, processes, the network."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


async def until(condition: Callable[[], T | Awaitable[T]], what: str, seconds: float = 15) -> T:
    """What the condition gives, once it holds; the test fails with `what` where it never does.

    A condition that must ask first, of a database or a server, is a function to be awaited.
    """
    end = asyncio.get_running_loop().time() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if asyncio.get_running_loop().time() > end:
            pytest.fail(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.01)
