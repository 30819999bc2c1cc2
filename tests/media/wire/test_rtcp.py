"""RTCP against aiortc's reading and writing of it."""

import pytest
from aiortc.rtp import (
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
)
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.wire import rtcp, transport_cc


def test_aiortc_reads_our_compound() -> None:
    data = (
        rtcp.sender_report(rtcp.SenderReport(1, 2**63, 3, 4, 2**32 + 5))
        + rtcp.receiver_report(9, [rtcp.ReceiverReport(8, 300, -1, 7, 6, 5, 4)])
        + rtcp.source_description([1, 2], "farm")
        + rtcp.nack(9, 8, [100, 101, 103, 116, 117, 140])
        + rtcp.picture_loss(9, 8)
    )
    sender, receiver, description, nack, pli = RtcpPacket.parse(data)
    assert isinstance(sender, RtcpSrPacket)
    assert (sender.sender_info.ntp_timestamp, sender.sender_info.octet_count) == (2**63, 5)
    assert isinstance(receiver, RtcpRrPacket)
    assert (receiver.reports[0].fraction_lost, receiver.reports[0].packets_lost) == (255, -1)
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[1].items == [(1, b"farm")]
    assert isinstance(nack, RtcpRtpfbPacket)
    assert nack.lost == [100, 101, 103, 116, 117, 140]
    assert isinstance(pli, RtcpPsfbPacket)
    assert (pli.fmt, pli.ssrc, pli.media_ssrc) == (1, 9, 8)


def test_reads_its_own_writing() -> None:
    report = rtcp.SenderReport(1, 2, 3, 4, 5)
    block = rtcp.ReceiverReport(8, 3, -2, 7, 6, 5, 4)
    data = (
        rtcp.sender_report(report)
        + rtcp.receiver_report(9, [block])
        + rtcp.nack(9, 8, [65535, 0, 16, 17])
        + rtcp.picture_loss(9, 8)
    )
    assert list(rtcp.parse(data)) == [
        report,
        block,
        rtcp.Nack(8, (65535, 0, 16, 17)),
        rtcp.KeyframeRequest(8),
    ]


def test_a_full_intra_request_is_a_request_for_its_stream() -> None:
    data = bytes.fromhex("84ce000400000009000000000000000801000000")
    assert list(rtcp.parse(data)) == [rtcp.KeyframeRequest(8)]


def test_padding_is_no_part_of_a_report() -> None:
    data = bytes.fromhex("a1cd0004" + "00000009" + "00000008" + "00640000" + "00000004")
    assert list(rtcp.parse(data)) == [rtcp.Nack(8, (100,))]


def test_feedback_that_is_padded_by_less_than_a_word_is_passed_over() -> None:
    feedback = transport_cc.write(9, 8, 1, [0.0, 0.001, 0.002], 0)
    assert (feedback[0] & 0x20, feedback[-1]) == (0x20, 3)
    assert list(rtcp.parse(feedback + rtcp.picture_loss(9, 8))) == [rtcp.KeyframeRequest(8)]


def test_transport_feedback_is_no_nack() -> None:
    assert list(rtcp.parse(bytes.fromhex("8fcd0003" + "00" * 12))) == []


@pytest.mark.parametrize("hexes", ["80", "80c80006", "40c80000", "81c90001" + "00" * 4,
                                   "a1cd0002" + "00" * 8, "a1cd0002" + "000000030000000a",
                                   "a0c80000"])  # fmt: skip
def test_refuses_what_is_cut_off(hexes: str) -> None:
    with pytest.raises(rtcp.Malformed):
        list(rtcp.parse(bytes.fromhex(hexes)))


@given(some.binary(max_size=80))
def test_any_datagram_is_read_or_malformed(data: bytes) -> None:
    try:
        reports = list(rtcp.parse(data))
    except rtcp.Malformed:
        return
    assert all(isinstance(each, rtcp.Report) for each in reports)


@pytest.mark.parametrize("trailer", [14, 20])
def test_a_receiver_report_alone_is_known_without_its_key(trailer: int) -> None:
    report = rtcp.receiver_report(9, [rtcp.ReceiverReport(8, 0, 0, 7, 6, 5, 4)])
    protection = bytes(trailer)
    assert rtcp.is_receiver_report_alone(report + protection, trailer)
    assert not rtcp.is_receiver_report_alone(report + rtcp.nack(9, 8, [1]) + protection, trailer)
    assert not rtcp.is_receiver_report_alone(rtcp.picture_loss(9, 8) + protection, trailer)
    assert not rtcp.is_receiver_report_alone(report[:5], trailer)


def test_a_report_with_a_reference_time_is_known_where_one_is_expected() -> None:
    report = rtcp.receiver_report(9, [rtcp.ReceiverReport(8, 0, 0, 7, 6, 5, 4)])
    timed = report + rtcp.reference_time(9, 1 << 40) + bytes(20)
    assert rtcp.is_receiver_report_alone(timed, 20, timed=True)
    assert not rtcp.is_receiver_report_alone(timed, 20)
    asking = timed[:-20] + rtcp.nack(9, 8, [1]) + bytes(20)
    assert not rtcp.is_receiver_report_alone(asking, 20, timed=True)


def test_a_reference_time_is_answered_by_its_middle() -> None:
    (asked,) = rtcp.parse(rtcp.reference_time(9, 0x1122_3344_5566_7788))
    assert asked == rtcp.ReferenceTime(9, 0x3344_5566)
    reply = rtcp.ReferenceReply(9, 0x3344_5566, 65_536)
    assert list(rtcp.parse(rtcp.reference_reply(7, reply))) == [reply]


@pytest.mark.parametrize("hexes", ["80cf0002" + "00000009" + "04000002", "80cf0001" + "00000009",
                                   "80cf0003" + "00000009" + "04000009" + "00" * 4])  # fmt: skip
def test_a_reference_time_that_is_cut_off_says_nothing(hexes: str) -> None:
    assert list(rtcp.parse(bytes.fromhex(hexes))) == []


def test_reads_a_receivers_estimate() -> None:
    # REMB, as Chromium writes it: 0x20000 times 2 to the 3rd for one stream.
    body = bytes.fromhex("0000000900000000") + b"REMB" + bytes.fromhex("010e00000000000b")
    data = bytes.fromhex("8fce0005") + body
    assert list(rtcp.parse(data)) == [rtcp.Estimate(0x20000 << 3)]


@pytest.mark.parametrize(
    ("hexes", "bitrate"), [("010fd090", 0x3D090 << 3), ("01ffffff", 2**63 - 1), ("01000000", 0)]
)
def test_an_estimate_is_a_number_that_fits(hexes: str, bitrate: int) -> None:
    data = bytes.fromhex("8fce0005" + "00000009" + "00000000") + b"REMB" + bytes.fromhex(hexes)
    assert list(rtcp.parse(data + bytes(4))) == [rtcp.Estimate(bitrate)]
