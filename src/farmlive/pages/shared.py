"""What many visitors get alike: made once in a while, however many ask meanwhile.

What is one visitor's own never comes through here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Shared(Generic[K, V]):
    """Values by a key of which there are few, each made anew when `seconds` have passed.

    Those who ask while it is made wait for the same; an error reaches them all and is not kept.
    """

    def __init__(
        self,
        make: Callable[[K], Awaitable[V]],
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._make = make
        self._seconds = seconds
        self._clock = clock
        self._made: dict[K, tuple[float, V]] = {}
        self._making: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The value, no older than `seconds` at the time of asking."""
        made = self._made.get(key)
        if made is not None and self._clock() < made[0] + self._seconds:
            return made[1]
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make_and_keep(key))
        # Whoever leaves takes it from nobody else.
        return await asyncio.shield(making)

    async def _make_and_keep(self, key: K) -> V:
        began = self._clock()
        try:
            value = await self._make(key)
        finally:
            del self._making[key]
        self._made[key] = began, value
        return value
