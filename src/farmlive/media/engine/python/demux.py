"""Demultiplexing: each datagram's kind (RFC 7983), its peer, and the events that follow.

net/sockets.py reads the sockets; timers.py handles what is due by time.
"""

from collections.abc import Callable
from typing import Any

from farmlive.media.engine.python.net.gso_batch import LARGEST
from farmlive.media.engine.python.net.ice import IceLite
from farmlive.media.engine.python.net.recv_batch import arrival
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.engine.python.peer import EnginePeer
from farmlive.media.engine.python.srtp import Protection, Unreadable
from farmlive.media.engine.python.timers import Upkeep
from farmlive.media.wire import rtcp, rtp


class Demux:
    """Handles datagrams one at a time and notifies the listener.

    Calls `placed` when a peer has validated an address, its first one or another.
    """

    def __init__(
        self, ice: IceLite[EnginePeer], upkeep: Upkeep, placed: Callable[[EnginePeer], None]
    ) -> None:
        self._ice, self._upkeep, self._placed = ice, upkeep, placed
        self.counts = dict.fromkeys(
            (
                "datagrams_received",
                "datagrams_ignored",
                "packets_received",
                "nacks_received",
                "keyframe_requests_received",
            ),
            0,
        )

    def take(
        self, port: Port, data: bytes, stamped: float | None, address: Any, now: float
    ) -> None:
        """Handle a datagram from this address; `stamped` is the kernel's receive time."""
        counts = self.counts
        counts["datagrams_received"] += 1
        first = data[0] if data else 255
        if 128 <= first < 192:
            peer: EnginePeer | None = port.peers.get(address)
            if peer is not None and peer.protection is not None:
                if rtp.is_rtcp(data):
                    self._rtcp(peer, peer.protection, data, now)
                else:
                    self._media(peer, peer.protection, data, stamped, now)
                return
        elif 20 <= first < 64:
            peer = port.peers.get(address)
            if peer is not None:
                self._ice.record_came(peer, port, address, data)
                self._upkeep.listener.dtls(peer.number, data)
                return
        elif first < 4 and self._check(port, data, address, now):
            return
        counts["datagrams_ignored"] += 1

    def _check(self, port: Port, data: bytes, address: Any, now: float) -> bool:
        """Answer a connectivity check; return False if its credentials are unknown."""
        checked = self._ice.check(port, data, address, now)
        if checked is None:
            return False
        if checked.first:
            self._upkeep.listener.reached(checked.peer.number)
        if checked.moved:
            self._placed(checked.peer)
        return True

    def _media(
        self,
        peer: EnginePeer,
        protection: Protection,
        data: bytes,
        stamped: float | None,
        now: float,
    ) -> None:
        publisher = peer.publisher
        if publisher is None or len(data) > LARGEST:
            self.counts["datagrams_ignored"] += 1
            return
        try:
            received = rtp.split(protection.unprotect(data))
        except (Unreadable, ValueError):
            self.counts["datagrams_ignored"] += 1
            return
        self.counts["packets_received"] += 1
        peer.heard_at = now
        came = arrival(stamped, now, self._upkeep.wall_ahead)
        taken = publisher.take(received, now, came)
        if taken is None:
            return
        # Report the objection first: flowing media may be put on air at once.
        objection = publisher.health.objection
        if objection is not None and not peer.objected:
            peer.objected = True
            self._upkeep.listener.objected(peer.number, objection)
        if not peer.flowing:
            peer.flowing = True
            self._upkeep.listener.flowing(peer.number)
        track, packet, began = taken
        for output in publisher.listeners:
            if output.feed(publisher, track, packet, began, now):
                self._upkeep.aired(output, peer.number)
        if track.missing or track.overrun:
            self._upkeep.ask_soon(peer, publisher)

    def _rtcp(self, peer: EnginePeer, protection: Protection, data: bytes, now: float) -> None:
        # Most RTCP of viewers is receiver reports: those on a wide link tell something once in a
        # while. Of the reference times that many add, one for each of our reports is enough.
        viewer = peer.viewer
        if (
            viewer is not None
            and not (peer.fanout is not None and peer.fanout.is_layered)
            and not viewer.link.wants_report(now)
            and rtcp.is_receiver_report_alone(
                data, protection.tag + 4, timed=viewer.reference is not None
            )
        ):
            return
        try:
            for report in rtcp.parse(protection.unprotect_rtcp(data)):
                self._reported(peer, report, now)
        except (Unreadable, ValueError):
            self.counts["datagrams_ignored"] += 1

    def _reported(self, peer: EnginePeer, report: rtcp.Report, now: float) -> None:
        fanout, publisher, viewer = peer.fanout, peer.publisher, peer.viewer
        if publisher is not None:
            if isinstance(report, rtcp.SenderReport):
                publisher.heard(report, now)
            elif isinstance(report, rtcp.ReferenceReply):
                publisher.answered(report, self._upkeep.middle_of(now))
        elif viewer is not None and fanout is not None:
            if isinstance(report, rtcp.Nack):
                self.counts["nacks_received"] += 1
                if fanout.repair(viewer, report, now):
                    self._upkeep.ask_for_keyframe(fanout)
            elif isinstance(report, rtcp.KeyframeRequest):
                self.counts["keyframe_requests_received"] += 1
                asked = fanout.keyframe_requested(viewer)
                if asked is not None:
                    self._upkeep.ask(asked)
            elif isinstance(report, rtcp.ReceiverReport):
                if fanout.reported(viewer, report, now, self._round_trip_s(report, now)):
                    self._upkeep.ask_for_keyframe(fanout)
            elif isinstance(report, rtcp.ReferenceTime):
                viewer.reference = (report, now)
            elif isinstance(report, rtcp.Estimate):
                viewer.choice.estimated(report.bitrate / 1000, now)
                viewer.link.claimed(report.bitrate / 1000, now)

    def _round_trip_s(self, report: rtcp.ReceiverReport, now: float) -> float | None:
        """Return the round trip by a report block on a sender report of ours (RFC 3550, section
        6.4.1).
        """
        if not report.last_report:
            return None
        took = (self._upkeep.middle_of(now) - report.last_report - report.delay) & 0xFFFFFFFF
        return took / 65536
