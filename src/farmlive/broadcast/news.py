"""What of a log's events is sent to whom: without what is stale, and encoded once for all who see
the same of it. Pure; when it is sent is the hub's (hub.py).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from farmlive import compact_json
from farmlive.broadcast.events import AudienceCounted, StockChanged, WaitChanged
from farmlive.broadcast.events.audience_filter import PUBLIC, seen
from farmlive.broadcast.log import Event

# Of each of these, and each offer, only the last counts.
_SUPERSEDED = (StockChanged.kind, WaitChanged.kind, AudienceCounted.kind)
# An event as it is shown to who has these of its audiences.
Pieces = dict[tuple[int, frozenset[str]], bytes]
_ANYONE = frozenset({PUBLIC})


def newest(events: Iterable[Event]) -> list[Event]:
    """The events without counts and stock that a later one of them makes stale."""
    kept: list[Event] = []
    seen: set[tuple[str, Any]] = set()
    for event in reversed(list(events)):
        if event.kind in _SUPERSEDED:
            key = (event.kind, event.data.get("offer"))
            if key in seen:
                continue
            seen.add(key)
        kept.append(event)
    kept.reverse()
    return kept


@dataclass(slots=True)
class News:
    """Events in order, by who may see them: nobody looks through what is for others."""

    by_audience: dict[str, list[Event]]
    told: frozenset[str]

    @classmethod
    def of(cls, events: Iterable[Event]) -> "News":
        """Sort the events by their audiences."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            for name in event.audience:
                found[name].append(event)
        return cls(dict(found), frozenset(found))

    def seen_by(self, audiences: Iterable[str]) -> list[Event]:
        """What someone of these audiences may see, in order and each once."""
        lists = [self.by_audience[name] for name in audiences if name in self.by_audience]
        if len(lists) == 1:
            return lists[0]
        found = {event.seq: event for events in lists for event in events}
        return [found[seq] for seq in sorted(found)]

    def encoded(self, audiences: frozenset[str], pieces: Pieces) -> list[bytes]:
        """The same as they may see it; `pieces` are those that were encoded before."""
        found = []
        for event in self.seen_by(audiences):
            mine = audiences.intersection(event.audience)
            key = (event.seq, _ANYONE if PUBLIC in mine else mine)
            piece = pieces.get(key)
            if piece is None:
                piece = pieces[key] = compact_json.encode(visible(event, audiences))
            found.append(piece)
        return found


def visible(event: Event, audiences: frozenset[str]) -> dict[str, Any]:
    """The event as these audiences may see it: a farm sees its own lines of an order only."""
    return {**event.shown(), "data": seen(event.data, event.audience, audiences)}
