"""RTCP packets that a relay reads and writes: SR, RR, SDES (RFC 3550), NACK, PLI (RFC 4585), FIR
(RFC 5104), REMB (draft-alvestrand-rmcat-remb-03), reference times (RFC 3611). transport_cc.py has
transport-cc.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SR, RR, SDES, RTPFB, PSFB, XR = 200, 201, 202, 205, 206, 207
_NACK, _PLI, _FIR, _ALFB = 1, 1, 4, 15
_RRTR, _DLRR = 4, 5
# Of a plain packet, in bytes; with SRTCP it is below every path's MTU.
_LARGEST = 1_200
# The missing numbers of one datagram that are read, in however many NACKs they are.
MISSING_MOST = 100
# A REMB can exceed a signed 64-bit integer.
_MOST_BITRATE = 2**63 - 1


class Malformed(ValueError):
    """The datagram is not valid RTCP."""


@dataclass(slots=True, frozen=True)
class SenderReport:
    """A sender report on one stream: RTP time `timestamp` was NTP time `ntp`."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int


@dataclass(slots=True, frozen=True)
class ReceiverReport:
    """A report block on one stream; `lost` is the fraction of 256, `delay` in 1/65536 s."""

    ssrc: int
    lost: int
    total_lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(slots=True, frozen=True)
class Nack:
    """The missing packets of the stream."""

    ssrc: int
    missing: tuple[int, ...]


@dataclass(slots=True, frozen=True)
class KeyframeRequest:
    """A PLI or FIR for the stream."""

    ssrc: int


@dataclass(slots=True, frozen=True)
class Estimate:
    """A receiver's bandwidth estimate (REMB), in bits per second."""

    bitrate: int


@dataclass(slots=True, frozen=True)
class ReferenceTime:
    """A receiver's reference time, the middle 32 bits of its NTP time; `ssrc` is its own."""

    ssrc: int
    middle: int


@dataclass(slots=True, frozen=True)
class ReferenceReply:
    """A sender's reply (DLRR) to the reference time of receiver `ssrc`: the middle 32 bits of that
    time, and how long ago it came, in 1/65536 s.
    """

    ssrc: int
    last: int
    delay: int


Report = (
    SenderReport
    | ReceiverReport
    | Nack
    | KeyframeRequest
    | Estimate
    | ReferenceTime
    | ReferenceReply
)
# The size of an extended report with nothing but a reference time.
_REFERENCE_TIME = 20


def is_receiver_report_alone(data: bytes, trailer: int, *, timed: bool = False) -> bool:
    """Return whether a protected packet is one receiver report and nothing more.

    Its header is in plain text; `trailer` is what protection adds. With `timed`, a report followed
    by as many bytes as a reference time has counts too: for receivers that are known to add one to
    each report.
    """
    if len(data) < 8 or data[1] != RR:
        return False
    more = len(data) - trailer - 4 - 4 * int.from_bytes(data[2:4], "big")
    return more == 0 or (timed and more == _REFERENCE_TIME)


def parse(data: bytes) -> Iterator[Report]:
    """Parse a compound packet; yield its reports and skip unsupported ones.

    Raises Malformed at the first part that can't be parsed.
    """
    at, size, missing_left = 0, len(data), MISSING_MOST
    while at < size:
        if at + 4 > size:
            raise Malformed("a header is cut off")
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > size:
            raise Malformed("not an RTCP packet")
        count = first & 31
        padding = data[end - 1] if first & 0x20 else 0
        # Padding may have any length: transport-cc is padded by less than a word, by libwebrtc and
        # by us.
        if padding > 4 * words or (first & 0x20 and not padding):
            raise Malformed("padding of a wrong length")
        body = data[at + 4 : end - padding]
        try:
            if kind == RTPFB and count == _NACK:
                if (nack := _nack(body, missing_left)) is not None:
                    missing_left -= len(nack.missing)
                    yield nack
            else:
                yield from _parse_one(kind, count, body)
        except struct.error:
            raise Malformed("a report is cut off") from None
        at = end


def parts(data: bytes) -> Iterator[bytes]:
    """Cut a compound packet of our own into datagrams.

    Those after the first begin without a report (reduced-size RTCP, RFC 5506).
    """
    first = at = 0
    while len(data) - first > _LARGEST:
        end = at + 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
        if end - first > _LARGEST and at > first:
            yield data[first:at]
            first = at
        if end >= len(data):
            break
        at = end
    yield data[first:]


def _nack(body: bytes, most: int) -> Nack | None:
    """Return the first `most` missing numbers; None if that is none."""
    (ssrc,) = struct.unpack_from("!I", body, 4)
    if not most:
        return None
    missing: list[int] = []
    for at in range(8, len(body) - 3, 4):
        first, mask = struct.unpack_from("!HH", body, at)
        missing.append(first)
        while mask:
            low = mask & -mask
            missing.append((first + low.bit_length()) & 0xFFFF)
            mask ^= low
        if len(missing) >= most:
            break
    return Nack(ssrc, tuple(missing[:most]))


def _parse_one(kind: int, count: int, body: bytes) -> Iterator[Report]:
    if kind == SR:
        ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
        yield SenderReport(ssrc, ntp, timestamp, packets, octets)
        yield from _blocks(body, 24, count)
    elif kind == RR:
        yield from _blocks(body, 4, count)
    elif kind == PSFB and count == _PLI:
        yield KeyframeRequest(struct.unpack_from("!I", body, 4)[0])
    elif kind == PSFB and count == _FIR:
        # The media SSRC of a FIR is 0; each entry names its stream.
        for at in range(8, len(body) - 7, 8):
            yield KeyframeRequest(struct.unpack_from("!I", body, at)[0])
    elif kind == PSFB and count == _ALFB and body[8:12] == b"REMB":
        (value,) = struct.unpack_from("!I", body, 12)
        yield Estimate(min((value & 0x3FFFF) << (value >> 18 & 0x3F), _MOST_BITRATE))
    elif kind == XR:
        yield from _extended(body)


def _extended(body: bytes) -> Iterator[ReferenceTime | ReferenceReply]:
    """Yield reference times and replies to them from extended reports (RFC 3611, sections 4.4,
    4.5).
    """
    at = 4
    while at + 4 <= len(body):
        kind, _, words = struct.unpack_from("!BBH", body, at)
        end = at + 4 + 4 * words
        if kind == _RRTR and words == 2 and end <= len(body):
            (ssrc,) = struct.unpack_from("!I", body)
            yield ReferenceTime(ssrc, *struct.unpack_from("!I", body, at + 6))
        elif kind == _DLRR:
            for sub in range(at + 4, min(end, len(body)) - 11, 12):
                yield ReferenceReply(*struct.unpack_from("!III", body, sub))
        at = end


def _blocks(body: bytes, start: int, count: int) -> Iterator[ReceiverReport]:
    for index in range(count):
        ssrc, loss, highest, jitter, last, delay = struct.unpack_from(
            "!IIIIII", body, start + 24 * index
        )
        total = loss & 0xFFFFFF
        if total & 0x800000:
            total -= 1 << 24
        yield ReceiverReport(ssrc, loss >> 24, total, highest, jitter, last, delay)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_report(report: SenderReport) -> bytes:
    """Write a sender report without report blocks."""
    body = struct.pack(
        "!IQIII",
        report.ssrc,
        report.ntp,
        report.timestamp,
        report.packets & 0xFFFFFFFF,
        report.octets & 0xFFFFFFFF,
    )
    return _packet(SR, 0, body)


def receiver_report(own_ssrc: int, reports: Iterable[ReceiverReport]) -> bytes:
    """Write a receiver report of at most 31 streams."""
    body = struct.pack("!I", own_ssrc)
    count = 0
    for report in reports:
        total = max(-0x800000, min(0x7FFFFF, report.total_lost)) & 0xFFFFFF
        body += struct.pack(
            "!IIIIII",
            report.ssrc,
            (min(255, report.lost) << 24) | total,
            report.highest & 0xFFFFFFFF,
            report.jitter & 0xFFFFFFFF,
            report.last_report,
            report.delay,
        )
        count += 1
    return _packet(RR, count, body)


def reference_time(own_ssrc: int, ntp: int) -> bytes:
    """Write an extended report with a receiver's reference time (RFC 3611, section 4.4)."""
    return _packet(XR, 0, struct.pack("!IBBHQ", own_ssrc, _RRTR, 0, 2, ntp))


def reference_reply(own_ssrc: int, reply: ReferenceReply) -> bytes:
    """Write an extended report that answers a reference time (RFC 3611, section 4.5)."""
    block = struct.pack("!BBHIII", _DLRR, 0, 3, reply.ssrc, reply.last, reply.delay)
    return _packet(XR, 0, own_ssrc.to_bytes(4, "big") + block)


def source_description(ssrcs: Iterable[int], cname: str) -> bytes:
    """Write an SDES with the CNAME of each stream: equal CNAMEs mean that streams belong
    together.
    """
    name = cname.encode()
    body, count = b"", 0
    for ssrc in ssrcs:
        chunk = struct.pack("!IBB", ssrc, 1, len(name)) + name
        body += chunk + bytes(4 - len(chunk) % 4)
        count += 1
    return _packet(SDES, count, body)


def nack(own_ssrc: int, ssrc: int, missing: Iterable[int]) -> bytes:
    """Write a generic NACK; `missing` is in the order of the stream."""
    body = struct.pack("!II", own_ssrc, ssrc)
    first, mask = -1, 0
    for sequence in missing:
        distance = (sequence - first) & 0xFFFF
        if first >= 0 and 1 <= distance <= 16:
            mask |= 1 << (distance - 1)
            continue
        if first >= 0:
            body += struct.pack("!HH", first, mask)
        first, mask = sequence, 0
    if first >= 0:
        body += struct.pack("!HH", first, mask)
    return _packet(RTPFB, _NACK, body)


def picture_loss(own_ssrc: int, ssrc: int) -> bytes:
    """Write a PLI."""
    return _packet(PSFB, _PLI, struct.pack("!II", own_ssrc, ssrc))
