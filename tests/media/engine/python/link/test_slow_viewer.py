"""When the video of a viewer that can't keep up stops, and when it gets it again."""

from farmlive.media.engine.python.link.slow_viewer import Backpressure


def test_a_stalled_viewer_goes_on_when_it_holds_nothing_and_has_waited() -> None:
    stall = Backpressure()
    assert stall.may_resume(held=10_000, now=0.0)
    stall.stop_video(30, now=1.0)
    assert (stall.dropped, stall.since) == (30, 1.0)
    assert not stall.may_resume(held=1, now=9.0)
    assert not stall.may_resume(held=0, now=1.1)
    stall.count_skipped(5)
    assert stall.may_resume(held=0, now=2.0)
    stall.resume(2.0)
    assert (stall.dropped, stall.since) == (35, None)


def test_who_falls_again_and_again_waits_longer_and_who_kept_up_does_not() -> None:
    stall, now, waits = Backpressure(), 0.0, []
    for _ in range(6):
        stall.stop_video(1, now)
        fell = now
        while not stall.may_resume(held=0, now=now):
            now += 0.125
        waits.append(now - fell)
        stall.resume(now)
    assert waits == [0.5, 1, 2, 4, 8, 8]
    stall.stop_video(1, now + 60)
    assert stall.may_resume(held=0, now=now + 60.5)


def test_a_few_packets_without_a_place_are_counted_and_many_end_the_video() -> None:
    stall = Backpressure()
    for number in range(4):
        stall.count_refused(30, now=number * 2.0)
    assert (stall.dropped, stall.since) == (120, None)
    stall.count_refused(30, now=6.5)
    assert (stall.dropped, stall.since) == (150, 6.5)
