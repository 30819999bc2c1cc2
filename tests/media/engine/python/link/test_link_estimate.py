"""What a link carries, and what leaves on it: decisions from numbers and times."""

import pytest
from tests.media.support.reporting_link import STREAM_KBPS, Link

from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.link.pace import join_plan
from farmlive.media.engine.python.link.shared_delay import SharedDelay


def test_a_link_is_wide_after_a_few_good_seconds() -> None:
    link = Link()
    link.seconds(3)
    assert link.state == "unknown"
    link.seconds(1)
    assert link.state == "wide"


def test_a_queue_that_fills_makes_it_narrow() -> None:
    link = Link()
    link.seconds(5)
    link.seconds(2, rtt_s=0.25)
    assert link.state == "narrow"
    # 1,600 kbit/s came within a second and a fifth; a little less drains the queue.
    assert 1_000 < link.estimate.kbps < 1_200


def test_a_moment_in_which_the_viewer_stood_still_is_no_queue() -> None:
    link = Link()
    link.seconds(5)
    for _ in range(20):
        link.seconds(1, rtt_s=0.6)
        assert link.estimate.proof.is_wanted
        link.estimate.proof.is_wanted = False
        link.seconds(1)
        assert link.state == "wide"


def test_a_report_that_was_sent_before_the_delay_proves_nothing() -> None:
    link = Link()
    link.seconds(5)
    sent_at = link.now
    for _ in range(5):
        link.now += 1.0
        link.highest, link.octets = link.highest + 200, link.octets + 200_000
        link.estimate.measured(0.6, sent_at)
        link.estimate.reported(link.highest, 0, link.octets, STREAM_KBPS, link.now)
        assert link.state == "wide"


def test_a_proof_without_an_answer_is_asked_for_again() -> None:
    link = Link()
    link.seconds(5)
    link.seconds(1, rtt_s=0.6)
    link.estimate.proof.is_wanted = False
    link.now += 1.0
    link.estimate.reported(link.highest + 200, 0, link.octets, STREAM_KBPS, link.now)
    assert link.estimate.proof.is_wanted
    assert link.state == "wide"


def test_a_delay_that_many_viewers_see_is_not_their_links() -> None:
    links, shared = [Link() for _ in range(30)], SharedDelay()
    for link in links:
        link.estimate.proof.shared_delay = shared
        link.seconds(5)
    for _ in range(10):
        for link in links:
            link.seconds(1, rtt_s=0.6)
    assert {link.state for link in links} == {"wide"}
    # One that is still late when the others are not is narrow.
    for _ in range(4):
        for number, link in enumerate(links):
            link.seconds(1, rtt_s=0.05 if number else 0.6)
    assert [link.state for link in links] == ["narrow"] + ["wide"] * 29


def test_loss_tells_a_link_that_many_share_from_a_server_that_stands_still() -> None:
    links, shared = [Link() for _ in range(30)], SharedDelay()
    for link in links:
        link.estimate.proof.shared_delay = shared
        link.seconds(5)
        link.seconds(1, rtt_s=0.3, loss=0.1)
    assert {link.state for link in links} == {"narrow"}


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.3])
def test_loss_without_a_queue_is_the_radios(loss: float) -> None:
    link = Link()
    link.seconds(20, loss=loss)
    assert link.state == "wide"


def test_loss_with_a_queue_is_the_links_end() -> None:
    link = Link()
    link.seconds(5)
    link.seconds(1, loss=0.1, rtt_s=0.12)
    assert link.state == "narrow"


def test_a_narrow_link_is_tried_and_wide_again_within_fifteen_seconds() -> None:
    link = Link()
    link.seconds(5)
    link.seconds(3, loss=0.4, rtt_s=0.35, kbps=1_000)
    assert link.state == "narrow"
    for second in range(15):
        if link.state == "wide":
            break
        assert second < 14
        link.seconds(1, kbps=min(STREAM_KBPS, link.estimate.kbps))


def test_each_failure_doubles_the_trial() -> None:
    link, took = Link(), []
    link.seconds(5)
    for _ in range(4):
        link.seconds(2, rtt_s=0.25)
        began = link.now
        while link.state == "narrow":
            link.seconds(1)
        took.append(link.now - began)
    assert took[0] <= took[1] < took[2] < took[3]


def test_an_uncontrolled_link_stays_wide() -> None:
    link = Link()
    link.estimate = LinkEstimate(link.now, controlled=False)
    assert not link.estimate.wants_report(link.now)
    link.seconds(10, loss=0.5, rtt_s=1.0)
    assert link.state == "wide"
    assert [link.estimate.repair(1, 1_200, STREAM_KBPS, link.now) for _ in range(99)] == [
        "send"
    ] * 99


def test_a_wide_link_is_asked_once_in_a_window() -> None:
    link = Link()
    link.seconds(5)
    assert not link.estimate.wants_report(link.now + 0.5)
    assert link.estimate.wants_report(link.now + 0.85)


def test_a_burst_leaves_at_twice_the_streams_rate() -> None:
    estimate, now, octets = LinkEstimate(0.0), 0.0, 0
    kbps = estimate.pace_kbps(STREAM_KBPS)
    while now < 1.0:
        while estimate.pace.may_send(kbps, now) > 0:
            estimate.pace.spent(1_200)
            octets += 1_200
        now += 0.004
    assert 3_200 * 125 <= octets <= 3_200 * 125 + 18_000


def test_what_is_sent_now_and_then_is_measured_while_it_is_sent() -> None:
    """A keyframe and no more each second: the link carries what it carried meanwhile."""
    link = Link()
    link.seconds(5)
    link.seconds(2, rtt_s=0.3)
    before = link.estimate.kbps
    for _ in range(10):
        kbps, sent = link.estimate.pace_kbps(STREAM_KBPS), 0
        link.estimate.pace.may_send(kbps, link.now)
        link.estimate.pace.spent(5_000)
        at = link.now
        while sent < 40_000:
            at += 0.004
            if link.estimate.pace.may_send(kbps, at) > 0:
                link.estimate.pace.spent(1_200)
                sent += 1_200
        link.seconds(1, kbps=sent / 125)
    assert link.estimate.kbps > 1.5 * before


def test_what_could_leave_is_not_saved_up() -> None:
    estimate = LinkEstimate(0.0)
    kbps = estimate.pace_kbps(STREAM_KBPS)
    estimate.pace.spent(16_000)
    assert estimate.pace.may_send(kbps, 60.0) <= 5_000


@pytest.mark.parametrize(
    ("octets", "answers", "wait_s", "plan"),
    [
        (90_000, True, 0.0, "group"),
        (110_000, True, 0.0, "wait"),
        (110_000, True, 1.5, "gently"),
        (2_000_000, False, 0.0, "group"),
    ],
)
def test_a_joiner_begins_where_it_pays(
    octets: int, answers: bool, wait_s: float, plan: str
) -> None:
    assert join_plan(octets, 3_200, answers, wait_s) == plan


def test_a_packet_is_repaired_once_in_a_round_trip() -> None:
    link = Link()
    link.seconds(5, rtt_s=0.2)
    assert link.state == "wide"
    at = link.now
    assert link.estimate.repair(7, 1_200, STREAM_KBPS, at) == "send"
    assert link.estimate.repair(7, 1_200, STREAM_KBPS, at + 0.19) == "skip"
    assert link.estimate.repair(8, 1_200, STREAM_KBPS, at + 0.19) == "send"
    assert link.estimate.repair(7, 1_200, STREAM_KBPS, at + 0.21) == "send"


def test_a_packet_is_repaired_once_in_a_moment_at_least() -> None:
    link = Link()
    link.seconds(5, rtt_s=0.0)
    assert link.state == "wide"
    assert link.estimate.repair(7, 1_200, STREAM_KBPS, link.now) == "send"
    assert link.estimate.repair(7, 1_200, STREAM_KBPS, link.now + 0.019) == "skip"
    assert link.estimate.repair(7, 1_200, STREAM_KBPS, link.now + 0.021) == "send"


def test_repairs_on_a_wide_link_have_a_share_of_the_stream() -> None:
    link = Link()
    link.seconds(5)
    assert link.state == "wide"
    estimate, sent, number, now = link.estimate, 0, 0, link.now
    # An interruption of four fifths of a second is made good at once.
    for number in range(round(0.8 * STREAM_KBPS * 125 / 1_200)):
        assert estimate.repair(number, 1_200, STREAM_KBPS, now) == "send"
    while now < link.now + 10:
        while (verdict := estimate.repair(number & 0xFFFF, 1_200, STREAM_KBPS, now)) == "send":
            sent += 1_200
            number += 1
        # It is no reason for a keyframe.
        assert verdict in ("refuse", "skip")
        number += verdict == "skip"
        now += 0.05
    assert 0.33 < sent / (10 * STREAM_KBPS * 125) < 0.37


def test_repairs_have_a_fifth_of_a_link_that_is_not_wide() -> None:
    link = Link()
    link.seconds(5)
    link.seconds(2, rtt_s=0.3)
    estimate, sent, number, now = link.estimate, 0, 0, link.now
    while now < link.now + 10:
        while estimate.repair(number & 0xFFFF, 1_200, STREAM_KBPS, now) == "send":
            sent += 1_200
            number += 1
        now += 0.05
    fifth = 0.2 * estimate.kbps * 125
    assert 9 * fifth < sent <= 11 * fifth


def test_who_misses_a_fifth_of_its_burst_has_a_narrow_link() -> None:
    estimate = LinkEstimate(0.0)
    estimate.begin_burst(1_000, 0.0)
    assert not estimate.missed(7, 1_020, 3_200, 1.0)
    assert not estimate.missed(13, 1_100, 3_200, 1.0)
    assert estimate.missed(10, 1_100, 3_200, 1.0)
    assert estimate.state == "narrow"
    assert estimate.kbps == pytest.approx(0.85 * 0.3 * 3_200)


def test_what_goes_beyond_its_repairs_has_a_narrow_link() -> None:
    estimate = LinkEstimate(0.0)
    estimate.beyond(3_200, 1.0)
    assert estimate.state == "narrow"
    assert estimate.kbps == pytest.approx(0.85 * 0.3 * 3_200)
    estimate.beyond(3_200, 2.0)
    assert estimate.kbps == pytest.approx(0.85 * 0.3 * 3_200)
