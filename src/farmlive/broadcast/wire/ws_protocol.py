"""The channel's wire: uvicorn's WebSocket protocol, extended to write frames that are encoded once
for all viewers, and to detect and close a client that stalls or floods. Incoming frames are counted
here, before anything parses them.
"""

import asyncio
import contextlib
import socket
from typing import Any, Protocol, cast

from starlette.requests import HTTPConnection
from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import OPEN

from farmlive.broadcast.wire import replies
from farmlive.broadcast.wire.message_rate import (
    BURST_S,
    OWN_PER_SECOND,
    AddressMessages,
    MessageRate,
)
from farmlive.people import Guard, RateLimits
from farmlive.problems import TooMany
from farmlive.settings import Settings

EXTENSION = "farmlive.wire"
# How long the kernel keeps unacknowledged bytes before it drops the connection (tcp(7)).
TCP_USER_TIMEOUT_MS = 20_000
ABORT_AFTER_S = 2.0
TOO_MANY = 4429
# Bytes parsed at a time: one packet may hold 10,000 frames, and parsing all of them before the
# first is counted would take a tenth of a second.
PART = 2048
# Messages in a row over the address' limit that are refused one by one before the channel is
# closed: a viewer who shares an address with a flood should not lose the channel by one tap.
REFUSED_IN_A_ROW = 20


class Wire(Protocol):
    """One client's socket, as the hub sees it."""

    def put(self, frame: bytes) -> None:
        """Write an encoded frame, without waiting."""

    def buffered(self) -> int:
        """Return the bytes that are written and not yet taken by the kernel."""

    def cut(self, code: int, reason: str) -> None:
        """Close with the code if it can still be sent, and drop the connection soon after."""

    def exempt(self) -> None:
        """Stop counting the client's messages against its IP address."""


class ChannelProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, available as a `Wire` in the scope's extensions."""

    # `channel_protocol` sets these.
    settings: Settings
    guard: Guard
    limits: RateLimits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set the kernel's limit for a client that no longer acknowledges."""
        super().connection_made(transport)
        self._rate = MessageRate(self.settings.channel_messages_per_second)
        self._own = MessageRate(OWN_PER_SECOND)
        self._of_address = AddressMessages(self.limits, None, 0)
        self._refused = 0
        self._floods = False
        raw = transport.get_extra_info("socket")
        if raw is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Return the unused part of the address' limit."""
        self._of_address.give_back()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse incoming bytes; stop once the client floods."""
        for at in range(0, len(data), PART):
            if self._floods or self.transport.is_closing():
                return
            super().data_received(data[at : at + PART])

    def handle_text(self, event: Frame) -> None:
        """Take a text frame, within the limits."""
        if self._allows(event if event.fin else None):
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Take a binary frame, within the limits."""
        if self._allows():
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """Take a continuation frame, within the limits."""
        if self._allows():
            super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer a ping, within the limits."""
        if self._allows():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take a pong, within the limits.

        The pong that answers our ping is not counted: it is all that most viewers send.
        """
        if event.data == self.pending_ping_payload or self._allows():
            super().handle_pong(event)

    def _allows(self, message: Frame | None = None) -> bool:
        """Count a frame; return whether to take it.

        A frame over the channel's own rate closes the channel with a problem. Over the address'
        limit the channel may still send whole messages at its own low rate; the others get a
        refusal.
        """
        if self._floods:
            return False
        if not self._rate.allow():
            per_second = self.settings.channel_messages_per_second
            self._end(
                TooMany(
                    f"A channel takes {BURST_S * per_second} messages at once and "
                    f"{per_second} a second. Connect again, send fewer, and ask again for what "
                    "was not answered."
                )
            )
            return False
        try:
            self._of_address.allow()
        except TooMany as problem:
            if message is not None and self._own.allow():
                return True
            self._refused += 1
            if message is None or self._refused > REFUSED_IN_A_ROW or not self.handshake_complete:
                self._end(problem)
            else:
                self.put(text_frame(replies.refusal(bytes(message.data), problem)))
            return False
        self._refused = 0
        return True

    def _end(self, problem: TooMany) -> None:
        """Close a channel that floods."""
        self._floods = True
        if self.handshake_complete:
            self.put(text_frame(replies.problem(problem)))
        self.cut(TOO_MANY, problem.title)

    def send_receive_event_to_app(self) -> None:
        """Pass a message to the application.

        Close the channel on invalid UTF-8 (RFC 6455, section 8.1). uvicorn would log a traceback of
        each such message, which could fill a disk.
        """
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.cut(1007, "A text is UTF-8.")
                return
        super().send_receive_event_to_app()

    def handle_connect(self, event: Request) -> None:
        """Put the wire into the scope before the application runs."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self
            address = self.guard.address(HTTPConnection(cast(Scope, self.scope)))
            per_minute = self.settings.address_channel_messages_per_minute
            self._of_address = AddressMessages(self.limits, address, per_minute)

    def exempt(self) -> None:
        """Stop counting the client's messages against its IP address."""
        self._of_address.exempt()

    def put(self, frame: bytes) -> None:
        """Write an encoded frame, without waiting; dropped after a close was sent."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    def buffered(self) -> int:
        """Return the bytes that are written and not yet taken by the kernel."""
        return self.transport.get_write_buffer_size()

    def cut(self, code: int, reason: str) -> None:
        """Close with the code if it can still be sent, and drop the connection soon after."""
        if not self.close_sent and self.handshake_complete and not self.transport.is_closing():
            self.conn.fail(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.loop.call_later(ABORT_AFTER_S, self.transport.abort)

    def shutdown(self) -> None:
        """Close with 1012, or drop a connection whose closing handshake has begun.

        uvicorn would send a second close frame there, which `websockets` refuses, and would not
        shut down the connections after it.
        """
        if self.handshake_complete and self.conn.state is not OPEN:
            self.stop_keepalive()
            self.transport.close()
        else:
            super().shutdown()

    def keepalive_timeout(self) -> None:
        """Drop a client that does not answer pings, even where nothing can be written to it."""
        super().keepalive_timeout()
        self.loop.call_later(ABORT_AFTER_S, self.transport.abort)


def channel_protocol(settings: Settings, guard: Guard, limits: RateLimits) -> type[ChannelProtocol]:
    """Return a protocol class with these settings and limits."""
    parts = {"settings": settings, "guard": guard, "limits": limits}
    return type("ChannelProtocol", (ChannelProtocol,), parts)


def wire_of(scope: Scope) -> Wire:
    """Return the wire of a WebSocket scope. Raises RuntimeError under a server that has none."""
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
