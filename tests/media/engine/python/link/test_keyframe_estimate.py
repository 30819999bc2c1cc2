"""What a narrow link carries, by the keyframes that a viewer of those alone gets."""

import pytest
from tests.media.support.reporting_link import STREAM_KBPS, Link


def narrowed(rtt_s: float = 0.25) -> Link:
    """A link that has become narrow, and whose queue has drained."""
    link = Link()
    link.seconds(5)
    link.seconds(2, rtt_s=rtt_s)
    assert link.state == "narrow"
    return link


def sent_keyframe(link: Link, seconds: float) -> None:
    """A keyframe was sent in these seconds."""
    link.now += seconds
    link.highest += 60
    link.octets += 66_000


def reported(link: Link) -> None:
    """The viewer reports what it has by now."""
    link.estimate.reported(link.highest, link.lost, link.octets, STREAM_KBPS, link.now)


def keyframes(link: Link, count: int, *, rtt_s: float = 0.05, loss: float = 0.0) -> None:
    """A keyframe each two seconds at the pace of the estimate, and a report behind each."""
    for _ in range(count):
        kbps, sent, at = link.estimate.pace_kbps(STREAM_KBPS), 0, link.now
        link.estimate.begin_burst(0, at)
        while sent < 66_000:
            at += 0.004
            while link.estimate.pace.may_send(kbps, at) > 0:
                link.estimate.pace.spent(1_100)
                sent += 1_100
        link.now += 2.0
        link.highest += 60
        link.lost += round(60 * loss)
        link.octets += sent
        link.estimate.measuring(at)
        link.estimate.measured(rtt_s, at)
        link.estimate.reported(link.highest, link.lost, link.octets, STREAM_KBPS, link.now)


def test_the_queue_behind_a_keyframe_tells_what_a_narrow_link_carries() -> None:
    link = narrowed()
    keyframes(link, 1)
    link.estimate.kbps = 1_000.0
    # 66 kB in half a second, and a fifth of a second in the queue.
    keyframes(link, 1, rtt_s=0.25)
    assert link.estimate.kbps == pytest.approx(0.9 * 528 / (0.488 + 0.2), rel=0.02)


def test_a_keyframe_that_drains_the_queue_in_front_of_it_was_not_too_much() -> None:
    link = narrowed()
    keyframes(link, 2)
    before = link.estimate.kbps
    # A report that left before the keyframe saw half a second of queue; a third is left behind it.
    link.estimate.begin_burst(0, link.now)
    at = link.now
    for _ in range(60):
        at += 0.01
        link.estimate.pace.may_send(before, at)
        link.estimate.pace.spent(1_100)
    link.estimate.measured(0.55, link.now - 0.05)
    link.highest, link.lost, link.now = link.highest + 30, link.lost + 20, link.now + 0.2
    link.estimate.reported(link.highest, link.lost, link.octets, STREAM_KBPS, link.now)
    assert link.estimate.kbps == before, "what was lost before is no loss of this keyframe"
    link.estimate.measuring(at)
    link.estimate.measured(0.35, at)
    link.highest, link.octets, link.now = link.highest + 60, link.octets + 66_000, at + 1.0
    link.estimate.reported(link.highest, link.lost, link.octets, STREAM_KBPS, link.now)
    assert link.estimate.kbps == before


def test_no_growth_makes_a_long_queue() -> None:
    link = narrowed()
    link.estimate.kbps, link.estimate._fell_kbps = 500.0, 100.0
    # The pace limits a keyframe for three quarters of a second: a fifth more is 0.15 s of queue.
    keyframes(link, 1)
    assert 500 < link.estimate.kbps <= 500 * 1.2


def test_what_a_layer_did_is_not_held_against_the_one_below() -> None:
    link = narrowed(rtt_s=0.4)
    before = link.estimate.kbps
    link.now += 2
    link.estimate.stepped_down(link.now)
    link.seconds(1, rtt_s=0.4, loss=0.3)
    assert link.estimate.kbps == before
    link.now += 2
    link.seconds(1, rtt_s=0.4, loss=0.3)
    assert link.estimate.kbps < before


def test_a_narrow_link_stays_below_what_was_too_much_for_longer_each_time() -> None:
    link, held = narrowed(), []
    for _ in range(4):
        fell = link.estimate._fell_kbps
        began = link.now
        while link.estimate.kbps <= fell:
            keyframes(link, 1)
        held.append(link.now - began)
        keyframes(link, 1, rtt_s=0.35)
        assert link.estimate.kbps < fell * 1.2
    assert held == sorted(held)
    assert held[-1] > held[0]


def test_without_a_new_round_trip_a_narrow_link_is_not_judged() -> None:
    link = narrowed()
    kbps = link.estimate.kbps
    for _ in range(10):
        sent_keyframe(link, 1.0)
        reported(link)
    assert link.estimate.kbps == kbps


def test_a_report_that_was_sent_before_the_end_of_a_keyframe_does_not_measure_it() -> None:
    link = narrowed()
    kbps = link.estimate.kbps
    for _ in range(10):
        sent_keyframe(link, 1.0)
        link.estimate.measuring(link.now - 0.1)
        link.estimate.measured(0.05, link.now - 0.5)
        reported(link)
    assert link.estimate.kbps == kbps


def test_reports_that_are_lost_tell_of_a_queue_that_overflows() -> None:
    link = narrowed()
    keyframes(link, 1)
    kbps = link.estimate.kbps
    for _ in range(3):
        sent_keyframe(link, 2.0)
        link.estimate.measuring(link.now - 1.0)
        reported(link)
    assert link.estimate.kbps < kbps


def test_keyframes_alone_do_not_make_it_wide() -> None:
    link = narrowed()
    keyframes(link, 20)
    assert link.estimate.kbps > 1.3 * STREAM_KBPS
    assert link.state == "narrow"
    link.seconds(5)
    assert link.state == "wide"


def test_repairs_of_a_keyframe_alone_have_the_whole_link() -> None:
    link = narrowed()
    estimate, sent, number, now = link.estimate, 0, 0, link.now
    while now < link.now + 10:
        while estimate.repair(number & 0xFFFF, 1_200, STREAM_KBPS, now, True) == "send":
            sent += 1_200
            number += 1
        now += 0.05
    assert sent > 9 * estimate.kbps * 125
