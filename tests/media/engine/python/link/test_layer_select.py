"""Which layer a viewer gets, by scripts of reports and times."""

import itertools

import pytest

from farmlive.media.engine.python.link.layer_select import FlowingLayers, LayerSelector

RATES = [150.0, 500.0, 1_800.0]
ALL = [True, True, True]


class Link:
    """A viewer with a link that carries so much; each step is a second."""

    def __init__(
        self,
        carries_kbps: float,
        noise: float = 0.0,
        can_probe: bool = True,
        answers: bool = False,
    ) -> None:
        self.choice = LayerSelector(0.0)
        self.carries_kbps, self.noise, self.can_probe = carries_kbps, noise, can_probe
        # Whether it answers checks, which see no queue.
        self.answers = answers
        self.flowing = ALL
        self.layer = self.choice.decide(ALL, RATES, 3, 0.0)
        self.now = 0.0
        self.probes: list[float] = []
        self._highest = self._lost = 0

    def run(self, seconds: int) -> list[int]:
        """The layer in each of these seconds."""
        layers = []
        for _ in range(seconds):
            self.now += 1.0
            probe = self.choice.probe
            if probe is not None:
                self.probes.append(self.now)
            sent = RATES[self.layer if probe is None else probe]
            packets = round(RATES[self.layer] / 8)
            congested = max(0.0, 1 - self.carries_kbps / sent)
            self._highest += packets
            self._lost += round(packets * (congested + (1 - congested) * self.noise))
            self.choice.record_report(self._highest, self._lost, self.now)
            for step in range(20 if self.answers else 0):
                self.choice.record_check(0.0, self.now - 0.95 + step * 0.05)
            self.layer = self.choice.decide(
                self.flowing, RATES, self.layer, self.now, self.can_probe
            )
            layers.append(self.layer)
        return layers


def test_begins_with_the_lowest_and_goes_up_soon_on_a_good_link() -> None:
    link = Link(10_000)
    assert link.layer == 0
    layers = link.run(10)
    assert layers[-1] == 2
    assert 1 not in layers, "the first probe is of the highest"


def test_leaves_a_layer_that_the_link_does_not_carry_within_two_seconds() -> None:
    link = Link(10_000)
    link.run(30)
    link.carries_kbps = 600
    assert link.run(2)[-1] == 1


def test_goes_down_to_the_lowest_where_the_link_is_narrow() -> None:
    assert Link(200).run(6)[-1] == 0
    link = Link(10_000)
    link.run(10)
    link.carries_kbps = 200
    assert link.run(10)[-1] == 0, "what the middle layer loses then is of the full link too"


@pytest.mark.parametrize("can_probe", [True, False])
def test_tries_again_seldom_where_each_try_fails(can_probe: bool) -> None:
    link = Link(700, can_probe=can_probe)
    layers = link.run(300)
    steps = [float(at) for at, layer in enumerate(layers) if layer == 2 and layers[at - 1] == 1]
    probes = [at for at in link.probes if at - 1 not in link.probes]
    # The first one is of the highest layer, and finds the link too narrow.
    tries = [at for at in probes if layers[int(at) - 1] == 1] if can_probe else steps
    apart = [b - a for a, b in itertools.pairwise(tries)]
    assert len(tries) >= 3
    assert all(b >= a for a, b in itertools.pairwise(apart)), "each pause is longer"
    assert max(apart) > 60
    assert layers.count(2) < (1 if can_probe else 20), "a probe costs no picture"


def test_a_probe_without_an_answer_ends() -> None:
    link = Link(10_000)
    link.run(2)
    assert link.choice.probe == 2
    for now in range(3, 9):
        assert link.choice.decide(ALL, RATES, 0, float(now), True) == 0
    assert link.choice.probe is None


def test_a_probe_ends_where_the_next_source_has_no_such_layer() -> None:
    link = Link(10_000)
    link.run(2)
    assert link.choice.probe == 2
    assert link.choice.decide(ALL[:2], RATES[:2], 2, link.now, True) == 0
    assert link.choice.probe is None


def test_a_viewer_that_stalled_goes_on_with_less() -> None:
    link = Link(10_000)
    link.run(20)
    link.choice.record_stall(2, link.now)
    assert link.run(1) == [1]


def test_a_lossy_link_that_loses_as_much_of_less_keeps_its_layer() -> None:
    layers = Link(10_000, noise=0.2, answers=True).run(120)
    assert layers[-60:].count(0) == 0
    assert layers[-60:].count(2) > 30
    # So much loss does not keep it from the first step, only from later ones.
    assert set(Link(10_000, noise=0.1).run(120)[10:]) == {2}


def test_without_reports_it_stays_where_it_is() -> None:
    choice = LayerSelector(0.0)
    assert {choice.decide(ALL, RATES, 0, float(now)) for now in range(100)} == {0}


def test_the_viewers_wish_is_a_limit_at_once_and_may_be_lifted() -> None:
    link = Link(10_000)
    link.run(20)
    link.choice.most = 0
    assert link.run(30) == [0] * 30
    link.choice.most = None
    assert link.run(1) == [2]


def test_an_estimate_that_rises_from_low_is_no_reason_to_go_down() -> None:
    link = Link(10_000)
    link.run(10)
    for step in range(10):
        link.choice.record_estimate(600 + step * 40, link.now)
        assert link.run(1) == [2]


def test_an_estimate_that_goes_on_falling_is() -> None:
    link = Link(10_000)
    link.run(10)
    layers = []
    for step in range(8):
        link.choice.record_estimate(800 * 0.85**step, link.now)
        layers += link.run(1)
    assert layers[0] == 2
    assert layers[-1] == 1


def test_a_layer_that_does_not_come_is_left_for_the_next_lower_one() -> None:
    link = Link(10_000)
    link.run(20)
    link.flowing = [True, True, False]
    assert link.run(1) == [1]
    link.flowing = [False, True, True]
    link.choice.most = 0
    assert link.run(1) == [1], "nothing lower comes"


def counts(*frames: int) -> list[tuple[int, int]]:
    return [(3 * each, each) for each in frames]


def test_layers_begin_to_flow_with_their_first_packets() -> None:
    flow = FlowingLayers(3)
    assert flow.flowing == [False] * 3
    assert flow.update(counts(1, 1, 0), 0.0)
    assert flow.flowing == [True, True, False]
    assert flow.highest == 1
    assert not flow.update(counts(2, 2, 0), 0.1)


def test_an_upper_layer_has_stopped_after_some_frames_of_a_lower_one() -> None:
    flow = FlowingLayers(3)
    flow.update(counts(1, 1, 1), 0.0)
    flow.update(counts(4, 4, 4), 0.1)
    flow.update(counts(7, 7, 4), 0.2)
    assert flow.flowing == ALL
    assert flow.update(counts(10, 10, 4), 0.3)
    assert flow.flowing == [True, True, False]
    # It comes again; after a second it is taken for steady.
    flow.update(counts(13, 13, 7), 1.0)
    assert not flow.flowing[2]
    assert flow.update(counts(43, 43, 37), 2.1)
    assert flow.flowing == ALL


def test_a_pause_of_all_is_none_of_one() -> None:
    flow = FlowingLayers(3)
    flow.update(counts(1, 1, 1), 0.0)
    assert not flow.update(counts(1, 1, 1), 9.0)
    assert flow.flowing == ALL


def test_a_single_layer_always_flows() -> None:
    flow = FlowingLayers(1)
    assert flow.flowing == [True]
    assert not flow.update(counts(0), 5.0)


@pytest.mark.parametrize("sees", [2, 3])
def test_who_waits_on_a_full_link_or_sees_a_higher_layer_is_to_get_no_higher_one(
    sees: int,
) -> None:
    # 3: it waits, and sees none.
    choice, now = LayerSelector(0.0), 0.0
    choice.decide(ALL, RATES, 1, now)
    choice.record_stall(1, now)
    for _ in range(40):
        now += 0.1
        choice.record_check(0.3, now)
        assert choice.decide(ALL, RATES, sees, now) == 0
