"""The SDP of the light peers: writes their offers and reads answers.

Small on purpose: a bundle of one audio and one video section, over one IPv4 UDP path.
"""

from dataclasses import dataclass, field

TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
OPUS, VP8, VP8_RTX, H264, H264_RTX = 111, 96, 97, 102, 103
REPAIRS = (VP8_RTX, H264_RTX)


@dataclass(frozen=True)
class Ice:
    """One side's ICE credentials and the fingerprint of its DTLS certificate."""

    ufrag: str
    password: str
    fingerprint: str


@dataclass(frozen=True)
class Stream:
    """The SSRCs that a publisher sends."""

    audio: int
    video: int
    rtx: int


@dataclass
class Answer:
    """The parts of an answer that a light peer needs.

    `setup` is the answerer's DTLS role; `candidates` are UDP addresses over IPv4, best first;
    `transport_cc` is the header extension's id, where it was accepted; `codecs` maps a payload
    type to its encoding name.
    """

    ice: Ice
    setup: str
    candidates: list[tuple[str, int]]
    transport_cc: int | None = None
    codecs: dict[int, str] = field(default_factory=dict)


def offer(ice: Ice, stream: Stream | None) -> str:
    """Write an offer: to send the stream, or to receive where it is None."""
    way = "recvonly" if stream is None else "sendonly"
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ice.ufrag}",
        f"a=ice-pwd:{ice.password}",
        f"a=fingerprint:sha-256 {ice.fingerprint}",
        "a=setup:actpass",
        f"a={way}",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
    ]
    audio = [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}",
        *transport,
        "a=mid:0",
        f"a=rtpmap:{OPUS} opus/48000/2",
        f"a=fmtp:{OPUS} minptime=10;useinbandfec=1",
    ]
    types = (VP8, VP8_RTX) if stream else (VP8, VP8_RTX, H264, H264_RTX)
    video = [
        f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, types))}",
        *transport,
        "a=mid:1",
        f"a=rtpmap:{VP8} VP8/90000",
        *_feedback(VP8),
        f"a=rtpmap:{VP8_RTX} rtx/90000",
        f"a=fmtp:{VP8_RTX} apt={VP8}",
    ]
    if stream is None:
        video += [
            f"a=rtpmap:{H264} H264/90000",
            f"a=fmtp:{H264} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
            *_feedback(H264),
            f"a=rtpmap:{H264_RTX} rtx/90000",
            f"a=fmtp:{H264_RTX} apt={H264}",
        ]
    else:
        for lines, kind, ssrcs in (
            (audio, "audio", [stream.audio]),
            (video, "video", [stream.video, stream.rtx]),
        ):
            lines.append(f"a=extmap:3 {TRANSPORT_CC}")
            lines.append(f"a=msid:light {kind}")
            if len(ssrcs) > 1:
                lines.append(f"a=ssrc-group:FID {ssrcs[0]} {ssrcs[1]}")
            lines += [f"a=ssrc:{ssrc} cname:light" for ssrc in ssrcs]
        video.append(f"a=rtcp-fb:{VP8} transport-cc")
    head = [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=msid-semantic:WMS *",
    ]
    return "\r\n".join([*head, *audio, *video, ""])


def read_answer(text: str) -> Answer:
    """Parse an answer. Raises ValueError if it lacks what a connection needs."""
    values: dict[str, str] = {}
    candidates: dict[tuple[str, int], int] = {}
    transport_cc: int | None = None
    codecs: dict[int, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name in ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"):
            values.setdefault(name[2:], value.strip())
        elif name == "a=candidate":
            words = value.split()
            if len(words) >= 8 and words[2].lower() == "udp" and ":" not in words[4]:
                candidates.setdefault((words[4], int(words[5])), int(words[3]))
        elif name == "a=extmap" and TRANSPORT_CC in value:
            transport_cc = int(value.split()[0].split("/")[0])
        elif name == "a=rtpmap":
            number, encoding = value.split()[:2]
            codecs[int(number)] = encoding.split("/")[0]
    missing = {"ice-ufrag", "ice-pwd", "fingerprint", "setup"} - set(values)
    if missing or not candidates:
        raise ValueError(f"the answer has no {', '.join(sorted(missing)) or 'UDP candidate'}")
    algorithm, fingerprint = values["fingerprint"].split()
    if algorithm.lower() != "sha-256":
        raise ValueError(f"the answer's fingerprint is {algorithm}, not sha-256")
    best = sorted(
        candidates, key=lambda found: (not found[0].startswith("127."), -candidates[found])
    )
    return Answer(
        Ice(values["ice-ufrag"], values["ice-pwd"], fingerprint),
        values["setup"],
        best,
        transport_cc,
        codecs,
    )


def _feedback(number: int) -> list[str]:
    return [f"a=rtcp-fb:{number} nack", f"a=rtcp-fb:{number} nack pli"]
