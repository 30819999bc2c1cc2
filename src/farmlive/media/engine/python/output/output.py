"""An output: what all of its viewers get, as one continuous stream for each.

It follows the source on air, sends each packet to the viewers of its forwarder and selects each
viewer's track; catch_up.py decides how a viewer joins a track. Viewers with the same offsets are
served together, so that a packet is written once for many.
"""

from collections.abc import Iterable
from typing import Any

from farmlive.media.engine.interface import Peer, Ssrcs
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.ring import starts_in_group
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.link.quality_ladder import KEYFRAMES, SOUND
from farmlive.media.engine.python.link.shared_delay import SharedDelay
from farmlive.media.engine.python.net.sockets import SendSocket
from farmlive.media.engine.python.output import rung_select, track_select
from farmlive.media.engine.python.output.catch_up import CatchUp, goes_alone, paces, step_down
from farmlive.media.engine.python.output.forwarder import Forwarder
from farmlive.media.engine.python.output.rtx import Rtx
from farmlive.media.engine.python.output.sending import Sending
from farmlive.media.engine.python.output.sound import Sound, only_sound_comes
from farmlive.media.engine.python.output.viewer import NACKED_PER_S, RTX_PER_S, RoundTrip, Viewer
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

# A viewer that waits this long for a new source's layer takes a lower one.
_PATIENCE_S = 0.5


class Fanout:
    """An output's forwarders, its viewers and the publisher on air.

    It listens to that publisher, to the one that is to follow, and to those whose pictures viewers
    still see. It adds itself to `fed` when it got packets; the caller has them sent and clears the
    set.
    """

    def __init__(self, ssrcs: Ssrcs, fed: "set[Fanout] | None" = None) -> None:
        self.ssrcs = ssrcs
        self._fed = set[Fanout]() if fed is None else fed
        self.viewers: dict[Peer, Viewer] = {}
        self.on_air: Publisher | None = None
        self.following: Publisher | None = None
        self.sound = Sound(ssrcs.audio)
        self.repairs = Rtx(ssrcs)
        self.sending = Sending(ssrcs, self.viewers, self.sound)
        self.joining = CatchUp(self.sending, self._subscribe)
        self._delay = SharedDelay()
        # Packets dropped for slow viewers that are gone.
        self.dropped = 0
        self._switched_at = 0.0
        # None: not checked since it follows.
        self._followed_at: float | None = None

    # The publisher on air.

    def put_on_air(self, publisher: Publisher | None) -> None:
        """Follow this publisher from its next keyframe on; None takes all off air at once."""
        before = self.following
        if publisher is None:
            self.following = None
            if self.on_air is not None:
                self.on_end(self.on_air)
        elif publisher is not self.on_air:
            if publisher is not before:
                self._followed_at = None
            self.following = publisher
            publisher.want_keyframe()
        else:
            self.following = None
        self._subscribe(before)
        self._subscribe(publisher)

    def switch_at_once(self, now: float) -> bool:
        """Switch to the following publisher at once if none is on air and its current group serves.

        Its next keyframe may be seconds away. Returns True if it switched.
        """
        publisher = self.following
        if self.on_air is not None or publisher is None:
            return False
        answers = publisher.answers_requests
        if not any(starts_in_group(track.ring, now, answers) for track in publisher.layers):
            return False
        self._switch(publisher, now, blind=False)
        for viewer in list(self.joining.waiting.values()):
            self.joining.start(viewer, publisher, now)
        return True

    def switch_to_audio_only(self, now: float) -> bool:
        """Switch to the following publisher if only its audio has come for some seconds.

        Called often while one follows. Returns True if it switched.
        """
        publisher = self.following
        if publisher is None:
            return False
        if self._followed_at is None:
            self._followed_at = now
        if not only_sound_comes(publisher.tracks, self._followed_at, now):
            return False
        self.flush()
        self._switch(publisher, now, blind=True)
        return True

    def on_end(self, publisher: Publisher) -> None:
        """Remove a publisher that is gone: its viewers wait for the next one."""
        if self.following is publisher:
            self.following = None
        self.flush()
        if self.on_air is publisher:
            self.on_air = None
        self._leave_all(publisher.tracks)
        self._subscribe(publisher)

    def on_restart(self, old: Track, fresh: Track, now: float) -> None:
        """Follow a publisher's track that was restarted: go on at its next keyframe."""
        if old.is_video:
            self.flush()
            self._leave_all((old,))
            if self.on_air is not None and fresh in self.on_air.layers:
                self.on_air.want_keyframe(fresh)
                self.select_tracks(now)

    def on_layers_changed(self, now: float) -> None:
        """Handle a change of the layers that a publisher sends, or of their order."""
        self.select_tracks(now)

    def _leave_all(self, tracks: Iterable[Track]) -> None:
        gone = set(tracks)
        for viewer in self.viewers.values():
            if viewer.target in gone:
                viewer.target = None
                self.joining.moving.pop(viewer.peer, None)
            if viewer.epoch is not None and viewer.epoch.track in gone:
                self.joining.wait(viewer)

    def _subscribe(self, publisher: Publisher | None) -> None:
        """Listen to this publisher while it is on air, followed or still seen by a viewer."""
        if publisher is not None:
            others = tuple(each for each in publisher.listeners if each is not self)
            wanted = (
                publisher is self.on_air
                or publisher is self.following
                or any(lane.publisher is publisher for lane in self.joining.forwarders.values())
            )
            publisher.listeners = (*others, self) if wanted else others

    def _switch(self, publisher: Publisher, now: float, *, blind: bool) -> None:
        """Switch to the publisher; `blind`: it sends no picture, so the old one disappears."""
        before = self.on_air
        self.on_air, self.following = publisher, None
        self._switched_at = now
        self.sound.left = True
        for viewer in list(self.joining.catching.values()):
            self.joining.wait(viewer)
        if blind:
            self._leave_all(list(self.joining.forwarders))
        publisher.update_layers(now)
        self.select_tracks(now)
        self._subscribe(before)

    # Incoming packets.

    def on_packet(
        self, publisher: Publisher, track: Track, packet: Packet, began: bool, now: float
    ) -> bool:
        """Handle a publisher's packet; return True if it completes the switch to this publisher.

        `began`: a group of pictures begins with the packet's frame.
        """
        self._fed.add(self)
        switched = False
        if publisher is not self.on_air:
            if publisher is self.following and (began or not publisher.layers):
                self.flush()
                self._switch(publisher, now, blind=not publisher.layers)
                switched = True
            elif not track.is_video:
                return False
        if not track.is_video:
            if self.sound.codec != track.codec:
                self.flush()
                self.sending.stale = True
            self.sound.add(track, packet, now)
            return switched
        lane = self.joining.forwarders.get(track)
        if lane is not None:
            lane.add(packet)
        joining = self.joining
        if began and (joining.waiting or joining.moving or joining.catching):
            self._start_group(publisher, track, now)
        return switched

    def send_whole(self) -> bool:
        """Send audio and the frames that are complete.

        Returns True if packets of an incomplete frame wait for `flush`.
        """
        self._send({lane: lane.whole for lane in self.joining.forwarders.values() if lane.whole})
        return any(lane.pending for lane in self.joining.forwarders.values())

    def flush(self) -> None:
        """Send all queued packets."""
        self._send(
            {lane: len(lane.pending) for lane in self.joining.forwarders.values() if lane.pending}
        )

    def _send(self, counts: dict[Forwarder, int]) -> None:
        self._stop_videos(self.sending.send(counts))

    def _stop_videos(self, fallen: Iterable[Viewer]) -> None:
        """Send these slow viewers audio alone until they may go on at a keyframe."""
        for viewer in fallen:
            if viewer.peer in self.viewers:
                self._stop_video(viewer)

    def _stop_video(self, viewer: Viewer) -> None:
        slow, epoch = viewer.backpressure, viewer.epoch
        if epoch is not None:
            since = slow.since or 0.0
            viewer.selector.record_stall(epoch.track.layer, since)
            if slow.overflowed and viewer.adapts and epoch.track.layer == 0:
                viewer.ladder.failed(since)
        self.joining.wait(viewer, muted=True)

    # Viewers join, leave and change.

    def add(self, viewer: Viewer, now: float) -> None:
        """Add a viewer: with the current group of pictures, or at the next keyframe."""
        self.flush()
        self.viewers[viewer.peer] = self.joining.waiting[viewer.peer] = viewer
        viewer.rung = viewer.ladder.rung
        viewer.link.proof.shared_delay = self._delay
        self.sending.stale = True
        self.select_track(viewer, now)
        started = self.joining.start(viewer, self.on_air, now)
        # Also ask a publisher that did not answer the last request: it may answer now.
        if (
            self.on_air is not None
            and viewer.target is not None
            and viewer.rung != SOUND
            and viewer.can_play(viewer.target)
            and not (started and self.on_air.answers_requests)
        ):
            track_select.want_keyframe(self.on_air, viewer.target, viewer, now)

    def remove(self, peer: Peer) -> None:
        """Remove a viewer."""
        viewer = self.viewers.get(peer)
        if viewer is not None:
            self.joining.forget(viewer)
            self.dropped += viewer.backpressure.dropped
            del self.viewers[peer]
            self.sending.stale = True

    def set_path(self, viewer: Viewer, sock: SendSocket, address: Any, now: float) -> None:
        """Set the viewer's new socket and address."""
        viewer.set_path(sock, address, now)
        self.sending.stale = True

    def select_tracks(self, now: float) -> bool:
        """Select each viewer's track again; return True if one needs another keyframe."""
        moved = [self.select_track(viewer, now) for viewer in self.viewers.values()]
        return any(moved)

    def select_track(self, viewer: Viewer, now: float) -> bool:
        """Select the viewer's track again; return True if that needs another keyframe."""
        return track_select.select(self.joining, self.on_air, viewer, now)

    def limit_rung(self, viewer: Viewer, most: int) -> None:
        """Limit what the viewer gets of its track."""
        rung_select.limit(self.joining, viewer, most, self.flush)

    def request_keyframes(self, now: float) -> None:
        """Request the keyframes that viewers wait for, or start them without one if none will
        come.
        """
        # A keyframe that lost a packet has begun no group: request another.
        if self.following is not None:
            self.following.want_keyframe()
        if self.on_air is not None:
            track_select.request_keyframes(self.joining, self.on_air, now)

    def _start_group(self, publisher: Publisher, track: Track, now: float) -> None:
        """Start all viewers that wait for this track, where a group begins."""
        start = track.ring.group_start
        if publisher is not self.on_air or start is None:
            return
        impatient = now - self._switched_at > _PATIENCE_S
        viewers = self.joining.due(track, publisher.layers, impatient, now)
        if viewers:
            self.flush()
            self._stop_videos(self.joining.start_group(viewers, publisher, track, start, now))

    def send_bursts(self, now: float) -> None:
        """Send all viewers that catch up, or are paced, the next part of their burst."""
        publisher, catching = self.on_air, list(self.joining.catching.values())
        # Who goes live must have had all that came; who is paced leaves the others alone.
        if any(publisher is None or not goes_alone(viewer) for viewer in catching):
            self.flush()
        for viewer in catching:
            self._stop_videos(self.joining.catch_up(viewer, publisher, now))
            if viewer.peer in self.joining.waiting and viewer.backpressure.since is None:
                # Its link does not carry the layer.
                self.select_track(viewer, now)

    # RTCP of viewers.

    def repair(self, viewer: Viewer, nack: rtcp.Nack, now: float) -> bool:
        """Answer a NACK; return True if the viewer now needs a keyframe."""
        epoch, link = viewer.epoch, viewer.link
        if nack.ssrc != self.ssrcs.video:
            return False
        if viewer.nacked_left <= 0:
            self.repairs.unrepaired += len(nack.missing)
            return False
        viewer.nacked_left -= len(nack.missing)
        is_burst = track_select.judges_burst(self.on_air, viewer)
        kbps = 0.0 if epoch is None else link.pace_kbps(epoch.track.kbps, viewer.gently)
        if (
            epoch is not None
            and is_burst
            and link.state != "wide"
            and link.missed(viewer.count_missing(nack.missing), viewer.sent.packets, kbps, now)
        ):
            self._select_rung(viewer, now)
            # Of a keyframe alone the rest may be repaired.
            if viewer.rung < KEYFRAMES:
                return self._give_up(viewer, now)
        beyond = self.repairs.answer_nack(viewer, nack, now)
        if beyond and epoch is not None and is_burst:
            link.beyond(kbps, now)
        if viewer.alone.fallen:
            viewer.alone.fallen.clear()
            self._stop_video(viewer)
        return beyond and self._give_up(viewer, now)

    def _give_up(self, viewer: Viewer, now: float) -> bool:
        """Let the viewer wait for a keyframe; return True if one is needed."""
        epoch = viewer.epoch
        if epoch is None or self.on_air is None:
            return False
        step_down(viewer, now)
        self.joining.give_up(viewer)
        self.select_track(viewer, now)
        self._select_rung(viewer, now)
        self.on_air.want_keyframe(viewer.target or epoch.track, patiently=True)
        return True

    def keyframe_requested(self, viewer: Viewer, now: float) -> Publisher | None:
        """Handle a viewer's keyframe request; return the publisher to request it from."""
        return track_select.keyframe_requested(viewer, self.on_air, now)

    def record_report(
        self,
        viewer: Viewer,
        report: rtcp.ReceiverReport,
        now: float,
        round_trip: RoundTrip | None = None,
    ) -> bool:
        """Handle a viewer's receiver report; return True if it now needs another keyframe."""
        if round_trip is not None:
            viewer.train.measured(viewer.link.queue.queue_of(round_trip.took_s), round_trip.sent_at)
            if round_trip.is_first:
                viewer.link.measured(round_trip.took_s, round_trip.sent_at)
            else:
                viewer.link.measured_again(round_trip.took_s)
        if report.ssrc != self.ssrcs.video:
            return False
        self._estimate(viewer, report, now)
        return track_select.record_report(self.joining, self.on_air, viewer, report, now)

    def _estimate(self, viewer: Viewer, report: rtcp.ReceiverReport, now: float) -> None:
        octets = viewer.sent.octets
        viewer.link.reported(report.highest, report.total_lost, octets, viewer.stream_kbps, now)
        if viewer.link.proof.is_wanted:
            viewer.link.proof.is_wanted = False
            self.joining.measuring[viewer.peer] = viewer
        forwarder = viewer.forwarder
        if forwarder is not None and paces(viewer):
            self.flush()
            self.joining.pace(viewer)
        self._select_rung(viewer, now)

    def _select_rung(self, viewer: Viewer, now: float) -> None:
        rung_select.decide(self.joining, self.on_air, viewer, self.flush, now)

    def record_check(self, viewer: Viewer, round_trip_s: float, now: float) -> bool:
        """Handle the answer to a check of a viewer's link; return True if it now needs another
        keyframe.
        """
        queue_s = viewer.link.queue.checked(round_trip_s)
        viewer.selector.record_check(queue_s, now)
        if viewer.is_tried and track_select.judges_checks(self.on_air, viewer):
            viewer.ladder.checked(queue_s, now)
            self._select_rung(viewer, now)
        return self.is_layered and self.select_track(viewer, now)

    def probe(self, now: float) -> tuple[list[Viewer], bool]:
        """Send the viewers whose link is probed what is due of that.

        Returns the viewers whose link is to be checked now, and whether any is probed.
        """
        return track_select.probe(self.joining, self.on_air, self.repairs, now)

    @property
    def is_layered(self) -> bool:
        """Whether the source on air has layers to select from."""
        return track_select.is_layered(self.on_air)

    def run_each_second(self, viewer: Viewer, now: float) -> bool:
        """Do a viewer's work of each second; return True if it needs another keyframe."""
        viewer.rtx_left, viewer.nacked_left = RTX_PER_S, NACKED_PER_S
        viewer.forget_past(now)
        self._select_rung(viewer, now)
        if viewer.epoch is not None:
            viewer.epoch.forget_squeezed()
        return self.is_layered and self.select_track(viewer, now)
