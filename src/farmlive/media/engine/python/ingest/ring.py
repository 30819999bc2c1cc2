"""The packet ring: the last packets of a stream in plain text.

Every viewer's NACKs are answered from it, and a late joiner gets its current group of pictures.
"""

from farmlive.media.wire.rtp import Packet, ahead

# OBS sends 250 frames between keyframes and ignores keyframe requests: some 2,400 packets at its
# 2.5 Mbit/s. With a shorter ring, late joiners would see nothing until the next keyframe.
SIZE = 4096
_MASK = SIZE - 1
# How many packets of a keyframe's frame are looked at.
_LOOKED_BACK = 512


class Ring:
    """The last 4,096 packets by sequence number, and where the current group begins.

    Invariant: a packet that `get` returns has the sequence number asked for; `group_start` is None
    or the number of a keyframe's first packet that the ring still spans.
    """

    __slots__ = ("_slots", "group_start", "group_time", "highest", "keyframe_octets", "newest")

    def __init__(self) -> None:
        self._slots: list[Packet | None] = [None] * SIZE
        # The packet with the highest sequence number.
        self.newest: Packet | None = None
        self.highest = 0
        # Sequence number of the current group's first packet, or None once the ring has lost it.
        self.group_start: int | None = None
        self.group_time = 0.0
        # How large the last keyframe before the current one was, in payload octets; 0 before a
        # second one.
        self.keyframe_octets = 0

    def put(self, packet: Packet) -> None:
        """Keep a packet, unless it is older than what the ring spans."""
        sequence = packet[0]
        distance = ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if distance > 0 or self.newest is None:
            self.newest = packet
            self.highest = sequence
            # Check now, while the distance is unambiguous: sequence numbers wrap around.
            start = self.group_start
            if start is not None and ahead(sequence, start) >= SIZE:
                self.group_start = None
        elif distance <= -SIZE:
            return
        self._slots[sequence & _MASK] = packet

    def begin_group(self, packet: Packet, now: float) -> bool:
        """Begin a group at this packet's frame, where a decoder can start; return True if it is a
        new one.

        Earlier packets of that frame, such as parameter sets and delimiters, belong to the group.
        The packet may be late: newer packets then follow it.
        """
        start = self.frame_start(packet)
        known = self.group_start
        if ahead(self.highest, start) >= SIZE or (known is not None and ahead(start, known) <= 0):
            return False
        if known is not None:
            self.keyframe_octets = self._frame_octets(known)
        self.group_start = start
        self.group_time = now
        return True

    def _frame_octets(self, start: int) -> int:
        """Return the payload octets of the frame that begins there, as far as it came."""
        first, octets = self.get(start), 0
        for number in range(start, start + _LOOKED_BACK):
            packet = self.get(number & 0xFFFF)
            if packet is None or first is None or packet.timestamp != first.timestamp:
                break
            octets += len(packet.payload)
        return octets

    def has_begun(self, packet: Packet) -> bool:
        """Return whether the current group began with an earlier packet of this packet's frame."""
        start = self.group_start
        first = None if start is None else self.get(start)
        return (
            first is not None
            and first.timestamp == packet.timestamp
            and ahead(packet.sequence, first.sequence) > 0
        )

    def frame_start(self, packet: Packet) -> int:
        """Return the sequence number of the first packet of this packet's frame, among those that
        came.
        """
        start = packet.sequence
        for _ in range(_LOOKED_BACK):
            before = self.get((start - 1) & 0xFFFF)
            if before is None or before.timestamp != packet.timestamp:
                break
            start = before.sequence
        return start

    def octets_since(self, start: int, most: float) -> int:
        """Return the payload octets from this sequence number on; counting ends above `most`."""
        octets = 0
        for number in range(start, start + ahead(self.highest, start) + 1):
            packet = self.get(number & 0xFFFF)
            if packet is not None:
                octets += len(packet.payload)
                if octets > most:
                    break
        return octets

    def get(self, sequence: int) -> Packet | None:
        """Return the packet with this sequence number, or None once it is gone."""
        packet = self._slots[sequence & _MASK]
        return packet if packet is not None and packet[0] == sequence else None


def starts_in_group(ring: Ring, now: float, answers_requests: bool) -> bool:
    """Return whether a late joiner gets the current group at once; otherwise it waits for a
    keyframe.

    It does if the group is at most a second old or 200 packets long. If the source does not answer
    keyframe requests, a whole group of any age is better than black.
    """
    start = ring.group_start
    if start is None:
        return False
    if not answers_requests:
        return True
    return now - ring.group_time <= 1.0 or ahead(ring.highest, start) < 200
