"""One incoming stream: its counters (RFC 3550, appendix A), gaps, ring and outstanding requests.

A layer of a simulcast is a track of its own. Pure decisions; publisher.py writes RTCP.
"""

from farmlive.media.engine.interface import Incoming
from farmlive.media.engine.python.ingest.arrival_predictor import ArrivalPredictor
from farmlive.media.engine.python.ingest.disposable_frames import DisposableFrames
from farmlive.media.engine.python.ingest.ring import SIZE, Ring
from farmlive.media.wire import codecs, rtcp, rtp
from farmlive.media.wire.rtp import Packet, ahead, ahead32

_NACK_AGAIN_S = 0.05
_NACK_TRIES = 10
_NACK_MOST = 200
# Older gaps are not requested: the ring would have no room for them.
_NACK_BACK = 1_000
_KEYFRAME_EVERY_S = 1.0
# The same for requests that can wait: on behalf of joins and of narrow links.
_PATIENT_EVERY_S = 2.0
_ANSWER_WITHIN_S = 0.7
# A packet so far ahead or behind is no gap but a restarted numbering, if a second packet agrees
# (RFC 3550, appendix A.1).
_DROPOUT_MOST, _DISORDER_MOST = 3_000, 1_000
# A frame is complete this long after it is expected, on a fast network.
_FRAME_S = 0.0015

# A capture time further than this from the sender reports is a clock's error.
_CAPTURE_LAG_MOST_S = 10.0

# Weight of the last second in a track's loss; the rest is that of the seconds before.
_LOSS_WEIGHT = 0.4

_packet = tuple.__new__


class _Missing:
    """A missing sequence number: how often it was requested, and when to request it again."""

    __slots__ = ("asked", "due", "tries")

    def __init__(self, now: float) -> None:
        self.tries = 0
        self.due = self.asked = now


class Track:
    """One stream of one SSRC, from its first packet on; a new SSRC or numbering is a new track.

    `layer` is its place in a simulcast, 0 the lowest; `rid` its name there.
    """

    def __init__(self, incoming: Incoming, layer: int = 0) -> None:
        self.incoming = incoming
        self.layer = layer
        self.rid = incoming.layers[layer] if incoming.layers else ""
        self.is_video = incoming.kind == "video"
        self.ssrc = 0
        # The SSRC before the restart, and when that was.
        self.replaced = 0
        self.replaced_at = 0.0
        self.codec = ""
        self.ring = Ring()
        self._marks = DisposableFrames("", self.ring)
        # Whether the last audio packet was RED (RFC 2198).
        self.wrapped = False
        self.last_at = 0.0
        self.packets = self.octets = self.frames = 0
        self.size: tuple[int, int] | None = None
        # The bitrate, and the part of it that no other frame refers to.
        self.kbps = self.disposable_kbps = 0.0
        # The share of packets that was lost before retransmission, over the last seconds.
        self.loss = 0.0
        self._octets_measured = 0
        self._repaired = self._lost_measured = self._expected_measured = 0
        self.arrivals = ArrivalPredictor(_FRAME_S if self.is_video else 0.0)
        # Whether the end of the last frame has come.
        self.whole = True
        # The last sender report, when it came, and our time and RTP time of one moment.
        self.sender_report: rtcp.SenderReport | None = None
        self.sender_report_at = 0.0
        self.moment = (0.0, 0)
        # RTP time of a frame, and when it was captured by its sender's clock.
        self.capture: tuple[int, float] | None = None
        self._highest = self._base = self._cycles = 0
        # The next sequence number if the sender has restarted its numbering, and whether it has.
        self._unlike: int | None = None
        self.ended = False
        self._expected_prior = self._received_prior = 0
        self._transit = self._jitter = 0.0
        self.missing: dict[int, _Missing] = {}
        self.repair_s: float | None = None
        # More packets were lost than can be requested.
        self.overrun = False
        # Whether a viewer waits for a keyframe; when one was last requested, and when the request
        # was sent that has no answer yet.
        self.wanted = False
        # Whether somebody waits for one who can wait a little longer.
        self.wanted_patiently = False
        self._requested_at: float | None = None
        self._asked_at: float | None = None
        self.keyframe_at: float | None = None
        # The start of a keyframe that may lack packets before it.
        self.held: Packet | None = None

    def begin(self, ssrc: int, codec: str, sequence: int, timestamp: int, now: float) -> None:
        """Start with the first packet; `add` counts it."""
        self.ssrc, self.codec = ssrc, codec
        self.begins_keyframe = codecs.keyframe_test(codec)
        self._marks = DisposableFrames(codec, self.ring)
        self._highest = (sequence - 1) & 0xFFFF
        self._base = sequence
        if self._highest > sequence:
            self._cycles = -0x10000
        self.moment = (now, timestamp)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter (RFC 3550, section 6.4.1), in milliseconds."""
        return self._jitter / self.incoming.clock_rate * 1000

    def add(
        self,
        sequence: int,
        timestamp: int,
        marker: bool,
        payload: bytes,
        now: float,
        arrival: float,
        descriptor: bytes | None = None,
    ) -> Packet | None:
        """Count a packet that came as it was sent, and keep it if it is video.

        `descriptor` is its dependency descriptor. Returns None for a duplicate, or one that fits no
        numbering.
        """
        distance = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if distance > 0:
            if distance > 1:
                if distance > _DROPOUT_MOST:
                    self._is_out_of_sequence(sequence)
                    return None
                if self.incoming.nack:
                    self._add_gap(distance, now)
            if sequence < self._highest:
                self._cycles += 0x10000
            self._highest = sequence
        elif distance < -_DISORDER_MOST:
            self._is_out_of_sequence(sequence)
            return None
        elif self.is_video and self.ring.get(sequence) is not None:
            # Its RTX came first. Sending it again with other bytes would reuse the nonce.
            return None
        elif self.missing:
            self._remove_missing(sequence, now)
        self.packets += 1
        self.octets += len(payload)
        self.last_at = now
        packet = _packet(Packet, (sequence, timestamp, marker, payload, False))
        if self.is_video:
            packet = self._keep(packet, descriptor)
            self.whole = marker
            if not marker:
                return packet
            self.frames += 1
        self.arrivals.record_arrival(arrival)
        rate = self.incoming.clock_rate
        transit = arrival * rate - timestamp
        change = abs(transit - self._transit)
        self._transit = transit
        if change < rate * 10:
            self._jitter += (change - self._jitter) / 16
        return packet

    def _is_out_of_sequence(self, sequence: int) -> None:
        self.ended = sequence == self._unlike
        self._unlike = (sequence + 1) & 0xFFFF

    def add_repaired(
        self, packet: Packet, now: float, descriptor: bytes | None = None
    ) -> Packet | None:
        """Count a packet that came by RTX and keep it; return None if it was not missing."""
        if packet.sequence not in self.missing:
            return None
        self._remove_missing(packet.sequence, now)
        self._repaired += 1
        self.packets += 1
        self.octets += len(packet.payload)
        self.last_at = now
        if packet.marker:
            self.frames += 1
        return self._keep(packet, descriptor)

    def _keep(self, packet: Packet, descriptor: bytes | None) -> Packet:
        packet = self._marks.mark(packet, descriptor)
        self.ring.put(packet)
        if self.held is not None and ahead(self.ring.highest, self.held.sequence) >= SIZE:
            self.held = None
        return packet

    def _remove_missing(self, sequence: int, now: float) -> None:
        found = self.missing.pop(sequence, None)
        if found is not None and found.tries == 1:
            took = now - found.asked
            self.repair_s = took if self.repair_s is None else (self.repair_s + took) / 2

    def _add_gap(self, distance: int, now: float) -> None:
        if distance > _NACK_MOST or len(self.missing) + distance > 2 * _NACK_MOST:
            # Too much to request again: only a new keyframe helps.
            self.missing.clear()
            self.overrun = True
            return
        for sequence in range(self._highest + 1, self._highest + distance):
            self.missing[sequence & 0xFFFF] = _Missing(now)

    def take_due_nacks(self, now: float, round_trip_s: float | None) -> list[int]:
        """Return the sequence numbers to request now, in order, each again after a round trip."""
        known = self.repair_s if round_trip_s is None else round_trip_s
        wait = max(_NACK_AGAIN_S, 1.25 * (known or 0))
        result = []
        for sequence, entry in list(self.missing.items()):
            if entry.tries >= _NACK_TRIES or ahead(self._highest, sequence) > _NACK_BACK:
                del self.missing[sequence]
            elif entry.due <= now:
                if not entry.tries:
                    entry.asked = now
                entry.tries += 1
                entry.due = now + wait
                result.append(sequence)
        return result

    # Keyframes.

    def record_keyframe(self, now: float) -> bool | None:
        """Record a keyframe; return whether it answered a request in time, None without a
        request.
        """
        self.keyframe_at = now
        self.wanted = self.wanted_patiently = False
        if self._asked_at is None:
            return None
        answered = now - self._asked_at <= _ANSWER_WITHIN_S
        self._asked_at = None
        return answered

    def forget_request(self) -> None:
        """Forget a pending request: the track has ended and can't answer."""
        self._asked_at = None

    def unanswered(self, now: float) -> bool:
        """Return whether the last keyframe request has waited too long."""
        return self._asked_at is not None and now - self._asked_at > _ANSWER_WITHIN_S

    def patience_s(self, now: float) -> float:
        """Return for how long requests that can wait are put off."""
        last = self.keyframe_at if self._requested_at is None else self._requested_at
        return 0.0 if last is None else max(0.0, _PATIENT_EVERY_S - (now - last))

    def keyframe_within_s(self, now: float) -> float:
        """Return how long a keyframe is away for one who can wait; 0: its answer is due."""
        if self._asked_at is not None and now - self._asked_at <= _ANSWER_WITHIN_S:
            return 0.0
        return self.patience_s(now)

    def request_due(self, now: float) -> bool:
        """Return whether to request a keyframe now: requests are merged into one a second."""
        last = self._requested_at
        if self.wanted_patiently and self.patience_s(now) <= 0:
            self.wanted = True
        if self.overrun:
            self.overrun = False
            self.wanted = True
        if not self.wanted or (last is not None and now - last < _KEYFRAME_EVERY_S):
            return False
        self._requested_at = now
        self.wanted_patiently = False
        if self._asked_at is None:
            self._asked_at = now
        return True

    def begins_group(self, packet: Packet, now: float) -> bool:
        """Handle the first packet of a keyframe; return True if a group of pictures begins.

        H264 has its parameter sets in packets of their own: a keyframe that may lack an earlier
        packet waits for it, since viewers can't start without them.
        """
        self.held = None
        if self.ring.has_begun(packet):
            return False
        start = self.ring.frame_start(packet)
        if self.codec.startswith("H264") and (start - 1) & 0xFFFF in self.missing:
            self.held = packet
            return False
        return self.ring.begin_group(packet, now)

    # Sender and receiver reports.

    def record_sender_report(self, report: rtcp.SenderReport, ours: float, now: float) -> None:
        """Record a sender report; `ours` is its moment on our clock."""
        self.sender_report, self.sender_report_at = report, now
        self.moment = (ours, report.timestamp)

    def timestamp_at(self, when: float) -> int:
        """Return its RTP time at this moment of our clock, by the last report or the first
        arrival.
        """
        at, timestamp = self.moment
        return (timestamp + round((when - at) * self.incoming.clock_rate)) & 0xFFFFFFFF

    def timestamp_of(self, other: "Track") -> int | None:
        """Return its RTP time at the moment of the other track's last report.

        None until both have one (RFC 3550, section 6.4.1).
        """
        mine, theirs = self.sender_report, other.sender_report
        if mine is None or theirs is None:
            return None
        apart = rtp.seconds(theirs.ntp) - rtp.seconds(mine.ntp)
        return (mine.timestamp + round(apart * self.incoming.clock_rate)) & 0xFFFFFFFF

    def capture_lag_s(self) -> float | None:
        """Return by how much its sender reports place a frame after its capture.

        None where no packet gave a capture time.
        """
        if self.capture is None or self.sender_report is None:
            return None
        timestamp, captured = self.capture
        after = ahead32(timestamp, self.sender_report.timestamp) / self.incoming.clock_rate
        lag = rtp.seconds(self.sender_report.ntp) + after - captured
        return lag if abs(lag) <= _CAPTURE_LAG_MOST_S else None

    def measure(self, span_s: float | None) -> None:
        """Update bitrate and loss over the time since the last call; None: it is the first one."""
        if span_s:
            self.kbps = round((self.octets - self._octets_measured) * 8 / span_s / 1000, 1)
            self.disposable_kbps = round(self._marks.octets * 8 / span_s / 1000, 1)
        self._octets_measured, self._marks.octets = self.octets, 0
        if not self.ssrc:
            return
        expected = self._cycles + self._highest - self._base + 1
        lost = expected - self.packets + self._repaired
        if expected > self._expected_measured:
            share = (lost - self._lost_measured) / (expected - self._expected_measured)
            self.loss += (min(1.0, max(0.0, share)) - self.loss) * _LOSS_WEIGHT
        self._expected_measured, self._lost_measured = expected, lost

    def receiver_report(self, now: float) -> rtcp.ReceiverReport | None:
        """Return the receiver report on this track since the last one."""
        if not self.ssrc:
            return None
        highest = self._cycles + self._highest
        expected = highest - self._base + 1
        lost = expected - self.packets
        since_expected = expected - self._expected_prior
        since_lost = since_expected - (self.packets - self._received_prior)
        self._expected_prior, self._received_prior = expected, self.packets
        fraction = 0
        if since_expected > 0 and since_lost > 0:
            fraction = (since_lost << 8) // since_expected
        last = delay = 0
        if self.sender_report is not None:
            last = (self.sender_report.ntp >> 16) & 0xFFFFFFFF
            delay = int((now - self.sender_report_at) * 65536) & 0xFFFFFFFF
        return rtcp.ReceiverReport(
            self.ssrc, fraction, lost, highest, int(self._jitter), last, delay
        )
