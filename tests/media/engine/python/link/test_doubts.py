"""Long delays of viewers that stood still, and those of links."""

from tests.media.support.reporting_link import Link


def test_a_short_queue_between_two_long_delays_ends_the_doubt() -> None:
    link = Link()
    link.seconds(5)
    for _ in range(10):
        link.seconds(1, rtt_s=0.3)
        # Two reports are answered within a window, and the later one late again.
        link.estimate.measured(0.05, link.now + 0.1)
        link.seconds(1, rtt_s=0.3)
        assert link.state == "wide"
        link.seconds(1)
    # Without that it is the link's.
    link.seconds(2, rtt_s=0.3)
    assert link.state == "narrow"


def test_another_answer_to_a_report_that_took_less_is_no_queue() -> None:
    link = Link()
    link.seconds(5)
    for _ in range(10):
        link.seconds(1, rtt_s=0.3)
        # The viewer stood still before its first answer; the next one says when it had the report.
        link.estimate.measured_again(0.06)
        link.seconds(1, rtt_s=0.3)
        assert link.state == "wide"
        link.estimate.measured_again(0.06)
    # One that took more says nothing.
    link.seconds(1, rtt_s=0.3)
    link.estimate.measured_again(0.4)
    link.seconds(1, rtt_s=0.3)
    assert link.state == "narrow"


def test_reports_of_a_wide_link_are_read_while_a_delay_is_in_doubt() -> None:
    link = Link()
    link.seconds(5)
    assert not link.estimate.wants_report(link.now + 0.2)
    link.seconds(1, rtt_s=0.3)
    assert link.estimate.wants_report(link.now + 0.2)
    link.estimate.measured_again(0.06)
    assert not link.estimate.wants_report(link.now + 0.2)
