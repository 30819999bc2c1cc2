"""Background tasks: one that runs from start to stop, and one that repeats at an interval.

Their owners define the work. `in_task` is true in these tasks and in those that they start: no
request waits for their result.
"""

import abc
import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

from farmlive.outages import DependencyHealth, reason_of

# A timer may fire this much too early: then the multiple has already been reached.
_EARLY_S = 0.002

in_task: ContextVar[bool] = ContextVar("in_task", default=False)
"""Whether what runs is a task's, and not a request's."""


def create_task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Create a background task of the server, for whose result no request waits."""
    context = copy_context()
    context.run(in_task.set, True)
    return asyncio.create_task(work, context=context)


def rest_s(seconds: float) -> float:
    """Return how many seconds to rest, so that all periodic work shares wake-ups.

    That is until the next whole multiple of the interval, by one shared clock: an idle server's
    cost is mostly its wake-ups. No rest is longer than the interval; one that would be less than a
    quarter of it ends half-way to the multiple after.
    """
    rest = seconds - time.monotonic() % seconds
    if rest < min(_EARLY_S, seconds / 4):
        return rest + seconds
    return rest if rest >= seconds / 4 else rest + seconds / 2


class Task(abc.ABC):
    """Runs `_run` from `start` to `stop`."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start running."""
        self._task = create_task(self._run())

    async def stop(self) -> None:
        """Stop running; `start` continues."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @abc.abstractmethod
    async def _run(self) -> None: ...


class Periodic(Task):
    """Runs `action` at an interval (`rest_s`): first after one, or with `at_once` at once.

    `failed` is logged if it raised, and `back` when it succeeds again. A failed run is repeated at
    the next interval.
    """

    def __init__(
        self,
        seconds: float,
        action: Callable[[], Awaitable[object]],
        failed: str,
        back: str = "",
        *,
        at_once: bool = False,
    ):
        super().__init__()
        self._at_once = at_once
        self._seconds = seconds
        self._action = action
        self.outage = DependencyHealth(
            failed, lost=failed, back=back or f"{failed}: it is done again"
        )
        """Whether it fails at present; who does a part of it meanwhile says so here, too."""

    async def _run(self) -> None:
        rests = not self._at_once
        while True:
            if rests:
                await asyncio.sleep(rest_s(self._seconds))
            rests = True
            try:
                await self._action()
            except Exception as error:
                self.outage.failed(reason_of(error))
            else:
                self.outage.recovered()


async def in_steps(step: Callable[[], Awaitable[bool]]) -> None:
    """Run steps until one returns that there are no more.

    After each it rests four times as long as the step took, between a hundredth of a second and
    one: such cleaning takes at most a fifth of the writer's time, and less if the writer has other
    work.
    """
    while True:
        began = time.monotonic()
        if not await step():
            return
        await asyncio.sleep(min(max(4 * (time.monotonic() - began), 0.01), 1.0))
