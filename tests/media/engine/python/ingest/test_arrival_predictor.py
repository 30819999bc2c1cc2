"""When a source's next frame or sound comes, and how long it needs no reading."""

import pytest

from farmlive.media.engine.python.ingest.arrival_predictor import ArrivalPredictor, idle_seconds


def rhythm(every: float, last: float, lasts: float = 0.0) -> ArrivalPredictor:
    made = ArrivalPredictor(lasts)
    for number in range(30, -1, -1):
        made.record_arrival(last - number * every)
    return made


def test_expects_the_next_beat_at_the_mean_distance() -> None:
    assert rhythm(1 / 30, 10.0).next == pytest.approx(10 + 1 / 30)


def test_knows_nothing_before_the_second_beat_and_after_a_pause() -> None:
    made = ArrivalPredictor()
    assert made.next is None
    made.record_arrival(10)
    assert made.next is None
    made.record_arrival(10.02)
    assert made.next is not None
    made.record_arrival(15)
    assert made.next is None


def test_what_was_sent_at_once_is_no_rhythm() -> None:
    made = ArrivalPredictor()
    for when in (10, 10.02, 10.0201, 10.0402):
        made.record_arrival(when)
    assert made.next == pytest.approx(10.0602, abs=0.001)


def test_rests_until_the_next_is_whole() -> None:
    video = rhythm(1 / 30, 10.0, 0.0015)
    assert idle_seconds([video], 10.001) == pytest.approx(1 / 30 - 0.001 + 0.0025)


def test_rests_until_what_comes_soon_after_is_there_too() -> None:
    video, audio = rhythm(1 / 30, 10.0, 0.0015), rhythm(0.02, 10.020)
    assert idle_seconds([video, audio], 10.021) == pytest.approx(0.020)
    video, audio = rhythm(1 / 30, 10.0, 0.0015), rhythm(0.02, 10.010)
    assert idle_seconds([video, audio], 10.021) == pytest.approx(1 / 30 - 0.021 + 0.0025)


def test_does_not_wait_for_what_comes_much_later() -> None:
    video, audio = rhythm(1 / 30, 10.0, 0.0015), rhythm(0.02, 10.0)
    assert idle_seconds([video, audio], 10.001) == 0, "a packet of sound wakes us by itself"
    video, audio = rhythm(1 / 30, 10.0, 0.0015), rhythm(0.02, 10.025)
    assert idle_seconds([video, audio], 10.026) == pytest.approx(1 / 30 - 0.026 + 0.0025)


def test_what_is_late_or_not_known_is_watched_for() -> None:
    video, audio = rhythm(1 / 30, 10.0), rhythm(0.02, 9.97)
    assert idle_seconds([video, audio], 10.001) == 0
    assert idle_seconds([video, ArrivalPredictor()], 10.001) == 0
    assert idle_seconds([], 10.001) == 0
