"""Child processes: how one is asked to end, and made to."""

import asyncio
import contextlib

PATIENCE_S = 12.0
"""A server answers what is in flight before it ends, for at most ten seconds."""


async def end(child: asyncio.subprocess.Process) -> None:
    """Ask the child to end by SIGTERM, and kill it when its time is over."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
