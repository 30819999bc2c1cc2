"""The hub of one broadcast on one server: its state in memory, its clients and their positions.

All clients share the hub's ring of recent events; a client's `to` is its position in the ring. A
slow client is served from the ring, so that it needs no queue of its own. Each event is encoded
once for all frames, and each frame once for all clients that get the same events.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import structlog

from farmlive import compact_json
from farmlive.broadcast.broadcast_state import BroadcastState, fold
from farmlive.broadcast.event_index import EncodedEvents, EventIndex, drop_superseded
from farmlive.broadcast.events import (
    ChatAnswered,
    ChatCleared,
    ChatHidden,
    OrderErased,
    StockChanged,
)
from farmlive.broadcast.events.audience_filter import ORDER, order_in
from farmlive.broadcast.log import COPYING, REDACTING, Event, without_reply
from farmlive.broadcast.recent_buyers import RecentBuyers
from farmlive.broadcast.wire.client import Client
from farmlive.broadcast.wire.ws_protocol import text_frame
from farmlive.clock import now_ms
from farmlive.outages import reason_of

# Flush early once this many events are pending, before the ring drops any of them.
HURRY = 500
RESUMABLE = 1_000
FLUSH_S = 0.2  # five frames a second
URGENT_S = 0.05
SLOW_BYTES = 128 * 1024
# Above this many pending events drop stale ones: in a rush an offer's stock changes a hundred times
# between two frames, and only the last value matters.
RUSH = 20
STALL_S = 10.0
TRY_AGAIN_LATER = 1013

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counts:
    """Counters of what hubs sent and dropped, for /metrics."""

    deliveries: int = 0
    frames: int = 0
    superseded: int = 0
    cut: int = 0


def encode(message: dict[str, Any]) -> bytes:
    """Encode a message as one text frame."""
    return text_frame(compact_json.encode(message))


@dataclass(eq=False)
class Hub:
    """Keeps a broadcast's state up to date and sends each client the events after its position."""

    broadcast: str
    # Returns the events after a `seq`, with devices, as `Log.missed` does.
    catch_up: Callable[[int], Awaitable[list[Event]]]
    counts: Counts
    scene: BroadcastState = field(default_factory=BroadcastState)
    buyers: RecentBuyers = field(default_factory=RecentBuyers)
    clients: set[Client] = field(default_factory=set)
    devices: Counter[str] = field(default_factory=Counter)
    reactions: int = 0
    users: int = 0
    """The current users: its clients, joining ones, and commands in progress."""
    was_used: bool = False
    stays_s: float = 0.0
    """For how long it stays unused, seconds, where its broadcast is over."""
    kept: int = 0
    """The seq of the last checkpoint that this hub knows of; 0 where one may have been dropped."""
    unreadable: list[int] = field(default_factory=list)
    """The seqs of checkpoints that could not be read: they count as none."""
    read_at: int = 0
    """The log's last seq when this hub began to read it: what was redacted until then it never
    held.
    """

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._of_device: defaultdict[str, set[Client]] = defaultdict(set)
        self._ring: deque[Event] = deque(maxlen=RESUMABLE)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._flushed = float("-inf")
        self._flushed_seq = 0
        self._catching: asyncio.Task[None] | None = None
        # the highest `seq` that arrived beyond a gap since the log was last read
        self._known_seq = 0
        self._idle_since = self._loop.time()

    # Reference counting.

    def enter(self) -> None:
        """Add one user of the hub."""
        self.users += 1
        self.was_used = True

    def exit(self) -> None:
        """Remove one user of the hub; the last one starts the idle time."""
        self.users -= 1
        if not self.users:
            self.restart_idle()

    def restart_idle(self) -> None:
        """Restart the idle time."""
        self._idle_since = self._loop.time()

    @property
    def idle_s(self) -> float:
        """Return how long the hub has had no user, in seconds."""
        return 0.0 if self.users else self._loop.time() - self._idle_since

    # Incoming events.

    def begin(self, scene: BroadcastState, tail: Iterable[Event]) -> None:
        """Start from a checkpoint.

        `tail` are the events before it that clients may still resume from.
        """
        self.scene = scene
        self.kept = scene.seq
        self._ring.extend(tail)

    def load(self, events: Iterable[Event]) -> None:
        """Fold events from the log, before any client has joined."""
        for event in events:
            self._fold(event)

    def receive(self, event: Event) -> None:
        """Handle an event from the bus: the next in order, a duplicate, or one beyond a gap."""
        # granted also out of order: later events of the order belong to its device too
        self._grant(event)
        if event.seq <= self.scene.seq:
            return
        if event.seq > self.scene.seq + 1:
            self._known_seq = max(self._known_seq, event.seq)
            self._start_reading()
            return
        urgent = self._urgent(event)
        self._apply(event)
        self._schedule(urgent)

    async def catch_up_to(self, seq: int) -> None:
        """Read the log up to `seq`, which another server sent a client and this one may not have
        yet.
        """
        if seq > self.scene.seq and self._catching is not None:
            # this read may have started before the event was written
            await asyncio.shield(self._catching)
        if seq > self.scene.seq:
            await asyncio.shield(self._start_reading())

    def missed(self, after: int) -> bool:
        """Return whether a client at position `after` can resume from the ring."""
        behind = self.scene.seq - after
        return 0 <= behind <= len(self._ring)

    # Clients.

    def orders_since(self, seq: int, device: str) -> frozenset[str]:
        """Return the `order:` audiences that events after `seq` granted to the device.

        They cover the time between the query of the device's orders and its join.
        """
        orders = (order_in(event.audience) for event in self._tail(seq) if event.device == device)
        return frozenset(ORDER + order for order in orders if order is not None)

    def join(self, client: Client) -> None:
        """Add a client, whose `to` is its position."""
        self.clients.add(client)
        self._of_device[client.device].add(client)
        if client.watches:
            self.devices[client.device] += 1
        if client.to < self.scene.seq:
            self._schedule(False)

    def leave(self, client: Client) -> None:
        """Remove a client; a second call changes nothing."""
        if client not in self.clients:
            return
        self.clients.remove(client)
        self._of_device[client.device].remove(client)
        if not self._of_device[client.device]:
            del self._of_device[client.device]
        if client.watches:
            self.devices[client.device] -= 1
            if not self.devices[client.device]:
                del self.devices[client.device]

    def frame(self, client: Client, members: dict[str, Any]) -> bytes:
        """Encode a frame with the events after the client's position, and with `members`."""
        found = EventIndex.index(self._tail(client.to)).encoded(client.audiences, {})
        self.counts.frames += bool(found)
        return text_frame(
            b'{"type":"events","to":%d,%b,"events":[%b]}'
            % (self.scene.seq, compact_json.encode(members)[1:-1], b",".join(found))
        )

    def stop(self) -> None:
        """Flush pending events and cancel the timers."""
        if self._timer is not None:
            self._flush()
        if self._timer is not None:
            self._timer.cancel()
        if self._catching is not None:
            self._catching.cancel()

    def _apply(self, event: Event) -> None:
        """Fold an event, and flush before the ring drops events that are still pending.

        A rush has thousands of events a second; clients that keep up must not miss any.
        """
        self._fold(event)
        if self.scene.seq - self._flushed_seq >= HURRY and self.clients:
            if self._timer is not None:
                self._timer.cancel()
            self._flush()

    def _fold(self, event: Event) -> None:
        fold(self.scene, event)
        self.buyers.apply(event)
        if event.kind in REDACTING:
            self.kept = 0
        if event.kind == ChatHidden.kind:
            self._erase(ChatHidden.parse(event.data).message)
        elif event.kind == ChatCleared.kind:
            self._erase_replies(ChatCleared.parse(event.data).message)
        elif event.kind == OrderErased.kind:
            erased = OrderErased.parse(event.data)
            self._rename(erased.order, erased.buyer)
        self._ring.append(event)

    def _erase(self, seq: int) -> None:
        for index, event in enumerate(self._ring):
            if event.seq == seq or (event.kind in COPYING and event.data.get("message") == seq):
                self._ring[index] = Event(
                    event.broadcast, event.seq, event.at, event.kind, event.audience, {}
                )

    def _erase_replies(self, message: int | None) -> None:
        """Erase the written replies to a question."""
        for index, event in enumerate(self._ring):
            if event.kind == ChatAnswered.kind and message == event.data.get("message"):
                self._ring[index] = replace(event, data=without_reply(event.data))

    def _rename(self, order: str, buyer: str) -> None:
        """Replace the pseudonym of an erased order's buyer, and revoke the device's access to the
        order.
        """
        for index, event in enumerate(self._ring):
            if event.data.get("order") == order and event.kind.startswith("order."):
                named = {"buyer": buyer} if "buyer" in event.data else {}
                self._ring[index] = replace(event, data={**event.data, **named}, device=None)
        for client in self.clients:
            client.audiences -= {ORDER + order}

    def _grant(self, event: Event) -> None:
        """Grant the open channels of the event's device the audience of its order."""
        if event.device is None or (order := order_in(event.audience)) is None:
            return
        for client in self._of_device.get(event.device, ()):
            client.audiences |= {ORDER + order}

    def _urgent(self, event: Event) -> bool:
        if event.kind.startswith(("card.", "broadcast.", "clock.")):
            return True
        return event.kind == StockChanged.kind and event.data.get("offer") == self.scene.pinned

    def _start_reading(self) -> asyncio.Task[None]:
        """Start to read the log, or return the read that is under way."""
        if self._catching is None:
            self._catching = self._loop.create_task(self._catch_up())
        return self._catching

    async def _catch_up(self) -> None:
        self._known_seq = 0  # this read covers every event that arrived until now
        try:
            for event in await self.catch_up(self.scene.seq):
                if event.seq == self.scene.seq + 1:
                    self._grant(event)
                    self._apply(event)
            self._schedule(True)
        except Exception as error:
            _log.warning("could not read the log; trying at the next event", error=reason_of(error))
            return
        finally:
            self._catching = None
        # an event was written after the read and published before now
        if self._known_seq > self.scene.seq:
            self._start_reading()

    # Outgoing frames.

    def _schedule(self, urgent: bool) -> None:
        due = max(self._loop.time(), self._flushed + (URGENT_S if urgent else FLUSH_S))
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._flush)

    def _flush(self) -> None:
        self._timer = None
        now = self._flushed = self._loop.time()
        seq = self._flushed_seq = self.scene.seq
        # Share one frame among clients at the same position with the same relevant audiences.
        frames: dict[tuple[int, bool, frozenset[str]], bytes | None] = {}
        indexes: dict[tuple[int, bool], EventIndex] = {}
        cache: EncodedEvents = {}
        stalled = False
        for client in list(self.clients):
            if client.to >= seq:
                continue
            if client.wire.buffered() > SLOW_BYTES:
                stalled |= self._wait_for(client, now)
                continue
            lossy = client.slow_since is not None
            client.slow_since = None
            if not self.missed(client.to):
                self.cut(client)
                continue
            place = (client.to, lossy)
            if place not in indexes:
                indexes[place] = self._index(*place)
            mine = client.audiences & indexes[place].audiences
            key = (*place, mine)
            if key not in frames:
                frames[key] = self._frame(indexes[place], mine, cache)
            frame = frames[key]
            client.to = seq
            if frame is not None:
                client.wire.put(frame)
                self.counts.deliveries += 1
        if stalled and self._timer is None:
            self._schedule(False)

    def _wait_for(self, client: Client, now: float) -> bool:
        """Return whether to wait for a slow client to drain; disconnect it after STALL_S."""
        if client.slow_since is None:
            client.slow_since = now
        elif now - client.slow_since > STALL_S or not self.missed(client.to):
            self.cut(client)
            return False
        return True

    def cut(self, client: Client) -> None:
        """Disconnect a client that is too slow; it may reconnect with `after`."""
        self.leave(client)
        self.counts.cut += 1
        client.wire.cut(TRY_AGAIN_LATER, "too slow; resume with after")

    def _tail(self, after: int) -> list[Event]:
        """Return the ring's events with `seq` greater than `after`, in order."""
        tail = list(islice(reversed(self._ring), max(0, self.scene.seq - after)))
        tail.reverse()
        return tail

    def _index(self, after: int, lossy: bool) -> EventIndex:
        """Return the events to send to a client at position `after`.

        Stale ones are left out in a rush, and where the client is slow (`lossy`).
        """
        events = self._tail(after)
        if lossy or len(events) > RUSH:
            shown = drop_superseded(events)
            self.counts.superseded += len(events) - len(shown)
            events = shown
        return EventIndex.index(events)

    def _frame(
        self, index: EventIndex, audiences: frozenset[str], cache: EncodedEvents
    ) -> bytes | None:
        found = index.encoded(audiences, cache)
        if not found:
            return None
        self.counts.frames += 1
        return text_frame(
            b'{"type":"events","to":%d,%b"events":[%b]}'
            % (self.scene.seq, self._server_time(), b",".join(found))
        )

    def _server_time(self) -> bytes:
        """Return the server's time as a member of a frame where the events' `at` is ahead of the
        clock, which happens after the clock was set back; else nothing.
        """
        now = now_ms()
        return b'"now":%d,' % now if self._ring and self._ring[-1].at > now else b""
