"""The ring: the last packets of a stream in plain text, from which every viewer's NACK is
answered and a late joiner gets the current group of pictures.
"""

from farmlive.media.rtp import Packet, ahead

SIZE = 1024


class Ring:
    """The last 1,024 packets by sequence number, and where the current group begins.

    Always holds: a packet that `get` returns has the number asked for; `group_start` is None or
    the number of a keyframe's first packet that the ring still spans.
    """

    def __init__(self) -> None:
        self._slots: list[Packet | None] = [None] * SIZE
        self._started = False
        self.highest = 0
        self._frame_first = 0
        self._frame_timestamp = -1
        self._group_start: int | None = None
        self.group_time = 0.0

    def put(self, packet: Packet, keyframe: bool, now: float) -> bool:
        """Keep a packet; True where a new group begins with the frame that it belongs to.

        `keyframe`: a decoder can start with this packet's frame. Packets of that frame that came
        before belong to the group too, as parameter sets and delimiters do.
        """
        sequence = packet.sequence
        if not self._started or ahead(sequence, self.highest) > 0:
            self._started = True
            self.highest = sequence
            if packet.timestamp != self._frame_timestamp:
                self._frame_timestamp = packet.timestamp
                self._frame_first = sequence
        elif ahead(self.highest, sequence) >= SIZE:
            return False
        self._slots[sequence % SIZE] = packet
        if (
            keyframe
            and packet.timestamp == self._frame_timestamp
            and self._group_start != self._frame_first
        ):
            self._group_start = self._frame_first
            self.group_time = now
            return True
        return False

    def get(self, sequence: int) -> Packet | None:
        """The packet with this number, if it is still here."""
        packet = self._slots[sequence % SIZE]
        return packet if packet is not None and packet.sequence == sequence else None

    @property
    def group_start(self) -> int | None:
        """Number of the first packet of the current group, or None when it is gone."""
        start = self._group_start
        if start is not None and ahead(self.highest, start) >= SIZE:
            self._group_start = start = None
        return start

    def forget_group(self) -> None:
        """The current group can't be continued: its source is away or was switched."""
        self._group_start = None


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
