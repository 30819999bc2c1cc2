"""A phone that moves: its address changes on either side, by UDP and TCP; the stream goes on."""

import pytest
from tests.media.support.aiortc_peers import publish, view
from tests.media.support.media_server import BROADCAST, Media
from tests.media.support.moving_peers import (
    flows,
    goes_on,
    moved,
    moving_publisher,
    moving_viewer,
    passages,
    quick_checks,
    restart_ice,
)
from tests.media.support.network_path import Passage
from tests.support.waiting import until

from farmlive.media.engine.interface import Timeouts

__all__ = ["passages", "quick_checks"]
pytestmark = pytest.mark.usefixtures("quick_checks")


@pytest.fixture
def times() -> Timeouts:
    """aiortc names its pair once and for all."""
    return Timeouts(left_after=1.0)


@pytest.mark.parametrize("restarts", [False, True], ids=["checks", "restart"])
async def test_a_viewer_moves_from_udp_to_tcp_and_back(
    media: Media, passages: list[Passage], restarts: bool
) -> None:
    await publish(media)
    viewer, way = await moving_viewer(media, passages)
    way.by_udp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    for protocol in ("udp", "tcp", "tcp", "udp"):
        before = media.place(viewer)
        await way.by(protocol)
        if restarts:
            await restart_ice(media, viewer)
        await moved(media, viewer, before, protocol)
        await goes_on(viewer)
    assert ("left", "orchard") not in media.access.told


async def has_sockets(media: Media, count: int) -> None:
    """Wait until a publisher has its own socket where it has proved to be, and nowhere else."""
    await until(lambda: media.held["sockets"] == count, f"{count} sockets of publishers")


@pytest.mark.parametrize("restarts", [False, True], ids=["checks", "restart"])
async def test_a_publisher_moves_and_its_viewers_stay(
    media: Media, passages: list[Passage], restarts: bool
) -> None:
    source, way = await moving_publisher(media, passages)
    way.by_udp()
    await source.negotiate()
    await flows(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    for protocol in ("udp", "tcp", "udp"):
        before = media.place(source)
        await way.by(protocol)
        if restarts:
            await restart_ice(media, source)
        await moved(media, source, before, protocol)
        await has_sockets(media, protocol == "udp")
        await goes_on(viewer)
    assert [kind for kind, _ in media.access.told if kind in ("joined", "left")] == ["joined"]
    assert len(media.relay.health(BROADCAST)["sources"]) == 1


async def test_the_old_pair_serves_until_the_new_one_does(
    media: Media, passages: list[Passage]
) -> None:
    await publish(media)
    viewer, way = await moving_viewer(media, passages)
    way.by_udp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    place = media.place(viewer)
    for _ in range(3):
        # Nothing ever checks with what these restarts gave.
        response = await media.http.patch(
            viewer.location,
            content="a=ice-ufrag:nothing\r\na=ice-pwd:0123456789012345678901\r\n",
            headers={"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"},
        )
        assert response.status_code in (200, 204)
    # The publisher's, and the viewer's old and newest.
    assert media.held["ufrags"] == 3
    answered = way.passed["stun"]
    await until(lambda: way.passed["stun"] > answered, "its old checks are answered")
    await goes_on(viewer)
    assert media.place(viewer) == place


async def test_who_joined_by_tcp_has_its_link_estimated_once_it_comes_by_udp(
    media: Media, passages: list[Passage]
) -> None:
    def link() -> str | None:
        health = media.engine.viewer_health(media.session(viewer).peer)
        return None if health is None else health.link

    await publish(media)
    viewer, way = await moving_viewer(media, passages)
    await way.by("tcp")
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    assert link() == "wide", "its send queue shows what it carries"
    before = media.place(viewer)
    await way.by("udp")
    await moved(media, viewer, before, "udp")
    await until(lambda: link() == "unknown", "its link is estimated anew")
    await goes_on(viewer)
