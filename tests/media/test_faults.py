"""Loss, a peer that vanishes, an address that changes."""

import asyncio
import socket

import pytest
from tests.media.conftest import Media, publish, serving, view
from tests.waiting import until

from farmlive.media import stun, upkeep
from farmlive.media.addresses import local_addresses
from farmlive.media.audience import Audience
from farmlive.media.python_engine import PythonEngine
from farmlive.media.runs import Run
from farmlive.settings import Settings


async def test_a_viewer_loses_packets_and_gets_them_again(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0
    plain_send = Audience.send

    def lossy(self: Audience, run: Run) -> int:
        nonlocal count
        count += run.count
        # Every tenth send of video is lost on its way; the sender does not know.
        return 0 if count % 10 == 0 else plain_send(self, run)

    monkeypatch.setattr(Audience, "send", lossy)
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 90, "the viewer decodes all the same")
    counts = media.relay.metrics()
    assert counts["nacks_received"] > 0
    assert counts["packets_repaired"] > 0
    assert counts["packets_unrepaired"] == 0


async def test_media_that_stops_is_a_pause_and_media_again_its_end(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "SILENT_S", 0.5)
    source = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    senders = [(sender, sender.track) for sender in source.connection.getSenders()]
    for sender, _ in senders:
        sender.replaceTrack(None)
    await until(lambda: ("paused", "orchard") in media.gate.told, "the pause is told")
    for sender, track in senders:
        sender.replaceTrack(track)
    await until(lambda: media.gate.told[-1] == ("resumed", "orchard"), "its end is told")
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + 20, "the picture goes on")


async def test_a_viewer_whose_checks_stop_is_dropped(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    monkeypatch.setattr(upkeep, "CONSENT_S", 0.5)
    # aiortc checks every five seconds: long enough to be taken for gone.
    await until(lambda: not any(media.relay.viewers().values()), "the viewer is dropped")
    assert media.gate.told[-1] == ("switched", "orchard"), "media is a sign of life of a source"


async def test_a_viewer_moves_to_another_address_by_a_nominated_check(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    engine = media.relay._engine
    assert isinstance(engine, PythonEngine)
    peer = next(each for each in engine._peers.values() if each.viewer is not None)
    credentials = peer.credentials[0]
    key = credentials.password.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.setblocking(False)
        loop = asyncio.get_running_loop()
        server = ("127.0.0.1", media.relay.udp_port)

        async def check(nominate: bool, key: bytes) -> None:
            message = stun.request(f"{credentials.ufrag}:x", key, bytes(12), use_candidate=nominate)
            await loop.sock_sendto(elsewhere, message, server)

        before = peer.address
        await check(nominate=True, key=b"wrong")
        await check(nominate=False, key=key)
        answer = await asyncio.wait_for(loop.sock_recv(elsewhere, 2048), 5)
        assert stun.parse(answer).kind == stun.BINDING_SUCCESS
        assert peer.address == before
        await check(nominate=True, key=key)
        await until(lambda: peer.address == elsewhere.getsockname(), "the viewer has moved")

        async def media_arrives() -> None:
            while (await loop.sock_recv(elsewhere, 2048))[0] >> 6 != 2:
                pass

        await asyncio.wait_for(media_arrives(), 5)


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
