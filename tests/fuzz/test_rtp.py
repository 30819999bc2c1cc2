"""RTP packets and their header extensions, from anyone who has a key."""

import struct

import pytest
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams, steps
from tests.media.support import packets

from farmlive.media.engine.python.ingest.rtp_rewrite import Rewriter
from farmlive.media.wire import rtp
from farmlive.media.wire.rtp import Packet
from farmlive.media.wire.sdp import parse as parse_sdp
from farmlive.media.wire.transport_cc import EXTENSION

PACKETS = [data for session in SESSIONS for data in session.rtp]
NUMBERS = some.integers(0, 0xFFFF)
TIMES = some.integers(0, 0xFFFFFFFF)
ANY_PACKET = some.builds(Packet, NUMBERS, TIMES, some.booleans(), some.binary(max_size=200))


def test_the_recorded_packets_are_read_as_aiortc_reads_them() -> None:
    assert PACKETS
    for data in PACKETS:
        received, theirs = packets.parse(data), RtpPacket.parse(data)
        assert (received.payload_type, received.ssrc) == (theirs.payload_type, theirs.ssrc)
        assert received.packet == Packet(
            theirs.sequence_number, theirs.timestamp, bool(theirs.marker), theirs.payload
        )


def test_what_chromium_sends_has_transport_cc_where_it_was_negotiated() -> None:
    sessions = [each for each in SESSIONS if each.name.startswith("chromium publishes")]
    assert sessions
    for session in sessions:
        number = parse_sdp(session.offer).sections[0].extensions[EXTENSION]
        for data in session.rtp:
            value = rtp.extension_value(packets.parse(data).extension, number)
            assert value is not None
            assert len(value) == 2


@given(datagrams(PACKETS))
def test_any_datagram_is_read_within_its_bounds_or_malformed(data: bytes) -> None:
    try:
        received = packets.parse(data)
    except rtp.Malformed:
        return
    packet, extension = received.packet, received.extension
    assert received.payload_type == data[1] & 127
    assert (packet.sequence, packet.timestamp, received.ssrc) == struct.unpack_from("!HII", data, 2)
    start = 12 + 4 * (data[0] & 15)
    if extension is not None:
        assert data[start + 4 :].startswith(extension[1])
        start += 4 + len(extension[1])
    assert start <= len(data)
    assert data[start:].startswith(packet.payload)
    padding = len(data) - start - len(packet.payload)
    assert padding == (data[-1] if data[0] & 0x20 else 0)
    try:
        theirs = RtpPacket.parse(data)
    except ValueError:
        return
    assert theirs.payload == packet.payload


@given(ANY_PACKET, some.integers(0, 127), TIMES, some.integers(0, 255))
def test_a_packet_is_read_as_it_was_written(
    packet: Packet, payload_type: int, ssrc: int, padding: int
) -> None:
    received = packets.parse(packets.write(packet, payload_type, ssrc, padding))
    # Which frames refer to it, its payload says, and not its header.
    assert received == (payload_type, ssrc, packet._replace(disposable=False), None)


@given(datagrams(PACKETS), NUMBERS, TIMES, some.integers(0, 24))
def test_a_rewritten_packet_has_the_same_payload(
    data: bytes, sequence: int, timestamp: int, padding: int
) -> None:
    try:
        received = packets.parse(data)
    except rtp.Malformed:
        return
    rewriter = Rewriter(90_000, sequence, timestamp)
    rewriter.begin(received.packet.sequence, received.packet.timestamp, 1.0)
    mapped = rewriter.map(received.packet, 1.0)
    assert mapped is not None
    again = packets.parse(packets.write(mapped, 96, 7, padding))
    assert (again.payload_type, again.ssrc) == (96, 7)
    assert again.packet.payload == received.packet.payload
    assert again.packet.marker == received.packet.marker
    assert again.packet.sequence == (sequence + 1) & 0xFFFF


@given(NUMBERS, some.binary(max_size=64), some.integers(0, 255))
def test_any_extension_has_a_value_within_it_or_none(
    profile: int, body: bytes, wanted: int
) -> None:
    for each in (profile, 0xBEDE, 0x1000):
        value = rtp.extension_value((each, body), wanted)
        assert value is None or value in body


@pytest.mark.parametrize(
    ("profile", "ids", "least", "most"), [(0xBEDE, 14, 1, 16), (0x1000, 255, 0, 255)]
)
@given(data=some.data())
def test_extensions_are_read_as_they_were_written(
    profile: int, ids: int, least: int, most: int, data: some.DataObject
) -> None:
    values = data.draw(
        some.dictionaries(
            some.integers(1, ids), some.binary(min_size=least, max_size=most), max_size=6
        )
    )
    body = b""
    for name, value in values.items():
        body += bytes(data.draw(some.integers(0, 3)))
        if profile == 0xBEDE:
            body += bytes((name << 4 | len(value) - 1,)) + value
        else:
            body += bytes((name, len(value))) + value
    body += bytes(-len(body) & 3)
    head = struct.pack("!BBHII", 0x90, 96, 1, 2, 3) + struct.pack("!HH", profile, len(body) // 4)
    extension = packets.parse(head + body + b"payload").extension
    for name in range(1, ids + 1):
        assert rtp.extension_value(extension, name) == values.get(name)


def test_an_element_of_id_0_with_a_length_ends_the_extension() -> None:
    # RFC 8285, section 4.2.
    body = bytes.fromhex("10aa" + "02010203" + "31abcd")
    assert rtp.extension_value((0xBEDE, body), 1) == b"\xaa"
    assert rtp.extension_value((0xBEDE, body), 3) is None


def test_the_work_grows_with_the_size() -> None:
    def cost(elements: int) -> int:
        body = bytes((0x10, 0xAA)) * elements
        return steps(lambda: rtp.extension_value((0xBEDE, body), 2))

    assert cost(16_000) < 4.2 * cost(4_000)
