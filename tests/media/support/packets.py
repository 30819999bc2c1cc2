"""RTP packets as tests write and read them, one at a time."""

from typing import NamedTuple

from farmlive.media.wire import rtp
from farmlive.media.wire.rtp import HEADER, Packet


class Received(NamedTuple):
    """An RTP packet as it came: `extension` is the profile's bits and the body, or None."""

    payload_type: int
    ssrc: int
    packet: Packet
    extension: tuple[int, bytes] | None


def parse(data: bytes) -> Received:
    """Read an RTP packet; raises Malformed."""
    payload_type, ssrc, sequence, timestamp, marker, payload, extension = rtp.split(data)
    return Received(payload_type, ssrc, Packet(sequence, timestamp, marker, payload), extension)


def write(packet: Packet, payload_type: int, ssrc: int, padding: int = 0) -> bytes:
    """Write a packet, with `padding` bytes of RTP padding at its end."""
    second = payload_type | 128 if packet.marker else payload_type
    if not padding:
        return HEADER.pack(0x80, second, packet.sequence, packet.timestamp, ssrc) + packet.payload
    head = HEADER.pack(0xA0, second, packet.sequence, packet.timestamp, ssrc)
    return head + packet.payload + bytes(padding - 1) + bytes((padding,))
