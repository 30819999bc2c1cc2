"""Publish and subscribe between servers: in this process alone, or by Redis.

The bus carries what may be lost. Who needs more reads the database: an event's `seq` tells a
listener that it missed one.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Protocol

import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

Listener = Callable[[str, bytes], None]

SEND_WITHIN_S = 5.0
# A Redis whose machine vanished without a word is given up after about 15 s.
GONE_AFTER = {
    socket.TCP_KEEPIDLE: 5,
    socket.TCP_KEEPINTVL: 5,
    socket.TCP_KEEPCNT: 2,
    socket.TCP_USER_TIMEOUT: 15_000,
}

_log = structlog.get_logger(__name__)


class Bus(Protocol):
    """Carries small messages to every server that listens, this one included.

    `deaf` says that what other servers send does not arrive at present.
    """

    @property
    def deaf(self) -> bool:
        """Whether the other servers are out of hearing."""

    def publish(self, topic: str, message: bytes) -> None:
        """Send to all listeners, soon; never blocks and never raises."""

    def listen(self, listener: Listener) -> None:
        """Call the listener, in the event loop, with (topic, message) for every message."""

    async def start(self) -> None:
        """Connect; returns even where the other side is away, and goes on trying."""

    async def stop(self) -> None:
        """Disconnect."""


class LocalBus:
    """The bus of a server that stands alone: a function call."""

    deaf = False

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def publish(self, topic: str, message: bytes) -> None:
        """Call every listener now."""
        for listener in self._listeners:
            listener(topic, message)

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""


class RedisBus:
    """The bus between servers, on one Redis channel a topic under `farmlive:`.

    A message reaches this server's own listeners at once and by function call, whatever Redis
    does; the copy that comes back is told by its sender's mark and dropped.
    """

    def __init__(self, url: str, node: str):
        self._client: redis.Redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),  # what failed is told at once; coming back is our own
            socket_keepalive=True,
            socket_keepalive_options=GONE_AFTER,
        )
        self._mark = node.encode() + b"\n"
        self._local = LocalBus()
        self._outbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(maxsize=10_000)
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

    def listen(self, listener: Listener) -> None:
        """Add a listener."""
        self._local.listen(listener)

    async def start(self) -> None:
        """Begin to send and to receive."""
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]

    async def stop(self) -> None:
        """Stop both and disconnect."""
        self._stopping = True  # redis-py may answer a cancellation with an error of its own
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError):
            await self._client.aclose()

    async def _send(self) -> None:
        while not self._stopping:
            topic, message = await self._outbox.get()
            try:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await self._client.publish(f"farmlive:{topic}", self._mark + message)
            except (RedisError, OSError, TimeoutError):
                self.dropped += 1

    async def _receive(self) -> None:
        pause = 0.1
        while not self._stopping:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.psubscribe("farmlive:*")
                    async for item in subscription.listen():
                        if item["type"] == "psubscribe":
                            pause = 0.1
                            self.joined.set()
                        elif item["type"] == "pmessage":
                            self._take(item["channel"].decode(), item["data"])
            except (RedisError, OSError) as error:
                if self.joined.is_set():
                    _log.warning("redis lost; this server goes on alone", error=str(error))
                self.joined.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    def _take(self, channel: str, data: bytes) -> None:
        mark, _, message = data.partition(b"\n")
        if mark + b"\n" != self._mark:
            self._local.publish(channel.removeprefix("farmlive:"), message)
