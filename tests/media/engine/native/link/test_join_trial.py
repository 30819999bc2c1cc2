"""Both engines try a link by the keyframe of a join alike."""

import ctypes
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.engine.python.link.join_trial import JoinTrial, Made
from farmlive.media.engine.python.link.link_estimate import LinkEstimate

SEEDS = some.integers(0, 2**32 - 1)


class CMade(ctypes.Structure):
    _fields_ = [
        ("octets", ctypes.c_uint32),
        ("took_s", ctypes.c_double),
        ("queue_s", ctypes.c_double),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    at, real, truth = ctypes.c_void_p, ctypes.c_double, ctypes.c_bool
    u32 = ctypes.c_uint32
    native.join_trial_begin.argtypes = [at, real]
    native.join_trial_end.argtypes = [at]
    native.join_trial_holds.argtypes = [at]
    native.join_trial_holds.restype = truth
    native.join_trial_may_ask.argtypes = [at]
    native.join_trial_may_ask.restype = truth
    native.join_trial_spent.argtypes = [at, u32]
    native.join_trial_ends_before.argtypes = [at, truth]
    native.join_trial_ends_before.restype = truth
    native.join_trial_ends_with.argtypes = [at, truth, u32]
    native.join_trial_ends_with.restype = truth
    native.join_trial_left.argtypes = [at, real]
    native.join_trial_asked.argtypes = [at, real]
    native.join_trial_answered.argtypes = [at, real]
    native.join_trial_result.argtypes = [at, real, real, at]
    native.join_trial_result.restype = truth
    native.link_estimate_init.argtypes = [at, real, truth]
    native.link_estimate_clear.argtypes = [at]
    native.link_estimate_tried.argtypes = [at, at, real]
    native.link_estimate_tried.restype = truth
    native.link_estimate_pace_kbps.argtypes = [at, real, truth]
    native.link_estimate_pace_kbps.restype = real
    return native


@given(SEEDS)
def test_a_join_is_tried_alike(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    now = draw.uniform(0, 1_000)
    native, python, made = ctypes.create_string_buffer(128), JoinTrial(), CMade()
    for _ in range(200):
        now += draw.choice((0.0, 0.004, 0.05, draw.random()))
        what = draw.randrange(7)
        if what == 0:
            python.begin(now)
            c.join_trial_begin(native, now)
        elif what == 1 and draw.random() < 0.2:
            python.end()
            c.join_trial_end(native)
        elif what == 2 and python.is_on:
            python.spent(12_000)
            c.join_trial_spent(native, 12_000)
        elif what == 3 and python.is_on and not python.holds:
            python.left(now)
            c.join_trial_left(native, now)
        elif what == 4 and python.may_ask:
            python.asked(now)
            c.join_trial_asked(native, now)
        elif what == 5:
            queue_s = draw.choice((0.0, 0.1, 0.3))
            python.answered(queue_s)
            c.join_trial_answered(native, queue_s)
        elif python.holds:
            found = python.result(0.05, now)
            assert (found is not None) == c.join_trial_result(native, 0.05, now, ctypes.byref(made))
            if found is not None:
                assert found == Made(made.octets, made.took_s, made.queue_s)
        key, last = draw.random() < 0.5, draw.random() < 0.5
        assert python.ends_before(key) == c.join_trial_ends_before(native, key)
        assert python.ends_with(last, 13_000) == c.join_trial_ends_with(native, last, 13_000)
        assert python.holds == c.join_trial_holds(native)
        assert python.may_ask == c.join_trial_may_ask(native)


@given(SEEDS)
def test_what_a_keyframe_made_of_a_link_is_judged_alike(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    now = draw.uniform(0, 1_000)
    native, python = ctypes.create_string_buffer(4096), LinkEstimate(now)
    c.link_estimate_init(native, now, True)
    for _ in range(3):
        now += draw.random()
        found = Made(draw.choice((0, 5_000, 40_000)), draw.random(), draw.choice((0.0, 0.15, 0.4)))
        made = CMade(*found)
        assert python.tried(found, now) == c.link_estimate_tried(native, ctypes.byref(made), now)
        assert python.pace_kbps(1_600.0) == c.link_estimate_pace_kbps(native, 1_600.0, False)
    c.link_estimate_clear(native)
