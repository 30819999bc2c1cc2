"""RTP headers, extensions and counters."""

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as some
from tests.media.support import packets

from farmlive.media.wire import rtp
from farmlive.media.wire.rtp import Packet


def test_aiortc_reads_what_is_written() -> None:
    data = packets.write(Packet(65535, 2**32 - 1, True, b"abc"), 96, 7, padding=5)
    read = RtpPacket.parse(data)
    assert (read.sequence_number, read.timestamp, read.marker) == (65535, 2**32 - 1, 1)
    assert (read.payload_type, read.ssrc, read.payload, read.padding_size) == (96, 7, b"abc", 5)
    assert packets.parse(data).packet == Packet(65535, 2**32 - 1, True, b"abc")


def test_leaves_out_sources_extension_and_padding() -> None:
    data = bytes.fromhex("b26000010000000200000003" + "00000004" * 2)
    data += bytes.fromhex("bede0001" + "52abcdef") + b"payload" + b"\x00\x02"
    received = packets.parse(data)
    assert received.packet == Packet(1, 2, False, b"payload")
    assert received.extension == (0xBEDE, bytes.fromhex("52abcdef"))


def test_finds_an_extension_in_both_forms() -> None:
    one = (0xBEDE, bytes.fromhex("00" + "10ff" + "31abcd" + "0000"))
    assert rtp.extension_value(one, 3) == b"\xab\xcd"
    assert rtp.extension_value(one, 1) == b"\xff"
    assert rtp.extension_value(one, 2) is None
    two = (0x1000, bytes.fromhex("1002abcd" + "0200" + "0000"))
    assert rtp.extension_value(two, 16) == b"\xab\xcd"
    assert rtp.extension_value((0xBEDE, b"\x3f\x00"), 3) is None
    assert rtp.extension_value(None, 3) is None


@pytest.mark.parametrize("hexes", ["", "80", "40" * 12, "9060" + "00" * 10, "a060" + "00" * 10])
def test_refuses_what_is_no_packet(hexes: str) -> None:
    with pytest.raises(rtp.Malformed):
        packets.parse(bytes.fromhex(hexes))


@given(some.binary(max_size=64))
def test_any_datagram_is_read_or_malformed(data: bytes) -> None:
    try:
        received = packets.parse(data)
    except rtp.Malformed:
        return
    assert len(received.packet.payload) <= len(data) - 12
    value = rtp.extension_value(received.extension, 3)
    assert value is None or value in data


def test_counts_across_the_wrap() -> None:
    assert rtp.ahead(1, 65535) == 2
    assert rtp.ahead(65535, 1) == -2
    assert rtp.ahead32(5, 2**32 - 5) == 10
    assert rtp.is_rtcp(bytes.fromhex("80c8"))
    assert not rtp.is_rtcp(bytes.fromhex("80e0"))


def test_ntp_time_goes_there_and_back() -> None:
    assert rtp.seconds(rtp.ntp(1_700_000_000.25)) == 1_700_000_000.25
