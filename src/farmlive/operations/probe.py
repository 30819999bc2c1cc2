"""Probes each second whether the database answers, and at intervals whether it and the data folder
accept writes.

It also probes while nobody writes, to know of a failure before an order is refused, and of its end.
`/readyz` reports the last results without a probe of its own.
"""

import asyncio
import contextlib
import os
import time
from pathlib import Path

from sqlalchemy import Connection, text

from farmlive.outages import Outages
from farmlive.periodic import Periodic
from farmlive.problems import Unavailable
from farmlive.settings import Settings
from farmlive.store import Store

EVERY_S = 1.0
# If nothing else is written, and nothing fails: a commit costs a disk more than a query.
WRITE_EVERY_S = 10.0
_SIZE = 64 * 1024


class Probe(Periodic):
    """Probes database and data folder, and reports to the outages."""

    def __init__(self, store: Store, settings: Settings, outages: Outages):
        super().__init__(
            EVERY_S, self._probe_if_due, "whether the disks take anything is not known"
        )
        self._store = store
        self._outages = outages
        # One per server: several may share the folder.
        self._file = settings.data / f".probe-{os.getpid()}"
        self._folder = outages.register(
            "data_folder",
            lost="the data folder takes nothing; no picture, photo or notice can be kept",
            back="the data folder takes files again",
            what_to_do="Make room on the disk of FARMLIVE_DATA, or see what is wrong with it.",
        )
        self._folder_at = float("-inf")
        self._folder_task: asyncio.Task[None] | None = None
        self._waiting_since: float | None = None
        self._probed_at = time.monotonic()

    @property
    def waiting_s(self) -> float:
        """How long the probe has waited for the database, in seconds; 0 if it does not wait."""
        since = self._waiting_since
        return 0 if since is None else time.monotonic() - since

    @property
    def since_probe_s(self) -> float:
        """Seconds since the last probe ended."""
        return time.monotonic() - self._probed_at

    async def probe_now(self) -> None:
        """Probe everything now."""
        await self._probe_database(writes=True)
        self._probe_folder()
        if self._folder_task is not None:
            await self._folder_task

    async def stop(self) -> None:
        """Stop probing."""
        await super().stop()
        if self._folder_task is not None:
            self._folder_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._folder_task

    async def _probe_if_due(self) -> None:
        now = time.monotonic()
        if now - self._folder_at >= (EVERY_S if self._folder.failing else WRITE_EVERY_S):
            self._probe_folder()
        committed = self._store.committed_at
        idle = committed is None or now - committed >= WRITE_EVERY_S
        await self._probe_database(writes=idle or bool(self._outages.failing(needed=True)))

    async def _probe_database(self, *, writes: bool) -> None:
        self._waiting_since = time.monotonic()
        try:
            # The database's own outages report its failures.
            with contextlib.suppress(Unavailable):
                await self._store.read(_query)
            if writes:
                await self._store.try_out()
        finally:
            self._waiting_since, self._probed_at = None, time.monotonic()

    def _probe_folder(self) -> None:
        """Start a probe of the folder; if the last one has not ended, the disk hangs."""
        self._folder_at = time.monotonic()
        if self._folder_task is None or self._folder_task.done():
            self._folder_task = asyncio.create_task(self._write_a_file())
        else:
            self._folder.failed("it does not answer")

    async def _write_a_file(self) -> None:
        try:
            await asyncio.to_thread(_write_and_remove, self._file)
        except OSError as error:
            self._folder.failed(error.strerror or str(error))
        else:
            self._folder.recovered()


def _query(connection: Connection) -> object:
    return connection.execute(text("SELECT 1")).scalar()


def _write_and_remove(path: Path) -> None:
    """Write and delete a file of its own; never one of the database's (docs/security.md)."""
    try:
        path.write_bytes(os.urandom(_SIZE))
    finally:
        path.unlink(missing_ok=True)
