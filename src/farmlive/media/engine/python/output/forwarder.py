"""One video track as an output forwards it: its packets to send, and their viewers.

Sequence numbers are the source's; each group of viewers has them shifted by its own offsets.
"""

from collections.abc import Sequence
from typing import NamedTuple

from farmlive.media.engine.interface import Peer
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.ring import SIZE
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.wire.picture_id import Pictures, moved
from farmlive.media.wire.rtp import HEADER, Packet, ahead

# Most packets of a frame differ by a byte or so; padded to one size they leave in one GSO send.
_PAD_MOST = 24
_FLUSH_AT = 40

_pack = HEADER.pack


class RewriteOffset(NamedTuple):
    """How a group of viewers gets a forwarder's packets: the payload type, and the offsets of
    sequence number, timestamp and picture ids.
    """

    payload_type: int
    sequence: int
    timestamp: int
    pictures: Pictures | None = None


class Forwarder:
    """A track, the offsets of its live viewers, and its packets that have not been sent yet."""

    def __init__(self, publisher: Publisher, track: Track) -> None:
        self.publisher, self.track = publisher, track
        self.members: set[Peer] = set()
        self.pending: list[Packet] = []
        # Number of packets that belong to complete frames.
        self.whole = 0
        # The offsets that most viewers have; new viewers get them, because viewers with the same
        # numbers are served together.
        self.common: RewriteOffset | None = None
        # For each offset, where its latest viewers started: they get nothing earlier, because it
        # would reuse sequence numbers that they have had.
        self._splices: dict[RewriteOffset, int] = {}

    def add(self, packet: Packet) -> None:
        """Queue a packet."""
        pending = self.pending
        pending.append(packet)
        if packet[2] or len(pending) - self.whole >= _FLUSH_AT:
            self.whole = len(pending)

    def take(self, count: int) -> list[Packet]:
        """Remove and return the first `count` queued packets."""
        taken, self.pending = self.pending[:count], self.pending[count:]
        self.whole = max(0, self.whole - count)
        return taken

    def begin(self, shift: RewriteOffset, start: int) -> None:
        """Start a viewer with the source's sequence number `start`."""
        self._splices = {each: at for each, at in self._splices.items() if self._spans(at)}
        # Who goes on live after a while begins long ago: the newest splice stays.
        held = self._splices.get(shift)
        if held is None or ahead(start, held) > 0:
            self._splices[shift] = start

    def _spans(self, start: int) -> bool:
        """Return whether the ring spans this splice: once it has gone round, late packets can't
        fall before it, and sequence numbers wrap around.
        """
        return 0 <= ahead(self.track.ring.highest, start) < SIZE

    def after_splice(self, packets: list[Packet], shift: RewriteOffset) -> list[Packet]:
        """Return the packets that viewers with these offsets get."""
        start = self._splices.get(shift)
        if start is None:
            return packets
        if not self._spans(start):
            del self._splices[shift]
            return packets
        return [packet for packet in packets if ahead(packet.sequence, start) >= 0]


def write(packets: Sequence[Packet], shift: RewriteOffset, ssrc: int) -> list[bytes]:
    """Write packets as one group of viewers gets them."""
    payload_type, by, stamp, pictures = shift
    size = max([len(packet[3]) for packet in packets]) if len(packets) > 1 else 0
    out = []
    for sequence, timestamp, marker, payload, _ in packets:
        if pictures is not None:
            payload = moved(payload, pictures)
        second = payload_type | 128 if marker else payload_type
        sequence, timestamp = (sequence + by) & 0xFFFF, (timestamp + stamp) & 0xFFFFFFFF
        short = size - len(payload)
        if 0 < short <= _PAD_MOST:
            head = _pack(0xA0, second, sequence, timestamp, ssrc)
            out.append(head + payload + bytes(short - 1) + bytes((short,)))
        else:
            out.append(_pack(0x80, second, sequence, timestamp, ssrc) + payload)
    return out
