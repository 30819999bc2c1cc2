"""The ring: the last packets of a stream in plain text, from which every viewer's NACK is
answered and a late joiner gets the current group of pictures.
"""

from farmlive.media.wire.rtp import Packet, ahead

# OBS sends 250 frames from one keyframe to the next and gives none when asked: some 2,400 packets
# at its 2.5 Mbit/s. A ring that spans less leaves who comes late among them in the dark.
SIZE = 4096
_MASK = SIZE - 1
# Of a frame so many packets at most are looked for before the one that begins a keyframe.
_LOOKED_BACK = 512


class Ring:
    """The last 4,096 packets by sequence number, and where the current group begins.

    Always holds: a packet that `get` returns has the number asked for; `group_start` is None or
    the number of a keyframe's first packet that the ring still spans.
    """

    __slots__ = ("_slots", "group_start", "group_time", "highest", "newest")

    def __init__(self) -> None:
        self._slots: list[Packet | None] = [None] * SIZE
        # The packet with the highest number.
        self.newest: Packet | None = None
        self.highest = 0
        # Number of the first packet of the current group, or None when it is gone.
        self.group_start: int | None = None
        self.group_time = 0.0

    def put(self, packet: Packet) -> None:
        """Keep a packet; one that is older than what the ring spans is left out."""
        sequence = packet[0]
        distance = ((sequence - self.highest + 0x8000) & 0xFFFF) - 0x8000
        if distance > 0 or self.newest is None:
            self.newest = packet
            self.highest = sequence
            # At once, while the distance is what it seems: numbers go round.
            start = self.group_start
            if start is not None and ahead(sequence, start) >= SIZE:
                self.group_start = None
        elif distance <= -SIZE:
            return
        self._slots[sequence & _MASK] = packet

    def begin_group(self, packet: Packet, now: float) -> bool:
        """A decoder can start with this packet's frame; True where a new group begins with it.

        Packets of that frame that came before belong to the group too, as parameter sets and
        delimiters do. The packet may have come late: what is newer then follows it.
        """
        start = self.frame_start(packet)
        known = self.group_start
        if ahead(self.highest, start) >= SIZE or (known is not None and ahead(start, known) <= 0):
            return False
        self.group_start = start
        self.group_time = now
        return True

    def has_begun(self, packet: Packet) -> bool:
        """Whether the current group began with this packet's frame, before this packet."""
        start = self.group_start
        first = None if start is None else self.get(start)
        return (
            first is not None
            and first.timestamp == packet.timestamp
            and ahead(packet.sequence, first.sequence) > 0
        )

    def frame_start(self, packet: Packet) -> int:
        """Number of the first packet of this packet's frame, as far as it came."""
        start = packet.sequence
        for _ in range(_LOOKED_BACK):
            before = self.get((start - 1) & 0xFFFF)
            if before is None or before.timestamp != packet.timestamp:
                break
            start = before.sequence
        return start

    def get(self, sequence: int) -> Packet | None:
        """The packet with this number, if it is still here."""
        packet = self._slots[sequence & _MASK]
        return packet if packet is not None and packet[0] == sequence else None


def starts_in_group(ring: Ring, now: float, answers_requests: bool) -> bool:
    """Whether a late joiner gets the current group at once; else it waits for a new keyframe.

    It does when the group is at most a second old or 200 packets long. Where the source does not
    answer keyframe requests, the whole group at any age is better than black.
    """
    start = ring.group_start
    if start is None:
        return False
    if not answers_requests:
        return True
    return now - ring.group_time <= 1.0 or ahead(ring.highest, start) < 200
