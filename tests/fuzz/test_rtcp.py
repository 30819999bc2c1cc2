"""RTCP from anyone who has a key."""

import struct
from dataclasses import astuple

from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import datagrams, steps

from farmlive.media.wire import rtcp

PACKETS = [data for session in SESSIONS for data in session.rtcp]
WORD = some.integers(0, 0xFFFFFFFF)
LONG = some.integers(0, 2**64 - 1)
BYTE = some.integers(0, 255)
SENDER = some.builds(rtcp.SenderReport, WORD, LONG, WORD, WORD, WORD)
RECEIVER = some.builds(
    rtcp.ReceiverReport, WORD, BYTE, some.integers(-0x800000, 0x7FFFFF), WORD, WORD, WORD, WORD
)


@some.composite
def missing(draw: some.DrawFn) -> list[int]:
    """Numbers in the order of a stream, less than a round apart."""
    first = draw(some.integers(0, 0xFFFF))
    steps_on = draw(some.lists(some.integers(1, 40) | some.integers(1, 400), max_size=160))
    numbers = [first]
    for step in steps_on:
        numbers.append(numbers[-1] + step)
    return [number & 0xFFFF for number in numbers]


def test_the_recorded_packets_are_read() -> None:
    assert PACKETS
    kinds = {type(report) for data in PACKETS for report in rtcp.parse(data)}
    assert {rtcp.SenderReport, rtcp.ReceiverReport, rtcp.Nack, rtcp.Estimate} <= kinds


@given(datagrams(PACKETS))
def test_any_datagram_is_read_within_its_bounds_or_malformed(data: bytes) -> None:
    reports = []
    try:
        for report in rtcp.parse(data):
            reports.append(report)
    except rtcp.Malformed:
        pass
    for report in reports:
        # Every number is one that its field can hold, and each stream's is in the datagram.
        if not isinstance(report, rtcp.Estimate):
            assert report.ssrc.to_bytes(4, "big") in data
        match report:
            case rtcp.Estimate(bitrate):
                assert 0 <= bitrate < 2**63
            case rtcp.Nack(_, numbers):
                assert all(0 <= number <= 0xFFFF for number in numbers)
                assert 4 * len(numbers) <= 17 * len(data)
            case rtcp.ReceiverReport():
                assert 0 <= report.lost <= 255
                assert -0x800000 <= report.total_lost <= 0x7FFFFF
                assert max(astuple(report)) <= 0xFFFFFFFF
            case _:
                assert all(number >= 0 for number in astuple(report))
    assert len(reports) <= 1 + len(data) // 4


@given(datagrams(PACKETS))
def test_what_aiortc_reads_too_it_reads_alike(data: bytes) -> None:
    try:
        theirs = RtcpPacket.parse(data)
        ours = list(rtcp.parse(data))
    except (ValueError, IndexError):
        return
    nacks = [
        rtcp.Nack(each.media_ssrc, tuple(each.lost))
        for each in theirs
        if isinstance(each, RtcpRtpfbPacket) and each.fmt == 1
    ]
    senders = [each.ssrc for each in theirs if isinstance(each, RtcpSrPacket)]
    blocks = [
        (block.ssrc, block.packets_lost, block.jitter)
        for each in theirs
        if isinstance(each, RtcpSrPacket | RtcpRrPacket)
        for block in each.reports
    ]
    assert [each for each in ours if isinstance(each, rtcp.Nack)] == nacks
    assert [each.ssrc for each in ours if isinstance(each, rtcp.SenderReport)] == senders
    assert [
        (each.ssrc, each.total_lost, each.jitter)
        for each in ours
        if isinstance(each, rtcp.ReceiverReport)
    ] == blocks


@given(missing(), WORD, WORD)
def test_a_nack_lists_what_was_written(numbers: list[int], own: int, ssrc: int) -> None:
    data = rtcp.nack(own, ssrc, numbers)
    assert list(rtcp.parse(data)) == [rtcp.Nack(ssrc, tuple(numbers))]


@given(SENDER, some.lists(RECEIVER, max_size=31), WORD, WORD)
def test_a_compound_is_read_as_it_was_written(
    sender: rtcp.SenderReport, blocks: list[rtcp.ReceiverReport], own: int, ssrc: int
) -> None:
    data = (
        rtcp.sender_report(sender)
        + rtcp.receiver_report(own, blocks)
        + rtcp.source_description([own, ssrc], "farm")
        + rtcp.picture_loss(own, ssrc)
    )
    assert list(rtcp.parse(data)) == [sender, *blocks, rtcp.KeyframeRequest(ssrc)]


def names(data: bytes) -> list[tuple[int, str]]:
    """The SSRCs of an SDES with their CNAMEs (RFC 3550, section 6.5; aiortc misreads some)."""
    found, at = [], 4
    for _ in range(data[0] & 31):
        ssrc, item, size = struct.unpack_from("!IBB", data, at)
        assert item == 1
        found.append((ssrc, data[at + 6 : at + 6 + size].decode()))
        at += 6 + size
        assert data[at] == 0
        at += 1
        while at % 4:
            assert data[at] == 0
            at += 1
    assert at == len(data) == 4 * (int.from_bytes(data[2:4], "big") + 1)
    return found


@given(some.lists(WORD, min_size=1, max_size=31), some.text(min_size=1, max_size=60))
def test_a_source_description_names_each_stream(ssrcs: list[int], cname: str) -> None:
    data = rtcp.source_description(ssrcs, cname)
    assert names(data) == [(ssrc, cname) for ssrc in ssrcs]
    assert list(rtcp.parse(data)) == []


@given(datagrams(PACKETS), some.sampled_from((14, 20)))
def test_a_lone_report_is_one_whatever_else_it_holds(data: bytes, trailer: int) -> None:
    if rtcp.is_receiver_report_alone(data, trailer):
        assert len(data) >= 4 + trailer
        assert data[1] == 201


def test_the_work_grows_with_the_size() -> None:
    for unit in (
        rtcp.receiver_report(1, []),
        rtcp.nack(1, 2, range(17)),
        rtcp.nack(1, 2, range(0, 17 * 250, 17)),
        bytes.fromhex("9fc9") + (187).to_bytes(2, "big") + bytes(748),
        bytes.fromhex("80cc0000"),
    ):
        times = 16_000 // len(unit)
        small = steps(lambda: list(rtcp.parse(unit * times)))  # noqa: B023
        large = steps(lambda: list(rtcp.parse(unit * times * 4)))  # noqa: B023
        assert large < 4.2 * small


@given(some.lists(some.sampled_from(PACKETS) | missing().map(lambda n: rtcp.nack(1, 2, n))))
def test_a_compound_is_cut_between_its_packets(packets: list[bytes]) -> None:
    data = b"".join(packets)
    parts = list(rtcp.parts(data))
    assert b"".join(parts) == data
    told = [report for part in parts for report in rtcp.parse(part)]
    assert told == list(rtcp.parse(data))
    assert all(0 < len(part) <= 1_200 for part in parts) or not data
    assert len(parts) <= 1 + len(data) // 600
