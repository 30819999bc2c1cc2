"""Updates existing lots to the requirements of the current settings when a server starts, in steps
that are short enough for other writes to go between.

Invariant: a lot and its broadcasts' events change in one step. The next start resumes an
interrupted one, since updated lots do not differ any more.
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

# A step takes as many lots as fit into this time, by the duration of the last step.
STEP_S = 0.25
FIRST = 16
MOST = 1024
# How often to log the progress: the server serves nobody before the end.
LOG_EVERY_S = 2.0

_log = structlog.get_logger(__name__)

Told = Callable[[Connection, Sequence[str]], None]


async def settle_all(store: Store, wanted: Requirements, told: Told) -> int:
    """Update all lots that differ, with their events in the same transaction; return their number.

    It runs twice, since another server may have recorded lots meanwhile. Raises Unavailable.
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
    """Return how many lots the next step takes: at most twice as many, and at least one."""
    return max(1, min(MOST, 2 * most, int(most * STEP_S / max(took_s, 0.001))))


def _step(connection: Connection, wanted: Requirements, found: Sequence[str], told: Told) -> int:
    changed = requirements.update_missing(connection, wanted, found)
    told(connection, changed)
    return len(changed)
