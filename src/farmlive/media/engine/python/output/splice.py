"""Splices a viewer's video from one track to another: computes the numbers that it continues
with.
"""

from farmlive.media.engine.python.ingest.rtp_rewrite import (
    compress_timestamp,
    sequence_base,
    splice_offset,
)
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.forwarder import RewriteOffset
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire.picture_id import following

_RATE = 90_000


def begin_epoch(
    viewer: Viewer,
    track: Track,
    start: int,
    common: RewriteOffset | None,
    now: float,
    lead_s: float = 0.0,
) -> Epoch | None:
    """Start this track for the viewer at the packet `start`, without a gap after its last packet,
    with timestamps that are later by `lead_s`.

    A new viewer takes the offsets that others have (`common`) and starts in the lower half of the
    sequence numbers. Returns None if it can't play the track.
    """
    terms, first = viewer.viewing.video.get(track.codec), track.ring.get(start)
    newest, last = track.ring.newest, viewer.last
    if terms is None or first is None or newest is None:
        return None
    nudge, lead = 0, 0
    if last is None:
        by, stamp, numbers = common[1:] if common is not None else (0, 0, None)
        by ^= sequence_base((start + by) & 0xFFFF)
    else:
        numbers, lead = following(track.codec, first.payload, last.pictures), round(lead_s * _RATE)
        by = (last.sequence + 1 - start) & 0xFFFF
        stamp, nudge = splice_offset(
            last.timestamp,
            round((now - last.at) * _RATE),
            compress_timestamp(first.timestamp, newest.timestamp),
            newest.timestamp,
            _aligned(viewer, track),
            last.latest,
            lead,
        )
    shift = RewriteOffset(terms.payload_type, by, stamp, numbers)
    epoch = Epoch(track, terms, (start + by) & 0xFFFF, shift, nudge, lead)
    epoch.squeezed = newest.timestamp
    return epoch


def _aligned(viewer: Viewer, track: Track) -> int | None:
    """Return the timestamp offset for this track by sender reports, on it and on the viewer's last
    layer.
    """
    before = viewer.past[-1] if viewer.past else None
    if before is None or before.track.incoming is not track.incoming:
        return None
    report, here = before.track.sender_report, track.timestamp_of(before.track)
    if report is None or here is None:
        return None
    return (report.timestamp + before.shift.timestamp - before.nudge - here) & 0xFFFFFFFF
