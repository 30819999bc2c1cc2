"""Selects the rung of each viewer of an output: by what it wants and what its link carries.

link/quality_ladder.py decides, and catch_up.py sends accordingly: only a viewer that gets every
frame is live on a forwarder. `flush` sends what waits to be sent.
"""

import math
from collections.abc import Callable

from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.link.quality_ladder import FEWER_FRAMES, FULL, KEYFRAMES, SOUND
from farmlive.media.engine.python.output.catch_up import CatchUp
from farmlive.media.engine.python.output.viewer import Viewer

# All frames are tried where keyframes leave at once, and show nothing, if the link carries this
# share of their bitrate by its estimate.
_WORTH_A_TRY = 0.6


def limit(joining: CatchUp, viewer: Viewer, most: int, flush: Callable[[], None]) -> None:
    """Limit what the viewer gets of its track."""
    if not viewer.viewing.exempt:
        viewer.ladder.most = most
        _apply(joining, viewer, flush)


def decide(
    joining: CatchUp,
    publisher: Publisher | None,
    viewer: Viewer,
    flush: Callable[[], None],
    now: float,
) -> None:
    """Adapt what the viewer gets of its track to its link; while a lower layer flows, that gives
    way first.
    """
    track = viewer.epoch.track if viewer.epoch is not None else viewer.target
    if track is None or publisher is None:
        return
    narrow = viewer.link.state == "narrow" and publisher.is_lowest(track)
    # Of a TCP connection nothing tells what it carries but that its queue overflows.
    link, limited = viewer.link, narrow or viewer.backpressure.overflowed
    kbps, steady_kbps = (link.kbps, link.steady_kbps) if narrow else (math.inf, math.inf)
    is_worth_a_try = (
        narrow
        and viewer.ladder.carried == KEYFRAMES
        and link.is_unhindered
        and link.kbps >= _WORTH_A_TRY * track.kbps
    )
    if is_worth_a_try:
        # Keyframes so small do not fill the link: only trying tells.
        kbps = math.inf
    viewer.ladder.decide(limited, kbps, steady_kbps, track.kbps, track.disposable_kbps, now)
    if is_worth_a_try and viewer.ladder.tries:
        link.carried(track.kbps)
    _apply(joining, viewer, flush)
    if narrow and viewer.is_tried and len(publisher.layers) < 2:
        joining.probing[viewer.peer] = viewer


def _apply(joining: CatchUp, viewer: Viewer, flush: Callable[[], None]) -> None:
    """Give the viewer less at once if it is to get less; more begins with the next group, but for
    frames that were left out.
    """
    rung = viewer.ladder.rung
    if rung <= viewer.rung:
        if viewer.rung == FEWER_FRAMES and rung == FULL:
            viewer.rung = rung
        return
    viewer.rung = rung
    if viewer.epoch is None:
        return
    if rung == SOUND:
        flush()
        joining.give_up(viewer)
    elif rung == KEYFRAMES:
        if not viewer.is_in_keyframe:
            flush()
            joining.end_keyframe(viewer)
    elif viewer.forwarder is not None:
        flush()
        joining.pace(viewer)
