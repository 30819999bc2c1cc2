"""ICE over TCP: passive candidates (RFC 6544) with length-prefixed packets (RFC 4571).

Owns the connections and their limits. engine/python/demux.py interprets the packets, and
send_queue.py decides what a slow viewer loses.
"""

import asyncio
import errno
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from farmlive.media.engine.python.net.addresses import open_listeners
from farmlive.media.engine.python.net.send_queue import Frame, SendQueue
from farmlive.media.engine.python.net.sockets import OnDatagram, Port, SendSocket
from farmlive.media.wire.framing import Deframer, TooLong, frame

# A connection must send an authenticated check within this time.
CHECKED_WITHIN_S = 10.0
_MOST = 4_096
# A village behind one NAT is one address: its connections count against the low limit only until
# their checks are authenticated. The high one leaves places for other addresses.
_UNAUTHENTICATED_OF_AN_ADDRESS = 256
_MOST_OF_AN_ADDRESS = 2_048
_ACCEPTED_AT_ONCE = 16
_READ_AT_ONCE = 1 << 16
_WRITTEN_AT_ONCE = 1 << 16
# Limits of what the kernel buffers for one connection, in bytes, and of its unsent part: what is in
# these buffers can't be dropped any more.
_KERNEL_HOLDS = 1 << 17
_UNSENT = 1 << 14
_DEAD_AFTER_MS = 30_000
# Linux, linux/tcp.h.
_TCP_NOTSENT_LOWAT = 25
_TCP_USER_TIMEOUT = 18


class ConnectionLimits:
    """Limits on connections, in all and per address; shared by all ports."""

    def __init__(
        self,
        most: int = _MOST,
        unauthenticated_of_an_address: int = _UNAUTHENTICATED_OF_AN_ADDRESS,
        most_of_an_address: int = _MOST_OF_AN_ADDRESS,
    ) -> None:
        self._most, self._most_of_an_address = most, most_of_an_address
        self._unauthenticated_of_an_address = unauthenticated_of_an_address
        self._by_host: Counter[str] = Counter()
        self._unauthenticated_by_host: Counter[str] = Counter()
        # Connections without an authenticated check, the oldest first.
        self.unauthenticated: dict[Connection, None] = {}
        self.refused = 0

    def has_room(self, host: str) -> bool:
        """Return whether one more connection may come from this host.

        If all places are taken, a connection without an authenticated check is closed for it.
        """
        if (
            self._unauthenticated_by_host[host] < self._unauthenticated_of_an_address
            and self._by_host[host] < self._most_of_an_address
        ):
            if self._by_host.total() < self._most:
                return True
            if any(not each.close_unless_authenticated() for each in list(self.unauthenticated)):
                return True
        self.refused += 1
        return False

    def opened(self, connection: "Connection") -> None:
        """Count a connection."""
        self._by_host[connection.host] += 1
        self._unauthenticated_by_host[connection.host] += 1
        self.unauthenticated[connection] = None

    def authenticated(self, connection: "Connection") -> None:
        """Record that the connection has sent an authenticated check."""
        if connection in self.unauthenticated:
            del self.unauthenticated[connection]
            _take_one(self._unauthenticated_by_host, connection.host)

    def closed(self, connection: "Connection") -> None:
        """Remove a connection from the count."""
        self.authenticated(connection)
        _take_one(self._by_host, connection.host)

    def __len__(self) -> int:
        return self._by_host.total()


def _take_one(counts: Counter[str], host: str) -> None:
    counts[host] -= 1
    if not counts[host]:
        del counts[host]


class TcpPort(Port):
    """The TCP port on one local address. A peer's address here is that of its connection."""

    protocol = "tcp"

    def __init__(
        self,
        listener: socket.socket,
        limits: ConnectionLimits,
        on_datagram: OnDatagram,
        on_batch: Callable[[float], None],
    ) -> None:
        super().__init__(listener)
        self.limits, self.on_datagram, self.on_batch = limits, on_datagram, on_batch
        self.connections: dict[Any, Connection] = {}
        self._loop = asyncio.get_running_loop()
        self._again: asyncio.TimerHandle | None = None
        self._loop.add_reader(listener, self._accept)

    @property
    def send_socket(self) -> SendSocket:
        """Viewers here get their media through this port itself, as frames."""
        return self

    def send(self, data: bytes, address: Any) -> None:
        """Send a packet that is not a viewer's media; it is lost if the connection is gone."""
        connection = self.connections.get(address)
        if connection is not None:
            now = time.monotonic()
            connection.note_dropped(connection.write([Frame(frame(data), False, now)], now))

    def write(self, frames: Sequence[Frame], address: Any, now: float) -> int:
        """Send a viewer's packets; return how many were dropped, of these or of older ones."""
        connection = self.connections.get(address)
        return len(frames) if connection is None else connection.write(frames, now)

    def queued_bytes(self, address: Any) -> int:
        """Return how many bytes are queued for the peer at this address; 0 if it is gone."""
        connection = self.connections.get(address)
        return 1 if connection is None else connection.send_queue.size

    def forget(self, address: Any) -> None:
        """Remove the peer from this address."""
        super().forget(address)
        connection = self.connections.get(address)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the port and all its connections."""
        if self._again is not None:
            self._again.cancel()
        self._loop.remove_reader(self.sock)
        for connection in list(self.connections.values()):
            connection.close()
        self.sock.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, address = self.sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    # The system is out of descriptors: pending connections would wake the loop
                    # forever.
                    self._loop.remove_reader(self.sock)
                    self._again = self._loop.call_later(1.0, self._accept_again)
                    return
                continue
            # An older connection from there has ended, or this one could not exist; its end is not
            # read yet.
            if (older := self.connections.get(address)) is not None:
                older.close()
            if self.limits.has_room(address[0]):
                self.connections[address] = Connection(self, sock, address, self._loop)
            else:
                sock.close()

    def _accept_again(self) -> None:
        self._loop.add_reader(self.sock, self._accept)


class TcpPorts:
    """The TCP port, one `TcpPort` for each local address, with shared limits."""

    def __init__(self) -> None:
        self.limits = ConnectionLimits()
        self.all: list[TcpPort] = []

    def open(
        self,
        bind: Sequence[str],
        port: int,
        on_datagram: OnDatagram,
        on_batch: Callable[[float], None],
    ) -> int:
        """Open the port on these addresses; return its number. Raises OSError if it is taken.

        `on_batch` is called with the time after each batch.
        """
        listeners = open_listeners(bind, port)
        self.all = [TcpPort(listener, self.limits, on_datagram, on_batch) for listener in listeners]
        number: int = listeners[0].getsockname()[1]
        return number

    def close(self) -> None:
        """Close the port and all connections."""
        for port in self.all:
            port.close()
        self.all = []


class Connection:
    """One connection of a client."""

    def __init__(
        self, port: TcpPort, sock: socket.socket, address: Any, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.address = address
        self.host: str = address[0]
        self.send_queue = SendQueue()
        self._port, self._sock, self._loop = port, sock, loop
        self._deframer = Deframer()
        self._is_open = True
        # Packets dropped by calls other than `write`, not reported yet.
        self._unreported = 0
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_HOLDS)
        for option, value in ((_TCP_NOTSENT_LOWAT, _UNSENT), (_TCP_USER_TIMEOUT, _DEAD_AFTER_MS)):
            with suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
        port.limits.opened(self)
        self._limit = loop.call_later(CHECKED_WITHIN_S, self.close_unless_authenticated)
        loop.add_reader(sock, self._readable)

    def close_unless_authenticated(self) -> bool:
        """Close the connection unless it has sent an authenticated check by now."""
        is_proved = self.address in self._port.peers
        if is_proved:
            self._port.limits.authenticated(self)
        else:
            self.close()
        return is_proved

    def close(self) -> None:
        """End the connection; its peer has no path until its next check."""
        if not self._is_open:
            return
        self._is_open = False
        self._limit.cancel()
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        del self._port.connections[self.address]
        self._port.limits.closed(self)
        peer = self._port.peers.pop(self.address, None)
        if peer is not None:
            peer.remove_path(self._port, self.address)

    def _readable(self) -> None:
        try:
            data = self._sock.recv(_READ_AT_ONCE)
            packets = self._deframer.feed(data)
        except BlockingIOError:
            return
        except (OSError, TooLong):
            self.close()
            return
        if not data:
            self.close()
            return
        now = time.monotonic()
        for packet in packets:
            if self._is_open:
                self._port.on_datagram(self._port, packet, None, self.address, now)
        if self.address in self._port.peers:
            self._port.limits.authenticated(self)
        self._port.on_batch(now)

    def note_dropped(self, dropped: int) -> None:
        """Report these dropped packets with the next `write`."""
        self._unreported = dropped

    def write(self, frames: Sequence[Frame], now: float) -> int:
        """Send, or queue what the socket does not take; return how many packets were dropped."""
        gone, untold = 0, self._unreported
        self._unreported = 0
        if not self.send_queue.size:
            data = b"".join([each.data for each in frames])
            gone = self._send(data)
            if gone == len(data) or not self._is_open:
                return untold
            self._loop.add_writer(self._sock, self._writable)
        self.send_queue.add(frames, gone)
        return untold + self.send_queue.trim(now)

    def _send(self, data: bytes) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.close()
            return 0

    def _writable(self) -> None:
        while self.send_queue.size:
            data = self.send_queue.next(_WRITTEN_AT_ONCE)
            sent = self._send(data)
            if not self._is_open:
                return
            self.send_queue.sent(sent)
            if sent < len(data):
                return
        self._loop.remove_writer(self._sock)
