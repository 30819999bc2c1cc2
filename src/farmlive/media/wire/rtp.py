"""RTP packets: the header (RFC 3550, section 5.1), extensions (RFC 8285), sequence arithmetic and
NTP time. Knows no streams and no peers.
"""

import struct
from typing import NamedTuple

HEADER = struct.Struct("!BBHII")
_unpack = HEADER.unpack_from
_NTP_EPOCH_S = 2_208_988_800


class Packet(NamedTuple):
    """One packet of a stream, without its padding, CSRCs and extensions.

    `disposable`: no other frame refers to the packet's frame.
    """

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    disposable: bool = False


class Malformed(ValueError):
    """The datagram is not valid RTP."""


def is_rtcp(data: bytes) -> bool:
    """Return whether a datagram of multiplexed RTP and RTCP is RTCP (RFC 5761, section 4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


Parts = tuple[int, int, int, int, bool, bytes, tuple[int, bytes] | None]
"""Payload type, SSRC, sequence number, timestamp, marker, payload and extension of a packet."""


def split(data: bytes) -> Parts:
    """Parse an RTP packet into a plain tuple, which is faster than an object. Raises Malformed."""
    size = len(data)
    if size < 12:
        raise Malformed("shorter than a header")
    first, second, sequence, timestamp, ssrc = _unpack(data)
    if first == 0x80:
        return second & 127, ssrc, sequence, timestamp, second > 127, data[12:], None
    if first >> 6 != 2:
        raise Malformed("not version 2")
    start = 12 + 4 * (first & 15)
    extension = None
    if first & 0x10:
        if size < start + 4:
            raise Malformed("the extension is cut off")
        profile, words = struct.unpack_from("!HH", data, start)
        body = start + 4
        start = body + 4 * words
        extension = (profile, data[body:start])
    end = size
    if first & 0x20:
        end -= data[-1]
        if data[-1] == 0:
            raise Malformed("padding of no length")
    if start > end:
        raise Malformed("shorter than its header says")
    return second & 127, ssrc, sequence, timestamp, second > 127, data[start:end], extension


def extension_value(extension: tuple[int, bytes] | None, wanted: int) -> bytes | None:
    """Return the value of the extension with this id, or None (RFC 8285, one-byte and two-byte
    form).
    """
    if extension is None:
        return None
    profile, body = extension
    at, size = 0, len(body)
    one_byte = profile == 0xBEDE
    if not one_byte and profile >> 4 != 0x100:
        return None
    while at < size:
        head = body[at]
        if head == 0:
            at += 1
            continue
        if one_byte:
            name, length = head >> 4, (head & 15) + 1
            # Section 4.2: an element of id 15, or of id 0 with a length, ends the parsing.
            if name in (0, 15):
                return None
            at += 1
        else:
            if at + 2 > size:
                return None
            name, length = head, body[at + 1]
            at += 2
        if name == wanted:
            value = body[at : at + length]
            return value if len(value) == length else None
        at += length
    return None


def ahead(a: int, b: int) -> int:
    """Return how far sequence number `a` is after `b`, modulo 2^16: from -32768 to 32767."""
    return ((a - b + 0x8000) & 0xFFFF) - 0x8000


def ahead32(a: int, b: int) -> int:
    """Return how far timestamp `a` is after `b`, modulo 2^32."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def ntp(seconds: float) -> int:
    """Convert seconds since 1970 to a 64-bit NTP time."""
    whole = int(seconds)
    return ((whole + _NTP_EPOCH_S) << 32) | int((seconds - whole) * 2**32)


def seconds(ntp_time: int) -> float:
    """Convert a 64-bit NTP time to seconds since 1970."""
    return (ntp_time >> 32) - _NTP_EPOCH_S + (ntp_time & 0xFFFFFFFF) / 2**32
