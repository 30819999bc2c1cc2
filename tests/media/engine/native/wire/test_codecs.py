"""Keyframes, picture sizes and parameter sets: C sees in a payload what Python sees in it."""

import ctypes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.mutants import datagrams, mutants
from tests.media.engine.native.wire.codec_cases import NUMBERS, OBJECTIONS, PAYLOADS
from tests.media.support.h264_sps import BASELINE, HIGH, HIGH_10, MAIN_WITH_B, Writer

from farmlive.media.wire import codecs, h264

SETS = [BASELINE, MAIN_WITH_B, HIGH, HIGH_10]
# C says this of any larger number.
INT_MOST = 2**31 - 1


class Size(ctypes.Structure):
    _fields_ = [("width", ctypes.c_int), ("height", ctypes.c_int)]


class Sps(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int)
        for name in ("profile", "constraints", "level", "width", "height", "reorder")
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    payload = (ctypes.c_char_p, ctypes.c_size_t)
    native.codec_begins_keyframe.argtypes = [ctypes.c_uint16, *payload]
    native.codec_begins_keyframe.restype = ctypes.c_bool
    native.codec_picture_size.argtypes = [ctypes.c_uint16, *payload]
    native.codec_picture_size.restype = Size
    native.codec_objection.argtypes = [ctypes.c_uint16, *payload]
    native.h264_begins_keyframe.argtypes = payload
    native.h264_begins_keyframe.restype = ctypes.c_bool
    for read in (native.h264_find_sps, native.h264_parse_sps):
        read.argtypes = [*payload, ctypes.POINTER(Sps)]
        read.restype = ctypes.c_bool
    return native


def told(read: Any, payload: bytes) -> tuple[int, ...] | None:
    """The set as C reads it."""
    sps = Sps()
    if not read(payload, len(payload), ctypes.byref(sps)):
        return None
    return tuple(getattr(sps, name) for name, *_ in Sps._fields_)


def expected(sps: h264.Sps | None) -> tuple[int, ...] | None:
    """The set as Python reads it, in C's terms."""
    if sps is None:
        return None
    reorder = -1 if sps.reorder is None else min(sps.reorder, INT_MOST)
    return (sps.profile, sps.constraints, sps.level, sps.width, sps.height, reorder)


def parsed(unit: bytes) -> h264.Sps | None:
    try:
        return h264.parse_sps(unit)
    except h264.Malformed:
        return None


def same(c: ctypes.CDLL, codec: str, payload: bytes) -> None:
    """Both say the same of the payload, whatever it is."""
    number, size = NUMBERS[codec], len(payload)
    assert c.codec_begins_keyframe(number, payload, size) == codecs.begins_keyframe(codec, payload)
    found = c.codec_picture_size(number, payload, size)
    assert (found.width, found.height) == (codecs.picture_size(codec, payload) or (0, 0))
    objection = c.codec_objection(number, payload, size)
    assert OBJECTIONS[objection] == codecs.objection(codec, payload)
    assert c.h264_begins_keyframe(payload, size) == h264.begins_keyframe(payload)
    assert told(c.h264_find_sps, payload) == expected(h264.find_sps(payload))


def test_recorded_payloads(c: ctypes.CDLL) -> None:
    for payload in [*PAYLOADS, *SETS]:
        for codec in NUMBERS:
            same(c, codec, payload)


@given(some.sampled_from(sorted(NUMBERS)), datagrams([*PAYLOADS, *SETS]))
def test_any_payload(c: ctypes.CDLL, codec: str, payload: bytes) -> None:
    same(c, codec, payload)


# Heads that reach most branches: X, I, L, T, K of VP8 and all of VP9's flags.
@given(
    some.sampled_from(("VP8", "VP9:0", "AV1")),
    some.integers(0, 255),
    some.sampled_from((0, 0x10, 0x20, 0x40, 0x80, 0x8F, 0xC0, 0xF0)),
    some.binary(max_size=3),
    some.sampled_from((b"", b"\0\0\0\x9d\x01\x2a", b"\0\0\0\x9d\x01\x2a\x40\x41\xf0\x00")),
)
def test_any_head(
    c: ctypes.CDLL, codec: str, first: int, second: int, rest: bytes, frame: bytes
) -> None:
    whole = bytes((first, second)) + rest + frame
    for payload in (whole, whole[:1] + whole[2:], bytes((first | 0x10,)) + frame):
        for cut in range(min(len(payload), 6)):
            same(c, codec, payload[:cut])
        same(c, codec, payload)


UNITS = mutants(SETS) | some.sampled_from([*SETS, b"", b"\x65\x88", b"\x68\xce", b"\x67"])


@given(some.lists(UNITS, max_size=4), some.booleans(), some.integers(0, 3))
def test_units_together(c: ctypes.CDLL, units: list[bytes], marked: bool, cut: int) -> None:
    payload = b"\x78" if marked else b"\x18"
    payload += b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)
    same(c, "H264:high", payload[: len(payload) - cut])


@given(UNITS, some.integers(0, 255), some.sampled_from((0x1C, 0x7C, 0x9C)))
def test_units_in_fragments(c: ctypes.CDLL, unit: bytes, head: int, indicator: int) -> None:
    for second in (head, 0x87, 0x85, 0xC7):
        same(c, "H264:high", bytes((indicator, second)) + unit[1:])


@some.composite
def sets(draw: Any) -> bytes:
    """Bits that are often a whole set: flags and numbers, most of them small, with extreme ones."""
    out = Writer()
    for byte in (0x67, draw(some.sampled_from((66, 77, 100, 110, 122, 244, 88))), 0xC0, 31):
        out.put(byte, 8)
    most = draw(some.sampled_from((0, 1, 1, 3, 9)))
    number = some.integers(0, most) | some.sampled_from((0, 1, 2, 39, 255, 2**16, 2**32 - 2))
    for each in draw(some.lists(some.sampled_from("001nnnb"), max_size=120)):
        if each == "n":
            out.unsigned(draw(number))
        elif each == "b":
            out.put(draw(some.sampled_from((0, 3, 255))), 8)
        else:
            out.put(int(each), 1)
    return out.unit()


@given(sets() | mutants(SETS))
def test_any_set(c: ctypes.CDLL, unit: bytes) -> None:
    assert told(c.h264_parse_sps, unit) == expected(parsed(unit))


def vui_set(flags: str, picture: tuple[int, int] = (20, 11)) -> Writer:
    """A main-profile set up to its VUI, whose bits follow."""
    out = Writer()
    for byte in (0x67, 77, 0x40, 31):
        out.put(byte, 8)
    for value in (0, 4, 0, 4, 1):
        out.unsigned(value)
    out.put(0, 1)
    for value in picture:
        out.unsigned(value)
    out.put(0b110, 3)
    for each in flags:
        out.put(int(each), 1)
    return out


# In the VUI: aspect, overscan, video, chroma, timing, both HRDs, restriction.
@given(
    some.tuples(*[some.booleans()] * 8), some.booleans(), some.booleans(), some.integers(0, 40),
    some.sampled_from((0, 2, 16, 2**31 - 2, 2**31 - 1, 2**31, 2**32 - 2)), some.integers(0, 80),
)  # fmt: skip
def test_any_vui(
    c: ctypes.CDLL,
    there: tuple[bool, ...],
    extended: bool,
    colour: bool,
    cpb: int,
    reorder: int,
    cut: int,
) -> None:
    out = vui_set("1")
    aspect, overscan, video, chroma, timing, nal, vcl, restricted = there
    out.put(aspect, 1)
    if aspect:
        out.put(255 if extended else 1, 8)
        out.put(0x00010001, 32 if extended else 0)
    out.put(overscan, 1)
    out.put(1, int(overscan))
    out.put(video, 1)
    if video:
        out.put(0b1010, 4)
        out.put(colour, 1)
        out.put(0x010101, 24 if colour else 0)
    out.put(chroma, 1)
    for _ in range(2 * chroma):
        out.unsigned(1)
    out.put(timing, 1)
    out.put(1 << 63 | 3, 65 if timing else 0)
    for hrd in (nal, vcl):
        out.put(hrd, 1)
        if hrd:
            out.unsigned(cpb)
            out.put(0x44, 8)
            for _ in range(min(cpb + 1, 32)):
                out.unsigned(5)
                out.unsigned(9)
                out.put(1, 1)
            out.put(0xFFFFF, 20)
    out.put(1, int(nal or vcl))
    out.put(0, 1)
    out.put(restricted, 1)
    out.put(1, 1)
    for value in (2, 1, 16, 16, reorder, 4):
        out.unsigned(value)
    unit = out.unit()
    for each in (unit, unit[: len(unit) - min(cut, len(unit) - 12)]):
        assert told(c.h264_parse_sps, each) == expected(parsed(each))
    if restricted:
        assert told(c.h264_parse_sps, unit) == (77, 0x40, 31, 336, 192, min(reorder, INT_MOST))


@pytest.mark.parametrize("size", [1_199, 1_200, 1_201, 60_000])
def test_a_set_has_a_longest_size(c: ctypes.CDLL, size: int) -> None:
    unit = BASELINE + bytes(size - len(BASELINE))
    assert told(c.h264_parse_sps, unit) == expected(parsed(unit))
    fragment = bytes((0x7C, 0x87)) + unit[1:]
    assert told(c.h264_find_sps, fragment) == expected(h264.find_sps(fragment))
    assert (told(c.h264_parse_sps, unit) is None) == (size > 1_200)


@pytest.mark.parametrize("pixels", [16_864, 16_880, 16_896])
def test_a_picture_has_a_largest_size(c: ctypes.CDLL, pixels: int) -> None:
    for picture in ((pixels // 16 - 1, 0), (0, pixels // 16 - 1)):
        unit = vui_set("0", picture).unit()
        assert told(c.h264_parse_sps, unit) == expected(parsed(unit))
        assert (told(c.h264_parse_sps, unit) is None) == (pixels > 16_880)
