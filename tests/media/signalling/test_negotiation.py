"""Offers in, answers out."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.media.support.h264_sps import MAIN_WITH_B
from tests.media.support.offer_sdp import AUDIO, LOCAL, VIDEO, offer

from farmlive.media.engine.interface import Candidate, Outgoing, Ssrcs
from farmlive.media.signalling import negotiation, simulcast
from farmlive.media.wire import capture_time, disposable, sdp
from farmlive.media.wire.errors import BadSdp, NoCommonCodec, UnfitOffer

SSRCS = Ssrcs(11, 12, 13)
RED = """a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
"""


def test_a_publisher_is_asked_for_h264_and_told_all_feedback() -> None:
    answer, publishing, terms = negotiation.publish(offer("sendonly"), LOCAL)
    audio, video = publishing.tracks
    assert dict(audio.codecs) == {111: "OPUS"}
    assert dict(video.codecs) == {98: "H264:baseline"}
    assert dict(video.retransmissions) == {99: 98}
    assert (video.nack, video.pli, publishing.transport_cc) == (True, True, 3)
    assert terms.role == "server"
    assert terms.remote.ufrag == "theirs"
    lines = answer.split("\r\n")
    assert "m=video 9 UDP/TLS/RTP/SAVPF 98 99" in lines
    assert lines.count("a=recvonly") == 2
    assert lines.count("a=rtcp-mux-only") == 2
    assert lines.count("a=ice-ufrag:ours") == 2, "before all sections, and in the first"
    assert "a=ice-lite" in lines
    assert "a=setup:passive" in lines
    assert "a=rtcp-fb:98 nack pli" in lines
    assert "a=rtcp-fb:98 transport-cc" in lines
    assert "a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host" in lines
    assert not any("red" in line or "orientation" in line for line in lines)


def test_a_publisher_may_say_when_a_picture_was_captured() -> None:
    line = f"a=extmap:7 {capture_time.EXTENSION}"
    answer, publishing, _ = negotiation.publish(
        offer("sendonly", AUDIO + line + "\n", VIDEO + line + "\n"), LOCAL
    )
    assert publishing.capture_time == 7
    assert answer.split("\r\n").count(line) == 1, "only the picture's is read"
    answer, publishing, _ = negotiation.publish(offer("sendonly"), LOCAL)
    assert publishing.capture_time is None
    assert "capture" not in answer


def test_a_viewer_keeps_every_codec_and_the_one_on_air_is_first() -> None:
    answer, viewing, _ = negotiation.view(offer("recvonly"), LOCAL, SSRCS, ["H264:high", "OPUS"])
    assert viewing.video["H264:high"] == Outgoing(100, 101)
    assert viewing.video["H264:baseline"] == Outgoing(98, 99)
    assert viewing.video["H264:main"] == Outgoing(100, 101)
    assert viewing.video["VP8"] == Outgoing(96, 97)
    assert viewing.audio["OPUS"] == Outgoing(111)
    lines = answer.split("\r\n")
    assert "m=video 9 UDP/TLS/RTP/SAVPF 100 101 96 97 98 99" in lines
    assert "a=ssrc-group:FID 11 12" in lines
    assert "a=ssrc:13 cname:farmlive" in lines
    assert lines.count("a=msid:farmlive farmlive-video") == 1
    assert not any("transport-cc" in line or "extmap" in line for line in lines)


DATA = """m=application {} UDP/DTLS/SCTP webrtc-datachannel
a=mid:data
a=sctp-port:5000
"""


@pytest.mark.parametrize("first", [True, False])
def test_a_viewers_data_channel_is_declined_and_its_media_accepted(first: bool) -> None:
    data = DATA.format(9)
    sections = (data, AUDIO, VIDEO) if first else (AUDIO, VIDEO, data)
    text = offer("recvonly", *sections).replace("BUNDLE 0 1", "BUNDLE 0 1 data")
    answer, viewing, terms = negotiation.view(text, LOCAL, SSRCS, ["VP8", "OPUS"])
    assert "VP8" in viewing.video
    declined = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data"
    assert declined in answer
    assert "a=group:BUNDLE 0 1\r\n" in answer
    kinds = [line[2:7] for line in answer.split("\r\n") if line.startswith("m=")]
    assert kinds == ["appli", "audio", "video"] if first else ["audio", "video", "appli"]
    # The transport is in the first section of media, none of it in the declined one.
    audio = answer[answer.index("m=audio") : answer.index("m=video")]
    assert "a=candidate:" in audio
    assert "a=ice-ufrag:ours" in audio
    assert answer.count("a=rtcp-mux-only") == 2
    assert terms.carrier[0].startswith("m=audio")
    with pytest.raises(UnfitOffer, match="data channel"):
        negotiation.view(offer("recvonly", data), LOCAL, SSRCS, ["VP8"])


def test_an_h264_stream_finds_the_nearest_profile_of_the_viewer() -> None:
    only_baseline = VIDEO.replace("profile-level-id=640c1f", "profile-level-id=42001f")
    _, viewing, _ = negotiation.view(
        offer("recvonly", AUDIO, only_baseline), LOCAL, SSRCS, ["H264:high"]
    )
    assert viewing.video["H264:high"] == Outgoing(98, 99)


def test_red_is_taken_from_a_publisher_that_wants_to_send_it() -> None:
    first = AUDIO.replace("SAVPF 111 0", "SAVPF 63 111 0") + RED
    answer, publishing, _ = negotiation.publish(offer("sendonly", first, VIDEO), LOCAL)
    audio, video = publishing.tracks
    assert (dict(audio.codecs), dict(audio.red)) == ({111: "OPUS"}, {63: 111})
    assert (dict(audio.retransmissions), dict(video.red)) == ({}, {})
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n" in answer
    assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" in answer
    later = AUDIO.replace("SAVPF 111 0", "SAVPF 111 63 0") + RED
    answer, publishing, _ = negotiation.publish(offer("sendonly", later, VIDEO), LOCAL)
    assert (dict(publishing.tracks[0].red), "red/" in answer) == ({}, False)


def test_only_av1_has_a_dependency_descriptor_and_viewers_have_none() -> None:
    line = f"a=extmap:12 {disposable.EXTENSION}\n"
    av1 = VIDEO.replace("96 97 98 99 100 101 102", "45 46").replace("a=fmtp:98", "a=fmtp:1")
    av1 += line + "a=rtpmap:45 AV1/90000\na=rtpmap:46 rtx/90000\na=fmtp:46 apt=45\n"
    answer, publishing, _ = negotiation.publish(offer("sendonly", AUDIO, av1), LOCAL)
    assert publishing.dependency_descriptor == 12
    assert line.strip() in answer.split("\r\n")
    answer, publishing, _ = negotiation.publish(offer("sendonly", AUDIO, VIDEO + line), LOCAL)
    assert publishing.dependency_descriptor is None
    assert disposable.EXTENSION not in answer
    answer, _, _ = negotiation.view(offer("recvonly", AUDIO, av1), LOCAL, SSRCS, ["AV1"])
    assert disposable.EXTENSION not in answer


@pytest.mark.parametrize(
    ("red", "number"),
    [
        (RED, 63),
        (RED.replace("111/111", "111/0"), None),
        (RED.replace("a=fmtp:63 111/111\n", ""), None),
        (RED.replace("48000/2", "8000"), None),
    ],
)
def test_red_is_answered_to_a_viewer_whose_blocks_are_opus(red: str, number: int | None) -> None:
    text = offer("recvonly", AUDIO.replace("SAVPF 111 0", "SAVPF 63 111 0") + red, VIDEO)
    answer, viewing, _ = negotiation.view(text, LOCAL, SSRCS, ["VP8", "OPUS"])
    assert viewing.audio["OPUS"] == Outgoing(111, None, number)
    assert ("m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n" in answer) == (number is not None)


@pytest.mark.parametrize("mode", ["", ";packetization-mode=0"])
def test_h264_without_fragments_is_taken_from_a_publisher_that_has_no_other(mode: str) -> None:
    single = VIDEO.replace("packetization-mode=1;", "").replace("1f\n", f"1f{mode}\n")
    alone = single.replace("VP8/", "VP1/")
    _, publishing, _ = negotiation.publish(offer("sendonly", AUDIO, alone), LOCAL)
    assert dict(publishing.tracks[1].codecs) == {98: "H264:baseline"}
    _, publishing, _ = negotiation.publish(offer("sendonly", AUDIO, single), LOCAL)
    assert dict(publishing.tracks[1].codecs) == {96: "VP8"}
    with pytest.raises(NoCommonCodec):
        negotiation.view(offer("recvonly", AUDIO, alone), LOCAL, SSRCS, ["H264:baseline"])
    interleaved = VIDEO.replace("VP8/", "VP1/").replace("mode=1", "mode=2")
    with pytest.raises(NoCommonCodec):
        negotiation.publish(offer("sendonly", AUDIO, interleaved), LOCAL)


def test_forward_error_correction_is_never_answered() -> None:
    fec = """a=rtpmap:116 ulpfec/90000
a=rtpmap:49 flexfec-03/90000
a=fmtp:49 repair-window=10000000
"""
    section = VIDEO.replace("100 101 102", "100 101 102 116 49") + fec
    for answer in (
        negotiation.publish(offer("sendonly", AUDIO, section), LOCAL)[0],
        negotiation.view(offer("recvonly", AUDIO, section), LOCAL, SSRCS, ["VP8"])[0],
    ):
        assert "flexfec" not in answer
        assert "ulpfec" not in answer
        assert "red/" not in answer


def test_a_candidate_by_tcp_says_that_we_wait() -> None:
    candidates = [Candidate("192.0.2.7", 8189), Candidate("192.0.2.7", 8190, "tcp")]
    local = negotiation.Local(LOCAL.credentials, LOCAL.fingerprint, candidates)
    answer, _, _ = negotiation.publish(offer("sendonly"), local)
    udp, tcp = (line for line in answer.split("\r\n") if line.startswith("a=candidate"))
    assert udp == "a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host"
    assert tcp == "a=candidate:2 1 tcp 1520434943 192.0.2.7 8190 typ host tcptype passive"


def test_the_mid_extension_is_agreed_to_in_every_answer() -> None:
    line = "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\n"
    for answer in (
        negotiation.publish(offer("sendonly", AUDIO + line, VIDEO + line), LOCAL)[0],
        negotiation.view(offer("recvonly", AUDIO + line, VIDEO + line), LOCAL, SSRCS, ["VP8"])[0],
    ):
        assert answer.replace("\r", "").count(line) == 2


def test_a_viewer_may_measure_the_round_trip_where_it_offers_to() -> None:
    line = "a=rtcp-xr:rcvr-rtt=all\n"
    asked, _, _ = negotiation.view(offer("recvonly", AUDIO, VIDEO + line), LOCAL, SSRCS, ["VP8"])
    assert asked.replace("\r", "").count(line) == 1
    plain, _, _ = negotiation.view(offer("recvonly"), LOCAL, SSRCS, ["VP8"])
    assert "rtcp-xr" not in plain


def test_ice_options_and_names_are_answered_as_they_were_offered() -> None:
    answer, _, _ = negotiation.publish(offer("sendonly"), LOCAL)
    assert "ice-options" not in answer
    trickle = offer("sendonly").replace("a=setup", "a=ice-options:trickle renomination\na=setup")
    assert "a=ice-options:trickle\r\n" in negotiation.publish(trickle, LOCAL)[0]
    nameless = offer("sendonly", AUDIO.replace("a=mid:0\n", "")).replace("a=group:BUNDLE 0 1\n", "")
    answer, _, _ = negotiation.publish(nameless, LOCAL)
    assert "a=mid" not in answer
    assert "BUNDLE" not in answer
    step = offer("sendonly").replace("a=setup", "a=group:LS 0 1\na=group:LS 0 9\na=setup")
    answer, _, _ = negotiation.publish(step, LOCAL)
    assert "a=group:LS 0 1\r\n" in answer
    assert "LS 0 9" not in answer


def test_a_passive_client_makes_us_the_dtls_client() -> None:
    text = offer("sendonly").replace("actpass", "passive")
    answer, _, terms = negotiation.publish(text, LOCAL)
    assert terms.role == "client"
    assert "a=setup:active\r\n" in answer


def test_audio_alone_and_no_bundle_are_served() -> None:
    text = offer("sendonly", AUDIO).replace("a=group:BUNDLE 0 1\n", "")
    _, publishing, _ = negotiation.publish(text, LOCAL)
    assert [track.kind for track in publishing.tracks] == ["audio"]


@pytest.mark.parametrize(
    ("text", "problem", "word"),
    [
        ("", BadSdp, "v=0"),
        ("v=0\nm", BadSdp, "Line 2"),
        ("v=0\ns=-", BadSdp, "m-line"),
        ("v=0\nm=audio", BadSdp, "media description"),
        (offer("sendonly").replace("a=ice-pwd", "a=x"), BadSdp, "ice-pwd"),
        (offer("sendonly").replace("a=fingerprint", "a=x"), BadSdp, "fingerprint"),
        (offer("sendonly").replace("/90000", "/abc"), BadSdp, "clock rate"),
        (offer("recvonly"), UnfitOffer, "sendonly"),
        (offer("sendonly").replace("actpass", "holdconn"), UnfitOffer, "actpass"),
        (offer("sendonly").replace("their-password-of-22-letters", "short"), BadSdp, "22"),
        (offer("sendonly").replace("a=setup", "a=ice-lite\na=setup"), UnfitOffer, "full ICE"),
        (offer("sendonly").replace("m=video 9", "m=video 0"), UnfitOffer, "video section"),
        (offer("sendonly").replace("BUNDLE 0 1", "BUNDLE 0"), UnfitOffer, "BUNDLE"),
        (offer("sendonly").replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), UnfitOffer, "DTLS"),
        (offer("sendonly", AUDIO, VIDEO, VIDEO), UnfitOffer, "at most one"),
        (offer("sendonly", AUDIO, "m=application 9 x y\na=mid:1\n"), UnfitOffer, "data channel"),
        (offer("sendonly").replace("opus", "G722"), NoCommonCodec, "Opus"),
        (offer("sendonly", AUDIO, VIDEO.replace("VP8", "H265").replace("H264", "H266")),
         NoCommonCodec, "VP8"),
        (offer("sendonly", AUDIO, VIDEO.replace("VP8", "H265").replace("=42e0", "=f400")
               .replace("=640c", "=7a00")), NoCommonCodec, "profile"),
        (offer("sendonly").replace("profile-level-id=42e01f", "profile-level-id=4d001f;sprop-"
               "parameter-sets=" + base64.b64encode(MAIN_WITH_B).decode()),
         NoCommonCodec, "B-frames"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_what_to_do(
    text: str, problem: type[Exception], word: str
) -> None:
    with pytest.raises(problem, match=word):
        negotiation.publish(text, LOCAL)


def test_a_viewer_without_the_codec_on_air_is_told_so() -> None:
    with pytest.raises(NoCommonCodec, match=r"The farm sends AV1.*农场发送的是 AV1") as refused:
        negotiation.view(offer("recvonly"), LOCAL, SSRCS, ["AV1", "OPUS"])
    assert refused.value.body()["codec"] == "AV1"
    with pytest.raises(UnfitOffer, match="recvonly"):
        negotiation.view(offer("sendonly"), LOCAL, SSRCS, ["VP8"])


@pytest.mark.parametrize(
    "line",
    [
        "a=rtpmap:{} VP8/90000", "a=rtpmap:96 VP8/{}", "a=rtpmap:111 opus/48000/{}", "a=fmtp:{} x",
        "a=extmap:{} urn:x", "a=rtcp-fb:{} nack", "a=rid:h send pt={}", "a=rid:h send max-width={}",
    ],
)  # fmt: skip
def test_a_number_of_any_length_is_taken_or_refused(line: str) -> None:
    layers = "a=rid:h send max-width=1\na=rid:l send max-width=2\na=simulcast:send h;l\n"
    layers += f"a=extmap:9 {simulcast.RID}\n"
    for digits in ("9" * 5000, "0" * 5000, "٣" * 5000, "²"):
        try:
            negotiation.publish(
                offer("sendonly", AUDIO, VIDEO + layers + line.format(digits)), LOCAL
            )
        except (BadSdp, NoCommonCodec):
            continue


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("m=video 9 ", f"m=video {'9' * 5000} ", BadSdp), ("m=video 9 ", "m=video 65536 ", BadSdp),
        ("a=mid:1", "a=mid:1\ra=x", BadSdp), ("a=mid:1", "a=mid:1\u2028a=x", BadSdp),
        ("a=mid:1", "a=mid:1 2", BadSdp), ("a=mid:1", "a=mid:0", BadSdp),
        ("UDP/TLS/RTP/SAVPF", "xSAVPx", UnfitOffer), ("VP8/90000", "VP8/48000", NoCommonCodec),
        ("opus/48000", "opuſ/48000", NoCommonCodec), ("opus/48000", "opus/8000", NoCommonCodec),
    ],
)  # fmt: skip
def test_what_no_answer_could_say_is_refused(old: str, new: str, problem: type[Exception]) -> None:
    text = offer("sendonly", AUDIO, VIDEO.replace("H264", "H265"))
    negotiation.publish(text, LOCAL)
    with pytest.raises(problem):
        negotiation.publish(text.replace(old, new), LOCAL)


def test_a_type_that_looks_like_rtcp_is_not_taken() -> None:
    text = offer("recvonly").replace(" 96 97 ", " 72 97 ").replace(":96 ", ":72 ")
    _, viewing, _ = negotiation.view(text, LOCAL, SSRCS, ["H264:high", "OPUS"])
    assert "VP8" not in viewing.video


def test_what_is_offered_again_and_again_is_answered_once() -> None:
    again = VIDEO.replace(" 96 97 ", f" {'96 ' * 900}97 ") + "a=rtcp-fb:* nack\n" * 900
    text = offer("recvonly", AUDIO, again).replace("BUNDLE 0 1", "BUNDLE 0 1" + " 1" * 900)
    answer, _, _ = negotiation.view(text, LOCAL, SSRCS, ["VP8", "OPUS"])
    assert "a=group:BUNDLE 0 1\r\n" in answer
    assert answer.count("a=rtcp-fb:96 nack\r\n") == 1
    assert len(sdp.parse(text).sections[1].codecs) == 7


@given(some.lists(some.sampled_from([*offer("sendonly").split("\n"), "m=", "a=rtpmap:1 x/0", "b"])))
def test_any_offer_is_answered_or_refused(lines: list[str]) -> None:
    try:
        answer, _, _ = negotiation.publish("\n".join(["v=0", *lines]), LOCAL)
    except (BadSdp, UnfitOffer, NoCommonCodec):
        return
    assert answer.startswith("v=0")


@given(some.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (sdp.parse, sdp.parse_fragment):
        try:
            read("v=0\n" + text)
        except BadSdp:
            continue


def test_who_takes_no_rtx_is_promised_no_repairs() -> None:
    lines = VIDEO.splitlines(keepends=True)
    bare = "".join(line for line in lines if "rtx" not in line and "apt=" not in line)
    for video, repaired in ((VIDEO, True), (bare, False)):
        answer, *_ = negotiation.view(offer("recvonly", AUDIO, video), LOCAL, SSRCS, ["VP8"])
        assert ("a=rtcp-fb:96 nack\r\n" in answer) is repaired
        assert "a=rtcp-fb:96 nack pli\r\n" in answer
