"""What is on air in broadcasts that have not ended, by their logs; the list of keys shows it."""

from sqlalchemy import Connection, select

from farmlive.broadcast.tables import broadcasts, events
from farmlive.people.credentials import Airing

_KINDS = ("source.joined", "source.left", "source.switched")


def running(connection: Connection) -> dict[str, Airing]:
    """Return title and sources of each scheduled or live broadcast, by its identifier."""
    titles = {
        row.id: row.title
        for row in connection.execute(
            select(broadcasts.c.id, broadcasts.c.title).where(broadcasts.c.state != "ended")
        )
    }
    sending: dict[str, set[str]] = {each: set() for each in titles}
    on_air: dict[str, str | None] = dict.fromkeys(titles)
    for broadcast, kind, data in connection.execute(
        select(events.c.broadcast, events.c.kind, events.c.data)
        .where(events.c.broadcast.in_(list(titles)), events.c.kind.in_(_KINDS))
        .order_by(events.c.broadcast, events.c.seq)
    ):
        source = data.get("source")
        if kind == "source.left":
            sending[broadcast].discard(source)
            if on_air[broadcast] == source:
                on_air[broadcast] = None
        else:
            sending[broadcast].add(source)
            if kind == "source.switched":
                on_air[broadcast] = source
    return {
        each: Airing(title, frozenset(sending[each]), on_air[each])
        for each, title in titles.items()
    }
