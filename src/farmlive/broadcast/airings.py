"""The connected sources of broadcasts that have not ended, read from their logs, for the list of
stream keys; and the clean-up after a server that died.
"""

from sqlalchemy import Connection, select

from farmlive.broadcast.events import (
    BroadcastPaused,
    BroadcastResumed,
    EventModel,
    SourceJoined,
    SourceLeft,
    SourceSwitched,
)
from farmlive.broadcast.log import Log
from farmlive.broadcast.tables import broadcasts, events
from farmlive.people.core.lookups import Airing

_KINDS = (SourceJoined.kind, SourceLeft.kind, SourceSwitched.kind)


def running(connection: Connection) -> dict[str, Airing]:
    """Return the title and the sources of each scheduled or live broadcast, by its id."""
    columns = (broadcasts.c.id, broadcasts.c.title, broadcasts.c.state)
    rows = connection.execute(select(*columns).where(broadcasts.c.state != "ended")).all()
    titles = {row.id: row.title for row in rows}
    live = {row.id for row in rows if row.state == "live"}
    sending: dict[str, set[str]] = {each: set() for each in titles}
    on_air: dict[str, str | None] = dict.fromkeys(titles)
    for broadcast, kind, data in connection.execute(
        select(events.c.broadcast, events.c.kind, events.c.data)
        .where(events.c.broadcast.in_(list(titles)), events.c.kind.in_(_KINDS))
        .order_by(events.c.broadcast, events.c.seq)
    ):
        source = SourceLeft.parse(data).source
        if kind == SourceLeft.kind:
            sending[broadcast].discard(source)
            if on_air[broadcast] == source:
                on_air[broadcast] = None
        else:
            sending[broadcast].add(source)
            if kind == SourceSwitched.kind:
                on_air[broadcast] = source
    return {
        each: Airing(title, frozenset(sending[each]), on_air[each], each in live)
        for each, title in titles.items()
    }


def last_on_air(connection: Connection, broadcast: str, since_ms: int) -> str | None:
    """Return the source that was on air last; None if it has left before `since_ms`.

    A server that restarts or takes a broadcast over gives that source the air back.
    """
    rows = connection.execute(
        select(events.c.kind, events.c.at, events.c.data)
        .where(
            events.c.broadcast == broadcast,
            events.c.kind.in_((SourceLeft.kind, SourceSwitched.kind)),
        )
        .order_by(events.c.seq.desc())
    )
    left: dict[str, int] = {}
    for kind, at, data in rows:
        source = SourceLeft.parse(data).source
        if kind == SourceSwitched.kind:
            return source if left.get(source, since_ms) >= since_ms else None
        left.setdefault(source, at)
    return None


def end_all(connection: Connection, log: Log, broadcast: str) -> None:
    """Append `source.left` for each source that the log has as connected, and `broadcast.paused` if
    one was on air.

    The server that held them died and could not append these itself.
    """
    sending: dict[str, bool] = {}
    on_air, paused = None, False
    kinds = (*_KINDS, BroadcastPaused.kind, BroadcastResumed.kind)
    for event in log.events(connection, broadcast, kinds=kinds):
        match event.model():
            case SourceJoined(source=source, guest=guest):
                sending[source] = guest
            case SourceLeft(source=source):
                sending.pop(source, None)
                on_air = None if on_air == source else on_air
            case SourceSwitched(source=source):
                on_air, paused = source, False
            case model:
                paused = isinstance(model, BroadcastPaused)
    told: list[EventModel] = []
    if on_air is not None and not paused:
        told.append(BroadcastPaused(reason="source"))
    told += [SourceLeft(source=source, guest=guest) for source, guest in sending.items()]
    if told:
        log.append_all(connection, broadcast, told)
