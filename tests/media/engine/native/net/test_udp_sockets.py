"""UDP sockets in C: what one reading brings, a publisher's own, and what is sifted."""

import ctypes
import os
import socket
import time
from collections.abc import Iterator
from ctypes import POINTER, Structure, c_double, c_int, c_size_t, c_ubyte, c_uint, c_void_p
from random import Random
from typing import Any

import pytest
from tests.media.engine.native.support.compiling import LIBRARY, compiled
from tests.media.engine.native.support.process_handles import handles
from tests.support.free_ports import APART

from farmlive.media.engine.python.net import bpf_filter
from farmlive.media.engine.python.net.addresses import open_sockets
from farmlive.media.engine.python.net.recv_batch import SO_TIMESTAMPNS

SOURCES = ("address", "bpf_filter", "connected_socket", "recv_batch")
AT_ONCE, ROOM = 64, 2048


class Address(Structure):
    _fields_ = (("name", c_ubyte * 28), ("size", c_uint))


class Datagram(Structure):
    _fields_ = (
        ("data", POINTER(c_ubyte)),
        ("size", c_size_t),
        ("stamp", c_double),
        ("source", Address),
    )


@pytest.fixture(scope="module")
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Any:
    library = compiled(tmp_path_factory, "sockets.so", [], SOURCES, *LIBRARY)
    native = ctypes.CDLL(str(library))
    native.recv_batch_new.restype = c_void_p
    native.recv_batch_free.argtypes = (c_void_p,)
    native.recv_batch_read.argtypes = (c_void_p, c_int)
    native.recv_batch_datagram.argtypes = (c_void_p, c_int)
    native.recv_batch_datagram.restype = Datagram
    return native


class Inbox:
    """The one in C."""

    def __init__(self, native: Any) -> None:
        self._native, self._inbox = native, native.recv_batch_new()

    def read(self, sock: socket.socket) -> list[tuple[bytes, float, tuple[str, int]]]:
        count = self._native.recv_batch_read(self._inbox, sock.fileno())
        return [
            (ctypes.string_at(each.data, each.size), each.stamp, self._address(each.source))
            for each in (self._native.recv_batch_datagram(self._inbox, at) for at in range(count))
        ]

    def _address(self, source: Address) -> tuple[str, int]:
        host = ctypes.create_string_buffer(46)
        self._native.address_host(ctypes.byref(source), host)
        return host.value.decode(), self._native.address_port(ctypes.byref(source))

    def close(self) -> None:
        self._native.recv_batch_free(self._inbox)


@pytest.fixture
def inbox(sockets: Any) -> Iterator[Inbox]:
    inbox = Inbox(sockets)
    yield inbox
    inbox.close()


@pytest.fixture(params=[APART, "::1"])
def shared(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    (shared,) = open_sockets([request.param], 0)
    with shared:
        yield shared


def sender(to: socket.socket) -> socket.socket:
    sock = socket.socket(to.family, socket.SOCK_DGRAM)
    sock.connect(to.getsockname())
    return sock


def beside(native: Any, shared: socket.socket, remote: socket.socket) -> int:
    address, (host, port, *_) = Address(), remote.getsockname()
    assert native.address_read(ctypes.byref(address), host.encode(), port)
    fd: int = native.connected_socket_open(shared.fileno(), ctypes.byref(address))
    return fd


def test_reads_all_that_waits_with_senders_and_stamps(shared: socket.socket, inbox: Inbox) -> None:
    assert inbox.read(shared) == []
    with sender(shared) as one, sender(shared) as two:
        for _ in range(3):
            sent = [os.urandom(size) for size in (1, 1200, 0, 2048, 1)]
            before = time.time()
            for at, data in enumerate(sent):
                (two if at % 2 else one).send(data)
            found = inbox.read(shared)
            assert [data for data, _, _ in found] == sent
            names = [sock.getsockname()[:2] for sock in (one, two)]
            assert [source for _, _, source in found] == [names[at % 2] for at in range(5)]
            stamps = [stamp for _, stamp, _ in found]
            assert stamps == sorted(stamps)
            assert before - 0.01 <= stamps[0] <= stamps[-1] <= time.time() + 0.01


def test_reads_many_in_turns_and_cuts_what_is_too_long(shared: socket.socket, inbox: Inbox) -> None:
    with sender(shared) as there:
        for number in range(AT_ONCE + 3):
            there.send(bytes([number]) * (ROOM + number))
    assert [data for data, _, _ in inbox.read(shared)] == [
        bytes([number]) * ROOM for number in range(AT_ONCE)
    ]
    assert len(inbox.read(shared)) == 3
    assert inbox.read(shared) == []


def test_without_stamps_there_are_none(inbox: Inbox, shared: socket.socket) -> None:
    shared.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 0)
    with sender(shared) as there:
        there.send(b"media")
        ((data, stamp, _),) = inbox.read(shared)
    assert (data, stamp < 0) == (b"media", True)


def test_what_was_sent_in_vain_hides_nothing_that_waits(sockets: Any, inbox: Inbox) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind((APART, 0))
        here.setblocking(False)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.bind((APART, 0))
            there.connect(here.getsockname())
            here.connect(there.getsockname())
            there.send(b"media")
        # Nobody is there any more, and the system says so before it gives what waits.
        here.send(b"report")
        assert [data for data, _, _ in inbox.read(here)] == [b"media"]


def test_a_socket_beside_gets_what_comes_from_one_address_alone(
    sockets: Any, inbox: Inbox, shared: socket.socket
) -> None:
    with sender(shared) as source, sender(shared) as viewer:
        with socket.socket(fileno=beside(sockets, shared, source)) as own:
            assert own.getsockname() == shared.getsockname()
            source.send(b"media")
            viewer.send(b"report")
            ((data, stamp, _),) = inbox.read(own)
            assert (data, stamp > 0) == (b"media", True)
            assert [data for data, _, _ in inbox.read(shared)] == [b"report"]
            assert own.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 200_000
        source.send(b"goodbye")
        assert [data for data, _, _ in inbox.read(shared)] == [b"goodbye"]


def test_nobody_else_can_open_the_port(sockets: Any, shared: socket.socket) -> None:
    with (
        sender(shared) as source,
        socket.socket(fileno=beside(sockets, shared, source)),
        socket.socket(shared.family, socket.SOCK_DGRAM) as other,
    ):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(shared.getsockname())


def test_a_socket_that_cannot_be_opened_is_none(sockets: Any) -> None:
    (shared,) = open_sockets([APART], 0)
    before = handles()
    with shared:
        address = Address()
        # The kernel connects no socket to the broadcast address unasked.
        assert sockets.address_read(ctypes.byref(address), b"255.255.255.255", 9)
        assert sockets.connected_socket_open(shared.fileno(), ctypes.byref(address)) == -1
        assert handles() == before
        assert not shared.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def _some_datagram(random: Random) -> bytes:
    """Often a receiver report with a trailer of about the right size."""
    if random.random() < 0.2:
        return random.randbytes(random.randrange(60))
    words = random.randrange(14)
    first, kind = random.choice((0x80, 0x81, 0xBF, 0x40, 0xC0)), random.choice((201, 201, 200, 206))
    more = words * 4 + random.choice((14, 20, 13, 15, 19, 21, 18, 24))
    return bytes([first, kind]) + words.to_bytes(2, "big") + random.randbytes(more)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_sieve_lets_through_what_pythons_does(
    sockets: Any, inbox: Inbox, family: socket.AddressFamily
) -> None:
    random, passed = Random(1), 0
    with (
        socket.socket(family, socket.SOCK_DGRAM) as by_c,
        socket.socket(family, socket.SOCK_DGRAM) as by_python,
    ):
        for sock in (by_c, by_python):
            sock.bind((APART if family == socket.AF_INET else "::1", 0))
            sock.setblocking(False)
        sockets.bpf_filter_sift(by_c.fileno())
        bpf_filter.attach(by_python)
        with sender(by_c) as to_c, sender(by_python) as to_python:
            for _ in range(100):
                sent = [_some_datagram(random) for _ in range(40)]
                for data in sent:
                    to_c.send(data)
                    to_python.send(data)
                found = [data for data, _, _ in inbox.read(by_c)]
                assert found == [data for data, _, _ in inbox.read(by_python)]
                passed += len(found)
            assert 1_000 < passed < 3_900
            sockets.bpf_filter_pass_all(by_c.fileno())
            sockets.bpf_filter_pass_all(by_c.fileno())
            for data in sent:
                to_c.send(data)
            assert [data for data, _, _ in inbox.read(by_c)] == sent
