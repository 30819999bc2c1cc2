"""The delay that viewers report: its figures, and what one of them can do to the others'."""

import random

import pytest

from farmlive.media.viewer_delay import (
    MOST_MS,
    PERIOD_S,
    SAMPLE,
    DelayFigures,
    ViewerDelays,
    keyed_draw,
)

NOW = 100 * PERIOD_S


def asked(*viewers: str) -> ViewerDelays:
    delays = ViewerDelays(lambda network: 0.0)
    for viewer in viewers:
        assert delays.ask(viewer, len(viewers))
    return delays


def test_median_and_slowest_tenth() -> None:
    viewers = [str(number) for number in range(20)]
    delays = asked(*viewers)
    assert delays.figures(NOW) is None
    for viewer, ms in zip(viewers, random.Random(1).sample(range(20), 20), strict=True):
        delays.report(viewer, 400 + 10 * ms, NOW)
    assert delays.figures(NOW) == DelayFigures(490, 580, 20)


def test_of_few_reports_there_is_no_tenth() -> None:
    delays = asked(*map(str, range(10)))
    for number in range(9):
        delays.report(str(number), 300, NOW)
    assert delays.figures(NOW) == DelayFigures(300, None, 9)
    delays.report("9", 900, NOW)
    assert delays.figures(NOW) == DelayFigures(300, 900, 10)


def test_one_viewer_has_one_vote_however_often_it_reports() -> None:
    delays = asked("honest", "also honest", "forger")
    for viewer in ("honest", "also honest"):
        delays.report(viewer, 400, NOW)
    for _ in range(1_000):
        delays.report("forger", MOST_MS, NOW)
    assert delays.figures(NOW) == DelayFigures(400, None, 3)


def test_who_was_not_asked_has_none() -> None:
    delays = ViewerDelays(lambda network: 0.99)
    assert not delays.ask("late", 10 * SAMPLE)
    delays.report("late", 400, NOW)
    delays.report("never seen", 400, NOW)
    assert delays.figures(NOW) is None


def test_who_has_left_has_none_from_then_on() -> None:
    delays = asked("one")
    delays.forget("one")
    delays.report("one", 400, NOW)
    assert delays.figures(NOW) is None


def test_who_joins_again_and_again_has_one_vote_as_well() -> None:
    delays = asked("honest", "also honest")
    delays.ask("again 0", 3, "192.0.2.7")
    delays.report("honest", 400, NOW)
    delays.report("also honest", 400, NOW)
    for number in range(1_000):
        delays.report(f"again {number}", MOST_MS, NOW)
        delays.forget(f"again {number}")
        # From another address of the network.
        delays.ask(f"again {number + 1}", 3, f"192.0.2.{number % 250}")
    assert delays.figures(NOW) == DelayFigures(400, None, 3)
    # In the next period it is one of three again.
    for viewer in ("honest", "also honest", "again 1000"):
        delays.report(viewer, 500, NOW + PERIOD_S)
    assert delays.figures(NOW + PERIOD_S) == DelayFigures(500, None, 3)


def test_all_of_few_and_a_share_of_many_are_asked() -> None:
    delays = ViewerDelays(keyed_draw(b"3"))
    asked = [delays.ask(str(number), number + 1) for number in range(20_000)]
    assert all(asked[:SAMPLE])
    assert 3 * SAMPLE < sum(asked) < 10 * SAMPLE


def test_who_joins_again_is_in_the_sample_as_little_as_before() -> None:
    delays = ViewerDelays()
    drawn = []
    for number in range(200):
        drawn.append(delays.ask(f"v4 {number}", 2 * SAMPLE, f"192.0.2.{number}"))
        drawn.append(delays.ask(f"v6 {number}", 2 * SAMPLE, "2001:db8:0:7::/64"))
    assert len(set(drawn[::2])) == len(set(drawn[1::2])) == 1
    others = {delays.ask(str(number), 2 * SAMPLE, f"10.0.{number}.1") for number in range(200)}
    assert others == {True, False}
    # It is another one of each broadcast.
    alike = [ViewerDelays().ask("one", 2 * SAMPLE, "192.0.2.7") for _ in range(200)]
    assert set(alike) == {True, False}


def test_who_leaves_takes_nobody_elses_vote() -> None:
    delays = ViewerDelays(lambda network: 0.0)
    for number in range(50):
        delays.ask(f"forger {number}", 60, "192.0.2.7")
        delays.report(f"forger {number}", 400, NOW)
        delays.forget(f"forger {number}")
    for number in range(50):
        delays.ask(f"newcomer {number}", 60, f"198.51.{number}.7")
        delays.report(f"newcomer {number}", 900, NOW)
    assert delays.figures(NOW) == DelayFigures(900, 900, 51)


@pytest.mark.parametrize(
    ("ms", "counted"),
    [(-5, 0), (0, 0), (9, 9), (99, 99), (104, 100), (105, 110), (1_149, 1_100), (1e9, MOST_MS)],
)
def test_a_delay_is_bounded_and_has_two_digits(ms: int, counted: int) -> None:
    delays = asked("one")
    delays.report("one", int(ms), NOW)
    assert delays.figures(NOW) == DelayFigures(counted, None, 1)


def test_figures_are_of_this_period_or_the_one_before() -> None:
    delays = asked("one", "other")
    delays.report("one", 400, NOW)
    delays.report("other", 500, NOW)
    delays.report("one", 800, NOW + PERIOD_S)
    assert delays.figures(NOW + PERIOD_S) == DelayFigures(400, None, 2)
    assert delays.figures(NOW + 2 * PERIOD_S) == DelayFigures(800, None, 1)
    assert delays.figures(NOW + 3 * PERIOD_S) is None
    delays.report("one", 500, NOW + 3 * PERIOD_S)
    assert delays.figures(NOW + 9 * PERIOD_S) is None


def test_another_camera_begins_anew() -> None:
    delays = asked("one")
    delays.report("one", 400, NOW)
    delays.clear()
    assert delays.figures(NOW) is None
    delays.report("one", 700, NOW)
    assert delays.figures(NOW) == DelayFigures(700, None, 1)
