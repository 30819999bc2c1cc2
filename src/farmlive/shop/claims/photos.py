"""Removes uploaded photos that no claim used within a day.

Several servers may share the folder and run this at once; a claim touches its photos before it is
stored, which keeps them.
"""

import asyncio
import contextlib
import os
from collections.abc import Collection, Iterable, Set
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection, select

from farmlive.clock import DAY_MS, now_ms
from farmlive.periodic import Periodic
from farmlive.shop.core.order_tables import claims
from farmlive.store import Store
from farmlive.store.files.uploads import forget, named

EVERY_S = 3600
KEPT_MS = DAY_MS
# Rows deleted per write transaction.
FORGOTTEN_AT_ONCE = 500
# The suffix of a file that is being removed: it can't be found any more, and can still be restored.
_GOING = ".going"

_log = structlog.get_logger(__name__)


class ClaimPhotos:
    """Clears the folder of claims' photos; `periodic` runs this every hour."""

    def __init__(self, store: Store, folder: Path):
        self._store = store
        self._folder = folder
        self.periodic = Periodic(EVERY_S, self.clear, "photos of no claim were not removed")

    async def clear(self) -> int:
        """Remove files older than a day that belong to no claim; return how many."""
        old = await asyncio.to_thread(self._old)
        if not old:
            return 0
        sent = await self._store.read(_claimed_photos)
        removed = await asyncio.to_thread(
            lambda: [_name(path) for path in old if _remove(path, sent)]
        )
        if removed:
            before = now_ms() - KEPT_MS
            for start in range(0, len(removed), FORGOTTEN_AT_ONCE):
                some = removed[start : start + FORGOTTEN_AT_ONCE]
                await self._store.write(partial(forget, names=some, before_ms=before))
            _log.info("photos of no claim were removed", photos=len(removed))
        return len(removed)

    async def remove(self, names: Collection[str]) -> None:
        """Remove photos of erased orders, unless another order has the same photo.

        If the server stops first, `clear` removes them.
        """
        if not names:
            return
        kept = await self._store.read(lambda connection: named(connection, names))
        await asyncio.to_thread(self._unlink, set(names) - kept)

    def _unlink(self, names: Iterable[str]) -> None:
        for name in names:
            (self._folder / name[:2] / name).unlink(missing_ok=True)

    def _old(self) -> list[Path]:
        """Return the files that were not touched for a day, parts of broken uploads too."""
        found = self._folder.glob("*/*")
        return [path for path in found if not _is_fresh(path)]


def touch(paths: Iterable[Path]) -> list[Path]:
    """Keep the files for another day; return those that do not exist any more."""
    gone = []
    now = now_ms() / 1000
    for path in paths:
        try:
            os.utime(path, (now, now))
        except FileNotFoundError:
            gone.append(path)
    return gone


def _claimed_photos(connection: Connection) -> set[str]:
    """Return the photos of all claims."""
    return {
        name for photos in connection.execute(select(claims.c.photos)).scalars() for name in photos
    }


def _name(path: Path) -> str:
    return path.name.removesuffix(_GOING)


def _is_fresh(path: Path) -> bool:
    try:
        return path.stat().st_mtime * 1000 > now_ms() - KEPT_MS
    except FileNotFoundError:  # another server removed it
        return True


def _remove(path: Path, sent: Set[str]) -> bool:
    """Remove a file, unless a claim has it or it was touched just before."""
    name = _name(path)
    going = path.with_name(f"{name}{_GOING}")
    if name in sent and path != going:
        return False
    with contextlib.suppress(FileNotFoundError):  # another server removes it
        path.rename(going)
        if name in sent or _is_fresh(going):  # a killed server left it so, or it was touched
            going.rename(path.with_name(name))
            return False
        going.unlink()
        return True
    return False
