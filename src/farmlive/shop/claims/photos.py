"""Photos for claims that were never sent: a buyer chose them, and thought better of it.

They are removed after a day. Servers that share a folder may all do so; a claim that is being sent
keeps its photos, since it has just touched them.
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
# Records that one turn of the writer deletes.
FORGOTTEN_AT_ONCE = 500
# What is being removed: nobody finds it any more, and it can still be put back.
_GOING = ".going"

_log = structlog.get_logger(__name__)


class ClaimPhotos:
    """Clears the folder of claims' photos; `again` is what does so every hour."""

    def __init__(self, store: Store, folder: Path):
        self._store = store
        self._folder = folder
        self.again = Periodic(EVERY_S, self.clear, "photos of no claim were not removed")

    async def clear(self) -> int:
        """Remove what is older than a day and of no claim; how many files."""
        old = await asyncio.to_thread(self._old)
        if not old:
            return 0
        sent = await self._store.read(_sent)
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
        """Remove photos whose order owns them no more, unless another order owns the same one.

        Where the server ends before that, `clear` removes them.
        """
        if not names:
            return
        kept = await self._store.read(lambda connection: named(connection, names))
        await asyncio.to_thread(self._unlink, set(names) - kept)

    def _unlink(self, names: Iterable[str]) -> None:
        for name in names:
            (self._folder / name[:2] / name).unlink(missing_ok=True)

    def _old(self) -> list[Path]:
        """What was not touched for a day, parts of photos that broke off too."""
        found = self._folder.glob("*/*")
        return [path for path in found if not _is_fresh(path)]


def touch(paths: Iterable[Path]) -> list[Path]:
    """Have them stay for another day; those that are there no more."""
    gone = []
    now = now_ms() / 1000
    for path in paths:
        try:
            os.utime(path, (now, now))
        except FileNotFoundError:
            gone.append(path)
    return gone


def _sent(connection: Connection) -> set[str]:
    """The photos of every claim."""
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
    """Remove it, unless it is of a claim, or was touched before it was out of reach."""
    name = _name(path)
    going = path.with_name(f"{name}{_GOING}")
    if name in sent and path != going:
        return False
    with contextlib.suppress(FileNotFoundError):  # another server removes it
        path.rename(going)
        if name in sent or _is_fresh(going):  # left so by a server that was killed, or touched
            going.rename(path.with_name(name))
            return False
        going.unlink()
        return True
    return False
