"""One viewer of an output: its address, its sequence numbers and its progress.

output.py decides what the viewer gets, and when.
"""

import math
import socket
from collections.abc import Iterable
from secrets import randbelow
from typing import Any, NamedTuple

from farmlive.media.engine.interface import Peer, Viewing
from farmlive.media.engine.python.ingest.ring import Ring
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.link.layer_select import LayerSelector
from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.link.packet_train import PacketTrain
from farmlive.media.engine.python.link.quality_ladder import FULL, KEYFRAMES, SOUND, QualityLadder
from farmlive.media.engine.python.link.slow_viewer import Backpressure
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.net.sockets import SendSocket
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.forwarder import Forwarder, RewriteOffset
from farmlive.media.engine.python.output.sound import AudioOffset
from farmlive.media.engine.python.send_group import SendGroup
from farmlive.media.engine.python.srtp import Protection
from farmlive.media.wire import picture_id
from farmlive.media.wire.rtcp import ReferenceTime
from farmlive.media.wire.rtp import Packet, ahead

# Packets that are sent again in a second, and numbers that are looked up for that: a browser names
# what it misses several times.
RTX_PER_S, NACKED_PER_S = 600, 2_400
_EPOCHS = 4
# On a link that carries less, a keyframe and the sound are enough.
_MORE_KBPS = 250.0
# At most this many padding-only packets follow each other.
_PADDING_MOST = 32


class Numbers(NamedTuple):
    """The header values that differ between viewers; None: the track is not sent to them."""

    forwarder: Forwarder | None
    video: RewriteOffset | None
    audio: AudioOffset | None


class Last(NamedTuple):
    """The end of a viewer's video: sequence number, timestamp without its lead, the last timestamp
    that was sent, picture ids, and time.
    """

    sequence: int
    timestamp: int
    latest: int
    pictures: tuple[int | None, int | None]
    at: float


class Sent(NamedTuple):
    """Packets and octets sent of a stream, for sender reports, before the modulo of 2^32."""

    packets: int
    octets: int


class RoundTrip(NamedTuple):
    """How long a round trip took, in seconds, when the sender report left that shows it, and
    whether this is the first answer to that.
    """

    took_s: float
    sent_at: float
    is_first: bool = True


def _last_picture(ring: Ring, newest: Packet) -> Packet:
    """Return the last packet with a payload, at most a few back: others carry no picture id."""
    near = (ring.get((ring.highest - back) & 0xFFFF) for back in range(_PADDING_MOST))
    return next((packet for packet in near if packet is not None and packet.payload), newest)


class Viewer:
    """One viewer of an output.

    Invariant: it is live on a `forwarder`, or catches up from `cursor` on, or waits; in the
    first two states it has an `epoch`.
    """

    __slots__ = (
        "_alone",
        "adapts",
        "address",
        "answered",
        "audio_shift",
        "backpressure",
        "began_at",
        "cursor",
        "entered",
        "epoch",
        "forwarder",
        "gently",
        "hurried_at",
        "ladder",
        "last",
        "link",
        "nacked_left",
        "past",
        "peer",
        "protection",
        "reference",
        "rtx_left",
        "rtx_sequence",
        "rung",
        "selector",
        "sock",
        "sound",
        "sound_before",
        "spent",
        "target",
        "train",
        "video",
        "viewing",
    )

    def __init__(
        self,
        peer: Peer,
        viewing: Viewing,
        protection: Protection,
        sock: SendSocket,
        address: Any,
        now: float = 0.0,
        *,
        controlled: bool = True,
    ) -> None:
        self.peer = peer
        self.viewing = viewing
        self.protection = protection
        self.sock = sock
        self.address = address
        self._alone: SendGroup | None = None
        self.backpressure = Backpressure(viewing.exempt)
        # The payload types of audio, which goes on while the viewer can't keep up.
        self.sound = frozenset(
            number
            for each in viewing.audio.values()
            for number in (each.payload_type, each.red)
            if number is not None
        )
        self.audio_shift: int | None = None
        self.selector = LayerSelector(now, peer)
        # TCP shows by its send queue what the link carries.
        self.link = LinkEstimate(
            now, controlled and not viewing.exempt and isinstance(sock, socket.socket)
        )
        # Whether it gets what its link carries, or all.
        self.adapts = controlled and not viewing.exempt
        self.train = PacketTrain(now)
        # What it is to get of its track, and what it gets until the next group of pictures.
        self.ladder = QualityLadder()
        self.rung = FULL
        # The track that the viewer should get.
        self.target: Track | None = None
        self.forwarder: Forwarder | None = None
        # The next packet of the ring to send, while catching up.
        self.cursor: int | None = None
        self.epoch: Epoch | None = None
        # The first packet of the group that it began with, when it began, and whether it gets that
        # hardly faster than it comes.
        self.entered = 0
        self.began_at = now
        # When a keyframe was last requested for it that could not wait.
        self.hurried_at = -math.inf
        self.gently = False
        # A group that its link did not carry to the end: it waits for another one.
        self.spent: tuple[Track, int] | None = None
        # The earlier stretches, the newest last, and where the last of them ended.
        self.past: list[Epoch] = []
        self.last: Last | None = None
        # The middle of the time of the last sender report that the viewer answered.
        self.answered = 0
        # The reference time that our next report answers, and when it came.
        self.reference: tuple[ReferenceTime, float] | None = None
        self.rtx_sequence = randbelow(0x4000)
        self.rtx_left, self.nacked_left = RTX_PER_S, NACKED_PER_S
        # Video sent; while live, minus what its track had counted before.
        self.video = Sent(0, 0)
        # The output's audio counters before the viewer's first packet, if it had any.
        self.sound_before: Sent | None = None

    @property
    def alone(self) -> SendGroup:
        """A send group of this viewer alone."""
        if self._alone is None:
            self._alone = SendGroup(self.sock, (self,))
        return self._alone

    def send(self, packets: Iterable[GsoBatch]) -> int:
        """Protect and send to this viewer; return how many packets could not be sent."""
        return sum(map(self.alone.send, packets))

    @property
    def queued_bytes(self) -> int:
        """Bytes queued for it."""
        return 0 if isinstance(self.sock, socket.socket) else self.sock.queued_bytes(self.address)

    def may_resume(self, now: float) -> bool:
        """Return whether it could take a keyframe now."""
        return self.backpressure.since is None or self.backpressure.may_resume(
            self.queued_bytes, now
        )

    def set_path(self, sock: SendSocket, address: Any, now: float) -> None:
        """Set its new socket and address; forget the limits of the old route."""
        self.protection.segmented = True
        self.backpressure.overflowed = False
        controlled = self.adapts and isinstance(sock, socket.socket)
        if controlled == self.link.controlled:
            self.link.forget_route()
        else:
            shared_delay = self.link.proof.shared_delay
            self.link = LinkEstimate(now, controlled)
            self.link.proof.shared_delay = shared_delay
            self.link.begin_burst(self.sent.packets, now)
        self.sock, self.address, self._alone = sock, address, None

    @property
    def gets(self) -> int:
        """What it gets of its track now: sound alone while it can't keep up."""
        return self.rung if self.backpressure.since is None else SOUND

    @property
    def gets_more(self) -> bool:
        """Whether it gets keyframes and, after each, what its link carries of the frames that
        follow: not if it wants no more, nor where nothing tells what that is.
        """
        has_room = self.link.state == "narrow" and self.link.kbps >= _MORE_KBPS
        return has_room and self.rung == KEYFRAMES and self.ladder.most < KEYFRAMES

    @property
    def is_after_keyframe(self) -> bool:
        """Whether it gets what follows its group's keyframe."""
        return self.gets_more and self.cursor is not None and not self.is_in_keyframe

    @property
    def is_tried(self) -> bool:
        """Whether checks should show what a narrow link makes of frames that go on and on."""
        return self.link.state == "narrow" and self.rung < KEYFRAMES

    @property
    def is_watched(self) -> bool:
        """Whether checks should show the queue of its link, if it gets one of several layers."""
        return self.selector.probe is not None or self.link.state != "wide"

    @property
    def repeats(self) -> bool:
        """Whether it negotiated RTX."""
        return self.epoch is not None and self.epoch.terms.retransmission is not None

    def count_missing(self, numbers: Iterable[int]) -> int:
        """Return how many of the packets that it asks for are of its burst, and were not sent again
        before: players go on asking for what was lost of another burst, at another pace.
        """
        epoch = self.epoch
        if epoch is None:
            return 0
        return self.link.repairs.count_new(
            number for number in numbers if ahead(number, epoch.first) >= 0
        )

    def can_play(self, track: Track) -> bool:
        """Return whether it negotiated the track's codec."""
        return track.codec in self.viewing.video

    def count_sent(self, packets: int, octets: int) -> None:
        """Count packets that were sent to it individually."""
        self.video = Sent(self.video.packets + packets, self.video.octets + octets)

    def go_live(self, forwarder: Forwarder) -> None:
        """Start live on a forwarder."""
        self.forwarder, self.cursor = forwarder, None
        self.count_sent(-forwarder.track.packets, -forwarder.track.octets)

    def note_group(self) -> None:
        """Note the group that it is in by now: it may have gone on into a newer one."""
        if self.epoch is not None:
            start, cursor = self.epoch.track.ring.group_start, self.cursor
            if start is not None and (cursor is None or ahead(cursor, start) > 0):
                self.entered = start

    def leave_live(self) -> None:
        """Go on at the viewer's own pace, from the next packet of its track on."""
        epoch = self.epoch
        if epoch is not None:
            self.video = self.sent
            self.forwarder, self.cursor = None, (epoch.track.ring.highest + 1) & 0xFFFF

    def is_of_keyframe(self, epoch: Epoch, packet: Packet) -> bool:
        """Return whether a packet of this stretch belongs to the keyframe of the viewer's group."""
        first = epoch.track.ring.get(self.entered)
        return first is not None and first.timestamp == packet.timestamp

    @property
    def is_in_keyframe(self) -> bool:
        """Whether it has had a part of its group's keyframe, and the rest is to come."""
        if self.epoch is None or self.cursor is None:
            return False
        ring, cursor = self.epoch.track.ring, self.cursor
        first, last = ring.get(self.entered), ring.get((cursor - 1) & 0xFFFF)
        if cursor == self.entered or first is None:
            return first is not None
        return last is not None and last.timestamp == first.timestamp and not last.marker

    @property
    def stream_kbps(self) -> float:
        """The bitrate of the track that it gets, or is to get; 0 while that is unknown."""
        track = self.epoch.track if self.epoch is not None else self.target
        return 0.0 if track is None else track.kbps

    @property
    def sent(self) -> Sent:
        """The video sent to it."""
        if self.forwarder is None:
            return self.video
        track = self.forwarder.track
        return Sent(self.video.packets + track.packets, self.video.octets + track.octets)

    def end_epoch(self, sent: int, muted: bool) -> None:
        """End its video after the source's sequence number `sent`; `muted`: it could not keep
        up.
        """
        epoch = self.epoch
        if epoch is None:
            return
        newest, at = epoch.track.ring.newest, epoch.track.last_at
        if newest is not None:
            timestamp = (newest.timestamp + epoch.shift.timestamp - epoch.lead) & 0xFFFFFFFF
            payload = _last_picture(epoch.track.ring, newest).payload
            if epoch.shift.pictures is not None:
                payload = picture_id.moved(payload, epoch.shift.pictures)
            number = (sent + epoch.shift.sequence) & 0xFFFF
            pictures = picture_id.read(epoch.track.codec, payload)
            self.last = Last(number, timestamp, self._latest(epoch, sent, newest), pictures, at)
        epoch.until, epoch.muted = at, muted
        self.past = [*self.past[1 - _EPOCHS :], epoch]
        self.video = self.sent
        self.epoch = self.forwarder = self.cursor = None

    def _latest(self, epoch: Epoch, sent: int, newest: Packet) -> int:
        """Return the last timestamp that it was sent, after the source's number `sent`."""
        is_empty = ahead((sent + epoch.shift.sequence) & 0xFFFF, epoch.first) < 0
        if is_empty and self.last is not None:
            return self.last.latest
        packet = epoch.track.ring.get(sent) or newest
        return (epoch.as_sent(packet).timestamp + epoch.shift.timestamp) & 0xFFFFFFFF

    def epoch_of(self, sequence: int) -> Epoch | None:
        """Return the stretch that contains this sequence number of the viewer's stream."""
        if self.epoch is not None and ahead(sequence, self.epoch.first) >= 0:
            return self.epoch
        return next((e for e in reversed(self.past) if ahead(sequence, e.first) >= 0), None)

    def forget_past(self, now: float) -> None:
        """Forget stretches that ended some seconds ago or have left the ring; called once a
        second.
        """
        if self.epoch is not None:
            self.epoch.forget_first()
        if self.past:
            self.past = [e for e in self.past if e.until is None or now - e.until < 5.0]

    def numbers(self, sound: str) -> Numbers:
        """Return the header values for what is sent now; `sound` is the codec of the audio."""
        hears = self.viewing.audio.get(sound)
        audio = None
        if hears is not None and self.audio_shift is not None:
            audio = AudioOffset(hears.payload_type, hears.red, self.audio_shift)
        if self.forwarder is None or self.epoch is None:
            return Numbers(None, None, audio)
        return Numbers(self.forwarder, self.epoch.shift, audio)
