"""The server under test: sends it HTTP requests and connects real media, and deletes afterwards
what was created. The clauses have the expectations.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from farmlive.client.http import parse_retry_after
from farmlive.client.media import sdp
from farmlive.client.media.rtp_peer import RtpPeer, certificate
from farmlive.conformance import description
from farmlive.conformance.description import Description
from farmlive.conformance.verdict import (
    Broken,
    Kind,
    NotApplicable,
    Untried,
    expect,
    response_words,
)

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
_OWN = "own"
_CONNECT_S = 6.0
_PATIENCE_S = 4.0


@dataclass
class OpenedSession:
    """A session that the server opened for our offer."""

    offer: Description
    answer: Description
    text: str
    response: httpx.Response
    location: str
    ice: sdp.Ice
    peer: RtpPeer | None = None

    @property
    def etag(self) -> str:
        """The entity tag of the ICE session; "" if there is none."""
        return str(self.response.headers.get("etag", ""))


class Target:
    """The server behind a WHIP or WHEP endpoint.

    `key` is the bearer token, or None. `posted` has the status of every answer to a POST.
    """

    def __init__(self, kind: Kind, url: str, key: str | None, http: httpx.AsyncClient):
        self.kind, self.url, self.key = kind, url, key
        self.posted: list[int] = []
        self._http = http
        self._locations: list[str] = []
        self._peers: list[RtpPeer] = []
        self._sample: OpenedSession | None = None

    # Requests.

    async def request(
        self,
        method: str,
        url: str | None = None,
        *,
        headers: dict[str, str] | None = None,
        content: str | bytes | None = None,
        key: str | None = _OWN,
    ) -> httpx.Response:
        """Send one request, by default with our key; repeat it once if the server asks for that by
        429 or 503 with `Retry-After`.
        """
        own = self.key if key == _OWN else key
        signed = {"Authorization": f"Bearer {own}"} if own is not None else {}
        target = url or self.url
        for last in (False, True):
            response = await self._http.request(
                method, target, headers={**signed, **(headers or {})}, content=content
            )
            wait_s = parse_retry_after(response.headers.get("retry-after"))
            limited = response.status_code in (429, 503) and wait_s is not None
            if last or not limited or wait_s is None or wait_s > _PATIENCE_S:
                return response
            await asyncio.sleep(wait_s)
        raise AssertionError

    async def post(
        self, offer: str | bytes, *, content_type: str | None = SDP, key: str | None = _OWN
    ) -> httpx.Response:
        """POST an offer; follows redirections by 307 and 308, and remembers the session."""
        headers = {"Content-Type": content_type} if content_type is not None else {}
        url = self.url
        for _ in range(5):
            response = await self.request("POST", url, headers=headers, content=offer, key=key)
            self.posted.append(response.status_code)
            location = response.headers.get("location")
            # With 406 comes a counter-offer, whose session waits (WHEP-03, section 4.2.2).
            if response.status_code in (201, 406) and location:
                self._locations.append(urljoin(url, location))
            if response.status_code not in (307, 308) or not location:
                break
            url = urljoin(url, location)
        return response

    async def patch(
        self,
        made: OpenedSession,
        body: str,
        *,
        if_match: str | None = None,
        content_type: str = FRAGMENT,
    ) -> httpx.Response:
        """PATCH a session."""
        headers = {"Content-Type": content_type}
        if if_match is not None:
            headers["If-Match"] = if_match
        return await self.request("PATCH", made.location, headers=headers, content=body)

    # Sessions.

    def offer(self, ice: sdp.Ice | None = None) -> str:
        """Return an offer as a browser writes it: one audio and one video stream."""
        return browser_offer(self.kind, ice or _ice())

    async def open_session(
        self, change: Callable[[str], str] | None = None, *, peer: RtpPeer | None = None
    ) -> OpenedSession:
        """Open a session with our offer, changed by `change`. Raises Untried if the server opens
        none, and Broken if its answer is invalid.
        """
        ice = peer.ice if peer else _ice()
        text = self.offer(ice)
        if change is not None:
            text = change(text)
        for pause_s in (0.3, 1.0, 0.0):
            response = await self.post(text)
            # A server that takes one publisher may not have forgotten the last one yet.
            if response.status_code != 409 or self.kind == "whep" or not pause_s:
                break
            await asyncio.sleep(pause_s)
        if response.status_code != 201:
            raise Untried(f"no session was made for it: {response_words(response)}")
        expect(response.headers.get("location"), "the 201 has no Location")
        try:
            answer = description.parse(response.text)
        except ValueError as error:
            raise Broken(f"the answer can't be read: {error}") from None
        location = self._locations[-1]
        return OpenedSession(
            description.parse(text), answer, response.text, response, location, ice, peer
        )

    async def sample(self) -> OpenedSession:
        """Return a session that was opened once, for clauses on the answer; it is closed
        already.
        """
        if self._sample is None:
            self._sample = await self.open_session()
            await self.delete_all()
        return self._sample

    async def open_connected(self) -> tuple[OpenedSession, RtpPeer]:
        """Open a session and complete ICE and DTLS. Raises Broken, or NotApplicable if it has no
        candidate of a kind that we support.
        """
        peer = RtpPeer(_ignore, _ignore)
        self._peers.append(peer)
        made = await self.open_session(peer=peer)
        await self.connect(made, peer)
        return made, peer

    async def connect(self, made: OpenedSession, peer: RtpPeer) -> None:
        """Connect a peer to the answer."""
        if peer not in self._peers:
            self._peers.append(peer)
        try:
            answer = sdp.read_answer(made.text)
        except ValueError as error:
            if "candidate" in str(error):
                raise NotApplicable(f"{error} over IPv4, and no other is tried here") from None
            raise Broken(str(error)) from None
        tried = ", ".join(f"{host}:{port}" for host, port in answer.candidates[:4])
        try:
            await peer.connect(answer, _CONNECT_S)
        except TimeoutError:
            raise Broken(
                f"no media connection within {_CONNECT_S:.0f} s (tried {tried} by UDP): is the "
                "port open?"
            ) from None
        except ConnectionError as error:
            raise Broken(f"{error} ({tried})") from None

    async def end(
        self, made: OpenedSession, *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """DELETE a session."""
        response = await self.request("DELETE", made.location, headers=headers)
        if response.is_success or response.status_code == 404:
            self._locations = [each for each in self._locations if each != made.location]
        return response

    async def delete_all(self) -> list[str]:
        """Delete the sessions and close the peers; return the sessions that could not be
        deleted.
        """
        left = []
        locations, self._locations = self._locations, []
        peers, self._peers = self._peers, []
        for location in locations:
            try:
                response = await self.request("DELETE", location)
            except httpx.TransportError:
                left.append(location)
                continue
            if not response.is_success and response.status_code != 404:
                left.append(location)
        for peer in peers:
            await peer.close()
        return left


def trickle_fragment(made: OpenedSession, *lines: str) -> str:
    """Return a fragment with candidates for the session (RFC 8840, section 4.4)."""
    return fragment(made, made.ice.ufrag, made.ice.password, *lines)


def fragment(made: OpenedSession, ufrag: str, password: str, *lines: str) -> str:
    """Return a fragment with these credentials and lines."""
    first = made.offer.media[0]
    mids = " ".join(mid for media in made.offer.media for mid in media.values("mid"))
    head = [
        *(f"a=ice-options:{value}" for value in made.offer.values("ice-options")),
        f"a=group:BUNDLE {mids}",
        f"m={first.kind} 9 {first.protocol} {first.formats[0]}",
        f"a=mid:{first.values('mid')[0]}",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{password}",
    ]
    return "\r\n".join([*head, *lines, ""])


def fresh_credentials() -> tuple[str, str]:
    """Return a user name fragment and a password for ICE (RFC 8839, section 5.4)."""
    return secrets.token_hex(4), secrets.token_hex(14)


def browser_offer(kind: Kind, ice: sdp.Ice) -> str:
    """Return the offer of `Target.offer`, as of a browser that supports Opus, VP8 and H264."""
    way = "sendonly" if kind == "whip" else "recvonly"
    head = [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=extmap-allow-mixed",
        "a=ice-options:trickle ice2",
        "a=msid-semantic: WMS check",
    ]
    transport = [
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ice.ufrag}",
        f"a=ice-pwd:{ice.password}",
        f"a=fingerprint:sha-256 {ice.fingerprint}",
        "a=setup:actpass",
    ]
    lines = list(head)
    for mid, kind_of_media in enumerate(("audio", "video")):
        types = "111" if kind_of_media == "audio" else "96 97 102 103"
        lines += [f"m={kind_of_media} 9 UDP/TLS/RTP/SAVPF {types}", *transport, f"a=mid:{mid}"]
        lines += [
            f"a=extmap:3 {sdp.TRANSPORT_CC}",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
            f"a={way}",
            "a=rtcp-mux",
            "a=rtcp-mux-only",
            "a=rtcp-rsize",
        ]
        lines += _AUDIO if kind_of_media == "audio" else _VIDEO
        if kind == "whip":
            lines.append(f"a=msid:check check-{kind_of_media}")
            ssrcs = [1001] if kind_of_media == "audio" else [1002, 1003]
            if len(ssrcs) > 1:
                lines.append("a=ssrc-group:FID 1002 1003")
            lines += [f"a=ssrc:{ssrc} cname:check" for ssrc in ssrcs]
    return "\r\n".join([*lines, ""])


_AUDIO = (
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
)
_FEEDBACK = ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
_VIDEO = (
    "a=rtpmap:96 VP8/90000",
    *(f"a=rtcp-fb:96 {each}" for each in _FEEDBACK),
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
    "a=rtpmap:102 H264/90000",
    *(f"a=rtcp-fb:102 {each}" for each in _FEEDBACK),
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    "a=rtpmap:103 rtx/90000",
    "a=fmtp:103 apt=102",
)


def _ice() -> sdp.Ice:
    ufrag, password = fresh_credentials()
    return sdp.Ice(ufrag, password, certificate().getFingerprints()[0].value)


def _ignore(packet: bytes, arrived_ns: int) -> None:
    return None
