"""An audience: what leaves in one call arrives at each as the packets that went in."""

import ctypes
import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from pylibsrtp import Policy, Session
from tests.media.support import scripted_peers
from tests.media.support.packets import write
from tests.support.free_ports import APART
from tests.support.waiting import LONG_S

from farmlive.media.engine.interface import Keys
from farmlive.media.engine.python import send_group as audience_module
from farmlive.media.engine.python.link.slow_viewer import Backpressure
from farmlive.media.engine.python.net.gso_batch import cut_batches
from farmlive.media.engine.python.net.send_queue import Frame
from farmlive.media.engine.python.send_group import SendGroup
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire.framing import Deframer
from farmlive.media.wire.rtp import Packet

PROFILES = [
    (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
    (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
]
GCM = PROFILES[0]


def packets(*sizes: int, first: int = 0) -> list[bytes]:
    return [
        write(Packet(number, 9, False, bytes((number % 256,)) * size), 96, 7)
        for number, size in enumerate(sizes, first)
    ]


@dataclass
class Hearer:
    """A member of an audience, and the other end of it."""

    protection: Protection
    session: Session
    sock: socket.socket
    address: Any
    backpressure: Backpressure = field(default_factory=Backpressure)
    sound: frozenset[int] = frozenset()

    def hear(self, count: int) -> list[bytes]:
        return [self.session.unprotect(self.sock.recv(2048)) for _ in range(count)]


@pytest.fixture
def here() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        yield sock


@pytest.fixture
def hall() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def hearer(
    hall: ExitStack, profile: tuple[int, int, int] = GCM, family: int = socket.AF_INET
) -> Hearer:
    number, length, tag = profile
    key = os.urandom(length)
    theirs = Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=number)
    sock = hall.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    sock.bind((APART if family == socket.AF_INET else "::1", 0))
    sock.settimeout(LONG_S)
    protection = Protection(Keys(number, tag, key, os.urandom(length)))
    return Hearer(protection, Session(theirs), sock, sock.getsockname())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("together", [True, False])
def test_each_hears_every_packet_under_its_own_key(
    here: socket.socket,
    hall: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
    profile: tuple[int, int, int],
    together: bool,
) -> None:
    if not together:
        monkeypatch.setattr(audience_module, "_sendmmsg", None)
    sent = packets(1000, 1000, 1000, 20, 5)
    hearers = [hearer(hall, profile) for _ in range(50)]
    audience = SendGroup(here, hearers)
    assert [audience.send(run) for run in cut_batches(sent)] == [0, 0]
    for each in hearers:
        assert each.hear(5) == sent


def test_over_ipv6(hall: ExitStack) -> None:
    here = hall.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
    one = hearer(hall, family=socket.AF_INET6)
    sent = packets(1000, 300)
    (run,) = cut_batches(sent)
    assert SendGroup(here, (one,)).send(run) == 0
    assert one.hear(2) == sent


@pytest.mark.parametrize("number", [errno.EMSGSIZE, errno.EINVAL, errno.EIO])
def test_where_segmentation_fails_each_packet_leaves_alone(
    here: socket.socket, hall: ExitStack, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    hearers = [hearer(hall) for _ in range(3)]
    narrow = hearers[1]
    real = audience_module._sendmmsg
    calls = 0

    def narrow_route(*arguments: Any) -> int:
        # The first message of the second call is the one that the route does not take.
        nonlocal calls
        calls += 1
        if calls == 2:
            ctypes.set_errno(number)
            return -1
        handle, messages, count, flags = arguments
        return int(real(handle, messages, 1 if calls == 1 else count, flags))

    monkeypatch.setattr(audience_module, "_sendmmsg", narrow_route)
    audience = SendGroup(here, hearers)
    first, second = packets(1000, 1000, 300), packets(800, 800, first=3)
    for sent in (first, second):
        (run,) = cut_batches(sent)
        assert audience.send(run) == 0
    assert [each.protection.segmented for each in hearers] == [True, False, True]
    assert narrow.hear(5) == first + second
    for each in hearers:
        if each is not narrow:
            assert each.hear(5) == first + second


def test_who_moves_from_a_route_without_segments_gets_runs_again(here: socket.socket) -> None:
    viewer, _ = scripted_peers.viewer(1)
    viewer.protection.segmented = False
    viewer.set_path(here, ("192.0.2.1", 4000), 0.0)
    assert viewer.protection.segmented


def test_a_full_buffer_is_a_counted_loss_and_no_error(
    here: socket.socket, hall: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        ctypes.set_errno(errno.EAGAIN)
        return -1

    monkeypatch.setattr(audience_module, "_sendmmsg", full)
    hearers = [hearer(hall) for _ in range(2)]
    audience = SendGroup(here, hearers)
    (run,) = cut_batches(packets(1000, 1000))
    assert audience.send(run) == 4
    assert all(each.protection.segmented for each in hearers)
    (single,) = cut_batches(packets(1000, first=2))
    assert audience.send(single) == 2
    assert [each.backpressure.dropped for each in hearers] == [3, 3]
    assert audience.fallen == []
    for number in range(20):
        (run,) = cut_batches(packets(1000, 1000, first=3 + 2 * number))
        audience.send(run)
    assert audience.fallen == hearers


def test_a_single_packet_that_a_route_refuses_is_lost_for_that_peer_alone(
    here: socket.socket, hall: ExitStack
) -> None:
    hearers = [hearer(hall) for _ in range(2)]
    # A datagram to port 0 is refused by the kernel.
    hearers[0].address = ("127.0.0.1", 0)
    (run,) = cut_batches(packets(100))
    assert SendGroup(here, hearers).send(run) == 1
    assert hearers[1].hear(1) == packets(100)


def test_what_cannot_be_encrypted_is_never_sent(
    here: socket.socket, hall: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    hearers = [hearer(hall) for _ in range(2)]
    real = audience_module._protect
    broken = hearers[0].protection.transmit

    def failing(session: object, packet: object, length: object) -> int:
        return 1 if session is broken else int(real(session, packet, length))

    monkeypatch.setattr(audience_module, "_protect", failing)
    sent = packets(1000, 1000)
    (run,) = cut_batches(sent)
    assert SendGroup(here, hearers).send(run) == 2
    assert hearers[1].hear(2) == sent
    hearers[0].sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        hearers[0].sock.recv(2048)


class Stream:
    """An outlet that keeps what it is given, and drops as many packets as it is told to."""

    def __init__(self) -> None:
        self.frames: dict[Any, list[Frame]] = {}
        self.drops: dict[Any, int] = {}

    def write(self, frames: Sequence[Frame], address: Any, now: float) -> int:
        self.frames.setdefault(address, []).extend(frames)
        return self.drops.get(address, 0)

    def queued_bytes(self, address: Any) -> int:
        return 0


def test_who_is_on_a_stream_gets_the_same_packets_framed(hall: ExitStack) -> None:
    hearers, stream = [hearer(hall) for _ in range(3)], Stream()
    sent = packets(1000, 1000, 400)
    audience = SendGroup(stream, hearers)
    assert sum(audience.send(run) for run in cut_batches(sent)) == 0
    for each in hearers:
        data = b"".join(frame.data for frame in stream.frames[each.address])
        got = Deframer().feed(data)
        assert [each.session.unprotect(packet) for packet in got] == sent


def test_who_falls_behind_on_a_stream_hears_on_and_costs_the_others_nothing(
    hall: ExitStack,
) -> None:
    slow, quick = hearer(hall), hearer(hall)
    slow.sound = quick.sound = frozenset({111})
    picture = packets(1000, 1000)
    sound = [write(Packet(5, 9, True, b"sound"), 111, 8)]
    stream = Stream()
    stream.drops[slow.address] = 2
    audience = SendGroup(stream, [slow, quick])
    (run,) = cut_batches(picture)
    assert audience.send(run) == 2
    assert audience.fallen == [slow]
    assert (slow.backpressure.dropped, quick.backpressure.dropped) == (2, 0)
    stream.drops.clear()
    stream.frames.clear()
    for run in cut_batches([*packets(1000, 1000, first=2), *sound]):
        audience.send(run)
    assert slow.backpressure.dropped == 4
    assert [frame.video for frame in stream.frames[slow.address]] == [False]
    assert [frame.video for frame in stream.frames[quick.address]] == [True, True, False]
    assert audience.fallen == [slow]
