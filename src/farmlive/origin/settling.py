"""Settling: holds the lots that are there to what the settings of today ask of them, when a server
starts, in steps that are short enough for everyone else's writes to go between.

Always: a lot and what its broadcasts say of it change in one step. A start that ended midway is
gone on with by the next, since what is settled already differs no more.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from sqlalchemy import Connection

from farmlive.origin.core import requirements
from farmlive.origin.core.requirements import Requirements
from farmlive.store import Store
from farmlive.store.deadlines import FILE_S

# A step takes as many lots as go within this, by how long the last one took.
STEP_S = 0.25
FIRST = 16
MOST = 1024
# Nobody is served before the end: say every so often how far it is.
LOG_EVERY_S = 2.0

_log = structlog.get_logger(__name__)

Told = Callable[[Connection, Sequence[str]], None]


async def settle_all(store: Store, wanted: Requirements, told: Told) -> int:
    """Settle all lots that differ, and tell of each in its transaction; return how many did.

    Looks twice: another server may have recorded some meanwhile. Raises Unavailable.
    """
    settled, began = 0, time.monotonic()
    said = began
    for _ in range(2):
        after, most = "", FIRST
        while True:
            page = partial(requirements.differing, wanted=wanted, after=after, most=most)
            found = await store.read(page, within_s=FILE_S)
            if not found:
                break
            after, step_began = found[-1], time.monotonic()
            settled += await store.write(
                partial(_step, wanted=wanted, found=found, told=told), within_s=FILE_S
            )
            now = time.monotonic()
            most = size_after(most, now - step_began)
            if now >= said + LOG_EVERY_S:
                said = now
                _log.info(
                    "lots are held to the settings before anything is sold; the server starts "
                    "once all are",
                    settled=settled,
                )
    if settled:
        _log.info(
            "lots are held to the settings of today", settled=settled, seconds=round(now - began, 1)
        )
    return settled


def size_after(most: int, took_s: float) -> int:
    """Return how many lots the next step takes: twice as many at most, and one at least."""
    return max(1, min(MOST, 2 * most, int(most * STEP_S / max(took_s, 0.001))))


def _step(connection: Connection, wanted: Requirements, found: Sequence[str], told: Told) -> int:
    changed = requirements.settle(connection, wanted, found)
    told(connection, changed)
    return len(changed)
