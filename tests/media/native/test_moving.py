"""The native engine's loop with aiortc peers: by UDP and TCP, from addresses that change, and with
one that takes nothing. As `test_tcp` and `test_moves` have it of the engine in Python.
"""

import socket
from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

import pytest
from aioice import ice
from tests.media.conftest import BROADCAST, Media, Peer, publish, serving, view
from tests.media.moving import MovingPeer, flows, moving_publisher, moving_viewer, passages
from tests.media.passage import Passage
from tests.waiting import until

from farmlive.media.native.engine import NativeEngine
from farmlive.media.sdp import parse_fragment
from farmlive.settings import Settings

__all__ = ["passages"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiortc checks its pair every five seconds; here more often."""
    monkeypatch.setattr(ice, "CONSENT_INTERVAL", 1)


@pytest.fixture(params=[0, 1], ids=["one thread", "a send thread"])
async def media(settings: Settings, request: pytest.FixtureRequest) -> AsyncIterator[Media]:
    chosen = {"engine": "native", "send_threads": request.param}
    async with serving(settings.model_copy(update=chosen)) as media:
        yield media


def engine_of(media: Media) -> NativeEngine:
    engine = media.relay._engine
    assert isinstance(engine, NativeEngine)
    return engine


def viewers(media: Media) -> list[Any]:
    """How each viewer does."""
    engine = engine_of(media)
    return [found for each in engine._peers if (found := engine.watching(each)) is not None]


def own_sockets(media: Media) -> int:
    """How many sockets at the UDP port are connected to someone."""
    count = 0
    with open("/proc/net/udp") as table:
        for line in table:
            words = line.split()
            if words[1].endswith(f":{media.relay.udp_port:04X}"):
                count += words[2] != "00000000:0000"
    return count


async def restart_ice(media: Media, peer: MovingPeer) -> None:
    """Restart ICE by PATCH; aiortc can't, so its checks get the new names in their place."""
    fragment = f"a=ice-ufrag:{token_hex(4)}\r\na=ice-pwd:{token_hex(12)}\r\n"
    headers = {
        "Content-Type": "application/trickle-ice-sdpfrag",
        "If-Match": "*",
        "Authorization": "Bearer orchard",
    }
    response = await media.http.patch(peer.location, content=fragment, headers=headers)
    assert response.status_code == 200, response.text
    told = parse_fragment(response.text)
    transport = peer.connection.getTransceivers()[0].receiver.transport.transport
    connection: Any = transport._connection
    connection.remote_username, connection.remote_password = told.ufrag, told.password


async def goes_on(viewer: Peer) -> None:
    heard, seen = viewer.frames["audio"], viewer.frames["video"]
    await until(lambda: viewer.frames["audio"] > heard + 20, "the sound goes on", 30)
    await until(lambda: viewer.frames["video"] > seen, "the picture goes on", 30)


async def is_read(media: Media) -> None:
    """Wait until a stranger's datagram to the UDP port was read."""
    ignored = media.relay.metrics()["datagrams_ignored"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"strange", ("127.0.0.1", media.relay.udp_port))
        await until(
            lambda: media.relay.metrics()["datagrams_ignored"] > ignored, "a stranger is read", 3
        )


async def test_a_viewer_moves(media: Media, passages: list[Passage]) -> None:
    await publish(media)
    viewer, way = await moving_viewer(media, passages)
    way.by_udp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    for protocol in ("udp", "tcp", "tcp", "udp"):
        if protocol == "udp":
            way.by_udp()
        else:
            await way.by_tcp()
        await restart_ice(media, viewer)
        await until(lambda: viewers(media)[0].transport == protocol, "it has moved", 20)  # noqa: B023
        await goes_on(viewer)
    # Without new names it has moved once no check comes from the old address any more.
    await way.by_tcp()
    await until(lambda: viewers(media)[0].transport == "tcp", "it has moved", 20)
    await goes_on(viewer)
    assert ("left", "orchard") not in media.gate.told


async def test_a_publisher_moves_and_its_viewers_stay(
    media: Media, passages: list[Passage]
) -> None:
    source, way = await moving_publisher(media, passages)
    way.by_udp()
    await source.negotiate()
    await flows(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    assert own_sockets(media) == 1
    for protocol in ("udp", "tcp", "udp"):
        if protocol == "udp":
            way.by_udp()
        else:
            await way.by_tcp()
        await restart_ice(media, source)
        await goes_on(viewer)
        # The socket of its own is where it is now, and nowhere else.
        assert own_sockets(media) == (protocol == "udp")
        # Whoever wakes us, those who share a socket are read.
        await is_read(media)
    assert [kind for kind, _ in media.gate.told if kind in ("joined", "left")] == ["joined"]
    assert len(media.relay.health(BROADCAST)["sources"]) == 1
    await media.http.delete(source.location, headers={"Authorization": "Bearer orchard"})
    await until(lambda: own_sockets(media) == 0, "a publisher that left has no socket")


async def test_a_viewer_that_takes_nothing_costs_the_others_nothing(
    media: Media, passages: list[Passage]
) -> None:
    await publish(media)
    quick = await view(media)
    slow, way = await moving_viewer(media, passages)
    await way.by_tcp()
    await slow.negotiate()
    await until(lambda: slow.frames["video"] > 5 and quick.frames["video"] > 5, "both decode")
    way.pause()
    before = quick.frames["video"]
    await until(lambda: media.relay.metrics()["packets_dropped"] > 0, "the slow one falls back", 30)
    assert sorted((each.transport, each.dropped > 0) for each in viewers(media)) == [
        ("tcp", True),
        ("udp", False),
    ]
    await until(lambda: quick.frames["video"] > before + 30, "the other one goes on")
    shown = slow.frames["video"]
    way.go_on()
    await until(lambda: slow.frames["video"] > shown + 20, "and so does the slow one", 30)


async def test_sound_goes_on_while_a_viewer_by_tcp_comes_back(
    media: Media, passages: list[Passage]
) -> None:
    await publish(media)
    viewer, way = await moving_viewer(media, passages)
    await way.by_tcp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    way.cut()
    await until(lambda: viewers(media)[0].dropped > 0, "nothing reaches it")
    await way.by_tcp()
    await goes_on(viewer)
