"""How viewers join a video track: waiting for a keyframe, catching up by a burst, or live.

output.py decides which track a viewer gets, and when to request keyframes.
"""

from collections.abc import Callable, Iterable, Sequence

from farmlive.media.engine.interface import Peer
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.ring import SIZE, Ring, starts_in_group
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.link.pace import join_plan
from farmlive.media.engine.python.link.quality_ladder import (
    FEWER_FRAMES,
    FULL,
    KEYFRAME_MOST_S,
    KEYFRAMES,
    SOUND,
)
from farmlive.media.engine.python.output.forwarder import Forwarder
from farmlive.media.engine.python.output.sending import Sending
from farmlive.media.engine.python.output.splice import begin_epoch
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire.rtp import Packet, ahead, ahead32

_BURST = 24
_CLOCK_RATE = 90_000
# While a TCP viewer holds this many bytes it gets no more of a burst: its send queue is shorter
# than a long group.
_HELD_WHILE_CATCHING = 64 * 1024
# A viewer of keyframes alone gets none that is older than this, unless no newer one can be
# requested.
_OLD_S = 2.5
# A narrow viewer's picture may be this late, in seconds, before it waits for a keyframe.
_LATE_S = 0.6
# What follows a keyframe leaves at this share of the link to a viewer of keyframes alone, so that
# the queue is empty for the next one; at the second until the link was seen to carry its estimate.
# None leaves that is later than this.
_AFTER_SHARE, _AFTER_DOUBTFUL, _AFTER_LATE_S = 0.5, 0.25, 2.5
# The time between two parts of a burst: for each viewer that has one, at least and at most.
_INTERVAL_EACH_S, _LEAST_INTERVAL_S, _MOST_INTERVAL_S = 0.000_05, 0.004, 0.016


class CatchUp:
    """The join state of each viewer of an output. Calls `on_unused` with a publisher when its
    forwarder has no more viewers.

    Invariant: a viewer is in one of `waiting` and `catching`, or on a forwarder.
    """

    def __init__(self, sending: Sending, on_unused: Callable[[Publisher], None]) -> None:
        self._sending, self._on_unused = sending, on_unused
        # Viewers that get a burst, those that wait for a keyframe, and those that get another track
        # meanwhile.
        self.catching: dict[Peer, Viewer] = {}
        self.waiting: dict[Peer, Viewer] = {}
        self.moving: dict[Peer, Viewer] = {}
        # Viewers whose link is checked, or probed with the bitrate of a higher layer.
        self.probing: dict[Peer, Viewer] = {}
        self.forwarders: dict[Track, Forwarder] = {}
        # Viewers whose link a sender report is to measure now.
        self.measuring: dict[Peer, Viewer] = {}

    def wait(self, viewer: Viewer, muted: bool = False) -> None:
        """Send the viewer no video until the next keyframe of its track."""
        epoch, lane = viewer.epoch, viewer.forwarder
        if epoch is not None:
            sent = epoch.track.ring.highest if viewer.cursor is None else viewer.cursor - 1
            viewer.end_epoch(sent, muted)
            self._sending.stale = True
        if lane is not None:
            lane.members.remove(viewer.peer)
            if not lane.members:
                del self.forwarders[lane.track]
                self._on_unused(lane.publisher)
        self.catching.pop(viewer.peer, None)
        self.moving.pop(viewer.peer, None)
        self.waiting[viewer.peer] = viewer

    def give_up(self, viewer: Viewer) -> None:
        """Send the viewer no more of this group, which its link does not carry: it waits for
        another.
        """
        viewer.note_group()
        if viewer.epoch is not None:
            viewer.spent = (viewer.epoch.track, viewer.entered)
        self.wait(viewer, muted=True)

    def _gave_up_keyframe(self, viewer: Viewer, now: float) -> bool:
        """Give up a keyframe that takes too long; return whether it did."""
        if viewer.rung != KEYFRAMES or now - viewer.began_at <= KEYFRAME_MOST_S:
            return False
        if not viewer.is_in_keyframe:
            return False
        viewer.ladder.failed(now)
        self.give_up(viewer)
        return True

    def end_keyframe(self, viewer: Viewer) -> None:
        """Let a viewer of keyframes alone, which had one, wait for the next."""
        viewer.note_group()
        if viewer.epoch is not None:
            viewer.spent = (viewer.epoch.track, viewer.entered)
        self.wait(viewer)

    def take_measuring(self) -> list[Viewer]:
        """Return the viewers to send a sender report now, and forget them."""
        taken, self.measuring = self.measuring, {}
        return list(taken.values())

    def pace(self, viewer: Viewer) -> None:
        """Send a live viewer the track at its own pace from now on.

        All packets that came have been sent.
        """
        forwarder = viewer.forwarder
        if forwarder is None:
            return
        viewer.leave_live()
        forwarder.members.remove(viewer.peer)
        self.catching[viewer.peer] = viewer
        self._sending.stale = True
        if not forwarder.members:
            del self.forwarders[forwarder.track]
            self._on_unused(forwarder.publisher)

    def forget(self, viewer: Viewer) -> None:
        """Remove the viewer."""
        self.wait(viewer)
        self.probing.pop(viewer.peer, None)
        self.measuring.pop(viewer.peer, None)
        del self.waiting[viewer.peer]

    def due(
        self, track: Track, layers: Sequence[Track], impatient: bool, now: float
    ) -> list[Viewer]:
        """Return the viewers to switch to this track, where a group begins.

        They are the viewers that wait for this track, or get what follows a keyframe meanwhile,
        and, if `impatient`, those that see none of these layers and were to get a higher one.
        """
        after = (
            viewer
            for viewer in self.catching.values()
            if viewer.is_after_keyframe and viewer.peer not in self.moving
        )
        return [
            viewer
            for viewer in (*self.waiting.values(), *self.moving.values(), *after)
            if viewer.ladder.rung != SOUND
            and viewer.may_resume(now)
            and viewer.target is not None
            and (
                viewer.target is track
                or (
                    impatient
                    and track.layer < viewer.target.layer
                    and (viewer.epoch is None or viewer.epoch.track not in layers)
                )
            )
        ]

    def start_group(
        self, viewers: Iterable[Viewer], publisher: Publisher, track: Track, start: int, now: float
    ) -> list[Viewer]:
        """Start these viewers with the group that begins at `start`, all at once if little of it
        has come.

        Returns the viewers that can't keep up.
        """
        joined = [viewer for viewer in viewers if self._enter(viewer, track, start, now)]
        if not joined or ahead(track.ring.highest, start) >= _BURST:
            return []
        live = [
            viewer
            for viewer in joined
            if not goes_alone(viewer) and not limits(viewer, publisher, now)
        ]
        packets = [
            packet
            for number in range(start, start + ahead(track.ring.highest, start) + 1)
            if (packet := track.ring.get(number & 0xFFFF)) is not None
        ]
        for viewer in live:
            self._go_live(viewer, publisher)
        return self._sending.send_to(live, packets)

    def start(self, viewer: Viewer, publisher: Publisher | None, now: float) -> bool:
        """Start a viewer with the group that the ring holds, if it is worth it: by
        `starts_in_group` on a wide link, else by `join_plan`. Its keyframe alone is worth it until
        it is old.
        """
        track, rung = viewer.target, viewer.ladder.rung
        if publisher is None or track is None or rung == SOUND:
            return False
        start, answers = track.ring.group_start, publisher.answers_requests
        if start is None or viewer.spent == (track, start) or not viewer.can_play(track):
            return False
        if rung == KEYFRAMES:
            is_old = answers and now - track.ring.group_time > _OLD_S
            return not is_old and self._enter(viewer, track, start, now)
        if viewer.link.state == "wide":
            return starts_in_group(track.ring, now, answers) and self._enter(
                viewer, track, start, now
            )
        kbps = viewer.link.pace_kbps(track.kbps)
        octets = track.ring.octets_since(start, kbps * 125 / 4) if answers else 0
        plan = join_plan(octets, kbps, answers, track.keyframe_within_s(now))
        if plan == "wait" or not self._enter(viewer, track, start, now):
            return False
        viewer.gently = plan == "gently"
        return True

    def _enter(self, viewer: Viewer, track: Track, start: int, now: float) -> bool:
        """Give the viewer its sequence numbers on this track from this packet on, and its burst."""
        if not viewer.can_play(track) or track.ring.get(start) is None:
            return False
        # Resending what a congested link lost of a layer would only fill it again.
        self.wait(viewer, muted=viewer.selector.is_congested(now))
        lane = self.forwarders.get(track)
        common, lead_s = lane.common if lane else None, _lead_s(viewer, track)
        viewer.epoch = begin_epoch(viewer, track, start, common, now, lead_s)
        if viewer.epoch is not None:
            viewer.epoch.moves = viewer.link.state != "wide" and viewer.ladder.rung < KEYFRAMES
        viewer.cursor = start
        viewer.entered, viewer.spent, viewer.began_at = start, None, now
        viewer.gently = False
        viewer.link.begin_burst(viewer.sent.packets, now)
        viewer.rung = viewer.ladder.rung
        viewer.backpressure.resume(now)
        viewer.selector.begin_stream()
        del self.waiting[viewer.peer]
        self.catching[viewer.peer] = viewer
        return True

    def _go_live(self, viewer: Viewer, publisher: Publisher) -> None:
        epoch = viewer.epoch
        if epoch is None:
            return
        lane = self.forwarders.get(epoch.track)
        if lane is None:
            lane = self.forwarders[epoch.track] = Forwarder(publisher, epoch.track)
        lane.begin(epoch.shift, epoch.since)
        lane.members.add(viewer.peer)
        viewer.go_live(lane)
        self.catching.pop(viewer.peer, None)
        self._sending.stale = True

    def catch_up(self, viewer: Viewer, publisher: Publisher | None, now: float) -> list[Viewer]:
        """Send a viewer the next part of its burst, or of its paced track; return it if it can't
        keep up.
        """
        epoch, cursor = viewer.epoch, viewer.cursor
        if epoch is None or cursor is None or publisher is None:
            self.wait(viewer)
            return []
        ring = epoch.track.ring
        if ahead(ring.highest, cursor) >= SIZE:
            # Catching up took so long that the ring has lost its next packet.
            self.wait(viewer)
            return []
        # Sound does not wait behind a keyframe alone.
        if self._gave_up_keyframe(viewer, now) or viewer.queued_bytes > (
            0 if viewer.rung == KEYFRAMES else _HELD_WHILE_CATCHING
        ):
            return []
        viewer.note_group()
        link, paced, gives_up = viewer.link, paces(viewer), False
        still, more, is_shown, is_over = viewer.rung == KEYFRAMES, viewer.gets_more, False, False
        room, octets = float(1 << 30), 0
        limited = limits(viewer, publisher, now) or viewer.gently or link.state == "unknown"
        trains = viewer.gently and link.state != "narrow" and len(publisher.layers) < 2
        if limited:
            kbps = link.pace_kbps(epoch.track.kbps, viewer.gently)
            is_after = viewer.is_after_keyframe
            if is_after:
                kbps = link.lasting_kbps
                kbps *= _AFTER_SHARE if link.holds else _AFTER_DOUBTFUL
            if trains:
                kbps = viewer.train.pace_kbps(kbps)
            room = link.pace.may_send(kbps, now, measures=not is_after)
        if trains:
            room = max(room, viewer.train.room(now))
        burst: list[Packet] = []
        while len(burst) < _BURST and octets < room and ahead(ring.highest, cursor) >= 0:
            packet = ring.get(cursor)
            if packet is not None:
                is_of_keyframe = viewer.is_of_keyframe(epoch, packet)
                if still and not is_of_keyframe and not (more and _follows(viewer, ring, packet)):
                    is_over = True
                    break
                fewer = viewer.rung in (FEWER_FRAMES, KEYFRAMES)
                if not is_of_keyframe and epoch.leaves_out(packet, fewer):
                    # What follows has other numbers.
                    if burst:
                        break
                    epoch.leave_out(packet)
                    cursor = (cursor + 1) & 0xFFFF
                    continue
                if paced and not still and not is_of_keyframe and _is_late(ring, packet, _LATE_S):
                    gives_up = True
                    break
                if burst and epoch.begins_anew(burst[-1], packet):
                    break
                burst.append(packet)
                octets += len(packet.payload)
                is_shown = still and is_of_keyframe and packet.marker
            cursor = (cursor + 1) & 0xFFFF
            if is_shown:
                break
        viewer.cursor = cursor
        for packet in burst:
            epoch.leave(packet.timestamp)
        if limited:
            link.pace.spent(octets)
        if trains and viewer.train.spent(octets):
            self.measuring[viewer.peer] = viewer
        fallen = self._sending.send_to((viewer,), burst) if burst else []
        if fallen:
            return fallen
        if gives_up:
            if publisher.is_lowest(epoch.track):
                viewer.ladder.failed(now)
            step_down(viewer, now)
            self.give_up(viewer)
        elif is_shown or is_over:
            if link.state != "wide" and (is_shown or link.is_in_burst):
                link.measuring(now)
                self.measuring[viewer.peer] = viewer
            if is_over or not more:
                self.end_keyframe(viewer)
        elif (
            not goes_alone(viewer) and ahead(ring.highest, cursor) < 0 and not epoch.is_leaving_out
        ):
            self._go_live(viewer, publisher)
        return []


def burst_interval_s(count: int) -> float:
    """Return the time between two parts of the bursts of so many viewers: the more there are, the
    fewer parts, so that a crowd of them does not keep the others waiting.
    """
    return min(max(_LEAST_INTERVAL_S, count * _INTERVAL_EACH_S), _MOST_INTERVAL_S)


def _lead_s(viewer: Viewer, track: Track) -> float:
    """Return by how much the timestamps of this track are to be later for a viewer of keyframes
    alone: about the time in which the keyframe leaves. Then it is shown when it came; by the time
    of its capture a player would take it for late, and delay the frames that follow.
    """
    if viewer.ladder.rung != KEYFRAMES or not paces(viewer):
        return 0.0
    return min(KEYFRAME_MOST_S, track.ring.keyframe_octets / 125 / viewer.link.kbps)


def paces(viewer: Viewer) -> bool:
    """Return whether the viewer gets a live track at its own pace."""
    return viewer.link.state == "narrow"


def step_down(viewer: Viewer, now: float) -> None:
    """Let a viewer of a layer that its link does not carry go on with a lower one."""
    if viewer.epoch is not None and viewer.epoch.track.incoming.layers:
        viewer.selector.record_stall(viewer.epoch.track.layer, now)


def limits(viewer: Viewer, publisher: Publisher, now: float) -> bool:
    """Return whether the viewer gets the keyframe of a track that begins at a pace.

    A layer may be more than its link carries until the viewer has had it for a while.
    """
    if paces(viewer):
        return True
    is_new = viewer.link.state == "unknown" or viewer.selector.is_trying(now)
    return viewer.link.controlled and is_new and len(publisher.layers) > 1


def wants_sender_report(viewer: Viewer, usual: bool, now: float) -> bool:
    """Return whether a viewer gets a sender report this second; `usual`: those on wide links do.

    On a narrow one it measures the queue, while a picture is sent: of keyframes alone it would be
    measured too late, and between them, also in what follows them, it would not show.
    """
    if viewer.link.state != "narrow" or viewer.rung == SOUND:
        return usual
    if viewer.epoch is None or viewer.gets_more:
        return usual and viewer.rung != KEYFRAMES
    if viewer.rung != KEYFRAMES:
        viewer.link.measuring(now)
    return True


def goes_alone(viewer: Viewer) -> bool:
    """Return whether the viewer does not get its track together with others: it is paced, or does
    not get all of it.
    """
    return viewer.rung != FULL or paces(viewer)


def _is_late(ring: Ring, packet: Packet, most_s: float) -> bool:
    """Return whether the link of a paced viewer carries this packet later than that.

    A keyframe always goes out: it is a picture.
    """
    newest = ring.newest
    return newest is not None and (
        ahead32(newest.timestamp, packet.timestamp) > most_s * _CLOCK_RATE
    )


def _follows(viewer: Viewer, ring: Ring, packet: Packet) -> bool:
    """Return whether a packet is of what follows a viewer's keyframe, and none is newer."""
    return ring.group_start == viewer.entered and not _is_late(ring, packet, _AFTER_LATE_S)
