"""Which layers of a publisher's simulcast are taken, in which order of quality, and how the answer
says so (RFC 8853). Latching a RID to an SSRC and choosing a layer are the engine's part.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from farmlive.media.wire.sdp import Rid, Section, decimal

RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"

# As many as OBS sends, which gives up where one of its layers is not taken.
_MOST_LAYERS = 4
# What tells the quality of a layer, where the offer restricts all layers by it (RFC 8851, 5).
_MEASURES = ("max-width", "max-height", "max-fs", "max-pps", "max-br", "max-bpp")
# The names that browser programs are used to give, the lowest quality first.
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
    """The RIDs that are taken, the lowest quality first, and the lines of the answer."""

    rids: Sequence[str]
    lines: Sequence[str]


def accept(section: Section, payload_type: int) -> Layers | None:
    """The layers that the publisher may send with this payload type, at most four; None where it
    offers no simulcast, or one whose packets would not say to which layer they belong.

    RFC 8853, section 5.3.2: one of several alternatives is taken, and the order is the offer's.
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
    """The RIDs, the lowest quality first.

    By what restricts them; else by names in common use; else by their order. A browser has the
    lowest first: so its default scales are (WebRTC 1.0, section 5.1, addTransceiver), and an offer
    says nothing of others. Everyone else has the most wanted one first (RFC 8853, section 5.2), as
    OBS has. The engine puts them right by the sizes of their pictures.
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
