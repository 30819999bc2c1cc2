"""Rewrites sequence numbers, timestamps and sender reports so that viewers get one continuous
stream.

Pure arithmetic.
"""

from farmlive.media.wire.rtp import Packet, ahead, ahead32

# Timestamps of past frames in a burst are compressed to a twentieth, so that a player does not keep
# the age of the group as delay.
_SQUEEZE = 20


class Rewriter:
    """Maps one source's packets onto the numbers of the stream that viewers get.

    Within a source differences stay as they are, so that a gap stays a gap. `begin` puts a new
    source's first packet right after the last one sent, later by the time that has passed.
    """

    def __init__(self, clock_rate: int, sequence: int, timestamp: int) -> None:
        self._rate = clock_rate
        self._sequence = sequence
        self._timestamp = timestamp
        self._time: float | None = None
        self._first = 0
        self._early = False
        self._sequence_delta = 0
        self.timestamp_delta = 0

    def begin(self, sequence: int, timestamp: int, now: float) -> None:
        """Start a source at the packet with these numbers of its own."""
        elapsed = 0 if self._time is None else max(1, round((now - self._time) * self._rate))
        self._sequence_delta = (self._sequence + 1 - sequence) & 0xFFFF
        self.timestamp_delta = (self._timestamp + elapsed - timestamp) & 0xFFFFFFFF
        self._first = (self._sequence + 1) & 0xFFFF
        self._sequence = self._first
        self._timestamp = (self._timestamp + elapsed) & 0xFFFFFFFF
        self._time = now
        self._early = True

    @property
    def next_sequence(self) -> int:
        """The sequence number after the last one sent."""
        return (self._sequence + 1) & 0xFFFF

    def map(self, packet: Packet, now: float) -> Packet | None:
        """Return the packet in the stream's numbers; None if it is before the source's first
        packet.
        """
        sequence = (packet.sequence + self._sequence_delta) & 0xFFFF
        timestamp = (packet.timestamp + self.timestamp_delta) & 0xFFFFFFFF
        # During half a cycle after the start, an earlier number belongs before the splice.
        if self._early:
            since = ahead(sequence, self._first)
            if since < 0:
                return None
            if since > 0x4000:
                self._early = False
        if ahead(sequence, self._sequence) > 0:
            self._sequence = sequence
            if ahead32(timestamp, self._timestamp) > 0:
                self._timestamp = timestamp
                self._time = now
        return Packet(sequence, timestamp, packet.marker, packet.payload)


# Reports that place two layers further apart than this are ignored.
_APART_MOST = 5 * 90_000


def splice_offset(
    last: int, elapsed: int, first: int, live: int, aligned: int | None, latest: int, lead: int = 0
) -> tuple[int, int]:
    """Return the timestamp offset for a viewer that switches to a track, and its excess.

    `last` is the viewer's last timestamp without its lead, `elapsed` the time since then, `latest`
    the last timestamp that it was sent. `first` is its first timestamp of the new track, `live`
    that of this moment, both in the track's own time. `aligned` is the offset by the sender
    reports. The excess is by how much the offset is larger than that: `lead`, or more, since
    timestamps always increase.
    """
    added = (last + max(1, elapsed) - live) & 0xFFFFFFFF
    if aligned is not None and abs(ahead32(aligned, added)) < _APART_MOST:
        added = aligned
    nudge = max(lead, 1 - ahead32((first + added) & 0xFFFFFFFF, latest))
    return (added + nudge) & 0xFFFFFFFF, nudge


class SourceClock:
    """One mapping from a source's NTP clock to ours, for both its audio and its video.

    Two mappings would let them drift apart. The smallest delay seen is the most accurate; it may
    grow again only slowly, to follow clocks of different speed.
    """

    def __init__(self) -> None:
        self._offset: float | None = None

    def report(self, source_s: float, now_s: float) -> float:
        """Return our time of the source's moment `source_s`, whose report came at `now_s`."""
        offset = now_s - source_s
        if self._offset is None or offset < self._offset or offset > self._offset + 5:
            self._offset = offset
        else:
            self._offset += (offset - self._offset) * 0.01
        return source_s + self._offset


def compress_timestamp(timestamp: int, live: int) -> int:
    """Return the timestamp of a past frame in a late joiner's burst; `live` is where live begins.

    Order and difference of frames stay; the frame at `live` and later ones keep their own.
    """
    behind = ahead32(live, timestamp)
    if behind <= 0:
        return timestamp
    return (live - max(1, behind // _SQUEEZE)) & 0xFFFFFFFF


def sequence_base(sequence: int) -> int:
    """Return the offset of sequence numbers for a viewer that starts here: 0 or 32768.

    It puts the viewer's first number into the lower half, so that both ends agree on the rollover
    counter even if the first packets are lost (RFC 3711, section 3.3.1).
    """
    return sequence & 0x8000
