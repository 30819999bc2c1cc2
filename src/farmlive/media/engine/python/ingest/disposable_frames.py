"""Marks the packets of a track whose frame no other refers to, as they come.

wire/disposable.py reads what each packet says; here that is made a matter of whole frames.
"""

from farmlive.media.engine.python.ingest.ring import Ring
from farmlive.media.wire.disposable import References, Use
from farmlive.media.wire.rtp import Packet

# How many packets that say nothing may precede a frame's first one that does.
_UNSAID_MOST = 8


class DisposableFrames:
    """The marks of one track; `octets` counts what was marked.

    Invariant: no packet is marked whose predecessor in the ring belongs to the same frame and is
    not.
    """

    def __init__(self, codec: str, ring: Ring) -> None:
        self._references, self._ring = References(codec), ring
        self.octets = 0

    def mark(self, packet: Packet, descriptor: bytes | None) -> Packet:
        """Return a packet that is not in the ring yet, marked if its frame is disposable;
        `descriptor` is its dependency descriptor.
        """
        use = self._references.read(packet.payload, descriptor)
        if use is Use.NEEDED:
            return packet
        before = self._before(packet, 1)
        if before is None:
            is_disposable = use is Use.DISPOSABLE
        else:
            is_disposable = before.disposable or (
                use is Use.DISPOSABLE and self._mark_before(packet)
            )
        return self._marked(packet) if is_disposable else packet

    def _before(self, packet: Packet, back: int) -> Packet | None:
        """Return the packet that is so far before this one, if it belongs to the same frame."""
        before = self._ring.get((packet.sequence - back) & 0xFFFF)
        return before if before is not None and before.timestamp == packet.timestamp else None

    def _mark_before(self, packet: Packet) -> bool:
        """Mark what precedes a frame's first packet that says that it is disposable; return False
        if the frame is needed: it has parameter sets, for example.
        """
        unsaid: list[Packet] = []
        while (before := self._before(packet, len(unsaid) + 1)) is not None:
            if len(unsaid) == _UNSAID_MOST or not self._references.is_unsaid(before.payload):
                return False
            unsaid.append(before)
        for each in unsaid:
            self._ring.put(self._marked(each))
        return True

    def _marked(self, packet: Packet) -> Packet:
        self.octets += len(packet.payload)
        return packet._replace(disposable=True)
