"""Keeps the film on air: starts its publication again when it ends.

Owns the pauses between starts. How the film is sent is publish.py's.
"""

import asyncio
import contextlib
from pathlib import Path

import structlog

from farmlive.demo.publish import Publication

_log = structlog.get_logger(__name__)
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
_STEADY_S = 30.0


class FilmOnAir:
    """The film's publisher. `restarts` counts how often it had to be started again."""

    def __init__(self, film: Path, whip_url: str, key: str):
        self._film, self._whip_url, self._key = film, whip_url, key
        self._publication: Publication | None = None
        self._task: asyncio.Task[None] | None = None
        self.restarts = 0

    async def start(self) -> None:
        """Start publishing; returns at once."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop publishing and end the child."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def vanish(self) -> None:
        """Kill the child without a word to the server; another starts after the first pause."""
        if self._publication is not None:
            self._publication.vanish()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failed = 0
        while True:
            began = loop.time()
            said = await self._once()
            failed = 1 if loop.time() - began > _STEADY_S else failed + 1
            pause_s = _PAUSES_S[min(failed, len(_PAUSES_S)) - 1]
            _log.warning("the demo's publisher ended", said=said, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            self.restarts += 1

    async def _once(self) -> str:
        self._publication = publication = Publication(self._film, self._whip_url, self._key)
        running = asyncio.create_task(asyncio.to_thread(publication.run))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            publication.stop()
            await running
            raise
