"""When the next frame or sound is expected."""

from farmlive.media.rhythm import Rhythm


def test_expects_the_next_beat_at_the_mean_distance() -> None:
    rhythm = Rhythm()
    for number in range(30):
        rhythm.beat(10 + number / 30)
    last = 10 + 29 / 30
    assert not rhythm.soon(last, 0.008)
    assert not rhythm.soon(last + 0.020, 0.008)
    assert rhythm.soon(last + 0.027, 0.008)
    assert rhythm.soon(last + 0.034, 0.008), "a little late"
    assert not rhythm.soon(last + 0.040, 0.008), "it has missed its time"


def test_knows_nothing_before_the_second_beat() -> None:
    rhythm = Rhythm()
    assert not rhythm.soon(10, 1)
    rhythm.beat(10)
    assert not rhythm.soon(10.02, 1)


def test_pauses_and_what_was_read_at_once_are_no_rhythm() -> None:
    rhythm = Rhythm()
    for when in (10, 10.02, 10.0201, 10.04, 15, 15.02):
        rhythm.beat(when)
    assert rhythm.soon(15.038, 0.004)
    assert not rhythm.soon(15.03, 0.004)
