"""The ring and where a late joiner starts."""

import pytest

from farmlive.media.engine.interface import Incoming
from farmlive.media.engine.python.ingest.ring import SIZE, Ring, starts_in_group
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.wire.rtp import Packet


def put(ring: Ring, packet: Packet, keyframe: bool, now: float) -> bool:
    ring.put(packet)
    return keyframe and ring.begin_group(packet, now)


def packet(sequence: int, timestamp: int = 0) -> Packet:
    return Packet(sequence & 0xFFFF, timestamp, False, b"")


def test_keeps_the_last_packets_only() -> None:
    ring = Ring()
    for sequence in range(65000, 65000 + SIZE + 10):
        put(ring, packet(sequence, sequence), False, 0)
    assert ring.get(65009) is None
    assert ring.get(65010) == packet(65010, 65010)
    assert ring.highest == (65000 + SIZE + 9) & 0xFFFF
    assert not put(ring, packet(64000), True, 0)
    assert ring.get(64000) is None


def test_a_late_packet_fills_its_gap() -> None:
    ring = Ring()
    for sequence in (1, 3):
        put(ring, packet(sequence, sequence), False, 0)
    assert ring.get(2) is None
    put(ring, packet(2, 2), False, 0)
    assert ring.get(2) == packet(2, 2)
    assert ring.highest == 3


def test_a_group_begins_with_the_first_packet_of_the_keyframe() -> None:
    ring = Ring()
    put(ring, packet(10, 100), False, 0)
    assert not put(ring, packet(11, 200), False, 1)
    assert put(ring, packet(12, 200), True, 1)
    assert not put(ring, packet(13, 200), True, 1)
    assert ring.group_start == 11
    put(ring, packet(14, 300), False, 2)
    assert put(ring, packet(15, 400), True, 3)
    assert (ring.group_start, ring.group_time) == (15, 3)


def test_a_frame_begins_one_group_also_with_a_gap_in_it() -> None:
    ring = Ring()
    assert put(ring, packet(1, 5), True, 0)
    ring.put(packet(3, 5))
    assert ring.has_begun(packet(3, 5))
    assert not ring.has_begun(packet(1, 5))
    assert not ring.has_begun(packet(4, 6))


def test_what_says_without_end_that_its_frame_begins_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = 0
    get = Ring.get

    def counted(ring: Ring, number: int) -> Packet | None:
        nonlocal looked
        looked += 1
        return get(ring, number)

    monkeypatch.setattr(Ring, "get", counted)
    track = Track(Incoming("video", 90_000, {96: "VP8"}))
    for number in range(4 * SIZE):
        track.ring.put(packet(number, 5))
        track.begins_group(packet(number, 5), 0)
    assert looked < 3 * 4 * SIZE


def test_a_group_longer_than_the_ring_is_gone() -> None:
    ring = Ring()
    put(ring, packet(0, 0), True, 0)
    for sequence in range(1, SIZE):
        put(ring, packet(sequence, sequence), False, 0)
    assert ring.group_start == 0
    put(ring, packet(SIZE, SIZE), False, 0)
    assert ring.group_start is None


def test_a_group_of_obs_at_its_defaults_is_kept_whole() -> None:
    # 250 frames at 30 a second and 2.5 Mbit/s, in packets of 1,200 bytes, each frame's last one
    # half full.
    frame = 2_500_000 / 8 / 30
    packets = 250 * round(frame / 1200 + 0.5)
    ring = Ring()
    put(ring, packet(0, 0), True, 0.0)
    for sequence in range(1, packets):
        put(ring, packet(sequence, sequence), False, sequence / 300)
    assert ring.group_start == 0
    assert starts_in_group(ring, packets / 300, answers_requests=False)


def test_who_starts_in_the_group() -> None:
    ring = Ring()
    assert not starts_in_group(ring, 0, answers_requests=False)
    put(ring, packet(0, 0), True, 0)
    for sequence in range(1, 300):
        put(ring, packet(sequence, sequence), False, 0)
    assert starts_in_group(ring, 1.0, answers_requests=True), "a second old"
    assert not starts_in_group(ring, 1.1, answers_requests=True), "older and long"
    assert starts_in_group(ring, 99, answers_requests=False), "nobody would send another"
    put(ring, packet(300, 300), True, 10)
    assert starts_in_group(ring, 99, answers_requests=True), "old and short"
