"""The whole way over loopback with stock aiortc peers."""

import pytest

from tests.media.conftest import Media, publish, until, view


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_early_and_late_viewer_decode(media: Media, codec: str) -> None:
    source = await publish(media, codec)
    await until(lambda: ("joined", "orchard") in media.gate.told, "the source joined")
    early = await view(media)
    await until(lambda: early.frames["video"] > 30, "the early viewer decodes")
    late = await view(media)
    await until(lambda: late.frames["video"] > 10, "the late viewer decodes")
    await until(lambda: late.frames["audio"] > 10, "the late viewer hears")
    assert media.gate.told == [("joined", "orchard"), ("switched", "orchard")]
    for peer in (late, early, source):
        await peer.close()
