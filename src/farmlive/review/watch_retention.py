"""Retention of watch sessions and card taps: some time after a broadcast's end the report's sums
are stored with it; then the rows of single devices are removed, in steps.

A broadcast that was never started may have rows of waiting viewers, of which no sums are stored.
One that was started and never ended keeps its rows until it is ended.
"""

from functools import partial

from sqlalchemy import Connection

from farmlive.broadcast.log import Log
from farmlive.broadcast.reporting import viewers
from farmlive.clock import now_ms
from farmlive.periodic import in_steps
from farmlive.review import stored_sums
from farmlive.review.report import TableFigures
from farmlive.review.review import read_sources
from farmlive.review.stored_sums import Json, Recorder
from farmlive.store import FILE_S, Store

# Rows per step.
ROWS_PER_BATCH = 500


class WatchRetention:
    """Removes watch sessions and card taps `keep_ms` after their broadcast."""

    def __init__(self, store: Store, log: Log, keep_ms: int):
        self._store = store
        self._log = log
        self._keep_ms = keep_ms

    async def remove(self) -> int:
        """Remove all that are due, in steps; return the number of rows. Raises Unavailable."""
        before = now_ms() - self._keep_ms
        removed = 0
        for broadcast in await self._due(before):
            await self._store_sums(broadcast)
            for record in viewers.RECORDS:
                removed += await self._remove(broadcast, record, before)
        return removed

    async def outlook(self) -> int:
        """Return how many rows `remove` would remove."""
        before = now_ms() - self._keep_ms
        counts = [
            await self._store.read(
                partial(viewers.count_old, broadcast=each, before=before), within_s=FILE_S
            )
            for each in await self._due(before)
        ]
        return sum(counts)

    async def _due(self, before: int) -> list[str]:
        due = partial(viewers.with_old_records, before=before)
        return await self._store.read(due, within_s=FILE_S)

    async def _store_sums(self, broadcast: str) -> None:
        """Store the sums of a broadcast, unless they are stored already."""
        sums = await self._store.read(partial(self._sums, broadcast=broadcast), within_s=FILE_S)
        if sums is None:
            return
        audience, tapped = sums

        def write(connection: Connection) -> None:
            if stored_sums.read_sums(connection, broadcast).taps is None:
                stored_sums.store_sums(connection, broadcast, audience=audience, taps=tapped)

        await self._store.write(write)

    def _sums(self, connection: Connection, broadcast: str) -> tuple[Json, dict[str, int]] | None:
        if stored_sums.read_sums(connection, broadcast).taps is not None:
            return None
        found = read_sources(connection, self._log, broadcast)
        if found.ledger.started_at is None or found.ledger.ended_at is None:
            return None  # never started: no sums
        watched = Recorder(found.audience, found.until)
        farms = {card["lot"]["farm"]["id"] for card in found.ledger.cards.values()}
        for part in (None, *(frozenset({farm}) for farm in sorted(farms))):
            found.report(watched, TableFigures(), part)
        return watched.sums(), viewers.taps_by_offer(connection, broadcast)

    async def _remove(self, broadcast: str, record: viewers.Record, before: int) -> int:
        removed = 0
        find = partial(
            viewers.old_ids, record=record, broadcast=broadcast, before=before, most=ROWS_PER_BATCH
        )

        async def step() -> bool:
            nonlocal removed
            ids = await self._store.read(find)
            if ids:
                await self._store.write(partial(viewers.remove, record=record, ids=ids))
                removed += len(ids)
            return bool(ids)

        await in_steps(step)
        return removed
