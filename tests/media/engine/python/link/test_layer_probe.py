"""Checks of a link, and probes with a higher layer's bitrate: decisions from numbers and times."""

import itertools

import pytest

from farmlive.media.engine.python.link.layer_probe import LinkProbe
from farmlive.media.engine.python.link.layer_select import LayerSelector

RATES = [150.0, 500.0, 1_600.0]
ALL = [True, True, True]


class Viewer:
    """It answers checks, each 50 ms, by the queue that the test sets."""

    def __init__(self, place: int = 0) -> None:
        self.now = 100.0
        self.choice = LayerSelector(self.now, place)
        self.layer = self.choice.decide(ALL, RATES, 3, self.now)
        self.sent = 0.0

    def run(self, seconds: float, queue_s: float = 0.0) -> None:
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            octets = self.choice.watch.owed(1_100.0, self.now)
            self.choice.watch.spent(round(octets))
            self.sent += octets
            if self.choice.watch.wants_check(self.now):
                self.choice.watch.asked(self.now)
                self.choice.record_check(queue_s, self.now)
                self.layer = self.choice.decide(ALL, RATES, self.layer, self.now, True)


def test_a_short_queue_during_a_probe_shows_the_higher_layer_soon() -> None:
    one = Viewer()
    one.run(1.8, queue_s=0.01)
    assert one.layer == 2
    # Half of it while it grew.
    assert one.sent == pytest.approx(1_100 * 125 * (0.25 + 0.5), rel=0.25)


def test_a_queue_that_grows_ends_a_probe_at_once() -> None:
    one = Viewer()
    one.run(0.8)
    assert one.choice.probe == 2
    assert one.sent > 0
    one.run(0.1, queue_s=0.04)
    assert one.choice.probe == 2, "the first one goes on until the queue tells more"
    one.run(0.1, queue_s=0.07)
    assert one.choice.probe is None
    assert one.layer == 0, "it filled the link before it was as much as the middle layer"
    sent = one.sent
    one.run(1.0)
    assert one.sent == sent


def test_nothing_is_sent_before_the_queue_is_quiet() -> None:
    one = Viewer()
    one.run(4.0, queue_s=0.1)
    assert one.sent == 0


def test_the_noise_of_a_radio_is_no_queue() -> None:
    one = Viewer()
    for step in range(40):
        one.run(0.05, queue_s=(0.04, 0.0, 0.03, 0.045)[step % 4])
    assert one.layer == 2


def test_each_probe_that_fails_doubles_the_pause_up_to_twelve_seconds() -> None:
    one, begun = Viewer(), []
    for _ in range(5_000):
        before = one.choice.probe
        one.run(0.05, queue_s=0.2 if one.sent else 0.0)
        if one.choice.probe is not None and before is None:
            begun.append(one.now)
        if one.choice.probe is None:
            one.sent = 0.0
    apart = [round(b - a) for a, b in itertools.pairwise(begun)]
    assert apart[:5] == [3, 6, 12, 12, 12]


def test_later_probes_are_in_no_hurry() -> None:
    one = Viewer()
    one.run(0.8)
    one.run(0.1, queue_s=0.1)
    first = one.sent
    one.sent = 0.0
    while not one.sent:
        one.run(0.05)
    one.run(0.25)
    assert 0 < one.sent < first


def test_viewers_of_one_link_do_not_probe_it_together() -> None:
    starts = []
    for place in (3, 4, 5, 6):
        one = Viewer(place)
        one.run(0.8)
        one.run(0.1, queue_s=0.1)
        failed = one.now
        while one.choice.probe is None:
            one.run(0.05)
        starts.append(one.now - failed)
    starts.sort()
    assert all(b - a > 0.2 for a, b in itertools.pairwise(starts))


def test_a_queue_that_stands_leads_down_and_a_moment_s_does_not() -> None:
    one = Viewer()
    one.choice.most = 1
    one.run(3.0)
    one.choice._is_new = False
    one.run(0.3, queue_s=0.25)
    one.run(0.2)
    assert one.layer == 1
    one.run(0.6, queue_s=0.25)
    assert one.layer == 0


def test_two_lost_checks_in_a_row_are_a_full_queue_s() -> None:
    watch = LinkProbe(0.0)
    watch.answered(0.0, 0.0)
    for now in (0.1, 0.7, 1.3):
        assert watch.wants_check(now)
        watch.asked(now)
    assert not watch.is_quiet
    watch.answered(0.0, 1.4)
    assert watch.is_quiet


def test_who_never_answers_is_checked_no_more() -> None:
    watch, asked, now = LinkProbe(0.0), 0, 0.0
    while now < 60:
        if watch.wants_check(now):
            watch.asked(now)
            asked += 1
        now += 0.1
    assert asked == 5


def test_nothing_is_tried_while_a_burst_is_under_way() -> None:
    choice = LayerSelector(0.0)
    for step in range(1, 40):
        choice.record_check(0.0, step / 10)
        assert choice.decide(ALL, RATES, 0, step / 10, False, False) == 0
    assert choice.probe is None


class Pipe:
    """A link of so many kbit/s, which takes some bytes at once."""

    def __init__(self, kbps: float, bucket: int) -> None:
        self.kbps, self.room, self.queue = kbps, bucket * 8 / 1000, 0.0
        self.most = self.room

    def takes(self, kbits: float, seconds: float) -> None:
        self.queue += kbits - self.kbps * seconds
        taken = min(self.room, max(self.queue, self.room - self.most))
        self.room -= taken
        self.queue = max(0.0, self.queue - taken)

    @property
    def queue_s(self) -> float:
        return self.queue / self.kbps


def found_by_the_first_probe(kbps: float, bucket: int, place: int) -> int:
    """The layer that a viewer gets after its first probe, on such a link."""
    now, choice, pipe = 50.0, LayerSelector(50.0, place), Pipe(kbps, bucket)
    watch, layer, waiting, queue_s = choice.watch, 0, 0.0, 0.0
    while now < 53.0 and choice._is_new and layer == 0:
        now += 0.004
        octets = watch.owed(RATES[choice.probe] - RATES[0], now) if choice.probe else 0.0
        watch.spent(round(octets))
        pipe.takes(octets / 125 * 1.05 + (RATES[0] * 1.05 + 60) * 0.004, 0.004)
        if waiting and now >= waiting:
            choice.record_check(queue_s, now)
            layer = choice.decide(ALL, RATES, layer, now, True)
            waiting = 0.0
        if watch.wants_check(now):
            watch.asked(now)
            queue_s = pipe.queue_s
            waiting = now + 0.04 + queue_s
    return layer


@pytest.mark.parametrize("bucket", [0, 16_000])
@pytest.mark.parametrize(
    ("kbps", "layer"), [(300, 0), (500, 0), (1_000, 1), (1_300, 1), (2_000, 2), (5_000, 2)]
)
def test_the_first_probe_shows_which_layer_the_link_carries(
    kbps: float, bucket: int, layer: int
) -> None:
    found = [found_by_the_first_probe(kbps, bucket, place) for place in range(12)]
    assert set(found) == {layer}
