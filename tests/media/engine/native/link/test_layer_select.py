"""Layers: on the same packets, reports and clock C decides as Python does, at every step."""

import ctypes
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.engine.python.link.layer_select import FlowingLayers, LayerSelector

LAYERS_MOST = 4
SEEDS = some.integers(0, 2**32 - 1)


class CFlow(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [
        ("count", ctypes.c_int),
        ("flowing", ctypes.c_bool * LAYERS_MOST),
        ("rest", ctypes.c_double * 64),
    ]


class CChoice(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [
        ("most", ctypes.c_int),
        ("probe", ctypes.c_int),
        ("loss", ctypes.c_double),
        ("estimate_kbps", ctypes.c_double),
        ("counts", ctypes.c_int * 2),
        ("truths", ctypes.c_bool * 5),
        ("window", ctypes.c_int64 * 3),
        ("times", ctypes.c_double * 14),
        ("more", ctypes.c_bool * 2),
        ("watch", ctypes.c_double * 64),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    at, number, real, truth = ctypes.c_void_p, ctypes.c_int, ctypes.c_double, ctypes.c_bool
    native.flow_init.argtypes = [at, number]
    native.flow_highest.argtypes = [at]
    native.flow_may_ask.argtypes = [at, number]
    native.flow_may_ask.restype = truth
    native.flow_look.argtypes = [at, at, at, real]
    native.flow_look.restype = truth
    native.choice_init.argtypes = [at, real, ctypes.c_uint64]
    native.choice_begin_stream.argtypes = [at]
    native.choice_is_congested.argtypes = [at, real]
    native.choice_is_congested.restype = truth
    native.choice_stalled.argtypes = [at, number, real]
    native.choice_carries_kbps.argtypes = [at, real]
    native.choice_carries_kbps.restype = real
    native.choice_recent_loss.argtypes = [at, real]
    native.choice_recent_loss.restype = real
    native.choice_reported.argtypes = [at, ctypes.c_uint32, ctypes.c_int32, real]
    native.choice_reported.restype = truth
    native.choice_estimated.argtypes = [at, real, real]
    native.choice_decide.argtypes = [at, at, at, number, number, real, truth, truth]
    native.choice_is_trying.argtypes = [at, real]
    native.choice_is_trying.restype = truth
    native.choice_is_full.argtypes = [at, real]
    native.choice_is_full.restype = truth
    native.choice_checked.argtypes = [at, real, real]
    native.link_probe_asked.argtypes = [at, real]
    native.link_probe_owed.argtypes = [at, real, real]
    native.link_probe_owed.restype = real
    native.link_probe_spent.argtypes = [at, ctypes.c_long]
    return native


def optional(value: float) -> float | None:
    """What C has for a value that may be none."""
    return None if value == -1 else value


@given(SEEDS, some.integers(0, LAYERS_MOST))
def test_layers_come_and_go(c: ctypes.CDLL, seed: int, count: int) -> None:
    draw = Random(seed)
    python, native = FlowingLayers(count), CFlow()
    at = ctypes.byref(native)
    c.flow_init(at, count)
    packets, frames = [0] * count, [0] * count
    comes = [draw.random() < 0.5 for _ in range(count)]
    now = draw.uniform(0, 10)
    for _ in range(300):
        now += draw.choice((0.1, 0.25, 0.5, 1.0, draw.random()))
        for layer in range(count):
            if draw.random() < 0.05:
                comes[layer] = not comes[layer]
            if comes[layer] and draw.random() < 0.9:
                packets[layer] += draw.randrange(30)
                frames[layer] += draw.randrange(5)
        room = ctypes.c_long * max(1, count)
        changed = c.flow_look(at, room(*packets), room(*frames), now)
        assert changed == python.update(list(zip(packets, frames, strict=True)), now)
        assert list(native.flowing)[:count] == python.flowing
        assert c.flow_highest(at) == python.highest
        for layer in range(count):
            assert c.flow_may_ask(at, layer) == python.can_request_keyframe(layer)


class Twins:
    """A choice of each, which must always agree."""

    def __init__(self, c: ctypes.CDLL, now: float, place: int = 0) -> None:
        self.c = c
        self.native, self.python = CChoice(), LayerSelector(now, place)
        self.at = ctypes.byref(self.native)
        c.choice_init(self.at, now, place)
        self.agree(now)

    def begin_stream(self) -> None:
        self.c.choice_begin_stream(self.at)
        self.python.begin_stream()

    def stalled(self, current: int, now: float) -> None:
        self.c.choice_stalled(self.at, current, now)
        self.python.record_stall(current, now)

    def want(self, most: int | None) -> None:
        self.native.most = -1 if most is None else most
        self.python.most = most

    def reported(self, highest: int, lost: int, now: float) -> bool:
        full: bool = self.c.choice_reported(self.at, highest, lost, now)
        assert full == self.python.record_report(highest, lost, now)
        return full

    def estimated(self, kbps: float, now: float) -> None:
        self.c.choice_estimated(self.at, kbps, now)
        self.python.record_estimate(kbps, now)

    def sends(self, more_kbps: float, now: float) -> None:
        """Send what is due of a probe, and a check behind it."""
        native, python = ctypes.byref(self.native.watch), self.python.watch
        octets = python.owed(more_kbps, now)
        assert octets == self.c.link_probe_owed(native, more_kbps, now)
        python.spent(round(octets))
        self.c.link_probe_spent(native, round(octets))
        python.asked(now)
        self.c.link_probe_asked(native, now)

    def checked(self, queue_s: float, now: float) -> None:
        self.c.choice_checked(self.at, queue_s, now)
        self.python.record_check(queue_s, now)

    def decide(
        self,
        flowing: Sequence[bool],
        kbps: Sequence[float],
        current: int,
        now: float,
        probe: bool,
        settled: bool = True,
    ) -> int:
        count = len(flowing)
        layer: int = self.c.choice_decide(
            self.at,
            (ctypes.c_bool * max(1, count))(*flowing),
            (ctypes.c_double * max(1, count))(*kbps),
            count,
            current,
            now,
            probe,
            settled,
        )
        assert layer == self.python.decide(flowing, kbps, current, now, probe, settled)
        self.agree(now)
        return layer

    def agree(self, now: float) -> None:
        native, python = self.native, self.python
        assert native.loss == python.loss
        assert optional(native.most) == python.most
        assert optional(native.probe) == python.probe
        assert optional(native.estimate_kbps) == python.estimate_kbps
        assert self.c.choice_is_trying(self.at, now) == python.is_trying(now)
        assert self.c.choice_is_full(self.at, now) == python.is_full(now)
        assert self.c.choice_is_congested(self.at, now) == python.is_congested(now)
        assert self.c.choice_recent_loss(self.at, now) == python.recent_loss(now)
        assert optional(self.c.choice_carries_kbps(self.at, now)) == python.link_kbps(now)


class Link:
    """A viewer's link: what it carries, and what it loses whatever is sent."""

    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.change()

    def change(self) -> None:
        self.kbps = self.draw.choice((100, 500, 1_000, 3_000, 10_000))
        self.loses = self.draw.choice((0, 0, 0, 0.02, 0.06, 0.2, 0.35, 0.6))

    def loss(self, sent: float) -> float:
        full = max(0.0, 1 - self.kbps / sent) if sent else 0.0
        return min(1.0, full + self.loses * self.draw.uniform(0.8, 1.2))


# `wild`: numbers that no honest viewer tells, and layers that come and go.
@given(SEEDS, some.integers(1, LAYERS_MOST), some.booleans(), some.booleans())
def test_a_viewer_s_layer(
    c: ctypes.CDLL, seed: int, count: int, can_probe: bool, wild: bool
) -> None:
    draw = Random(seed)
    now = draw.uniform(0, 100)
    twins, link = Twins(c, now, draw.choice((0, 7, 2**40))), Link(draw)
    # Some viewers answer checks of their link.
    checks = draw.choice((0.0, 0.8, 0.8))
    kbps = [150.0, 500.0, 1_500.0, 4_000.0][:count]
    flowing = [True] * count
    current = highest = lost = 0
    estimate = 0.0
    for _ in range(400):
        now += draw.choice((0.1, 0.2, 0.5, 0.8, 1.0, draw.random()))
        if draw.random() < 0.02:
            link.change()
        if draw.random() < (0.1 if wild else 0.01):
            flowing[draw.randrange(count)] ^= True
        if draw.random() < 0.01:
            twins.want(draw.choice((None, None, *range(count))))
        if draw.random() < 0.01:
            twins.stalled(current, now)
        if draw.random() < 0.01:
            twins.begin_stream()
        probe = kbps[twins.python.probe] if twins.python.probe is not None else 0.0
        loss = link.loss(kbps[current] + probe)
        if draw.random() < 0.8:
            highest += draw.randrange(50, 200)
            lost += round((highest - lost) * 0.1 * loss) if wild else round(150 * loss)
            if wild and draw.random() < 0.05:
                highest, lost = draw.randrange(2**32), draw.randrange(-(2**31), 2**31)
            highest, lost = highest & 0xFFFFFFFF, min(lost, 2**31 - 1)
            twins.reported(highest, lost, now)
        if draw.random() < 0.5:
            estimate = draw.choice(
                (0.95 * estimate, 1.05 * estimate, link.kbps * draw.uniform(0.3, 1), 0.4 * kbps[-1])
            )
            twins.estimated(estimate, now)
        if draw.random() < checks:
            if draw.random() < 0.8:
                twins.sends(kbps[-1] - kbps[0], now - 0.05)
            twins.checked(draw.choice((0.0, 0.01, 0.2 * loss, draw.random() / 4)), now)
        twins.agree(now)
        if draw.random() < 0.7:
            sent = [each * draw.uniform(0.5, 1.5) if draw.random() < 0.95 else 0.0 for each in kbps]
            settled = draw.random() < 0.9
            tries = can_probe and draw.random() < 0.8
            wished = twins.decide(flowing, sent, current, now, tries, settled)
            if draw.random() < 0.9:
                current = wished


def test_fewer_layers_than_before(c: ctypes.CDLL) -> None:
    twins = Twins(c, 0)
    assert twins.decide([True] * 4, [1.0] * 4, 3, 1, False) == 0
    for now in (4, 5):
        twins.reported(now, 0, now)
    assert twins.decide([True] * 4, [1.0] * 4, 0, 5, False) == 1
    for now in (8, 9):
        twins.reported(now, 0, now)
    assert twins.decide([True] * 4, [1.0] * 4, 1, 9, False) == 2
    assert twins.decide([True] * 2, [1.0] * 2, 3, 10, False) == 1
    assert twins.decide([True] * 4, [1.0] * 4, 1, 10, False) == 1
    assert twins.decide([True], [1.0], 3, 6, False) == 0
    assert twins.decide([], [], 0, 6, False) == 0
    assert twins.decide([False] * 3, [1.0] * 3, 0, 6, False) == 0
    assert twins.decide([False, False, True], [1.0] * 3, 0, 6, False) == 2


def test_a_link_that_is_full_for_a_while(c: ctypes.CDLL) -> None:
    twins, highest, lost, current = Twins(c, 0), 0, 0, 1
    layers, probed = set(), False
    for step in range(600):
        now = step * 0.5
        highest += 100
        lost += 40 if 100 <= step < 130 else 20 if twins.native.probe >= 0 else 0
        twins.reported(highest, lost, now)
        current = twins.decide([True] * 3, [150.0, 500.0, 1_500.0], current, now, step % 200 > 20)
        probed = probed or twins.native.probe >= 0
        layers.add(current)
    assert layers == {0, 1, 2}
    assert probed


def test_probes_that_fail_come_ever_later_up_to_a_limit(c: ctypes.CDLL) -> None:
    twins, highest, lost = Twins(c, 0), 0, 0
    begun: list[float] = []
    for step in range(800):
        now, before = step * 0.5, twins.native.probe
        highest += 100
        lost += 20 if before >= 0 else 0
        twins.reported(highest, lost, now)
        assert twins.decide([True] * 2, [150.0, 500.0], 0, now, True) == 0
        if twins.native.probe > before:
            begun.append(now)
    assert [round(b - a) for a, b in pairwise(begun)][:5] == [4, 34, 66, 66, 66]
