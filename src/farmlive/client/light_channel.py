"""A live channel that parses as little as possible: it counts frames and their arrival times. For
thousands of clients in one process; Channel is the client that understands the frames.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from farmlive.client.channel import SUBPROTOCOL, channel_url

OnFrame = Callable[[bytes, int], None]
_EVENTS = b'"events"'


class LightChannel(asyncio.Protocol):
    """One connection to the channel of a broadcast, by RFC 6455 without extensions.

    `on_frame(payload, arrived_ns)` gets every text frame and the monotonic time at which its last
    byte was read. Counters: `frames` (text frames), `deliveries` (those with events), `octets`.
    `close_code` is set when the server closed.
    """

    def __init__(self, on_frame: OnFrame | None = None):
        self.on_frame = on_frame
        self.frames = self.deliveries = self.octets = 0
        self.close_code: int | None = None
        self.lost = False
        self._buffer = bytearray()
        self._upgraded = False
        self._transport: asyncio.Transport | None = None
        self._welcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(
        cls,
        url: str,
        broadcast: str,
        on_frame: OnFrame | None = None,
        timeout_s: float = 30.0,
        *,
        from_ip: str | None = None,
    ) -> "LightChannel":
        """Open a channel over plain HTTP and wait for its first frame; ConnectionError if the
        server refuses. `from_ip` is the local address of the connection.
        """
        parts = urlsplit(channel_url(url, broadcast, None))
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout_s):
            transport, channel = await loop.create_connection(
                lambda: cls(on_frame),
                parts.hostname or "",
                parts.port or 80,
                local_addr=None if from_ip is None else (from_ip, 0),
            )
            key = base64.b64encode(os.urandom(16)).decode()
            transport.write(
                (
                    f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
                ).encode()
            )
            await channel._welcome
        return channel

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Record the end; a waiting `connect` gets ConnectionError."""
        self.lost = True
        if not self._welcome.done():
            self._welcome.set_exception(ConnectionError("the server closed the channel"))

    def data_received(self, data: bytes) -> None:
        """Parse received bytes: first the response of the handshake, then frames."""
        now_ns = time.monotonic_ns()
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:16]:
                self.close()
                return
            del self._buffer[: end + 4]
            self._upgraded = True
        while (frame := self._next_frame()) is not None:
            self._handle_frame(*frame, now_ns)

    def say(self, text: bytes) -> None:
        """Send one text frame (RFC 6455, section 5)."""
        if self._transport is None:
            raise ConnectionError("the channel is not open")
        self._transport.write(_masked_frame(0x81, text))

    def close(self) -> None:
        """Abort the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 127, 2
        if length > 125:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + length:
            return None
        frame = buffer[0], bytes(buffer[start : start + length])
        del buffer[: start + length]
        return frame

    def _handle_frame(self, first: int, payload: bytes, now_ns: int) -> None:
        opcode = first & 15
        if opcode == 1:
            self.frames += 1
            self.octets += len(payload)
            self.deliveries += _EVENTS in payload[:40]
            if self.on_frame is not None:
                self.on_frame(payload, now_ns)
            if not self._welcome.done():
                self._welcome.set_result(None)
        elif opcode == 9 and self._transport is not None:
            self._transport.write(_masked_frame(0x8A, payload))
        elif opcode == 8:
            self.close_code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else None
            self.close()


def _masked_frame(first: int, payload: bytes) -> bytes:
    """Return a client's frame: `first` is its FIN bit and opcode."""
    length = len(payload)
    if length < 126:
        head = bytes([first, 0x80 | length])
    else:
        head = bytes([first, 0x80 | 126]) + length.to_bytes(2, "big")
    mask = os.urandom(4)
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    masked = (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big")
    return head + mask + masked
