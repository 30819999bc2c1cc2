"""The text of answers and of ICE fragments (RFC 9429, section 5.3.1; RFC 9143, section 7.3). What
is in them is decided in `negotiation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from farmlive.media.engine.interface import Candidate, Credentials
from farmlive.media.wire.sdp import Codec, Offer, Section

# Type preferences: those of libwebrtc for a host by UDP and by TCP (RFC 6544, section 4.2).
_UDP, _TCP = 126, 90
# The direction preference of a passive TCP candidate, above 13 bits of order (RFC 6544, 4.2).
_PASSIVE = 4 << 13


@dataclass(slots=True, frozen=True)
class Local:
    """Our end of a session."""

    credentials: Credentials
    fingerprint: str
    candidates: Sequence[Candidate]


@dataclass(slots=True, frozen=True)
class Terms:
    """What all sessions agree on: our DTLS role, the peer's fingerprints and credentials, and the
    lines that an ICE fragment repeats of the answer: those of the session, and of the section that
    carries the bundle.
    """

    role: str
    fingerprints: list[tuple[str, str]]
    remote: Credentials
    session: Sequence[str]
    carrier: Sequence[str]


@dataclass(slots=True, frozen=True)
class Body:
    """One section of an answer: what is offered, the payload types taken, and its own lines."""

    section: Section
    types: Sequence[int]
    lines: Sequence[str]


def session_lines(offer: Offer) -> list[str]:
    """The lines on ICE and groups. An option is taken up only where it was offered."""
    options = [option for option in ("trickle", "ice2") if option in offer.ice_options]
    lines = ["a=ice-lite"]
    if options:
        lines.append(f"a=ice-options:{' '.join(options)}")
    mids = {section.mid for section in offer.sections}
    bundle = [mid for mid in offer.bundle if mid in mids]
    if bundle:
        lines.append(f"a=group:BUNDLE {' '.join(bundle)}")
    return lines


def carrier_lines(section: Section) -> list[str]:
    """The lines by which a fragment names the section that carries the bundle."""
    types = section.codecs[0].payload_type if section.codecs else 0
    lines = [f"m={section.kind} 9 {section.protocol} {types}"]
    return [*lines, f"a=mid:{section.mid}"] if section.named else lines


def format_lines(codec: Codec, feedback: Sequence[str] = ()) -> list[str]:
    """How a section describes one payload type."""
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}"]
    if codec.format:
        lines.append(f"a=fmtp:{number} {codec.format}")
    return lines + [f"a=rtcp-fb:{number} {each}" for each in feedback]


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    """The a=candidate lines (RFC 8839, section 5.1; by TCP RFC 6544, section 4.5), best first, and
    the end of them.
    """
    lines = []
    for index, candidate in enumerate(candidates):
        tcp = candidate.protocol == "tcp"
        order = (_PASSIVE | (8191 - index)) if tcp else 65535 - index
        priority = ((_TCP if tcp else _UDP) << 24) | (order << 8) | 255
        lines.append(
            f"a=candidate:{index + 1} 1 {candidate.protocol} {priority} {candidate.address} "
            f"{candidate.port} typ host{' tcptype passive' if tcp else ''}"
        )
    return [*lines, "a=end-of-candidates"]


def fragment(local: Local, terms: Terms) -> str:
    """The body of the answer to an ICE restart (RFC 9725, section 4.3.3)."""
    lines = [*terms.session, *terms.carrier, *_credentials(local)]
    return _text([*lines, *candidate_lines(local.candidates)])


def answer(offer: Offer, bodies: Sequence[Body], terms: Terms, local: Local) -> str:
    """The answer as a whole.

    What belongs to the one transport stands in the section that carries the bundle, not again in
    others (RFC 9143, section 7.1.3), and, for clients that look for it in each, before them all.
    Where the offer has it in every section, so has the answer, since GStreamer refuses one without
    a=setup in each, or with a fingerprint before them too; but not to a client that shows by the
    option `ice2` (RFC 9429, section 5.2.1) that it goes by the newer documents.
    """
    transport = [
        *_credentials(local),
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=setup:{'passive' if terms.role == 'server' else 'active'}",
    ]
    complete = all(section.complete for section in offer.sections)
    complete = complete and "ice2" not in offer.ice_options
    mids = {section.mid for section in offer.sections}
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=farmlive", "t=0 0", *terms.session]
    for group in offer.in_step:
        if set(group) <= mids:
            lines.append(f"a=group:LS {' '.join(group)}")
    lines += ["a=msid-semantic:WMS *", *(() if complete else transport)]
    for index, body in enumerate(bodies):
        section = body.section
        types = " ".join(map(str, body.types))
        lines += [f"m={section.kind} 9 {section.protocol} {types}", "c=IN IP4 0.0.0.0"]
        if section.named:
            lines.append(f"a=mid:{section.mid}")
        if index == 0 or complete:
            lines += transport
        lines += ["a=rtcp-mux", "a=rtcp-mux-only"]
        if section.reduced_rtcp:
            lines.append("a=rtcp-rsize")
        lines += body.lines
        if index == 0:
            lines += candidate_lines(local.candidates)
    return _text(lines)


def _credentials(local: Local) -> list[str]:
    ufrag, password = local.credentials.ufrag, local.credentials.password
    return [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}"]


def _text(lines: Sequence[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
