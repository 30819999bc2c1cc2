"""Loss, a peer that vanishes, an address that changes."""

import asyncio
import socket

import pytest
from tests.media.support.aiortc_peers import publish, view
from tests.media.support.media_server import Media, serving
from tests.media.support.moving_peers import moving_viewer, passages
from tests.media.support.network_path import Passage
from tests.support.waiting import LONG_S, until

from farmlive.media.engine.interface import RemoteAddress, Timeouts
from farmlive.media.engine.python.net.addresses import local_addresses
from farmlive.media.wire import stun
from farmlive.settings import Settings

__all__ = ["passages"]


async def test_a_viewer_loses_packets_and_gets_them_again(
    media: Media, passages: list[Passage]
) -> None:
    await publish(media)
    viewer, way = await moving_viewer(media, passages)
    way.loses = 10
    way.by_udp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 90, "the viewer decodes all the same")
    counts = media.relay.metrics()
    assert counts["nacks_received"] > 0
    assert counts["packets_repaired"] > 0
    assert counts["packets_unrepaired"] == 0


@pytest.mark.parametrize("times", [Timeouts(silent=0.5)], ids=["soon"])
async def test_media_that_stops_is_a_pause_and_media_again_its_end(media: Media) -> None:
    source = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    senders = [(sender, sender.track) for sender in source.connection.getSenders()]
    for sender, _ in senders:
        sender.replaceTrack(None)
    await until(lambda: ("paused", "orchard") in media.access.told, "the pause is told")
    for sender, track in senders:
        sender.replaceTrack(track)
    await until(lambda: media.access.told[-1] == ("resumed", "orchard"), "its end is told")
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + 20, "the picture goes on")


@pytest.mark.parametrize("times", [Timeouts(consent=3)], ids=["soon"])
async def test_a_viewer_whose_checks_stop_is_dropped(media: Media) -> None:
    await publish(media)
    await view(media)
    await until(lambda: any(media.relay.viewers().values()), "the viewer is there")
    # aiortc checks every five seconds: long enough to be taken for gone.
    await until(lambda: not any(media.relay.viewers().values()), "the viewer is dropped")
    assert media.access.told[-1] == ("switched", "orchard"), "media is a sign of life of a source"


async def test_a_viewer_moves_to_another_address_by_a_nominated_check(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    credentials = media.session(viewer)._local.credentials
    key = credentials.password.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.setblocking(False)
        loop = asyncio.get_running_loop()
        server = ("127.0.0.1", media.relay.udp_port)

        async def check(nominate: bool, key: bytes) -> None:
            message = stun.request(f"{credentials.ufrag}:x", key, bytes(12), use_candidate=nominate)
            await loop.sock_sendto(elsewhere, message, server)

        before = media.place(viewer)
        await check(nominate=True, key=b"wrong")
        await check(nominate=False, key=key)
        answer = await asyncio.wait_for(loop.sock_recv(elsewhere, 2048), LONG_S)
        assert stun.parse(answer).kind == stun.BINDING_SUCCESS
        assert media.place(viewer) == before
        await check(nominate=True, key=key)
        # Only who is there can answer what comes there.
        asked = b""
        while asked[:2] != b"\x00\x01":
            asked = await asyncio.wait_for(loop.sock_recv(elsewhere, 2048), LONG_S)
        assert media.place(viewer) == before
        theirs = media.session(viewer)._terms.remote.password.encode()
        answered = stun.success(stun.parse(asked), "127.0.0.1", 1, theirs)
        await loop.sock_sendto(elsewhere, answered, server)
        address, port = elsewhere.getsockname()
        moved = RemoteAddress(address, port, "udp")
        await until(lambda: media.place(viewer) == moved, "the viewer has moved")

        async def media_arrives() -> None:
            while (await loop.sock_recv(elsewhere, 2048))[0] >> 6 != 2:
                pass

        await asyncio.wait_for(media_arrives(), LONG_S)


async def test_over_ipv6(settings: Settings) -> None:
    address = next((each for each in local_addresses() if ":" in each and each != "::1"), None)
    if address is None:
        pytest.skip("aiortc gathers no loopback address, and this machine has no other of IPv6")
    async with serving(settings.model_copy(update={"udp_addresses": (address,)})) as media:
        await publish(media)
        viewer = await view(media)
        await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")


async def test_a_taken_port_says_what_to_do(media: Media, settings: Settings) -> None:
    taken = settings.model_copy(update={"udp_port": media.relay.udp_port})
    with pytest.raises(OSError, match="--udp-port"):
        async with serving(taken):
            pass
