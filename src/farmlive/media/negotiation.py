"""What is agreed with a publisher or a viewer: an offer in, an answer and the engine's terms out.

WHIP: RFC 9725, sections 4.2 and 4.4. WHEP: draft-ietf-wish-whep-03. Pure decisions.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from farmlive.media import codecs, h264
from farmlive.media.engine import (
    Candidate,
    Credentials,
    Incoming,
    Outgoing,
    Publishing,
    Ssrcs,
    Viewing,
)
from farmlive.media.refusals import BadSdp, NoCommonCodec, UnfitOffer
from farmlive.media.sdp import Codec, Offer, Section, parse
from farmlive.media.transport_cc import EXTENSION as TRANSPORT_CC

_H264_NEAREST = {
    h264.BASELINE: (h264.BASELINE, h264.MAIN, h264.HIGH),
    h264.MAIN: (h264.MAIN, h264.HIGH, h264.BASELINE),
    h264.HIGH: (h264.HIGH, h264.MAIN, h264.BASELINE),
}


@dataclass(slots=True, frozen=True)
class Local:
    """Our end of a session."""

    credentials: Credentials
    fingerprint: str
    candidates: Sequence[Candidate]


@dataclass(slots=True, frozen=True)
class Terms:
    """What all sessions agree on: our DTLS role, the peer's fingerprints and credentials, and the
    section that carries the bundle.
    """

    role: str
    kind: str
    mid: str
    fingerprints: list[tuple[str, str]]
    remote: Credentials


def _checked(text: str, sending: bool) -> tuple[Offer, Terms]:
    """Read the offer and hold it against what both endpoints ask for."""
    offer = parse(text)
    kinds = [section.kind for section in offer.sections]
    if any(kind not in ("audio", "video") for kind in kinds):
        raise UnfitOffer("Offer audio and video only; a data channel is not taken here.")
    if kinds.count("video") > 1 or kinds.count("audio") > 1:
        raise UnfitOffer("Offer at most one audio and one video section.")
    if len(kinds) > 1 and set(offer.bundle) != {section.mid for section in offer.sections}:
        raise UnfitOffer("Put all sections into one BUNDLE group (bundlePolicy “max-bundle”).")
    wrong = ("recvonly", "inactive") if sending else ("sendonly", "inactive")
    for section in offer.sections:
        if section.direction in wrong:
            raise UnfitOffer(
                "A publisher offers each section as sendonly; to watch, POST to /whep/ instead."
                if sending
                else "A player offers each section as recvonly; to publish, POST to /whip/ instead."
            )
        if "SAVP" not in section.protocol:
            raise UnfitOffer("Only RTP with DTLS is taken: the protocol UDP/TLS/RTP/SAVPF.")
    head = offer.sections[0]
    if not head.ufrag or not head.password:
        raise BadSdp("The offer has no a=ice-ufrag and a=ice-pwd.")
    usable = [f for f in head.fingerprints if f[0] in ("sha-256", "sha-384", "sha-512")]
    if not usable:
        raise BadSdp("The offer has no a=fingerprint of sha-256, sha-384 or sha-512.")
    if head.setup in ("", "actpass", "active"):
        role = "server"
    elif head.setup == "passive":
        role = "client"
    else:
        raise UnfitOffer("Offer a=setup:actpass.")
    return offer, Terms(role, head.kind, head.mid, usable, Credentials(head.ufrag, head.password))


# Publishers.


def _rtx_of(section: Section, payload_type: int) -> Codec | None:
    for codec in section.codecs:
        if codec.name.lower() == "rtx" and codec.parameters.get("apt") == str(payload_type):
            return codec
    return None


def _wanted(section: Section) -> Codec | None:
    """The one codec that a publisher is asked to send."""
    names = codecs.VIDEO if section.kind == "video" else codecs.AUDIO
    for name in names:
        for codec in section.codecs:
            if codec.name.upper() == name and codecs.key(name, codec.parameters):
                return codec
    return None


def _refuse_unplayable(codec: Codec) -> None:
    """Refuse an H264 offer whose parameter set shows what browsers can't play."""
    for text in codec.parameters.get("sprop-parameter-sets", "").split(","):
        try:
            unit = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        sentence = codecs.objection("H264", unit)
        if sentence is not None:
            raise NoCommonCodec(sentence)


def publish(text: str, local: Local) -> tuple[str, Publishing, Terms]:
    """Answer a publisher's offer; raises BadSdp, UnfitOffer or NoCommonCodec."""
    offer, terms = _checked(text, sending=True)
    tracks: list[Incoming] = []
    bodies: list[tuple[Section, list[str]]] = []
    transport_cc: int | None = None
    for section in offer.sections:
        codec = _wanted(section)
        if codec is None:
            if any(c.name.upper() == "H264" for c in section.codecs):
                raise NoCommonCodec(codecs.NO_SUCH_PROFILE)
            raise NoCommonCodec(
                "Send video as H264, VP8, VP9 or AV1."
                if section.kind == "video"
                else "Send sound as Opus (48 kHz)."
            )
        key = codecs.key(codec.name, codec.parameters) or ""
        if section.kind == "video":
            _refuse_unplayable(codec)
        rtx = _rtx_of(section, codec.payload_type)
        feedback = [f for f in codec.feedback if f in ("nack", "nack pli", "transport-cc")]
        extension = section.extensions.get(TRANSPORT_CC)
        if extension is not None and "transport-cc" in feedback:
            transport_cc = extension
        tracks.append(
            Incoming(
                kind="video" if section.kind == "video" else "audio",
                clock_rate=codec.clock_rate,
                codecs={codec.payload_type: key},
                retransmissions={rtx.payload_type: codec.payload_type} if rtx else {},
                nack="nack" in feedback,
                pli="nack pli" in feedback,
            )
        )
        lines = ["a=recvonly"]
        if extension is not None and "transport-cc" in feedback:
            lines.append(f"a=extmap:{extension} {TRANSPORT_CC}")
        lines += _format(codec, feedback)
        if rtx is not None:
            lines += _format(rtx, [])
        types = [codec.payload_type] + ([rtx.payload_type] if rtx else [])
        bodies.append((section, [_media(section, types), *lines]))
    answer = _answer(bodies, terms, local)
    return answer, Publishing(tracks, transport_cc), terms


# Viewers.


def _choices(section: Section) -> dict[str, Codec]:
    """The viewer's codec for each key that a source may have."""
    offered: dict[str, Codec] = {}
    for codec in section.codecs:
        names = codecs.VIDEO if section.kind == "video" else codecs.AUDIO
        if codec.name.upper() in names:
            key = codecs.key(codec.name, codec.parameters)
            if key is not None:
                offered.setdefault(key, codec)
    chosen = {key: codec for key, codec in offered.items() if not key.startswith("H264")}
    for profile, order in _H264_NEAREST.items():
        # Decoders are wider than the profile that they name, so the nearest one will do.
        near = next((offered[f"H264:{p}"] for p in order if f"H264:{p}" in offered), None)
        if near is not None:
            chosen[f"H264:{profile}"] = near
    return chosen


def view(
    text: str, local: Local, ssrcs: Ssrcs, on_air: Sequence[str]
) -> tuple[str, Viewing, Terms]:
    """Answer a viewer's offer; `on_air` are the codec keys that the source on air sends.

    Every offered codec that another source may use stays in the answer, so that a switch needs
    no renegotiation. Raises BadSdp, UnfitOffer or NoCommonCodec.
    """
    offer, terms = _checked(text, sending=False)
    video: dict[str, Outgoing] = {}
    audio: dict[str, Outgoing] = {}
    bodies: list[tuple[Section, list[str]]] = []
    for section in offer.sections:
        chosen = _choices(section)
        is_video = section.kind == "video"
        if not chosen:
            raise NoCommonCodec(
                "Offer video as H264, VP8, VP9 or AV1." if is_video else "Offer sound as Opus."
            )
        if is_video:
            missing = next(
                (k for k in on_air if k not in chosen and k.partition(":")[0] in codecs.VIDEO), None
            )
            if missing is not None:
                raise NoCommonCodec(
                    f"The farm sends {missing.partition(':')[0]}, which this player does not "
                    "offer. Open the page in a current browser."
                )
        order = sorted(chosen, key=lambda key: key not in on_air)
        types: list[int] = []
        lines: list[str] = ["a=sendonly", f"a=msid:farmlive farmlive-{section.kind}"]
        repaired = False
        for key in order:
            codec = chosen[key]
            rtx = _rtx_of(section, codec.payload_type) if is_video else None
            (video if is_video else audio)[key] = Outgoing(
                codec.payload_type, rtx.payload_type if rtx else None
            )
            if codec.payload_type in types:
                continue
            types.append(codec.payload_type)
            kept = [f for f in codec.feedback if f in ("nack", "nack pli", "ccm fir")]
            lines += _format(codec, kept if is_video else [])
            if rtx is not None:
                repaired = True
                types.append(rtx.payload_type)
                lines += _format(rtx, [])
        if is_video and repaired:
            lines.append(f"a=ssrc-group:FID {ssrcs.video} {ssrcs.retransmission}")
        own = [ssrcs.video, ssrcs.retransmission] if is_video and repaired else [ssrcs.video]
        for ssrc in own if is_video else [ssrcs.audio]:
            lines.append(f"a=ssrc:{ssrc} cname:farmlive")
            lines.append(f"a=ssrc:{ssrc} msid:farmlive farmlive-{section.kind}")
        bodies.append((section, [_media(section, types), *lines]))
    return _answer(bodies, terms, local), Viewing(video, audio), terms


# The answer's text.


def _media(section: Section, types: list[int]) -> str:
    return f"m={section.kind} 9 {section.protocol} {' '.join(map(str, types))}"


def _format(codec: Codec, feedback: Sequence[str]) -> list[str]:
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}"]
    if codec.format:
        lines.append(f"a=fmtp:{number} {codec.format}")
    return lines + [f"a=rtcp-fb:{number} {each}" for each in feedback]


def candidate_lines(candidates: Sequence[Candidate]) -> list[str]:
    """The a=candidate lines (RFC 8839, section 5.1), best first, and the end of them."""
    lines = []
    for index, candidate in enumerate(candidates):
        # Type preference 126 of a host, local preference by order, component 1.
        priority = (126 << 24) | ((65535 - index) << 8) | 255
        lines.append(
            f"a=candidate:{index + 1} 1 udp {priority} {candidate.address} {candidate.port} "
            "typ host"
        )
    return [*lines, "a=end-of-candidates"]


def fragment(local: Local, terms: Terms) -> str:
    """The body of the answer to an ICE restart (RFC 9725, section 4.3.3)."""
    lines = [
        "a=ice-lite",
        "a=ice-options:trickle ice2",
        f"a=group:BUNDLE {terms.mid}",
        f"m={terms.kind} 9 UDP/TLS/RTP/SAVPF 0",
        f"a=mid:{terms.mid}",
        f"a=ice-ufrag:{local.credentials.ufrag}",
        f"a=ice-pwd:{local.credentials.password}",
        *candidate_lines(local.candidates),
    ]
    return "\r\n".join(lines) + "\r\n"


def _answer(bodies: list[tuple[Section, list[str]]], terms: Terms, local: Local) -> str:
    mids = " ".join(section.mid for section, _ in bodies)
    setup = "passive" if terms.role == "server" else "active"
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=farmlive",
        "t=0 0",
        f"a=group:BUNDLE {mids}",
        "a=ice-lite",
        "a=ice-options:trickle ice2",
        "a=msid-semantic:WMS *",
    ]
    for section, (media, *rest) in bodies:
        lines += [
            media,
            "c=IN IP4 0.0.0.0",
            f"a=mid:{section.mid}",
            f"a=ice-ufrag:{local.credentials.ufrag}",
            f"a=ice-pwd:{local.credentials.password}",
            f"a=fingerprint:sha-256 {local.fingerprint}",
            f"a=setup:{setup}",
            "a=rtcp-mux",
            "a=rtcp-mux-only",
            *rest,
            *candidate_lines(local.candidates),
        ]
    return "\r\n".join(lines) + "\r\n"
