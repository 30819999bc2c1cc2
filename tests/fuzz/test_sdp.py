"""Offers and ICE fragments from anyone: an answer, or a Problem that says what to do."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as some
from tests.fuzz.corpus import SESSIONS
from tests.fuzz.live_engine import LOCAL
from tests.fuzz.mutants import offers, steps

from farmlive.client.media.sdp import read_answer
from farmlive.media.engine.interface import Publishing, Ssrcs, Viewing
from farmlive.media.signalling import negotiation
from farmlive.media.wire import sdp
from farmlive.problems import Problem

SSRCS = Ssrcs(11, 12, 13)
OFFERS = {way: [each.offer for each in SESSIONS if each.way == way] for way in ("publish", "play")}
ALL = [offer for each in OFFERS.values() for offer in each]
NOISE = some.text(max_size=200).map(lambda text: "v=0\n" + text)
ON_AIR = some.sampled_from((["H264:baseline", "OPUS"], ["VP8", "OPUS"], ["AV1"], []))


NUMERIC = re.compile(r"\b(apt|max-fr|max-fs|maxplaybackrate|minptime|stereo|useinbandfec)=[^;\r]*")


def check_answer(offer: str, answer: str) -> SessionDescription:
    """Others read the answer, and it has the sections of the offer and no type but theirs."""
    # aiortc reads some parameters as numbers. They are the offerer's own, repeated.
    theirs = SessionDescription.parse(NUMERIC.sub(r"\1=1", answer))
    ours = read_answer(answer)
    assert ours.ice.ufrag == "ours"
    asked = sdp.parse(offer)
    assert [section.kind for section in theirs.media] == [each.kind for each in asked.sections]
    for section, media in zip(asked.sections, theirs.media, strict=True):
        if section.is_data_channel:
            assert media.port == 0
            continue
        assert len(set(media.fmt)) == len(media.fmt)
        assert set(media.fmt) <= {codec.payload_type for codec in section.codecs}
        assert media.rtp.muxId == (section.mid if section.named else "")
        for extension in media.rtp.headerExtensions:
            assert 1 <= extension.id <= 255
    # Each line is one for everybody, and all are of the offer's size.
    assert len(answer.splitlines()) == answer.count("\r\n") == answer.count("\n")
    assert all(re.match("[a-z]=", line) for line in answer.splitlines())
    assert len(answer) <= 2 * len(offer) + 4_000
    return theirs


def check_publishing(publishing: Publishing) -> None:
    for track in publishing.tracks:
        assert track.clock_rate == (90_000 if track.kind == "video" else 48_000)
        for payload_type in (*track.codecs, *track.retransmissions, *track.red):
            assert 0 <= payload_type <= 63 or 96 <= payload_type <= 127
        assert len(track.layers) <= 4
    for extension in (
        publishing.transport_cc,
        publishing.rid,
        publishing.repaired_rid,
        publishing.capture_time,
    ):
        assert extension is None or 1 <= extension <= 255


def check_viewing(viewing: Viewing) -> None:
    for outgoing in (*viewing.video.values(), *viewing.audio.values()):
        for payload_type in (outgoing.payload_type, outgoing.retransmission, outgoing.red):
            assert payload_type is None or 0 <= payload_type <= 63 or 96 <= payload_type <= 127


def test_the_recorded_offers_are_answered() -> None:
    assert all(OFFERS.values())
    for offer in OFFERS["publish"]:
        answer, publishing, _ = negotiation.publish(offer, LOCAL)
        check_answer(offer, answer)
        check_publishing(publishing)
        assert {track.kind for track in publishing.tracks} == {"audio", "video"}
    for offer in OFFERS["play"]:
        answer, viewing, _ = negotiation.view(offer, LOCAL, SSRCS, ["VP8", "OPUS"])
        check_answer(offer, answer)
        check_viewing(viewing)


@given(offers(OFFERS["publish"]) | offers(ALL) | NOISE)
def test_any_publishers_offer_is_answered_or_a_problem(text: str) -> None:
    try:
        answer, publishing, terms = negotiation.publish(text, LOCAL)
    except Problem:
        return
    check_answer(text, answer)
    check_publishing(publishing)
    assert terms.role in ("server", "client")


@given(offers(OFFERS["play"]) | offers(ALL) | NOISE, ON_AIR)
def test_any_players_offer_is_answered_or_a_problem(text: str, on_air: list[str]) -> None:
    try:
        answer, viewing, _ = negotiation.view(text, LOCAL, SSRCS, on_air)
    except Problem:
        return
    check_answer(text, answer)
    check_viewing(viewing)


FRAGMENT = (
    "a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=mid:0\r\na=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
    "a=end-of-candidates\r\n"
)


@given(offers([FRAGMENT, *ALL]) | some.text(max_size=200))
def test_any_fragment_is_read_or_a_problem(text: str) -> None:
    try:
        fragment = sdp.parse_fragment(text)
    except Problem:
        return
    for value in (fragment.ufrag, fragment.password):
        assert len(value) <= 256
        assert value in text.replace("\r", "")


def play(text: str) -> Any:
    return negotiation.view(text, LOCAL, SSRCS, ["VP8"])


def publish(text: str) -> Any:
    return negotiation.publish(text, LOCAL)


SIMULCAST = next(each.offer for each in SESSIONS if "layers" in each.name)


@pytest.mark.parametrize("read", [publish, play, sdp.parse_fragment])
@pytest.mark.parametrize(
    "line",
    [
        "a=rtpmap:{} VP8/90000", "a=rtpmap:96 VP8/90000", "a=fmtp:96 x{}=y", "a=rtcp-fb:* nack {}",
        "a=rtcp-fb:* nack", "a=extmap:{} urn:x:{}", "a=ssrc:{} cname:x", "a=rid:r{} send",
        "a=candidate:{} 1 udp 1 192.0.2.1 1 typ host", "a=fingerprint:sha-256 {}",
        "a=group:BUNDLE {}", "a=x{}:", "a=group:LS {}", "a=ice-options:{}", "a=mid:{}",
        "b=AS:{}",
    ],
)  # fmt: skip
def test_the_work_grows_with_the_number_of_lines(read: Callable[[str], Any], line: str) -> None:
    head = SIMULCAST if read is publish else OFFERS["play"][0]

    def cost(count: int) -> int:
        return steps(lambda: read(head + "".join(line.format(n, n) + "\r\n" for n in range(count))))

    none, some_lines, more = cost(0), cost(500), cost(2_000)
    assert more - none <= 4.4 * max(some_lines - none, 500)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("m=video 9 UDP/TLS/RTP/SAVPF ", " 96"), ("a=group:BUNDLE ", " 0"),
        ("a=fmtp:96 ", ";a=1"), ("a=fmtp:96 ", ";{}=1"),
        ("m=video 9 UDP/TLS/RTP/SAVPF ", " {}"), ("a=group:BUNDLE ", " {}"),
        ("a=simulcast:send ", "l;"), ("a=simulcast:send ", "l,"), ("a=rid:l send pt=", "96,"),
        ("a=rid:l send ", "a{}=1;"), ("a=extmap:3 urn:x ", " {}"), ("a=ice-options:", " {}"),
        ("a=fmtp:102 sprop-parameter-sets=", "Z0LADdkBUZ5JMBEAAAMAAQAAAwA8DxQqSA==,"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("read", [publish, play])
def test_the_work_grows_with_the_length_of_a_line(
    read: Callable[[str], Any], name: str, words: str
) -> None:
    head = SIMULCAST if read is publish else OFFERS["play"][0]
    found = next((each for each in head.split("\r\n") if each.startswith(name)), "")

    def cost(count: int) -> int:
        more = "".join(words.format(n) for n in range(count))
        text = head.replace(found, found + more) if found else head + name + more
        return steps(lambda: read(text))

    none, some_words, more_words = cost(0), cost(500), cost(2_000)
    assert more_words - none <= 4.4 * max(some_words - none, 500)


def test_simulcast_of_very_many_streams_is_no_more_work() -> None:
    def cost(count: int) -> int:
        rids = [f"a=rid:r{number} send" for number in range(count)]
        names = ";".join(f"r{number}" for number in range(count))
        at = SIMULCAST.index("a=rid:")
        rest = re.sub("a=(rid|simulcast).*", "a=x", SIMULCAST[at:])
        text = "\r\n".join([SIMULCAST[:at].rstrip(), *rids, f"a=simulcast:send {names}", rest])
        return steps(lambda: publish(text))

    none, some_streams, more = cost(0), cost(100), cost(400)
    assert more - none <= 4.4 * (some_streams - none)
