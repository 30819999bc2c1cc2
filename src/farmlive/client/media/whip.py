"""A full WHIP publisher by aiortc: it encodes a track and sends it, as a camera does.

For tests and the selftest; light_publisher.py is for load.
"""

import asyncio
from typing import Self

import httpx
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack

from farmlive.client.media import signalling
from farmlive.client.media.counter import TestPicture


class Publisher:
    """Publishes one video and one audio track to a WHIP endpoint.

    `url` is the endpoint, `key` the stream key. Without tracks it sends a test picture of 1280 by
    720 with a frame counter, and silence. `codec` is VP8 or H264.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        video: MediaStreamTrack | None = None,
        audio: MediaStreamTrack | None = None,
        codec: str = "VP8",
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        self.url, self.key = url, key
        self.video: MediaStreamTrack = video or TestPicture()
        self.audio: MediaStreamTrack = audio or AudioStreamTrack()
        self.codec = codec
        self.session: signalling.MediaSession | None = None
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._http = signalling.client(transport)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self, timeout_s: float = 10.0) -> None:
        """Publish, and return once media flows. Raises ApiProblem if the server refuses."""
        self.peer.addTrack(self.audio)
        self.peer.addTrack(self.video)
        for transceiver in self.peer.getTransceivers():
            transceiver.direction = "sendonly"
            if transceiver.kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                wanted = (f"video/{self.codec}".lower(), "video/rtx")
                transceiver.setCodecPreferences(
                    [codec for codec in codecs if codec.mimeType.lower() in wanted]
                )
        await self.peer.setLocalDescription(await self.peer.createOffer())
        self.session = await signalling.post_offer(
            self._http, self.url, self.peer.localDescription.sdp, bearer=self.key
        )
        await self.peer.setRemoteDescription(
            RTCSessionDescription(sdp=self.session.answer, type="answer")
        )
        await wait_connected(self.peer, timeout_s)

    async def vanish(self) -> None:
        """Stop without a message to the server, as a phone that lost its network."""
        for sender in self.peer.getSenders():
            await sender.transport.transport.stop()
        self.session = None
        await self.close()

    async def close(self) -> None:
        """End the session on the server and stop."""
        try:
            if self.session is not None:
                await signalling.delete_session(self._http, self.session.location, self.key)
                self.session = None
        finally:
            await self.peer.close()
            await self._http.aclose()


async def wait_connected(peer: RTCPeerConnection, timeout_s: float) -> None:
    """Wait until ICE and DTLS are done. Raises ConnectionError if they fail."""
    changed = asyncio.Event()
    peer.on("connectionstatechange", changed.set)
    async with asyncio.timeout(timeout_s):
        while peer.connectionState != "connected":
            if peer.connectionState in ("failed", "closed"):
                raise ConnectionError(f"the peer connection {peer.connectionState}")
            changed.clear()
            await changed.wait()
