"""Publish and subscribe between servers: within this process, or by Redis.

Messages may be lost. A listener that needs all of them reads the database: an event's `seq` shows
that it missed one.
"""

import asyncio
import contextlib
import socket
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

import redis.asyncio as redis
import structlog
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from farmlive.outages import Outages

Listener = Callable[[str, bytes], None]

# A Redis that answers nothing for this long counts as down.
HANGS_S = 3.0
PING_EVERY_S = 1.0
# Most messages, and bytes, of one pipeline.
TOGETHER = 1_000
TOGETHER_BYTES = 256 << 10
# The log reports unreadable messages of a topic at most once in this time.
TELL_AGAIN_S = 60.0
# A Redis whose machine vanished without closing is given up after about 15 s.
GONE_AFTER = {
    socket.TCP_KEEPIDLE: 5,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 2,
    socket.TCP_USER_TIMEOUT: 15_000,
}

_OF_ONE_KIND = (
    "See that all servers on one Redis run the same version of farmlive on the same database."
)

_log = structlog.get_logger(__name__)


class Bus(Protocol):
    """Sends small messages to every listening server, this one included.

    `deaf`: messages of other servers do not arrive at present.
    """

    @property
    def deaf(self) -> bool:
        """Whether messages of the other servers do not arrive."""

    def publish(self, topic: str, message: bytes) -> None:
        """Send to all listeners soon; never blocks and never raises, whatever a listener does."""

    def listen(self, listener: Listener) -> None:
        """Call the listener, in the event loop, with (topic, message) for every message.

        It may raise: then only it has missed the message.
        """

    async def start(self) -> None:
        """Connect; returns even if the other side is down, and keeps trying."""

    async def stop(self) -> None:
        """Disconnect."""


class LocalBus:
    """The bus of a single server: a function call."""

    deaf = False

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._silent_until: dict[str, float] = {}
        self.failed = 0

    def publish(self, topic: str, message: bytes) -> None:
        """Call every listener now, also if an earlier one fails, which is logged."""
        for listener in self._listeners:
            try:
                listener(topic, message)
            except Exception as error:
                self.failed += 1
                self._tell(topic, error)

    def _tell(self, topic: str, error: Exception) -> None:
        """Log where a listener failed, without the message or the error's text, which may contain
        personal data; and not for each of thousands a second.
        """
        now = time.monotonic()
        if now < self._silent_until.get(topic, now):
            return
        self._silent_until[topic] = now + TELL_AGAIN_S
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.warning(
            "a message between servers was not understood; going on without it",
            topic=topic,
            error=type(error).__name__,
            at=f"{Path(place.filename).name}:{place.lineno}",
            until_now=self.failed,
            what_to_do=_OF_ONE_KIND,
        )

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""


class RedisBus:
    """The bus between servers: one Redis channel per topic, under `farmlive:DATABASE:`.

    Redis delivers messages across its databases: the database number of the URL keeps two shops
    apart. A message reaches this server's own listeners at once and by function call, whatever
    Redis does; the copy that returns is recognized by its sender's mark and dropped.
    """

    def __init__(self, url: str, node: str, outages: Outages):
        self._link = outages.register(
            "redis",
            lost="redis lost; this server goes on alone",
            back="redis is back; the other servers are heard again",
            what_to_do="See that Redis runs and that FARMLIVE_REDIS_URL is right.",
        )
        self._sending = outages.register(
            "redis_sending",
            lost="redis takes no messages; the other servers hear late of what happens here",
            back="redis takes messages again",
            what_to_do="See that Redis runs, and that it has memory left and is no replica.",
        )
        self._client: redis.Redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),  # failures are reported at once; reconnecting is our own
            socket_keepalive=True,
            socket_keepalive_options=GONE_AFTER,
        )
        self._prefix = f"farmlive:{self._client.connection_pool.connection_kwargs.get('db', 0)}:"
        self._mark = node.encode() + b"\n"
        self._local = LocalBus()
        self._outbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(maxsize=10_000)
        self.pipelines = 0
        """The number of sent batches: messages that wait during one form the next."""
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.dropped = 0
        self.joined = asyncio.Event()

    @property
    def deaf(self) -> bool:
        """Whether the link to Redis is down."""
        return not self.joined.is_set()

    def publish(self, topic: str, message: bytes) -> None:
        """Call this server's listeners now, and send to the others soon."""
        self._local.publish(topic, message)
        try:
            self._outbox.put_nowait((topic, message))
        except asyncio.QueueFull:
            self.dropped += 1
            self._sending.failed("more wait than are kept")

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._local.listen(listener)

    async def start(self) -> None:
        """Start sending and receiving."""
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]

    async def stop(self) -> None:
        """Stop both and disconnect."""
        self._stopping = True  # redis-py may raise another error on cancellation
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError):
            await self._client.aclose()

    async def _send(self) -> None:
        while not self._stopping:
            messages = [await self._outbox.get()]
            size = 0
            while not self._outbox.empty() and len(messages) < TOGETHER and size < TOGETHER_BYTES:
                messages.append(self._outbox.get_nowait())
                size += len(messages[-1][1])
            try:
                async with asyncio.timeout(HANGS_S):
                    refused = await self._publish(messages)
            except Exception as error:  # of any kind: the next messages are sent nevertheless
                refused = [error] * len(messages)
            if refused:
                self.dropped += len(refused)
                self._sending.failed(_why(refused[0]), len(refused))
            else:
                self._sending.recovered()

    async def _publish(self, messages: list[tuple[str, bytes]]) -> list[Exception]:
        """Send them in one pipeline; return why Redis refused any."""
        self.pipelines += 1
        async with self._client.pipeline(transaction=False) as pipeline:
            for topic, message in messages:
                pipeline.publish(self._prefix + topic, self._mark + message)
            answers = await pipeline.execute(raise_on_error=False)
        return [answer for answer in answers if isinstance(answer, Exception)]

    async def _receive(self) -> None:
        pause = 0.1
        while not self._stopping:
            try:
                async with self._client.pubsub() as subscription:
                    async with asyncio.timeout(HANGS_S):
                        await subscription.psubscribe(f"{self._prefix}*")
                    async with _Heartbeat(subscription) as heartbeat:
                        async for item in subscription.listen():
                            heartbeat.beat()
                            if item["type"] == "psubscribe":
                                pause = 0.1
                                self.joined.set()
                                self._link.recovered()
                            elif item["type"] == "pmessage":
                                self._take(item["channel"].decode(errors="replace"), item["data"])
            except Exception as error:  # whatever it is, reconnect
                self.joined.clear()
                if not self._stopping:
                    self._link.failed(_why(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    def _take(self, channel: str, data: bytes) -> None:
        mark, _, message = data.partition(b"\n")
        if mark + b"\n" != self._mark:
            self._local.publish(channel.removeprefix(self._prefix), message)


class _Heartbeat:
    """Pings Redis on a subscription each second.

    It ends the task that entered it with TimeoutError if nothing was received for `HANGS_S`.
    """

    def __init__(self, subscription: PubSub):
        self._subscription = subscription
        self._deadline = asyncio.timeout(HANGS_S)
        self._heard = time.monotonic()
        self._asking: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self._deadline.__aenter__()
        self._asking = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *raised: Any) -> None:
        self._asking.cancel()
        await asyncio.gather(self._asking, return_exceptions=True)
        await self._deadline.__aexit__(*raised)

    def beat(self) -> None:
        """Record that a message or a pong was received."""
        now = time.monotonic()
        if now - self._heard > HANGS_S / 10:  # not for each of thousands a second
            self._heard = now
            self._deadline.reschedule(asyncio.get_running_loop().time() + HANGS_S)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY_S)
            await self._subscription.ping()


def _why(error: Exception) -> str:
    """Return the error's message, or a description of an error without one."""
    if isinstance(error, TimeoutError):
        return f"it does not answer within {HANGS_S:.0f} s"
    return str(error) or type(error).__name__
