"""Silence means a lost way: whoever gets nothing hears from us all the same."""

from tests.media.support.aiortc_peers import publish
from tests.media.support.media_server import Media
from tests.media.support.moving_peers import moving_viewer, passages
from tests.media.support.network_path import Passage
from tests.support.waiting import until

__all__ = ["passages"]


async def test_viewers_of_a_camera_that_pauses_hear_from_us(
    media: Media, passages: list[Passage]
) -> None:
    source = await publish(media)
    viewer, way = await moving_viewer(media, passages)
    way.by_udp()
    await viewer.negotiate()
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    for sender in source.connection.getSenders():
        sender.replaceTrack(None)
    before = way.passed["rtcp"]
    # Twelve take six seconds. Sender reports alone would take twenty: they are seven in twelve.
    await until(lambda: way.passed["rtcp"] >= before + 12, "it hears us twice a second", 18)
