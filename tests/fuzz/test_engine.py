"""An engine that hears anything from anyone: nothing is raised, what is ignored is counted, what
it holds is bounded and goes away, and what a viewer gets is whole.
"""

import asyncio
import ctypes
import gc
import os
import socket
import struct
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pylibsrtp import Error, Policy, Session
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.corpus import Session as Recorded
from tests.fuzz.mutants import datagrams, mutants
from tests.fuzz.test_sdp import LOCAL
from tests.media import packets
from tests.waiting import until

from farmlive.media import negotiation, python_engine, rtcp, rtp, srtp, stun
from farmlive.media.engine import Credentials, Keys, Viewing
from farmlive.media.python_engine import PythonEngine
from farmlive.media.srtp import Protection, Unreadable

PUBLISHERS = [each for each in SESSIONS if each.way == "publish"]
PLAYERS = [each for each in SESSIONS if each.way == "play"]
ALL_RTP = [data for each in SESSIONS for data in each.rtp]
ALL_RTCP = [data for each in SESSIONS for data in each.rtcp]
CHECKS = [data for each in SESSIONS for data in each.stun]
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
WORD = some.integers(0, 0xFFFFFFFF)


class Open(Protection):
    """Takes plain packets for protected ones, so that the parsers see any bytes; like SRTP, each
    number of a stream once.
    """

    __slots__ = ("_seen",)

    def __init__(self, keys: Keys) -> None:
        super().__init__(keys)
        self._seen: set[bytes] = set()

    def unprotect(self, data: bytes) -> bytes:
        number = data[2:4] + data[8:12]
        if number in self._seen:
            raise Unreadable("it came before")
        self._seen.add(number)
        return data

    def unprotect_rtcp(self, data: bytes) -> bytes:
        return data


@dataclass
class Heard:
    """What the engine told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.told.append((name, *arguments))


class End:
    """A client: its address, its socket where it has one, and its keys."""

    def __init__(self, name: str, port: int) -> None:
        self.socket: socket.socket | None = None
        self.address = ("127.0.0.1", port)
        self.credentials = Credentials(name, f"the password of {name}")
        self.keys = Keys(GCM, 16, os.urandom(28), os.urandom(28))
        self.sending = self._session(self.keys.receive, Policy.SSRC_ANY_OUTBOUND)
        self.receiving = self._session(self.keys.transmit, Policy.SSRC_ANY_INBOUND)

    @staticmethod
    def _session(key: bytes, direction: int) -> Session:
        policy = Policy(key=key, ssrc_type=direction, srtp_profile=GCM)
        policy.window_size = 1024
        policy.allow_repeat_tx = True
        return Session(policy)

    def check(self, nominate: bool = True) -> bytes:
        key = self.credentials.password.encode()
        name = f"{self.credentials.ufrag}:x"
        return stun.request(name, key, bytes(12), use_candidate=nominate)


class Works(Protocol):
    """An engine whose datagrams and time are given by a test."""

    engine: Any

    async def start(self, heard: Heard, ends: tuple[End, ...], now: float) -> None:
        """Begin."""

    def take(self, data: bytes, address: Any, now: float) -> None:
        """A datagram comes."""

    def run(self, now: float, later: float) -> None:
        """The reading ends, and it is later."""

    async def settle(self, now: float) -> None:
        """Let a moment pass in which all is asked that is to be asked soon."""

    def received(self, end: End, peer: int) -> Iterator[bytes]:
        """What was sent to this end."""

    def check(self, publisher: int) -> None:
        """What it keeps is bounded."""

    async def stop(self) -> None:
        """End."""


class PythonWorks:
    """The engine in Python: over sockets that are never read while it runs."""

    def __init__(self) -> None:
        self.engine = PythonEngine()
        self.faults: list[Any] = []

    async def start(self, heard: Heard, ends: tuple[End, ...], now: float) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: self.faults.append(what))
        await self.engine.start(heard, ["127.0.0.1"], ["127.0.0.1"], 0, None)
        self.port = self.engine._ports.all[0]
        self._ends = ends
        for end in ends:
            end.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            end.socket.bind(("127.0.0.1", 0))
            end.socket.setblocking(False)
            end.address = end.socket.getsockname()

    def take(self, data: bytes, address: Any, now: float) -> None:
        self.engine._intake.take(self.port, data, None, address, now)

    def run(self, now: float, later: float) -> None:
        self.engine._upkeep.after_reading(now)

    async def settle(self, now: float) -> None:
        self.engine._upkeep.after_reading(now)
        await asyncio.sleep(0.012)

    def received(self, end: End, peer: int) -> Iterator[bytes]:
        assert end.socket is not None
        while True:
            try:
                yield end.socket.recv(2048)
            except BlockingIOError:
                return

    def check(self, publisher: int) -> None:
        assert self.faults == []
        found = self.engine._peers[publisher].publisher
        assert found is not None
        for track in found.tracks:
            assert len(track.missing) <= 400
        assert len(found._known) <= 64
        assert len(found._repairing) <= 64
        assert len(found._arrivals._times) <= 2_000

    async def stop(self) -> None:
        await self.engine.stop()
        for end in self._ends:
            assert end.socket is not None
            end.socket.close()

    @staticmethod
    @contextmanager
    def plain() -> Iterator[None]:
        """Plain packets are taken for protected ones."""
        with patch.object(python_engine, "Protection", Open):
            yield


class NativeWorks:
    """The engine in C, by hand. What it keeps lies in arrays, which sanitizers watch."""

    def __init__(self) -> None:
        from farmlive.media.native.engine import NativeEngine

        self.engine = NativeEngine(by_hand=True)
        self._sent: list[tuple[Any, bytes]] = []

    async def start(self, heard: Heard, ends: tuple[End, ...], now: float) -> None:
        self.engine._listener = heard
        self.engine.relay.begin(1_790_000_000.0, now)

    def take(self, data: bytes, address: Any, now: float) -> None:
        self.engine.relay.take(data, -1, address, now)
        self.engine.hear()

    def run(self, now: float, later: float) -> None:
        self.engine.relay.run(later)
        self.engine.hear()

    async def settle(self, now: float) -> None:
        self.run(now, now + 0.012)

    def received(self, end: End, peer: int) -> Iterator[bytes]:
        self._sent += self.engine.relay.sent()
        mine = [data for to, data in self._sent if to in (peer, end.address)]
        self._sent = [each for each in self._sent if each[0] not in (peer, end.address)]
        yield from mine

    def check(self, publisher: int) -> None:
        assert self.engine.census()["peers"] == 2

    async def stop(self) -> None:
        self.engine.hear()
        assert not self.engine._sessions, "nobody uses the keys of those who are gone"
        await self.engine.stop()

    @staticmethod
    @contextmanager
    def plain() -> Iterator[None]:
        """Plain packets are taken for protected ones, each number of a stream once."""
        # The engine gives C the functions of libsrtp when it is imported.
        from farmlive.media.native import _native, engine

        assert engine.NativeEngine.name == "native"
        seen: set[tuple[int, bytes]] = set()

        def take(session: int, data: int, size: Any) -> int:
            head = ctypes.string_at(data, min(size[0], 12))
            number = (session, head[2:4] + head[8:12])
            if number in seen:
                return 9
            seen.add(number)
            return 0

        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)
        )
        media, report = kind(take), kind(lambda session, data, size: 0)
        protect, unprotect, protect_rtcp, unprotect_rtcp = srtp.functions()
        addresses = [ctypes.cast(each, ctypes.c_void_p).value or 0 for each in (media, report)]
        _native.use_srtp(protect, addresses[0], protect_rtcp, addresses[1])
        try:
            yield
        finally:
            _native.use_srtp(protect, unprotect, protect_rtcp, unprotect_rtcp)


Kind = type[PythonWorks] | type[NativeWorks]
on_each = pytest.mark.parametrize(
    "kind",
    [pytest.param(NativeWorks, marks=pytest.mark.native), PythonWorks],
    ids=["native", "python"],
)


class House:
    """An engine with a publisher on air, a viewer and a stranger. `now` is its time."""

    def __init__(self, session: Recorded, kind: Kind) -> None:
        self.works: Works = kind()
        self.engine = self.works.engine
        self.heard = Heard()
        self.fed = 0
        self.now = time.monotonic()
        self.publisher, self.viewer = End("publisher", 4000), End("viewer", 4001)
        self.stranger = ("127.0.0.1", 9)
        self.session = session

    async def start(self) -> None:
        await self.works.start(self.heard, (self.publisher, self.viewer), self.now)
        _, publishing, _ = negotiation.publish(self.session.offer, LOCAL)
        self.output = self.engine.add_output()
        self.ssrcs = self.engine.ssrcs(self.output)
        _, self.viewing, _ = negotiation.view(PLAYERS[0].offer, LOCAL, self.ssrcs, [])
        self.peers = []
        for end in (self.publisher, self.viewer):
            peer = self.engine.add_peer(end.credentials)
            self.peers.append(peer)
            if end is self.publisher:
                self.engine.publish(peer, publishing)
            else:
                self.engine.view(peer, self.output, self.viewing)
            self.feed(end.check(), end.address)
            self.engine.secure(peer, end.keys)
        self.engine.put_on_air(self.output, self.peers[0])

    def feed(self, data: bytes, address: Any) -> None:
        self.works.take(data, address, self.now)
        self.fed += 1

    def after(self, pause: float) -> None:
        """The reading ends, and some time passes."""
        self.works.run(self.now, self.now + pause)
        self.now += pause

    async def check(self) -> None:
        """Nothing was raised anywhere, every datagram counts, and little is held."""
        await self.works.settle(self.now)
        counts = self.engine.counters()
        assert counts["datagrams_received"] == self.fed
        assert all(count >= 0 for count in counts.values())
        assert counts["datagrams_ignored"] + counts["packets_received"] <= self.fed
        assert self.engine.census()["addresses"] <= 16
        self.works.check(self.peers[0])

    def check_received(self) -> None:
        """The viewer got something, all of it whole and of the stream that it was promised."""
        media = 0
        types = payload_types(self.viewing)
        for data in self.works.received(self.viewer, self.peers[1]):
            assert len(data) <= 1_504
            if data[0] < 4:
                assert stun.parse(data).kind == stun.BINDING_SUCCESS
            elif rtp.is_rtcp(data):
                assert list(rtcp.parse(self.viewer.receiving.unprotect_rtcp(data))) is not None
            else:
                media += 1
                got = packets.parse(self.viewer.receiving.unprotect(data))
                assert got.payload_type in types
                assert got.ssrc in (self.ssrcs.video, self.ssrcs.retransmission, self.ssrcs.audio)
                assert got.extension is None
        assert media
        for data in self.heard_by_publisher():
            assert len(data) <= 1_504
            if data[0] >= 128:
                assert list(rtcp.parse(self.publisher.receiving.unprotect_rtcp(data))) is not None

    def heard_by_publisher(self) -> Iterator[bytes]:
        return self.works.received(self.publisher, self.peers[0])

    async def stop(self) -> None:
        for peer in self.peers:
            self.engine.remove_peer(peer)
        self.engine.remove_output(self.output)
        held = {name: count for name, count in self.engine.census().items() if count}
        await self.works.stop()
        assert held == {}


def payload_types(viewing: Viewing) -> set[int]:
    each = (*viewing.video.values(), *viewing.audio.values())
    found = {(way.payload_type, way.retransmission, way.red) for way in each}
    return {number for numbers in found for number in numbers if number is not None}


# What is fed: from whom, which bytes, and how long it is until the next.

PAUSES = some.sampled_from((0.0, 0.0, 0.001, 0.02, 0.1, 1.1))


@some.composite
def renumbered(draw: some.DrawFn, samples: list[bytes]) -> bytes:
    """A recorded packet with other numbers, which all layers but the parser believe."""
    data = draw(some.sampled_from(samples))
    sequence = struct.unpack_from("!H", data, 2)[0]
    sequence += draw(some.integers(-5, 5) | some.integers(-300, 300) | some.integers(0, 0xFFFF))
    timestamp, ssrc = struct.unpack_from("!II", data, 4)
    timestamp = draw(some.just(timestamp) | WORD)
    ssrc = draw(some.sampled_from((ssrc, ssrc, ssrc, 0, 1)) | WORD)
    return data[:2] + struct.pack("!HII", sequence & 0xFFFF, timestamp, ssrc) + data[12:]


@some.composite
def reports(draw: some.DrawFn) -> bytes:
    """RTCP of our own writing with any numbers."""
    ssrc = draw(some.sampled_from((1, 7)) | WORD)
    number = draw(some.integers(0, 0xFFFF))
    span = draw(some.integers(1, 600))
    return draw(
        some.sampled_from(
            (
                rtcp.nack(1, ssrc, [(number + each) & 0xFFFF for each in range(0, span, 3)]),
                rtcp.picture_loss(1, ssrc),
                rtcp.sender_report(
                    rtcp.SenderReport(ssrc, draw(some.integers(0, 2**64 - 1)), number, 1, 2)
                ),
                rtcp.receiver_report(
                    1, [rtcp.ReceiverReport(ssrc, 255, -5, number, number, number, number)] * 31
                ),
            )
        )
    )


def feeds(session: Recorded) -> some.SearchStrategy[list[tuple[str, bytes, float]]]:
    media = list(session.rtp)
    from_publisher = some.one_of(
        some.sampled_from(media),
        renumbered(media),
        mutants(media),
        datagrams(ALL_RTP),
        datagrams(ALL_RTCP),
        reports(),
    )
    from_viewer = some.one_of(datagrams(ALL_RTCP), reports(), datagrams(ALL_RTP))
    anything = some.one_of(
        datagrams(CHECKS), some.binary(max_size=2048), datagrams(ALL_RTP), datagrams(ALL_RTCP)
    )
    one = some.one_of(
        some.tuples(some.just("publisher"), from_publisher, PAUSES),
        some.tuples(some.just("publisher"), from_publisher, PAUSES),
        some.tuples(some.just("viewer"), from_viewer, PAUSES),
        some.tuples(some.sampled_from(("publisher", "viewer", "stranger")), anything, PAUSES),
    )
    return some.lists(one, max_size=40)


def own_streams(data: bytes, ssrcs: tuple[int, ...]) -> bytes:
    """RTCP in which the streams 1 and 7 are those of the output."""
    for number, ssrc in zip((1, 7), ssrcs, strict=False):
        data = data.replace(number.to_bytes(4, "big"), ssrc.to_bytes(4, "big"))
    return data


@asynccontextmanager
async def at_home(session: Recorded, kind: Kind) -> AsyncIterator[House]:
    house = House(session, kind)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


async def run(
    session: Recorded, fed: list[tuple[str, bytes, float]], kind: Kind, protected: bool
) -> None:
    async with at_home(session, kind) as house:
        # It flows, before anything else comes.
        for data in session.rtp:
            sent = house.publisher.sending.protect(data) if protected else data
            house.feed(sent, house.publisher.address)
            house.after(0.005)
        for who, data, pause in fed:
            take(house, who, data, protected)
            house.after(pause)
        await house.check()
        house.check_received()


def take(house: House, who: str, data: bytes, protected: bool) -> None:
    end = {"publisher": house.publisher, "viewer": house.viewer}.get(who)
    if end is None:
        ignored, told = house.engine.counters()["datagrams_ignored"], len(house.heard.told)
        house.feed(data, house.stranger)
        assert house.engine.counters()["datagrams_ignored"] == ignored + 1
        assert len(house.heard.told) == told
        return
    if end is house.viewer:
        data = own_streams(data, (house.ssrcs.video, house.ssrcs.audio))
    # What can't be protected comes as it is.
    with suppress(Error, ValueError):
        if protected:
            is_report = rtp.is_rtcp(data)
            data = (end.sending.protect_rtcp if is_report else end.sending.protect)(data)
    house.feed(data, end.address)


@on_each
@pytest.mark.parametrize("protected", [False, True], ids=["plain", "protected"])
@pytest.mark.parametrize("session", PUBLISHERS, ids=lambda each: each.name)
async def test_a_recorded_session_is_relayed_whole(
    session: Recorded, protected: bool, kind: Kind
) -> None:
    with nullcontext() if protected else kind.plain():
        await run(session, [("viewer", data, 0.1) for data in PLAYERS[0].rtcp], kind, protected)


@on_each
@given(some.data())
def test_any_plain_packet_harms_nobody(kind: Kind, data: some.DataObject) -> None:
    session = data.draw(some.sampled_from(PUBLISHERS))
    with kind.plain(), asyncio.Runner() as runner:
        runner.run(run(session, data.draw(feeds(session)), kind, protected=False))


@on_each
@given(some.data())
def test_any_datagram_harms_nobody(kind: Kind, data: some.DataObject) -> None:
    session = data.draw(some.sampled_from(PUBLISHERS))
    with asyncio.Runner() as runner:
        runner.run(run(session, data.draw(feeds(session)), kind, protected=True))


async def test_what_is_gone_leaves_nothing() -> None:
    """Of the engine in Python; of the one in C each House asks its census."""
    async with at_home(PUBLISHERS[0], PythonWorks) as house:
        for data in house.session.rtp:
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
            house.after(0.01)
        await house.check()
        left = traces(house)
        for peer in house.peers:
            house.engine.remove_peer(peer)
        house.engine.remove_output(house.output)
        house.after(2)
        await until(lambda: not alive(left), "what is under way ends by itself")


def alive(traces: list[weakref.ref[Any]]) -> list[Any]:
    gc.collect()
    return [each() for each in traces if each() is not None]


def traces(house: House) -> list[weakref.ref[Any]]:
    """All that stands for the publisher, the viewer and the output."""
    publisher, viewer = (house.engine._peers[number] for number in house.peers)
    assert publisher.publisher is not None
    assert viewer.viewer is not None
    assert viewer.viewer.epoch is not None
    held = (publisher, viewer, publisher.publisher, viewer.fanout, *publisher.publisher.tracks)
    return [weakref.ref(each) for each in held]


def with_extensions(number: int, ssrc: int, payload_type: int, elements: dict[int, bytes]) -> bytes:
    """A packet whose header extensions are these."""
    body = b"".join(
        bytes((name << 4 | len(value) - 1,)) + value for name, value in elements.items()
    )
    body += bytes(-len(body) & 3)
    head = struct.pack("!BBHII", 0x90, payload_type, number & 0xFFFF, 0, ssrc)
    return head + struct.pack("!HH", 0xBEDE, len(body) // 4) + body + number.to_bytes(2, "big")


@on_each
async def test_feedback_on_very_many_packets_at_once_can_be_sent(kind: Kind) -> None:
    async with at_home(PUBLISHERS[0], kind) as house:
        _, publishing, _ = negotiation.publish(house.session.offer, LOCAL)
        wide = publishing.transport_cc
        video = next(track for track in publishing.tracks if track.kind == "video")
        assert wide is not None
        for number in range(3_000):
            elements = {wide: number.to_bytes(2, "big")}
            # Each seems to come long before the one before it, and every other one is missing.
            data = with_extensions(2 * number, 5, next(iter(video.codecs)), elements)
            house.now += 0.1 if number % 2 else -0.099
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
        house.now = time.monotonic() + 0.2
        await house.check()
        got = [data for data in house.heard_by_publisher() if data[0] >= 128]
        plain_text = [house.publisher.receiving.unprotect_rtcp(data) for data in got]
        assert any(b"\x8f\xcd" in data or b"\xaf\xcd" in data for data in plain_text)
        house.check_received()


@on_each
async def test_streams_of_retransmission_without_end_are_not_kept(kind: Kind) -> None:
    session = next(each for each in PUBLISHERS if "layers" in each.name)
    async with at_home(session, kind) as house:
        _, publishing, _ = negotiation.publish(session.offer, LOCAL)
        video = next(track for track in publishing.tracks if track.kind == "video")
        assert publishing.repaired_rid is not None
        for number in range(500):
            elements = {publishing.repaired_rid: video.layers[0].encode()}
            data = with_extensions(number, number, next(iter(video.retransmissions)), elements)
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
        await house.check()
