"""The UDP port: its sockets, the peer at each remote address, and when to read each socket.

While media comes, publishers' datagrams wake the loop and viewers' datagrams wait for that, because
a wake-up costs more than reading a viewer's RTCP. Therefore each publisher has a socket of its own
on the same port. engine/python/demux.py interprets the datagrams; tcp.py owns connections.
"""

import asyncio
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol

from farmlive.media.engine.python.net.addresses import open_connected_socket, open_sockets
from farmlive.media.engine.python.net.recv_batch import (
    DATAGRAMS_PER_READ,
    RecvBatch,
    kernel_timestamp,
)
from farmlive.media.engine.python.net.send_queue import Frame

_READ_AT_ONCE = 64
# The shortest pause worth a timer, and the longest that an unexpected publisher's datagram may
# wait.
_SHORTEST_REST_S, _LONGEST_REST_S = 0.002, 0.03


class FramedStream(Protocol):
    """A stream that carries a viewer's packets; see
    `farmlive.media.engine.python.net.tcp.TcpPort`.
    """

    def write(self, frames: Sequence[Frame], address: Any, now: float) -> int:
        """Send packets; return how many were dropped, of these or of older ones."""

    def queued_bytes(self, address: Any) -> int:
        """Return how many bytes are queued for the peer at this address."""


SendSocket = socket.socket | FramedStream
"""The socket or port that a send group uses."""


class Port:
    """The UDP port on one local address: the socket that all peers share, and those of
    publishers.
    """

    protocol: ClassVar[Literal["udp", "tcp"]] = "udp"

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        # The peer that has validated a remote address.
        self.peers: dict[Any, Any] = {}
        self.own: dict[Any, _OwnSocket] = {}

    @property
    def send_socket(self) -> SendSocket:
        """The socket or port that sends media to viewers here."""
        return self.sock

    def forget(self, address: Any) -> None:
        """Remove the peer from this address."""
        self.peers.pop(address, None)

    def send(self, data: bytes, address: Any) -> None:
        """Send a datagram; one that can't be sent counts as lost in the network."""
        try:
            self.sock.sendto(data, address)
        except OSError:
            return


OnDatagram = Callable[[Port, bytes, float | None, Any, float], None]
"""Is given a datagram, with its port, the kernel's stamp and its sender, and the time."""


class _OwnSocket:
    """The socket of a publisher. `idle_seconds` returns for how many seconds it needs no
    reading.
    """

    def __init__(
        self, sock: socket.socket, port: Port, address: Any, idle_seconds: Callable[[float], float]
    ) -> None:
        self.sock, self.port, self.address, self.idle_seconds = sock, port, address, idle_seconds
        self.resume_timer: asyncio.TimerHandle | None = None


class Ports:
    """All sockets of the UDP port, one `Port` for each local address."""

    def __init__(self) -> None:
        self.all: list[Port] = []
        self._reads_with_publishers = False
        # Whether a publisher's own socket was read since the last call of `read_with_publishers`.
        self._woken = False
        self._again: asyncio.Handle | None = None
        # The publishers' sockets to read, in one epoll descriptor: to pause one is a single system
        # call.
        self._epoll: select.epoll | None = None
        self._owns: dict[int, _OwnSocket] = {}
        self._recv_batch = RecvBatch()

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
        self._loop = asyncio.get_running_loop()
        self._on_datagram, self._on_batch = on_datagram, on_batch
        self.all = [Port(sock) for sock in open_sockets(bind, port)]
        self._watch()
        if hasattr(select, "epoll"):
            self._epoll = select.epoll()
            self._loop.add_reader(self._epoll.fileno(), self._on_epoll)
        number: int = self.all[0].sock.getsockname()[1]
        return number

    def close(self) -> None:
        """Close all sockets."""
        self.read_when_readable()
        for port in self.all:
            for address in list(port.own):
                self.close_own(port, address)
            self._loop.remove_reader(port.sock)
            port.sock.close()
        if self._again is not None:
            self._again.cancel()
        if self._epoll is not None:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None
        self.all = []

    def open_own(self, port: Port, address: Any, idle_seconds: Callable[[float], float]) -> None:
        """Give the publisher at this address a socket of its own; if that fails it uses the shared
        one.

        After each batch `idle_seconds` returns for how many seconds the socket needs no reading.
        """
        if address in port.own or self._epoll is None or port.protocol != "udp":
            return
        try:
            sock = open_connected_socket(port.sock, address)
        except OSError:
            return
        self._owns[sock.fileno()] = port.own[address] = _OwnSocket(
            sock, port, address, idle_seconds
        )
        self._epoll.register(sock, select.EPOLLIN)
        # Before it was connected, it may have received others' datagrams.
        now = time.monotonic()
        self._read(sock, port, now)
        self._on_batch(now)

    def close_own(self, port: Port, address: Any) -> None:
        """Close the own socket of the publisher at this address."""
        own = port.own.pop(address, None)
        if own is not None:
            if own.resume_timer is not None:
                own.resume_timer.cancel()
            del self._owns[own.sock.fileno()]
            # The kernel removes a closed socket from the epoll set.
            own.sock.close()

    def read_with_publishers(self) -> None:
        """Read the shared socket only when a publisher wakes the loop.

        Called now and then while no peer is joining; has no effect unless publishers send.
        """
        if not self._woken:
            self.read_when_readable()
        elif not self._reads_with_publishers:
            self._reads_with_publishers = True
            for port in self.all:
                self._loop.remove_reader(port.sock)
        self._woken = False

    def read_when_readable(self) -> None:
        """Read each datagram when it comes: a peer is joining, or no publisher wakes the loop."""
        if self._reads_with_publishers:
            self._reads_with_publishers = False
            self._watch()

    def _watch(self) -> None:
        for port in self.all:
            self._loop.add_reader(port.sock, self._readable, port)

    def _readable(self, port: Port) -> None:
        now = time.monotonic()
        self._read(port.sock, port, now)
        self._on_batch(now)

    def _on_epoll(self) -> None:
        """Read the publishers' sockets that have datagrams."""
        assert self._epoll is not None
        for number, _ in self._epoll.poll(0):
            own = self._owns.get(number)
            if own is not None:
                self._read_own(own)

    def _read_own(self, own: _OwnSocket) -> None:
        self._woken = True
        now = time.monotonic()
        more = self._take_all(own, now)
        self._on_batch(now)
        if self._reads_with_publishers:
            self._read_shared()
        pause = own.idle_seconds(time.monotonic())
        known = own.port.own.get(own.address) is own
        if known and not more and pause >= _SHORTEST_REST_S and self._epoll is not None:
            self._epoll.modify(own.sock, 0)
            pause = min(pause, _LONGEST_REST_S)
            own.resume_timer = self._loop.call_later(pause, self._resume_reading, own)

    def _resume_reading(self, own: _OwnSocket) -> None:
        own.resume_timer = None
        if self._epoll is not None:
            self._epoll.modify(own.sock, select.EPOLLIN)
            self._read_own(own)

    def _take_all(self, own: _OwnSocket, now: float) -> bool:
        """Read a publisher's socket; return True if more datagrams may wait."""
        waiting = self._recv_batch.read(own.sock)
        for data, stamped in waiting:
            self._on_datagram(own.port, data, stamped, own.address, now)
        return len(waiting) == DATAGRAMS_PER_READ

    def _read_shared(self) -> None:
        now, more = time.monotonic(), False
        for port in self.all:
            if self._read(port.sock, port, now):
                more = True
        if more and self._again is None:
            self._again = self._loop.call_soon(self._read_more)

    def _read_more(self) -> None:
        self._again = None
        self._read_shared()

    def _read(self, sock: socket.socket, port: Port, now: float) -> bool:
        """Read the shared socket; return True if more may wait, so that other sockets are read
        first.
        """
        receive, take = sock.recvmsg, self._on_datagram
        for _ in range(_READ_AT_ONCE):
            try:
                data, extra, _, address = receive(2048, 64)
            except BlockingIOError:
                return False
            except OSError:
                # An ICMP error of an earlier datagram to this address; it says nothing about the
                # next one.
                continue
            take(port, data, kernel_timestamp(extra), address, now)
        return True
