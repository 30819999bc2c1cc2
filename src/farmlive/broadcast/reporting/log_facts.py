"""Queries of a broadcast's log for reports: the events of some kinds, without parsing each
alone.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Text, cast, select, type_coerce

from farmlive.broadcast.tables import events

# Events parsed at a time: faster than one by one, without blocking other threads for long.
EVENTS_PER_PART = 100

# An event without its `seq` and audience: `at` in UTC milliseconds, its kind, and its data as the
# kind's model wrote it. A plain tuple, since a report reads tens of thousands of them.
Fact = tuple[int, str, dict[str, Any]]


def facts(connection: Connection, broadcast: str, kinds: Sequence[str]) -> Iterator[Fact]:
    """Yield the log's events of these kinds, in order."""
    as_text = cast if connection.dialect.name == "postgresql" else type_coerce
    query = (
        select(events.c.at, events.c.kind, as_text(events.c.data, Text))
        .where(events.c.broadcast == broadcast, events.c.kind.in_(kinds))
        .order_by(events.c.seq)
    )
    for rows in connection.execute(query).partitions(EVENTS_PER_PART):
        parsed = json.loads(f"[{','.join([row[2] for row in rows])}]")
        for (at, kind, _), data in zip(rows, parsed, strict=True):
            yield at, kind, data
