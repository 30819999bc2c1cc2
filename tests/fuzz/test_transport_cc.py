"""Transport-cc feedback: a sender reads the times that were noted."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.media.support.transport_cc import read

from farmlive.media.wire.transport_cc import Arrivals

# A step in the numbers and the time until the packet came; the time may go back, and jump.
STEPS = some.lists(
    some.tuples(
        some.integers(1, 3) | some.integers(1, 300),
        some.floats(0, 0.02) | some.floats(-0.5, 7.0),
    ),
    min_size=1,
    max_size=120,
)
# Half a tick, and what a float of this size does not tell.
_TICK = 0.000_126


@given(
    some.integers(0, 0xFFFF), some.floats(0, 10_000_000), some.lists(STEPS, min_size=1, max_size=4)
)
def test_each_arrival_is_told_once_and_within_a_tick(
    number: int, time: float, rounds: list[list[tuple[int, float]]]
) -> None:
    arrivals = Arrivals()
    for count, steps in enumerate(rounds):
        came: dict[int, float] = {}
        for step, pause in steps:
            number, time = (number + step) & 0xFFFF, time + pause
            came[number] = time
            arrivals.add(number, time)
            # The same number once more is no news.
            arrivals.add(number, time + 0.1)
        packet = arrivals.feedback(1, 2)
        assert packet is not None
        assert len(packet) == 4 * (int.from_bytes(packet[2:4], "big") + 1)
        assert packet[19] == count
        listed = read(packet)
        told = {each: when for each, when in listed if when is not None}
        assert listed[-1][0] == number
        assert set(told) == {each for each in came if (number - each) & 0xFFFF <= 1000}
        start = int.from_bytes(packet[16:19], "big") * 0.064
        for each, when in told.items():
            behind = (came[each] - when + 0.064 * 2**23) % (0.064 * 2**24) - 0.064 * 2**23
            assert behind == pytest.approx(0, abs=_TICK), start
        assert arrivals.feedback(1, 2) is None


@given(some.lists(some.tuples(some.integers(0, 0xFFFF), some.floats(0, 1e6)), max_size=400))
def test_any_numbers_make_feedback_that_is_whole(seen: list[tuple[int, float]]) -> None:
    arrivals = Arrivals()
    for number, time in seen:
        arrivals.add(number, time)
    packet = arrivals.feedback(1, 2)
    if packet is not None:
        assert len(packet) == 4 * (int.from_bytes(packet[2:4], "big") + 1)
        assert len(read(packet)) <= 1001
