"""Again: does one thing over and over while the server runs. What that is, is its owner's."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

_log = structlog.get_logger(__name__)


class Again:
    """Does `deed` every so many seconds; `start` and `stop` are for the task that does.

    `failed` is what is logged where it could not be done: it is tried the next time.
    """

    def __init__(self, seconds: float, deed: Callable[[], Awaitable[object]], failed: str):
        self._seconds = seconds
        self._deed = deed
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Do it from now on, first after the time that is between two."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Do it no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self._deed()
            except Exception as error:
                _log.warning(self._failed, error=str(error))
