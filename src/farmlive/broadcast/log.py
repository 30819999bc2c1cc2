"""The event log of a broadcast: append-only, ordered by `seq`.

Every other view is computed from it. An event is inserted in the transaction of the change that it
records. The broadcast's row assigns its `seq`; the writer lock keeps the sequence without gaps. The
event is published on the bus only after the commit.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from farmlive import compact_json
from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import KINDS, EventModel, OrderEvent
from farmlive.broadcast.events.audience_filter import order_in
from farmlive.broadcast.tables import broadcasts, events, log_checkpoints
from farmlive.bus import Bus
from farmlive.clock import HOUR_MS, now_ms
from farmlive.ids import is_ulid
from farmlive.problems import NotFound
from farmlive.store import after_commit, hot, tally

TOPIC = "log"
# Events that redact earlier ones in place. A hub that has those in memory redacts its own copies
# too.
REDACTING = frozenset({"chat.hidden", "chat.cleared", "order.erased"})
# Events with a copy of a chat message, whose seq is their `message`: hidden with it.
COPYING = frozenset({"chat.queued", "chat.answered"})


def without_reply(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a `chat.answered` without its written reply."""
    return {name: value for name, value in data.items() if name != "reply"}


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
    """One entry of the log; `at` is in UTC milliseconds, `data` is what the kind's model wrote.

    `farmlive.broadcast.events` defines the data of each kind: parse it with `EventModel.of`.
    """

    broadcast: str
    seq: int
    at: int
    kind: str
    audience: tuple[str, ...]
    data: dict[str, Any]
    # The device whose open channels gain the event's `order:` audience. The log does not store it:
    # `Log.missed` looks up the device that placed the order.
    device: str | None = None

    def model(self) -> EventModel | None:
        """Parse the data by the kind's model. Return None for a kind that a newer version wrote."""
        made = KINDS.get(self.kind)
        return None if made is None else made.parse(self.data)

    def as_sent(self) -> dict[str, Any]:
        """Return the event as the channel sends it."""
        return {"seq": self.seq, "at": self.at, "kind": self.kind, "data": self.data}


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a broadcast's log: its last `seq` and `at`, its state and its title."""

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

_RENAME = (
    update(events)
    .where(events.c.broadcast == bindparam("of"), events.c.seq == bindparam("at_seq"))
    .values(data=bindparam("with_data", type_=events.c.data.type))
)


class Log:
    """Appends events in transactions, and publishes them on the bus after the commit.

    Handlers run within the transactions.
    """

    def __init__(self, bus: Bus, buyers_of: BuyersOf):
        """`buyers_of` finds the devices of orders, by the orders' ids."""
        self._bus = bus
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)
        self._buyers_of = buyers_of

    def add_handler(self, kind: str, handler: Handler) -> None:
        """Register a handler, which runs for each event of the kind in the event's own transaction.

        Raises ValueError for an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"there is no kind of event {kind}")
        self._handlers[kind].append(handler)

    def append(self, connection: Connection, broadcast: str, event: EventModel) -> Event:
        """Append one event, publish it after the commit, and return its entry.

        Raises UnknownBroadcast.
        """
        (line,) = self.append_all(connection, broadcast, [event])
        return line

    def append_all(
        self, connection: Connection, broadcast: str, models: Sequence[EventModel]
    ) -> list[Event]:
        """Append events in order, with the same `at`. Raises UnknownBroadcast."""
        head = self.head(connection, broadcast)
        last, now = head.seq + len(models), now_ms()
        # `at` never decreases, also after the clock was set back: one millisecond is added each
        # time, so that events of different transactions keep different times.
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
        counted.defer(
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

        # registered before the events that handlers append, so that these follow on the bus
        after_commit(connection, publish)
        for event in events:
            for handler in self._handlers.get(event.kind, ()):
                handler(connection, event)
        return events

    def append_to_open(self, connection: Connection, event: EventModel) -> None:
        """Append one event to each broadcast that has not ended, or ended within the last hour: a
        hold from its last minutes may still become an order.
        """
        lately = broadcasts.c.ended_at > now_ms() - HOUR_MS
        found = select(broadcasts.c.id).where(or_(broadcasts.c.state != "ended", lately))
        for broadcast in connection.execute(found.order_by(broadcasts.c.id)).scalars().all():
            self.append(connection, broadcast, event)

    def head(self, connection: Connection, broadcast: str) -> Head:
        """Return the head of the broadcast's log. Raises UnknownBroadcast.

        Within a write transaction the head cannot change until the COMMIT, since the writer lock
        holds off writers of all nodes. A decision that is based on it stays valid.
        """
        return self.ask_head(connection, broadcast)()

    def ask_head(self, connection: Connection, broadcast: str) -> Callable[[], Head]:
        """Send the query of `head` now and return a function that reads its result, so that the
        caller can send other queries in the same pipeline.
        """
        # A string that is no ULID may hold characters that the database rejects: never send it.
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
        """Return the events with `seq` greater than `after`, in order, for all audiences."""
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
        """Return the events with `seq` greater than `after`, as the bus would have delivered them.

        Every event of an order gets the device of its buyer, whichever of the order's events
        granted that device its audience.
        """
        found = self.events(connection, broadcast, after=after)
        orders = [order_in(event.audience) for event in found]
        named = sorted({order for order in orders if order is not None})
        buyers = self._buyers_of(connection, named) if named else {}
        return [
            event if order is None else replace(event, device=buyers.get(order))
            for event, order in zip(found, orders, strict=True)
        ]

    def of_orders(
        self, connection: Connection, broadcast: str, orders: Sequence[str]
    ) -> list[Event]:
        """Return the events of these orders, in order, for all audiences.

        The query scans all order events of the broadcast: do not use it on a frequent path.
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
        """Replace the buyer's pseudonym in an event, in place, because the buyer's data was erased.

        `by` is the event that records the erasure.
        """
        data = {**event.data, "buyer": buyer}
        self._change(connection, event.broadcast, event.seq, data, by)

    def redact(
        self,
        connection: Connection,
        broadcast: str,
        seq: int,
        *,
        by: Event,
        kept: dict[str, Any] | None = None,
    ) -> None:
        """Empty an event's data in place but for what is `kept` of it; its `seq` stays.

        `by` is the event that records this.
        """
        self._change(connection, broadcast, seq, kept or {}, by)

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
        # Later checkpoints hold the redacted data: delete them.
        connection.execute(
            delete(log_checkpoints).where(
                log_checkpoints.c.broadcast == broadcast, log_checkpoints.c.seq >= seq
            )
        )


def read_titles(connection: Connection, ids: Collection[str]) -> dict[str, Bilingual]:
    """Return the titles of these broadcasts, by id; unknown ones are left out."""
    query = select(broadcasts.c.id, broadcasts.c.title).where(broadcasts.c.id.in_(ids))
    return {broadcast: Bilingual(**title) for broadcast, title in connection.execute(query)}


def rename_buyers(connection: Connection, broadcast: str, pseudonyms: Mapping[str, str]) -> None:
    """Replace buyers' pseudonyms, by the old ones, in a log's placed orders, in place.

    For new keys, while no server runs: nothing is published.
    """
    query = (
        select(events.c.seq, events.c.data)
        .where(events.c.broadcast == broadcast, events.c.kind == "order.placed")
        .order_by(events.c.seq)
    )
    renamed = [
        {"of": broadcast, "at_seq": seq, "with_data": {**data, "buyer": pseudonyms[data["buyer"]]}}
        for seq, data in connection.execute(query).all()
        if data.get("buyer") in pseudonyms
    ]
    if renamed:
        connection.execute(_RENAME, renamed)
        connection.execute(delete(log_checkpoints).where(log_checkpoints.c.broadcast == broadcast))


def pack(event: Event) -> bytes:
    """Encode an event for the bus."""
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
    """Decode an event that `pack` encoded."""
    broadcast, seq, at, kind, audience, data, device = compact_json.decode(message)
    return Event(broadcast, seq, at, kind, tuple(audience), data, device)
