"""Queries of a broadcast's viewers for reports: watch sessions and card taps; and the removal of
old ones, once a report has summed them up.

watch_sessions.py and taps.py write the rows.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
)

from farmlive.broadcast.tables import broadcasts, card_taps, watches

# How long after its last update a session counts as open (an update each minute, and one more for a
# slow disk).
FRESH_MS = 120_000


class WatchSession(NamedTuple):
    """A device's time on a broadcast's page, from and to in UTC milliseconds.

    `resumed`: the page was open before, and only its channel reconnected.
    """

    device: str
    from_at: int
    to_at: int
    resumed: bool


def watch_sessions(connection: Connection, broadcast: str, now: int) -> Iterator[WatchSession]:
    """Yield the watch sessions, each device's together and by their start.

    An open one lasts until `now`, in UTC milliseconds.
    """
    query = (
        select(
            watches.c.device,
            watches.c.from_at,
            watches.c.to_at,
            watches.c.resumed,
            watches.c.running,
        )
        .where(watches.c.broadcast == broadcast)
        .order_by(watches.c.device, watches.c.from_at)
    )
    for device, from_at, to_at, resumed, running in connection.execute(query).all():
        until = now if running and to_at > now - FRESH_MS else to_at
        yield WatchSession(device, from_at, until, resumed)


def taps_by_offer(connection: Connection, broadcast: str) -> dict[str, int]:
    """Count the devices that opened the card of each offer."""
    query = (
        select(card_taps.c.offer, func.count())
        .where(card_taps.c.broadcast == broadcast)
        .group_by(card_taps.c.offer)
    )
    return {offer: int(count) for offer, count in connection.execute(query)}


# Records that are removed some time after a broadcast.
Record = Literal["watches", "card_taps"]
RECORDS: tuple[Record, ...] = get_args(Record)

_TABLES = {"watches": watches, "card_taps": card_taps}
_AT = {"watches": watches.c.to_at, "card_taps": card_taps.c.at}
_before = bindparam("before", type_=BigInteger)
# Broadcasts are few, and the rows of each are found by an index.
_DUE = (
    select(broadcasts.c.id)
    .where(
        or_(
            broadcasts.c.ended_at < _before,
            broadcasts.c.started_at.is_(None),
        ),
        or_(
            *(
                exists().where(table.c.broadcast == broadcasts.c.id, _AT[name] < _before)
                for name, table in _TABLES.items()
            )
        ),
    )
    .order_by(broadcasts.c.id)
)
_OLD = {
    name: select(table.c.id)
    .where(table.c.broadcast == bindparam("of"), _AT[name] < _before)
    .limit(bindparam("most", type_=Integer))
    for name, table in _TABLES.items()
}
_COUNT = {
    name: select(func.count())
    .select_from(table)
    .where(table.c.broadcast == bindparam("of"), _AT[name] < _before)
    for name, table in _TABLES.items()
}


def with_old_records(connection: Connection, before: int) -> list[str]:
    """Return the broadcasts that ended before a time, in UTC milliseconds, or never started, and
    have records from before it.
    """
    return list(connection.execute(_DUE, {"before": before}).scalars())


def count_old(connection: Connection, broadcast: str, before: int) -> int:
    """Count the broadcast's records from before a time."""
    named = {"of": broadcast, "before": before}
    return sum(int(connection.execute(query, named).scalar_one()) for query in _COUNT.values())


def old_ids(
    connection: Connection, record: Record, broadcast: str, before: int, most: int
) -> list[int]:
    """Return the ids of up to `most` of the broadcast's records from before a time."""
    named = {"of": broadcast, "before": before, "most": most}
    return list(connection.execute(_OLD[record], named).scalars())


def remove(connection: Connection, record: Record, ids: Sequence[int]) -> None:
    """Delete these records."""
    table = _TABLES[record]
    connection.execute(delete(table).where(table.c.id.in_(ids)))
