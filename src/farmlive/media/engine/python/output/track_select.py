"""Selects the track of each viewer of an output: by the layers that come, and by what the viewer
reports about its link. Requests the keyframes that this needs.

link/layer_select.py decides. `publisher` is the one on air.
"""

from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.link.quality_ladder import FULL, KEYFRAMES, SOUND
from farmlive.media.engine.python.output.catch_up import CatchUp, paces
from farmlive.media.engine.python.output.rtx import Rtx
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire import rtcp

# A link that lost a larger share of what was sent, and now loses less, is free again.
_MUCH_LOSS = 0.04
# A keyframe that can't wait for those that others get is requested for a viewer after this time at
# the earliest, the second if it loses a larger share of what was sent: all pay for it.
_HURRY_S, _LOSSY_HURRY_S, _SOME_LOSS = 10.0, 3.0, 0.02


def is_layered(publisher: Publisher | None) -> bool:
    """Return whether the source has layers to select from."""
    return publisher is not None and len(publisher.layers) > 1


def select(joining: CatchUp, publisher: Publisher | None, viewer: Viewer, now: float) -> bool:
    """Select the viewer's track again; return True if that needs another keyframe."""
    before = viewer.target
    if publisher is None or not publisher.layers:
        viewer.target = None
        joining.moving.pop(viewer.peer, None)
        return False
    layers = publisher.layers
    current = viewer.epoch.track if viewer.epoch is not None else None
    layer, is_full = 0, viewer.selector.is_full(now)
    if len(layers) > 1 and viewer.viewing.exempt:
        layer = publisher.flow.highest
    elif len(layers) > 1:
        now_at = current.layer if current in layers and current is not None else len(layers)
        is_settled = current is not None and (
            viewer.forwarder is not None or (viewer.rung == FULL and paces(viewer))
        )
        layer = viewer.selector.decide(
            publisher.flow.flowing,
            [each.kbps for each in layers],
            now_at,
            now,
            is_settled and viewer.repeats,
            is_settled,
        )
        if viewer.is_watched:
            joining.probing[viewer.peer] = viewer
        if current is not None and layer > current.layer and viewer.selector.is_trying(now):
            viewer.link.carried(layers[layer].kbps)
        is_other = current in layers and before is not layers[layer]
        if is_other and current is not None and layer < current.layer:
            viewer.link.stepped_down(now)
    viewer.target = target = layers[layer]
    if current is not None and current not in layers and not viewer.can_play(target):
        # The viewer no longer sees what is on air, and can't play it.
        joining.wait(viewer)
        return False
    if (
        is_full
        and current is not None
        and layer < current.layer
        and viewer.can_play(target)
        and publisher.answers_requests
    ):
        # What waits in the link's queue is seen until the lower layer's keyframe comes, and
        # makes room for it.
        joining.wait(viewer, muted=True)
        publisher.want_keyframe(target, patiently=not _may_hurry(publisher, viewer, now))
        return True
    if current is None or current is target:
        joining.moving.pop(viewer.peer, None)
    else:
        joining.moving[viewer.peer] = viewer
    if current is None or current is target or target is before:
        return False
    patiently = _is_free(viewer, publisher, now)
    if not patiently and current in layers:
        patiently = not _may_hurry(publisher, viewer, now)
    publisher.want_keyframe(target, patiently=patiently)
    return True


def _is_free(viewer: Viewer, publisher: Publisher, now: float) -> bool:
    """Return whether the viewer moves to another layer without need: by its choice, or up."""
    track = None if viewer.epoch is None else viewer.epoch.track
    return (
        track in publisher.layers
        and track is not None
        and publisher.flow.flowing[track.layer]
        and not viewer.selector.is_congested(now)
    )


def _may_hurry(publisher: Publisher, viewer: Viewer, now: float) -> bool:
    """Return whether a keyframe for the viewer can't wait, and count it. It can before the viewer
    has had any picture.
    """
    if viewer.viewing.exempt:
        return True
    every_s = _LOSSY_HURRY_S if viewer.selector.loss > _SOME_LOSS else _HURRY_S
    if now - viewer.hurried_at < every_s or (viewer.epoch is None and viewer.last is None):
        return False
    if not publisher.may_hurry(now):
        return False
    viewer.hurried_at = now
    return True


def want_keyframe(publisher: Publisher, track: Track, viewer: Viewer, now: float) -> None:
    """Note that the viewer needs a keyframe of this track: it can wait on a link that is not wide,
    and soon after another one.
    """
    hurries = viewer.link.state == "wide" and viewer.ladder.rung < KEYFRAMES
    publisher.want_keyframe(track, patiently=not (hurries and _may_hurry(publisher, viewer, now)))


def request_keyframes(joining: CatchUp, publisher: Publisher, now: float) -> None:
    """Request the keyframes that viewers wait for, or start them without one if none will come."""
    for viewer in list(joining.waiting.values()):
        if viewer.backpressure.since is None:
            joining.start(viewer, publisher, now)
    for viewer in (*joining.waiting.values(), *joining.moving.values()):
        target = viewer.target
        if (
            target is None
            or viewer.ladder.rung == SOUND
            or not viewer.can_play(target)
            or not viewer.may_resume(now)
        ):
            continue
        if _is_free(viewer, publisher, now):
            publisher.want_keyframe(target, patiently=True)
        else:
            want_keyframe(publisher, target, viewer, now)
    # Who gets keyframes alone needs the next one as soon as it has had this one.
    for viewer in joining.catching.values():
        if viewer.rung == KEYFRAMES and viewer.epoch is not None:
            publisher.want_keyframe(viewer.epoch.track, patiently=True)


def judges_burst(publisher: Publisher | None, viewer: Viewer) -> bool:
    """Return whether what a viewer misses of its burst tells its link: a layer that is too much is
    told by its loss, and a lower one comes.
    """
    link, epoch = viewer.link, viewer.epoch
    if publisher is None or len(publisher.layers) < 2:
        return True
    if link.state == "narrow":
        return epoch is not None and publisher.is_lowest(epoch.track)
    return link.state == "unknown" and viewer.forwarder is None


def judges_checks(publisher: Publisher | None, viewer: Viewer) -> bool:
    """Return whether the queue that checks show is of the frames that a narrow viewer gets; probes
    of higher layers make one, too.
    """
    epoch = viewer.epoch
    if publisher is None or len(publisher.layers) < 2:
        return True
    return viewer.ladder.tries and epoch is not None and publisher.is_lowest(epoch.track)


def keyframe_requested(viewer: Viewer, on_air: Publisher | None, now: float) -> Publisher | None:
    """Handle a viewer's keyframe request; return the publisher to request it from."""
    link, epoch, publisher = viewer.link, viewer.epoch, on_air
    if viewer.forwarder is not None:
        publisher = viewer.forwarder.publisher
    elif link.state != "narrow":
        return None
    if epoch is None or publisher is None:
        return None
    want_keyframe(publisher, epoch.track, viewer, now)
    return publisher


def record_report(
    joining: CatchUp,
    publisher: Publisher | None,
    viewer: Viewer,
    report: rtcp.ReceiverReport,
    now: float,
) -> bool:
    """Handle a report on the viewer's video; return True if it now needs another keyframe."""
    before = viewer.selector.loss
    full = viewer.selector.record_report(report.highest, report.total_lost, now)
    if not full or not is_layered(publisher):
        return False
    if (
        viewer.forwarder is not None
        and before > _MUCH_LOSS > viewer.selector.loss
        and viewer.selector.is_congested(now)
    ):
        # The link is free again. The keyframe of the last step may have been lost in part.
        lane = viewer.forwarder
        hurries = _may_hurry(lane.publisher, viewer, now)
        lane.publisher.want_keyframe(lane.track, patiently=not hurries)
    return select(joining, publisher, viewer, now) or viewer.selector.is_congested(now)


def probe(
    joining: CatchUp, publisher: Publisher | None, repairs: Rtx, now: float
) -> tuple[list[Viewer], bool]:
    """Send the viewers whose link is probed what is due of that.

    Returns the viewers whose link is to be checked now, and whether any is probed.
    """
    layers = publisher.layers if publisher is not None and is_layered(publisher) else ()
    due, is_probed = [], False
    for viewer in list(joining.probing.values()):
        if not (viewer.is_watched if layers else viewer.is_tried):
            del joining.probing[viewer.peer]
            continue
        if layers:
            is_probed |= repairs.probe(viewer, layers, now)
        if viewer.selector.watch.wants_check(now):
            due.append(viewer)
    return due, is_probed
