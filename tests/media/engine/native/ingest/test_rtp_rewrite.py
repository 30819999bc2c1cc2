"""Rewritten numbers and a source's clock: C comes to the same ones as Python."""

import ctypes
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.engine.python.ingest import rtp_rewrite
from farmlive.media.engine.python.ingest.rtp_rewrite import Rewriter, SourceClock
from farmlive.media.wire.rtp import Packet

NUMBERS = some.integers(0, 0xFFFF) | some.sampled_from((0, 1, 0x7FFF, 0x8000, 0xFFFF))
STAMPS = some.integers(0, 0xFFFFFFFF) | some.sampled_from((0, 1, 2**31 - 1, 2**31, 2**32 - 1))
SEEDS = some.integers(0, 2**32 - 1)


class CRewriter(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [("timestamp_delta", ctypes.c_uint32), ("rest", ctypes.c_double * 32)]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    short, long, real = ctypes.c_uint16, ctypes.c_uint32, ctypes.c_double
    any_at, short_at, long_at = ctypes.c_void_p, ctypes.POINTER(short), ctypes.POINTER(long)
    native.rewriter_init.argtypes = [any_at, ctypes.c_int, short, long]
    native.rewriter_begin.argtypes = [any_at, short, long, real]
    native.rewriter_next_sequence.argtypes = [any_at]
    native.rewriter_next_sequence.restype = short
    native.rewriter_map.argtypes = [any_at, short_at, long_at, real]
    native.rewriter_map.restype = ctypes.c_bool
    native.source_clock_init.argtypes = [any_at]
    native.source_clock_report.argtypes = [any_at, real, real]
    native.source_clock_report.restype = real
    native.rtp_rewrite_splice.argtypes = [
        long, ctypes.c_int64, long, long, ctypes.c_bool, long, long, long, long_at
    ]  # fmt: skip
    native.rtp_rewrite_splice.restype = long
    native.rtp_rewrite_compress.argtypes = [long, long]
    native.rtp_rewrite_compress.restype = long
    native.rtp_rewrite_base.argtypes = [short]
    native.rtp_rewrite_base.restype = short
    return native


class Twins:
    """A rewriter of each, which must always agree."""

    def __init__(self, c: ctypes.CDLL, rate: int, sequence: int, timestamp: int) -> None:
        self.c = c
        self.native = CRewriter()
        self.at = ctypes.byref(self.native)
        self.python = Rewriter(rate, sequence, timestamp)
        c.rewriter_init(self.at, rate, sequence, timestamp)

    def begin(self, sequence: int, timestamp: int, now: float) -> None:
        self.c.rewriter_begin(self.at, sequence, timestamp, now)
        self.python.begin(sequence, timestamp, now)
        self.agree()

    def map(self, sequence: int, timestamp: int, now: float) -> tuple[int, int] | None:
        number, stamp = ctypes.c_uint16(sequence), ctypes.c_uint32(timestamp)
        taken = self.c.rewriter_map(self.at, ctypes.byref(number), ctypes.byref(stamp), now)
        packet = self.python.map(Packet(sequence, timestamp, False, b""), now)
        if packet is None:
            assert not taken
            packet = Packet(sequence, timestamp, False, b"")
        else:
            assert taken
        assert (number.value, stamp.value) == packet[:2]
        self.agree()
        return packet[:2] if taken else None

    def agree(self) -> None:
        assert self.native.timestamp_delta == self.python.timestamp_delta
        assert self.c.rewriter_next_sequence(self.at) == self.python.next_sequence


@given(SEEDS, some.sampled_from((90_000, 48_000, 8_000, 1)))
def test_sources_come_and_go(c: ctypes.CDLL, seed: int, rate: int) -> None:
    draw = Random(seed)
    twins = Twins(c, rate, draw.randrange(0x10000), draw.randrange(2**32))
    # Thirty-seconds of a second make halves of a tick.
    now = draw.randrange(2**20) / 32
    sequence, timestamp = draw.randrange(0x10000), draw.randrange(2**32)
    for step in range(300):
        now += draw.choice((0, 1 / 32, 1 / 2, draw.random() / 10, -1 / 8))
        if step == 0 or draw.random() < 0.03:
            sequence, timestamp = draw.randrange(0x10000), draw.randrange(2**32)
            twins.begin(sequence, timestamp, now)
        kind = draw.random()
        sequence += 1 if kind < 0.7 else draw.randrange(-5, 10) if kind < 0.95 else 0x2100
        timestamp += draw.choice((0, 1, 960, 3_000, -960, draw.randrange(2**32)))
        sequence, timestamp = sequence & 0xFFFF, timestamp & 0xFFFFFFFF
        twins.map(sequence, timestamp, now)


@pytest.mark.parametrize(("passed", "ticks"), [(0.5, 1), (1.5, 2), (2.5, 2), (3.5, 4), (-2, 1)])
def test_half_a_tick_goes_to_the_even_one(c: ctypes.CDLL, passed: float, ticks: int) -> None:
    twins = Twins(c, 1, 9, 100)
    twins.begin(0, 100, 10)
    twins.begin(0, 100, 10 + passed)
    assert twins.native.timestamp_delta == ticks


def test_a_packet_from_before_the_source_is_left_out(c: ctypes.CDLL) -> None:
    twins = Twins(c, 90_000, 9, 100)
    twins.begin(5_000, 0, 1)
    assert twins.map(4_999, 0, 1) is None
    assert twins.map(5_000, 0, 1) == (10, 100)
    # Half a round later an earlier number is one that came late.
    assert twins.map(5_000 + 0x4000, 3_000, 2) is not None
    assert twins.map(4_999, 0, 2) is None
    assert twins.map(5_000 + 0x4001, 3_000, 2) is not None
    assert twins.map(4_999, 0, 2) is not None


@given(SEEDS)
def test_a_source_has_one_clock(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    python, native = SourceClock(), (ctypes.c_double * 8)()
    c.source_clock_init(native)
    source, now, speed = 1.7e9 + draw.random(), draw.uniform(0, 1e6), draw.uniform(0.999, 1.001)
    for _ in range(100):
        step = draw.choice((0.2, 1.0, 5.0, draw.random()))
        source += step * speed if draw.random() < 0.95 else draw.uniform(-20, 20)
        now += step
        late = draw.choice((0, 0, 0.01, draw.random(), 4.9))
        heard = c.source_clock_report(native, source, now + late)
        assert heard == python.report(source, now + late)


@pytest.mark.parametrize("late", [4.75, 5.0, 5.25])
def test_a_clock_that_was_set_is_believed(c: ctypes.CDLL, late: float) -> None:
    python, native = SourceClock(), (ctypes.c_double * 8)()
    c.source_clock_init(native)
    for now in (100.0, 101.0 + late, 102.0 + late):
        source = now - late if now > 100 else now
        assert c.source_clock_report(native, source, now) == python.report(source, now)


@given(
    STAMPS, some.integers(-(2**40), 2**40) | some.integers(-1, 4), STAMPS,
    STAMPS | some.integers(-90_000, 90_000), some.none() | STAMPS | some.integers(-9, 9),
    some.sampled_from((0, 450_000, 449_999, -450_000, -449_999, 3_000)),
    some.integers(-500_000, 500_000), some.sampled_from((0, 1, 90_000, 360_000)),
)  # fmt: skip
def test_a_seam(
    c: ctypes.CDLL,
    last: int,
    elapsed: int,
    first: int,
    live: int,
    aligned: int | None,
    off: int,
    sent: int,
    lead: int,
) -> None:
    latest = (last + sent) & 0xFFFFFFFF
    if live <= 90_000:
        live = (first + live) & 0xFFFFFFFF
    if aligned is not None and aligned < 10:
        # Near to what it would be without reports.
        aligned = (last + max(1, elapsed) - live + aligned + off) & 0xFFFFFFFF
    nudge = ctypes.c_uint32(99)
    is_aligned, by = aligned is not None, aligned or 0
    added = c.rtp_rewrite_splice(
        last, elapsed, first, live, is_aligned, by, latest, lead, ctypes.byref(nudge)
    )
    assert (added, nudge.value) == rtp_rewrite.splice_offset(
        last, elapsed, first, live, aligned, latest, lead
    )


@given(STAMPS, STAMPS | some.integers(-200, 200), NUMBERS)
def test_a_burst_and_a_start(c: ctypes.CDLL, timestamp: int, live: int, sequence: int) -> None:
    if live <= 200:
        live = (timestamp + live) & 0xFFFFFFFF
    assert c.rtp_rewrite_compress(timestamp, live) == rtp_rewrite.compress_timestamp(
        timestamp, live
    )
    assert c.rtp_rewrite_base(sequence) == rtp_rewrite.sequence_base(sequence)
