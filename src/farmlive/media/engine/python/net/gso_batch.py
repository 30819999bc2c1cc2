"""GSO batches: plain packets of one size that the network stack sends in one call (udp(7)).

Knows sizes and their layout in memory; engine/python/send_group.py encrypts and sends.
"""

import struct
from array import array
from collections.abc import Sequence

# The size of a packet's slot in memory, and the largest plain packet that fits with any tag.
ROOM = 1_536
LARGEST = 1_504
MOST = 48
_BYTES = 65_000


class GsoBatch:
    """Packets of one size; the last one may be shorter.

    `blob` has each packet at the start of its slot; `lengths` are their plain sizes as C ints.
    """

    __slots__ = ("blob", "count", "last", "lengths", "packets", "size")

    def __init__(self, packets: Sequence[bytes]) -> None:
        self.packets = packets
        self.count = len(packets)
        self.size = len(packets[0])
        self.last = len(packets[-1])
        self.blob = b"".join([packet.ljust(ROOM, b"\0") for packet in packets])
        self.lengths = struct.pack("=i", self.size) * (self.count - 1) + struct.pack(
            "=i", self.last
        )

    def sizes(self, tag: int) -> "array[int]":
        """Return each packet's size with an SRTP tag of this length, in words of 8 bytes."""
        sizes = array("Q", (self.size + tag,)) * self.count
        sizes[-1] = self.last + tag
        return sizes


def cut_batches(packets: Sequence[bytes]) -> list[GsoBatch]:
    """Cut packets, in their order, into batches."""
    result: list[GsoBatch] = []
    current: list[bytes] = []
    size = 0
    for packet in packets:
        length = len(packet)
        if current and (
            length > size
            or len(current[-1]) < size
            or len(current) >= MOST
            or (len(current) + 1) * (size + 16) > _BYTES
        ):
            result.append(GsoBatch(current))
            current = []
        if not current:
            size = length
        current.append(packet)
    if current:
        result.append(GsoBatch(current))
    return result
