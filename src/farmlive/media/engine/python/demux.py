"""Demultiplexing: each datagram's kind (RFC 7983), its peer, and the events that follow.

net/sockets.py reads the sockets; timers.py handles what is due by time.
"""

from collections.abc import Callable
from typing import Any

from farmlive.media.engine.python.net.gso_batch import LARGEST
from farmlive.media.engine.python.net.ice import IceLite
from farmlive.media.engine.python.net.recv_batch import arrival_time
from farmlive.media.engine.python.net.sockets import Port
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.engine.python.peer import EnginePeer
from farmlive.media.engine.python.srtp import Protection, Unreadable
from farmlive.media.engine.python.timers import Timers
from farmlive.media.wire import rtcp, rtp

# A round trip of less than nothing, by up to 10 ms, is a short one by clocks that are read coarsely
# (in 1/65,536 s, modulo 2^32).
_COARSE = 0xFFFFFFFF - 655


class Demux:
    """Handles datagrams one at a time and notifies the listener.

    Calls `on_path` when a peer has validated an address, its first one or another.
    """

    def __init__(
        self, ice: IceLite[EnginePeer], timers: Timers, on_path: Callable[[EnginePeer], None]
    ) -> None:
        self._ice, self._timers, self._on_path = ice, timers, on_path
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

    def handle_datagram(
        self, port: Port, data: bytes, kernel_time: float | None, address: Any, now: float
    ) -> None:
        """Handle a datagram from this address; `kernel_time` is the kernel's receive time."""
        counts = self.counts
        counts["datagrams_received"] += 1
        first = data[0] if data else 255
        if 128 <= first < 192:
            peer: EnginePeer | None = port.peers.get(address)
            if peer is not None and peer.protection is not None:
                if rtp.is_rtcp(data):
                    self._handle_rtcp(peer, peer.protection, data, kernel_time, now)
                else:
                    self._handle_media(peer, peer.protection, data, kernel_time, now)
                return
        elif 20 <= first < 64:
            peer = port.peers.get(address)
            if peer is not None:
                self._ice.count_record(peer, port, address, data)
                self._timers.listener.on_dtls(peer.number, data)
                return
        elif first < 4 and self._handle_check(port, data, kernel_time, address, now):
            return
        counts["datagrams_ignored"] += 1

    def _handle_check(
        self, port: Port, data: bytes, kernel_time: float | None, address: Any, now: float
    ) -> bool:
        """Answer a connectivity check; return False if its credentials are unknown."""
        checked = self._ice.check(port, data, address, now)
        if checked is None:
            return False
        if checked.first:
            self._timers.listener.on_reached(checked.peer.number)
        if checked.asked_at is not None:
            # An answer that waited to be read must not be taken for one that waited on the link.
            came = arrival_time(kernel_time, now, self._timers.wall_ahead)
            self._handle_round_trip(checked.peer, max(0.0, came - checked.asked_at), now)
        if checked.moved:
            self._on_path(checked.peer)
        return True

    def _handle_round_trip(self, peer: EnginePeer, round_trip_s: float, now: float) -> None:
        """Handle the round trip of a check of ours."""
        fanout, viewer = peer.fanout, peer.viewer
        peer.round_trip_s = round_trip_s
        if viewer is None or fanout is None:
            return
        if fanout.record_check(viewer, round_trip_s, now):
            self._timers.request_keyframes(fanout)

    def _handle_media(
        self,
        peer: EnginePeer,
        protection: Protection,
        data: bytes,
        kernel_time: float | None,
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
        peer.media_at = now
        came = arrival_time(kernel_time, now, self._timers.wall_ahead)
        taken = publisher.handle_packet(received, now, came)
        if taken is None:
            return
        # Report the objection first: flowing media may be put on air at once.
        objection = publisher.health.objection
        if objection is not None and not peer.unplayable:
            peer.unplayable = True
            self._timers.listener.on_objected(peer.number, objection)
        if not peer.flowing:
            peer.flowing = True
            self._timers.listener.on_flowing(peer.number)
        track, packet, began = taken
        for output in publisher.listeners:
            if output.on_packet(publisher, track, packet, began, now):
                self._timers.notify_on_air(output, peer.number)
        if track.missing or track.overrun:
            self._timers.schedule_peer_request(peer, publisher)

    def _handle_rtcp(
        self,
        peer: EnginePeer,
        protection: Protection,
        data: bytes,
        kernel_time: float | None,
        now: float,
    ) -> None:
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
        # A report that waited to be read must not be taken for one that waited on the link.
        came = arrival_time(kernel_time, now, self._timers.wall_ahead)
        try:
            for report in rtcp.parse(protection.unprotect_rtcp(data)):
                self._handle_report(peer, report, now, came)
        except (Unreadable, ValueError):
            self.counts["datagrams_ignored"] += 1

    def _handle_report(
        self, peer: EnginePeer, report: rtcp.Report, now: float, came: float
    ) -> None:
        fanout, publisher, viewer = peer.fanout, peer.publisher, peer.viewer
        if publisher is not None:
            if isinstance(report, rtcp.SenderReport):
                publisher.record_sender_report(report, now)
            elif isinstance(report, rtcp.ReferenceReply):
                publisher.record_reference_reply(report, self._timers.ntp_middle(now))
        elif viewer is not None and fanout is not None:
            if isinstance(report, rtcp.Nack):
                self.counts["nacks_received"] += 1
                if fanout.repair(viewer, report, now):
                    self._timers.request_keyframes(fanout)
            elif isinstance(report, rtcp.KeyframeRequest):
                self.counts["keyframe_requests_received"] += 1
                asked = fanout.keyframe_requested(viewer, now)
                if asked is not None:
                    self._timers.schedule_request(asked)
            elif isinstance(report, rtcp.ReceiverReport):
                round_trip = self._round_trip(viewer, report, came)
                if fanout.record_report(viewer, report, now, round_trip):
                    self._timers.request_keyframes(fanout)
                self._timers.measure_links(fanout)
            elif isinstance(report, rtcp.ReferenceTime):
                viewer.reference = (report, now)
            elif isinstance(report, rtcp.Estimate):
                viewer.selector.record_estimate(report.bitrate / 1000, now)

    def _round_trip(
        self, viewer: Viewer, report: rtcp.ReceiverReport, came: float
    ) -> RoundTrip | None:
        """Return the round trip by a report block on a sender report of ours (RFC 3550, section
        6.4.1). Only the first one on each tells something new of the way there.
        """
        if report.last_report == 0:
            return None
        is_first = report.last_report != viewer.answered
        viewer.answered = report.last_report
        since = (self._timers.ntp_middle(came) - report.last_report) & 0xFFFFFFFF
        took = (since - report.delay) & 0xFFFFFFFF
        if took >= _COARSE:
            took = 0
        return RoundTrip(took / 65536, came - since / 65536, is_first)
