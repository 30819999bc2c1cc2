"""The channel's wire: uvicorn's WebSocket protocol with a way to write frames that are already
encoded, so that one frame serves every viewer, and to see and end a client that stalls.
"""

import asyncio
import contextlib
import socket
from typing import Any, Protocol

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "farmlive.wire"
# How long the kernel keeps bytes that the other side does not acknowledge.
TCP_USER_TIMEOUT_MS = 20_000
ABORT_AFTER_S = 2.0


class Wire(Protocol):
    """One client's socket, as the hub sees it."""

    def put(self, frame: bytes) -> None:
        """Write an encoded frame; never waits."""

    def buffered(self) -> int:
        """Bytes written and not yet taken by the kernel."""

    def cut(self, code: int, reason: str) -> None:
        """Close with the code where it can still be written, and drop the connection soon."""


class ChannelProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, offering itself as a `Wire` in the scope's extensions."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound how long the kernel tries to deliver to a client that is gone."""
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)

    def handle_connect(self, event: Request) -> None:
        """Put the wire into the scope before the application runs."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def put(self, frame: bytes) -> None:
        """Write an encoded frame; never waits. Dropped once a close was sent."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    def buffered(self) -> int:
        """Bytes written and not yet taken by the kernel."""
        return self.transport.get_write_buffer_size()

    def cut(self, code: int, reason: str) -> None:
        """Close with the code where it can still be written, and drop the connection soon."""
        if not self.close_sent and self.handshake_complete and not self.transport.is_closing():
            self.conn.fail(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.loop.call_later(ABORT_AFTER_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """End a client that does not answer pings, even where nothing can be written to it."""
        super().keepalive_timeout()
        self.loop.call_later(ABORT_AFTER_S, self.transport.abort)


def wire_of(scope: Scope) -> Wire:
    """The wire of a WebSocket scope. Raises RuntimeError under a server that has none."""
    wire = scope.get("extensions", {}).get(EXTENSION)
    if wire is None:
        raise RuntimeError("the live channel needs uvicorn with ws=ChannelProtocol")
    return wire  # type: ignore[no-any-return]


def text_frame(payload: bytes) -> bytes:
    """Encode one unmasked, unfragmented text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
