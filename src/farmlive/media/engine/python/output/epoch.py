"""A stretch of one track in a viewer's video: how its numbers follow from the source's, also where
frames are left out.
"""

from typing import NamedTuple

from farmlive.media.engine.interface import Outgoing
from farmlive.media.engine.python.ingest.ring import SIZE
from farmlive.media.engine.python.ingest.rtp_rewrite import compress_timestamp
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.output.forwarder import RewriteOffset
from farmlive.media.wire import picture_id
from farmlive.media.wire.rtp import Packet, ahead, ahead32

# Frames left out of which the numbers are remembered: some seconds.
_LEFT_OUT_MOST = 64
# The most packets missing within a frame whose numbers close up with it.
_HOLE_MOST = 32
# Frames of a burst of which is remembered where live was when they left: some seconds.
_LIVE_MOST = 256
# Compressed timestamps are forgotten after a minute (RTP clock rate of video: 90,000), before
# timestamps wrap around.
_SQUEEZED_MOST = 90_000 * 60


class LeftOut(NamedTuple):
    """A frame that a viewer was not sent: its timestamp, and the offsets before it with the
    source's sequence number since which they held.
    """

    timestamp: int
    shift: RewriteOffset
    since: int


class Left(NamedTuple):
    """A frame of a burst, by its timestamp, and where live was when it began to leave."""

    timestamp: int
    live: int


class Epoch:
    """A stretch of one track in a viewer's video: how its numbers follow from the source's.

    `first` is the first sequence number that the viewer gets of what the ring spans; `since` is the
    source's first one that `shift` holds for; `squeezed` is where live begins for a late joiner, in
    the source's time, or with `moves`, where live was when a frame left; `nudge` is by how much
    later its timestamps are than the source's, of which sender reports leave out the `lead`.
    """

    __slots__ = (
        "_decided",
        "first",
        "lead",
        "left",
        "left_out",
        "moves",
        "muted",
        "nudge",
        "shift",
        "since",
        "squeezed",
        "terms",
        "track",
        "until",
    )

    def __init__(
        self,
        track: Track,
        terms: Outgoing,
        first: int,
        shift: RewriteOffset,
        nudge: int = 0,
        lead: int = 0,
    ) -> None:
        self.track, self.terms = track, terms
        self.first = first
        self.shift = shift
        self.since = (first - shift.sequence) & 0xFFFF
        # The last frames that were left out, the newest last; and the timestamp of the last frame
        # about which that was decided, and whether it is left out.
        self.left_out: list[LeftOut] = []
        self._decided: tuple[int | None, bool] = (None, False)
        self.nudge, self.lead = nudge, lead
        self.squeezed: int | None = None
        # Whether its burst takes so long that live moves meanwhile; and its last frames, the newest
        # last.
        self.moves = False
        self.left: list[Left] = []
        # When it ended, and whether its missing packets were left out on purpose.
        self.until: float | None = None
        self.muted = False

    def forget_first(self) -> None:
        """Let the stretch begin where the ring begins: sequence numbers wrap around, and after half
        a cycle the newest would seem older than it.
        """
        oldest = (self.track.ring.highest - (SIZE - 1)) & 0xFFFF
        while self.left_out:
            before = self.left_out[0]
            after = self.left_out[1].since if len(self.left_out) > 1 else self.since
            if ahead(oldest, after) >= 0:
                del self.left_out[0]
                continue
            if ahead(oldest, before.since) > 0:
                self.left_out[0] = before._replace(since=oldest)
            break
        if ahead(oldest, self.since) > 0:
            self.since = oldest
        shift, since = self.left_out[0][1:] if self.left_out else (self.shift, self.since)
        number = (since + shift.sequence) & 0xFFFF
        if ahead(number, self.first) > 0:
            self.first = number

    def forget_squeezed(self) -> None:
        """Forget where live began once that is long ago."""
        newest = self.track.ring.newest
        if self.squeezed is None or newest is None:
            return
        if ahead32(newest.timestamp, self.squeezed) > _SQUEEZED_MOST:
            self.squeezed = None
            self.left.clear()

    def leaves_out(self, packet: Packet, fewer: bool) -> bool:
        """Return whether to leave out this packet, the next one of the track, from a viewer that
        gets `fewer` frames: whole ones, to which no other frame refers.
        """
        timestamp, is_left_out = self._decided
        if timestamp != packet.timestamp:
            before = self.track.ring.get((packet.sequence - 1) & 0xFFFF)
            # The viewer had the beginning of the frame while it was live.
            has_begun = before is not None and before.timestamp == packet.timestamp
            is_left_out = fewer and packet.disposable and not has_begun
            self._decided = packet.timestamp, is_left_out
        return is_left_out

    @property
    def is_leaving_out(self) -> bool:
        """Whether the newest frame of the track is one that is left out: the rest of it may come,
        so that the viewer does not go live yet.
        """
        newest = self.track.ring.newest
        return newest is not None and self._decided == (newest.timestamp, True)

    def leave_out(self, packet: Packet) -> None:
        """Leave out this packet, the next one of the track: later numbers close up.

        Whatever was taken from the ring before must have been sent.
        """
        last, shift, hole = self.left_out[-1:], self.shift, self._hole_before(packet)
        if last and last[0].timestamp == packet.timestamp and hole is not None:
            removed, pictures = hole + 1, shift.pictures
        else:
            removed, pictures = 1, shift.pictures
            if not last or last[0].timestamp != packet.timestamp:
                pictures = picture_id.closed(self.track.codec, packet.payload, pictures)
            self.left_out.append(LeftOut(packet.timestamp, shift, self.since))
            del self.left_out[:-_LEFT_OUT_MOST]
        self.since = (packet.sequence + 1) & 0xFFFF
        self.shift = shift._replace(sequence=(shift.sequence - removed) & 0xFFFF, pictures=pictures)

    def _hole_before(self, packet: Packet) -> int | None:
        """Return how many packets are missing since the offsets changed; None if one of them came.

        What came may have been sent: its number is not used again, whatever timestamps say.
        """
        hole = ahead(packet.sequence, self.since)
        if not 0 <= hole <= _HOLE_MOST:
            return None
        numbers = ((self.since + at) & 0xFFFF for at in range(hole))
        return hole if all(self.track.ring.get(each) is None for each in numbers) else None

    def shift_of(self, number: int) -> RewriteOffset | None:
        """Return the offsets of this sequence number of the viewer; None if that is too long
        ago.
        """
        if ahead(number, self.since + self.shift.sequence) >= 0:
            return self.shift
        return next(
            (
                each.shift
                for each in reversed(self.left_out)
                if ahead(number, each.since + each.shift.sequence) >= 0
            ),
            None,
        )

    def is_left_out(self, packet: Packet) -> bool:
        """Return whether the packet belongs to a frame that was left out lately."""
        return any(each.timestamp == packet.timestamp for each in self.left_out)

    def is_before_group(self, packet: Packet, cursor: int | None) -> bool:
        """Return whether nobody needs the packet any more: a newer keyframe has come, and has been
        sent; `cursor` is the next packet to send, None if the stretch is live.
        """
        start = self.track.ring.group_start
        if self.until is not None or start is None:
            return False
        if cursor is not None and ahead(cursor, start) <= 0:
            return False
        return ahead(packet.sequence, start) < 0

    def as_sent(self, packet: Packet) -> Packet:
        """Return the packet with the timestamp that the viewer got, before the offset."""
        live = self.live_of(packet.timestamp)
        if live is None:
            return packet
        timestamp = compress_timestamp(packet.timestamp, live)
        return packet if timestamp == packet.timestamp else packet._replace(timestamp=timestamp)

    def begins_anew(self, last: Packet, packet: Packet) -> bool:
        """Return whether this packet, which follows the `last` one of a part of a burst, begins a
        frame after the rest of one of which a part has left: that has another time.
        """
        return last.timestamp != packet.timestamp and self._has_left(last.timestamp)

    def _has_left(self, timestamp: int) -> bool:
        return bool(self.left) and self.left[-1].timestamp == timestamp

    def leave(self, timestamp: int) -> None:
        """Record that a frame begins to leave now, if that is of a burst in which live moves: it is
        dated by that. By where live was when the burst began, frames that leave for seconds would
        be a few milliseconds apart, and a player would take that for the pace of what follows.
        Such a burst is over once it has reached live.
        """
        newest = self.track.ring.newest
        if not self.moves or newest is None or self._has_left(timestamp):
            return
        self.left.append(Left(timestamp, newest.timestamp))
        del self.left[:-_LIVE_MOST]
        self.moves = timestamp != newest.timestamp

    def live_of(self, timestamp: int) -> int | None:
        """Return where live is for a frame of this timestamp, in the source's time."""
        for frame in reversed(self.left):
            if ahead32(timestamp, frame.timestamp) >= 0:
                return frame.live
        return self.squeezed
