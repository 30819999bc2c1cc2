"""Packets on a stream come out as they went in, however the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmlive.media.wire.framing import LARGEST, Deframer, TooLong, frame

packets = st.lists(st.binary(min_size=1, max_size=80), max_size=12)


@given(packets, st.lists(st.integers(0, 40), max_size=40))
def test_packets_come_out_whole_and_in_order(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, sent))
    deframer, got, at = Deframer(), list[bytes](), 0
    for size in [*cuts, len(stream)]:
        got += deframer.feed(stream[at : at + size])
        at += size
    assert got == sent


def test_half_a_packet_waits() -> None:
    deframer = Deframer()
    assert deframer.feed(frame(b"packet")[:1]) == []
    assert deframer.feed(frame(b"packet")[1:5]) == []
    assert deframer.feed(frame(b"packet")[5:]) == [b"packet"]


def test_nothing_is_no_packet() -> None:
    assert Deframer().feed(frame(b"") + frame(b"x")) == [b"x"]


def test_a_packet_longer_than_any_datagram_is_refused() -> None:
    assert Deframer().feed(frame(bytes(LARGEST))) == [bytes(LARGEST)]
    with pytest.raises(TooLong):
        Deframer().feed((LARGEST + 1).to_bytes(2, "big"))


@given(st.lists(st.binary(max_size=3000), max_size=6))
def test_anything_is_taken_or_refused(chunks: list[bytes]) -> None:
    deframer = Deframer()
    try:
        for chunk in chunks:
            for packet in deframer.feed(chunk):
                assert 0 < len(packet) <= LARGEST
    except TooLong:
        return
