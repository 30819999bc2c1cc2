"""Clauses that a media connection shows: ICE, DTLS, what is sent, and how it ends (RFC 8445, RFC
8122, RFC 7675).
"""

import asyncio
import time

from farmlive.client.media.rtp_peer import RtpPeer
from farmlive.client.media.sdp import OPUS, read_answer
from farmlive.client.media.synthetic_media import SyntheticStream, audio_payload
from farmlive.conformance.clause import Registry
from farmlive.conformance.target import Target
from farmlive.conformance.verdict import Broken, expect

CHECKS = Registry()
_MEDIA_S = 4.0
_REVOKED_S = 3.0
# The other side may be at the end of the handshake still.
_SETTLED_S = 0.4


@CHECKS.clause(
    "MUST",
    "ICE and DTLS connect",
    "a check is answered, and the certificate is that of a=fingerprint",
    both="RFC 8122 §6.2",
)
async def connects(server: Target) -> None:
    """Check the answer's candidates by UDP and do the DTLS handshake."""
    await server.open_connected()


@CHECKS.clause(
    "SHOULD",
    "A client that is only a DTLS client is served",
    "a=setup:passive to a=setup:active, or 422 or 400",
    whip="4.4.4",
)
async def active_client(server: Target) -> None:
    """POST an offer with a=setup:active."""
    text = server.offer().replace("a=setup:actpass", "a=setup:active")
    response = await server.post(text)
    if response.status_code == 201:
        expect("a=setup:passive" in response.text, "the answer is not a=setup:passive")
        return
    expect(response.status_code in (400, 422), f"it answered {response.status_code}")


@CHECKS.clause(
    "MUST", "Published audio arrives", "RTCP comes back for the sound", whip="RFC 3550 §6.4"
)
async def hears(server: Target) -> None:
    """Send Opus for some seconds and wait for a receiver report of it, or any feedback."""
    ssrc, heard = 1001, asyncio.Event()

    def feedback(compound: bytes, arrived_ns: int) -> None:
        if ssrc.to_bytes(4, "big") in compound:
            heard.set()

    peer = RtpPeer(_ignore, feedback)
    made = await server.open_session(peer=peer)
    await server.connect(made, peer)
    stream = SyntheticStream(ssrc, OPUS, read_answer(made.text).transport_cc)
    until = time.monotonic() + 2 * _MEDIA_S
    sent = 0
    while time.monotonic() < until and not heard.is_set():
        stream.timestamp += 960
        sent += 1
        peer.send_rtp(stream.packet(audio_payload(), False, sent))
        if sent % 25 == 1:
            peer.send_rtcp(stream.report(int((time.time() + 2_208_988_800) * (1 << 32))))
        await asyncio.sleep(0.02)
    expect(heard.is_set(), f"nothing came back in {2 * _MEDIA_S:.0f} s")


@CHECKS.clause(
    "MUST",
    "Media matches the answer",
    "RTP in payload types of the answer, from SSRCs of the answer where it names them",
    whep="4.2.1",
)
async def plays(server: Target) -> None:
    """Connect and look at what comes for some seconds."""
    types: set[int] = set()
    ssrcs: set[int] = set()
    came = asyncio.Event()

    def take(packet: bytes, arrived_ns: int) -> None:
        types.add(packet[1] & 127)
        ssrcs.add(int.from_bytes(packet[8:12], "big"))
        came.set()

    peer = RtpPeer(take, _ignore)
    made = await server.open_session(peer=peer)
    await server.connect(made, peer)
    try:
        await asyncio.wait_for(came.wait(), _MEDIA_S)
    except TimeoutError:
        raise Broken(f"no media came in {_MEDIA_S:.0f} s: does somebody publish?") from None
    await asyncio.sleep(0.5)
    answered = {
        int(number) for media in made.answer.media for number in media.formats if number.isdecimal()
    }
    expect(types <= answered, f"payload types {sorted(types - answered)} were not answered")
    told = {int(value.split()[0]) for value in made.answer.everywhere("ssrc")}
    expect(not told or ssrcs <= told, f"SSRCs {sorted(ssrcs - told)} were not told")


async def _revokes(server: Target) -> None:
    made, peer = await server.open_connected()
    await asyncio.sleep(_SETTLED_S)
    response = await server.end(made)
    expect(response.is_success, f"DELETE was answered {response.status_code}")
    until = time.monotonic() + _REVOKED_S
    while not peer.revoked:
        if time.monotonic() > until:
            raise Broken(f"neither a DTLS alert nor a 403 came in {_REVOKED_S:.0f} s after DELETE")
        peer.send_consent_check()
        await asyncio.sleep(0.05)


@CHECKS.clause(
    "MUST",
    "The peer learns of a session's end at once",
    "a DTLS alert, or 403 to a check, right after DELETE",
    whip="4.2",
    whep="4.3",
)
async def revokes(server: Target) -> None:
    """Connect, DELETE the session, and wait for its end (RFC 7675, section 5.2)."""
    await _revokes(server)


def _ignore(packet: bytes, arrived_ns: int) -> None:
    return None
