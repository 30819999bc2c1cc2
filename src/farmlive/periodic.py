"""Tasks that go on from a start until a stop, and one that does the same thing again and again.
What that is, is their owners'.

`in_task` is true in these tasks and in those they start: no request waits for their result.
"""

import abc
import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

from farmlive.outages import Outage, reason_of

# By so much a timer may ring too early: that was the multiple already.
_EARLY_S = 0.002

in_task: ContextVar[bool] = ContextVar("in_task", default=False)
"""Whether what runs is a task's, and not a request's."""


def create_task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Make a task of the server's own, which works for nobody who waits."""
    context = copy_context()
    context.run(in_task.set, True)
    return asyncio.create_task(work, context=context)


def rest_s(seconds: float) -> float:
    """Return for how long to rest, so that all that is done every so often is done at a wakeup.

    That is until the next whole multiple of the interval, by a clock that all share: a server that
    idles costs mostly what waking costs. Nothing rests for longer than its interval, and nothing
    follows itself after less than a quarter of it, but half-way to the multiple after.
    """
    rest = seconds - time.monotonic() % seconds
    if rest < min(_EARLY_S, seconds / 4):
        return rest + seconds
    return rest if rest >= seconds / 4 else rest + seconds / 2


class Task(abc.ABC):
    """What `_run` does for ever, from `start` until `stop`."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Do it from now on."""
        self._task = create_task(self._run())

    async def stop(self) -> None:
        """Do it no more; who starts next goes on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @abc.abstractmethod
    async def _run(self) -> None: ...


class Periodic(Task):
    """Runs `deed` at an interval in seconds (`rest_s`): first after one, or with `at_once` at once.

    `failed` is what is logged where it could not be done, which is tried the next time, and `back`
    where it could again. A deed that raises nothing was done.
    """

    def __init__(
        self,
        seconds: float,
        deed: Callable[[], Awaitable[object]],
        failed: str,
        back: str = "",
        *,
        at_once: bool = False,
    ):
        super().__init__()
        self._at_once = at_once
        self._seconds = seconds
        self._deed = deed
        self.outage = Outage(failed, lost=failed, back=back or f"{failed}: it is done again")
        """Whether it fails at present; who does a part of it meanwhile says so here, too."""

    async def _run(self) -> None:
        rests = not self._at_once
        while True:
            if rests:
                await asyncio.sleep(rest_s(self._seconds))
            rests = True
            try:
                await self._deed()
            except Exception as error:
                self.outage.failed(reason_of(error))
            else:
                self.outage.recovered()


async def in_steps(step: Callable[[], Awaitable[bool]]) -> None:
    """Do steps until one says that there is no more, and rest four times as long after each, from
    a hundredth of a second to one: what is cleared away this way takes a fifth of the writer's time
    at most, and less where it has other things to do.
    """
    while True:
        began = time.monotonic()
        if not await step():
            return
        await asyncio.sleep(min(max(4 * (time.monotonic() - began), 0.01), 1.0))
