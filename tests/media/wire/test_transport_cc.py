"""Transport-cc feedback: what is written says when each packet came."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.media.support.transport_cc import read

from farmlive.media.wire.transport_cc import Arrivals


def test_tells_arrivals_and_gaps_and_each_once() -> None:
    arrivals = Arrivals()
    for number, time in ((65534, 10.0), (65535, 10.001), (1, 10.1), (2, 10.2)):
        arrivals.add(number, time)
    packet = arrivals.feedback(1, 2)
    assert packet is not None
    told = read(packet)
    assert [number for number, _ in told] == [65534, 65535, 0, 1, 2]
    assert [time for _, time in told] == [
        pytest.approx(10.0, abs=0.0003),
        pytest.approx(10.001, abs=0.0003),
        None,
        pytest.approx(10.1, abs=0.0003),
        pytest.approx(10.2, abs=0.0003),
    ]
    assert arrivals.feedback(1, 2) is None
    arrivals.add(2, 10.3)
    arrivals.add(3, 10.3)
    second = arrivals.feedback(1, 2)
    assert second is not None
    assert [number for number, _ in read(second)] == [3]
    assert second[19] == 1


@given(some.lists(some.tuples(some.integers(1, 40), some.floats(-0.02, 0.3)), min_size=1))
def test_any_arrivals_are_read_back(steps: list[tuple[int, float]]) -> None:
    arrivals = Arrivals()
    number, time = 65000, 100.0
    sent = {}
    for step, delay in steps:
        number, time = number + step, time + delay
        arrivals.add(number & 0xFFFF, time)
        sent[number & 0xFFFF] = time
    packet = arrivals.feedback(1, 2)
    assert packet is not None
    assert len(packet) == 4 * (int.from_bytes(packet[2:4], "big") + 1)
    told = {n: t for n, t in read(packet) if t is not None}
    for each, when in told.items():
        assert when == pytest.approx(sent[each], abs=0.0003)
    assert set(told) == {n for n in sent if (number - n) % 65536 <= 1000}
