"""Draws the demo's films in a child process, beside what else a first start does."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from farmlive.demo.children import stop_child
from farmlive.demo.film.film import FilmError, FilmPlan, film_in

_TELL_S = 0.2


class Drawing:
    """The drawing of those films that a data folder lacks: `frames` in all."""

    def __init__(self, data: Path, takes: Sequence[FilmPlan]) -> None:
        self._data = data
        self._missing = [take for take in takes if not film_in(data, take).exists()]
        self.frames = sum(take.frames for take in self._missing)
        self._done = 0
        self._child: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[str] | None = None

    async def start(self) -> None:
        """Begin, unless all films are there."""
        if not self._missing:
            return
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "farmlive.demo.film", str(self._data)),
            *(take.name for take in self._missing),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # A Ctrl-C in the terminal reaches the parent alone, which ends the child in order.
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(self._child))

    async def wait(self, tell: Callable[[float], None]) -> None:
        """Wait until all films are there; `tell` hears how many frames are done, and may raise.

        Raises FilmError.
        """
        if self._child is None or self._reading is None:
            return
        while not self._reading.done():
            tell(self._done)
            await asyncio.wait({self._reading}, timeout=_TELL_S)
        said = self._reading.result()
        if await self._child.wait() != 0:
            raise FilmError(said[-500:] or f"the drawing ended with {self._child.returncode}")

    async def close(self) -> None:
        """End it, also before it is done."""
        if self._child is not None and self._reading is not None:
            await stop_child(self._child)
            await asyncio.wait({self._reading})

    async def _read(self, child: asyncio.subprocess.Process) -> str:
        assert child.stdout is not None
        assert child.stderr is not None
        errors = asyncio.create_task(child.stderr.read())
        async for line in child.stdout:
            self._done = int(line)
        return (await errors).decode(errors="replace").strip()


@contextlib.asynccontextmanager
async def drawing(data: Path, takes: Sequence[FilmPlan]) -> AsyncIterator[Drawing]:
    """Begin to draw the films that are missing; it ends with the block."""
    begun = Drawing(data, takes)
    await begun.start()
    try:
        yield begun
    finally:
        await begun.close()
