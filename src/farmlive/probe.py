"""Looks every few seconds whether the database and the data folder take what is written, also while
nobody writes: before an order is refused, and once there is room again.
"""

import asyncio
import os
from pathlib import Path

from farmlive.again import Again
from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.store import Store

EVERY_S = 10.0
_SIZE = 64 * 1024


class Probe(Again):
    """Probes database and data folder, and reports to the outages."""

    def __init__(self, store: Store, settings: Settings, outages: Outages):
        super().__init__(EVERY_S, self.look, "whether the disks take anything is not known")
        self._store = store
        # One per server: several may share the folder.
        self._file = settings.data / f".probe-{os.getpid()}"
        self._folder = outages.watch(
            "data_folder",
            lost="the data folder takes nothing; no picture, photo or notice can be kept",
            back="the data folder takes files again",
            what_to_do="Make room on the disk of FARMLIVE_DATA, or see what is wrong with it.",
        )

    async def look(self) -> None:
        """Probe both now."""
        await self._store.try_out()
        try:
            await asyncio.to_thread(_write_and_remove, self._file)
        except OSError as error:
            self._folder.failed(error.strerror or str(error))
        else:
            self._folder.recovered()


def _write_and_remove(path: Path) -> None:
    """Write and delete a file of its own; never one of the database's (docs/security.md)."""
    try:
        path.write_bytes(os.urandom(_SIZE))
    finally:
        path.unlink(missing_ok=True)
