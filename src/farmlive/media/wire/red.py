"""RED: redundant audio data (RFC 2198), parsed and written by a relay."""

from collections.abc import Sequence
from typing import NamedTuple

# Senders write only a few blocks.
_BLOCKS_MOST = 32


class Malformed(ValueError):
    """The payload is not valid RED."""


class Block(NamedTuple):
    """One block: its payload type, its timestamp offset before the packet, in timestamp units, and
    its data.
    """

    payload_type: int
    offset: int
    data: bytes


def parse(payload: bytes) -> list[Block]:
    """Return the blocks, the primary one last (section 3). Raises Malformed."""
    heads: list[tuple[int, int, int]] = []
    at, size = 0, len(payload)
    while True:
        if at >= size:
            raise Malformed("no primary block")
        first = payload[at]
        if first < 128:
            at += 1
            break
        if at + 4 > size:
            raise Malformed("a header is cut off")
        if len(heads) == _BLOCKS_MOST - 1:
            raise Malformed("more blocks than any sender writes")
        rest = int.from_bytes(payload[at + 1 : at + 4], "big")
        heads.append((first & 127, rest >> 10, rest & 0x3FF))
        at += 4
    blocks = []
    for payload_type, offset, length in heads:
        if at + length > size:
            raise Malformed("a block is cut off")
        blocks.append(Block(payload_type, offset, payload[at : at + length]))
        at += length
    blocks.append(Block(first, 0, payload[at:]))
    return blocks


def write(blocks: Sequence[Block], payload_type: int) -> bytes:
    """Write the blocks as RED, with this payload type, the viewer's for the codec, inside."""
    heads = b"".join(
        bytes((128 | payload_type,)) + (block.offset << 10 | len(block.data)).to_bytes(3, "big")
        for block in blocks[:-1]
    )
    return heads + bytes((payload_type,)) + b"".join(block.data for block in blocks)
