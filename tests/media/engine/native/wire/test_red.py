"""RED: C takes, refuses and writes the same payloads as Python."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.mutants import datagrams
from tests.fuzz.red_blocks import NEWEST, OLDER, PAYLOADS

from farmlive.media.wire import red
from farmlive.media.wire.red import Block

BLOCKS_MOST = 32


class Blocks(ctypes.Structure):
    _fields_ = [
        ("payload_type", ctypes.c_uint8),
        ("offset", ctypes.c_uint16),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    native.red_parse.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    native.red_write.argtypes = [
        ctypes.c_void_p, ctypes.c_int, ctypes.c_uint8, ctypes.c_void_p, ctypes.c_size_t
    ]  # fmt: skip
    native.red_write.restype = ctypes.c_size_t
    return native


def parsed(payload: bytes) -> list[Block]:
    """The blocks as Python reads them; none where it refuses the payload."""
    try:
        return red.parse(payload)
    except red.Malformed:
        return []


def passed_on(c: ctypes.CDLL, payload: bytes, payload_type: int, more: int) -> bytes | None:
    """The payload read and written again by C with so much more room than it needs."""
    buffer = ctypes.create_string_buffer(payload, max(1, len(payload)))
    blocks = (Blocks * BLOCKS_MOST)()
    count = c.red_parse(buffer, len(payload), blocks)
    expected = parsed(payload)
    assert [
        Block(block.payload_type, block.offset, ctypes.string_at(block.data, block.size))
        for block in blocks[:count]
    ] == expected
    if not count:
        return None
    end = ctypes.addressof(buffer) + len(payload)
    assert blocks[count - 1].data + blocks[count - 1].size == end
    room = len(payload) + more
    out = ctypes.create_string_buffer(b"\xa5" * (len(payload) + 8), len(payload) + 8)
    size = c.red_write(blocks, count, payload_type, out, room)
    assert out.raw[size:] == b"\xa5" * (len(out.raw) - size)
    assert (size == 0) == (more < 0)
    return out.raw[:size]


@given(
    datagrams(PAYLOADS) | some.builds(red.write, some.lists(OLDER, max_size=5), some.just(111))
    | some.builds(lambda count, rest: b"\xef\0\0\0" * count + rest, some.integers(28, 34),
                  some.binary(max_size=8)),
    some.integers(0, 127), some.integers(-1, 3),
)  # fmt: skip
def test_any_payload(c: ctypes.CDLL, payload: bytes, payload_type: int, more: int) -> None:
    again = passed_on(c, payload, payload_type, more)
    blocks = parsed(payload)
    if again:
        assert again == red.write(blocks, payload_type)


@given(some.lists(OLDER, max_size=5), NEWEST)
def test_blocks_are_passed_on_as_they_were_written(
    c: ctypes.CDLL, older: list[Block], newest: Block
) -> None:
    payload = red.write([*older, newest], 111)
    assert passed_on(c, payload, 111, 0) == payload
    assert passed_on(c, payload, 45, 0) == red.write([*older, newest], 45)
    assert passed_on(c, payload, 45, -1) == b""


@pytest.mark.parametrize("count", [BLOCKS_MOST - 1, BLOCKS_MOST])
def test_so_many_blocks_and_no_more(c: ctypes.CDLL, count: int) -> None:
    payload = b"\xef\0\0\1" * count + b"\x6f" + bytes(count) + b"primary"
    again = passed_on(c, payload, 111, 0)
    assert again == (payload if count < BLOCKS_MOST else None)
