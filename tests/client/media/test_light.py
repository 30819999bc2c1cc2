import asyncio

import httpx
from tests.support.aiortc_endpoint import Endpoint
from tests.support.waiting import LONG_S

from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer, Received
from farmlive.client.media.rtp_peer import connect_directly
from farmlive.client.media.sdp import OPUS, VP8
from farmlive.client.media.synthetic_media import SyntheticStream


async def test_wired_peers_lose_nothing_and_measure_the_way() -> None:
    publisher, viewer = LightPublisher("", ""), LightViewer("")
    connect_directly(publisher.peer, viewer.peer)
    viewer.restart_measurement()
    publisher.send(SyntheticStream(1, VP8, 3), SyntheticStream(2, OPUS, 3))
    await viewer.wait_packets(150)
    await publisher.close()
    await viewer.close()
    assert set(viewer.streams) == {1, 2}
    assert viewer.lost == 0
    assert len(viewer.delays_ns) == viewer.packets
    # They are of the clock that the packets' times are of.
    assert all(0 < delay < LONG_S * 1e9 for delay in viewer.delays_ns)


async def test_light_publisher_is_received_by_aiortc(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    publisher = LightPublisher("http://farm.test/whip/B", "key", transport=transport)
    await publisher.start()
    track = next(track for track in endpoint.tracks if track.kind == "audio")
    await asyncio.wait_for(track.recv(), LONG_S)
    await publisher.close()
    assert endpoint.peers == {}


async def test_light_viewer_receives_from_aiortc(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    viewer = LightViewer("http://farm.test/whep/B", transport=transport)
    await viewer.start()
    await viewer.wait_packets(30)
    await viewer.close()
    assert viewer.lost == 0
    assert viewer.peer.undecipherable == 0
    assert endpoint.peers == {}


def account(*sequences: int) -> Received:
    received = Received(sequences[0] + 0x10000, sequences[0] + 0x10000)
    for sequence in sequences:
        received.count_packet(sequence)
    return received


def test_gap_counts_as_lost() -> None:
    assert account(10, 11, 14).lost == 2


def test_reordered_packets_are_not_lost() -> None:
    assert account(10, 12, 11).lost == 0


def test_wrap_is_not_a_gap() -> None:
    assert account(0xFFFE, 0xFFFF, 0, 1).lost == 0


def test_packet_before_the_first_counts() -> None:
    received = account(0, 0xFFFF)
    assert (received.packets, received.lost) == (2, 0)


def test_repetition_is_counted_apart() -> None:
    received = account(10, 10, 11)
    assert (received.packets, received.repeated, received.lost) == (2, 1, 0)
