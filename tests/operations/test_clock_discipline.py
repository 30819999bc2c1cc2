"""What the time is, from what a clock shows that may be set."""

import pytest

from farmlive.operations.clock_discipline import AGREES_NS, STEP_NS, Discipline, Verdict

S = 1_000_000_000
HOUR = 3600 * S


def looks(discipline: Discipline, seconds: int, off: int, *, start: int = 0) -> list[Verdict]:
    """A look each second, at a reference that is so far off the steady clock."""
    return [discipline.observe(at * S, at * S + off) for at in range(start, start + seconds)]


@pytest.mark.parametrize("step", [HOUR, -HOUR, STEP_NS + S, -STEP_NS - S])
def test_after_a_step_the_time_goes_on_until_it_has_kept_pace_for_a_while(step: int) -> None:
    discipline = Discipline(0)
    assert set(looks(discipline, 10, 0)) == {Verdict.AGREES}
    found = looks(discipline, 40, step, start=10)
    assert found == [Verdict.OFF] * 30 + [Verdict.PROVED] * 10
    assert discipline.ahead == 0
    discipline.adopt(step)
    assert looks(discipline, 3, step, start=50) == [Verdict.AGREES] * 3


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_that_is_put_right_was_none(step: int) -> None:
    discipline = Discipline(0)
    assert set(looks(discipline, 25, step)) == {Verdict.OFF}
    assert set(looks(discipline, 5, 0, start=25)) == {Verdict.AGREES}
    assert set(looks(discipline, 30, step, start=30)) == {Verdict.OFF}
    assert discipline.ahead == 0


def test_a_second_step_begins_the_wait_anew() -> None:
    discipline = Discipline(0)
    looks(discipline, 25, HOUR)
    assert set(looks(discipline, 30, 2 * HOUR, start=25)) == {Verdict.OFF}
    assert looks(discipline, 1, 2 * HOUR, start=55) == [Verdict.PROVED]


@pytest.mark.parametrize("off", [S, -S])
def test_a_small_difference_is_made_up_for_little_by_little(off: int) -> None:
    discipline, before = Discipline(0), 0
    for at in range(1, 13):
        assert discipline.observe(at * S, at * S + off) is Verdict.AGREES
        assert abs(discipline.ahead - before) <= S // 10
        before = discipline.ahead
    assert discipline.ahead == off


@pytest.mark.parametrize("drift", [200_000, -200_000, 20_000_000, -20_000_000])
def test_a_slow_drift_is_followed(drift: int) -> None:
    """200 µs a second is a bad quartz; 20 ms a second a bad virtual machine."""
    discipline = Discipline(0)
    for at in range(1, 3600):
        assert discipline.observe(at * S, at * S + drift * at) is Verdict.AGREES
    assert abs(discipline.ahead - drift * 3600) < S // 10


def test_a_reference_that_keeps_no_pace_never_counts() -> None:
    discipline = Discipline(0)
    for at in range(1, 600):
        assert discipline.observe(at * S, at * S + HOUR + at * S // 5) is Verdict.OFF


def test_one_look_after_a_long_pause_proves_nothing() -> None:
    discipline = Discipline(0)
    assert discipline.observe(S, S + HOUR) is Verdict.OFF
    assert discipline.observe(2 * AGREES_NS, 2 * AGREES_NS + HOUR) is Verdict.OFF


def test_what_a_look_can_not_tell_is_no_difference() -> None:
    discipline = Discipline(0)
    assert discipline.observe(S, S, 0) is Verdict.AGREES
    assert discipline.observe(2 * S, 2 * S + 40_000_000, 50_000_000) is Verdict.AGREES
    assert discipline.ahead == 0
