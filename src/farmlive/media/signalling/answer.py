"""Writes SDP answers and ICE fragments (RFC 9429, section 5.3.1; RFC 9143, section 7.3).

negotiation.py decides their content.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from farmlive.media.engine.interface import Candidate, Credentials
from farmlive.media.wire.sdp import Codec, Offer, Section

# Type preferences, as libwebrtc has them, of host candidates by UDP and by TCP (RFC 6544, section
# 4.2).
_UDP, _TCP = 126, 90
# The direction preference of a passive TCP candidate, above 13 bits of other preference (RFC 6544,
# 4.2).
_PASSIVE = 4 << 13


@dataclass(slots=True, frozen=True)
class Local:
    """Our end of a session."""

    credentials: Credentials
    fingerprint: str
    candidates: Sequence[Candidate]


@dataclass(slots=True, frozen=True)
class Terms:
    """The terms of a session: our DTLS role, the peer's fingerprints and credentials, and
    the lines of the answer that an ICE fragment repeats, those of the session and of the section
    that carries the bundle.
    """

    role: str
    fingerprints: list[tuple[str, str]]
    remote: Credentials
    session: Sequence[str]
    carrier: Sequence[str]


@dataclass(slots=True, frozen=True)
class Body:
    """One section of an answer: its offered section, the accepted payload types, none if it is
    declined, and its own lines.
    """

    section: Section
    types: Sequence[int]
    lines: Sequence[str]


def session_lines(offer: Offer) -> list[str]:
    """Return the session-level lines on ICE and groups; only offered options are accepted."""
    options = [option for option in ("trickle", "ice2") if option in offer.ice_options]
    lines = ["a=ice-lite"]
    if options:
        lines.append(f"a=ice-options:{' '.join(options)}")
    # A declined section is in no group (RFC 9143, section 7.3.3).
    mids = {section.mid for section in offer.media}
    bundle = [mid for mid in offer.bundle if mid in mids]
    if bundle:
        lines.append(f"a=group:BUNDLE {' '.join(bundle)}")
    return lines


def carrier_lines(section: Section) -> list[str]:
    """Return the lines by which a fragment identifies the section that carries the bundle."""
    types = section.codecs[0].payload_type if section.codecs else 0
    lines = [f"m={section.kind} 9 {section.protocol} {types}"]
    return [*lines, f"a=mid:{section.mid}"] if section.named else lines


def format_lines(codec: Codec, feedback: Sequence[str] = ()) -> list[str]:
    """Return the lines that describe one payload type in a section."""
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}"]
    if codec.format:
        lines.append(f"a=fmtp:{number} {codec.format}")
    return lines + [f"a=rtcp-fb:{number} {each}" for each in feedback]


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    """Return the a=candidate lines, best first, and a=end-of-candidates (RFC 8839, section 5.1; for
    TCP RFC 6544, section 4.5).
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
    """Return the body of the answer to an ICE restart (RFC 9725, section 4.3.3)."""
    lines = [*terms.session, *terms.carrier, *_credentials(local)]
    return _text([*lines, *candidate_lines(local.candidates)])


def answer(offer: Offer, bodies: Sequence[Body], terms: Terms, local: Local) -> str:
    """Return the whole answer.

    The attributes of the one transport are in the section that carries the bundle, not in others
    (RFC 9143, section 7.1.3), and at session level for clients that look for them in each section.
    If the offer repeats them in every section, so does the answer, because GStreamer rejects an
    answer without a=setup in each, or with a fingerprint also at session level. A client whose
    option `ice2` (RFC 9429, section 5.2.1) shows that it follows the newer documents gets no
    repetition.
    """
    transport = [
        *_credentials(local),
        f"a=fingerprint:sha-256 {local.fingerprint}",
        f"a=setup:{'passive' if terms.role == 'server' else 'active'}",
    ]
    complete = all(section.complete for section in offer.media)
    complete = complete and "ice2" not in offer.ice_options
    mids = {section.mid for section in offer.media}
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=farmlive", "t=0 0", *terms.session]
    for group in offer.in_step:
        if set(group) <= mids:
            lines.append(f"a=group:LS {' '.join(group)}")
    lines += ["a=msid-semantic:WMS *", *(() if complete else transport)]
    carrier = next(body for body in bodies if body.types)
    for body in bodies:
        section = body.section
        # A declined section repeats the offered formats, since one is required (RFC 3264, 6).
        port, types = (9, body.types) if body.types else (0, section.formats)
        words = " ".join(map(str, types))
        lines += [f"m={section.kind} {port} {section.protocol} {words}", "c=IN IP4 0.0.0.0"]
        if section.named:
            lines.append(f"a=mid:{section.mid}")
        if not body.types:
            continue
        if body is carrier or complete:
            lines += transport
        lines += ["a=rtcp-mux", "a=rtcp-mux-only"]
        if section.reduced_rtcp:
            lines.append("a=rtcp-rsize")
        lines += body.lines
        if body is carrier:
            lines += candidate_lines(local.candidates)
    return _text(lines)


def _credentials(local: Local) -> list[str]:
    ufrag, password = local.credentials.ufrag, local.credentials.password
    return [f"a=ice-ufrag:{ufrag}", f"a=ice-pwd:{password}"]


def _text(lines: Sequence[str]) -> str:
    return "\r\n".join(lines) + "\r\n"
