"""Offers of other makers, recorded as they sent them, and what we answer.

Which of them were seen to work, and how each is set, is told in docs/clients.md.
"""

from collections.abc import Sequence

import pytest
from tests.media.support.recorded_offers import LOCAL, OFFERS, SSRCS

from farmlive.media.signalling import negotiation
from farmlive.media.wire import sdp
from farmlive.media.wire.errors import NoCommonCodec

# The codec asked for, our DTLS role, and whether it repairs, answers PLI and wants transport-cc.
PUBLISHERS = {
    "chromium-156": ("H264:baseline", "server", True, True, True),
    "ffmpeg-9.0": ("H264:high", "client", True, False, False),
    "firefox-153": ("H264:baseline", "server", True, True, True),
    "node-datachannel-0.33": ("H264:baseline", "server", True, True, False),
    "obs-30.2.3": ("H264:baseline", "server", True, True, False),
    "obs-32.2.2": ("H264:baseline", "server", True, True, False),
    "obs-32.2.2-simulcast": ("H264:baseline", "server", True, True, False),
    "pion-3.1": ("H264:baseline", "server", True, True, False),
    "werift-0.24": ("H264:baseline", "server", True, True, False),
    "whip-client-h264": ("H264:baseline", "server", False, True, False),
    "whip-client-vp8": ("VP8", "server", False, True, False),
    "whip-web-client-1.1": ("H264:baseline", "server", True, True, True),
    "wrtc-0.10": ("VP8", "server", True, True, True),
}
# What each player can be shown, of what farms send.
PLAYERS = {
    "aiortc-1.16": {"H264:baseline", "H264:high", "VP8"},
    "chromium-156": {"H264:baseline", "H264:high", "VP8", "VP9:0", "AV1"},
    "firefox-153": {"H264:baseline", "H264:high", "VP8", "VP9:0", "AV1"},
    # It loads the decoder from its maker a moment after its first start.
    "firefox-153-without-openh264": {"VP8", "VP9:0", "AV1"},
    "gstreamer-1.26": {"H264:baseline", "H264:high"},
    "node-datachannel-0.33": {"H264:baseline", "H264:high"},
    "pion-3.1": {"H264:baseline", "H264:high", "VP8", "VP9:0"},
    "webrtc-player-0.13": {"H264:baseline", "H264:high", "VP8", "VP9:0", "AV1"},
    "werift-0.24": {"H264:baseline", "H264:high"},
    "wrtc-0.10": {"VP8", "VP9:0", "AV1"},
}
SENT = ("H264:baseline", "H264:high", "VP8", "VP9:0", "AV1")


def recorded(kind: str, name: str) -> str:
    return (OFFERS / f"{kind}-{name}.sdp").read_bytes().decode()


def sections(text: str) -> list[list[str]]:
    """The lines of each m-section."""
    blocks: list[list[str]] = []
    for line in text.replace("\r", "").split("\n"):
        if line.startswith("m="):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return blocks


def assert_answers(offered: str, answer: str, direction: str) -> None:
    """Each section is answered in its place, with nothing that was not offered (RFC 3264, 6)."""
    offer = sdp.parse(offered)
    answered = sections(answer)
    assert len(answered) == len(offer.sections)
    assert answer.endswith("\r\n")
    for asked, lines in zip(offer.sections, answered, strict=True):
        kind, port, _, *types = lines[0].removeprefix("m=").split()
        assert (kind, port != "0") == (asked.kind, True)
        assert {int(number) for number in types} <= {c.payload_type for c in asked.codecs}
        assert f"a=mid:{asked.mid}" in lines
        assert f"a={direction}" in lines
        assert "a=rtcp-mux" in lines
        described = [line.split()[0] for line in lines if line.startswith("a=rtpmap:")]
        assert sorted(described) == sorted(f"a=rtpmap:{number}" for number in types)
        for line in lines:
            if line.startswith("a=extmap:"):
                number, uri = line.removeprefix("a=extmap:").split()[:2]
                assert asked.extensions[uri] == int(number.partition("/")[0])


@pytest.mark.parametrize("name", PUBLISHERS)
def test_a_publisher_of_another_maker_is_answered(name: str) -> None:
    offered = recorded("publish", name)
    answer, publishing, terms = negotiation.publish(offered, LOCAL)
    assert_answers(offered, answer, "recvonly")
    video = next(track for track in publishing.tracks if track.kind == "video")
    audio = next(track for track in publishing.tracks if track.kind == "audio")
    codec, role, nack, pli, transport_cc = PUBLISHERS[name]
    assert list(video.codecs.values()) == [codec]
    assert list(audio.codecs.values()) == ["OPUS"]
    assert (terms.role, video.nack, video.pli) == (role, nack, pli)
    assert (publishing.transport_cc is not None) == transport_cc
    assert terms.remote.ufrag in offered
    assert terms.remote.password in offered


@pytest.mark.parametrize("on_air", SENT)
@pytest.mark.parametrize("name", PLAYERS)
def test_a_player_of_another_maker_gets_what_it_can_show(name: str, on_air: str) -> None:
    offered = recorded("play", name)
    sent: Sequence[str] = [on_air, "OPUS"]
    if on_air not in PLAYERS[name]:
        with pytest.raises(NoCommonCodec, match=on_air.partition(":")[0]):
            negotiation.view(offered, LOCAL, SSRCS, sent)
        return
    answer, viewing, _ = negotiation.view(offered, LOCAL, SSRCS, sent)
    assert_answers(offered, answer, "sendonly")
    assert on_air in viewing.video
    assert "OPUS" in viewing.audio
    first = next(lines for lines in sections(answer) if lines[0].startswith("m=video"))
    assert int(first[0].split()[3]) == viewing.video[on_air].payload_type


def test_obs_keeps_to_simulcast_only_where_all_its_layers_are_taken() -> None:
    answer, publishing, _ = negotiation.publish(recorded("publish", "obs-32.2.2-simulcast"), LOCAL)
    video = next(track for track in publishing.tracks if track.kind == "video")
    assert list(video.layers) == ["2", "1", "0"], "its first is the best"
    assert publishing.rid is not None
    # It counts what this line has, to its \r\n, and goes away where one is missing.
    assert "\r\na=simulcast:recv 0;1;2\r\n" in answer


# GStreamer refuses an answer without a=setup in each section, and one that has the fingerprint both
# before the sections and in them.
@pytest.mark.parametrize("name", ["whip-client-h264", "whip-client-vp8", "chromium-156"])
def test_the_transport_is_described_in_each_section_as_the_offer_does(name: str) -> None:
    answer, _, _ = negotiation.publish(recorded("publish", name), LOCAL)
    transport = {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"}
    head = answer.partition("\r\nm=")[0].split("\r\n")
    assert not transport & {line.partition(":")[0] for line in head}
    for lines in sections(answer):
        assert transport <= {line.partition(":")[0] for line in lines}


def test_every_recorded_offer_is_tried() -> None:
    tried = {f"publish-{name}" for name in PUBLISHERS} | {f"play-{name}" for name in PLAYERS}
    assert {path.stem for path in OFFERS.glob("*.sdp")} == tried
