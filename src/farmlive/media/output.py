"""An output: what all viewers of one broadcast get, as one continuous stream.

Rewrites the source on air, keeps the ring, sends each packet to every viewer, answers their
NACKs and lets late joiners in. SSRC, numbers and timestamps are the same for all viewers, but
for the half of the sequence range, so that a packet is written once for many.
"""

from secrets import randbelow
from typing import Any

from farmlive.media import rtcp, rtp
from farmlive.media.audience import Audience
from farmlive.media.engine import Peer, Ssrcs
from farmlive.media.ports import Outlet
from farmlive.media.publisher import Publisher, Track
from farmlive.media.rewrite import Rewriter, SourceClock, half, squeeze
from farmlive.media.ring import Ring, starts_in_group
from farmlive.media.rtp import Packet, ahead, ahead32
from farmlive.media.runs import Run, runs
from farmlive.media.viewer import RTX_PER_S, Numbers, Viewer

_BURST = 24
_RTX_PER_NACK = 100
# Packets of a frame differ by a byte or so; padded to one size they leave in one send.
_PAD_MOST = 24
_FLUSH_AT = 40


class _Stream:
    """One kind of track of the output."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.clock_rate = clock_rate
        self.codec = ""
        self.rewriter = Rewriter(clock_rate, randbelow(0x4000), randbelow(1 << 30))
        self.source_ssrc: int | None = None
        self.pending: list[Packet] = []
        self.packets = 0
        self.octets = 0
        # Our time and the stream's RTP time of one moment; None before the first packet.
        self.moment: tuple[float, int] | None = None

    def take(self, count: int) -> list[Packet]:
        """The first packets of what was gathered."""
        taken, self.pending = self.pending[:count], self.pending[count:]
        return taken

    def write(self, packets: list[Packet], payload_type: int, shift: int) -> list[bytes]:
        """The packets as one group of viewers gets them."""
        size = max(len(packet.payload) for packet in packets)
        out = []
        for packet in packets:
            short = size - len(packet.payload)
            padding = short if short <= _PAD_MOST and len(packets) > 1 else 0
            shifted = packet._replace(sequence=packet.sequence ^ shift) if shift else packet
            out.append(rtp.write(shifted, payload_type, self.ssrc, padding))
        return out


class Fanout:
    """An output's streams, viewers and the publisher on air."""

    def __init__(self, ssrcs: Ssrcs) -> None:
        self.ssrcs = ssrcs
        self.viewers: dict[Peer, Viewer] = {}
        self.on_air: Publisher | None = None
        self.following: Publisher | None = None
        self.video = _Stream(ssrcs.video, 90_000)
        self.audio = _Stream(ssrcs.audio, 48_000)
        self.ring = Ring()
        self.catching: dict[Peer, Viewer] = {}
        self.waiting: dict[Peer, Viewer] = {}
        self.sent = self.failed = self.repaired = self.unrepaired = 0
        # Of viewers that are gone: what was dropped since they could not keep up.
        self.dropped = 0
        self._clock = SourceClock()
        self._audiences: list[tuple[Numbers, list[Audience]]] = []
        # Whether viewers or codecs have changed since the audiences were made.
        self._stale = False
        # How many packets of video are of frames that are whole.
        self._whole = 0

    def put_on_air(self, publisher: Publisher | None) -> None:
        """Follow this publisher from its next keyframe on; None: nobody, at once."""
        before = self.following
        if publisher is None:
            self.following = None
            if self.on_air is not None:
                self.drop(self.on_air)
        elif publisher is not self.on_air:
            self.following = publisher
            publisher.want_keyframe()
        else:
            self.following = None
        self._subscribe(before)
        self._subscribe(publisher)

    def drop(self, publisher: Publisher) -> None:
        """The publisher is gone: its group can't be continued."""
        if self.following is publisher:
            self.following = None
        if self.on_air is publisher:
            self.flush()
            self.on_air = None
            self.ring.forget_group()
            for viewer in list(self.catching.values()):
                self._wait(viewer)
        self._subscribe(publisher)

    def _subscribe(self, publisher: Publisher | None) -> None:
        """Get this publisher's packets while it is on air or followed, and no longer."""
        if publisher is not None:
            others = tuple(each for each in publisher.outputs if each is not self)
            wanted = publisher is self.on_air or publisher is self.following
            publisher.outputs = (*others, self) if wanted else others

    def feed(
        self, publisher: Publisher, track: Track, packet: Packet, keyframe: bool, now: float
    ) -> bool:
        """Take a publisher's packet; True where the switch to this publisher is made by it."""
        switched = False
        if publisher is not self.on_air:
            if publisher is not self.following or not (keyframe or publisher.video is None):
                return False
            self.flush()
            before = self.on_air
            self.on_air, self.following = publisher, None
            self._subscribe(before)
            self.video.source_ssrc = self.audio.source_ssrc = None
            self._clock = SourceClock()
            switched = True
        is_video = track.incoming.kind == "video"
        stream = self.video if is_video else self.audio
        if stream.source_ssrc != track.ssrc:
            stream.source_ssrc = track.ssrc
            stream.rewriter.begin(packet.sequence, packet.timestamp, now)
            stream.moment = None
        mapped = stream.rewriter.map(packet, now)
        if mapped is None:
            return switched
        if stream.moment is None:
            stream.moment = (now, mapped.timestamp)
        if stream.codec != track.codec:
            self.flush()
            stream.codec = track.codec
            self._stale = True
        stream.packets += 1
        stream.octets += len(mapped.payload)
        stream.pending.append(mapped)
        if is_video:
            if self.ring.put(mapped, keyframe, now):
                for viewer in list(self.waiting.values()):
                    if viewer.may_go_on(now):
                        self._catch_up(viewer, mapped.timestamp, now)
            if mapped.marker or len(stream.pending) - self._whole >= _FLUSH_AT:
                self._whole = len(stream.pending)
        return switched

    def send_whole(self) -> bool:
        """Send sound and the frames that are whole.

        Returns whether packets of a frame without its end wait for `flush`.
        """
        self._send(self._whole, len(self.audio.pending))
        return bool(self.video.pending)

    def flush(self) -> None:
        """Send all that was gathered."""
        self._send(len(self.video.pending), len(self.audio.pending))

    def _send(self, video_count: int, audio_count: int) -> None:
        """Send so many packets; sound rides in the last send of video where it fits."""
        if not video_count and not audio_count:
            return
        self._regroup()
        video, audio = self.video.take(video_count), self.audio.take(audio_count)
        self._whole = max(0, self._whole - video_count)
        for numbers, audiences in self._audiences:
            written = []
            if video and numbers.video:
                written += self.video.write(video, *numbers.video)
            if audio and numbers.audio:
                written += self.audio.write(audio, *numbers.audio)
            cut = runs(written)
            for audience in audiences:
                failed = sum(map(audience.send, cut))
                self.sent += len(written) * len(audience) - failed
                self.failed += failed
                if audience.fallen:
                    self._fall(audience)

    def _fall(self, audience: Audience) -> None:
        """These can't keep up: sound alone, until they may go on at a keyframe."""
        for member in audience.fallen:
            if isinstance(member, Viewer) and member.peer in self.viewers:
                member.live = False
                self._wait(member)
        audience.fallen.clear()
        self._stale = True

    def _regroup(self) -> None:
        """Sort the viewers by the numbers that they want for what is sent now."""
        if not self._stale:
            return
        self._stale = False
        sound = self.audio
        next_sound = sound.pending[0].sequence if sound.pending else sound.rewriter.next_sequence
        groups: dict[tuple[Numbers, Outlet, int], list[Viewer]] = {}
        for viewer in self.viewers.values():
            viewer.choose(self.video.codec, sound.codec)
            if viewer.audio_pt is not None and viewer.audio_shift is None:
                viewer.audio_shift = half(next_sound)
            key = viewer.numbers, viewer.sock, viewer.protection.tag
            groups.setdefault(key, []).append(viewer)
        audiences: dict[Numbers, list[Audience]] = {}
        for (numbers, sock, _), viewers in groups.items():
            audiences.setdefault(numbers, []).append(Audience(sock, viewers))
        self._audiences = list(audiences.items())

    # Viewers come and go.

    def add(self, viewer: Viewer, now: float) -> None:
        """Let a viewer in: with the current group of pictures, or at the next keyframe."""
        self.flush()
        self.viewers[viewer.peer] = viewer
        self._stale = True
        started = self._start(viewer, now)
        if not started:
            self._wait(viewer)
        # Who did not answer the last request is asked all the same: it may have learned to.
        if self.on_air is not None and not (started and self.on_air.answers_requests):
            self.on_air.want_keyframe()

    def remove(self, peer: Peer) -> None:
        """Forget a viewer."""
        viewer = self.viewers.pop(peer, None)
        if viewer is not None:
            self.dropped += viewer.stall.dropped
            self.catching.pop(peer, None)
            self.waiting.pop(peer, None)
            self._stale = True

    def moved(self, viewer: Viewer, sock: Outlet, address: Any) -> None:
        """The viewer is reached elsewhere now."""
        viewer.moved(sock, address)
        self._stale = True

    def start_waiting(self, now: float) -> None:
        """Let those in who wait for a keyframe that nobody sends when asked."""
        for viewer in list(self.waiting.values()):
            if viewer.stall.since is None:
                self._start(viewer, now)

    def is_waited_for(self, now: float) -> bool:
        """Whether someone needs a keyframe, and could take it."""
        return any(viewer.may_go_on(now) for viewer in self.waiting.values())

    def _start(self, viewer: Viewer, now: float) -> bool:
        if self.on_air is None or not starts_in_group(self.ring, now, self.on_air.answers_requests):
            return False
        newest = self.ring.get(self.ring.highest)
        if newest is None:
            return False
        self._catch_up(viewer, newest.timestamp, now)
        return True

    def _wait(self, viewer: Viewer) -> None:
        viewer.cursor = None
        self.catching.pop(viewer.peer, None)
        self.waiting[viewer.peer] = viewer

    def _catch_up(self, viewer: Viewer, live_timestamp: int, now: float) -> None:
        start = self.ring.group_start
        if start is None:
            return
        self.waiting.pop(viewer.peer, None)
        self.catching[viewer.peer] = viewer
        viewer.cursor = start
        viewer.squeezed = live_timestamp
        viewer.go_on(start, now)
        if viewer.video_shift is None:
            viewer.video_shift = half(start)

    def pump(self) -> None:
        """Send the next part of their burst to all who catch up."""
        if not self.catching:
            return
        self.flush()
        self._regroup()
        for viewer in list(self.catching.values()):
            self._pump_one(viewer)

    def _pump_one(self, viewer: Viewer) -> None:
        cursor, highest = viewer.cursor, self.ring.highest
        if cursor is None or viewer.video_pt is None or viewer.video_shift is None:
            self._wait(viewer)
            return
        burst: list[Packet] = []
        while len(burst) < _BURST and ahead(highest, cursor) >= 0:
            packet = self.ring.get(cursor)
            if packet is not None:
                burst.append(self._as_sent(viewer, packet))
            cursor = (cursor + 1) & 0xFFFF
        if burst:
            written = self.video.write(burst, viewer.video_pt, viewer.video_shift)
            failed = viewer.send(runs(written))
            self.sent += len(burst) - failed
            self.failed += failed
            if viewer.stall.since is not None:
                self._wait(viewer)
                return
        viewer.cursor = cursor
        if ahead(highest, cursor) < 0:
            viewer.live, viewer.cursor = True, None
            del self.catching[viewer.peer]
            self._stale = True

    @staticmethod
    def _as_sent(viewer: Viewer, packet: Packet) -> Packet:
        if viewer.squeezed is None:
            return packet
        timestamp = squeeze(packet.timestamp, viewer.squeezed)
        return packet if timestamp == packet.timestamp else packet._replace(timestamp=timestamp)

    # What viewers tell, and what they are told.

    def repair(self, viewer: Viewer, nack: rtcp.Nack) -> None:
        """Answer a NACK from the ring: by RTX (RFC 4588), or by the packet itself."""
        self._regroup()
        if nack.ssrc != self.ssrcs.video or viewer.video_shift is None or viewer.video_pt is None:
            return
        for number in nack.missing[:_RTX_PER_NACK]:
            packet = self.ring.get(number ^ viewer.video_shift)
            if packet is not None and viewer.is_past(packet.sequence):
                continue
            if packet is None or viewer.rtx_left <= 0:
                self.unrepaired += 1
                continue
            viewer.rtx_left -= 1
            packet = self._as_sent(viewer, packet)
            if viewer.rtx_pt is None:
                again = packet._replace(sequence=number)
                data = rtp.write(again, viewer.video_pt, self.ssrcs.video)
            else:
                payload = number.to_bytes(2, "big") + packet.payload
                again = Packet(viewer.rtx_sequence, packet.timestamp, packet.marker, payload)
                viewer.rtx_sequence = (viewer.rtx_sequence + 1) & 0xFFFF
                data = rtp.write(again, viewer.rtx_pt, self.ssrcs.retransmission)
            failed = viewer.send((Run((data,)),))
            self.failed += failed
            self.repaired += 1 - failed

    def heard(self, track: Track, report: rtcp.SenderReport, now: float) -> None:
        """The publisher on air told what time its packets have."""
        stream = self.video if track.incoming.kind == "video" else self.audio
        if stream.source_ssrc != report.ssrc:
            return
        ours = self._clock.report(rtp.seconds(report.ntp), now)
        stream.moment = (ours, (report.timestamp + stream.rewriter.timestamp_delta) & 0xFFFFFFFF)

    def report(self, now: float, wall: float) -> bytes | None:
        """The sender reports of this moment, the same for all viewers; `wall` is `now` in
        seconds since 1970.
        """
        out, ssrcs = b"", []
        for stream in (self.video, self.audio):
            if stream.moment is None:
                continue
            at, timestamp = stream.moment
            timestamp = (timestamp + round((now - at) * stream.clock_rate)) & 0xFFFFFFFF
            out += rtcp.sender_report(
                rtcp.SenderReport(
                    stream.ssrc, rtp.ntp(wall), timestamp, stream.packets, stream.octets
                )
            )
            ssrcs.append(stream.ssrc)
        return out + rtcp.source_description(ssrcs, "farmlive") if ssrcs else None

    def second(self, viewer: Viewer) -> None:
        """What is renewed for a viewer once a second."""
        viewer.rtx_left = RTX_PER_S
        newest = self.ring.get(self.ring.highest)
        if (
            viewer.squeezed is not None
            and newest is not None
            and ahead32(newest.timestamp, viewer.squeezed) > 90_000 * 60
        ):
            viewer.squeezed = None
