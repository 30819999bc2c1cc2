"""Runs a job when the database says that it is due.

It works across several servers and restarts: the due time is read from the database, and the job
checks again in its own transaction what is due. Holds, flash batches and rushes use it.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from farmlive.clock import now_ms
from farmlive.outages import DependencyHealth, reason_of
from farmlive.periodic import Task, rest_s
from farmlive.store import Store, after_commit

# How often to poll for due times that another server wrote, seconds.
LOOK_S = 1.0


class DueScheduler(Task):
    """Calls `on_due` when the next thing is due, also what came due while the server was down.

    `due` reads the next due time, in milliseconds since 1970, or None; `on_due` does everything
    that is due; `failed` is logged when it fails.
    """

    def __init__(
        self,
        store: Store,
        due: Callable[[Connection], int | None],
        on_due: Callable[[], Awaitable[object]],
        failed: str,
    ):
        super().__init__()
        self._store = store
        self._due = due
        self._on_due = on_due
        self._outage = DependencyHealth(failed, lost=failed, back=f"{failed}: it is done again")
        self._earlier = asyncio.Event()
        self._waits_until = 0.0

    def announce(self, connection: Connection, at: int) -> None:
        """Announce a due time, once the caller's transaction is committed."""
        after_commit(connection, lambda: self._wake_at(at))

    def _wake_at(self, at: int) -> None:
        if at < self._waits_until:
            self._earlier.set()

    async def _run(self) -> None:
        while True:
            self._earlier.clear()
            # any time that is announced during the read causes another read
            self._waits_until = math.inf
            try:
                due = await self._store.read(self._due)
                if rings := due is not None and due <= now_ms():
                    await self._on_due()
                self._outage.recovered()
                if rings:
                    continue
            except Exception as error:
                self._outage.failed(reason_of(error))
                due = None
            wait_ms = 1000 * rest_s(LOOK_S)
            if due is not None:
                wait_ms = min(wait_ms, due - now_ms())
            self._waits_until = now_ms() + wait_ms
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_ms / 1000):
                    await self._earlier.wait()
