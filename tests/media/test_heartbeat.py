"""Silence means a lost way: whoever gets nothing hears from us all the same."""

import pytest
from tests.media.conftest import Media, publish, view
from tests.waiting import until

from farmlive.media.peer import EnginePeer
from farmlive.media.python_engine import PythonEngine


async def test_viewers_of_a_camera_that_pauses_hear_from_us(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 5, "the viewer decodes")
    heard = 0
    engine = media.relay._engine
    assert isinstance(engine, PythonEngine)
    entry = next(each for each in engine._peers.values() if each.viewer is not None)
    send_rtcp = EnginePeer.send_rtcp

    def noted(self: EnginePeer, data: bytes | None) -> None:
        nonlocal heard
        heard += self is entry and data is not None
        send_rtcp(self, data)

    monkeypatch.setattr(EnginePeer, "send_rtcp", noted)
    for sender in source.connection.getSenders():
        sender.replaceTrack(None)
    # Sender reports alone would be seven in this time.
    await until(lambda: heard >= 12, "it is told something twice a second", 12)
