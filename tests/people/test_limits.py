import pytest

from farmlive.people.limits import RateLimits
from farmlive.problems import TooMany


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    return RateLimits(clock=clock, capacity=50)


def use(limits: RateLimits, times: int, *, key: str = "a", per_minute: int = 10) -> int:
    """How many of the uses were allowed."""
    allowed = 0
    for _ in range(times):
        try:
            limits.allow("chat", key, per_minute)
        except TooMany:
            continue
        allowed += 1
    return allowed


def test_a_minutes_worth_at_once_and_no_more(limits: RateLimits) -> None:
    assert use(limits, 15) == 10


def test_refusal_says_when_to_come_back_and_that_time_is_enough(
    limits: RateLimits, clock: Clock
) -> None:
    use(limits, 10)
    with pytest.raises(TooMany) as refused:
        limits.allow("chat", "a", 10)
    assert refused.value.headers == {"Retry-After": "6"}
    assert "6 s" in refused.value.detail
    clock.now += 6
    assert use(limits, 2) == 1


def test_refused_uses_do_not_prolong_the_wait(limits: RateLimits, clock: Clock) -> None:
    use(limits, 500)
    clock.now += 60
    assert use(limits, 15) == 10


def test_limit_of_one_a_minute(limits: RateLimits, clock: Clock) -> None:
    assert use(limits, 3, per_minute=1) == 1
    clock.now += 59
    assert use(limits, 1, per_minute=1) == 0
    clock.now += 1
    assert use(limits, 1, per_minute=1) == 1


def test_keys_and_names_are_counted_apart(limits: RateLimits) -> None:
    use(limits, 10)
    assert use(limits, 1, key="b") == 1
    limits.allow("orders", "a", 10)


def test_memory_is_bounded_under_a_flood_of_keys(limits: RateLimits) -> None:
    for number in range(1000):
        limits.allow("chat", str(number), 10)
    assert len(limits) == 50


def test_idle_keys_are_forgotten(limits: RateLimits, clock: Clock) -> None:
    for number in range(40):
        limits.allow("chat", str(number), 10)
    clock.now += 60
    assert use(limits, 40) == 10
    assert len(limits) == 1


def test_long_run_rate_is_the_limit(limits: RateLimits, clock: Clock) -> None:
    allowed = 0
    for _ in range(600):
        allowed += use(limits, 1)
        clock.now += 1
    assert 100 <= allowed <= 110
