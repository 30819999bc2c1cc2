"""One continuous stream out of many sources."""

import itertools

import pytest

from farmlive.media.engine.python.ingest.rtp_rewrite import (
    Rewriter,
    SourceClock,
    compress_timestamp,
    sequence_base,
    splice_offset,
)
from farmlive.media.wire.rtp import Packet


def packet(sequence: int, timestamp: int) -> Packet:
    return Packet(sequence & 0xFFFF, timestamp & 0xFFFFFFFF, False, b"x")


def test_within_a_source_differences_stay() -> None:
    rewriter = Rewriter(90_000, 100, 1000)
    rewriter.begin(65534, 2**32 - 90, 0.0)
    mapped = [
        rewriter.map(packet(65534 + step, 2**32 - 90 + step * 45), step / 2000)
        for step in (0, 1, 3, 2)
    ]
    assert [m and m.sequence for m in mapped] == [101, 102, 104, 103]
    assert [m and m.timestamp for m in mapped] == [1000, 1045, 1135, 1090]


def test_the_next_source_follows_without_a_gap_and_by_the_time_that_passed() -> None:
    rewriter = Rewriter(90_000, 100, 1000)
    rewriter.begin(5, 5, 0.0)
    rewriter.map(packet(5, 5), 0.0)
    rewriter.map(packet(6, 3005), 1 / 30)
    rewriter.begin(40000, 777, 10.0)
    mapped = rewriter.map(packet(40000, 777), 10.0)
    assert mapped is not None
    assert mapped.sequence == 103
    assert mapped.timestamp == 1000 + 3000 + round((10 - 1 / 30) * 90_000)
    assert rewriter.next_sequence == 104


def test_a_packet_from_before_the_seam_is_left_out() -> None:
    rewriter = Rewriter(90_000, 100, 1000)
    rewriter.begin(500, 0, 0.0)
    assert rewriter.map(packet(499, 0), 0.0) is None
    assert rewriter.map(packet(500, 0), 0.0) is not None


def test_a_long_life_wraps() -> None:
    rewriter = Rewriter(90_000, 100, 0)
    rewriter.begin(0, 0, 0.0)
    for sequence in range(200_000):
        mapped = rewriter.map(packet(sequence, sequence * 3000), sequence / 30)
        assert mapped is not None
        assert mapped.sequence == (101 + sequence) & 0xFFFF


def test_a_viewer_starts_in_the_lower_half() -> None:
    for first in (0, 1, 32767, 32768, 65535):
        assert first ^ sequence_base(first) < 0x8000
        assert ((first + 1) & 0xFFFF) ^ sequence_base(first) in (
            (first ^ sequence_base(first)) + 1,
            0x8000,
        )


def test_a_burst_is_squeezed_before_live() -> None:
    live = 1000
    past = [(live - frame * 3000) & 0xFFFFFFFF for frame in range(30, 0, -1)]
    squeezed = [compress_timestamp(timestamp, live) for timestamp in past]
    differences = [(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(squeezed)]
    assert set(differences) == {150}
    assert (live - squeezed[0]) & 0xFFFFFFFF == 90_000 // 20
    assert compress_timestamp(live, live) == live
    assert compress_timestamp(live + 3000, live) == live + 3000


def test_one_mapping_of_the_sources_clock() -> None:
    clock = SourceClock()
    assert clock.report(1000.0, 50.2) == pytest.approx(50.2)
    # A report with less delay is truer; one with more moves the mapping by a hundredth.
    assert clock.report(1001.0, 51.1) == pytest.approx(51.1)
    assert clock.report(1002.0, 52.3) == pytest.approx(52.102)
    # The source set its clock.
    assert clock.report(2000.0, 53.0) == pytest.approx(53.0)


def test_a_seam_by_arrival_and_by_reports() -> None:
    # The viewer's last was 1,000, a tenth of a second ago; the new track is at 50,000.
    assert splice_offset(1_000, 9_000, 50_000, 50_000, None, 1_000) == (
        (1_000 + 9_000 - 50_000) & 0xFFFFFFFF,
        0,
    )
    aligned = (4_000 - 50_000) & 0xFFFFFFFF
    assert splice_offset(1_000, 9_000, 50_000, 50_000, aligned, 1_000) == (aligned, 0)


def test_a_seam_never_steps_back() -> None:
    # By the reports the new frame is of the same moment as the last one, or before it.
    aligned = (1_000 - 50_000) & 0xFFFFFFFF
    added, nudge = splice_offset(1_000, 0, 50_000, 50_000, aligned, 1_000)
    assert (50_000 + added) & 0xFFFFFFFF == 1_001
    assert nudge == 1
    earlier = (aligned - 3_000) & 0xFFFFFFFF
    added, nudge = splice_offset(1_000, 0, 50_000, 50_000, earlier, 1_000)
    assert ((50_000 + added) & 0xFFFFFFFF, nudge) == (1_001, 3_001)


def test_a_seam_with_a_lead_is_later_and_the_next_one_without_is_not() -> None:
    aligned = (10_000 - 50_000) & 0xFFFFFFFF
    added, nudge = splice_offset(1_000, 9_000, 50_000, 50_000, aligned, 1_000, 45_000)
    assert ((50_000 + added) & 0xFFFFFFFF, nudge) == (55_000, 45_000)
    # Two seconds later: what was sent had 55,000, without its excess 10,000.
    added, nudge = splice_offset(10_000, 180_000, 230_000, 230_000, None, 55_000)
    assert ((230_000 + added) & 0xFFFFFFFF, nudge) == (190_000, 0)
    # A lead that is too small for timestamps to increase is a larger one.
    added, nudge = splice_offset(10_000, 9_000, 59_000, 59_000, None, 55_000, 9_000)
    assert ((59_000 + added) & 0xFFFFFFFF, nudge) == (55_001, 36_001)


def test_reports_that_can_not_be_true_are_not_believed() -> None:
    far = (1_000 - 50_000 + 90_000 * 60) & 0xFFFFFFFF
    assert splice_offset(1_000, 9_000, 50_000, 50_000, far, 1_000) == splice_offset(
        1_000, 9_000, 50_000, 50_000, None, 1_000
    )
