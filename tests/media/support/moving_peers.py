"""aiortc peers whose way to the server a test may change."""

import asyncio
from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

import pytest
from aioice import ice
from aiortc import RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from tests.media.support.aiortc_peers import (
    Noise,
    Peer,
    Picture,
    peer_connection,
    publish,
    view,
)
from tests.media.support.media_server import BROADCAST, Media
from tests.media.support.network_path import Passage
from tests.support.waiting import until

from farmlive.media.engine.interface import RemoteAddress
from farmlive.media.wire.sdp import parse_fragment


class MovingPeer(Peer):
    """A peer that reaches the server through a passage."""

    path: str
    passage: Passage

    async def negotiate(self) -> None:
        """Offer, and go through the passage."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        response = await self.media.http.post(
            self.path,
            content=self.connection.localDescription.sdp,
            headers={"Content-Type": "application/sdp", "Authorization": "Bearer orchard"},
        )
        assert response.status_code == 201, response.text
        self.location, self.etag = response.headers["location"], response.headers["etag"]
        answer = self.passage.lead_here(response.text)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiortc checks every five seconds; a browser is quicker."""
    monkeypatch.setattr(ice, "CONSENT_INTERVAL", 0.5)
    monkeypatch.setattr(ice, "CONSENT_FAILURES", 60)


@pytest.fixture
async def passages() -> AsyncIterator[list[Passage]]:
    """The passages of a test."""
    opened: list[Passage] = []
    yield opened
    for passage in opened:
        passage.close()


def _through(media: Media, passages: list[Passage], path: str) -> tuple[MovingPeer, Passage]:
    ways: dict[str, Any] = {}
    for candidate in media.relay.candidates:
        ways.setdefault(candidate.protocol, (candidate.address, candidate.port))
    passage = Passage(ways["udp"], ways["tcp"])
    passages.append(passage)
    peer = MovingPeer(peer_connection(), media)
    peer.path, peer.passage = path, passage
    return peer, passage


async def flows(media: Media) -> None:
    """Wait until the orchard's media comes."""
    await until(
        lambda: any(not each["away"] for each in media.relay.health(BROADCAST)["sources"]),
        "the publisher's media flows",
    )


async def moving_viewer(media: Media, passages: list[Passage]) -> tuple[MovingPeer, Passage]:
    """A viewer, before its offer."""
    peer, passage = _through(media, passages, f"/whep/{BROADCAST}")

    def on_track(track: MediaStreamTrack) -> None:
        peer.tasks.append(asyncio.ensure_future(peer.count(track)))

    peer.connection.on("track", on_track)
    peer.connection.addTransceiver("video", direction="recvonly")
    peer.connection.addTransceiver("audio", direction="recvonly")
    return peer, passage


async def moving_publisher(media: Media, passages: list[Passage]) -> tuple[MovingPeer, Passage]:
    """A publisher, before its offer."""
    peer, passage = _through(media, passages, f"/whip/{BROADCAST}")
    peer.connection.addTransceiver(Picture(), direction="sendonly")
    peer.connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
    return peer, passage


async def one_that_takes_nothing(
    media: Media, passages: list[Passage]
) -> tuple[Peer, MovingPeer, Passage]:
    """Two viewers that both decode, the second by TCP; from then on it takes nothing.

    The picture is hard to code, so that what the system holds for a connection is soon full.
    """
    await publish(media, picture=Noise())
    quick = await view(media)
    slow, way = await moving_viewer(media, passages)
    await way.by_tcp()
    await slow.negotiate()
    await until(lambda: slow.frames["video"] > 5 and quick.frames["video"] > 5, "both decode")
    way.pause()
    return quick, slow, way


async def restart_ice(media: Media, peer: MovingPeer) -> None:
    """Restart ICE by PATCH; aiortc can't, so it gets the new names in the place of the old."""
    ufrag, password = token_hex(4), token_hex(12)
    fragment = f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n"
    response = await media.http.patch(
        peer.location,
        content=fragment,
        headers={
            "Content-Type": "application/trickle-ice-sdpfrag",
            "If-Match": "*",
            "Authorization": "Bearer orchard",
        },
    )
    assert response.status_code == 200, response.text
    told = parse_fragment(response.text)
    transport = peer.connection.getTransceivers()[0].receiver.transport.transport
    connection: Any = transport._connection
    connection.remote_username, connection.remote_password = told.ufrag, told.password
    connection._local_username, connection._local_password = ufrag, password


async def goes_on(viewer: Peer) -> None:
    """Wait until the viewer hears more, and sees something more: after a gap aiortc takes its time
    to begin with a new keyframe.
    """
    heard, seen = viewer.frames["audio"], viewer.frames["video"]
    await until(lambda: viewer.frames["audio"] > heard + 20, "the sound goes on")
    await until(lambda: viewer.frames["video"] > seen, "the picture goes on")


async def moved(media: Media, peer: Peer, before: RemoteAddress | None, protocol: str) -> None:
    """Wait until it is elsewhere."""

    def is_elsewhere() -> bool:
        place = media.place(peer)
        return place is not None and place != before and place.protocol == protocol

    await until(is_elsewhere, f"it has moved to {protocol}")
