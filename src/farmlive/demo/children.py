"""Stops child processes: by SIGTERM first, then by SIGKILL."""

import asyncio
import contextlib

PATIENCE_S = 12.0
"""A server answers what is in flight before it ends, for at most ten seconds."""


async def stop_child(child: asyncio.subprocess.Process) -> None:
    """Send the child SIGTERM, and SIGKILL if it still runs when its time is over."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
