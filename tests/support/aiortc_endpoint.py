"""A WHIP and WHEP endpoint of aiortc peers, reached without HTTP sockets: what the clients of
media are tried against before there is a server.
"""

from collections.abc import AsyncIterator

import httpx
import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from farmlive.client.media.counter import TestPicture


class Endpoint:
    """Answers offers: takes what is published, plays a test picture to viewers."""

    def __init__(self) -> None:
        self.peers: dict[str, RTCPeerConnection] = {}
        self.tracks: list[MediaStreamTrack] = []
        self.busy = 0
        self.requests: list[httpx.Request] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "DELETE":
            peer = self.peers.pop(request.url.path, None)
            if peer is None:
                return httpx.Response(404)
            await peer.close()
            return httpx.Response(200)
        if self.busy:
            self.busy -= 1
            return httpx.Response(409, json={}, headers={"Retry-After": "0"})
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.on("track", self.tracks.append)
        location = f"{request.url.path}/{len(self.requests)}"
        self.peers[location] = peer
        offer = RTCSessionDescription(sdp=request.content.decode(), type="offer")
        await peer.setRemoteDescription(offer)
        if request.url.path.startswith("/whep"):
            peer.addTrack(TestPicture(640, 360))
        await peer.setLocalDescription(await peer.createAnswer())
        return httpx.Response(
            201,
            text=peer.localDescription.sdp,
            headers={"Location": location, "ETag": '"1"', "Content-Type": "application/sdp"},
        )


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    for peer in endpoint.peers.values():
        await peer.close()


@pytest.fixture
def transport(endpoint: Endpoint) -> httpx.MockTransport:
    return httpx.MockTransport(endpoint.answer)
