"""The log: what happened in a broadcast, in order; all else about a broadcast is read from it.

An event is written in the transaction of the thing it tells of, takes its `seq` from the
broadcast's row, as nobody else writes meanwhile, and goes to the bus only after the commit.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from farmlive import compact_json
from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import KINDS, EventModel, OrderEvent
from farmlive.broadcast.events.audience_filter import order_of
from farmlive.broadcast.tables import broadcasts, events, log_checkpoints
from farmlive.bus import Bus
from farmlive.clock import HOUR_MS, now_ms
from farmlive.ids import is_ulid
from farmlive.problems import NotFound
from farmlive.store import after_commit, hot, tally

TOPIC = "log"
# What tells that earlier events were changed in place: whoever has them in memory forgets by it
# what the log does not hold any more.
REDACTING = frozenset({"chat.hidden", "order.erased"})


class UnknownBroadcast(NotFound):
    """No broadcast has that id."""

    slug = "unknown-broadcast"
    title = "There is no such broadcast"

    def __init__(self, broadcast: str):
        super().__init__(
            f"There is no broadcast {broadcast[:40]}. Open the start page to see what is live.",
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log; `at` is UTC milliseconds, `data` what its kind's model wrote.

    `farmlive.broadcast.events` says what that means: read it by the model's `of`.
    """

    broadcast: str
    seq: int
    at: int
    kind: str
    audience: tuple[str, ...]
    data: dict[str, Any]
    # The device whose open channels gain the event's `order:` audience. The log does not keep it:
    # `Log.missed` asks who ordered.
    device: str | None = None

    def model(self) -> EventModel | None:
        """What it says, by its kind; None for a kind that a newer version wrote."""
        made = KINDS.get(self.kind)
        return None if made is None else made.of(self.data)

    def shown(self) -> dict[str, Any]:
        """The event as the channel sends it."""
        return {"seq": self.seq, "at": self.at, "kind": self.kind, "data": self.data}


@dataclass(frozen=True, slots=True)
class Head:
    """Where a broadcast stands: its last `seq` and `at`, its state and its title."""

    seq: int
    at: int
    state: str
    title: Bilingual


_OF_ORDERS = [kind for kind in KINDS if kind.startswith("order.")]
Handler = Callable[[Connection, Event], None]
BuyersOf = Callable[[Connection, Sequence[str]], Mapping[str, str]]

_ADVANCE = hot(
    update(broadcasts)
    .where(
        broadcasts.c.id == bindparam("broadcast"),
        broadcasts.c.seq + bindparam("count") == bindparam("last"),
    )
    .values(seq=bindparam("last"), last_at=bindparam("at"))
)
_INSERT = hot(insert(events), own=True)
_HEAD = hot(
    select(broadcasts.c.seq, broadcasts.c.last_at, broadcasts.c.state, broadcasts.c.title).where(
        broadcasts.c.id == bindparam("broadcast")
    )
)


class Log:
    """Writes events in transactions, tells handlers within them and the bus after them."""

    def __init__(self, bus: Bus):
        self._bus = bus
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)
        self._buyers_of: BuyersOf = lambda _connection, _orders: {}

    def buyers_by(self, lookup: BuyersOf) -> None:
        """How to find the devices that ordered or hold, by the identifiers of orders."""
        self._buyers_of = lookup

    def hear(self, kind: str, handler: Handler) -> None:
        """Have the handler run for each event of the kind, in the event's own transaction."""
        if kind not in KINDS:
            raise ValueError(f"there is no kind of event {kind}")
        self._handlers[kind].append(handler)

    def append(self, connection: Connection, broadcast: str, event: EventModel) -> Event:
        """Write one event and send it after the commit; its line of the log.

        Raises UnknownBroadcast.
        """
        (line,) = self.append_all(connection, broadcast, [event])
        return line

    def append_all(
        self, connection: Connection, broadcast: str, models: Sequence[EventModel]
    ) -> list[Event]:
        """Write events of one moment in their order, as `append` does."""
        head = self.head(connection, broadcast)
        last, now = head.seq + len(models), now_ms()
        # It goes on also where the clock was set back, and so later ones stay apart.
        at = now if now >= head.at else head.at + 1
        events = [
            Event(
                broadcast,
                seq,
                at,
                model.kind,
                model.audience,
                model.data(),
                model.device if isinstance(model, OrderEvent) else None,
            )
            for seq, model in enumerate(models, head.seq + 1)
        ]
        counted = tally(connection)
        counted.owe(
            _ADVANCE,
            {"broadcast": broadcast},
            {"count": len(models)},
            {"last": last, "at": at},
        )
        counted.know(broadcast, replace(head, seq=last, at=at))
        connection.execute(
            _INSERT,
            [
                {
                    "broadcast": broadcast,
                    "seq": event.seq,
                    "at": at,
                    "kind": event.kind,
                    "audience": list(event.audience),
                    "data": event.data,
                }
                for event in events
            ],
        )

        def publish() -> None:
            for event in events:
                self._bus.publish(TOPIC, pack(event))

        after_commit(connection, publish)  # before what a handler writes, which follows these
        for event in events:
            for handler in self._handlers.get(event.kind, ()):
                handler(connection, event)
        return events

    def append_to_open(self, connection: Connection, event: EventModel) -> None:
        """Write one event into each broadcast that is not over, or ended within the hour:
        what was held then may still be ordered.
        """
        lately = broadcasts.c.ended_at > now_ms() - HOUR_MS
        found = select(broadcasts.c.id).where(or_(broadcasts.c.state != "ended", lately))
        for broadcast in connection.execute(found.order_by(broadcasts.c.id)).scalars().all():
            self.append(connection, broadcast, event)

    def head(self, connection: Connection, broadcast: str) -> Head:
        """Where the broadcast stands. Raises UnknownBroadcast.

        Nothing of a broadcast changes under who writes until the COMMIT, on another node either,
        since they take turns: what is decided by its state stays true.
        """
        return self.ask_head(connection, broadcast)()

    def ask_head(self, connection: Connection, broadcast: str) -> Callable[[], Head]:
        """The same, asked now and told when called, so that other questions go the same way."""
        # What can be no identifier never reaches the database, which may not take its characters.
        if not is_ulid(broadcast):
            raise UnknownBroadcast(broadcast)
        counted = tally(connection)
        known: Head | None = counted.known(broadcast)
        if known is not None:
            return lambda: known
        asked = connection.execute(_HEAD, {"broadcast": broadcast})

        def told() -> Head:
            row = asked.one_or_none()
            if row is None:
                raise UnknownBroadcast(broadcast)
            head = Head(row[0], row[1], row[2], Bilingual(**row[3]))
            counted.know(broadcast, head)
            return head

        return told

    def events(
        self,
        connection: Connection,
        broadcast: str,
        *,
        after: int = 0,
        limit: int | None = None,
        kinds: Iterable[str] | None = None,
    ) -> list[Event]:
        """The events with `seq` greater than `after`, in order, of all audiences."""
        query = (
            select(events)
            .where(events.c.broadcast == broadcast, events.c.seq > after)
            .order_by(events.c.seq)
        )
        if kinds is not None:
            query = query.where(events.c.kind.in_(list(kinds)))
        if limit is not None:
            query = query.limit(limit)
        return [
            Event(row.broadcast, row.seq, row.at, row.kind, tuple(row.audience), row.data)
            for row in connection.execute(query)
        ]

    def missed(self, connection: Connection, broadcast: str, after: int) -> list[Event]:
        """The events with `seq` greater than `after`, as the bus would have brought them: of an
        order with its buyer's device, whichever of its events gave that device the right to it.
        """
        found = self.events(connection, broadcast, after=after)
        orders = [order_of(event.audience) for event in found]
        named = sorted({order for order in orders if order is not None})
        buyers = self._buyers_of(connection, named) if named else {}
        return [
            event if order is None else replace(event, device=buyers.get(order))
            for event, order in zip(found, orders, strict=True)
        ]

    def of_orders(
        self, connection: Connection, broadcast: str, orders: Sequence[str]
    ) -> list[Event]:
        """The events of these orders in their order, of all audiences.

        It reads all events of the broadcast's orders: for what few ask for.
        """
        query = (
            select(events)
            .where(
                events.c.broadcast == broadcast,
                events.c.kind.in_(_OF_ORDERS),
                events.c.data["order"].as_string().in_(orders),
            )
            .order_by(events.c.seq)
        )
        return [
            Event(row.broadcast, row.seq, row.at, row.kind, tuple(row.audience), row.data)
            for row in connection.execute(query)
        ]

    def rename_buyer(self, connection: Connection, event: Event, buyer: str, *, by: Event) -> None:
        """Give an event's buyer another pseudonym in place: it was erased, as the event `by` tells.
        All else stays.
        """
        data = {**event.data, "buyer": buyer}
        self._change(connection, event.broadcast, event.seq, data, by)

    def redact(self, connection: Connection, broadcast: str, seq: int, *, by: Event) -> None:
        """Empty an event's data in place, as the event `by` tells; its `seq` stays."""
        self._change(connection, broadcast, seq, {}, by)

    def _change(
        self, connection: Connection, broadcast: str, seq: int, data: dict[str, Any], by: Event
    ) -> None:
        if by.kind not in REDACTING or by.broadcast != broadcast:
            raise ValueError(f"{by.kind} does not tell that an event of {broadcast} was changed")
        connection.execute(
            update(events)
            .where(events.c.broadcast == broadcast, events.c.seq == seq)
            .values(data=data)
        )
        # The states from there on hold what it said.
        connection.execute(
            delete(log_checkpoints).where(
                log_checkpoints.c.broadcast == broadcast, log_checkpoints.c.seq >= seq
            )
        )


def pack(event: Event) -> bytes:
    """Write an event for the bus."""
    return compact_json.encode(
        [
            event.broadcast,
            event.seq,
            event.at,
            event.kind,
            event.audience,
            event.data,
            event.device,
        ]
    )


def unpack(message: bytes) -> Event:
    """Read what `pack` wrote."""
    broadcast, seq, at, kind, audience, data, device = compact_json.decode(message)
    return Event(broadcast, seq, at, kind, tuple(audience), data, device)
