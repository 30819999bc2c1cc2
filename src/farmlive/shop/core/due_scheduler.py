"""The alarm: does what the database says is due, when it is due.

On one server or several, and after a restart too: when is asked of the database, and what is done
is for each deed's own transaction to look at again. What that is, is the holds' and the flashes'.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from farmlive.clock import now_ms
from farmlive.outages import Outage, reason_of
from farmlive.periodic import Task, rest_s
from farmlive.store import Store, after_commit

# What another server wrote, and this one's where it was not told, is looked for this often.
LOOK_S = 1.0


class DueScheduler(Task):
    """Rings at what is due next, also for what came due in an earlier run.

    `due` reads when that is, in milliseconds since 1970, or None; `ring` does all that is due;
    `failed` is what is logged where it could not.
    """

    def __init__(
        self,
        store: Store,
        due: Callable[[Connection], int | None],
        ring: Callable[[], Awaitable[object]],
        failed: str,
    ):
        super().__init__()
        self._store = store
        self._due = due
        self._ring = ring
        self._outage = Outage(failed, lost=failed, back=f"{failed}: it is done again")
        self._sooner = asyncio.Event()
        self._waits_until = 0.0

    def set(self, connection: Connection, at: int) -> None:
        """Something is due then, once the caller's write is committed."""
        after_commit(connection, lambda: self._hear(at))

    def _hear(self, at: int) -> None:
        if at < self._waits_until:
            self._sooner.set()

    async def _run(self) -> None:
        while True:
            self._sooner.clear()
            self._waits_until = math.inf  # what is written while it reads is read again
            try:
                due = await self._store.read(self._due)
                if rings := due is not None and due <= now_ms():
                    await self._ring()
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
                    await self._sooner.wait()
