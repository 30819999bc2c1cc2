"""How a test waits for what nothing can be awaited of: other threads, processes, the network."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


async def until(condition: Callable[[], T], what: str, seconds: float = 15) -> T:
    """What the condition gives, once it holds; the test fails with `what` where it never does."""
    end = asyncio.get_running_loop().time() + seconds
    while not (value := condition()):
        if asyncio.get_running_loop().time() > end:
            pytest.fail(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.01)
    return value
