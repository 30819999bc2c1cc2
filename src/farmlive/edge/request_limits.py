"""Limits of a request before it is interpreted: size of head and body, time to arrive, and allowed
text.
"""

import asyncio
import contextlib
import re
import socket

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from farmlive import problems
from farmlive.edge import control_characters
from farmlive.edge.http_edge import Answer
from farmlive.problems import Problem, TooLarge

# Seconds within which a request's head must arrive, from the connection or its first byte on; the
# same for a TLS handshake.
HEAD_S = 10.0
# Seconds within which a body must arrive, except for uploads.
BODY_S = 60.0
# Fields of a head, each of which is compared with all others; and pipelined requests of a
# connection, each of which takes a hundred times its bytes.
MAX_HEADER_FIELDS = 100
MAX_PIPELINED = 100
# Members of a JSON body: refusing an unknown one takes ten microseconds. The largest legitimate
# body is a table of 2,000 fees, each with its currency.
MAX_MEMBERS = 10_100
_MEMBER = re.compile(rb'"\s*:')
# Commas of a JSON body, which bound its members and items together: each item is checked.
MAX_COMMAS = 20_000
# Seconds after which a client that reads nothing of its response counts as gone.
SEND_TIMEOUT_S = 60.0
# Limits, in seconds and bytes, of draining the rest of a refused body.
LINGER_S, LINGER_MOST = 2.0, 16 << 20

_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over llhttp, with limits on the head, which llhttp does not have.

    A head, or the trailer of a chunked body, may have `MOST` bytes plus one read of the socket. A
    connection without a complete head `HEAD_S` after it was made, or after the first byte since the
    last request, is closed: otherwise a thousand of them could be held open for nothing.
    """

    MOST = 64 * 1024

    # Bytes since the last part of a body, or since a request began.
    _came = 0
    # Whether a head has begun to arrive.
    _begun = False
    # The timeout of the expected head.
    _late: asyncio.TimerHandle | None = None
    # Why the input is refused.
    _wrong = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout of the first head, and have the kernel drop a response that the client
        does not read.
        """
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                most = int(SEND_TIMEOUT_S * 1000)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, most)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._await_no_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the input, or refuse it if it does not end."""
        self._came += len(data)
        super().data_received(data)
        # uvicorn's keep-alive timer ends with any byte, even an empty line.
        idle = self.timeout_keep_alive_task is None and not self._is_answering()
        if idle and self.transport.get_protocol() is self:
            self._await_head()
        if self._came > self.MOST and not self.transport.is_closing():
            self.send_400_response(f"A request's head may have {self.MOST} bytes at most.")

    def on_message_begin(self) -> None:
        """Handle the start of a request."""
        self._came = 0
        self._begun = True
        if len(self.pipeline) >= MAX_PIPELINED:
            # A request before them is being answered, so this closes the connection.
            self._stop_parsing("")
        self._await_head()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a field of a head or of a trailer, if there are not too many."""
        super().on_header(name, value)
        if name.lower() == b"host" and [each for each, _ in self.headers].count(b"host") > 1:
            self._stop_parsing("A request has one Host (RFC 9112, section 3.2).")
        if len(self.headers) > MAX_HEADER_FIELDS:
            self._stop_parsing(f"A request's head may have {MAX_HEADER_FIELDS} fields at most.")

    def send_400_response(self, msg: str) -> None:
        """Refuse the input, with the reason, and close."""
        if self._is_answering():  # the refusal would be in the middle of that response
            self.transport.abort()
        else:
            super().send_400_response(self._wrong or msg)

    def _stop_parsing(self, wrong: str) -> None:
        """Stop the parser with an error, for which uvicorn responds with 400."""
        self._wrong = wrong
        raise ValueError(wrong)

    def on_headers_complete(self) -> None:
        """Cancel the timeout: the head is complete."""
        self._begun = False
        self._await_no_head()
        super().on_headers_complete()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_S, self._head_is_late)

    def _await_no_head(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _head_is_late(self) -> None:
        self._late = None
        if self._is_answering():  # the head of a pipelined request
            self._await_head()
        elif not self.transport.is_closing():
            if self._begun:
                self.transport.write(_LATE)
                self.transport.close()
            else:
                self.transport.abort()

    def on_body(self, body: bytes) -> None:
        """Handle a part of the body."""
        self._came = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Handle the end of the request."""
        self._came = 0
        super().on_message_complete()


class BodyLate(Problem):
    """The body did not arrive in time."""

    status = 408
    slug = "body-late"
    title = "The request took too long to arrive"


class BodyLimit:
    """ASGI middleware: refuses a body over the limit, unread if Content-Length tells, and one that
    is not complete after a minute, because slow clients would occupy many.

    Paths that match `uploads` accept files; they have the limit `upload_limit`, and time out by
    themselves. Limits in bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        *,
        uploads: re.Pattern[str],
        upload_limit: int,
    ):
        self._app = app
        self._limit = limit
        self._uploads = uploads
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = self._uploads.fullmatch(scope["path"]) is not None
        limit = self._upload_limit if upload else self._limit
        refusal: Problem = TooLarge(f"A body may have {limit} bytes at most. Nothing was changed.")
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > limit:
            await _refuse(refusal, scope, receive, send)
            return
        got, torn, whole = 0, False, upload
        late_at = asyncio.get_running_loop().time() + BODY_S

        async def count() -> Message:
            nonlocal got, torn, whole, refusal
            try:
                async with asyncio.timeout_at(None if whole else late_at):
                    message = await receive()
            except TimeoutError:
                refusal = BodyLate(f"A body must come within {BODY_S:.0f} s. Nothing was changed.")
                torn = True
                raise _Torn from None
            got += len(message.get("body", b""))
            whole = whole or not message.get("more_body", False)
            if got > limit:
                torn = True
                raise _Torn
            return message

        async def watch(message: Message) -> None:
            # Whatever the application made of the incomplete body, the refusal is the response.
            if not torn:
                await send(message)

        with contextlib.suppress(_Torn):
            await self._app(scope, count, watch)
        if torn:
            await _refuse(refusal, scope, receive, send)


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with the problem, and drain the rest of the body for a moment: a client that is still
    sending would not see the response if the connection were cut.
    """
    response = JSONResponse(problem.body(), problem.status, media_type=problems.MEDIA_TYPE)
    response.headers["Connection"] = "close"

    async def send_and_hear(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                left = LINGER_MOST
                while left > 0 and (part := await receive()).get("more_body", False):
                    left -= len(part.get("body", b""))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    await response(scope, receive, send_and_hear)


class _Torn(Exception):
    """The body exceeded the limit, or did not arrive."""


class Texts:
    """ASGI middleware: refuses control characters in URLs and JSON bodies
    (edge/control_characters.py), and bodies with more members or items than any needs.
    """

    def __init__(self, app: ASGIApp, answer: Answer):
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or channel."""
        try:
            if scope["type"] in ("http", "websocket"):
                control_characters.check_address(scope["path"], scope["query_string"])
            if scope["type"] == "http" and _is_json(scope):
                receive = await _checked(receive)
        except Problem as problem:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
                return
            response = await self._answer(Request(scope, receive), problem)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_json(scope: Scope) -> bool:
    # Any of them: a parser may read another one of two Content-Type headers than we would. As text,
    # because Python strips more from it than from bytes: U+0085 and U+00A0.
    return any(
        value.decode("latin-1").partition(";")[0].strip().lower().endswith(("/json", "+json"))
        for name, value in scope["headers"]
        if name == b"content-type"
    )


async def _checked(receive: Receive) -> Receive:
    """Read and check the whole body; return a `receive` that replays it.

    Raises Invalid, and TooLarge for more members or items than any body needs.
    """
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body", False):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)
    if len(body) > MAX_MEMBERS:
        # Also in UTF-16 and UTF-32.
        if len(_MEMBER.findall(body.replace(b"\0", b""))) > MAX_MEMBERS:
            raise TooLarge(f"A body may have {MAX_MEMBERS} members at most. Nothing was changed.")
        if body.count(b",") > MAX_COMMAS:
            raise TooLarge(f"A body may have {MAX_COMMAS} items at most. Nothing was changed.")
    control_characters.check_json(body)
    messages.reverse()

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
