"""When a stream's next beat comes: C expects it at the same moment as Python."""

import ctypes
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.rhythm import TOGETHER_S, Rhythm, rest


class CRhythm(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [
        ("lasts_s", ctypes.c_double),
        ("has_next", ctypes.c_bool),
        ("next", ctypes.c_double),
        ("rest", ctypes.c_double * 16),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    native.rhythm_init.argtypes = [ctypes.c_void_p, ctypes.c_double]
    native.rhythm_beat.argtypes = [ctypes.c_void_p, ctypes.c_double]
    native.rhythm_rest.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_double, ctypes.c_double]
    native.rhythm_rest.restype = ctypes.c_double
    return native


class Streams:
    """Some streams' rhythms, each as C and as Python keeps it."""

    def __init__(self, c: ctypes.CDLL, *lasts_s: float) -> None:
        self.c = c
        self.python = [Rhythm(lasts) for lasts in lasts_s]
        self.native = [CRhythm() for _ in lasts_s]
        self.pointers = (ctypes.c_void_p * max(1, len(lasts_s)))(
            *[ctypes.addressof(each) for each in self.native]
        )
        for pointer, lasts in zip(self.pointers, lasts_s, strict=False):
            c.rhythm_init(pointer, lasts)

    def beat(self, index: int, when: float) -> None:
        self.c.rhythm_beat(self.pointers[index], when)
        self.python[index].beat(when)

    def rest(self, now: float) -> float:
        for native, python in zip(self.native, self.python, strict=True):
            assert (native.next if native.has_next else None) == python.next
        found: float = self.c.rhythm_rest(self.pointers, len(self.native), now, TOGETHER_S)
        assert found == rest(self.python, now)
        return found


@given(some.integers(0, 2**32 - 1), some.integers(0, 4))
def test_streams_beat(c: ctypes.CDLL, seed: int, count: int) -> None:
    draw = Random(seed)
    streams = Streams(c, *[draw.choice((0.0, 0.004, 0.02)) for _ in range(count)])
    every = [draw.choice((0.02, 1 / 30, 1 / 25, draw.uniform(0.001, 0.12))) for _ in range(count)]
    nexts = [draw.uniform(0, 0.2) for _ in range(count)]
    now = 0.0
    for _ in range(200):
        if count:
            first = min(range(count), key=nexts.__getitem__)
            now = nexts[first]
            streams.beat(first, now)
            jitter = draw.choice((0, draw.gauss(0, 0.002), 0.1, -0.05, draw.random()))
            nexts[first] = now + max(0.0, every[first] + (jitter if draw.random() < 0.2 else 0))
        streams.rest(now + draw.choice((0, 0.001, draw.uniform(0, 0.05))))


@pytest.mark.parametrize("distance", [0.002, 0.0020001, 0.0999, 0.1, 0.0])
def test_what_is_a_beat(c: ctypes.CDLL, distance: float) -> None:
    for before in ((), (0.02, 0.02)):
        streams, now = Streams(c, 0.004), 0.0
        for each in (*before, distance, distance):
            streams.beat(0, now)
            streams.rest(now)
            now += each


@pytest.mark.parametrize("apart", [0.0, 0.004, 0.005, 0.0050001, 0.02])
def test_what_comes_together(c: ctypes.CDLL, apart: float) -> None:
    streams = Streams(c, 0.0, 0.004)
    for each in range(20):
        streams.beat(0, 1 + each * 0.02)
        streams.beat(1, 1 + each * 0.02 + apart)
    now = 1 + 19 * 0.02 + 0.001
    assert (streams.rest(now) > 0) == (apart <= 0.005)
    for stream in streams.python:
        streams.rest(stream.next or 0.0)
