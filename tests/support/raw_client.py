"""An HTTP client that sends what it is given as it stands, over one connection.

For tests of thousands of requests, of which an ordinary client would cost more than the server.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Self
from urllib.parse import urlsplit

import httptools
from tests.support.waiting import LONG_S

Headers = Iterable[tuple[bytes, bytes]]


@dataclass
class Response:
    """What the server answered."""

    status_code: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""
    whole: bool = False

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    # What the parser calls.
    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.content += body

    def on_message_complete(self) -> None:
        self.whole = True


class RawClient:
    """A client of one server; each request has these headers, and the cookies of the answers."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._headers = [
            (b"host", parts.netloc.encode()),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]
        self._cookies: SimpleCookie = SimpleCookie()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._close()

    async def request(
        self, method: str, target: str, headers: Headers = (), content: bytes = b""
    ) -> Response:
        """Send a request and return its answer. A header replaces the client's of that name."""
        sent = list(headers)
        names = {name.lower() for name, _ in sent}
        sent = [each for each in self._headers if each[0].lower() not in names] + sent
        if self._cookies and b"cookie" not in names:
            pairs = "; ".join(f"{each.key}={each.coded_value}" for each in self._cookies.values())
            sent.append((b"cookie", pairs.encode()))
        if content or method not in ("GET", "DELETE"):
            sent.append((b"content-length", b"%d" % len(content)))
        lines = [f"{method} {target} HTTP/1.1".encode(), *(b"%b: %b" % each for each in sent)]
        async with asyncio.timeout(LONG_S):
            return await self._exchange(b"\r\n".join([*lines, b"", content]))

    async def _exchange(self, request: bytes) -> Response:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        answer = Response()
        parser = httptools.HttpResponseParser(answer)
        while not answer.whole:
            received = await reader.read(1 << 16)
            if not received:
                raise ConnectionError("the server closed the connection before it answered")
            parser.feed_data(received)
        answer.status_code = parser.get_status_code()
        for name, value in answer.headers:
            if name == b"set-cookie":
                self._cookies.load(value.decode())
        if not parser.should_keep_alive():
            await self._close()
        return answer

    async def _close(self) -> None:
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            await writer.wait_closed()
