"""Uploaded pictures, decoded in a child process, one at a time.

Owns the server's one queue for pictures of every kind, and the reasons for rejecting one.
picture_child.py has the child's limits; files.py stores the result.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TypeVar

import PIL

from farmlive.problems import Problem
from farmlive.store.files import picture_child

T = TypeVar("T")

# Wall-clock limit, seconds; that of CPU time is picture_child.CPU_S.
CHILD_S = 60.0

# One child at a time: four uploads at once take the memory of one.
_queue = ThreadPoolExecutor(1, "pictures")
_PILLOW = str(Path(PIL.__file__).parents[1])


class NotAPicture(Problem):
    """The upload can't be decoded as a picture, or is too large."""

    status = 422
    slug = "not-a-picture"
    title = "That is not a picture we can read"


class Turns:
    """A fair queue: one picture of each owner waits at a time, so that owners take turns."""

    def __init__(self) -> None:
        self._all = asyncio.Lock()
        self._of: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, owner: str) -> AsyncIterator[None]:
        """Wait for the owner's turn."""
        self._waiting[owner] += 1
        try:
            async with self._of.setdefault(owner, asyncio.Lock()), self._all:
                yield
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner], self._of[owner]


async def in_queue(work: Callable[[], T]) -> T:
    """Run the work, which may decode a picture, in the queue."""
    return await asyncio.get_running_loop().run_in_executor(_queue, work)


def shrink(sent: IO[bytes], edge: int) -> tuple[bytes, tuple[int, int]]:
    """Return the picture as WebP, at most `edge` pixels wide and high, and its size.

    `sent` is an open file with a descriptor, read from its start. Blocks: call it by `in_queue`.
    Raises NotAPicture.
    """
    os.lseek(sent.fileno(), 0, os.SEEK_SET)  # where the child begins to read
    command = [sys.executable, "-I", "-S", picture_child.__file__, _PILLOW, str(edge)]
    try:
        child = subprocess.run(  # noqa: S603 (no part of the command was sent by anyone)
            command, stdin=sent, capture_output=True, timeout=CHILD_S, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_heavy() from None
    if child.returncode == picture_child.EXIT_TOO_MANY_PIXELS:
        width, height, most = map(int, child.stdout.split())
        raise NotAPicture(
            f"The picture has {width} by {height} pixels. Nothing was kept: send one of "
            f"{most // 1_000_000} million pixels at most, or a JPEG."
        )
    if child.returncode < 0 or child.returncode == picture_child.EXIT_TOO_MUCH_MEMORY:
        raise _too_heavy()
    if child.returncode:
        raise NotAPicture(
            "The file can't be read as a picture, or it is cut off. Nothing was kept: send a JPEG, "
            "PNG or WebP."
        )
    head, _, data = child.stdout.partition(b"\n")
    width, height = map(int, head.split())
    return data, (width, height)


def _too_heavy() -> NotAPicture:
    return NotAPicture(
        "The picture takes too much memory or time to be read. Nothing was kept: send it as a "
        "smaller JPEG."
    )
