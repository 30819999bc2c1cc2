"""SDP negotiation with publishers and viewers: an offer in, an answer and the engine's parameters
out.

WHIP: RFC 9725, sections 4.2 and 4.4. WHEP: draft-ietf-wish-whep-03. Pure decisions; answer.py
writes the text.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace

from farmlive.media.engine.interface import (
    Credentials,
    Incoming,
    Outgoing,
    Publishing,
    Ssrcs,
    Viewing,
)
from farmlive.media.signalling import simulcast
from farmlive.media.signalling.answer import (
    Body,
    Local,
    Terms,
    answer,
    carrier_lines,
    format_lines,
    session_lines,
)
from farmlive.media.wire import codecs, h264
from farmlive.media.wire.capture_time import EXTENSION as CAPTURE_TIME
from farmlive.media.wire.disposable import EXTENSION as DEPENDENCY_DESCRIPTOR
from farmlive.media.wire.errors import BadSdp, NoCommonCodec, UnfitOffer
from farmlive.media.wire.sdp import Codec, Offer, Section, check_credentials, parse
from farmlive.media.wire.transport_cc import EXTENSION as TRANSPORT_CC

__all__ = ["Local", "Terms", "publish", "view"]

_H264_NEAREST = {
    h264.BASELINE: (h264.BASELINE, h264.MAIN, h264.HIGH),
    h264.MAIN: (h264.MAIN, h264.HIGH, h264.BASELINE),
    h264.HIGH: (h264.HIGH, h264.MAIN, h264.BASELINE),
}
_CLOCK_RATES = {"video": 90_000, "audio": 48_000}
# JSEP's protocols (RFC 9429, section 5.1.2), and variants that other clients write.
_PROTOCOLS = {
    f"{transport}RTP/{profile}"
    for transport in ("UDP/TLS/", "TCP/DTLS/", "TCP/TLS/", "")
    for profile in ("SAVPF", "SAVP")
}
_DATA = ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP")
# The RTCP feedback that we handle from viewers. FEC is never accepted: it protects packets that we
# rewrite.
_VIEWERS_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")
_PUBLISHERS_FEEDBACK = ("nack", "nack pli", "transport-cc")


def _checked(text: str, sending: bool) -> tuple[Offer, Terms]:
    """Parse the offer and check what both endpoints require."""
    offer = parse(text)
    # A publisher's sections may not be declined one by one (RFC 9725, section 4.2).
    media = offer.sections if sending else offer.media
    kinds = [section.kind for section in media]
    if any(kind not in ("audio", "video") for kind in kinds):
        raise UnfitOffer("Offer audio and video only; a data channel is not taken here.")
    declined = [each for each in offer.sections if not sending and each.is_data_channel]
    if any(each.protocol not in _DATA for each in declined):
        raise UnfitOffer("Offer a data channel as UDP/DTLS/SCTP, or none.")
    if not media:
        raise UnfitOffer("Offer an audio or a video section; a data channel is not taken here.")
    if kinds.count("video") > 1 or kinds.count("audio") > 1:
        raise UnfitOffer("Send at most one audio and one video track.", reason="too-many-tracks")
    mids = {section.mid for section in offer.sections}
    if len(mids) < len(offer.sections):
        raise BadSdp("Two sections have the same a=mid; send the offer as it is.")
    bundled = {section.mid for section in media}
    if len(kinds) > 1 and set(offer.bundle) - (mids - bundled) != bundled:
        raise UnfitOffer("Put all sections into one BUNDLE group (bundlePolicy “max-bundle”).")
    wrong = ("recvonly", "inactive") if sending else ("sendonly", "inactive")
    for section in media:
        if section.direction in wrong:
            raise UnfitOffer(
                "A publisher offers each section as sendonly; to watch, POST to /whep/ instead."
                if sending
                else "A player offers each section as recvonly; to publish, POST to /whip/ instead."
            )
        if section.port == 0 and not section.bundle_only:
            raise UnfitOffer(f"Leave the {section.kind} section out, or offer it with a port.")
        if section.protocol not in _PROTOCOLS:
            raise UnfitOffer("Only RTP with DTLS is taken: the protocol UDP/TLS/RTP/SAVPF.")
    if offer.ice_lite:
        raise UnfitOffer("Use full ICE: this server is ICE-lite, so that the client must check.")
    # Where a data channel comes first it may describe the transport for all (RFC 9143).
    head = media[0] if media[0].ufrag else offer.sections[0]
    if not head.ufrag or not head.password:
        raise BadSdp("The offer has no a=ice-ufrag and a=ice-pwd.")
    check_credentials(head.ufrag, head.password)
    usable = [f for f in head.fingerprints if f[0] in ("sha-256", "sha-384", "sha-512")]
    if not usable:
        raise BadSdp("The offer has no a=fingerprint of sha-256, sha-384 or sha-512.")
    if head.setup in ("", "actpass", "active"):
        role = "server"
    elif head.setup == "passive":
        role = "client"
    else:
        raise UnfitOffer("Offer a=setup:actpass.")
    remote = Credentials(head.ufrag, head.password)
    return offer, Terms(role, usable, remote, session_lines(offer), carrier_lines(media[0]))


def _rtx_of(section: Section, payload_type: int) -> Codec | None:
    for codec in section.codecs:
        if codec.name.lower() == "rtx" and codec.parameters.get("apt") == str(payload_type):
            return codec
    return None


def _red_of(section: Section, opus: Codec) -> Codec | None:
    """Return the RED codec whose blocks all have this payload type (RFC 2198, section 5)."""
    for codec in section.codecs:
        alike = (codec.clock_rate, codec.channels) == (opus.clock_rate, opus.channels)
        inner = set(codec.format.split("/"))
        if codec.name.lower() == "red" and alike and inner == {str(opus.payload_type)}:
            return codec
    return None


# Publishers.


def _key(section: Section, codec: Codec) -> str | None:
    """Return the key of a codec that can pass through the relay, else None."""
    if codec.clock_rate != _CLOCK_RATES[section.kind]:
        return None
    return codecs.key(codec.name, codec.parameters)


def _sent_key(section: Section, codec: Codec) -> str | None:
    """Return the key of a codec that a publisher may send, else None.

    It may lack fragmentation: receivers of fragments accept single NAL units as well (RFC 6184,
    section 6.2).
    """
    if codec.name.upper() != "H264" or codec.parameters.get("packetization-mode", "0") != "0":
        return _key(section, codec)
    return _key(section, replace(codec, parameters=codec.parameters | {"packetization-mode": "1"}))


def _wanted(section: Section) -> Codec:
    """Return the one codec that the publisher is to send. Raises NoCommonCodec."""
    names = codecs.VIDEO if section.kind == "video" else codecs.AUDIO
    for key in (_key, _sent_key):
        for name in names:
            for codec in section.codecs:
                if codec.name.upper() == name and key(section, codec):
                    return codec
    if any(codec.name.upper() == "H264" for codec in section.codecs):
        raise NoCommonCodec(codecs.NO_SUCH_PROFILE, reason="profile")
    if section.kind == "video":
        raise NoCommonCodec("Send video as H264, VP8, VP9 or AV1.", reason="video-codec")
    raise NoCommonCodec("Send sound as Opus (48 kHz).", reason="audio-codec")


def _refuse_unplayable(codec: Codec) -> None:
    """Reject an H264 offer whose parameter set shows a stream that browsers can't play."""
    for text in codec.parameters.get("sprop-parameter-sets", "").split(","):
        try:
            unit = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        sentence = codecs.objection("H264", unit)
        if sentence is not None:
            raise NoCommonCodec(sentence, reason=codecs.OBJECTIONS[sentence])


def publish(text: str, local: Local) -> tuple[str, Publishing, Terms]:
    """Answer a publisher's offer. Raises BadSdp, UnfitOffer or NoCommonCodec.

    RED is accepted if the publisher lists it before its codec, which means that it wants to send
    RED; otherwise the server would ask every publisher for twice the audio.
    """
    offer, terms = _checked(text, sending=True)
    tracks: list[Incoming] = []
    bodies: list[Body] = []
    ids: dict[str, int] = {}
    for section in offer.sections:
        codec = _wanted(section)
        if section.kind == "video":
            _refuse_unplayable(codec)
        feedback = [f for f in codec.feedback if f in _PUBLISHERS_FEEDBACK]
        repair = _rtx_of(section, codec.payload_type) or _preferred_red(section, codec)
        taken = sorted([codec, *([repair] if repair else [])], key=section.codecs.index)
        layers = simulcast.accept(section, codec.payload_type)
        extensions = [simulcast.MID]
        if "transport-cc" in feedback:
            extensions.append(TRANSPORT_CC)
        if layers:
            extensions += [simulcast.RID, simulcast.REPAIRED_RID]
        if codec.name.upper() == "AV1":
            # Its payloads do not say which frames are referred to.
            extensions.append(DEPENDENCY_DESCRIPTOR)
        if section.kind == "video":
            extensions.append(CAPTURE_TIME)
        known = {uri: section.extensions[uri] for uri in extensions if uri in section.extensions}
        ids |= known
        inner = {repair.payload_type: codec.payload_type} if repair else {}
        is_red = repair is not None and repair.name.lower() == "red"
        tracks.append(
            Incoming(
                kind="video" if section.kind == "video" else "audio",
                clock_rate=codec.clock_rate,
                codecs={codec.payload_type: _sent_key(section, codec) or ""},
                retransmissions={} if is_red else inner,
                red=inner if is_red else {},
                layers=layers.rids if layers else (),
                nack="nack" in feedback,
                pli="nack pli" in feedback,
            )
        )
        lines = ["a=recvonly", *(f"a=extmap:{number} {uri}" for uri, number in known.items())]
        for each in taken:
            lines += format_lines(each, feedback if each is codec else ())
        lines += layers.lines if layers else ()
        bodies.append(Body(section, [each.payload_type for each in taken], lines))
    publishing = Publishing(
        tracks,
        transport_cc=ids.get(TRANSPORT_CC),
        rid=ids.get(simulcast.RID),
        repaired_rid=ids.get(simulcast.REPAIRED_RID),
        dependency_descriptor=ids.get(DEPENDENCY_DESCRIPTOR),
        capture_time=ids.get(CAPTURE_TIME),
    )
    return answer(offer, bodies, terms, local), publishing, terms


def _preferred_red(section: Section, codec: Codec) -> Codec | None:
    red = _red_of(section, codec) if section.kind == "audio" else None
    if red is None or section.codecs.index(red) > section.codecs.index(codec):
        return None
    return red


# Viewers.


def _choices(section: Section) -> dict[str, Codec]:
    """Return the viewer's codec for each key that a source may have."""
    offered: dict[str, Codec] = {}
    for codec in section.codecs:
        names = codecs.VIDEO if section.kind == "video" else codecs.AUDIO
        if codec.name.upper() in names:
            key = _key(section, codec)
            if key is not None:
                offered.setdefault(key, codec)
    chosen = {key: codec for key, codec in offered.items() if not key.startswith("H264")}
    for profile, order in _H264_NEAREST.items():
        # Decoders accept more than the profile that they name, so the nearest profile will do.
        near = next((offered[f"H264:{p}"] for p in order if f"H264:{p}" in offered), None)
        if near is not None:
            chosen[f"H264:{profile}"] = near
    return chosen


def view(
    text: str, local: Local, ssrcs: Ssrcs, on_air: Sequence[str]
) -> tuple[str, Viewing, Terms]:
    """Answer a viewer's offer; `on_air` are the codec keys that the source on air sends.

    Every offered codec that another source may use stays in the answer, each with its RTX or RED,
    so that a switch needs no renegotiation. Raises BadSdp, UnfitOffer or NoCommonCodec.
    """
    offer, terms = _checked(text, sending=False)
    video: dict[str, Outgoing] = {}
    audio: dict[str, Outgoing] = {}
    bodies: list[Body] = []
    for section in offer.sections:
        if section.is_data_channel:
            bodies.append(Body(section, [], []))
            continue
        chosen = _choices(section)
        is_video = section.kind == "video"
        _refuse_missing(section, chosen, on_air)
        types: list[int] = []
        lines: list[str] = ["a=sendonly", f"a=msid:farmlive farmlive-{section.kind}"]
        # Every answer accepts the MID extension (RFC 9143, section 9.1); our SSRCs, which the
        # answer lists, identify the sections as well.
        if simulcast.MID in section.extensions:
            lines.append(f"a=extmap:{section.extensions[simulcast.MID]} {simulcast.MID}")
        # A viewer that knows the round trip repeats a NACK after one, not after an estimate of it
        # (RFC 3611, section 5.1).
        if is_video and section.reference_times:
            lines.append("a=rtcp-xr:rcvr-rtt=all")
        repaired = False
        for key in sorted(chosen, key=lambda key: key not in on_air):
            codec = chosen[key]
            rtx = _rtx_of(section, codec.payload_type) if is_video else None
            red = None if is_video else _red_of(section, codec)
            (video if is_video else audio)[key] = Outgoing(
                codec.payload_type,
                rtx.payload_type if rtx else None,
                red.payload_type if red else None,
            )
            if codec.payload_type in types:
                continue
            # Lost packets are retransmitted only as RTX.
            wanted = _VIEWERS_FEEDBACK if rtx else _VIEWERS_FEEDBACK[1:]
            kept = [f for f in codec.feedback if f in wanted]
            types.append(codec.payload_type)
            lines += format_lines(codec, kept if is_video else ())
            for repair in (rtx, red):
                if repair is not None:
                    types.append(repair.payload_type)
                    lines += format_lines(repair)
            repaired = repaired or rtx is not None
        own = [ssrcs.video] if is_video else [ssrcs.audio]
        if repaired:
            own.append(ssrcs.retransmission)
            lines.append(f"a=ssrc-group:FID {ssrcs.video} {ssrcs.retransmission}")
        for ssrc in own:
            lines.append(f"a=ssrc:{ssrc} cname:farmlive")
            lines.append(f"a=ssrc:{ssrc} msid:farmlive farmlive-{section.kind}")
        bodies.append(Body(section, types, lines))
    return answer(offer, bodies, terms, local), Viewing(video, audio), terms


def _refuse_missing(section: Section, chosen: dict[str, Codec], on_air: Sequence[str]) -> None:
    is_video = section.kind == "video"
    if not chosen:
        raise NoCommonCodec(
            "Offer video as H264, VP8, VP9 or AV1. 视频请用 H264、VP8、VP9 或 AV1。"
            if is_video
            else "Offer sound as Opus. 声音请用 Opus。"
        )
    if is_video:
        for key in on_air:
            name = key.partition(":")[0]
            if key not in chosen and name in codecs.VIDEO:
                raise NoCommonCodec(
                    f"The farm sends {name}, which this player does not offer. Open the page in a "
                    f"current browser. 农场发送的是 {name}，此播放器不支持，"
                    "请用新版浏览器打开页面。",
                    codec=name,
                )
