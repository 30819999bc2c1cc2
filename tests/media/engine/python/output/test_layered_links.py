"""Viewers of a simulcast on narrow links: which layer they get, when, and what it costs them."""

import itertools

import pytest
from tests.media.support.narrow_link import NarrowLink, Watcher
from tests.media.support.scripted_peers import hear_plainly

from farmlive.media.engine.python.link.quality_ladder import KEYFRAMES


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


def longest(watcher: Watcher) -> float:
    """The longest time between two frames."""
    return max(b[0] - a[0] for a, b in itertools.pairwise(watcher.frames))


def latest_sound(watcher: Watcher, since: float) -> float:
    return max(late for at, late in watcher.late if at >= since)


@pytest.mark.parametrize("kbps", [2_000, 3_000, 20_000])
def test_a_link_that_carries_it_has_the_full_layer_within_three_seconds(kbps: float) -> None:
    lab = NarrowLink(kbps)
    one, began = lab.join(1), lab.now
    lab.run(3.0)
    assert one.layer_at(began + 0.5) == 0
    assert one.layer_at(lab.now) == 2
    assert {layer for _, layer in one.frames} == {0, 2}, "the middle one is left out"
    lab.run(3.0)
    assert one.layer_at(lab.now) == 2
    assert lab.link.dropped == 0
    assert longest(one) < 0.5


@pytest.mark.parametrize("kbps", [1_000, 1_300])
def test_probes_of_a_link_that_does_not_carry_it_cost_no_frame_and_no_sound(kbps: float) -> None:
    lab = NarrowLink(kbps)
    one, began = lab.join(1), lab.now
    lab.run(25.0)
    assert {layer for at, layer in one.frames if at > began + 3} == {1}
    assert lab.link.dropped == 0
    assert longest(one) < 0.2
    # The first one is in a hurry.
    assert latest_sound(one, began) < 0.25
    assert latest_sound(one, began + 5) < 0.12


def test_a_link_too_narrow_for_the_middle_layer_has_the_lowest_and_no_freeze() -> None:
    lab = NarrowLink(500)
    one, began = lab.join(1), lab.now
    lab.run(12.0)
    assert {layer for _, layer in one.frames} == {0}
    assert longest(one) < 0.25
    assert latest_sound(one, began + 5) < 0.15


def test_a_link_that_is_wide_again_has_the_full_layer_within_fifteen_seconds() -> None:
    lab = NarrowLink(1_000)
    one = lab.join(1)
    lab.run(12.0)
    assert one.layer_at(lab.now) == 1
    lab.link.widen(20_000)
    lab.run(15.0)
    assert one.layer_at(lab.now) == 2


@pytest.mark.parametrize(("kbps", "lost_most"), [(100, 0.02), (150, 0.01), (200, 0.01)])
def test_below_the_lowest_layer_keyframes_are_left_and_the_sound(
    kbps: float, lost_most: float
) -> None:
    lab = NarrowLink(kbps)
    one = lab.join(1)
    lab.run(5.0)
    heard, said, rungs = len(one.late), lab.camera.said, []
    for _ in range(30):
        lab.run(0.5)
        rungs.append(one.viewer.gets)
    said = lab.camera.said - said
    assert said - (len(one.late) - heard) <= lost_most * said
    # Now and then it is tried whether all frames fit.
    assert rungs.count(KEYFRAMES) > 15
    assert {layer for at, layer in one.frames if at > lab.now - 10} == {0}
    lab.link.widen(20_000)
    lab.run(25.0)
    assert one.layer_at(lab.now) == 2


def test_four_on_one_link_keep_their_sound_and_are_one_layer_apart_at_most() -> None:
    lab = NarrowLink(4_000)
    four, began = [lab.join(number) for number in (3, 4, 5, 6)], lab.now
    lab.run(20.0)
    layers = [each.layer_at(lab.now) for each in four]
    assert max(layers) - min(layers) <= 1
    lab.run(20.0)
    layers = [each.layer_at(lab.now) for each in four]
    assert max(layers) - min(layers) <= 1
    assert max(layers) == 2, "what the link has left is used"
    assert max(latest_sound(each, began + 5) for each in four) < 0.15
