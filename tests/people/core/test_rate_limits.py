"""Rate limits by a clock that the test moves, alone and between servers."""

import asyncio
import contextlib
import json
import os

import pytest
from tests.support.manual_clock import Clock
from tests.support.parts import limits_of, redis_bus
from tests.support.waiting import LONG_S, until

from farmlive.bus import Bus, LocalBus
from farmlive.clock import now_ms
from farmlive.people.core import rate_limits as limits_module
from farmlive.people.core.rate_limits import TOPIC, RateLimits
from farmlive.problems import TooMany

REDIS = os.environ.get("FARMLIVE_TEST_REDIS", "")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    return limits_of(clock=clock, capacity=50)


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


def test_nothing_is_counted_without_a_key(limits: RateLimits) -> None:
    for _ in range(20):
        limits.allow("chat", None, 10)
        limits.give_back("chat", None, 10)
    for _ in range(20):
        with (
            pytest.raises(KeyError),
            limits.failures(KeyError, 10, ("of an address", None), of="guesses"),
        ):
            raise KeyError
    assert len(limits) == 0


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


def test_an_address_and_the_block_around_it_are_counted_together(limits: RateLimits) -> None:
    def used(address: str | None, times: int = 1) -> bool:
        try:
            limits.allow_address("chat", address, 4, block_factor=2, times=times)
        except TooMany:
            return False
        return True

    assert [used("192.0.2.1") for _ in range(5)] == [True] * 4 + [False]
    assert used("192.0.2.2", 3)
    assert [used("192.0.2.3") for _ in range(2)] == [True, False]  # eight of the /24
    assert used("192.0.3.1")
    # Of IPv6 an address is a /64, and the block a /48.
    assert [used(f"2001:db8:1:{each}::/64", 4) for each in range(3)] == [True, True, False]
    assert used("2001:db8:2::/64")
    assert all(used(None) for _ in range(20))


def test_a_share_of_what_was_counted_is_given_back(limits: RateLimits) -> None:
    for _ in range(4):
        assert use(limits, 1) == 1
        limits.give_back("chat", "a", 10, share=0.75)
    assert use(limits, 10) == 9


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


class Wrong(Exception):
    pass


def fail(limits: RateLimits, error: Exception | None, *keys: str) -> None:
    buckets = [("guess", key) for key in keys]
    with limits.failures(Wrong, 10, *buckets, of="wrong guesses"):
        if error is not None:
            raise error


def test_only_the_named_failure_is_counted(limits: RateLimits) -> None:
    for error in (None, ValueError(), Wrong()):
        for _ in range(9):
            with contextlib.suppress(Wrong, ValueError):
                fail(limits, error, "a")
    with pytest.raises(Wrong):
        fail(limits, Wrong(), "a")
    with pytest.raises(TooMany, match="More than 10 wrong guesses a minute"):
        fail(limits, None, "a")


def test_guesses_at_once_are_counted_before_they_are_tried(limits: RateLimits) -> None:
    with contextlib.ExitStack() as at_once:
        for _ in range(10):
            at_once.enter_context(limits.failures(Wrong, 10, ("guess", "a"), of="guesses"))
        with pytest.raises(TooMany):
            fail(limits, None, "a")
    fail(limits, None, "a")
    assert len(limits) == 0


def test_what_was_not_tried_counts_for_nobody(limits: RateLimits) -> None:
    for _ in range(10):
        with pytest.raises(Wrong):
            fail(limits, Wrong(), "a name")
    for _ in range(20):
        with pytest.raises(TooMany):
            fail(limits, Wrong(), "an address", "a name")
    fail(limits, None, "an address")


# Between servers.


async def told(bus: Bus, times: int = 1) -> None:
    """Wait until so many servers have told what was used."""
    messages: list[bytes] = []
    bus.listen(lambda topic, message: messages.append(message) if topic == TOPIC else None)
    await until(lambda: len(messages) >= times, "what was used is on its way")


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def shared(clock: Clock, bus: LocalBus) -> RateLimits:
    return limits_of(bus, clock=clock, capacity=50)


@pytest.fixture
def other(clock: Clock, bus: LocalBus) -> RateLimits:
    return limits_of(bus, clock=clock, capacity=50)


async def test_two_servers_share_the_count(
    shared: RateLimits, other: RateLimits, bus: LocalBus
) -> None:
    assert use(shared, 6) == 6
    await told(bus)
    assert use(other, 9) == 4
    await told(bus)
    assert use(shared, 1) == 0
    shared.give_back("chat", "a", 10)
    await told(bus)
    assert use(other, 2) == 1


async def test_a_burst_is_told_in_one_message(shared: RateLimits, bus: LocalBus) -> None:
    messages: list[bytes] = []
    bus.listen(lambda _topic, message: messages.append(message))
    use(shared, 5)
    use(shared, 5, key="b")
    shared.allow("once", "c", 10)
    shared.give_back("once", "c", 10)
    await told(bus)
    assert [json.loads(message)[2] for message in messages] == [
        [["chat", "a", 30.0], ["chat", "b", 30.0]]
    ]


async def test_more_than_a_minutes_worth_elsewhere_is_refused_for_no_longer(
    shared: RateLimits, other: RateLimits, bus: LocalBus, clock: Clock
) -> None:
    use(shared, 10)
    use(other, 10)  # before it heard of the others
    await told(bus, 2)
    clock.now += 6
    assert use(shared, 2) == 1


async def test_what_comes_late_is_not_counted(
    other: RateLimits, bus: LocalBus, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = LocalBus()
    kept: list[bytes] = []
    late.listen(lambda _topic, message: kept.append(message))
    use(limits_of(late, clock=clock), 10)
    await told(late)
    now = now_ms()
    monkeypatch.setattr(limits_module, "now_ms", lambda: now + 60_000)
    bus.publish(TOPIC, kept[0])
    assert use(other, 10) == 10


async def test_where_redis_is_away_each_counts_alone(clock: Clock) -> None:
    bus = redis_bus("redis://127.0.0.1:1/0", "alone")
    await bus.start()
    limits = limits_of(bus, clock=clock)
    assert use(limits, 15) == 10
    await told(bus)
    assert use(limits, 1) == 0
    await bus.stop()


@pytest.mark.redis
async def test_servers_share_the_count_by_redis(clock: Clock) -> None:
    one, two = redis_bus(REDIS, "one"), redis_bus(REDIS, "two")
    heard = asyncio.Event()
    limits, other = limits_of(one, clock=clock), limits_of(two, clock=clock)
    two.listen(lambda topic, _message: heard.set() if topic == TOPIC else None)
    for bus in (one, two):
        await bus.start()
        await asyncio.wait_for(bus.joined.wait(), LONG_S)
    assert use(limits, 7, key="by redis") == 7
    await asyncio.wait_for(heard.wait(), LONG_S)
    assert use(other, 10, key="by redis") == 3
    for bus in (one, two):
        await bus.stop()
