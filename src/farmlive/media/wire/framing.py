"""Framing of packets on a TCP stream: a two-byte length before each (RFC 4571, section 2).

Pure; net/tcp.py owns the connections.
"""

# The largest accepted packet, as large as the buffer for a datagram.
LARGEST = 2048


class TooLong(ValueError):
    """The peer announces a longer packet than any endpoint sends."""


def frame(packet: bytes | memoryview) -> bytes:
    """Return the packet with its length before it."""
    return len(packet).to_bytes(2, "big") + packet


class Deframer:
    """Splits a stream into packets. It never buffers more than one packet."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the packets that are complete; a partial one is kept.

        Raises TooLong, after which the stream can't be parsed any more.
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
