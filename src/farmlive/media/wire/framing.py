"""Packets on a stream: each behind its length in two bytes (RFC 4571, section 2). Pure; the
connections are `tcp`'s part.
"""

# The largest packet that is taken, as large as the room for a datagram.
LARGEST = 2048


class TooLong(ValueError):
    """The other end announces a packet that is longer than any of ours or its."""


def frame(packet: bytes | memoryview) -> bytes:
    """The packet as it goes onto a stream."""
    return len(packet).to_bytes(2, "big") + packet


class Deframer:
    """Takes a stream apart. What it holds is never more than one packet."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now; half of one waits for its rest. Raises TooLong, and
        then the stream can't be followed any more.
        """
        held = self._held + data
        packets: list[bytes] = []
        at = 0
        while len(held) - at >= 2:
            size = int.from_bytes(held[at : at + 2], "big")
            if size > LARGEST:
                raise TooLong(f"a packet of {size} bytes; at most {LARGEST} are taken")
            if len(held) - at - 2 < size:
                break
            if size:
                packets.append(held[at + 2 : at + 2 + size])
            at += 2 + size
        self._held = held[at:]
        return packets
