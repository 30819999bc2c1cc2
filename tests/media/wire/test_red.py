"""RED in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.wire import red
from farmlive.media.wire.red import Block

# Two redundant blocks of 960 and 480 earlier, and the primary one, all of type 111.
PAYLOAD = bytes.fromhex("ef0f0002ef0780016f") + b"aa" + b"b" + b"primary"


def test_reads_the_blocks() -> None:
    assert red.parse(PAYLOAD) == [
        Block(111, 960, b"aa"),
        Block(111, 480, b"b"),
        Block(111, 0, b"primary"),
    ]


def test_writes_them_with_the_type_that_a_viewer_has() -> None:
    again = red.write(red.parse(PAYLOAD), 96)
    assert red.parse(again) == [block._replace(payload_type=96) for block in red.parse(PAYLOAD)]
    assert red.write(red.parse(PAYLOAD), 111) == PAYLOAD


@pytest.mark.parametrize("cut", [b"", b"\xef", b"\xef\x0f\x00\x02", b"\xef\x0f\x00\x02\x6fa"])
def test_refuses_what_is_cut_off(cut: bytes) -> None:
    with pytest.raises(red.Malformed):
        red.parse(cut)


def test_refuses_more_blocks_than_any_sender_writes() -> None:
    assert len(red.parse(b"\xef\0\0\0" * 31 + b"\x6f")) == 32
    with pytest.raises(red.Malformed, match="more blocks"):
        red.parse(b"\xef\0\0\0" * 32 + b"\x6f")


@given(some.binary(max_size=64))
def test_takes_anything_or_says_that_it_is_malformed(data: bytes) -> None:
    try:
        blocks = red.parse(data)
    except red.Malformed:
        return
    assert red.parse(red.write(blocks, 111))[-1].data == blocks[-1].data
