"""Probes of a link: on the same checks and times C decides as Python does, at every step."""

import ctypes
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.engine.python.link.layer_probe import LinkProbe

SEEDS = some.integers(0, 2**32 - 1)


class CProbe(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [
        ("answers", ctypes.c_bool),
        ("is_on", ctypes.c_bool),
        ("is_spoiled", ctypes.c_bool),
        ("rest", ctypes.c_double * 32),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    at, real, truth = ctypes.c_void_p, ctypes.c_double, ctypes.c_bool
    native.link_probe_init.argtypes = [at, real]
    native.link_probe_wants_check.argtypes = [at, real]
    native.link_probe_wants_check.restype = truth
    native.link_probe_asked.argtypes = [at, real]
    native.link_probe_answered.argtypes = [at, real, real]
    native.link_probe_is_full.argtypes = [at, truth, real]
    native.link_probe_is_full.restype = truth
    native.link_probe_begin.argtypes = [at, truth, real]
    native.link_probe_end.argtypes = [at, truth]
    native.link_probe_is_shown.argtypes = [at, real]
    native.link_probe_is_shown.restype = truth
    native.link_probe_owed.argtypes = [at, real, real]
    native.link_probe_owed.restype = real
    native.link_probe_spent.argtypes = [at, ctypes.c_long]
    native.link_probe_carried_kbps.argtypes = [at, real]
    native.link_probe_carried_kbps.restype = real
    return native


@given(SEEDS)
def test_a_link_is_probed_alike(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    now = draw.uniform(0, 1_000)
    native, python = CProbe(), LinkProbe(now)
    at = ctypes.byref(native)
    c.link_probe_init(at, now)
    answers, queue_s = draw.choice((0.0, 0.7, 0.95)), 0.0
    for _ in range(600):
        now += draw.choice((0.004, 0.02, 0.05, 0.1, draw.random() / 2))
        if draw.random() < 0.05:
            queue_s = draw.choice((0.0, 0.0, 0.02, 0.07, 0.2, 0.5))
        if draw.random() < 0.05:
            gently = draw.random() < 0.5
            python.begin(gently, now)
            c.link_probe_begin(at, gently, now)
        if draw.random() < 0.02:
            is_layers = draw.random() < 0.5
            python.end(is_layers)
            c.link_probe_end(at, is_layers)
        wants = c.link_probe_wants_check(at, now)
        assert wants == python.wants_check(now)
        if wants and draw.random() < 0.9:
            python.asked(now)
            c.link_probe_asked(at, now)
        if draw.random() < answers:
            shows_s = queue_s * draw.uniform(0.8, 1.2)
            python.answered(shows_s, now)
            c.link_probe_answered(at, shows_s, now)
        owed = c.link_probe_owed(at, 1_100.0, now)
        assert owed == python.owed(1_100.0, now)
        if owed > 0:
            octets = round(owed) + draw.randrange(1_200)
            python.spent(octets)
            c.link_probe_spent(at, octets)
        for soon in (False, True):
            assert c.link_probe_is_full(at, soon, now) == python.is_full(soon, now)
        assert c.link_probe_is_shown(at, now) == python.is_shown(now)
        assert c.link_probe_carried_kbps(at, 150.0) == python.carried_kbps(150.0)
        assert native.answers == python.answers
        assert native.is_on == python.is_on
        assert native.is_spoiled == python.is_spoiled
