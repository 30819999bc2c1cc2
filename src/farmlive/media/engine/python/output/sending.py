"""Sends an output's packets: viewers grouped by their numbers, each group in one pass.

It also writes each viewer's sender reports.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from farmlive.media.engine.interface import Peer, Ssrcs
from farmlive.media.engine.python.ingest.rtp_rewrite import sequence_base
from farmlive.media.engine.python.net.gso_batch import GsoBatch, cut_batches
from farmlive.media.engine.python.net.sockets import SendSocket
from farmlive.media.engine.python.output.forwarder import Forwarder, RewriteOffset, write
from farmlive.media.engine.python.output.sound import Sound
from farmlive.media.engine.python.output.viewer import Numbers, Sent, Viewer
from farmlive.media.engine.python.send_group import SendGroup
from farmlive.media.wire import rtcp, rtp
from farmlive.media.wire.rtp import Packet


class Sending:
    """Sends to the viewers of an output and counts."""

    def __init__(self, ssrcs: Ssrcs, viewers: Mapping[Peer, Viewer], sound: Sound) -> None:
        self._ssrcs, self._viewers, self._sound = ssrcs, viewers, sound
        self.sent = self.failed = 0
        # Whether viewers or audio have changed since the send groups were made.
        self.stale = False
        self._groups: list[tuple[Numbers, list[SendGroup]]] = []

    def send(self, counts: Mapping[Forwarder, int]) -> list[Viewer]:
        """Send this many packets of each forwarder; return the viewers that can't keep up.

        Audio goes with the last batch of video if it fits.
        """
        if not counts and not self._sound.pending:
            return []
        if self.stale:
            self._regroup()
        video = {lane: lane.take(count) for lane, count in counts.items()}
        heard = self._sound.take()
        fallen: list[Viewer] = []
        for (lane, shift, hearing), audiences in self._groups:
            written = []
            if lane is not None and shift is not None and lane in video:
                packets = lane.after_splice(video[lane], shift)
                if packets:
                    written = write(packets, shift, self._ssrcs.video)
            if heard and hearing is not None:
                written += self._sound.write(heard, hearing)
            if written:
                cut = cut_batches(written)
                for audience in audiences:
                    fallen += self._send(audience, cut, len(written))
        return fallen

    def send_to(self, viewers: Collection[Viewer], packets: Sequence[Packet]) -> list[Viewer]:
        """Send these past packets to these viewers alone; return those that can't keep up."""
        groups: dict[tuple[RewriteOffset, int | None, SendSocket, int], list[Viewer]] = {}
        octets = sum(len(packet.payload) for packet in packets)
        for viewer in viewers:
            epoch = viewer.epoch
            if epoch is not None:
                viewer.count_sent(len(packets), octets)
                live = epoch.live_of(packets[0].timestamp) if packets else None
                key = epoch.shift, live, viewer.sock, viewer.protection.tag
                groups.setdefault(key, []).append(viewer)
        fallen: list[Viewer] = []
        for (shift, _, outlet, _), group in groups.items():
            one, epoch = group[0], group[0].epoch
            if epoch is None:
                continue
            past = [epoch.as_sent(packet) for packet in packets]
            cut = cut_batches(write(past, shift, self._ssrcs.video))
            audience = one.alone if len(group) == 1 else SendGroup(outlet, group)
            fallen += self._send(audience, cut, len(packets))
        return fallen

    def _send(self, audience: SendGroup, cut: Sequence[GsoBatch], count: int) -> list[Viewer]:
        failed = sum(map(audience.send, cut))
        self.sent += count * len(audience) - failed
        self.failed += failed
        if not audience.fallen:
            return []
        fallen = [member for member in audience.fallen if isinstance(member, Viewer)]
        audience.fallen.clear()
        return fallen

    def _regroup(self) -> None:
        """Group the viewers by the numbers that they have for what is sent now."""
        self.stale = False
        sound = self._sound
        next_sound = sound.next_sequence
        shifts: dict[Forwarder, Counter[RewriteOffset]] = {}
        groups: dict[tuple[Numbers, SendSocket, int], list[Viewer]] = {}
        for viewer in self._viewers.values():
            if viewer.audio_shift is None and sound.codec in viewer.viewing.audio:
                viewer.audio_shift = sequence_base(next_sound)
                viewer.sound_before = Sent(sound.packets, sound.octets)
            numbers = viewer.numbers(sound.codec)
            groups.setdefault((numbers, viewer.sock, viewer.protection.tag), []).append(viewer)
            if numbers.forwarder is not None and numbers.video is not None:
                shifts.setdefault(numbers.forwarder, Counter())[numbers.video] += 1
        audiences: dict[Numbers, list[SendGroup]] = {}
        for (numbers, outlet, _), viewers in groups.items():
            audiences.setdefault(numbers, []).append(SendGroup(outlet, viewers))
        self._groups = list(audiences.items())
        for lane, counter in shifts.items():
            lane.common = counter.most_common(1)[0][0]

    def report(self, viewer: Viewer, now: float, wall: float) -> bytes | None:
        """Return the viewer's sender reports of this moment; None before it gets media.

        `wall` is `now` in seconds since 1970.
        """
        out, ssrcs, time = b"", [], rtp.ntp(wall)
        epoch, sound = viewer.epoch, self._sound
        if epoch is None and viewer.past:
            # It waits for the next keyframe: the time of its picture goes on.
            epoch = viewer.past[-1]
        if epoch is not None:
            stamp = epoch.track.timestamp_at(now) + epoch.shift.timestamp - epoch.lead
            stamp &= 0xFFFFFFFF
            ssrcs.append(self._ssrcs.video)
            out += rtcp.sender_report(rtcp.SenderReport(ssrcs[-1], time, stamp, *viewer.sent))
        heard, before = sound.timestamp_at(now), viewer.sound_before
        if heard is not None and before is not None:
            ssrcs.append(sound.ssrc)
            packets, octets = sound.packets - before.packets, sound.octets - before.octets
            out += rtcp.sender_report(rtcp.SenderReport(ssrcs[-1], time, heard, packets, octets))
        if not ssrcs:
            return None
        out += rtcp.source_description(ssrcs, "farmlive")
        if viewer.reference is not None:
            # From this reply the viewer learns the round trip, and so when to repeat a NACK.
            asked, at = viewer.reference
            viewer.reference = None
            delay = round((now - at) * 65536) & 0xFFFFFFFF
            out += rtcp.reference_reply(
                self._ssrcs.video, rtcp.ReferenceReply(asked.ssrc, asked.middle, delay)
            )
        return out
