"""Simulcast negotiation (RFC 8853): which layers are accepted, their order of quality, and the
answer.

The engine maps a RID to an SSRC and selects layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from farmlive.media.wire.sdp import Rid, Section, decimal

RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"

# As many as OBS sends, which gives up if one of its layers is rejected.
_MOST_LAYERS = 4
# Restrictions that order the layers, if the offer has one for all of them (RFC 8851, 5).
_MEASURES = ("max-width", "max-height", "max-fs", "max-pps", "max-br", "max-bpp")
# RID names in common use, the lowest quality first.
_NAMES = (
    ("q", "h", "f"),
    ("l", "m", "h"),
    ("low", "mid", "high"),
    ("low", "medium", "high"),
    ("lo", "mid", "hi"),
    ("small", "medium", "large"),
)


@dataclass(slots=True, frozen=True)
class Layers:
    """The accepted RIDs, the lowest quality first, and the lines of the answer."""

    rids: Sequence[str]
    lines: Sequence[str]


def accept(section: Section, payload_type: int) -> Layers | None:
    """Return the layers that the publisher may send with this payload type, at most four.

    None if it offers no simulcast, or one whose packets would not carry their layer's RID. Of
    several alternatives one is accepted, in the offer's order (RFC 8853, section 5.3.2).
    """
    if RID not in section.extensions:
        return None
    streams: list[Rid] = []
    for names in section.simulcast:
        fitting = [
            rid
            for rid in (section.rids[name] for name in names)
            if not rid.payload_types or payload_type in rid.payload_types
        ]
        if fitting and fitting[0] not in streams:
            streams.append(fitting[0])
        if len(streams) == _MOST_LAYERS:
            break
    if len(streams) < 2:
        return None
    lines = [f"a=rid:{rid.id} recv{_restrictions(rid, payload_type)}" for rid in streams]
    lines.append(f"a=simulcast:recv {';'.join(rid.id for rid in streams)}")
    return Layers(_by_quality(streams, section.mixed), lines)


def _restrictions(rid: Rid, payload_type: int) -> str:
    parts = [f"pt={payload_type}"] if rid.payload_types else []
    parts += [f"{name}={value}" if value else name for name, value in rid.restrictions.items()]
    return f" {';'.join(parts)}" if parts else ""


def _by_quality(streams: Sequence[Rid], browser: bool) -> list[str]:
    """Return the RIDs, the lowest quality first.

    They are ordered by their restrictions, else by common names, else by their order. A browser
    lists the lowest first, as its default scales have it (WebRTC 1.0, section 5.1, addTransceiver),
    and an offer does not show others. All other clients, such as OBS, list the most preferred first
    (RFC 8853, section 5.2). The engine corrects the order by picture sizes.
    """
    for measure in _MEASURES:
        told = {rid.id: decimal(rid.restrictions.get(measure, ""), 0xFFFFFFFF) for rid in streams}
        sizes = {name: size for name, size in told.items() if size is not None}
        if len(set(sizes.values())) == len(streams):
            return sorted(sizes, key=lambda name: sizes[name])
    names = [rid.id for rid in streams]
    for known in _NAMES:
        if set(names) <= set(known):
            return sorted(names, key=known.index)
    return names if browser else names[::-1]
