import httpx
import pytest
from av import VideoFrame
from tests.support.aiortc_endpoint import Endpoint

from farmlive.client import ApiProblem
from farmlive.client.media.counter import TestPicture, read_counter
from farmlive.client.media.whep import Viewer
from farmlive.client.media.whip import Publisher


async def test_published_frames_arrive_with_their_counter(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    picture = TestPicture(640, 360)
    url = "http://farm.test/whip/B"
    async with Publisher(url, "key", video=picture, transport=transport) as publisher:
        track = next(track for track in endpoint.tracks if track.kind == "video")
        number = None
        while number is None:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            number = read_counter(frame)
        assert number in picture.made_ns
        assert publisher.session is not None
        assert publisher.session.location == "http://farm.test/whip/B/1"
    assert endpoint.requests[0].headers["Authorization"] == "Bearer key"
    assert endpoint.requests[0].headers["Content-Type"] == "application/sdp"
    assert endpoint.requests[-1].method == "DELETE"
    assert endpoint.peers == {}


async def test_viewer_decodes_frames_and_reads_the_counter(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    numbers = []
    viewer = Viewer(
        "http://farm.test/whep/B",
        lambda frame, at: numbers.append(read_counter(frame)),
        transport=transport,
    )
    async with viewer:
        await viewer.wait_frames(5)
        assert viewer.first_frame_ms > 0
    read = [number for number in numbers if number is not None]
    assert read == sorted(set(read)) != []
    assert endpoint.peers == {}


async def test_viewer_waits_while_nobody_publishes(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    endpoint.busy = 2
    async with Viewer("http://farm.test/whep/B", patience_s=5, transport=transport) as viewer:
        await viewer.wait_frames(1)
    assert len(endpoint.requests) == 4


async def test_viewer_without_patience_gets_the_problem(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    endpoint.busy = 1
    viewer = Viewer("http://farm.test/whep/B", transport=transport)
    with pytest.raises(ApiProblem) as caught:
        await viewer.start()
    await viewer.close()
    assert (caught.value.status, caught.value.retry_after) == (409, 0.0)


async def test_publisher_that_vanishes_does_not_say_so(
    endpoint: Endpoint, transport: httpx.MockTransport
) -> None:
    video = TestPicture(640, 360)
    publisher = Publisher("http://farm.test/whip/B", "key", video=video, transport=transport)
    await publisher.start()
    await publisher.vanish()
    assert [request.method for request in endpoint.requests] == ["POST"]
    (peer,) = endpoint.peers.values()
    assert peer.connectionState == "connected"
