"""Answers viewers' NACKs from the rings of the tracks that they get or recently got, and probes
their links by repeats.
"""

from collections.abc import Sequence

from farmlive.media.engine.interface import Ssrcs
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.link.quality_ladder import KEYFRAMES
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.forwarder import RewriteOffset, write
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire import rtcp
from farmlive.media.wire.picture_id import moved
from farmlive.media.wire.rtp import Packet, ahead

# The RTP header and the number in front of a retransmission's payload.
_HEADERS = 14


class Rtx:
    """Answers NACKs and counts the results."""

    def __init__(self, ssrcs: Ssrcs) -> None:
        self._ssrcs = ssrcs
        self.repaired = self.unrepaired = self.failed = 0

    def probe(self, viewer: Viewer, layers: Sequence[Track], now: float) -> bool:
        """Send what is due of the probe of a viewer of these layers; return whether it has one."""
        layer, epoch, watch = viewer.selector.probe, viewer.epoch, viewer.selector.watch
        if layer is None or layer >= len(layers) or epoch is None or epoch.track not in layers:
            return False
        octets = watch.owed(layers[layer].kbps - epoch.track.kbps, now)
        if octets > 0:
            viewer.link.probed(now)
            watch.spent(self.send_probe(viewer, octets))
        return True

    def send_probe(self, viewer: Viewer, octets: float) -> int:
        """Send about `octets` bytes of recent packets again as RTX: they fill the link without
        harm. Returns how many were sent.
        """
        epoch, sent = viewer.epoch, 0
        if epoch is None or epoch.terms.retransmission is None:
            return 0
        ring = epoch.track.ring
        newest = ring.highest if viewer.cursor is None else viewer.cursor - 1
        for back in range(rtcp.MISSING_MOST):
            sequence = (newest - back) & 0xFFFF
            packet = ring.get(sequence)
            # What came before has other numbers, or is another layer's under the same.
            if packet is None or sent >= octets or ahead(sequence, epoch.since) < 0:
                break
            sent += _HEADERS + len(packet.payload)
            number = (sequence + epoch.shift.sequence) & 0xFFFF
            self.failed += self._send(viewer, epoch, number, packet, epoch.shift)
        return sent

    def answer_nack(self, viewer: Viewer, nack: rtcp.Nack, now: float) -> bool:
        """Send the missing packets as RTX (RFC 4588); return whether they go beyond what the
        viewer's link has for that: only a keyframe helps then.

        A viewer without RTX gets no retransmission: under its own sequence number a packet would be
        encrypted twice with one nonce.
        """
        beyond = False
        if nack.ssrc != self._ssrcs.video:
            return False
        if viewer.rtx_left <= 0:
            self.unrepaired += len(nack.missing)
            return False
        for number in nack.missing:
            epoch = viewer.epoch_of(number)
            if epoch is None or epoch.terms.retransmission is None:
                self.unrepaired += 1
                continue
            if epoch.muted or viewer.backpressure.since is not None:
                continue
            shift = epoch.shift_of(number)
            packet = None
            if shift is not None:
                packet = epoch.track.ring.get((number - shift.sequence) & 0xFFFF)
            if shift is None or packet is None or viewer.rtx_left <= 0:
                self.unrepaired += 1
                continue
            more = viewer.gets_more and epoch is viewer.epoch
            is_of_keyframe = viewer.is_of_keyframe(epoch, packet)
            if viewer.rung == KEYFRAMES and not (more or is_of_keyframe):
                continue
            if epoch.is_left_out(packet):
                # It came late, at the edge of its frame. A player would wait for its number.
                packet = packet._replace(payload=b"")
            if viewer.link.state != "wide" and epoch.is_before_group(packet, viewer.cursor):
                continue
            # What follows a keyframe makes room for the rest of that.
            rests = viewer.epoch is None or (more and is_of_keyframe)
            alone = viewer.rung == KEYFRAMES and rests
            octets = _HEADERS + len(packet.payload)
            verdict = viewer.link.repair(number, octets, epoch.track.kbps, now, alone)
            if verdict != "send":
                self.unrepaired += verdict != "skip"
                beyond |= verdict == "beyond"
                continue
            viewer.rtx_left -= 1
            failed = self._send(viewer, epoch, number, packet, shift)
            self.failed += failed
            self.repaired += 1 - failed
        return beyond

    def _send(
        self, viewer: Viewer, epoch: Epoch, number: int, packet: Packet, shift: RewriteOffset
    ) -> int:
        """Retransmit the packet that has this number and these offsets for the viewer; return 1 if
        that failed.
        """
        packet = epoch.as_sent(packet)
        assert epoch.terms.retransmission is not None
        payload = packet.payload
        if shift.pictures is not None:
            payload = moved(payload, shift.pictures)
        payload = number.to_bytes(2, "big") + payload
        whole = Packet(viewer.rtx_sequence, packet.timestamp, packet.marker, payload)
        viewer.rtx_sequence = (viewer.rtx_sequence + 1) & 0xFFFF
        own = RewriteOffset(epoch.terms.retransmission, 0, shift.timestamp)
        (data,) = write((whole,), own, self._ssrcs.retransmission)
        return viewer.send((GsoBatch((data,)),))
