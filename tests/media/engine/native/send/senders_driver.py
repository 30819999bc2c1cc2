"""The native engine's senders at work, and viewers at the other end of real sockets."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from ctypes import POINTER, Structure, byref, c_bool, c_int, c_size_t, c_uint, c_uint64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pylibsrtp import Policy, Session
from scripts.benches.native import send
from tests.media.engine.native.support.compiling import DRIVERS, LIBRARY, compiled
from tests.media.support.packets import write
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S

from farmlive.media.engine.python import srtp
from farmlive.media.wire.rtp import Packet

SOURCES = ("address", *send.SOURCES)
WRAPPED = ("sendmmsg", "sendto", "setsockopt")
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16
CM = Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10
REFUSED, STREAM, FREED = range(3)
# By how many legs an owner may be ahead of another.
LEAD = 64
# From how many legs on an owner keeps to a core.
CROWD = 128
# linux/sched.h, linux/sockios.h and linux/if.h
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, SIOCSIFMTU = 0x8914, 0x8922
IFF_UP = 1


def compile_with(factory: pytest.TempPathFactory, name: str, driver: str, *flags: str) -> Path:
    """Compile the senders with this driver."""
    own = [DRIVERS / driver]
    return compiled(factory, name, own, SOURCES, "-pthread", *flags)


def load(factory: pytest.TempPathFactory) -> ctypes.CDLL:
    wrapped = [f"-Wl,--wrap={name}" for name in WRAPPED]
    library = compile_with(factory, "senders.so", "senders_driver.c", *LIBRARY, *wrapped)
    native = ctypes.CDLL(str(library))
    for name in (
        "senders_new",
        "senders_add",
        "send_group_new",
        "packet_batch_new",
        "packet_batch_add",
    ):
        getattr(native, name).restype = c_void_p
    native.address_read.restype = c_bool
    native.senders_failed.restype = c_uint64
    native.gcm_use.restype = c_bool
    native.gcm_new.restype = c_void_p
    ciphers = srtp.ciphers()
    assert ciphers is not None
    assert native.gcm_use((c_void_p * len(ciphers))(*ciphers))
    native.send_feedback_take.restype = c_void_p
    table = (c_void_p * 4).in_dll(native, "srtp")
    for at, function in enumerate(srtp.functions()):
        table[at] = function
    return native


class Report(Structure):
    """The head of a struct report; its data follows."""

    _fields_ = (
        ("next", c_void_p),
        ("kind", c_int),
        ("peer", c_uint64),
        ("packets", c_int),
        ("size", c_size_t),
    )


DATAGRAM = ctypes.CFUNCTYPE(None, c_void_p, c_uint64, POINTER(ctypes.c_ubyte), c_size_t)


class Capture(Structure):
    _fields_ = (("datagram", DATAGRAM), ("context", c_void_p))


class Address(Structure):
    """As large as struct address."""

    _fields_ = (("name", c_uint * 7), ("size", c_uint))


@dataclass
class Viewer:
    """A leg, and the other end of it."""

    leg: Any
    number: int
    transmit: Session
    receive: Session
    sock: socket.socket

    def hear(self, count: int, sock: socket.socket | None = None) -> list[bytes]:
        return [self.receive.unprotect((sock or self.sock).recv(2048)) for _ in range(count)]

    def hears_nothing(self) -> bool:
        self.sock.setblocking(False)
        try:
            self.sock.recv(2048)
        except BlockingIOError:
            return True
        return False


@dataclass
class Senders:
    """The senders at work. `reports` are those that were taken, without what is freed."""

    native: ctypes.CDLL
    hall: ExitStack
    threads: int
    capture: Capture | None = None
    bell: int = -1
    reports: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    viewers: list[Viewer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue = ctypes.create_string_buffer(256)
        self.native.send_feedback_init(self._queue, self.bell)
        capture = None if self.capture is None else byref(self.capture)
        self.at = c_void_p(self.native.senders_new(self.threads, self._queue, capture))
        assert self.native.senders_start(self.at) == 0
        self.sock = self.bound()
        self.open_sockets(self.sock)
        self.is_over = False
        self._last_owner = -1

    def bound(self, family: int = socket.AF_INET) -> socket.socket:
        sock = self.hall.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind((APART if family == socket.AF_INET else "::1", 0))
        sock.settimeout(LONG_S)
        return sock

    def viewer(
        self, profile: tuple[int, int, int] = GCM, sock: socket.socket | None = None
    ) -> Viewer:
        """One without an address, owned by another thread than the one before it."""
        number, length, tag = profile
        key = os.urandom(length)
        ours = Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=number)
        ours.allow_repeat_tx = True
        theirs = Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=number)
        transmit = Session(ours)
        pointer = c_void_p(srtp.address_of(transmit))
        peer = 1000 + len(self.viewers)
        leg = self.leg(peer, pointer, tag)
        while self.threads > 1 and self.viewers and self.owner(leg) == self._last_owner:
            leg = self.leg(peer, pointer, tag)
        if profile == GCM:
            self.native.senders_use_gcm(leg, c_void_p(self.native.gcm_new(key)))
        self._last_owner = self.owner(leg)
        viewer = Viewer(leg, peer, transmit, Session(theirs), sock or self.bound())
        self.viewers.append(viewer)
        return viewer

    def leg(self, peer: int = 0, session: c_void_p | None = None, tag: int = 0) -> c_void_p:
        return c_void_p(self.native.senders_add(self.at, c_uint64(peer), session, tag))

    def placed(self, *arguments: Any) -> Viewer:
        viewer = self.viewer(*arguments)
        self.move(viewer)
        return viewer

    def open_sockets(self, shared: socket.socket) -> None:
        """Open each owner's socket beside this one, as the loop does before there is a peer."""
        self.native.senders_open_sockets(self.at, shared.fileno())

    def move(
        self,
        viewer: Viewer,
        to: socket.socket | None = None,
        by: socket.socket | None = None,
        streamed: bool = False,
    ) -> None:
        address = Address()
        host, port = (to or viewer.sock).getsockname()[:2]
        assert self.native.address_read(byref(address), host.encode(), port)
        fd = -1 if streamed else (by or self.sock).fileno()
        self.native.senders_move(viewer.leg, fd, byref(address))

    def remove(self, viewer: Viewer) -> None:
        self.native.senders_remove(viewer.leg)

    def burst(self, packets: Sequence[bytes]) -> c_void_p:
        burst = c_void_p(self.native.packet_batch_new(len(packets)))
        for packet in packets:
            ctypes.memmove(
                self.native.packet_batch_add(burst, c_size_t(len(packet))), packet, len(packet)
            )
        return burst

    def audience(self, viewers: Sequence[Viewer]) -> c_void_p:
        legs = (c_void_p * len(viewers))(*(viewer.leg for viewer in viewers))
        return c_void_p(self.native.send_group_new(legs, len(viewers)))

    def send(self, viewers: Sequence[Viewer], packets: Sequence[bytes]) -> None:
        audience, burst = self.audience(viewers), self.burst(packets)
        self.native.senders_send(audience, burst)
        self.native.packet_batch_release(burst)
        self.native.send_group_release(audience)

    def send_one(self, viewer: Viewer, packets: Sequence[bytes]) -> None:
        burst = self.burst(packets)
        self.native.senders_send_one(viewer.leg, burst)
        self.native.packet_batch_release(burst)

    def send_rtcp(self, viewer: Viewer, data: bytes) -> None:
        self.native.senders_send_rtcp(viewer.leg, data, c_size_t(len(data)))

    def take(self) -> list[int]:
        """Take the reports; returns the peers that were freed."""
        freed = []
        at = self.native.send_feedback_take(self._queue)
        while at:
            report = Report.from_address(at)
            data = ctypes.string_at(at + ctypes.sizeof(Report), report.size)
            if report.kind == FREED:
                freed.append(report.peer)
            else:
                self.reports.append((report.kind, report.peer, report.packets, data))
            following = report.next
            ctypes.CDLL(None).free(c_void_p(at))
            at = following
        return freed

    def wait(self) -> None:
        """Until all that was handed over is done: each owner has freed a leg that came last."""
        last: dict[int, Viewer] = {}
        while len(last) < max(1, self.threads):
            viewer = self.viewer()
            last[self.owner(viewer.leg)] = viewer
        left = {viewer.number for viewer in last.values()}
        for viewer in last.values():
            self.remove(viewer)
        while left:
            left -= set(self.take())

    def owner(self, leg: c_void_p) -> int:
        """The address of the sender that has this leg."""
        # Behind the link in the list of all, and the peer's number.
        found: int = c_void_p.from_address((leg.value or 0) + 24).value or 0
        return found

    def failed(self) -> int:
        failed: int = self.native.senders_failed(self.at)
        return failed

    def end(self) -> list[int]:
        """Free the senders; returns the peers that were freed since the last look."""
        if self.is_over:
            return []
        self.is_over = True
        self.native.senders_free(self.at)
        freed = self.take()
        self.native.send_feedback_clear(self._queue)
        return freed


def packets(*sizes: int, first: int = 0) -> list[bytes]:
    """RTP of these payload sizes, numbered from `first` on."""
    return [
        write(Packet(number, 9, False, bytes((number % 256,)) * size), 96, 7)
        for number, size in enumerate(sizes, first)
    ]


def _narrow_loopback() -> None:
    """Move this thread into a network of its own, whose loopback takes 1,000 bytes."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as any_socket:
        for request, value in ((SIOCSIFMTU, 1000), (SIOCSIFFLAGS, IFF_UP)):
            name = struct.pack("16si20x", b"lo", value)
            fcntl.ioctl(any_socket, request, name)


def on_a_narrow_loopback(send: Callable[[], None]) -> None:
    """Call this in a network whose loopback takes 1,000 bytes; without root the test is skipped."""
    problems: list[BaseException] = []

    def within() -> None:
        try:
            _narrow_loopback()
            send()
        except BaseException as problem:
            problems.append(problem)

    thread = Thread(target=within)
    thread.start()
    thread.join()
    for problem in problems:
        if isinstance(problem, PermissionError):
            pytest.skip("a network namespace needs root")
        raise problem


Start = Callable[..., Senders]


@pytest.fixture(scope="session")
def native_senders(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return load(tmp_path_factory)


@pytest.fixture(params=[0, 1, 2], ids="{} threads".format)
def threads(request: pytest.FixtureRequest) -> int:
    count: int = request.param
    return count


@pytest.fixture
def start(native_senders: ctypes.CDLL) -> Iterator[Start]:
    with ExitStack() as hall:

        def begin(threads: int, **options: Any) -> Senders:
            senders = Senders(native_senders, hall, threads, **options)
            hall.callback(senders.end)
            return senders

        yield begin
    for name in ("driver_port", "driver_error", "driver_failed", "driver_runs"):
        c_int.in_dll(native_senders, name).value = 0
    for name in ("driver_all", "driver_is_old"):
        c_bool.in_dll(native_senders, name).value = False
