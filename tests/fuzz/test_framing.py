"""Packets on a stream (RFC 4571), cut anywhere and with any length before them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.mutants import mutants, steps

from farmlive.media.wire.framing import LARGEST, Deframer, TooLong, frame

PACKETS = [data for session in SESSIONS for data in (*session.stun, *session.rtcp, *session.rtp)]
STREAM = b"".join(map(frame, PACKETS[:40]))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[first:end] for first, end in pairwise(places)]


CUTS = some.lists(some.integers(0, 1 << 16), max_size=20)


@given(some.lists(some.sampled_from(PACKETS) | some.binary(min_size=1, max_size=80)), CUTS)
def test_packets_come_out_as_they_went_in(packets: list[bytes], cuts: list[int]) -> None:
    deframer = Deframer()
    found: list[bytes] = []
    for piece in pieces(b"".join(map(frame, packets)), cuts):
        found += deframer.feed(piece)
    assert found == packets
    assert deframer.feed(b"") == []


@given(mutants([STREAM], 1 << 16) | some.binary(max_size=300), CUTS)
def test_any_stream_is_taken_apart_or_too_long(data: bytes, cuts: list[int]) -> None:
    whole, found = Deframer(), []
    try:
        found = whole.feed(data)
    except TooLong:
        found = []
    deframer, again = Deframer(), []
    try:
        for piece in pieces(data, cuts):
            again += deframer.feed(piece)
            # What it holds is never more than a packet and its length.
            assert len(deframer._held) < LARGEST + 2
    except TooLong:
        return
    assert again == found
    assert all(0 < len(packet) <= LARGEST for packet in found)
    # In order, without overlap.
    at = 0
    for packet in found:
        at = data.index(packet, at) + len(packet)


def test_the_work_grows_with_the_size() -> None:
    def cost(count: int) -> int:
        return steps(lambda: Deframer().feed(frame(b"x") * count))

    assert cost(8_000) < 4.2 * cost(2_000)


def test_a_packet_in_crumbs_is_no_more_work_than_its_crumbs() -> None:
    def cost(size: int) -> int:
        deframer = Deframer()
        stream = frame(bytes(size))
        return steps(lambda: [deframer.feed(stream[at : at + 1]) for at in range(len(stream))])

    assert cost(2_000) < 4.2 * cost(500)
