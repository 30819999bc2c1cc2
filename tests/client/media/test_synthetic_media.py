import struct

from farmlive.client.media.sdp import VP8
from farmlive.client.media.synthetic_media import (
    FRAME_PACKETS,
    SyntheticStream,
    read_stamp,
    stamp,
    video_payloads,
)


def test_stamp_is_read_back_with_and_without_header_extension() -> None:
    payload = next(iter(video_payloads(True)))[0]
    for transport_cc in (None, 3):
        packet = SyntheticStream(1, VP8, transport_cc).packet(stamp(payload, 1234567890123), True)
        assert read_stamp(packet) == 1234567890123


def test_a_packet_of_someone_else_has_no_stamp() -> None:
    assert read_stamp(bytes([0x80]) + bytes(60)) is None


def test_frame_has_vp8_headers_and_one_marker() -> None:
    payloads = list(video_payloads(True))
    assert [marker for _, marker in payloads] == [False] * (FRAME_PACKETS - 1) + [True]
    first = payloads[0][0]
    assert first[0] == 0x10
    assert first[1] & 1 == 0
    assert first[4:7] == b"\x9d\x01\x2a"
    assert struct.unpack("<HH", first[7:11]) == (1280, 720)
    assert all(payload[0] == 0 for payload, _ in payloads[1:])
    assert next(iter(video_payloads(False)))[0][1] & 1 == 1


def test_sequence_numbers_wrap() -> None:
    stream = SyntheticStream(7, VP8)
    stream.sequence = 0xFFFF
    numbers = [struct.unpack_from("!H", stream.packet(b"x", False), 2)[0] for _ in range(2)]
    assert numbers == [0xFFFF, 0]


def test_sender_report_counts_what_was_sent() -> None:
    stream = SyntheticStream(7, VP8)
    stream.packet(b"12345", True)
    kind, words, ssrc, _, _, packets, octets = struct.unpack("!xBHIQIII", stream.report(1))
    assert (kind, words, ssrc, packets, octets) == (200, 6, 7, 1, 5)
