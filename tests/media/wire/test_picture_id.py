"""Picture numbers over a seam."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.wire import picture_id
from farmlive.media.wire.picture_id import Pictures

# VP8: extended, picture 0x7FFF of 15 bits, base 255, then the frame; and the short form, 127.
VP8 = bytes.fromhex("90c0ffffff") + b"frame"
VP8_SHORT = bytes.fromhex("90807f") + b"frame"
# VP9: picture of 15 bits and layers, not flexible.
VP9 = bytes.fromhex("a8") + bytes.fromhex("8005") + b"\x00" + b"\x09" + b"frame"


@pytest.mark.parametrize(
    ("codec", "payload", "numbers"),
    [
        ("VP8", VP8, (0x7FFF, 255)),
        ("VP8", VP8_SHORT, (127, None)),
        ("VP8", b"\x10frame", (None, None)),
        ("VP9:0", VP9, (5, 9)),
        ("VP9:0", bytes.fromhex("8805") + b"frame", (5, None)),
        ("H264:high", VP8, (None, None)),
    ],
)
def test_reads_where_they_are(
    codec: str, payload: bytes, numbers: tuple[int | None, int | None]
) -> None:
    assert picture_id.read(codec, payload) == numbers


@pytest.mark.parametrize(("codec", "payload"), [("VP8", VP8), ("VP8", VP8_SHORT), ("VP9:0", VP9)])
def test_the_next_one_follows_the_last(codec: str, payload: bytes) -> None:
    picture, base = picture_id.read(codec, payload)
    by = picture_id.following(codec, payload, (41, 7))
    assert by is not None
    assert picture_id.read(codec, picture_id.moved(payload, by)) == (
        42,
        None if base is None else 8,
    )
    assert picture_id.moved(payload, by)[5:] == payload[5:]
    assert picture is not None
    before = ((picture - 1) & 0x7FFF, None if base is None else base - 1)
    assert picture_id.following(codec, payload, before) is None, "nothing is to be changed"


def test_numbers_wrap() -> None:
    moved = picture_id.moved(VP8, Pictures("VP8", 1, 1))
    assert picture_id.read("VP8", moved) == (0, 0)
    assert moved[2] & 0x80


@given(some.sampled_from(["VP8", "VP9:0", "AV1"]), some.binary(max_size=12))
def test_takes_anything(codec: str, payload: bytes) -> None:
    picture_id.read(codec, payload)
    assert len(picture_id.moved(payload, Pictures(codec, 3, 5))) == len(payload)
