"""Takes from the ring the next part of what one viewer gets of its track. catch_up.py decides how
much may leave, and what happens after it.
"""

from dataclasses import dataclass, field

from farmlive.media.engine.python.ingest.ring import Ring
from farmlive.media.engine.python.link.quality_ladder import FEWER_FRAMES, KEYFRAMES
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire.rtp import Packet, ahead, ahead32

PART_MOST = 24
"""Packets of a part at most."""

_CLOCK_RATE = 90_000
# A narrow viewer's picture may be this late, in seconds, before it waits for a keyframe; what
# follows a viewer's keyframe may be this late.
_LATE_S, _AFTER_LATE_S = 0.6, 2.5


@dataclass
class Part:
    """The next part: `gives_up`: the link does not carry more of this group in time; `is_shown`:
    the keyframe of a viewer of keyframes alone is complete; `is_over`: it gets nothing more of this
    group; `has_left`: what tries the link is complete.
    """

    packets: list[Packet] = field(default_factory=list)
    octets: int = 0
    gives_up: bool = False
    is_shown: bool = False
    is_over: bool = False
    has_left: bool = False


def take(viewer: Viewer, epoch: Epoch, room: float, *, paced: bool) -> Part:
    """Take the next part of at most `room` octets, from the viewer's cursor on. A `paced` viewer
    gives up where it is late.
    """
    part, ring, cursor = Part(), epoch.track.ring, viewer.cursor or 0
    packets, trial, still = part.packets, viewer.trial, viewer.rung == KEYFRAMES
    more, fewer = viewer.gets_more, viewer.rung in (FEWER_FRAMES, KEYFRAMES)
    while len(packets) < PART_MOST and part.octets < room and ahead(ring.highest, cursor) >= 0:
        packet = ring.get(cursor)
        if packet is not None:
            is_of_keyframe = viewer.is_of_keyframe(epoch, packet)
            part.has_left = trial.ends_before(is_of_keyframe)
            if part.has_left:
                break
            if still and not is_of_keyframe and not (more and _follows(viewer, ring, packet)):
                part.is_over = True
                break
            if not is_of_keyframe and epoch.leaves_out(packet, fewer):
                # What follows has other numbers.
                if packets:
                    break
                epoch.leave_out(packet)
                cursor = (cursor + 1) & 0xFFFF
                continue
            if paced and not still and not is_of_keyframe and _is_late(ring, packet, _LATE_S):
                part.gives_up = True
                break
            if packets and epoch.begins_anew(packets[-1], packet):
                break
            packets.append(packet)
            part.octets += len(packet.payload)
            part.is_shown = still and is_of_keyframe and packet.marker
            part.has_left = trial.ends_with(packet.marker, part.octets)
        cursor = (cursor + 1) & 0xFFFF
        if part.is_shown or part.has_left:
            break
    viewer.cursor = cursor
    for packet in packets:
        epoch.leave(packet.timestamp)
    return part


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
