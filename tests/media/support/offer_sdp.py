"""SDP offers as browsers write them, section by section."""

from farmlive.media.engine.interface import Candidate, Credentials
from farmlive.media.signalling import negotiation

LOCAL = negotiation.Local(
    Credentials("ours", "our-password"),
    "AA:BB",
    [Candidate("192.0.2.7", 8189), Candidate("2001:db8::7", 8189)],
)
HEAD = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=ice-ufrag:theirs
a=ice-pwd:their-password-of-22-letters
a=fingerprint:sha-256 11:22
a=setup:actpass
"""
AUDIO = """m=audio 9 UDP/TLS/RTP/SAVPF 111 0
c=IN IP4 0.0.0.0
a=mid:0
a=DIRECTION
a=rtcp-mux
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtcp-fb:111 transport-cc
"""
VIDEO = """m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101 102
c=IN IP4 0.0.0.0
a=mid:1
a=DIRECTION
a=rtcp-mux
a=extmap:2/sendonly urn:3gpp:video-orientation some attributes
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=ssrc:5
a=ssrc:5 cname
a=rtpmap:96 VP8/90000
a=rtcp-fb:* nack
a=rtcp-fb:* nack pli
a=rtcp-fb:96 transport-cc
a=rtcp-fb:98 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 H264/90000
a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:100 H264/90000
a=fmtp:100 packetization-mode=1;profile-level-id=640c1f
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=rtpmap:102 red/90000
"""
SDP_TYPE = "application/sdp"
SDP = {"Content-Type": SDP_TYPE}


def offer(direction: str, *sections: str) -> str:
    return HEAD + "".join(sections or (AUDIO, VIDEO)).replace("DIRECTION", direction)
