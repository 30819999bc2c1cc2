"""What a packet train shows, and when another one leaves."""

import pytest

from farmlive.media.engine.python.link.packet_train import PacketTrain

SHORT_S, LONG_S = 0.001, 0.2


def sent(train: PacketTrain, now: float) -> None:
    """A train leaves, and a sender report behind it."""
    assert train.room(now) > 0
    assert train.spent(32_000)
    train.report_left(now)


def test_a_train_that_is_done_at_once_lets_the_viewer_catch_up_soon() -> None:
    train = PacketTrain(10.0)
    sent(train, 10.0)
    assert train.pace_kbps(1_800.0) == 1_800.0
    train.measured(SHORT_S, 10.0)
    assert train.pace_kbps(1_800.0) == 6_400.0
    assert train.room(15.0) <= 0


def test_one_that_takes_long_is_tried_again_at_once_and_then_every_two_seconds() -> None:
    train = PacketTrain(10.0)
    sent(train, 10.0)
    assert train.room(10.3) <= 0
    train.measured(LONG_S, 10.0)
    sent(train, 10.3)
    train.measured(LONG_S, 10.3)
    assert train.room(12.2) <= 0
    sent(train, 12.3)
    train.measured(LONG_S, 12.3)
    assert train.room(14.2) <= 0
    assert train.pace_kbps(1_800.0) == 1_800.0


@pytest.mark.parametrize(("queue_s", "is_carried"), [(SHORT_S, True), (LONG_S, False)])
def test_another_answer_to_the_report_behind_it_may_take_less(
    queue_s: float, is_carried: bool
) -> None:
    train = PacketTrain(10.0)
    sent(train, 10.0)
    train.measured(LONG_S, 10.0)
    train.measured(queue_s, 10.0)
    assert train.is_carried == is_carried
