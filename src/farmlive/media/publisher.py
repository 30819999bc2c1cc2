"""A publisher's packets on their way in: which track, what is missing, what to tell it back.

Decides and writes RTCP; sending it and what viewers get is the engine's part.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from farmlive.media import codecs, rtcp
from farmlive.media.engine import Health, Incoming, Peer, Publishing
from farmlive.media.rhythm import Rhythm, rest
from farmlive.media.rtp import Packet, Received, ahead, extension_value
from farmlive.media.transport_cc import Arrivals

if TYPE_CHECKING:
    from farmlive.media.output import Fanout

_NACK_AGAIN_S = 0.05
_NACK_TRIES = 10
_NACK_MOST = 200
_KEYFRAME_EVERY_S = 1.0
_ANSWER_WITHIN_S = 0.7
# A frame is whole this long after it is expected, on a quick way.
_FRAME_S = 0.0015


@dataclass(slots=True)
class _Missing:
    tries: int
    due: float
    asked: float


class Track:
    """One incoming track: its counters (RFC 3550, appendix A.3 and A.8) and its gaps."""

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self._reset(0)

    def _reset(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.codec = ""
        self.sender_report: rtcp.SenderReport | None = None
        self.sender_report_at = 0.0
        self.last_at = 0.0
        self.octets = 0
        self.frames = 0
        self.rhythm = Rhythm(_FRAME_S if self.incoming.kind == "video" else 0.0)
        # Whether the end of the last frame has come.
        self.whole = True
        self._started = False
        self._highest = 0
        self._cycles = 0
        self._base = 0
        self._received = 0
        self._expected_prior = 0
        self._received_prior = 0
        self._transit = 0.0
        self._jitter = 0.0
        self.missing: dict[int, _Missing] = {}
        self.repair_s: float | None = None
        self.overrun = False

    def count(self, ssrc: int, packet: Packet, now: float, arrival: float, repaired: bool) -> None:
        """Note a packet of the track's SSRC; a new SSRC starts the counters anew."""
        sequence = packet.sequence
        if not self._started or ssrc != self.ssrc:
            if repaired:
                return
            self._reset(ssrc)
            self._started = True
            self._highest = self._base = sequence
        distance = ahead(sequence, self._highest)
        if distance > 0:
            if sequence < self._highest:
                self._cycles += 0x10000
            if distance > 1 and self.incoming.nack:
                self._gap(distance, now)
            self._highest = sequence
        elif self.missing:
            found = self.missing.pop(sequence, None)
            if found is not None and found.tries == 1:
                took = now - found.asked
                self.repair_s = took if self.repair_s is None else (self.repair_s + took) / 2
        self._received += 1
        self.octets += len(packet.payload)
        self.last_at = now
        if packet.marker:
            self.frames += 1
        if not repaired:
            self.whole = packet.marker or self.incoming.kind == "audio"
            if self.whole:
                self.rhythm.beat(arrival)
            transit = now * self.incoming.clock_rate - packet.timestamp
            change = abs(transit - self._transit)
            self._transit = transit
            if change < self.incoming.clock_rate * 10:
                self._jitter += (change - self._jitter) / 16

    def _gap(self, distance: int, now: float) -> None:
        if distance > _NACK_MOST:
            # Too much to ask for again: only a new keyframe helps.
            self.missing.clear()
            self.overrun = True
            return
        for sequence in range(self._highest + 1, self._highest + distance):
            self.missing[sequence & 0xFFFF] = _Missing(0, now, now)

    def due(self, now: float) -> list[int]:
        """The numbers to ask for now, in the stream's order."""
        wait = max(_NACK_AGAIN_S, 1.5 * (self.repair_s or 0))
        result = []
        for sequence, entry in list(self.missing.items()):
            if entry.tries >= _NACK_TRIES or ahead(self._highest, sequence) > 1_000:
                del self.missing[sequence]
            elif entry.due <= now:
                if not entry.tries:
                    entry.asked = now
                entry.tries += 1
                entry.due = now + wait
                result.append(sequence)
        return result

    def receiver_report(self, now: float) -> rtcp.ReceiverReport | None:
        """What to report on this track since the last report."""
        if not self._started:
            return None
        expected = self._cycles + self._highest - self._base + 1
        lost = expected - self._received
        since_expected = expected - self._expected_prior
        since_lost = since_expected - (self._received - self._received_prior)
        self._expected_prior, self._received_prior = expected, self._received
        fraction = 0
        if since_expected > 0 and since_lost > 0:
            fraction = (since_lost << 8) // since_expected
        last = delay = 0
        if self.sender_report is not None:
            last = (self.sender_report.ntp >> 16) & 0xFFFFFFFF
            delay = int((now - self.sender_report_at) * 65536) & 0xFFFFFFFF
        highest = self._cycles + self._highest
        return rtcp.ReceiverReport(
            self.ssrc, fraction, lost, highest, int(self._jitter), last, delay
        )


class Publisher:
    """One publisher: its tracks, its feedback and its health."""

    def __init__(self, publishing: Publishing, own_ssrc: int, peer: Peer = 0) -> None:
        self.own_ssrc = own_ssrc
        self.peer = peer
        # Those that have it on air or wait for its keyframe; they see to it themselves.
        self.outputs: tuple[Fanout, ...] = ()
        self.tracks = [Track(incoming) for incoming in publishing.tracks]
        self._by_type = {pt: track for track in self.tracks for pt in track.incoming.codecs}
        self._repairs = {
            pt: (track, apt)
            for track in self.tracks
            for pt, apt in track.incoming.retransmissions.items()
        }
        self._extension = publishing.transport_cc
        self._arrivals = Arrivals()
        # Whether the engine will call `request` in a moment.
        self.asking = False
        self._last_request: float | None = None
        # When the request that waits for its answer was sent.
        self._asked_at: float | None = None
        # Whether someone waits for a keyframe.
        self.wanted = False
        self._answered = True
        self._keyframe_at: float | None = None
        self.health = Health()
        self._health_at = 0.0
        self._octets = 0
        self._frames = 0

    @property
    def video(self) -> Track | None:
        """The video track, if there is one."""
        return next((t for t in self.tracks if t.incoming.kind == "video"), None)

    @property
    def last_at(self) -> float:
        """When the last packet of any track came."""
        return max((track.last_at for track in self.tracks), default=0.0)

    def rest(self, now: float) -> float:
        """For how long, in seconds, nothing comes from it that can't wait."""
        if any(track.missing or not track.whole for track in self.tracks):
            return 0.0
        return rest((track.rhythm for track in self.tracks if track.last_at), now)

    @property
    def answers_requests(self) -> bool:
        """Whether a keyframe can be had by asking: negotiated, and the last one was answered."""
        video = self.video
        return video is not None and video.incoming.pli and self._answered

    def take(
        self, received: Received, now: float, arrival: float | None = None
    ) -> tuple[Track, Packet, bool] | None:
        """Sort a packet in: its track, the packet (restored where it was an RTX) and whether a
        keyframe begins with it. None for one that carries nothing for viewers.

        `arrival`: when the network had it, which may be before `now`, when we come to it.
        """
        payload_type, ssrc, packet, extension = received
        if arrival is None:
            arrival = now
        if self._extension is not None and extension is not None:
            value = extension_value(extension, self._extension)
            if value is not None and len(value) >= 2:
                self._arrivals.add(int.from_bytes(value[:2], "big"), arrival)
        track = self._by_type.get(payload_type)
        repaired = False
        if track is None:
            repair = self._repairs.get(payload_type)
            if repair is None or len(packet.payload) < 2:
                return None
            track, payload_type = repair
            repaired = True
            # The first two bytes are the original number (RFC 4588, section 4).
            number = int.from_bytes(packet.payload[:2], "big")
            packet = Packet(number, packet.timestamp, packet.marker, packet.payload[2:])
            if number not in track.missing:
                return None
            ssrc = track.ssrc
        track.count(ssrc, packet, now, arrival, repaired)
        track.codec = codec = track.incoming.codecs[payload_type]
        keyframe = False
        if track.incoming.kind == "video" and codecs.begins_keyframe(codec, packet.payload):
            keyframe = True
            self._keyframe_came(codec, packet.payload, now)
        return track, packet, keyframe

    def _keyframe_came(self, codec: str, payload: bytes, now: float) -> None:
        if self._keyframe_at is not None and now - self._keyframe_at > 0.02:
            self.health.keyframe_s = round(now - self._keyframe_at, 2)
        self._keyframe_at = now
        self.wanted = False
        if self._asked_at is not None:
            self._answered = now - self._asked_at <= _ANSWER_WITHIN_S
            self._asked_at = None
        size = codecs.picture_size(codec, payload)
        if size is not None:
            self.health.width, self.health.height = size
        if self.health.objection is None:
            self.health.objection = codecs.objection(codec, payload)

    def want_keyframe(self) -> None:
        """Someone needs a keyframe: the next `request` or `feedback` may ask for one."""
        self.wanted = True

    def _request_due(self, now: float) -> bool:
        last = self._last_request
        if self._asked_at is not None and now - self._asked_at > _ANSWER_WITHIN_S:
            self._answered = False
        if not self.wanted or (last is not None and now - last < _KEYFRAME_EVERY_S):
            return False
        self._last_request = now
        if self._asked_at is None:
            self._asked_at = now
        return True

    def _nacks(self, now: float) -> bytes:
        written = b""
        for track in self.tracks:
            if track.missing:
                due = track.due(now)
                if due:
                    written += rtcp.nack(self.own_ssrc, track.ssrc, due)
        return written

    def _requests(self, now: float) -> bytes:
        """Ask for what is missing by now, and for a keyframe where one is wanted."""
        written = self._nacks(now)
        video = self.video
        if video is not None and video.ssrc:
            if video.overrun:
                video.overrun = False
                self.wanted = True
            if video.incoming.pli and self._request_due(now):
                written += rtcp.picture_loss(self.own_ssrc, video.ssrc)
        return written

    def request(self, now: float) -> bytes | None:
        """One compound packet of what can't wait for the next `feedback`, or None."""
        written = self._requests(now)
        return rtcp.receiver_report(self.own_ssrc, []) + written if written else None

    def feedback(self, now: float, report: bool) -> bytes | None:
        """One compound packet of what is to be told now, or None.

        `report`: a receiver report is due. Requests for keyframes are merged into one a second.
        """
        extra = self._requests(now)
        video = self.video
        if self._extension is not None:
            media = self.tracks[0].ssrc if video is None else video.ssrc
            extra += self._arrivals.feedback(self.own_ssrc, media) or b""
        if not report and not extra:
            return None
        reports = []
        for track in self.tracks if report else ():
            block = track.receiver_report(now)
            if block is not None:
                reports.append(block)
                if track is video:
                    self.health.loss = round(block.lost / 256, 3)
        return rtcp.receiver_report(self.own_ssrc, reports) + extra

    def measure(self, now: float) -> Health:
        """Bring the health up to date; called about once a second."""
        health = self.health
        span = now - self._health_at
        octets = sum(track.octets for track in self.tracks)
        video = self.video
        frames = video.frames if video is not None else 0
        if self._health_at and span > 0:
            health.bitrate_kbps = round(max(0, octets - self._octets) * 8 / span / 1000, 1)
            health.fps = round(max(0, frames - self._frames) / span, 1)
        self._octets, self._frames, self._health_at = octets, frames, now
        if video is not None:
            health.codec = video.codec.partition(":")[0] or None
            if video.repair_s is not None:
                health.rtt_ms = round(video.repair_s * 1000, 1)
        health.keyframes_on_request = self.answers_requests
        health.audio = any(
            t.incoming.kind == "audio" and t.last_at and now - t.last_at < 3 for t in self.tracks
        )
        return health
