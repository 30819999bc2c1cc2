"""Picture numbers of VP8 and VP9: C reads and moves them as Python does."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.mutants import datagrams
from tests.media.engine.native.wire.codec_cases import NUMBERS, PAYLOADS

from farmlive.media.wire import picture_id
from farmlive.media.wire.picture_id import Pictures

CODECS = some.sampled_from(sorted(NUMBERS))
HEADS = some.builds(
    lambda first, second, rest: bytes((first, second)) + rest,
    some.integers(0, 255),
    some.sampled_from((0, 0x20, 0x40, 0x7F, 0x80, 0xC0, 0xFF)),
    some.binary(max_size=6),
)


class Moves(ctypes.Structure):
    _fields_ = [
        ("codec", ctypes.c_uint16),
        ("picture", ctypes.c_uint16),
        ("base", ctypes.c_uint8),
    ]


class Numbers(ctypes.Structure):
    _fields_ = [("picture", ctypes.c_int), ("base", ctypes.c_int)]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    payload = (ctypes.c_char_p, ctypes.c_size_t)
    native.picture_id_read.argtypes = [ctypes.c_uint16, *payload]
    native.picture_id_read.restype = Numbers
    native.picture_id_move.argtypes = [ctypes.c_void_p, ctypes.c_size_t, Moves]
    native.picture_id_move.restype = None
    native.picture_id_following.argtypes = [ctypes.c_uint16, *payload, Numbers]
    native.picture_id_following.restype = Moves
    return native


def as_number(value: int | None) -> int:
    return -1 if value is None else value


def moved(c: ctypes.CDLL, payload: bytes, by: Moves) -> bytes:
    """What C makes of the payload, in a buffer that has something behind it too."""
    buffer = ctypes.create_string_buffer(payload + b"\xa5" * 8, len(payload) + 8)
    c.picture_id_move(buffer, len(payload), by)
    assert buffer.raw[len(payload) :] == b"\xa5" * 8
    return buffer.raw[: len(payload)]


@given(
    CODECS,
    HEADS | datagrams(PAYLOADS),
    some.integers(0, 0x7FFF),
    some.integers(0, 0xFF),
)
def test_numbers_are_read_and_moved(
    c: ctypes.CDLL, codec: str, payload: bytes, picture: int, base: int
) -> None:
    number = NUMBERS[codec]
    read = c.picture_id_read(number, payload, len(payload))
    assert (read.picture, read.base) == tuple(map(as_number, picture_id.read(codec, payload)))
    after = moved(c, payload, Moves(number, picture, base))
    assert after == picture_id.moved(payload, Pictures(codec, picture, base))


@given(
    CODECS,
    HEADS | some.sampled_from(PAYLOADS),
    some.none() | some.integers(0, 0x7FFF) | some.sampled_from((0, 0x7F, 0x7FFF)),
    some.none() | some.integers(0, 0xFF),
    HEADS,
)
def test_numbers_go_on_after_the_last(
    c: ctypes.CDLL, codec: str, first: bytes, picture: int | None, base: int | None, later: bytes
) -> None:
    last = Numbers(as_number(picture), as_number(base))
    by = c.picture_id_following(NUMBERS[codec], first, len(first), last)
    expected = picture_id.following(codec, first, (picture, base))
    if expected is None:
        assert by.codec == 0
    else:
        assert (by.codec, by.picture, by.base) == (NUMBERS[codec], *expected[1:])
    for payload in (first, later):
        python = picture_id.moved(payload, expected) if expected else payload
        assert moved(c, payload, by) == python


def test_recorded_payloads(c: ctypes.CDLL) -> None:
    with_numbers = 0
    for payload in PAYLOADS:
        for codec, number in NUMBERS.items():
            read = c.picture_id_read(number, payload, len(payload))
            assert (read.picture, read.base) == tuple(
                map(as_number, picture_id.read(codec, payload))
            )
            with_numbers += codec == "VP8" and read.picture >= 0
    assert with_numbers


def test_a_number_behind_the_end_is_none(c: ctypes.CDLL) -> None:
    for codec, whole in (
        ("VP8", b"\x90\xc0\x81\x02\x03\x04"),
        ("VP9:0", b"\xa0\x81\x02\x03\x04\x05"),
    ):
        for size in range(len(whole) + 1):
            payload = whole[:size]
            read = c.picture_id_read(NUMBERS[codec], payload, size)
            assert (read.picture, read.base) == tuple(
                map(as_number, picture_id.read(codec, payload))
            )
            assert moved(c, payload, Moves(NUMBERS[codec], 5, 9)) == picture_id.moved(
                payload, Pictures(codec, 5, 9)
            )
