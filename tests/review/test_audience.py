"""Watching, folded: views, stretches, peaks, averages, and who saw a pin."""

from itertools import pairwise
from random import Random

from farmlive.review.audience import IDLE_MS, Audience, fold, impressions

MINUTE = 60_000


def test_nobody_watched() -> None:
    audience = fold([], 0, MINUTE)
    assert (audience.views, audience.viewers, audience.watched_ms()) == (0, 0, 0)
    assert audience.peak() == (0, None)
    assert audience.averages([0, MINUTE]) == [0]
    assert audience.peaks([0, MINUTE]) == [0]


def test_a_page_that_comes_back_is_no_new_view() -> None:
    sessions = [("a", 0, 1_000, False), ("a", 2_000, 3_000, True), ("a", 4_000, 5_000, False)]
    audience = fold(sessions, 0, MINUTE)
    assert (audience.views, audience.viewers) == (2, 1)
    assert audience.watched_ms() == 3_000


def test_after_half_an_hour_away_it_is_a_new_view() -> None:
    back = 1_000 + IDLE_MS
    assert fold([("a", 0, 1_000, False), ("a", back, back + 9, True)], 0, 2 * IDLE_MS).views == 1
    assert (
        fold([("a", 0, 1_000, False), ("a", back + 1, back + 9, True)], 0, 2 * IDLE_MS).views == 2
    )


def test_two_windows_of_a_device_watch_once() -> None:
    audience = fold([("a", 0, 5_000, False), ("a", 1_000, 9_000, False)], 0, MINUTE)
    assert (audience.views, audience.watched_ms()) == (2, 9_000)
    assert audience.peak() == (1, 0)


def test_what_lies_outside_the_broadcast_is_cut_off() -> None:
    sessions = [
        ("before", 0, 5_000, False),
        ("early", 0, 15_000, False),
        ("late", 18_000, 90_000, False),
        ("after", 20_000, 30_000, False),
    ]
    audience = fold(sessions, 10_000, 20_000)
    assert (audience.views, audience.viewers, audience.watched_ms()) == (2, 2, 7_000)


def test_the_peak_is_where_most_overlap() -> None:
    audience = fold(
        [("a", 0, 10, False), ("b", 5, 30, False), ("c", 10, 20, False), ("d", 19, 40, False)],
        0,
        100,
    )
    assert audience.peak() == (3, 19)
    assert audience.peaks([0, 10, 50]) == [2, 3]
    assert audience.averages([0, 10, 20, 100]) == [1.5, 2.1, round(30 / 80, 2)]


def test_a_pin_is_seen_once_by_who_left_and_came_back_within_it() -> None:
    sessions = [
        ("back", 0, 20, False),
        ("back", 30, 40, True),
        ("back", 50, 60, True),
        ("gone", 0, 10, False),
        ("there", 0, 90, False),
    ]
    audience = fold(sessions, 0, 100)
    assert impressions(audience, [(10, 70), (22, 28), (35, 55), (60, 60)]) == [2, 1, 2, 0]


def test_figures_are_those_of_counting_each_device_by_hand() -> None:
    chance = Random(7)
    sessions = sorted(
        (
            (f"{chance.randrange(40)}", came, came + chance.randrange(1, 200), False)
            for came in (chance.randrange(1_000) for _ in range(300))
        ),
        key=lambda session: session[:2],
    )
    audience = fold(sessions, 0, 1_000)
    there: list[set[str]] = [set() for _ in range(1_000)]
    for device, came, left, _ in sessions:
        for moment in range(came, min(left, 1_000)):
            there[moment].add(device)
    assert audience.watched_ms() == sum(map(len, there))
    assert audience.peak()[0] == max(map(len, there))
    borders = [0, 3, 250, 500, 990, 1_000]
    spans = [there[a:b] for a, b in pairwise(borders)]
    assert audience.peaks(borders) == [max(map(len, span)) for span in spans]
    assert audience.averages(borders) == [
        round(sum(map(len, span)) / len(span), 2) for span in spans
    ]
    pins = [(0, 40), (40, 41), (300, 700), (700, 999)]
    assert impressions(audience, pins) == [len(set().union(*there[a:b])) for a, b in pins]


def test_who_came_and_left_in_one_millisecond_was_there() -> None:
    assert fold([("a", 5, 5, False)], 0, 10).peak() == (1, 5)


def test_an_empty_audience_reaches_nobody() -> None:
    assert Audience().reach(0, 10) == 0
