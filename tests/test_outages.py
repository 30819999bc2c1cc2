"""What is lost and comes back is said once a minute, with how often, and when it is back."""

from structlog.testing import capture_logs
from tests.support.manual_clock import Clock

from farmlive.outages import LOG_EVERY_S, DependencyHealth, Outages


def test_it_is_said_at_once_then_once_a_minute_with_how_often_and_when_it_is_back() -> None:
    clock = Clock()
    disk = DependencyHealth("disk", what_to_do="Free some.", clock=clock)
    with capture_logs() as said:
        disk.failed("full")
        for _ in range(119):
            clock.now += 0.5
            disk.failed("full", times=2)
        assert len(said) == 1
        clock.now = 1000 + LOG_EVERY_S
        disk.failed("fuller")
        clock.now += 3
        disk.failed("fuller")
        disk.recovered()
        disk.recovered()
    assert said == [
        {
            "event": "disk is failing",
            "log_level": "error",
            "reason": "full",
            "times": 1,
            "for_s": 0,
            "what_to_do": "Free some.",
        },
        {
            "event": "disk is failing",
            "log_level": "error",
            "reason": "fuller",
            "times": 239,
            "for_s": 60,
            "what_to_do": "Free some.",
        },
        {"event": "disk is back", "log_level": "warning", "for_s": 63, "times_since": 1},
    ]
    assert disk.failures == 241


def test_what_comes_and_goes_all_the_time_is_not_said_all_the_time() -> None:
    clock = Clock()
    link = DependencyHealth("link", lost="it went", back="it came", clock=clock)
    with capture_logs() as said:
        for _ in range(480):
            link.failed("cut")
            assert link.failing
            clock.now += 0.125
            link.recovered()
            assert not link.failing
            clock.now += 0.125
    assert [each["event"] for each in said] == ["it went", "it came"] * 2
    assert [each["times"] for each in said[::2]] == [1, 240]


def test_only_what_is_needed_keeps_a_server_from_being_ready() -> None:
    outages = Outages()
    redis, disk = outages.register("redis"), outages.register("disk", needed=True)
    assert outages.register("disk") is disk
    with capture_logs():
        redis.failed("refused")
        assert outages.failing(needed=True) == []
        disk.failed("full")
    assert outages.failing(needed=True) == [disk]
    assert outages.failing() == [redis, disk]
    assert disk.lasts_s >= 0
