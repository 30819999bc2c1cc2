"""An engine that hears anything from anyone: nothing is raised, what is ignored is counted, what
it holds is bounded and goes away, and what a viewer gets is whole.
"""

import asyncio
import gc
import os
import socket
import struct
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
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

from farmlive.media import negotiation, python_engine, rtcp, rtp, stun
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
    """A client's socket, which is never read while the engine runs, and its keys."""

    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.address = self.socket.getsockname()
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

    def received(self) -> Iterator[bytes]:
        while True:
            try:
                yield self.socket.recv(2048)
            except BlockingIOError:
                return


class House:
    """An engine with a publisher on air, a viewer and a stranger. `now` is its time."""

    def __init__(self, session: Recorded) -> None:
        self.engine = PythonEngine()
        self.heard = Heard()
        self.faults: list[Any] = []
        self.fed = 0
        self.now = time.monotonic()
        self.publisher, self.viewer = End("publisher"), End("viewer")
        self.stranger = ("127.0.0.1", 9)
        self.session = session

    async def start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: self.faults.append(what))
        await self.engine.start(self.heard, ["127.0.0.1"], ["127.0.0.1"], 0, None)
        self.port = self.engine._ports.all[0]
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
        self.engine._intake.take(self.port, data, None, address, self.now)
        self.fed += 1

    def after(self, pause: float) -> None:
        """The reading ends, and some time passes."""
        self.engine._upkeep.after_reading(self.now)
        self.now += pause

    async def check(self) -> None:
        """Nothing was raised anywhere, every datagram counts, and little is held."""
        self.after(0)
        await asyncio.sleep(0.012)
        assert self.faults == []
        counts = self.engine.counters()
        assert counts["datagrams_received"] == self.fed
        assert all(count >= 0 for count in counts.values())
        assert counts["datagrams_ignored"] + counts["packets_received"] <= self.fed
        assert len(self.port.peers) <= 16
        publisher = self.engine._peers[self.peers[0]].publisher
        assert publisher is not None
        for track in publisher.tracks:
            assert len(track.missing) <= 400
        assert len(publisher._known) <= 64
        assert len(publisher._repairing) <= 64
        assert len(publisher._arrivals._times) <= 2_000

    def check_received(self) -> None:
        """What the viewer got is whole and of the stream that it was promised."""
        types = payload_types(self.viewing)
        for data in self.viewer.received():
            assert len(data) <= 1_504
            if data[0] < 4:
                assert stun.parse(data).kind == stun.BINDING_SUCCESS
            elif rtp.is_rtcp(data):
                assert list(rtcp.parse(self.viewer.receiving.unprotect_rtcp(data))) is not None
            else:
                got = packets.parse(self.viewer.receiving.unprotect(data))
                assert got.payload_type in types
                assert got.ssrc in (self.ssrcs.video, self.ssrcs.retransmission, self.ssrcs.audio)
                assert got.extension is None
        for data in self.publisher.received():
            assert len(data) <= 1_504
            if data[0] >= 128:
                assert list(rtcp.parse(self.publisher.receiving.unprotect_rtcp(data))) is not None

    async def stop(self) -> None:
        for peer in self.peers:
            self.engine.remove_peer(peer)
        self.engine.remove_output(self.output)
        await self.engine.stop()
        for end in (self.publisher, self.viewer):
            end.socket.close()


def payload_types(viewing: Viewing) -> set[int]:
    each = (*viewing.video.values(), *viewing.audio.values())
    found = {(way.payload_type, way.retransmission, way.red) for way in each}
    return {number for numbers in found for number in numbers if number is not None}


@contextmanager
def plain() -> Iterator[None]:
    with patch.object(python_engine, "Protection", Open):
        yield


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
async def at_home(session: Recorded) -> AsyncIterator[House]:
    house = House(session)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()
    assert house.port.peers == {}
    assert len(house.engine._ice) == 0


async def run(session: Recorded, fed: list[tuple[str, bytes, float]], protected: bool) -> None:
    async with at_home(session) as house:
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


@pytest.mark.parametrize("protected", [False, True], ids=["plain", "protected"])
@pytest.mark.parametrize("session", PUBLISHERS, ids=lambda each: each.name)
async def test_a_recorded_session_is_relayed_whole(session: Recorded, protected: bool) -> None:
    with plain() if not protected else patch.object(python_engine, "Protection", Protection):
        await run(session, [("viewer", data, 0.1) for data in PLAYERS[0].rtcp], protected)


@given(some.data())
def test_any_plain_packet_harms_nobody(data: some.DataObject) -> None:
    session = data.draw(some.sampled_from(PUBLISHERS))
    with plain(), asyncio.Runner() as runner:
        runner.run(run(session, data.draw(feeds(session)), protected=False))


@given(some.data())
def test_any_datagram_harms_nobody(data: some.DataObject) -> None:
    session = data.draw(some.sampled_from(PUBLISHERS))
    with asyncio.Runner() as runner:
        runner.run(run(session, data.draw(feeds(session)), protected=True))


async def test_what_is_gone_leaves_nothing() -> None:
    async with at_home(PUBLISHERS[0]) as house:
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


async def test_feedback_on_very_many_packets_at_once_can_be_sent() -> None:
    async with at_home(PUBLISHERS[0]) as house:
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
        got = [data for data in house.publisher.received() if data[0] >= 128]
        plain_text = [house.publisher.receiving.unprotect_rtcp(data) for data in got]
        assert any(b"\x8f\xcd" in data or b"\xaf\xcd" in data for data in plain_text)
        house.check_received()


async def test_streams_of_retransmission_without_end_are_not_kept() -> None:
    session = next(each for each in PUBLISHERS if "layers" in each.name)
    async with at_home(session) as house:
        _, publishing, _ = negotiation.publish(session.offer, LOCAL)
        video = next(track for track in publishing.tracks if track.kind == "video")
        assert publishing.repaired_rid is not None
        for number in range(500):
            elements = {publishing.repaired_rid: video.layers[0].encode()}
            data = with_extensions(number, number, next(iter(video.retransmissions)), elements)
            house.feed(house.publisher.sending.protect(data), house.publisher.address)
        await house.check()
