"""Probes each second whether the database answers, and at intervals whether it and the data folder
accept writes.

It does so also while nobody writes: before an order would be refused, and until there is room
again. `/readyz` reports the last results without a probe of its own.
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
        super().__init__(EVERY_S, self._look_on, "whether the disks take anything is not known")
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
        self._filing: asyncio.Task[None] | None = None
        self._asked: float | None = None
        self._looked = time.monotonic()

    @property
    def asking_s(self) -> float:
        """For how many seconds the database has owed an answer; 0 if it owes none."""
        asked = self._asked
        return 0 if asked is None else time.monotonic() - asked

    @property
    def looked_s(self) -> float:
        """Seconds since the last probe ended."""
        return time.monotonic() - self._looked

    async def look(self) -> None:
        """Probe everything now."""
        await self._look(writes=True)
        self._look_at_folder()
        if self._filing is not None:
            await self._filing

    async def stop(self) -> None:
        """Stop probing."""
        await super().stop()
        if self._filing is not None:
            self._filing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._filing

    async def _look_on(self) -> None:
        now = time.monotonic()
        if now - self._folder_at >= (EVERY_S if self._folder.failing else WRITE_EVERY_S):
            self._look_at_folder()
        committed = self._store.committed_at
        idle = committed is None or now - committed >= WRITE_EVERY_S
        await self._look(writes=idle or bool(self._outages.failing(needed=True)))

    async def _look(self, *, writes: bool) -> None:
        self._asked = time.monotonic()
        try:
            # The database's own outages report its failures.
            with contextlib.suppress(Unavailable):
                await self._store.read(_ask)
            if writes:
                await self._store.try_out()
        finally:
            self._asked, self._looked = None, time.monotonic()

    def _look_at_folder(self) -> None:
        """Start a probe of the folder; if the last one has not ended, the disk hangs."""
        self._folder_at = time.monotonic()
        if self._filing is None or self._filing.done():
            self._filing = asyncio.create_task(self._write_a_file())
        else:
            self._folder.failed("it does not answer")

    async def _write_a_file(self) -> None:
        try:
            await asyncio.to_thread(_write_and_remove, self._file)
        except OSError as error:
            self._folder.failed(error.strerror or str(error))
        else:
            self._folder.recovered()


def _ask(connection: Connection) -> object:
    return connection.execute(text("SELECT 1")).scalar()


def _write_and_remove(path: Path) -> None:
    """Write and delete a file of its own; never one of the database's (docs/security.md)."""
    try:
        path.write_bytes(os.urandom(_SIZE))
    finally:
        path.unlink(missing_ok=True)
