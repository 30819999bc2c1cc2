"""Media's events in the log."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from farmlive.broadcast.events import EventModel
from farmlive.broadcast.models import NewBroadcast
from farmlive.media import MediaEvent
from farmlive.media_bridge.event_writer import EventWriter
from farmlive.server import Server


async def test_media_events_go_on_after_one_that_could_not_be_written(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title={"en": "One"}))
    write, written = house.broadcasts.media_event, []

    async def flaky(broadcast: str, event: EventModel, *rest: Any) -> bool:
        written.append(event)
        if len(written) == 1:
            raise KeyError("a fault of ours")
        return await write(broadcast, event, *rest)

    monkeypatch.setattr(house.broadcasts, "media_event", flaky)
    telling = EventWriter(house.broadcasts, house.media.leases)
    async with house.media.leases.held(made.id):
        with capture_logs() as logs:
            telling.write(MediaEvent("joined", made.id, "a camera", "Orchard"))
            telling.write(MediaEvent("left", made.id, "a camera", "Orchard"))
            await telling.stop()
    assert [line["event"] for line in logs] == [
        "media events were not written",
        "media events are written again",
    ]
    kept = await house.store.read(lambda connection: house.log.events(connection, made.id))
    assert [event.kind for event in kept] == ["source.left"]
