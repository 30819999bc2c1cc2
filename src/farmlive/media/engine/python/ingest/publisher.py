"""A publisher's incoming packets: their track, what is missing, and the RTCP feedback.

It decides and writes RTCP. The engine sends that, and outputs send media to viewers. Its listeners
get the packets and the changes of its tracks.
"""

import math
from collections.abc import Sequence
from typing import Protocol

from farmlive.media.engine.interface import Health, Incoming, LayerHealth, Peer, Publishing
from farmlive.media.engine.python.ingest.arrival_predictor import idle_seconds
from farmlive.media.engine.python.ingest.health_meter import HealthMeter
from farmlive.media.engine.python.ingest.rtp_rewrite import SourceClock
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.link.layer_select import FlowingLayers
from farmlive.media.wire import capture_time, codecs, rtcp
from farmlive.media.wire.rtp import Packet, Parts, ahead, extension_value, seconds
from farmlive.media.wire.transport_cc import Arrivals

Taken = tuple[Track, Packet, bool]
"""A packet, the track that it belongs to, and whether a group of pictures begins with its frame."""

# Each layer has one RTX stream.
_MOST_REPAIRING = 16
# After a pause of this length a track's arrival times predict nothing.
_RESTS_WITHIN_S = 0.5
# The burst and the refill interval, in seconds, of a publisher's urgent keyframe requests, those
# that can't wait for the next keyframe of the others; however many viewers ask.
_HURRIES_MOST, _HURRY_EVERY_S = 3.0, 5.0
# A late packet of the stream before a restart with a new SSRC comes within this time.
_LATE_S = 1.0


class PublisherListener(Protocol):
    """A listener to a publisher's packets, such as an output."""

    def on_packet(
        self, publisher: "Publisher", track: Track, packet: Packet, began: bool, now: float
    ) -> bool:
        """Handle a packet; `began`: a group of pictures begins with its frame.

        Returns True if viewers get this publisher from this packet on.
        """

    def on_restart(self, old: Track, fresh: Track, now: float) -> None:
        """Handle a track that restarted as `fresh`."""

    def on_layers_changed(self, now: float) -> None:
        """Handle a change of the layers that come, or of their order."""

    def on_end(self, publisher: "Publisher") -> None:
        """Handle the end of the publisher."""


class Publisher:
    """One publisher: its tracks, its feedback and its health."""

    def __init__(self, publishing: Publishing, own_ssrc: int, peer: Peer = 0) -> None:
        self.own_ssrc = own_ssrc
        self.peer = peer
        # Each listener adds and removes itself.
        self.listeners: tuple[PublisherListener, ...] = ()
        self.tracks = [
            Track(incoming, layer)
            for incoming in publishing.tracks
            for layer in range(max(1, len(incoming.layers)))
        ]
        # The video tracks, the lowest layer first; one without simulcast.
        self.layers: list[Track] = []
        self._by_type: dict[int, Incoming] = {}
        self._repairs: dict[int, int] = {}
        self._red: dict[int, int] = {}
        for incoming in publishing.tracks:
            self._by_type |= dict.fromkeys(incoming.codecs, incoming)
            self._repairs |= incoming.retransmissions
            self._red |= incoming.red
        # The track of each known pair of payload type and SSRC, and of each RTX SSRC.
        self._known: dict[tuple[int, int], Track] = {}
        self._repairing: dict[int, Track] = {}
        self._transport_cc = publishing.transport_cc
        self._rid, self._repaired_rid = publishing.rid, publishing.repaired_rid
        self._dependency = publishing.dependency_descriptor
        self._capture_time = publishing.capture_time
        self._arrivals = Arrivals()
        self._clock = SourceClock()
        self._arrange()
        self.flow = FlowingLayers(len(self.layers))
        # Whether the engine has scheduled a call of `request`.
        self.has_request_timer = self.has_patient_timer = False
        self._answered = True
        self._hurries, self._hurried_at = _HURRIES_MOST, 0.0
        # Round-trip time in seconds, measured from its replies to our reference times.
        self.round_trip_s: float | None = None
        self.health = Health()
        self._meter = HealthMeter()

    def _arrange(self) -> None:
        self.layers = sorted(
            (track for track in self.tracks if track.is_video), key=lambda track: track.layer
        )

    @property
    def last_at(self) -> float:
        """When the last packet of any track came."""
        return max((track.last_at for track in self.tracks), default=0.0)

    @property
    def wanted(self) -> bool:
        """Whether a viewer waits for a keyframe."""
        return any(track.wanted or track.wanted_patiently for track in self.layers)

    def idle_seconds(self, now: float) -> float:
        """Return for how many seconds its socket need not be read."""
        lately, rhythms = now - _RESTS_WITHIN_S, []
        for track in self.tracks:
            if track.missing or not track.whole:
                return 0.0
            if track.last_at > lately:
                rhythms.append(track.arrivals)
        return idle_seconds(rhythms, now)

    @property
    def answers_requests(self) -> bool:
        """Whether it answers keyframe requests: negotiated, and the last one was answered."""
        return self._answered and any(track.incoming.pli for track in self.layers)

    # Incoming packets.

    def handle_packet(
        self, received: Parts, now: float, arrival: float | None = None
    ) -> Taken | None:
        """Assign a packet to its track; restore one that came as RTX.

        `arrival` is when the network delivered it, which may be before `now`, when we read it.
        Returns None for a packet that carries nothing for viewers.
        """
        payload_type, ssrc, sequence, timestamp, marker, payload, extension = received
        if arrival is None:
            arrival = now
        if extension is not None and self._transport_cc is not None:
            value = extension_value(extension, self._transport_cc)
            if value is not None and len(value) >= 2:
                self._arrivals.add(value[0] << 8 | value[1], arrival)
        descriptor = None
        if extension is not None and self._dependency is not None:
            descriptor = extension_value(extension, self._dependency)
        track = self._known.get((payload_type, ssrc))
        if track is None:
            if payload_type in self._repairs:
                return self._restore(received, now)
            track = self._begin(received, now)
            if track is None:
                return None
        packet = track.add(sequence, timestamp, marker, payload, now, arrival, descriptor)
        if packet is None:
            if not track.ended:
                return None
            track = self._renew(track, received, now)
            packet = track.add(sequence, timestamp, marker, payload, now, arrival, descriptor)
            if packet is None:
                return None
        if track.is_video:
            if self._capture_time is not None:
                value = extension_value(extension, self._capture_time)
                captured = None if value is None else capture_time.parse(value)
                if captured is not None:
                    track.capture = timestamp, captured
            return track, packet, self._begins_group(track, packet, now)
        if self._red:
            track.wrapped = payload_type in self._red
        return track, packet, False

    def _restore(self, received: Parts, now: float) -> Taken | None:
        """Restore a packet from RTX; the first two bytes are its number (RFC 4588, section 4)."""
        payload_type, ssrc, _, timestamp, marker, payload, extension = received
        if len(payload) < 2:
            return None
        number = payload[0] << 8 | payload[1]
        track = self._repairing.get(ssrc)
        if track is None:
            incoming = self._by_type.get(self._repairs[payload_type])
            tracks = [each for each in self.tracks if each.incoming is incoming]
            if len(tracks) > 1:
                named = self._named(tracks, extension, self._repaired_rid)
                if named is None:
                    tracks = [each for each in tracks if number in each.missing]
                    named = tracks[0] if len(tracks) == 1 else None
                else:
                    if len(self._repairing) >= _MOST_REPAIRING:
                        self._repairing.clear()
                    self._repairing[ssrc] = named
                track = named
            else:
                track = tracks[0] if tracks else None
        if track is None:
            return None
        descriptor = None
        if self._dependency is not None:
            descriptor = extension_value(extension, self._dependency)
        repaired = Packet(number, timestamp, marker, payload[2:])
        packet = track.add_repaired(repaired, now, descriptor)
        if packet is None:
            return None
        return track, packet, track.is_video and self._begins_group(track, packet, now)

    def _begins_group(self, track: Track, packet: Packet, now: float) -> bool:
        """Return whether a group of pictures begins with this video packet, or at its arrival."""
        if track.begins_keyframe(packet.payload):
            return self._record_keyframe(track, packet, now)
        # A late or retransmitted packet may be the one that a held keyframe waits for.
        held = track.held
        return (
            held is not None
            and ahead(packet.sequence, track.ring.highest) < 0
            and track.begins_group(held, now)
        )

    @staticmethod
    def _named(
        tracks: Sequence[Track], extension: tuple[int, bytes] | None, name: int | None
    ) -> Track | None:
        """Return the track whose RID the packet carries (RFC 8852)."""
        value = extension_value(extension, name) if name is not None else None
        rid = value.decode("ascii", "replace") if value else None
        return next((track for track in tracks if track.rid == rid), None)

    def _begin(self, received: Parts, now: float) -> Track | None:
        """Return the track of a new pair of payload type and SSRC; None if it is ambiguous."""
        payload_type, ssrc, _, _, _, _, extension = received
        inner = self._red.get(payload_type, payload_type)
        incoming = self._by_type.get(inner)
        if incoming is None:
            return None
        tracks = [track for track in self.tracks if track.incoming is incoming]
        track: Track | None = tracks[0]
        if len(tracks) > 1:
            track = next((each for each in tracks if each.ssrc == ssrc), None) or self._named(
                tracks, extension, self._rid
            )
        if track is None:
            return None
        if track.ssrc == ssrc and track.codec == incoming.codecs[inner]:
            # The same stream switches between RED and plain audio.
            self._known[payload_type, ssrc] = track
            return track
        # Late packets of the old stream must not restart it.
        if ssrc == track.replaced and now - track.replaced_at < _LATE_S:
            return None
        return self._renew(track, received, now)

    def _renew(self, track: Track, received: Parts, now: float) -> Track:
        """Start a track, or restart it with another SSRC, codec or numbering."""
        payload_type, ssrc, sequence, timestamp, _, _, _ = received
        fresh = track
        if track.ssrc:
            fresh = Track(
                track.incoming, track.incoming.layers.index(track.rid) if track.rid else 0
            )
            fresh.layer = track.layer
            fresh.replaced, fresh.replaced_at = track.ssrc, now
            self.tracks[self.tracks.index(track)] = fresh
            self._known = {key: each for key, each in self._known.items() if each is not track}
            self._repairing = {
                key: each for key, each in self._repairing.items() if each is not track
            }
            self._arrange()
        inner = self._red.get(payload_type, payload_type)
        fresh.begin(ssrc, fresh.incoming.codecs[inner], sequence, timestamp, now)
        self._known[payload_type, ssrc] = fresh
        if fresh is not track:
            for listener in self.listeners:
                listener.on_restart(track, fresh, now)
        return fresh

    def _record_keyframe(self, track: Track, packet: Packet, now: float) -> bool:
        before = track.keyframe_at
        if before is not None and now - before > 0.02:
            self.health.keyframe_s = round(now - before, 2)
        answered = track.record_keyframe(now)
        if answered is not None:
            self._answered = answered
        size = codecs.picture_size(track.codec, packet.payload)
        if size is not None:
            track.size = size
            if track.layer == self.flow.highest:
                self.health.width, self.health.height = size
        if self.health.objection is None:
            self.health.objection = codecs.objection(track.codec, packet.payload)
        self._sort_layers(now)
        return track.begins_group(packet, now)

    def _sort_layers(self, now: float) -> None:
        """Sort the layers by picture size: the order in the offer may be a guess.

        If two are in the wrong order, all are taken to be reversed.
        """
        sizes = [track.size[0] * track.size[1] for track in self.layers if track.size]
        if sizes == sorted(sizes):
            return
        if len(sizes) == len(self.layers):
            order = sorted(self.layers, key=lambda track: track.size or (0, 0))
        else:
            order = list(reversed(self.layers))
        self.layers = order
        for layer, track in enumerate(order):
            track.layer = layer
        self.flow = FlowingLayers(len(order))
        self.update_layers(now)
        for listener in self.listeners:
            listener.on_layers_changed(now)

    # RTCP from the publisher.

    def record_sender_report(self, report: rtcp.SenderReport, now: float) -> Track | None:
        """Handle its sender report; return the track that it is about."""
        for track in self.tracks:
            if track.ssrc == report.ssrc:
                track.record_sender_report(
                    report, self._clock.report(seconds(report.ntp), now), now
                )
                return track
        return None

    def record_reference_reply(self, reply: rtcp.ReferenceReply, middle_now: int) -> None:
        """Handle a reply to a reference time of ours (RFC 3611, section 4.5).

        `middle_now` is our time as the middle 32 bits of NTP.
        """
        if reply.ssrc == self.own_ssrc and reply.last:
            took = (middle_now - reply.last - reply.delay) & 0xFFFFFFFF
            if took < 10 << 16:
                self.round_trip_s = took / 65536

    # RTCP to the publisher.

    def want_keyframe(self, track: Track | None = None, *, patiently: bool = False) -> None:
        """Note that a viewer needs a keyframe of this track, or of any.

        The next `request` or `feedback` may ask for one. `patiently`: the viewer can wait until
        others have had no keyframe for a while.
        """
        for each in self.layers if track is None else (track,):
            if patiently:
                each.wanted_patiently = True
            else:
                each.wanted = True

    def may_hurry(self, now: float) -> bool:
        """Return whether a viewer's keyframe need not wait for those that others get, and count it:
        all viewers pay for it.
        """
        more = max(0.0, now - self._hurried_at) / _HURRY_EVERY_S
        self._hurries = min(_HURRIES_MOST, self._hurries + more)
        self._hurried_at = now
        if self._hurries < 1.0:
            return False
        self._hurries -= 1.0
        return True

    def patient_for_s(self, now: float) -> float:
        """Return for how long a keyframe request is put off that can wait, infinity without one."""
        waits = (each.patience_s(now) for each in self.layers if each.wanted_patiently)
        return min(waits, default=math.inf)

    def is_lowest(self, track: Track) -> bool:
        """Return whether no lower layer than this track flows."""
        return len(self.layers) < 2 or not any(self.flow.flowing[: track.layer])

    def _requests(self, now: float) -> bytes:
        """Write NACKs for what is missing by now, and a keyframe request if one is wanted."""
        written = b""
        for track in self.tracks:
            if track.missing:
                due = track.take_due_nacks(now, self.round_trip_s)
                if due:
                    written += rtcp.nack(self.own_ssrc, track.ssrc, due)
        for track in self.layers:
            if track.unanswered(now):
                self._answered = False
            if (
                not track.ssrc
                or not track.incoming.pli
                or not self.flow.can_request_keyframe(track.layer)
            ):
                continue
            if track.request_due(now):
                written += rtcp.picture_loss(self.own_ssrc, track.ssrc)
        return written

    def request(self, now: float) -> bytes | None:
        """Return a compound packet of the urgent requests, or None."""
        written = self._requests(now)
        return rtcp.receiver_report(self.own_ssrc, []) + written if written else None

    def feedback(self, now: float, report: bool, wall_ntp: int | None = None) -> bytes | None:
        """Return a compound packet of all feedback that is due now, or None.

        `report`: a receiver report is due; with `wall_ntp`, our NTP time, a reference time goes
        with it, which measures the round trip.
        """
        extra = self._requests(now)
        if self._transport_cc is not None:
            media = (self.layers or self.tracks)[0].ssrc
            extra += self._arrivals.feedback(self.own_ssrc, media) or b""
        if not report and not extra:
            return None
        reports = []
        for track in self.tracks if report else ():
            block = track.receiver_report(now)
            if block is not None:
                reports.append(block)
        if report and wall_ntp is not None:
            extra = rtcp.reference_time(self.own_ssrc, wall_ntp) + extra
        return rtcp.receiver_report(self.own_ssrc, reports) + extra

    def update_layers(self, now: float) -> bool:
        """Check which layers come, about ten times a second; return True if that has changed."""
        changed = self.flow.update([(track.packets, track.frames) for track in self.layers], now)
        if changed:
            for track, flows in zip(self.layers, self.flow.flowing, strict=True):
                if not flows:
                    track.forget_request()
        return changed

    def measure(self, now: float) -> Health:
        """Update and return the health; called about once a second."""
        best = self.layers[self.flow.highest] if self.layers else None
        self._meter.measure(self.health, self.tracks, best, self.round_trip_s, now)
        self.health.loss = round(max((track.loss for track in self.layers), default=0.0), 3)
        if len(self.layers) > 1:
            self.health.layers = [
                LayerHealth(track.rid, width, height, track.kbps)
                for track in self.layers
                for width, height in (track.size or (None, None),)
            ]
        self.health.keyframes_on_request = self.answers_requests
        return self.health
