"""Transport-cc feedback in C is what it is in Python."""

import ctypes
from ctypes import Structure, byref, c_bool, c_double, c_int64, c_size_t, c_uint, c_uint8, c_uint16

from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.wire.transport_cc import Arrivals

SIZE = 1024
# A step in the numbers and the time until the packet came; both may go back, and jump.
STEPS = some.lists(
    some.tuples(
        some.integers(1, 3) | some.integers(-40, 40) | some.integers(-1200, 1200),
        some.floats(0, 0.02)
        | some.floats(-0.5, 7.0)
        | some.integers(-8, 8).map(lambda n: n / 8000),
    ),
    max_size=120,
)
# So many come one after the other, and then others.
ROUNDS = some.lists(some.tuples(some.integers(0, 500), STEPS), min_size=1, max_size=4)


class Native(Structure):
    _fields_ = (
        ("highest", c_int64),
        ("next", c_int64),
        ("count", c_uint),
        ("any", c_bool),
        ("older", c_bool),
        ("has_unlike", c_bool),
        ("unlike", c_uint16),
        ("numbers", c_int64 * SIZE),
        ("times", c_double * SIZE),
    )


class Buffer(Structure):
    _fields_ = (("size", c_size_t), ("data", c_uint8 * 8192))


class Both:
    """Arrivals in both languages, told the same."""

    def __init__(self, native: ctypes.CDLL) -> None:
        self._native = native
        self._c, self._python = Native(), Arrivals()
        native.arrivals_init(byref(self._c))

    def add(self, number: int, time: float) -> None:
        self._native.arrivals_add(byref(self._c), c_uint16(number), c_double(time))
        self._python.add(number & 0xFFFF, time)

    def compare(self) -> int:
        """Compare the feedback that is due now; returns its size."""
        out = Buffer()
        self._native.arrivals_feedback(byref(self._c), byref(out), 0xFEDCBA98, 7)
        expected = self._python.feedback(0xFEDCBA98, 7) or b""
        assert bytes(out.data[: out.size]) == expected
        return int(out.size)


@given(number=some.integers(0, 0xFFFF), time=some.floats(0, 10_000_000), rounds=ROUNDS)
def test_feedback_is_the_same_as_in_python(
    native: ctypes.CDLL, number: int, time: float, rounds: list[tuple[int, list[tuple[int, float]]]]
) -> None:
    both = Both(native)
    for alike, steps in rounds:
        for _ in range(alike):
            number, time = number + 1, time + 0.001
            both.add(number, time)
        for step, pause in steps:
            number, time = number + step, max(0.0, time + pause)
            both.add(number, time)
            # The same number once more is no news.
            both.add(number, time + 0.1)
        both.compare()
        assert both.compare() == 0


@given(
    seen=some.lists(some.tuples(some.integers(0, 0xFFFF), some.floats(0, 1e6)), max_size=400),
    every=some.integers(1, 100),
)
def test_any_numbers_make_the_same_feedback(
    native: ctypes.CDLL, seen: list[tuple[int, float]], every: int
) -> None:
    both = Both(native)
    for index, (number, time) in enumerate(seen):
        both.add(number, time)
        if index % every == 0:
            both.compare()
    both.compare()


def test_more_arrivals_than_fit_are_told_alike(native: ctypes.CDLL) -> None:
    # About the most that one feedback tells, with and without some from before what it reaches.
    for before in (0, 1, 30):
        for many in (399, 400, 401, 700):
            for gap in (900, 1000, 1001, 1022, 1023, 1024, 1025, 3000):
                both = Both(native)
                for number in range(before):
                    both.add(number, 1.0 + number / 1000)
                start = max(0, gap - many)
                for number in range(start + before, start + before + many):
                    both.add(number, 2.0 + number / 500)
                for number in range(before):
                    both.add(number, 9.0)
                assert both.compare() > 0
                assert both.compare() == 0


def test_late_ones_far_back_count_as_in_python(native: ctypes.CDLL) -> None:
    for back in (999, 1000, 1001, 1023, 1024, 1025, 5000):
        both = Both(native)
        both.add(1, 0.5)
        both.compare()
        for number in range(6000, 6400):
            both.add(number, 1 + number / 1000)
        both.add(6399 - back, 9.0)
        assert both.compare() > 0


def test_one_whose_place_is_taken_counts_as_in_python(native: ctypes.CDLL) -> None:
    for step in (1023, 1024, 2048):
        both = Both(native)
        both.add(1, 0.5)
        for number in range(400):
            both.add(1 + step + 2 * number, 1 + number / 1000)
        assert both.compare() > 0


def test_feedback_without_room_waits_for_the_next(native: ctypes.CDLL) -> None:
    arrivals, full, out = Native(), Buffer(size=8192 - 400), Buffer()
    native.arrivals_init(byref(arrivals))
    native.arrivals_add(byref(arrivals), c_uint16(3), c_double(1.0))
    native.arrivals_feedback(byref(arrivals), byref(full), 1, 2)
    assert full.size == 8192 - 400
    native.arrivals_feedback(byref(arrivals), byref(out), 1, 2)
    python = Arrivals()
    python.add(3, 1.0)
    assert bytes(out.data[: out.size]) == python.feedback(1, 2)


def test_a_count_that_begins_anew_is_told_again(native: ctypes.CDLL) -> None:
    both, time = Both(native), 1.0
    for begin in (30_000, 5, 40_000, 60_000, 2):
        sizes = []
        for number in range(begin, begin + 40):
            both.add(number, time)
            time += 0.01
            if number % 10 == 9:
                sizes.append(both.compare())
        assert sizes[-1] > 0
    assert both.compare() > 0
    # One alone that is far behind is none.
    both.add(50_000, time)
    assert both.compare() == 0
