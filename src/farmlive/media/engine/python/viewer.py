"""One viewer of an output: where it is reached, which numbers it has and how far it is.

What it is sent, and when, is `output`'s part.
"""

import socket
from collections.abc import Iterable
from secrets import randbelow
from typing import Any, NamedTuple

from farmlive.media.engine.interface import Outgoing, Peer, Viewing
from farmlive.media.engine.python.forwarder import Forwarder, RewriteOffset
from farmlive.media.engine.python.layer_select import Choice
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.net.slow_viewer import Stall
from farmlive.media.engine.python.net.sockets import Outlet
from farmlive.media.engine.python.ring import SIZE, Ring
from farmlive.media.engine.python.rtp_rewrite import squeeze
from farmlive.media.engine.python.send_group import SendGroup
from farmlive.media.engine.python.sound import Hearing
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.engine.python.track import Track
from farmlive.media.wire import picture_id
from farmlive.media.wire.rtcp import ReferenceTime
from farmlive.media.wire.rtp import Packet, ahead

RTX_PER_S = 600
_EPOCHS = 4
# So many packets of padding alone may follow each other.
_PADDING_MOST = 32


class Numbers(NamedTuple):
    """What a packet's header has for some viewers and not for others; None: not sent to them."""

    lane: Forwarder | None
    video: RewriteOffset | None
    audio: Hearing | None


class Last(NamedTuple):
    """Where a viewer's video stopped: number, timestamp, numbers of pictures, and when."""

    sequence: int
    timestamp: int
    pictures: tuple[int | None, int | None]
    at: float


class Sent(NamedTuple):
    """Packets and octets of a stream, as a sender report has them but for the modulo of 2^32."""

    packets: int
    octets: int


class Epoch:
    """A stretch of one track in a viewer's video: how its numbers are made of the source's.

    `first` is the first number that the viewer gets of what the ring spans; `squeezed` where live
    begins for a late joiner, in the source's time; `nudge` by how much its timestamps are later
    than they should be.
    """

    __slots__ = ("first", "muted", "nudge", "shift", "squeezed", "terms", "track", "until")

    def __init__(
        self, track: Track, terms: Outgoing, first: int, shift: RewriteOffset, nudge: int = 0
    ) -> None:
        self.track, self.terms = track, terms
        self.first = first
        self.shift = shift
        self.nudge = nudge
        self.squeezed: int | None = None
        # When it ended; and whether what is missing of it was left out on purpose.
        self.until: float | None = None
        self.muted = False

    def forget_first(self) -> None:
        """Begin where the ring does: numbers go round, and after half a round the newest would be
        taken for ones from before it.
        """
        number = (self.track.ring.highest - (SIZE - 1) + self.shift.sequence) & 0xFFFF
        if ahead(number, self.first) > 0:
            self.first = number

    def as_sent(self, packet: Packet) -> Packet:
        """The packet with the timestamp that the viewer got, but for the shift."""
        if self.squeezed is None:
            return packet
        timestamp = squeeze(packet.timestamp, self.squeezed)
        return packet if timestamp == packet.timestamp else packet._replace(timestamp=timestamp)


def _last_picture(ring: Ring, newest: Packet) -> Packet:
    """The last packet with a payload, a few numbers back at most: others tell of no picture."""
    near = (ring.get((ring.highest - back) & 0xFFFF) for back in range(_PADDING_MOST))
    return next((packet for packet in near if packet is not None and packet.payload), newest)


class Viewer:
    """One viewer of an output.

    Always holds: it is live on a `lane`, or catches up from `cursor` on, or waits; with the first
    two it has an `epoch`.
    """

    __slots__ = (
        "_alone",
        "address",
        "audio_shift",
        "choice",
        "cursor",
        "epoch",
        "lane",
        "last",
        "past",
        "peer",
        "protection",
        "reference",
        "rtx_left",
        "rtx_sequence",
        "sock",
        "sound",
        "sound_before",
        "stall",
        "target",
        "video",
        "viewing",
    )

    def __init__(
        self,
        peer: Peer,
        viewing: Viewing,
        protection: Protection,
        sock: Outlet,
        address: Any,
        now: float = 0.0,
    ) -> None:
        self.peer = peer
        self.viewing = viewing
        self.protection = protection
        self.sock = sock
        self.address = address
        self._alone: SendGroup | None = None
        self.stall = Stall()
        # The payload types of what is heard, which goes on while the viewer can't keep up.
        self.sound = frozenset(
            number
            for each in viewing.audio.values()
            for number in (each.payload_type, each.red)
            if number is not None
        )
        self.audio_shift: int | None = None
        self.choice = Choice(now)
        # The track that it should get.
        self.target: Track | None = None
        self.lane: Forwarder | None = None
        # Next packet of the ring to send, while catching up.
        self.cursor: int | None = None
        self.epoch: Epoch | None = None
        # The stretches before, the newest last, and where the last of them ended.
        self.past: list[Epoch] = []
        self.last: Last | None = None
        # The reference time that our next report answers, and when it came.
        self.reference: tuple[ReferenceTime, float] | None = None
        self.rtx_sequence = randbelow(0x4000)
        self.rtx_left = RTX_PER_S
        # Of video: while it is live, less what its track counted until then.
        self.video = Sent(0, 0)
        # What the output counted of sound before the viewer's first, if it had any.
        self.sound_before: Sent | None = None

    @property
    def alone(self) -> SendGroup:
        """It as an audience of one."""
        if self._alone is None:
            self._alone = SendGroup(self.sock, (self,))
        return self._alone

    def send(self, packets: Iterable[GsoBatch]) -> int:
        """Protect and send to this viewer; returns how many packets could not be sent."""
        return sum(map(self.alone.send, packets))

    @property
    def held(self) -> int:
        """How many bytes it has not taken yet."""
        return 0 if isinstance(self.sock, socket.socket) else self.sock.held(self.address)

    def may_go_on(self, now: float) -> bool:
        """Whether it could take a keyframe now."""
        return self.stall.since is None or self.stall.may_go_on(self.held, now)

    def moved(self, sock: Outlet, address: Any) -> None:
        """It is reached elsewhere now: what the route before could not carry says nothing of it."""
        self.protection.segmented = True
        self.sock, self.address, self._alone = sock, address, None

    @property
    def repeats(self) -> bool:
        """Whether it takes RTX."""
        return self.epoch is not None and self.epoch.terms.retransmission is not None

    def can_play(self, track: Track) -> bool:
        """Whether it knows the track's codec."""
        return track.codec in self.viewing.video

    def got(self, packets: int, octets: int) -> None:
        """So many packets were sent to it by themselves."""
        self.video = Sent(self.video.packets + packets, self.video.octets + octets)

    def go_live(self, lane: Forwarder) -> None:
        """It is on a lane from now on."""
        self.lane, self.cursor = lane, None
        self.got(-lane.track.packets, -lane.track.octets)

    @property
    def sent(self) -> Sent:
        """What it was sent of video."""
        if self.lane is None:
            return self.video
        track = self.lane.track
        return Sent(self.video.packets + track.packets, self.video.octets + track.octets)

    def end_epoch(self, sent: int, muted: bool) -> None:
        """Its video stops after the source's number `sent`; `muted`: it could not keep up."""
        epoch = self.epoch
        if epoch is None:
            return
        newest, at = epoch.track.ring.newest, epoch.track.last_at
        if newest is not None:
            timestamp = (newest.timestamp + epoch.shift.timestamp) & 0xFFFFFFFF
            payload = _last_picture(epoch.track.ring, newest).payload
            if epoch.shift.pictures is not None:
                payload = picture_id.moved(payload, epoch.shift.pictures)
            number = (sent + epoch.shift.sequence) & 0xFFFF
            self.last = Last(number, timestamp, picture_id.read(epoch.track.codec, payload), at)
        epoch.until, epoch.muted = at, muted
        self.past = [*self.past[1 - _EPOCHS :], epoch]
        self.video = self.sent
        self.epoch = self.lane = self.cursor = None

    def epoch_of(self, sequence: int) -> Epoch | None:
        """The stretch that this number of the viewer's belongs to."""
        if self.epoch is not None and ahead(sequence, self.epoch.first) >= 0:
            return self.epoch
        return next((e for e in reversed(self.past) if ahead(sequence, e.first) >= 0), None)

    def forget_past(self, now: float) -> None:
        """What ended some seconds ago, or has left the ring, is not asked for any more; called once
        a second.
        """
        if self.epoch is not None:
            self.epoch.forget_first()
        if self.past:
            self.past = [e for e in self.past if e.until is None or now - e.until < 5.0]

    def numbers(self, sound: str) -> Numbers:
        """What it gets of what is sent now, and with which numbers; `sound` is what is heard."""
        hears = self.viewing.audio.get(sound)
        audio = None
        if hears is not None and self.audio_shift is not None:
            audio = Hearing(hears.payload_type, hears.red, self.audio_shift)
        if self.lane is None or self.epoch is None:
            return Numbers(None, None, audio)
        return Numbers(self.lane, self.epoch.shift, audio)
