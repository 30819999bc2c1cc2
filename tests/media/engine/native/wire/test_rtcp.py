"""RTCP in C reads and writes what it does in Python."""

import ctypes
from collections.abc import Callable
from ctypes import Structure, Union, byref, c_bool, c_int, c_int32, c_size_t, c_uint8, c_uint16
from ctypes import c_uint32 as word
from ctypes import c_uint64 as long
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams

from farmlive.media.wire import rtcp

PACKETS = [data for session in SESSIONS for data in session.rtcp]
MISSING_MOST = 100
WORD = some.integers(0, 0xFFFFFFFF)
LONG = some.integers(0, 2**64 - 1)
NUMBER = some.integers(0, 0xFFFF)
SENDER = some.builds(rtcp.SenderReport, WORD, LONG, WORD, WORD, WORD)
RECEIVER = some.builds(
    rtcp.ReceiverReport,
    WORD,
    some.integers(0, 255),
    some.integers(-0x800000, 0x7FFFFF) | some.integers(-(2**31), 2**31 - 1),
    WORD,
    WORD,
    WORD,
    WORD,
)
REPLY = some.builds(rtcp.ReferenceReply, WORD, WORD, WORD)


class Sender(Structure):
    _fields_ = (
        ("ssrc", word),
        ("ntp", long),
        ("timestamp", word),
        ("packets", word),
        ("octets", word),
    )


class Receiver(Structure):
    _fields_ = (
        ("ssrc", word),
        ("lost", c_uint8),
        ("total_lost", c_int32),
        ("highest", word),
        ("jitter", word),
        ("last_report", word),
        ("delay", word),
    )


class Nack(Structure):
    _fields_ = (("ssrc", word), ("count", c_int), ("missing", c_uint16 * MISSING_MOST))


class Time(Structure):
    _fields_ = (("ssrc", word), ("middle", word))


class Reply(Structure):
    _fields_ = (("ssrc", word), ("last", word), ("delay", word))


class Of(Union):
    _fields_ = (
        ("sender", Sender),
        ("receiver", Receiver),
        ("nack", Nack),
        ("keyframe_of", word),
        ("bitrate", long),
        ("time", Time),
        ("reply", Reply),
    )


class Report(Structure):
    _fields_ = (("kind", c_int), ("of", Of))


class Buffer(Structure):
    _fields_ = (("size", c_size_t), ("data", c_uint8 * 8192))

    @property
    def written(self) -> bytes:
        return bytes(self.data[: self.size])


EACH = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Report))


def fields(of: Structure) -> list[Any]:
    return [getattr(of, field[0]) for field in of._fields_]


def plain(report: Report) -> rtcp.Report:
    of = report.of
    match report.kind:
        case 0:
            return rtcp.SenderReport(*fields(of.sender))
        case 1:
            return rtcp.ReceiverReport(*fields(of.receiver))
        case 2:
            return rtcp.Nack(of.nack.ssrc, tuple(of.nack.missing[: of.nack.count]))
        case 3:
            return rtcp.KeyframeRequest(of.keyframe_of)
        case 4:
            return rtcp.Estimate(of.bitrate)
        case 5:
            return rtcp.ReferenceTime(*fields(of.time))
        case _:
            assert report.kind == 6
            return rtcp.ReferenceReply(*fields(of.reply))


def parse(native: ctypes.CDLL, data: bytes) -> tuple[list[rtcp.Report], bool]:
    """What was told, and whether all could be read."""
    told: list[rtcp.Report] = []

    def keep(context: int, report: Any) -> None:
        assert context == 77
        told.append(plain(report.contents))

    each = EACH(keep)
    kept = ctypes.create_string_buffer(data, max(1, len(data)))
    native.rtcp_parse.restype = c_bool
    whole: bool = native.rtcp_parse(kept, c_size_t(len(data)), each, ctypes.c_void_p(77))
    return told, whole


def parse_in_python(data: bytes) -> tuple[list[rtcp.Report], bool]:
    told: list[rtcp.Report] = []
    try:
        for report in rtcp.parse(data):
            told.append(report)
    except rtcp.Malformed:
        return told, False
    return told, True


@some.composite
def missing(draw: some.DrawFn) -> list[int]:
    """Numbers in the order of a stream, less than a round apart."""
    numbers = [draw(NUMBER)]
    for step in draw(some.lists(some.integers(1, 20) | some.integers(1, 400), max_size=160)):
        numbers.append(numbers[-1] + step)
    return [number & 0xFFFF for number in numbers]


# Type and, in the low bits of the first byte, format or count of what is read.
KINDS = ((200, 0), (200, 1), (201, 1), (201, 31), (202, 1), (205, 1), (205, 15), (206, 1), (206, 4))


@some.composite
def parts(draw: some.DrawFn) -> bytes:
    """One part of any kind that is known, often a short one, with any padding."""
    kind, count = draw(some.sampled_from((*KINDS, (206, 15), (207, 0))))
    words = draw(some.integers(0, 8) | some.integers(0, 30))
    body = bytearray(draw(some.binary(min_size=4 * words, max_size=4 * words)))
    if count == 15 and words >= 3:
        body[8:12] = b"REMB"
    if kind == 207 and words >= 2:
        body[4] = draw(some.sampled_from((4, 5)))
        body[6:8] = draw(some.sampled_from((0, 2, 3, 6, 7))).to_bytes(2, "big")
    padded = draw(some.booleans())
    if padded and body:
        body[-1] = draw(some.integers(0, 9))
    return bytes((0x80 | padded << 5 | count, kind)) + words.to_bytes(2, "big") + bytes(body)


def test_the_recorded_packets_are_read_as_in_python(native: ctypes.CDLL) -> None:
    assert PACKETS
    kinds = set()
    for data in PACKETS:
        told, whole = parse(native, data)
        assert whole
        assert (told, whole) == parse_in_python(data)
        kinds |= {type(report) for report in told}
    assert {rtcp.SenderReport, rtcp.ReceiverReport, rtcp.Nack, rtcp.Estimate} <= kinds


@given(data=datagrams(PACKETS))
def test_any_datagram_is_read_as_in_python(native: ctypes.CDLL, data: bytes) -> None:
    assert parse(native, data) == parse_in_python(data)


@given(data=parts() | some.lists(parts(), min_size=1, max_size=4).map(b"".join))
def test_any_parts_are_read_as_in_python(native: ctypes.CDLL, data: bytes) -> None:
    assert parse(native, data) == parse_in_python(data)


def test_every_short_part_is_read_as_in_python(native: ctypes.CDLL) -> None:
    for kind, count in (*KINDS, (206, 15), (207, 4), (207, 5)):
        for words in range(10):
            body = bytearray(b"\x81\x02\x03\x04" * words)
            body[4:8] = bytes((count, 0, 0, 2 + words // 7))[: len(body[4:8])]
            if kind == 206 and count == 15:
                body[8:12] = b"REMB"[: len(body[8:12])]
            for padding in range(4 * words + 2):
                body[-1:] = bytes((padding,))[: len(body)]
                head = bytes((0xA0 | count, kind)) + words.to_bytes(2, "big")
                for each in (head, bytes((0x80 | count,)) + head[1:]):
                    assert parse(native, each + body) == parse_in_python(each + bytes(body))


@given(exponent=some.integers(0, 63), mantissa=some.integers(0, 2**18 - 1))
def test_any_estimate_is_read_as_in_python(
    native: ctypes.CDLL, exponent: int, mantissa: int
) -> None:
    for each in (mantissa, 0, 1, 2**17, 2**18 - 1):
        value = (1 << 24 | exponent << 18 | each).to_bytes(4, "big")
        data = bytes.fromhex("8fce0004") + bytes(8) + b"REMB" + value
        assert parse(native, data) == parse_in_python(data)


@given(
    data=datagrams(PACKETS) | parts(),
    trailer=some.sampled_from((0, 14, 20)),
    timed=some.booleans(),
)
def test_a_lone_report_is_one_where_it_is_in_python(
    native: ctypes.CDLL, data: bytes, trailer: int, timed: bool
) -> None:
    native.rtcp_is_receiver_report_alone.restype = c_bool
    # Cut or filled up, so that the sizes are right often enough.
    alone = data[:4] + bytes(4 * int.from_bytes(data[2:4], "big") % 1000 + trailer)
    for each in (data, data[:1] + b"\xc9" + data[2:], alone, alone + bytes(20)):
        found = native.rtcp_is_receiver_report_alone(
            each, c_size_t(len(each)), c_size_t(trailer), c_bool(timed)
        )
        assert found == rtcp.is_receiver_report_alone(each, trailer, timed=timed)


# Writing. Each of these is a part: what Python writes, and what writes it in C.

Write = Callable[[ctypes.CDLL, Buffer], object]
Part = tuple[bytes, Write]


def sender_part(report: rtcp.SenderReport) -> Part:
    of = Sender(report.ssrc, report.ntp, report.timestamp, report.packets, report.octets)
    return rtcp.sender_report(report), lambda c, out: c.rtcp_sender_report(byref(out), byref(of))


def receiver_part(own: int, reports: list[rtcp.ReceiverReport]) -> Part:
    blocks = (Receiver * len(reports))(
        *(
            Receiver(r.ssrc, r.lost, r.total_lost, r.highest, r.jitter, r.last_report, r.delay)
            for r in reports
        )
    )
    return rtcp.receiver_report(own, reports), lambda c, out: c.rtcp_receiver_report(
        byref(out), word(own), blocks, len(reports)
    )


def time_part(own: int, ntp: int) -> Part:
    return rtcp.reference_time(own, ntp), lambda c, out: c.rtcp_reference_time(
        byref(out), word(own), long(ntp)
    )


def reply_part(own: int, reply: rtcp.ReferenceReply) -> Part:
    of = Reply(reply.ssrc, reply.last, reply.delay)
    return rtcp.reference_reply(own, reply), lambda c, out: c.rtcp_reference_reply(
        byref(out), word(own), byref(of)
    )


def description_part(ssrcs: list[int], cname: str) -> Part:
    array = (word * len(ssrcs))(*ssrcs)
    return rtcp.source_description(ssrcs, cname), lambda c, out: c.rtcp_source_description(
        byref(out), array, len(ssrcs), cname.encode()
    )


def nack_part(own: int, ssrc: int, numbers: list[int]) -> Part:
    array = (c_uint16 * len(numbers))(*numbers)
    return rtcp.nack(own, ssrc, numbers), lambda c, out: c.rtcp_nack(
        byref(out), word(own), word(ssrc), array, len(numbers)
    )


def loss_part(own: int, ssrc: int) -> Part:
    return rtcp.picture_loss(own, ssrc), lambda c, out: c.rtcp_picture_loss(
        byref(out), word(own), word(ssrc)
    )


NAMES = some.text(some.characters(exclude_characters="\0", codec="utf-8"), max_size=60)
PARTS = some.one_of(
    some.builds(sender_part, SENDER),
    some.builds(receiver_part, WORD, some.lists(RECEIVER, max_size=31)),
    some.builds(time_part, WORD, LONG),
    some.builds(reply_part, WORD, REPLY),
    some.builds(description_part, some.lists(WORD, max_size=31), NAMES),
    some.builds(nack_part, WORD, WORD, missing() | some.lists(NUMBER, max_size=300)),
    some.builds(loss_part, WORD, WORD),
)


def test_a_datagram_names_a_hundred_missing_packets_at_most(native: ctypes.CDLL) -> None:
    whole = [rtcp.nack(9, 8, range(first, first + 60)) for first in range(0, 600, 60)]
    read = [rtcp.Nack(8, tuple(range(60))), rtcp.Nack(8, tuple(range(60, 100)))]
    data = b"".join(whole) + rtcp.picture_loss(9, 8)
    assert parse(native, data) == ([*read, rtcp.KeyframeRequest(8)], True)
    assert parse_in_python(data) == ([*read, rtcp.KeyframeRequest(8)], True)
    # What is not read any more is checked all the same.
    cut_off = b"".join(whole) + bytes.fromhex("81cd000100000009")
    assert parse(native, cut_off) == parse_in_python(cut_off) == (read, False)


@given(parts=some.lists(PARTS, max_size=6))
def test_a_compound_is_written_as_in_python(native: ctypes.CDLL, parts: list[Part]) -> None:
    out = Buffer()
    for _, write in parts:
        write(native, out)
    data = b"".join(part for part, _ in parts)
    assert out.written == data
    assert parse(native, data) == parse_in_python(data)


@given(parts=some.lists(PARTS, max_size=12))
def test_a_compound_is_cut_as_in_python(native: ctypes.CDLL, parts: list[Part]) -> None:
    out = Buffer()
    for _, write in parts:
        write(native, out)
    native.rtcp_part.restype = c_size_t
    cut, at = [], 0
    while size := native.rtcp_part(byref(out), c_size_t(at)):
        cut.append(out.written[at : at + size])
        at += size
    assert cut == [part for part in rtcp.parts(out.written) if part]


@given(part=PARTS, left=some.integers(0, 1200))
def test_a_part_that_finds_no_room_is_left_out(native: ctypes.CDLL, part: Part, left: int) -> None:
    data, write = part
    # The room is as much as the part takes, a word less, or any.
    for room in (len(data), len(data) - 4, left // 4 * 4):
        out = Buffer(size=8192 - room)
        write(native, out)
        if len(data) <= room:
            assert out.written[8192 - room :] == data
        else:
            assert out.size == 8192 - room


def test_a_name_longer_than_its_field_is_left_out(native: ctypes.CDLL) -> None:
    for size, written in ((255, 4 + 264), (256, 0)):
        out = Buffer()
        native.rtcp_source_description(byref(out), (word * 1)(7), 1, b"x" * size)
        assert out.size == written
