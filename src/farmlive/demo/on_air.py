"""Keeps the film on air: runs publish.py in a child process and starts it again when it ends.

Owns the child and the pauses between its starts. What it sends is publish.py's.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
_STEADY_S = 30.0


class FilmOnAir:
    """The film's publisher. `restarts` counts how often it had to be started again."""

    def __init__(self, film: Path, whip_url: str, key: str):
        self._order = json.dumps({"film": str(film), "url": whip_url, "key": key}).encode() + b"\n"
        self._child: asyncio.subprocess.Process | None = None
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

    async def vanish(self) -> None:
        """Kill the child without a word to the server; it starts again after the first pause."""
        if self._child is not None and self._child.returncode is None:
            self._child.kill()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failed = 0
        while True:
            began = loop.time()
            said = await self._once()
            failed = 0 if loop.time() - began > _STEADY_S else failed + 1
            pause_s = _PAUSES_S[min(max(failed, 1), len(_PAUSES_S)) - 1]
            _log.warning("the demo's publisher ended", said=said, again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            self.restarts += 1

    async def _once(self) -> str:
        self._child = child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "farmlive.demo.publish",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            # A Ctrl-C in the terminal reaches the parent alone, which ends the child in order.
            start_new_session=True,
        )
        try:
            _, said = await child.communicate(self._order)
        except asyncio.CancelledError:
            await _end(child)
            raise
        return said.decode(errors="replace").strip()[-300:]


async def _end(child: asyncio.subprocess.Process) -> None:
    """Ask the child to end, and insist after two seconds."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
        try:
            async with asyncio.timeout(2):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
