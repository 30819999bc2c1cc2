"""What of its track a viewer gets, by what its link carries."""

import pytest

from farmlive.media.engine.python.link.quality_ladder import (
    FEWER_FRAMES,
    FULL,
    KEYFRAMES,
    SOUND,
    QualityLadder,
)

STREAM = 1_600.0


@pytest.mark.parametrize(
    ("kbps", "disposable", "rung"),
    [
        (1_600, 640, FULL),
        (1_599, 640, FEWER_FRAMES),
        (960, 640, FEWER_FRAMES),
        (959, 640, KEYFRAMES),
        (1_599, 0, KEYFRAMES),
        # Too few to help.
        (1_599, 100, KEYFRAMES),
        # Keyframes alone, however slowly they go.
        (60, 640, KEYFRAMES),
    ],
)
def test_a_narrow_link_gets_what_it_carries(kbps: float, disposable: float, rung: int) -> None:
    ladder = QualityLadder()
    # A second time, since what carries almost enough is given a moment.
    for now in 0.0, 2.0:
        ladder.decide(True, kbps, kbps, STREAM, disposable, now)
    assert ladder.rung == rung


def test_a_link_that_is_not_narrow_gets_all() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 300, 300, STREAM, 0.0, 0.0)
    ladder.decide(False, 300, 300, STREAM, 0.0, 0.1)
    assert ladder.rung == FULL


def test_a_stream_that_is_not_measured_yet_is_tried() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 300, 300, 0.0, 0.0, 0.0)
    assert ladder.rung == FULL


def test_what_came_too_late_gives_way() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 2_000, 2_000, STREAM, 640, 0.0)
    rungs = []
    for _ in range(4):
        ladder.failed(0.0)
        rungs.append(ladder.rung)
    assert rungs == [FEWER_FRAMES, KEYFRAMES, SOUND, SOUND]


def test_without_frames_to_leave_out_keyframes_are_next() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 2_000, 2_000, STREAM, 0.0, 0.0)
    ladder.failed(0.0)
    assert ladder.rung == KEYFRAMES


def raised(ladder: QualityLadder, kbps: float, now: float) -> float:
    """When the rung has become a better one, at a decision each half second."""
    before = ladder.rung
    while ladder.rung == before:
        now += 0.5
        ladder.decide(True, kbps, kbps, STREAM, 0.0, now)
        assert now < 1_000
    return now


def test_more_is_tried_after_a_pause_that_doubles_after_each_failure() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 900, 900, STREAM, 0.0, 0.0)
    now, pauses = 0.0, []
    for _ in range(6):
        at = raised(ladder, 2_100, now)
        pauses.append(at - now)
        now = at + 1
        ladder.failed(now)
    assert pauses == [4, 8, 16, 32, 64, 64]


def test_a_step_up_that_has_lasted_is_forgiven() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 900, 900, STREAM, 0.0, 0.0)
    now = raised(ladder, 2_100, 0.0)
    ladder.failed(now + 1)
    now = raised(ladder, 2_100, now + 1)
    ladder.decide(True, 2_100, 2_100, STREAM, 0.0, now + 61)
    ladder.failed(now + 62)
    assert raised(ladder, 2_100, now + 62) == now + 62 + 4


def test_after_sound_alone_keyframes_are_tried_whatever_was_estimated() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 100, 100, STREAM, 0.0, 0.0)
    ladder.failed(1.0)
    assert ladder.rung == SOUND
    ladder.decide(True, 5_000, 5_000, STREAM, 0.0, 4.9)
    assert ladder.rung == SOUND
    ladder.decide(True, 100, 100, STREAM, 0.0, 5.0)
    assert ladder.rung == KEYFRAMES


def test_the_viewer_gets_the_lesser_of_what_it_wants_and_what_its_link_carries() -> None:
    ladder = QualityLadder()
    ladder.most = KEYFRAMES
    assert ladder.rung == KEYFRAMES
    ladder.failed(0.0)
    assert ladder.rung == SOUND
    ladder.decide(False, 0, 0, STREAM, 0.0, 1.0)
    assert ladder.rung == KEYFRAMES


def test_what_the_link_barely_carries_is_tried_later() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 900, 900, STREAM, 0.0, 0.0)
    assert raised(ladder, 1_700, 0.0) == 5.5
    assert ladder.rung == FULL


def test_more_is_tried_only_by_what_was_carried_for_longer() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 900, 900, STREAM, 0.0, 0.0)
    for second in range(60):
        ladder.decide(True, 3_100, 1_600, STREAM, 0.0, float(second))
        assert ladder.rung == KEYFRAMES


def test_all_is_tried_once_far_more_than_it_is_estimated() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 900, 900, STREAM, 0.0, 0.0)
    ladder.decide(True, 3_200, 0, STREAM, 0.0, 3.9)
    assert ladder.rung == KEYFRAMES
    ladder.decide(True, 3_200, 0, STREAM, 0.0, 4.0)
    assert ladder.rung == FULL
    ladder.checked(0.2, 4.5)
    ladder.checked(0.2, 4.6)
    assert ladder.rung == KEYFRAMES


def test_fewer_frames_are_followed_by_all_of_them_as_a_trial() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 1_600, 900, STREAM, 640, 0.0)
    ladder.failed(0.0)
    assert ladder.rung == FEWER_FRAMES
    ladder.decide(True, 1_600, 900, STREAM, 640, 3.9)
    assert ladder.rung == FEWER_FRAMES
    ladder.decide(True, 1_600, 900, STREAM, 640, 4.0)
    assert ladder.rung == FULL


def test_a_queue_that_stands_gives_way_and_has_two_seconds_to_drain() -> None:
    ladder = QualityLadder()
    ladder.decide(True, 1_600, 900, STREAM, 640, 10.0)
    ladder.checked(0.2, 10.1)
    assert ladder.rung == FULL
    ladder.checked(0.05, 10.2)
    ladder.checked(0.2, 10.3)
    assert ladder.rung == FULL
    ladder.checked(0.2, 10.4)
    assert ladder.rung == FEWER_FRAMES
    for check in range(19):
        ladder.checked(0.2, 10.5 + check / 10)
        assert ladder.rung == FEWER_FRAMES
    ladder.checked(0.2, 12.5)
    assert ladder.rung == KEYFRAMES
