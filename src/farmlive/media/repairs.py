"""A viewer's NACKs, answered from the rings of the tracks that it gets or got a moment ago."""

from farmlive.media import rtcp
from farmlive.media.engine import Ssrcs
from farmlive.media.lane import Shift, write
from farmlive.media.pictures import moved
from farmlive.media.rtp import Packet
from farmlive.media.runs import Run
from farmlive.media.viewer import Viewer

_MOST_PER_NACK = 100


class Repairs:
    """Answers NACKs and counts how."""

    def __init__(self, ssrcs: Ssrcs) -> None:
        self._ssrcs = ssrcs
        self.repaired = self.unrepaired = self.failed = 0

    def answer(self, viewer: Viewer, nack: rtcp.Nack) -> None:
        """Send what is missing: as RTX (RFC 4588), or the packet itself."""
        if nack.ssrc != self._ssrcs.video:
            return
        for number in nack.missing[:_MOST_PER_NACK]:
            epoch = viewer.epoch_of(number)
            if epoch is None:
                self.unrepaired += 1
                continue
            if epoch.muted or viewer.stall.since is not None:
                continue
            packet = epoch.track.ring.get((number - epoch.shift.sequence) & 0xFFFF)
            if packet is None or viewer.rtx_left <= 0:
                self.unrepaired += 1
                continue
            viewer.rtx_left -= 1
            packet = epoch.as_sent(packet)
            again = epoch.terms.retransmission
            if again is None:
                (data,) = write((packet,), epoch.shift, self._ssrcs.video)
            else:
                payload = packet.payload
                if epoch.shift.pictures is not None:
                    payload = moved(payload, epoch.shift.pictures)
                payload = number.to_bytes(2, "big") + payload
                whole = Packet(viewer.rtx_sequence, packet.timestamp, packet.marker, payload)
                viewer.rtx_sequence = (viewer.rtx_sequence + 1) & 0xFFFF
                shift = Shift(again, 0, epoch.shift.timestamp)
                (data,) = write((whole,), shift, self._ssrcs.retransmission)
            failed = viewer.send((Run((data,)),))
            self.failed += failed
            self.repaired += 1 - failed
