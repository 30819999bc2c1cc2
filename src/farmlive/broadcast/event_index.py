"""Selects the events of a frame for its audiences, drops stale ones, and encodes each event once
for all clients that see the same of it. Pure; hub.py decides when to send.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from farmlive import compact_json
from farmlive.broadcast.events import AudienceCounted, StockChanged, WaitChanged
from farmlive.broadcast.events.audience_filter import PUBLIC, filter_data
from farmlive.broadcast.log import Event

# For each of these kinds and each offer only the latest event matters.
_LATEST_ONLY = (StockChanged.kind, WaitChanged.kind, AudienceCounted.kind)
# Encoded events, by `seq` and by the reader's audiences that the event has.
EncodedEvents = dict[tuple[int, frozenset[str]], bytes]
_ANYONE = frozenset({PUBLIC})


def drop_superseded(events: Iterable[Event]) -> list[Event]:
    """Return the events without counts and stock values that a later event replaces."""
    kept: list[Event] = []
    seen: set[tuple[str, Any]] = set()
    for event in reversed(list(events)):
        if event.kind in _LATEST_ONLY:
            key = (event.kind, event.data.get("offer"))
            if key in seen:
                continue
            seen.add(key)
        kept.append(event)
    kept.reverse()
    return kept


@dataclass(slots=True)
class EventIndex:
    """Events in order, indexed by audience, so that a client's events are found without a scan."""

    by_audience: dict[str, list[Event]]
    audiences: frozenset[str]

    @classmethod
    def index(cls, events: Iterable[Event]) -> "EventIndex":
        """Index the events by audience."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            for name in event.audience:
                found[name].append(event)
        return cls(dict(found), frozenset(found))

    def visible_to(self, audiences: Iterable[str]) -> list[Event]:
        """Return the events for these audiences, in order and without duplicates."""
        lists = [self.by_audience[name] for name in audiences if name in self.by_audience]
        if len(lists) == 1:
            return lists[0]
        found = {event.seq: event for events in lists for event in events}
        return [found[seq] for seq in sorted(found)]

    def encoded(self, audiences: frozenset[str], cache: EncodedEvents) -> list[bytes]:
        """Return the same events encoded, as these audiences may see them."""
        found = []
        for event in self.visible_to(audiences):
            mine = audiences.intersection(event.audience)
            key = (event.seq, _ANYONE if PUBLIC in mine else mine)
            encoded = cache.get(key)
            if encoded is None:
                encoded = cache[key] = compact_json.encode(filter_event(event, audiences))
            found.append(encoded)
        return found


def filter_event(event: Event, audiences: frozenset[str]) -> dict[str, Any]:
    """Return the event as these audiences may see it."""
    return {**event.as_sent(), "data": filter_data(event.data, event.audience, audiences)}
