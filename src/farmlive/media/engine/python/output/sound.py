"""An output's audio: one stream that continues across source switches.

Viewers that negotiated RED (RFC 2198) get it, the others plain audio.
"""

from collections.abc import Iterable, Sequence
from secrets import randbelow
from typing import NamedTuple

from farmlive.media.engine.python.ingest.rtp_rewrite import Rewriter
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.wire import red
from farmlive.media.wire.red import Block
from farmlive.media.wire.rtp import HEADER, Packet

CLOCK_RATE = 48_000
# Audio alone comes if no video has for the first time, but audio has within the second.
_UNSEEN_S, _HEARD_S = 3.0, 1.0


class AudioOffset(NamedTuple):
    """How some viewers get audio: payload type, that of RED, and a value to XOR with the sequence
    number.
    """

    payload_type: int
    red: int | None
    shift: int


Sounded = tuple[Packet, Sequence[Block] | None]
"""A packet in the output's numbers; the blocks of one that came as RED."""


def only_sound_comes(tracks: Iterable[Track], since: float, now: float) -> bool:
    """Return whether only audio has come on these tracks for some seconds, `since` then at most."""
    heard_at, seen_at = 0.0, since
    for track in tracks:
        if track.is_video:
            seen_at = max(seen_at, track.last_at)
        else:
            heard_at = max(heard_at, track.last_at)
    return now - seen_at >= _UNSEEN_S and now - heard_at <= _HEARD_S


class Sound:
    """The audio of an output. `codec` is that of the last packet."""

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.codec = ""
        self.track: Track | None = None
        # Whether the source on air has changed since the last packet.
        self.left = False
        # Packets and octets sent so far.
        self.packets = self.octets = 0
        self.pending: list[Sounded] = []
        self._rewriter = Rewriter(CLOCK_RATE, randbelow(0x4000), randbelow(1 << 30))

    def add(self, track: Track, packet: Packet, now: float) -> None:
        """Queue a packet of the source on air."""
        if self.track is not track or self.left:
            self.track, self.codec, self.left = track, track.codec, False
            self._rewriter.begin(packet.sequence, packet.timestamp, now)
        blocks: Sequence[Block] | None = None
        if track.wrapped:
            blocks = _readable(packet.payload, track)
            if not blocks:
                return
        mapped = self._rewriter.map(packet, now)
        if mapped is not None:
            self.pending.append((mapped, blocks))

    @property
    def next_sequence(self) -> int:
        """The sequence number of the next packet."""
        return self.pending[0][0].sequence if self.pending else self._rewriter.next_sequence

    def timestamp_at(self, when: float) -> int | None:
        """Return the stream's RTP time at this moment of our clock; None before the first
        packet.
        """
        if self.track is None:
            return None
        return (self.track.timestamp_at(when) + self._rewriter.timestamp_delta) & 0xFFFFFFFF

    def take(self) -> list[Sounded]:
        """Remove and return all queued packets."""
        taken, self.pending = self.pending, []
        self.packets += len(taken)
        self.octets += sum(len(packet.payload) for packet, _ in taken)
        return taken

    def write(self, packets: Sequence[Sounded], hearing: AudioOffset) -> list[bytes]:
        """Write the packets as one group of viewers gets them."""
        out = []
        for (sequence, timestamp, marker, payload, _), blocks in packets:
            number = hearing.payload_type
            if blocks is not None and hearing.red is not None:
                payload, number = red.write(blocks, number), hearing.red
            elif blocks is not None:
                payload = blocks[-1].data
            second = number | 128 if marker else number
            head = HEADER.pack(0x80, second, sequence ^ hearing.shift, timestamp, self.ssrc)
            out.append(head + payload)
        return out


def _readable(payload: bytes, track: Track) -> list[Block]:
    """Return the blocks of RED in the track's codec; none if the primary block has another
    codec.
    """
    try:
        blocks = red.parse(payload)
    except red.Malformed:
        return []
    inner = track.incoming.codecs
    if blocks[-1].payload_type not in inner:
        return []
    return [block for block in blocks if block.payload_type in inner]
