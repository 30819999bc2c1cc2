import ctypes
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Self

import pytest
from pylibsrtp import Policy, Session
from scripts.benches import audience
from scripts.benches.audience import Audience, Counts, Joined
from tests.support.waiting import until

from farmlive.client.media import rtp_peer, stun
from farmlive.client.media.sdp import OPUS, VP8, VP8_RTX
from farmlive.client.media.synthetic_media import (
    SyntheticStream,
    audio_payload,
    stamp,
    video_payloads,
)

GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
KEY, BACK = os.urandom(28), os.urandom(28)
CHECK = stun.check("far", "near", "password", 1)


def session(key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=GCM)
    policy.allow_repeat_tx = True
    return Session(policy)


class Far:
    """The server's end of one viewer, which has joined."""

    def __init__(self, crowd: Audience, early: bytes = b"") -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.protection = session(KEY, Policy.SSRC_ANY_OUTBOUND)
        self.opening = session(BACK, Policy.SSRC_ANY_INBOUND)
        viewer = rtp_peer._udp_socket()
        for each in (self.sock, viewer):
            each.bind(("127.0.0.1", 0))
        self.sock.connect(viewer.getsockname())
        viewer.connect(self.sock.getsockname())
        crowd.take(
            Joined(
                viewer,
                session(KEY, Policy.SSRC_ANY_INBOUND),
                session(BACK, Policy.SSRC_ANY_OUTBOUND),
                CHECK,
                time.monotonic_ns(),
                bytearray(early),
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.sock.send(self.protection.protect(packet))


@pytest.fixture(scope="module")
def library() -> Iterator[ctypes.CDLL]:
    with audience.compiled_library() as compiled_library:
        yield compiled_library


@pytest.fixture
def crowd(library: ctypes.CDLL) -> Iterator[Audience]:
    made = Audience(library, "", 10)
    yield made
    made.close()


@pytest.fixture
def far(crowd: Audience) -> Iterator[Far]:
    with Far(crowd) as made:
        yield made


def video(count: int = 6, key_frame: bool = True) -> list[bytes]:
    stream = SyntheticStream(7, VP8)
    found: list[bytes] = []
    while len(found) < count:
        for payload, marker in video_payloads(key_frame):
            found.append(stream.packet(stamp(payload, time.monotonic_ns()), marker))
    return found[:count]


async def counted(crowd: Audience, **expected: int) -> Counts:
    def there() -> bool:
        counts = crowd.read()[0]
        return all(getattr(counts, name) == value for name, value in expected.items())

    await until(there, f"{expected}")
    return crowd.read()[0]


async def test_what_comes_as_it_should_is_counted(crowd: Audience, far: Far) -> None:
    far.send(*video(12))
    sound = SyntheticStream(8, OPUS)
    far.send(sound.packet(stamp(audio_payload(), time.monotonic_ns()), False))
    counts = await counted(crowd, packets=13)
    assert (counts.lost, counts.wrong) == (0, 0)


async def test_a_gap_is_lost(crowd: Audience, far: Far) -> None:
    packets = video(6)
    far.send(*packets[:2], *packets[4:])
    counts = await counted(crowd, packets=4)
    assert (counts.lost, counts.wrong) == (2, 0)


async def test_what_comes_late_is_out_of_order_and_not_lost(crowd: Audience, far: Far) -> None:
    packets = video(6)
    far.send(packets[0], packets[2], packets[1], *packets[3:])
    counts = await counted(crowd, packets=6)
    assert (counts.lost, counts.disordered) == (0, 1)


async def test_what_comes_twice_is_repeated(crowd: Audience, far: Far) -> None:
    packets = video(3)
    far.send(*packets, packets[1])
    counts = await counted(crowd, packets=3, repeated=1)
    assert counts.lost == 0


async def test_one_changed_bit_is_seen(crowd: Audience, far: Far) -> None:
    packets = video(3)
    far.send(packets[0])
    whole = far.protection.protect(packets[1])
    far.sock.send(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])
    far.send(packets[2])
    counts = await counted(crowd, packets=2, undecipherable=1)
    assert counts.lost == 1


async def test_a_repair_is_no_packet_of_its_own(crowd: Audience, far: Far) -> None:
    far.send(*video(2), SyntheticStream(9, VP8_RTX).packet(bytes(100), False))
    assert (await counted(crowd, repairs=1)).packets == 2


async def test_a_gap_before_the_measure_is_forgiven_when_told(crowd: Audience, far: Far) -> None:
    packets = video(6)
    far.send(*packets[:2])
    await counted(crowd, packets=2)
    crowd.measure(after_a_gap=True)
    far.send(*packets[4:])
    assert (await counted(crowd, packets=2)).lost == 0


async def test_a_gap_between_measures_is_lost(crowd: Audience, far: Far) -> None:
    packets = video(6)
    far.send(*packets[:2])
    await counted(crowd, packets=2)
    crowd.measure()
    far.send(*packets[4:])
    assert (await counted(crowd, packets=2)).lost == 2


async def test_what_came_while_it_joined_is_taken(crowd: Audience) -> None:
    protection, early = session(KEY, Policy.SSRC_ANY_OUTBOUND), b""
    for packet in video(6):
        whole = protection.protect(packet)
        early += (
            struct.pack("=qI", time.monotonic_ns() + rtp_peer.clock_offset_ns(), len(whole)) + whole
        )
    with Far(crowd, early):
        assert (await counted(crowd, packets=6)).lost == 0


async def test_the_first_whole_key_frame_is_timed(crowd: Audience, far: Far) -> None:
    packets = video(18)
    far.send(*video(6, key_frame=False))
    await counted(crowd, packets=6)
    with pytest.raises(TimeoutError):
        await crowd.first_frames_ms(0, limit_s=0.1)
    # One key frame with a gap, and a whole one.
    far.send(*packets[7:9], *packets[10:12])
    await counted(crowd, packets=10)
    with pytest.raises(TimeoutError):
        await crowd.first_frames_ms(0, limit_s=0.1)
    far.send(*packets[12:])
    (found_ms,) = await crowd.first_frames_ms(0)
    assert found_ms > 200


async def test_delays_are_of_those_who_were_there(crowd: Audience, far: Far) -> None:
    packets = video(6)
    far.send(packets[0])
    await counted(crowd, packets=1)
    assert crowd.read()[1] == [0, 0]
    crowd.measure()
    sent = SyntheticStream(8, OPUS)
    late_ns = 40_000_000
    for _ in range(3):
        late_stamp = time.monotonic_ns() - late_ns
        far.send(sent.packet(stamp(audio_payload(), late_stamp), False))
    await counted(crowd, packets=3)
    p50, p99 = crowd.read()[1]
    assert late_ns <= p50 <= p99 < late_ns + 1_000_000_000


async def test_what_is_dropped_by_the_kernel_never_comes(crowd: Audience, far: Far) -> None:
    packets = video(6)
    crowd.drop(True)
    far.send(*packets[:3])
    crowd.drop(False)
    far.send(*packets[3:])
    assert (await counted(crowd, packets=3)).lost == 0


async def test_reports_open_with_the_viewers_key(crowd: Audience, far: Far) -> None:
    far.send(*video(1))
    received: list[bytes] = []

    def heard() -> bool:
        try:
            while data := far.sock.recv(2048):
                received.append(data)
        except BlockingIOError:
            pass
        return len(received) >= 3

    await until(heard, "reports and a check")
    reports = [far.opening.unprotect_rtcp(each) for each in received if each[0] >= 128]
    assert reports
    assert {each[1] for each in reports} == {201}


async def test_checks_are_sent_and_their_answers_counted(crowd: Audience, far: Far) -> None:
    def check() -> bytes | None:
        try:
            data = far.sock.recv(2048)
        except BlockingIOError:
            return None
        return data if data == CHECK else None

    reply = stun.success_response(await until(check, "a check"), ("127.0.0.1", 1), "password")
    assert reply is not None
    far.sock.send(reply)
    await counted(crowd, checks_sent=1, checks_answered=1)
