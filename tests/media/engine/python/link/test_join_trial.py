"""What the keyframe of a join shows of an unknown link."""

import pytest

from farmlive.media.engine.python.link.join_trial import JoinTrial, Made
from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.link.shared_delay import SharedDelay

RTT_S = 0.05


@pytest.fixture
def trial() -> JoinTrial:
    """One whose keyframe of 40 kB has left within 0.1 s, a check in front of it."""
    trial = JoinTrial()
    trial.begin(10.0)
    assert trial.may_ask
    trial.asked(10.0)
    for _ in range(2):
        assert not trial.holds
        assert not trial.may_ask, "nothing measures a part of a keyframe"
        assert not trial.ends_with(False, 20_000)
        trial.spent(20_000)
    assert trial.ends_before(False)
    trial.left(10.1)
    assert trial.holds
    assert trial.may_ask
    return trial


def looked_again(trial: JoinTrial, queue_s: float) -> None:
    """The keyframe made a long queue, and what follows it made this one."""
    trial.answered(0.0)
    trial.asked(10.15)
    trial.answered(0.3)
    assert trial.result(RTT_S, 10.5) is None
    assert not trial.holds
    assert not trial.ends_before(False)
    trial.spent(12_000)
    assert not trial.ends_with(True, 6_000)
    assert trial.ends_with(False, 12_000)
    trial.spent(12_000)
    trial.left(10.6)
    assert trial.holds
    trial.asked(10.6)
    trial.answered(queue_s)


def test_a_check_behind_the_keyframe_shows_the_queue_that_it_made(trial: JoinTrial) -> None:
    trial.answered(0.0)
    assert trial.result(RTT_S, 10.15) is None
    trial.asked(10.15)
    trial.answered(0.1)
    made = trial.result(RTT_S, 10.3)
    assert made is not None
    assert (made.octets, made.queue_s) == (40_000, 0.1)
    assert made.took_s == pytest.approx(0.1)
    assert not trial.holds


def test_a_long_queue_is_looked_for_again(trial: JoinTrial) -> None:
    looked_again(trial, 0.3)
    assert trial.result(RTT_S, 10.9) == Made(24_000, 10.6 - 10.5, 0.3)


def test_one_that_has_no_answer_was_lost_in_a_full_queue(trial: JoinTrial) -> None:
    trial.answered(0.0)
    trial.asked(10.15)
    assert trial.result(RTT_S, 10.55) is None
    # Another one that leaves later changes nothing.
    trial.asked(10.58)
    assert trial.result(RTT_S, 10.61) is None
    assert not trial.holds, "it is looked for again"
    trial.spent(24_000)
    trial.left(10.7)
    trial.asked(10.7)
    made = trial.result(RTT_S, 11.2)
    assert made is not None
    assert made.queue_s == 0.0, "a radio may have lost both"


@pytest.mark.parametrize("answers", [True, False])
def test_who_answers_no_check_or_can_be_sent_none_goes_on_soon(
    trial: JoinTrial, answers: bool
) -> None:
    if answers:
        trial.answered(0.0)
    assert trial.result(RTT_S, 10.25) is None
    made = trial.result(RTT_S, 10.31)
    assert made is not None
    assert made.queue_s == 0.0


def test_an_ended_one_holds_nothing(trial: JoinTrial) -> None:
    trial.end()
    assert not trial.holds
    assert trial.may_ask


@pytest.mark.parametrize(
    ("queue_s", "state"), [(0.0, "unknown"), (0.14, "unknown"), (0.16, "narrow"), (0.4, "narrow")]
)
def test_a_long_queue_makes_a_link_narrow_and_a_short_one_says_nothing(
    queue_s: float, state: str
) -> None:
    link = LinkEstimate(10.0)
    assert link.tried(Made(40_000, 0.1, queue_s), 10.5) == (state == "narrow")
    assert link.state == state
    if state == "narrow":
        carried_kbps = 320 / (0.1 + queue_s)
        assert link.kbps == pytest.approx(0.85 * carried_kbps)


def test_a_viewers_claim_of_a_round_trip_holds_nothing_for_long(trial: JoinTrial) -> None:
    trial.answered(0.0)
    trial.asked(10.15)
    assert trial.result(5.0, 11.1) is None
    assert not trial.holds


def test_a_delay_that_many_see_shows_no_limit() -> None:
    delay = SharedDelay()
    links = [LinkEstimate(10.0) for _ in range(20)]
    for link in links:
        link.proof.shared_delay = delay
    known = [link.tried(Made(40_000, 0.1, 0.4), 10.5) for link in links]
    assert known == [True] * 7 + [False] * 13


def test_a_link_that_is_known_is_not_tried() -> None:
    link = LinkEstimate(10.0, controlled=False)
    assert not link.tried(Made(40_000, 0.1, 0.4), 10.5)
    assert link.state == "wide"
