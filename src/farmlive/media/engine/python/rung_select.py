"""Selects the rung of each viewer of an output: by what it wants and what its link carries.

quality_ladder.py decides, and catch_up.py sends accordingly: only a viewer that gets every frame is
live on a forwarder. `flush` sends what waits to be sent.
"""

from collections.abc import Callable

from farmlive.media.engine.python.catch_up import CatchUp
from farmlive.media.engine.python.quality_ladder import KEYFRAMES, SOUND
from farmlive.media.engine.python.viewer import Viewer


def limit(joining: CatchUp, viewer: Viewer, most: int, flush: Callable[[], None]) -> None:
    """Limit what the viewer gets of its track."""
    if not viewer.viewing.exempt:
        viewer.ladder.most = most
        _apply(joining, viewer, flush)


def _apply(joining: CatchUp, viewer: Viewer, flush: Callable[[], None]) -> None:
    """Give the viewer less at once if it is to get less; more begins with the next group."""
    rung = viewer.ladder.rung
    if rung <= viewer.rung:
        return
    viewer.rung = rung
    if rung == SOUND or (rung == KEYFRAMES and viewer.forwarder is not None):
        flush()
        joining.give_up(viewer)
