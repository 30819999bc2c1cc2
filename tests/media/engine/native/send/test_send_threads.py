"""The native engine with a send thread, and aiortc peers whose way to the server changes. With none
they are tried in `test_moves` and `test_tcp`.
"""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.media.support.aiortc_peers import publish, view
from tests.media.support.media_server import Media, serving
from tests.media.support.moving_peers import (
    flows,
    goes_on,
    moved,
    moving_publisher,
    moving_viewer,
    one_that_takes_nothing,
    passages,
    quick_checks,
    restart_ice,
)
from tests.media.support.network_path import Passage
from tests.support.waiting import until

from farmlive.media.engine.interface import Timeouts
from farmlive.settings import Settings

__all__ = ["passages", "quick_checks"]
pytestmark = [pytest.mark.native, pytest.mark.usefixtures("quick_checks")]


@pytest.fixture
async def media(tmp_path: Path) -> AsyncIterator[Media]:
    settings = Settings(
        data=tmp_path,
        udp_port=0,
        udp_addresses=("127.0.0.1",),
        engine="native",
        send_threads=1,
    )
    async with serving(settings, times=Timeouts(left_after=1.0)) as media:
        yield media


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
    for protocol in ("udp", "tcp", "udp"):
        before = media.place(viewer)
        await way.by(protocol)
        await restart_ice(media, viewer)
        await moved(media, viewer, before, protocol)
        await goes_on(viewer)


async def test_a_publisher_moves_and_everyone_is_read(
    media: Media, passages: list[Passage]
) -> None:
    source, way = await moving_publisher(media, passages)
    way.by_udp()
    await source.negotiate()
    await flows(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    for protocol in ("udp", "tcp"):
        before = media.place(source)
        await way.by(protocol)
        await restart_ice(media, source)
        await moved(media, source, before, protocol)
        await goes_on(viewer)
        # Whoever wakes us, those who share a socket are read.
        await is_read(media)


async def test_a_viewer_that_takes_nothing_costs_the_others_nothing(
    media: Media, passages: list[Passage]
) -> None:
    quick, slow, way = await one_that_takes_nothing(media, passages)
    before = quick.frames["video"]
    await until(lambda: media.relay.metrics()["packets_dropped"] > 0, "the slow one falls back")
    await until(lambda: quick.frames["video"] > before + 30, "the other one goes on")
    shown = slow.frames["video"]
    way.go_on()
    await until(lambda: slow.frames["video"] > shown + 20, "and so does the slow one")
