"""The live channel of one broadcast: sends commands, receives events, and reconnects after a lost
connection.

Counts events that come twice; leaves the meaning of events to the caller.
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from farmlive.client.commands import ChannelDropped, ChannelProblem, Commands
from farmlive.client.http import Json

SUBPROTOCOL = Subprotocol("farmlive.v1")
UNKNOWN_BROADCAST = 4404
TRY_AGAIN_LATER = 1013
TOO_MANY = 4429
# Codes after which another attempt would end the same way: broken protocol, a bad request, an
# unknown key, a refusal, an unknown broadcast.
_FINAL = {1002, 1003, 1007, 1008, 1009, 1010, 4400, 4401, 4403, UNKNOWN_BROADCAST}
_BACKLOG = 10_000


class ChannelClosed(Exception):
    """The channel is closed for good: `code` is the close code, `problem` the server's problem."""

    def __init__(self, code: int | None, problem: Json | None = None, reason: str = ""):
        self.code = code
        self.problem = problem or {}
        said = self.problem.get("detail") or reason or "the connection was lost for good"
        super().__init__(f"closed with {code}: {said}")


@dataclass(frozen=True, slots=True)
class Event:
    """A received event: `at` in ms since 1970, `arrived_ns` on this process's monotonic clock."""

    seq: int
    at: int
    kind: str
    data: Json
    arrived_ns: int


def channel_url(url: str, broadcast: str, after: int | None) -> str:
    """Return the channel's WebSocket URL on the server at `url`."""
    parts = urlsplit(url.rstrip("/"))
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = f"{parts.path}/api/v1/broadcasts/{broadcast}/live"
    return urlunsplit((scheme, parts.netloc, path, "" if after is None else f"after={after}", ""))


class Channel(Commands):
    """An open channel; `connect` makes one.

    Iterate over it for events. Where more was missed than the server keeps, a new snapshot comes
    as an event of kind `welcome`, whose data it is; what was missed is not sent.

    `to` is the last seq covered; `welcome` and `snapshot` are the last ones received (None after
    a start with `after`). Counters: `frames`, `events`, `resumes`, `duplicates` (events that had
    been covered already: a fault of the server), `dropped` (events that nobody read while 10,000
    newer ones came).
    """

    def __init__(
        self,
        url: str,
        broadcast: str,
        *,
        after: int | None = None,
        key: str | None = None,
        cookie: str | None = None,
        patience_s: float = 30.0,
    ):
        self.url = url
        self.broadcast = broadcast
        self.to = after
        self.welcome: Json | None = None
        self.frames = self.events = self.resumes = self.duplicates = self.dropped = 0
        self._key = key
        self._cookies: SimpleCookie = SimpleCookie(cookie or "")
        self._patience_s = patience_s
        self._socket: ClientConnection | None = None
        self._open = asyncio.Event()
        self._changed = asyncio.Event()
        self._unread: deque[Event] = deque()
        self._calls: dict[str, asyncio.Future[Json]] = {}
        self._ids = itertools.count(1)
        self._end: ChannelClosed | None = None
        self._problem: Json | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls,
        url: str,
        broadcast: str,
        *,
        after: int | None = None,
        key: str | None = None,
        cookie: str | None = None,
        patience_s: float = 30.0,
    ) -> Self:
        """Open the channel and wait for its first frame.

        `after` resumes from a seq, `key` is an API key, `cookie` a `Cookie` header (a session's or
        a device's). Raises ChannelClosed for an unknown broadcast, or when there is no connection
        within `patience_s`, which also bounds each later attempt to come back.
        """
        channel = cls(url, broadcast, after=after, key=key, cookie=cookie, patience_s=patience_s)
        channel._task = asyncio.create_task(channel._run())
        try:
            await channel._ready(patience_s)
        except TimeoutError:
            await channel.close()
            raise ChannelClosed(None, reason=f"no answer within {patience_s:g} s") from None
        except BaseException:
            await channel.close()
            raise
        return channel

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def snapshot(self) -> Json | None:
        """The snapshot of the last welcome; later events don't change it."""
        return None if self.welcome is None else self.welcome["snapshot"]

    @property
    def cookie(self) -> str:
        """The cookies as a `Cookie` header: another client that sends them is the same device."""
        return "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._unread:
                yield self._unread.popleft()
            if self._end is not None:
                if self._end.code == 1000:
                    return
                raise self._end
            self._changed.clear()
            await self._changed.wait()

    async def wait_for(self, kind: str, timeout_s: float = 10.0, **data: Any) -> Event:
        """Read up to the next event of this kind whose data has these members."""
        async with asyncio.timeout(timeout_s):
            async for event in self:
                if event.kind == kind and data.items() <= event.data.items():
                    return event
        raise ChannelClosed(None, reason=f"the channel ended before {kind}")

    async def call(self, type: str, *, timeout_s: float = 10.0, **fields: Any) -> Json:
        """Send a command and return its result.

        Raises ChannelProblem where the server refuses it, ChannelDropped where the connection is
        lost before the reply, TimeoutError, ChannelClosed.
        """
        async with asyncio.timeout(timeout_s):
            await self._ready(timeout_s)
            call = f"c{next(self._ids)}"
            reply: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
            self._calls[call] = reply
            socket = self._socket
            try:
                assert socket is not None
                await socket.send(
                    json.dumps({"type": type, "id": call, **fields}, ensure_ascii=False)
                )
                answer = await reply
            except ConnectionClosed as error:
                # Yield once: otherwise a caller in a loop would block the event loop.
                if self._socket is socket:
                    self._open.clear()
                raise ChannelDropped(str(error)) from error
            finally:
                self._calls.pop(call, None)
        if answer.get("ok"):
            result: Json = answer.get("result") or {}
            return result
        raise ChannelProblem(answer.get("problem") or {})

    async def drop(self) -> None:
        """Break the connection, as a lost network does; the channel then reconnects by itself."""
        if self._socket is not None:
            self._open.clear()
            self._socket.transport.abort()

    async def close(self) -> None:
        """Close the channel for good."""
        self._finish(ChannelClosed(1000))
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._socket is not None:
            await self._socket.close()

    async def _ready(self, timeout_s: float) -> None:
        if self._end is None and not self._open.is_set():
            async with asyncio.timeout(timeout_s + 1):
                await self._open.wait()
        if self._end is not None:
            raise self._end

    def _finish(self, end: ChannelClosed) -> None:
        if self._end is None:
            self._end = end
        self._open.set()
        self._changed.set()
        self._fail_calls(str(self._end))

    def _fail_calls(self, why: str) -> None:
        for reply in self._calls.values():
            if not reply.done():
                reply.set_exception(ChannelDropped(why))

    async def _run(self) -> None:
        pause_s = 0.1
        lost_at = time.monotonic()
        while True:
            code: int | None = None
            reason, refused = "", False
            before = self.frames
            try:
                await self._session()
            except ConnectionClosed as error:
                if error.rcvd is not None:
                    code, reason = error.rcvd.code, error.rcvd.reason
            except InvalidStatus as error:
                reason = str(error)
                refused = 400 <= error.response.status_code < 500
            except (OSError, InvalidHandshake, TimeoutError) as error:
                reason = str(error)
            except (ValueError, KeyError, TypeError) as error:
                reason, refused = f"a frame that can't be read: {error!r}", True
            finally:
                self._open.clear()
                self._fail_calls("the connection was lost before the reply")
            if self.frames > before:
                pause_s, lost_at = 0.1, time.monotonic()
            if refused or code in _FINAL or time.monotonic() - lost_at > self._patience_s:
                self._finish(ChannelClosed(code, self._problem, reason))
                return
            is_overloaded = code in (TRY_AGAIN_LATER, TOO_MANY)
            await asyncio.sleep(max(pause_s, 0.5) if is_overloaded else pause_s)
            pause_s = min(pause_s * 2, 2.0)

    async def _session(self) -> None:
        headers = {}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if self._cookies:
            headers["Cookie"] = self.cookie
        async with connect(
            channel_url(self.url, self.broadcast, self.to),
            subprotocols=[SUBPROTOCOL],
            additional_headers=headers,
            compression=None,
            proxy=None,
            max_size=8 * 1024 * 1024,
            close_timeout=2,
        ) as socket:
            self._socket = socket
            if socket.response is not None:
                for line in socket.response.headers.get_all("Set-Cookie"):
                    self._cookies.load(line)
            if self.frames:
                self.resumes += 1
            while True:
                self._handle_frame(json.loads(await socket.recv()), time.monotonic_ns())

    def _handle_frame(self, frame: Any, now_ns: int) -> None:
        if not isinstance(frame, dict):
            raise ValueError("not an object")
        self.frames += 1
        kind = frame.get("type")
        if kind == "events":
            self._handle_events(frame, now_ns)
            self._open.set()
        elif kind == "reply":
            reply = self._calls.get(str(frame.get("id")))
            if reply is not None and not reply.done():
                reply.set_result(frame)
        elif kind == "welcome":
            is_reconnect = self.welcome is not None or self.resumes > 0
            self.welcome = frame
            self.to = int(frame["to"])
            if is_reconnect:
                self._unread.append(Event(self.to, 0, "welcome", frame["snapshot"], now_ns))
                self._changed.set()
            self._open.set()
        elif kind == "problem":
            self._problem = frame.get("problem", frame)

    def _handle_events(self, frame: Json, now_ns: int) -> None:
        covered = self.to if self.to is not None else -1
        for item in frame["events"]:
            self.events += 1
            if item["seq"] <= covered:
                self.duplicates += 1
            covered = max(covered, item["seq"])
            self._unread.append(Event(item["seq"], item["at"], item["kind"], item["data"], now_ns))
        while len(self._unread) > _BACKLOG:
            self._unread.popleft()
            self.dropped += 1
        self.to = max(covered, int(frame["to"]))
        self._changed.set()
