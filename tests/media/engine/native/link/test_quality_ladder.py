"""The ladder: on the same link, disposable of frames and failures C decides as Python does."""

import ctypes
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.engine.python.link.quality_ladder import QualityLadder

SEEDS = some.integers(0, 2**32 - 1)


class CLadder(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [
        ("most", ctypes.c_int),
        ("carried", ctypes.c_int),
        ("rest", ctypes.c_double * 16),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    at, real, truth = ctypes.c_void_p, ctypes.c_double, ctypes.c_bool
    native.quality_ladder_init.argtypes = [at]
    native.quality_ladder_rung.argtypes = [at]
    native.quality_ladder_decide.argtypes = [at, truth, real, real, real, real, real]
    native.quality_ladder_checked.argtypes = [at, real, real]
    native.quality_ladder_failed.argtypes = [at, real]
    return native


@given(SEEDS)
def test_a_rung_is_chosen_alike(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    native, python, now = CLadder(), QualityLadder(), draw.uniform(0, 1_000)
    at = ctypes.byref(native)
    c.quality_ladder_init(at)
    disposable, seen = 0.0, set()
    for _ in range(300):
        now += draw.choice((0.1, 1.0, draw.random() * 20))
        what = draw.randrange(12)
        if what == 0:
            disposable = draw.choice((0.0, 160.0, 640.0, draw.uniform(0, 1_600)))
        elif what == 1:
            python.most = native.most = draw.choice((0, 0, 0, 1, 2, 3))
        elif what in (3, 4):
            queue_s = draw.choice((0.05, 0.2))
            python.checked(queue_s, now)
            c.quality_ladder_checked(at, queue_s, now)
        elif what == 2:
            python.failed(now)
            c.quality_ladder_failed(at, now)
        else:
            stream = draw.choice((0.0, 1_600.0))
            kbps = draw.choice((960.0, 1_600.0, draw.uniform(0, 2_400)))
            narrow = draw.random() < 0.9
            steady = draw.choice((kbps, draw.uniform(0, 2_400)))
            python.decide(narrow, kbps, steady, stream, disposable, now)
            c.quality_ladder_decide(at, narrow, kbps, steady, stream, disposable, now)
        assert native.carried == python.carried
        assert c.quality_ladder_rung(at) == python.rung
        seen.add(python.carried)
    assert len(seen) > 2
