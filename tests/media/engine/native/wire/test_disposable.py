"""Frames that no other refers to: of any payloads C says what Python says."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.mutants import datagrams, mutants
from tests.media.engine.native.wire.codec_cases import NUMBERS, PAYLOADS
from tests.media.support.temporal_layers import (
    L1T2,
    L1T3,
    VP9_L1T2,
    VP9_L1T3,
    descriptor,
    vp8,
    vp9,
)

from farmlive.media.wire.disposable import References

# More than the struct has.
ROOM = 1_024
VP9 = [
    vp9(3, 0, 0, key=True, group=VP9_L1T2) + b"key",
    vp9(3, 0, 0, key=True, group=VP9_L1T3) + b"key",
    vp9(4, 0, 1) + b"delta",
    vp9(5, 1, 2) + b"delta",
    vp9(6, 0, 2, first=False) + b"delta",
    b"\xf8\x80\x07\x30\x02delta",
    b"\xf8\x80\x08\x10\x04delta",
    b"\xf0\x80\x09\x30\x03\x05\x02delta",
]
VP8 = [
    vp8(3, 0, layer, disposable=disposable) + frame
    for layer in (0, 1, 2)
    for disposable in (False, True)
    for frame in (b"\x00", b"\x01")
]
H264 = [b"\x18\x00\x02\x09\x10\x00\x03\x01ab", b"\x1c\x81ab", b"\x5c\x41ab", b"\x01ab", b"\x06ab"]
DESCRIPTORS = [
    descriptor(0, structure=L1T2),
    descriptor(9, structure=L1T3, offset=9),
    descriptor(2),
    descriptor(12),
    descriptor(4, custom="-D"),
    descriptor(4, custom="-D", active=3),
    descriptor(63, custom="--D"),
]
SAMPLES = [*VP9, *VP8, *H264]
PACKETS = some.lists(
    some.tuples(
        some.sampled_from([*SAMPLES, b""]) | mutants(SAMPLES) | datagrams(PAYLOADS),
        some.none() | some.sampled_from(DESCRIPTORS) | datagrams(DESCRIPTORS),
    ),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    payload = (ctypes.c_char_p, ctypes.c_size_t)
    native.references_init.argtypes = [ctypes.c_char_p, ctypes.c_uint16]
    native.references_init.restype = None
    native.references_read.argtypes = [ctypes.c_char_p, *payload, *payload]
    native.references_is_unsaid.argtypes = [ctypes.c_char_p, *payload]
    native.references_is_unsaid.restype = ctypes.c_bool
    return native


@given(some.sampled_from(sorted(NUMBERS)), PACKETS)
def test_c_says_what_python_says(
    c: ctypes.CDLL, codec: str, packets: list[tuple[bytes, bytes | None]]
) -> None:
    python, state = References(codec), ctypes.create_string_buffer(ROOM)
    c.references_init(state, NUMBERS[codec])
    for payload, described in packets:
        use = c.references_read(state, payload, len(payload), described, len(described or b""))
        assert use == python.read(payload, described).value
        unsaid = c.references_is_unsaid(state, payload, len(payload))
        assert unsaid == python.is_unsaid(payload)


@given(
    some.lists(
        some.tuples(
            some.integers(0, 2),
            some.lists(some.integers(1, 5), min_size=1, max_size=4),
            some.sampled_from((0xF8, 0xF8, 0xF8, 0xF8, 0xF0, 0xB8)),
            some.integers(1, 2),
        ),
        max_size=60,
    ),
    some.sampled_from((0, 100, 0x7FF0)),
)
def test_any_flexible_pictures(
    c: ctypes.CDLL, pictures: list[tuple[int, list[int], int, int]], begin: int
) -> None:
    python, state = References("VP9:0"), ctypes.create_string_buffer(ROOM)
    c.references_init(state, NUMBERS["VP9:0"])
    number = begin
    for layer, backs, first, step in pictures:
        number += step
        payload = bytes((first,)) + (number & 0x7FFF | 0x8000).to_bytes(2, "big")
        payload += bytes((layer << 5,))
        payload += bytes(back << 1 | (at < len(backs) - 1) for at, back in enumerate(backs))
        use = c.references_read(state, payload, len(payload), None, 0)
        assert use == python.read(payload).value


# Descriptors by their flags, so that most branches are reached.
@given(
    some.lists(some.binary(min_size=3, max_size=24), min_size=1, max_size=6),
    some.sampled_from((0x80, 0x40, 0x20, 0x60, 0xA0, 0xC0, 0xF8)),
    some.sampled_from(DESCRIPTORS[:2]),
)
def test_any_descriptor(c: ctypes.CDLL, rests: list[bytes], flags: int, known: bytes) -> None:
    python, state = References("AV1"), ctypes.create_string_buffer(ROOM)
    c.references_init(state, NUMBERS["AV1"])
    for described in (known, *(each[:3] + bytes((flags,)) + each[3:] for each in rests)):
        use = c.references_read(state, b"\x10", 1, described, len(described))
        assert use == python.read(b"\x10", described).value
