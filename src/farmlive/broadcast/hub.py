"""The hub of one broadcast on one server: its scene in memory, its clients, and what each has got.

A client's queue is its `to` in the hub's ring of events: what is behind is sent again from there,
so that a slow client costs no memory of its own. Frames are encoded once for all who get the same,
and an event once for all frames.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import structlog

from farmlive import compact_json
from farmlive.broadcast.events import ChatHidden, OrderErased, StockChanged
from farmlive.broadcast.events.audience_filter import ORDER, order_of
from farmlive.broadcast.log import REDACTING, Event
from farmlive.broadcast.news import News, Pieces, newest
from farmlive.broadcast.snapshot import BroadcastState, fold
from farmlive.broadcast.wire.ws_protocol import Wire, text_frame
from farmlive.clock import now_ms
from farmlive.outages import reason_of

# So many events that wait are sent before their time, or the ring would lose some of them.
HURRY = 500
RESUMABLE = 1_000
FLUSH_S = 0.2  # five frames a second
URGENT_S = 0.05
SLOW_BYTES = 128 * 1024
# In a rush an offer's stock changes a hundred times between two frames, and only the last counts.
RUSH = 20
STALL_S = 10.0
TRY_AGAIN_LATER = 1013

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Client:
    """One open channel: who may see what, and the last `seq` that was sent."""

    wire: Wire
    device: str
    audiences: frozenset[str]
    nickname: str
    role: str | None = None
    to: int = 0
    slow_since: float | None = None
    joined_at: int = 0

    @property
    def watches(self) -> bool:
        """Whether the client counts as a viewer: those who work here do not."""
        return self.role in (None, "simulator")


@dataclass(slots=True)
class Counts:
    """What a hub dropped and sent, for /metrics."""

    deliveries: int = 0
    frames: int = 0
    superseded: int = 0
    cut: int = 0


def encode(message: dict[str, Any]) -> bytes:
    """A message as one text frame."""
    return text_frame(compact_json.encode(message))


@dataclass(eq=False)
class Hub:
    """Keeps the scene up to date and sends each client what it has not got yet."""

    broadcast: str
    # The events after a seq, with the devices that `Log.missed` finds again.
    catch_up: Callable[[int], Awaitable[list[Event]]]
    counts: Counts
    scene: BroadcastState = field(default_factory=BroadcastState)
    clients: set[Client] = field(default_factory=set)
    devices: Counter[str] = field(default_factory=Counter)
    reactions: int = 0
    users: int = 0
    """Who needs it now: its clients, those who come in, and what is done for someone else."""
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
        self._heard_of = 0  # the highest seq after a gap since the log was last read
        self._idle_since = self._loop.time()

    # Whether it is needed.

    def enter(self) -> None:
        """Count one more who needs it."""
        self.users += 1
        self.was_used = True

    def exit(self) -> None:
        """Count one less."""
        self.users -= 1
        if not self.users:
            self.rest()

    def rest(self) -> None:
        """Count from now how long nobody needs it."""
        self._idle_since = self._loop.time()

    @property
    def idle_s(self) -> float:
        """For how long nobody has needed it, seconds."""
        return 0.0 if self.users else self._loop.time() - self._idle_since

    # What happened.

    def begin(self, scene: BroadcastState, tail: Iterable[Event]) -> None:
        """Start from a state; `tail` are the events before it that clients may still ask for."""
        self.scene = scene
        self.kept = scene.seq
        self._ring.extend(tail)

    def load(self, events: Iterable[Event]) -> None:
        """Fold events as the log has them; before any client is there."""
        for event in events:
            self._fold(event)

    def take(self, event: Event) -> None:
        """Take an event from the bus: the next one, one that was seen, or one after a gap."""
        self._grant(event)  # also out of turn: what comes of the order later is its device's too
        if event.seq <= self.scene.seq:
            return
        if event.seq > self.scene.seq + 1:
            self._heard_of = max(self._heard_of, event.seq)
            self._read_on()
            return
        urgent = self._urgent(event)
        self._hear(event)
        self._schedule(urgent)

    async def reach(self, seq: int) -> None:
        """Read the log as far as another server sent it, where this one has not heard of it yet."""
        if seq > self.scene.seq and self._catching is not None:
            await asyncio.shield(self._catching)  # which may have asked before that was written
        if seq > self.scene.seq:
            await asyncio.shield(self._read_on())

    def missed(self, after: int) -> bool:
        """Whether someone who has got all up to `after` can go on without a snapshot."""
        behind = self.scene.seq - after
        return 0 <= behind <= len(self._ring)

    # Who is there.

    def orders_since(self, seq: int, device: str) -> frozenset[str]:
        """The `order:` audiences that events after `seq` gave the device, as it was coming in."""
        orders = (order_of(event.audience) for event in self._tail(seq) if event.device == device)
        return frozenset(ORDER + order for order in orders if order is not None)

    def join(self, client: Client) -> None:
        """Add a client; its `to` says what it has got."""
        self.clients.add(client)
        self._of_device[client.device].add(client)
        if client.watches:
            self.devices[client.device] += 1
        if client.to < self.scene.seq:
            self._schedule(False)

    def leave(self, client: Client) -> None:
        """Take a client away, once."""
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

    def frame(self, client: Client, said: dict[str, Any]) -> bytes:
        """The frame with what the client has not got, and what else is said to it."""
        found = News.of(self._tail(client.to)).encoded(client.audiences, {})
        self.counts.frames += bool(found)
        return text_frame(
            b'{"type":"events","to":%d,%b,"events":[%b]}'
            % (self.scene.seq, compact_json.encode(said)[1:-1], b",".join(found))
        )

    def stop(self) -> None:
        """Send what is due and end the timers."""
        if self._timer is not None:
            self._flush()
        if self._timer is not None:
            self._timer.cancel()
        if self._catching is not None:
            self._catching.cancel()

    def _hear(self, event: Event) -> None:
        """Fold an event, and send what waits before the ring loses any of it: in a rush a second
        has thousands, and who keeps up misses none.
        """
        self._fold(event)
        if self.scene.seq - self._flushed_seq >= HURRY and self.clients:
            if self._timer is not None:
                self._timer.cancel()
            self._flush()

    def _fold(self, event: Event) -> None:
        fold(self.scene, event)
        if event.kind in REDACTING:
            self.kept = 0
        if event.kind == ChatHidden.kind:
            self._erase(ChatHidden.of(event.data).message)
        elif event.kind == OrderErased.kind:
            erased = OrderErased.of(event.data)
            self._rename(erased.order, erased.buyer)
        self._ring.append(event)

    def _erase(self, seq: int) -> None:
        for index, event in enumerate(self._ring):
            if event.seq == seq:
                self._ring[index] = Event(
                    event.broadcast, seq, event.at, event.kind, event.audience, {}
                )

    def _rename(self, order: str, buyer: str) -> None:
        """Know the order's buyer by the new pseudonym alone, and its device no more."""
        for index, event in enumerate(self._ring):
            if event.data.get("order") == order and event.kind.startswith("order."):
                named = {"buyer": buyer} if "buyer" in event.data else {}
                self._ring[index] = replace(event, data={**event.data, **named}, device=None)
        for client in self.clients:
            client.audiences -= {ORDER + order}

    def _grant(self, event: Event) -> None:
        """Let the channels of the event's device see what is told of its order from now on."""
        if event.device is None or (order := order_of(event.audience)) is None:
            return
        for client in self._of_device.get(event.device, ()):
            client.audiences |= {ORDER + order}

    def _urgent(self, event: Event) -> bool:
        if event.kind.startswith(("card.", "broadcast.", "clock.")):
            return True
        return event.kind == StockChanged.kind and event.data.get("offer") == self.scene.pinned

    def _read_on(self) -> asyncio.Task[None]:
        """Read the log, once for all who ask meanwhile."""
        if self._catching is None:
            self._catching = self._loop.create_task(self._catch_up())
        return self._catching

    async def _catch_up(self) -> None:
        self._heard_of = 0  # whatever was heard of until now is read
        try:
            for event in await self.catch_up(self.scene.seq):
                if event.seq == self.scene.seq + 1:
                    self._grant(event)
                    self._hear(event)
            self._schedule(True)
        except Exception as error:
            _log.warning("could not read the log; trying at the next event", error=reason_of(error))
            return
        finally:
            self._catching = None
        if self._heard_of > self.scene.seq:  # written after that was read, and sent before now
            self._read_on()

    # What goes out.

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
        # One frame for all who are as far and share the audiences that count here.
        frames: dict[tuple[int, bool, frozenset[str]], bytes | None] = {}
        news: dict[tuple[int, bool], News] = {}
        pieces: Pieces = {}
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
            if place not in news:
                news[place] = self._news(*place)
            mine = client.audiences & news[place].told
            key = (*place, mine)
            if key not in frames:
                frames[key] = self._frame(news[place], mine, pieces)
            frame = frames[key]
            client.to = seq
            if frame is not None:
                client.wire.put(frame)
                self.counts.deliveries += 1
        if stalled and self._timer is None:
            self._schedule(False)

    def _wait_for(self, client: Client, now: float) -> bool:
        """Let a slow client drain; cut one that does not. True where it is still waited for."""
        if client.slow_since is None:
            client.slow_since = now
        elif now - client.slow_since > STALL_S or not self.missed(client.to):
            self.cut(client)
            return False
        return True

    def cut(self, client: Client) -> None:
        """End a client that can't keep up; it may come back with `after`."""
        self.leave(client)
        self.counts.cut += 1
        client.wire.cut(TRY_AGAIN_LATER, "too slow; resume with after")

    def _tail(self, after: int) -> list[Event]:
        """The ring's events with `seq` greater than `after`, in order."""
        tail = list(islice(reversed(self._ring), max(0, self.scene.seq - after)))
        tail.reverse()
        return tail

    def _news(self, after: int, lossy: bool) -> News:
        """What is sent to who has got all up to `after`: in a rush, and to someone slow, without
        what is stale.
        """
        events = self._tail(after)
        if lossy or len(events) > RUSH:
            shown = newest(events)
            self.counts.superseded += len(events) - len(shown)
            events = shown
        return News.of(events)

    def _frame(self, news: News, audiences: frozenset[str], pieces: Pieces) -> bytes | None:
        found = news.encoded(audiences, pieces)
        if not found:
            return None
        self.counts.frames += 1
        return text_frame(
            b'{"type":"events","to":%d,%b"events":[%b]}'
            % (self.scene.seq, self._time_told(), b",".join(found))
        )

    def _time_told(self) -> bytes:
        """The server's time, where the events do not tell it: once its clock was set back."""
        now = now_ms()
        return b'"now":%d,' % now if self._ring and self._ring[-1].at > now else b""
