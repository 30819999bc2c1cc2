"""How viewers join a video track: waiting for a keyframe, catching up by a burst, or live.

output.py decides which track a viewer gets, and when to request keyframes.
"""

from collections.abc import Callable, Iterable, Sequence

from farmlive.media.engine.interface import Peer
from farmlive.media.engine.python.forwarder import Forwarder
from farmlive.media.engine.python.publisher import Publisher
from farmlive.media.engine.python.ring import SIZE, starts_in_group
from farmlive.media.engine.python.sending import Sending
from farmlive.media.engine.python.splice import begin_epoch
from farmlive.media.engine.python.track import Track
from farmlive.media.engine.python.viewer import Viewer
from farmlive.media.wire.rtp import Packet, ahead

_BURST = 24
# While a TCP viewer holds this many bytes it gets no more of a burst: its send queue is shorter
# than a long group.
_HELD_WHILE_CATCHING = 64 * 1024


class CatchUp:
    """The join state of each viewer of an output. Calls `left` with a publisher when its forwarder
    has no more viewers.

    Invariant: a viewer is in one of `waiting` and `catching`, or on a forwarder.
    """

    def __init__(self, sending: Sending, left: Callable[[Publisher], None]) -> None:
        self._sending, self._left = sending, left
        # Viewers that get a burst, those that wait for a keyframe, and those that get another track
        # meanwhile.
        self.catching: dict[Peer, Viewer] = {}
        self.waiting: dict[Peer, Viewer] = {}
        self.moving: dict[Peer, Viewer] = {}
        # Viewers whose link is probed with the bitrate of a higher layer.
        self.probing: dict[Peer, Viewer] = {}
        self.lanes: dict[Track, Forwarder] = {}

    def wait(self, viewer: Viewer, muted: bool = False) -> None:
        """Send the viewer no video until the next keyframe of its track."""
        epoch, lane = viewer.epoch, viewer.lane
        self.probing.pop(viewer.peer, None)
        if epoch is not None:
            sent = epoch.track.ring.highest if viewer.cursor is None else viewer.cursor - 1
            viewer.end_epoch(sent, muted)
            self._sending.stale = True
        if lane is not None:
            lane.members.remove(viewer.peer)
            if not lane.members:
                del self.lanes[lane.track]
                self._left(lane.publisher)
        self.catching.pop(viewer.peer, None)
        self.moving.pop(viewer.peer, None)
        self.waiting[viewer.peer] = viewer

    def forget(self, viewer: Viewer) -> None:
        """Remove the viewer."""
        self.wait(viewer)
        del self.waiting[viewer.peer]

    def due(
        self, track: Track, layers: Sequence[Track], impatient: bool, now: float
    ) -> list[Viewer]:
        """Return the viewers to switch to this track, where a group begins.

        They are the viewers that wait for this track and, if `impatient`, those that see none of
        these layers and were to get a higher one.
        """
        return [
            viewer
            for viewer in (*self.waiting.values(), *self.moving.values())
            if viewer.may_go_on(now)
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

    def let_in(
        self, viewers: Iterable[Viewer], publisher: Publisher, track: Track, start: int, now: float
    ) -> list[Viewer]:
        """Start these viewers with the group that begins at `start`, all at once if little of it
        has come.

        Returns the viewers that can't keep up.
        """
        joined = [viewer for viewer in viewers if self._enter(viewer, track, start, now)]
        if not joined or ahead(track.ring.highest, start) >= _BURST:
            return []
        packets = [
            packet
            for number in range(start, start + ahead(track.ring.highest, start) + 1)
            if (packet := track.ring.get(number & 0xFFFF)) is not None
        ]
        for viewer in joined:
            self._go_live(viewer, publisher)
        return self._sending.send_to(joined, packets)

    def start(self, viewer: Viewer, publisher: Publisher | None, now: float) -> bool:
        """Start a viewer with the group that the ring holds, if `starts_in_group` allows it."""
        track = viewer.target
        if publisher is None or track is None:
            return False
        if not starts_in_group(track.ring, now, publisher.answers_requests):
            return False
        start = track.ring.group_start
        return start is not None and self._enter(viewer, track, start, now)

    def _enter(self, viewer: Viewer, track: Track, start: int, now: float) -> bool:
        """Give the viewer its sequence numbers on this track from this packet on, and its burst."""
        if not viewer.can_play(track) or track.ring.get(start) is None:
            return False
        # Resending what a congested link lost of a layer would only fill it again.
        self.wait(viewer, muted=viewer.choice.is_congested(now))
        lane = self.lanes.get(track)
        viewer.epoch = begin_epoch(viewer, track, start, lane.common if lane else None, now)
        viewer.cursor = start
        viewer.stall.go_on(now)
        viewer.choice.begin_stream()
        del self.waiting[viewer.peer]
        self.catching[viewer.peer] = viewer
        return True

    def _go_live(self, viewer: Viewer, publisher: Publisher) -> None:
        epoch = viewer.epoch
        if epoch is None:
            return
        lane = self.lanes.get(epoch.track)
        if lane is None:
            lane = self.lanes[epoch.track] = Forwarder(publisher, epoch.track)
        lane.begin(epoch.shift, (epoch.first - epoch.shift.sequence) & 0xFFFF)
        lane.members.add(viewer.peer)
        viewer.go_live(lane)
        self.catching.pop(viewer.peer, None)
        self._sending.stale = True

    def catch_up(self, viewer: Viewer, publisher: Publisher | None) -> list[Viewer]:
        """Send a viewer the next part of its burst; return it if it can't keep up."""
        epoch, cursor = viewer.epoch, viewer.cursor
        if epoch is None or cursor is None or publisher is None:
            self.wait(viewer)
            return []
        ring = epoch.track.ring
        if ahead(ring.highest, cursor) >= SIZE:
            # Catching up took so long that the ring has lost its next packet.
            self.wait(viewer)
            return []
        if viewer.held > _HELD_WHILE_CATCHING:
            return []
        burst: list[Packet] = []
        while len(burst) < _BURST and ahead(ring.highest, cursor) >= 0:
            packet = ring.get(cursor)
            if packet is not None:
                burst.append(packet)
            cursor = (cursor + 1) & 0xFFFF
        viewer.cursor = cursor
        fallen = self._sending.send_to((viewer,), burst) if burst else []
        if not fallen and ahead(ring.highest, cursor) < 0:
            self._go_live(viewer, publisher)
        return fallen
