"""RED from anyone who publishes."""

from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.mutants import datagrams, steps
from tests.fuzz.red_blocks import NEWEST, OLDER, OPUS, PAYLOADS

from farmlive.media.wire import red
from farmlive.media.wire.red import Block


def test_what_chromium_sends_is_opus_and_opus_before_it() -> None:
    assert PAYLOADS
    for payload in PAYLOADS:
        blocks = red.parse(payload)
        assert {block.payload_type for block in blocks} == {OPUS}
        offsets = [block.offset for block in blocks]
        assert offsets == sorted(offsets, reverse=True)


@given(datagrams(PAYLOADS))
def test_any_payload_is_read_within_its_bounds_or_malformed(payload: bytes) -> None:
    try:
        blocks = red.parse(payload)
    except red.Malformed:
        return
    data = b"".join(block.data for block in blocks)
    assert payload.endswith(data)
    assert len(payload) == len(data) + 4 * len(blocks) - 3
    assert blocks[-1].offset == 0
    # What is passed on is the same, but for the viewer's payload type.
    again = red.parse(red.write(blocks, 97))
    assert [block._replace(payload_type=97) for block in blocks] == again


@given(some.lists(OLDER, max_size=4), NEWEST)
def test_blocks_are_read_as_they_were_written(older: list[Block], newest: Block) -> None:
    blocks = [block._replace(payload_type=OPUS) for block in (*older, newest)]
    assert red.parse(red.write(blocks, OPUS)) == blocks


def test_the_work_grows_with_the_size() -> None:
    def cost(count: int) -> int:
        return steps(lambda: red.parse(bytes.fromhex("ef000000") * count + b"\x6f"))

    assert cost(2_000) < 4.2 * cost(500)
