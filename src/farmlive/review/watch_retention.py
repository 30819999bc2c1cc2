"""Retention of watch sessions and card taps: some time after a broadcast's end the report's sums
are stored with it; then the rows of single devices are removed, in steps.

A broadcast that was never started may have rows of waiting viewers, of which no sums are stored.
One that was started and never ended keeps its rows until it is ended.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Table,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
)

from farmlive.broadcast.log import Log
from farmlive.broadcast.tables import broadcasts, card_taps, watches
from farmlive.clock import now_ms
from farmlive.periodic import in_steps
from farmlive.review import kept_sums
from farmlive.review.kept_sums import Json, Recorder
from farmlive.review.report import Beside
from farmlive.review.review import sources, taps
from farmlive.store import FILE_S, Store

# Rows per step.
AT_ONCE = 500

_ROWS = ((watches, watches.c.to_at), (card_taps, card_taps.c.at))
_before = bindparam("before", type_=BigInteger)
# Broadcasts are few, and the rows of each are found by an index.
_DUE = (
    select(broadcasts.c.id)
    .where(
        or_(
            broadcasts.c.ended_at < _before,
            broadcasts.c.started_at.is_(None),
        ),
        or_(*(exists().where(t.c.broadcast == broadcasts.c.id, at < _before) for t, at in _ROWS)),
    )
    .order_by(broadcasts.c.id)
)
_OLD = {
    table: select(table.c.id)
    .where(table.c.broadcast == bindparam("of"), at < _before)
    .limit(bindparam("most", type_=Integer))
    for table, at in _ROWS
}
_COUNT = {
    table: select(func.count())
    .select_from(table)
    .where(table.c.broadcast == bindparam("of"), at < _before)
    for table, at in _ROWS
}


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
        for broadcast in await self._store.read(partial(_due, before=before), within_s=FILE_S):
            await self._keep(broadcast)
            for table in _OLD:
                removed += await self._remove(broadcast, table, before)
        return removed

    async def outlook(self) -> int:
        """Return how many rows `remove` would remove."""
        before = now_ms() - self._keep_ms

        def count(connection: Connection, of: str) -> int:
            named = {"of": of, "before": before}
            return sum(int(connection.execute(q, named).scalar_one()) for q in _COUNT.values())

        due = await self._store.read(partial(_due, before=before), within_s=FILE_S)
        return sum(
            [await self._store.read(partial(count, of=each), within_s=FILE_S) for each in due]
        )

    async def _keep(self, broadcast: str) -> None:
        """Store the sums of a broadcast, unless they are stored already."""
        sums = await self._store.read(partial(self._sums, broadcast=broadcast), within_s=FILE_S)
        if sums is None:
            return
        audience, tapped = sums

        def write(connection: Connection) -> None:
            if kept_sums.kept(connection, broadcast).taps is None:
                kept_sums.keep(connection, broadcast, audience=audience, taps=tapped)

        await self._store.write(write)

    def _sums(self, connection: Connection, broadcast: str) -> tuple[Json, dict[str, int]] | None:
        if kept_sums.kept(connection, broadcast).taps is not None:
            return None
        found = sources(connection, self._log, broadcast)
        if found.ledger.started_at is None or found.ledger.ended_at is None:
            return None  # never started: no sums
        watched = Recorder(found.audience, found.until)
        farms = {card["lot"]["farm"]["id"] for card in found.ledger.cards.values()}
        for part in (None, *(frozenset({farm}) for farm in sorted(farms))):
            found.report(watched, Beside(), part)
        return watched.sums(), taps(connection, broadcast)

    async def _remove(self, broadcast: str, table: Table, before: int) -> int:
        removed = 0

        def read(connection: Connection) -> list[Any]:
            named = {"of": broadcast, "before": before, "most": AT_ONCE}
            return list(connection.execute(_OLD[table], named).scalars())

        def write(connection: Connection, ids: Sequence[int]) -> None:
            connection.execute(delete(table).where(table.c.id.in_(ids)))

        async def step() -> bool:
            nonlocal removed
            ids = await self._store.read(read)
            if ids:
                await self._store.write(partial(write, ids=ids))
                removed += len(ids)
            return bool(ids)

        await in_steps(step)
        return removed


def _due(connection: Connection, before: int) -> list[str]:
    return list(connection.execute(_DUE, {"before": before}).scalars())
