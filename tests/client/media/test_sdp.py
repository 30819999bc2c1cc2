import pytest
from aiortc.sdp import SessionDescription

from farmlive.client.media.sdp import TRANSPORT_CC, Ice, Stream, offer, read_answer

ICE = Ice("ufrag", "password-of-24-characters", ":".join(["AB"] * 32))
ANSWER = f"""v=0
a=ice-lite
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=ice-ufrag:u1
a=ice-pwd:p1
a=fingerprint:sha-256 {ICE.fingerprint}
a=setup:passive
a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host
a=candidate:2 1 UDP 2130706430 127.0.0.1 8189 typ host
a=candidate:3 1 udp 2130706429 2001:db8::1 8189 typ host
a=rtpmap:111 opus/48000/2
m=video 9 UDP/TLS/RTP/SAVPF 96
a=ice-ufrag:u1
a=extmap:3/sendonly {TRANSPORT_CC}
a=rtpmap:96 VP8/90000
"""


@pytest.mark.parametrize("stream", [None, Stream(1, 2, 3)])
def test_offer_is_what_aiortc_reads(stream: Stream | None) -> None:
    read = SessionDescription.parse(offer(ICE, stream))
    assert [media.kind for media in read.media] == ["audio", "video"]
    assert {media.direction for media in read.media} == {"sendonly" if stream else "recvonly"}
    assert read.media[1].ice is not None
    assert read.media[1].ice.usernameFragment == "ufrag"
    assert read.media[1].rtp.codecs[0].name == "VP8"


def test_answer_gives_loopback_first_and_no_ipv6() -> None:
    answer = read_answer(ANSWER)
    assert answer.candidates == [("127.0.0.1", 8189), ("192.0.2.1", 8189)]
    assert answer.ice == Ice("u1", "p1", ICE.fingerprint)
    assert (answer.setup, answer.transport_cc) == ("passive", 3)
    assert answer.codecs == {111: "opus", 96: "VP8"}


@pytest.mark.parametrize("missing", ["a=ice-pwd", "a=fingerprint", "a=setup", "a=candidate"])
def test_answer_that_lacks_something_is_refused(missing: str) -> None:
    kept = [line for line in ANSWER.splitlines() if not line.startswith(missing)]
    with pytest.raises(ValueError, match="the answer has no"):
        read_answer("\n".join(kept))
