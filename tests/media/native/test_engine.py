"""The engine in C behind the engine's calls: by hand, and in a thread of its own."""

import asyncio
import gc
import os
import socket
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pylibsrtp import Policy
from tests.media import packets
from tests.media.test_codecs import MAIN_WITH_B
from tests.waiting import until

from farmlive.media import codecs, stun
from farmlive.media.engine import Credentials, Incoming, Keys, Outgoing, Publishing, Viewing
from farmlive.media.rtp import Packet
from farmlive.media.srtp import Protection

pytest.importorskip("farmlive.media.native._native", reason="the engine in C was not built")

from farmlive.media.native import _native
from farmlive.media.native.engine import NativeEngine
from farmlive.media.native.numbering import CodecNumbers

LOCAL = Credentials("name", "a password of its own")
HERE = ("192.0.2.1", 4000)
VIDEO = Publishing([Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=True, pli=True)])
VIEWING = Viewing({"VP8": Outgoing(96, 97)}, {"OPUS": Outgoing(111)})
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
KEYFRAME = b"\x10\x00\x9d\x01\x2a"


class Told:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *told: self.events.append((name, *told))


class Hand:
    """An engine by hand, whose clock goes on by a hundredth of a second with each datagram."""

    def __init__(self) -> None:
        self.engine, self.told, self.now = NativeEngine(by_hand=True), Told(), 100.0
        self.engine._listener = self.told  # type: ignore[assignment]
        self.relay = self.engine.relay
        self.relay.begin(1_790_000_000.0, self.now)

    def take(self, data: bytes, address: tuple[str, int] = HERE) -> None:
        self.now += 0.01
        self.relay.take(data, -1.0, address, self.now)
        self.engine.hear()

    def secured(self, address: tuple[str, int] = HERE) -> tuple[int, Protection]:
        """A peer at this address with keys, and its end of them."""
        peer = self.engine.add_peer(LOCAL)
        self.take(check(LOCAL), address)
        ours, theirs = os.urandom(28), os.urandom(28)
        self.engine.secure(peer, Keys(GCM, 16, ours, theirs))
        return peer, Protection(Keys(GCM, 16, theirs, ours))


def check(local: Credentials) -> bytes:
    return stun.request(f"{local.ufrag}:theirs", local.password.encode(), bytes(12))


def picture(protection: Protection, payload: bytes, number: int = 1) -> bytes:
    """A frame of one packet, as a publisher sends it."""
    plain = packets.write(Packet(number, number * 3_000, True, payload), 96, 500)
    protected: bytes = protection._transmit.protect(plain)
    return protected


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_check_is_answered_and_told(hand: Hand) -> None:
    peer = hand.engine.add_peer(LOCAL)
    hand.take(check(LOCAL))
    [(to, answer)] = hand.relay.sent()
    assert to == HERE
    assert stun.parse(answer).kind == stun.BINDING_SUCCESS
    assert stun.parse(answer).authentic(LOCAL.password.encode())
    assert hand.told.events == [("reached", peer)]
    hand.take(check(Credentials("name", "another password")))
    assert not [answer for _, answer in hand.relay.sent() if answer[1] == 1]


def test_new_credentials_serve_beside_the_old(hand: Hand) -> None:
    peer, new = hand.engine.add_peer(LOCAL), Credentials("new", "a newer password")
    hand.engine.restart_ice(peer, new)
    hand.take(check(LOCAL))
    hand.take(check(new))
    assert len(hand.relay.sent()) == 2


def test_records_go_both_ways_once_the_address_is_proved(hand: Hand) -> None:
    peer = hand.engine.add_peer(LOCAL)
    hand.engine.send(peer, b"\x16dropped")
    hand.take(b"\x16a stranger's", HERE)
    hand.take(check(LOCAL))
    hand.relay.sent()
    hand.engine.send(peer, b"\x16ours")
    hand.take(b"\x16theirs", HERE)
    assert hand.relay.sent() == [(HERE, b"\x16ours")]
    assert hand.told.events == [("reached", peer), ("dtls", peer, b"\x16theirs")]


def test_a_flood_of_records_takes_nobody_elses_turn(hand: Hand) -> None:
    peers = [hand.engine.add_peer(Credentials(name, "password")) for name in ("one", "other")]
    ways = [(f"192.0.2.{number}", 4000) for number in (1, 2)]
    for name, way in zip(("one", "other"), ways, strict=True):
        hand.take(check(Credentials(name, "password")), way)
    for _ in range(2):
        hand.told.events.clear()
        for _ in range(10_000):
            hand.relay.take(b"\x16", -1.0, ways[0], hand.now)
        hand.relay.take(b"\x16", -1.0, ways[1], hand.now)
        hand.engine.hear()
        told = [peer for _, peer, _ in hand.told.events]
        assert [told.count(peer) for peer in peers] == [64, 1]
    assert hand.engine.counters()["datagrams_ignored"] == 2 * (10_000 - 64)


def test_a_viewer_gets_what_is_on_air(hand: Hand) -> None:
    publisher, camera = hand.secured()
    viewer, screen = hand.secured(("192.0.2.2", 4000))
    output = hand.engine.add_output()
    hand.engine.publish(publisher, VIDEO)
    hand.engine.view(viewer, output, VIEWING)
    hand.engine.put_on_air(output, publisher)
    hand.take(picture(camera, KEYFRAME))
    hand.relay.run(hand.now + 0.05)
    media = [data for to, data in hand.relay.sent() if to == viewer and not 192 <= data[1] <= 223]
    [received] = [packets.parse(screen.unprotect(data)) for data in media]
    assert received.ssrc == hand.engine.ssrcs(output).video
    assert received.packet.payload == KEYFRAME
    assert ("aired", output, publisher) in hand.told.events
    assert hand.engine.watching(viewer) is not None
    assert hand.engine.health(viewer) is None
    assert hand.engine.watching(publisher) is None
    assert hand.engine.health(publisher) is not None
    assert hand.engine.counters()["packets_sent"] == 1


def test_an_objection_is_a_sentence(hand: Hand) -> None:
    peer, camera = hand.secured()
    hand.engine.publish(peer, Publishing([Incoming("video", 90_000, {96: "H264:main"})]))
    hand.take(picture(camera, MAIN_WITH_B))
    hand.relay.run(hand.now + 1)
    hand.relay.run(hand.now + 2)
    hand.engine.hear()
    assert ("objected", peer, codecs.NO_B_FRAMES) in hand.told.events
    health = hand.engine.health(peer)
    assert health is not None
    assert health.objection == codecs.NO_B_FRAMES


def test_sessions_are_kept_until_nobody_uses_them(hand: Hand) -> None:
    peer, _ = hand.secured()
    kept = [weakref.ref(session) for session in hand.engine._sessions[peer]]
    hand.engine.secure(peer, Keys(GCM, 16, os.urandom(28), os.urandom(28)))
    hand.engine.remove_peer(peer)
    gc.collect()
    assert all(session() is not None for session in kept), "it was not told yet"
    hand.engine.hear()
    gc.collect()
    assert [session() for session in kept] == [None, None]


def test_who_comes_and_goes_leaves_nothing(hand: Hand) -> None:
    output = hand.engine.add_output()
    publisher, _ = hand.secured()
    hand.engine.publish(publisher, VIDEO)
    hand.engine.put_on_air(output, publisher)
    for each in range(300):
        peer, _ = hand.secured(("192.0.2.2", 1000 + each))
        hand.engine.view(peer, output, VIEWING)
        hand.engine.remove_peer(peer)
        hand.engine.hear()
    assert list(hand.engine._sessions) == [publisher]
    assert hand.engine._peers == {publisher}


def test_nothing_is_told_of_who_was_removed(hand: Hand) -> None:
    peer = hand.engine.add_peer(LOCAL)
    hand.relay.take(check(LOCAL), -1.0, HERE, hand.now)
    hand.engine.remove_peer(peer)
    hand.engine.hear()
    assert hand.told.events == []


def test_an_output_tells_only_whom_it_was_asked_for_last(hand: Hand) -> None:
    publisher, camera = hand.secured()
    output = hand.engine.add_output()
    hand.engine.publish(publisher, VIDEO)
    hand.engine.put_on_air(output, publisher)
    hand.relay.take(picture(camera, KEYFRAME), -1.0, HERE, hand.now)
    hand.engine.put_on_air(output, None)
    hand.engine.hear()
    assert "aired" not in [name for name, *_ in hand.told.events]
    hand.engine.put_on_air(output, publisher)
    hand.take(picture(camera, KEYFRAME, 2))
    assert ("aired", output, publisher) in hand.told.events


def test_what_is_gone_is_ignored(hand: Hand) -> None:
    engine = hand.engine
    for call in (
        lambda: engine.restart_ice(99, LOCAL),
        lambda: engine.send(99, b"\x16"),
        lambda: engine.secure(99, Keys(GCM, 16, bytes(28), bytes(28))),
        lambda: engine.remove_peer(99),
        lambda: engine.remove_output(99),
        lambda: engine.publish(99, VIDEO),
        lambda: engine.view(99, 98, VIEWING),
        lambda: engine.put_on_air(98, 99),
        lambda: engine.prefer(99, 1),
    ):
        call()
    # Nor does the extension mind.
    for told in (
        lambda: hand.relay.restart_ice(99, b"name", b"password"),
        lambda: hand.relay.send(99, b"\x16"),
        lambda: hand.relay.remove_peer(99),
        lambda: hand.relay.remove_output(99),
        lambda: hand.relay.publish(99, [], -1, -1, -1, 1),
        lambda: hand.relay.view(99, 98, [], [], 0),
        lambda: hand.relay.put_on_air(98, 99),
        lambda: hand.relay.prefer(99, -1),
    ):
        told()
    assert (engine.watching(99), engine.health(99)) == (None, None)
    assert (hand.relay.watching(99), hand.relay.health(99)) == (None, None)
    # Sessions that nobody takes are let go of at once.
    hand.relay.secure(99, 1, 1, 16)
    assert hand.relay.events() == [(_native.EVENT_FREED, 99, 0, 0, b"")]


def track(**changes: Any) -> Any:
    """A track as the extension takes it."""
    fields = {
        "is_video": True,
        "clock_rate": 90_000,
        "codecs": {96: 2},
        "repairs": {},
        "red": {},
        "rids": (),
        "nack": True,
        "pli": True,
    }
    return tuple((fields | changes).values())


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda relay: relay.add_peer(1, b"", b"password"), "user name fragment"),
        (lambda relay: relay.add_peer(1, b"n" * 129, b"password"), "128"),
        (lambda relay: relay.restart_ice(1, b"name", b"p" * 129), "128"),
        (lambda relay: relay.publish(1, [track()] * 5, -1, -1, -1, 1), "at most 4 tracks"),
        (lambda relay: relay.publish(1, [track(codecs={128: 2})], -1, -1, -1, 1), "128"),
        (lambda relay: relay.publish(1, [track(codecs={-1: 2})], -1, -1, -1, 1), "-1"),
        (lambda relay: relay.publish(1, [track(codecs={96: 1 << 16})], -1, -1, -1, 1), "65536"),
        (lambda relay: relay.publish(1, [track(repairs={97: 128})], -1, -1, -1, 1), "128"),
        (lambda relay: relay.publish(1, [track(rids=(b"r" * 256,))], -1, -1, -1, 1), "RID"),
        (lambda relay: relay.publish(1, [track(rids=(b"r",) * 5)], -1, -1, -1, 1), "4 layers"),
        (lambda relay: relay.view(1, 2, [(2, 96, -1, -1)] * 25, [], 0), "at most 24"),
        (lambda relay: relay.view(1, 2, [(2, 128, -1, -1)], [], 0), "128"),
        (lambda relay: relay.view(1, 2, [], [(5, -1, -1, -1)], 0), "-1"),
        (lambda relay: relay.take(bytes(2049), -1.0, HERE, 1.0), "2048"),
        (lambda relay: relay.take(b"", -1.0, ("example.org", 1), 1.0), "example.org"),
    ],
)
def test_what_has_no_room_is_an_error(hand: Hand, call: Callable[[Any], None], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        call(hand.relay)


@pytest.mark.parametrize(
    "call",
    [
        lambda relay: relay.add_peer(1, "name", b"password"),
        lambda relay: relay.send(1, None),
        lambda relay: relay.secure(1, 2, 3),
        lambda relay: relay.publish(1, 5, -1, -1, -1, 1),
        lambda relay: relay.publish(1, [[]], -1, -1, -1, 1),
        lambda relay: relay.publish(1, [()], -1, -1, -1, 1),
        lambda relay: relay.publish(1, [track(codecs={"96": 2})], -1, -1, -1, 1),
        lambda relay: relay.publish(1, [track(rids=("l",))], -1, -1, -1, 1),
        lambda relay: relay.view(1, 2, [(2, 96)], [], 0),
        lambda relay: relay.take(b"", -1.0, "192.0.2.1", 1.0),
        lambda relay: _native.Relay("by_hand"),
    ],
)
def test_what_is_no_such_thing_is_an_error(hand: Hand, call: Callable[[Any], None]) -> None:
    with pytest.raises(TypeError):
        call(hand.relay)


def test_credentials_that_are_too_long_make_no_peer(hand: Hand) -> None:
    with pytest.raises(ValueError, match="128"):
        hand.engine.add_peer(Credentials("n" * 129, "password"))
    assert hand.engine._peers == set()


def test_codecs_have_numbers_that_strangers_cannot_use_up() -> None:
    numbers = CodecNumbers()
    assert numbers.number("VP8") == numbers.number("VP8") == _native.CODEC_VP8
    assert numbers.number("H264:high") & 0xFF == _native.CODEC_H264
    assert numbers.family(numbers.number("H264:high")) == "H264"
    assert numbers.number("H264:high") != numbers.number("H264:main")
    assert numbers.number("") != 0
    strange = {numbers.number(f"VP9:{number}") for number in range(10, 1_000)}
    assert len(strange) == 253
    assert 0 in strange
    assert numbers.number("VP9:2") not in strange
    assert numbers.family(0) is None


# In a thread.


@pytest.fixture(params=[0, 2], ids=["its one thread", "two send threads"])
async def running(request: pytest.FixtureRequest) -> AsyncIterator[tuple[NativeEngine, Told]]:
    engine, told = NativeEngine(request.param), Told()
    await engine.start(told, ["127.0.0.1"], ["203.0.113.7"], 0, 0)  # type: ignore[arg-type]
    yield engine, told
    await engine.stop()


async def test_it_is_reached_by_its_ports(running: tuple[NativeEngine, Told]) -> None:
    engine, told = running
    assert [(each.address, each.protocol) for each in engine.candidates] == [
        ("203.0.113.7", "udp"),
        ("203.0.113.7", "tcp"),
    ]
    udp, tcp = [each.port for each in engine.candidates]
    one, other = engine.add_peer(LOCAL), engine.add_peer(Credentials("other", "password"))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(("127.0.0.1", udp))
        await loop.sock_sendall(sock, check(LOCAL))
        answer = await loop.sock_recv(sock, 2048)
    assert stun.parse(answer).authentic(LOCAL.password.encode())
    reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
    request = check(Credentials("other", "password"))
    writer.write(len(request).to_bytes(2, "big") + request)
    answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    assert stun.parse(answer).kind == stun.BINDING_SUCCESS
    await until(lambda: len(told.events) == 2, "both were told of")
    assert sorted(told.events) == [("reached", one), ("reached", other)]
    assert engine.counters()["datagrams_received"] == 2
    assert engine.counters()["connections_refused"] == 0
    writer.close()
    await writer.wait_closed()


async def test_sessions_come_back_from_the_thread(running: tuple[NativeEngine, Told]) -> None:
    engine, _ = running
    for _ in range(50):
        peer = engine.add_peer(LOCAL)
        engine.secure(peer, Keys(GCM, 16, os.urandom(28), os.urandom(28)))
        engine.remove_peer(peer)
    await until(lambda: not engine._sessions, "all sessions are free")


async def test_what_was_asked_before_the_start_waits_for_it() -> None:
    engine, told = NativeEngine(), Told()
    peer, output = engine.add_peer(LOCAL), engine.add_output()
    engine.publish(peer, VIDEO)
    engine.put_on_air(output, peer)
    assert engine.health(peer) is None
    assert set(engine.counters().values()) == {0}
    await engine.start(told, ["127.0.0.1"], ["127.0.0.1"], 0, None)  # type: ignore[arg-type]
    assert engine.health(peer) is not None
    await engine.stop()


async def test_after_the_end_nothing_happens_and_counts_stay() -> None:
    engine, told = NativeEngine(), Told()
    await engine.start(told, ["127.0.0.1"], ["127.0.0.1"], 0, None)  # type: ignore[arg-type]
    port = engine.candidates[0].port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"nothing that is known", ("127.0.0.1", port))
        await until(lambda: engine.counters()["datagrams_received"], "it was read")
    peer = engine.add_peer(LOCAL)
    await engine.stop()
    assert engine.candidates == []
    assert engine.counters()["datagrams_received"] == 1
    assert (engine.health(peer), engine.watching(peer)) == (None, None)
    engine.remove_peer(engine.add_peer(LOCAL))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))  # it is free again
    with pytest.raises(RuntimeError, match="once"):
        engine.relay.start([], [], 0, 0.0)


async def test_a_taken_port_is_an_error_and_keeps_none_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        engine, told = NativeEngine(), Told()
        start: Any = engine.start
        with pytest.raises(OSError, match=f"TCP port {number} .*FARMLIVE_TCP_PORT"):
            await start(told, ["127.0.0.1"], ["127.0.0.1"], 0, number)
        assert engine.candidates == []
        await start(told, ["127.0.0.1"], ["127.0.0.1"], 0, None)
        await engine.stop()


async def test_a_listener_that_fails_misses_nothing_else(hand: Hand) -> None:
    loop, failures = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    seen: list[int] = []

    class Failing(Told):
        def reached(self, peer: int) -> None:
            seen.append(peer)
            raise LookupError(peer)

    hand.engine.listen(Failing())  # type: ignore[arg-type]
    peers = [hand.engine.add_peer(Credentials(f"name{each}", "password")) for each in range(3)]
    for each in range(3):
        request = check(Credentials(f"name{each}", "password"))
        hand.relay.take(request, -1.0, ("192.0.2.1", 1 + each), hand.now)
    await until(lambda: len(seen) == 3, "all were told of")
    assert seen == peers
    assert [type(each) for each in failures] == [LookupError] * 3
    await hand.engine.stop()


def test_only_a_relay_without_a_thread_is_run_by_hand(hand: Hand) -> None:
    relay = _native.Relay()
    for call in (
        lambda: relay.begin(0.0, 0.0),
        lambda: relay.set_now(0.0),
        lambda: relay.take(b"", -1.0, HERE, 0.0),
        lambda: relay.run(0.0),
        relay.due,
        relay.sent,
        lambda: hand.relay.start([], [], 0, 0.0),
    ):
        with pytest.raises(RuntimeError):
            call()
