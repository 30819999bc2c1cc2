"""A camera that vanishes: back within its grace it takes up its stream, and viewers keep theirs;
later it has left, and the log says so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest
from tests.support.camera_show import Show, opened_show
from tests.support.waiting import LONG_S

from farmlive.client.media.light_publisher import LightPublisher
from farmlive.media import relay
from farmlive.media.engine.interface import Timeouts
from farmlive.media.engine_choice import choose
from farmlive.server import running
from farmlive.settings import Settings

# Long enough to come back in, on a busy machine too.
GRACE_S = 5.0


@pytest.fixture
async def show(
    settings: Settings, tables: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Show]:
    monkeypatch.setattr(relay, "choose", partial(choose, timeouts=Timeouts(silent=1.5)))
    hasty = settings.model_copy(update={"source_grace_s": GRACE_S})
    async with running(hasty) as server, AsyncExitStack() as stack:
        yield await opened_show(server, stack)


def vanish(publisher: LightPublisher) -> None:
    """Neither sends nor answers any more, and says no goodbye: the phone's battery is empty."""
    assert publisher._task is not None
    publisher._task.cancel()
    publisher.session = None
    asyncio.get_running_loop().remove_reader(publisher.peer.socket)


async def test_camera_back_within_its_grace_takes_up_its_stream(show: Show) -> None:
    made = await show.api.create_stream_key(show.broadcast, "encoder", "Orchard")
    first = await show.publish(made["key"])
    await show.host.wait_for("source.switched", source=made["source"])
    viewer = await show.watch()
    await viewer.wait_packets(50)
    vanish(first)
    await show.host.wait_for("broadcast.paused")
    assert (await show.api.health(show.broadcast))["viewers"] == 1
    await show.publish(made["key"])
    await show.host.wait_for("broadcast.resumed")
    await viewer.wait_packets(viewer.packets + 100)
    assert viewer.lost == 0
    (source,) = (await show.api.health(show.broadcast))["sources"]
    assert (source["id"], source["away"]) == (made["source"], False)
    # Longer than its grace was: what was to end it is forgotten.
    with pytest.raises(TimeoutError):
        await show.host.wait_for("source.left", GRACE_S + 1)


async def test_camera_that_stays_away_has_left_and_the_log_says_so(show: Show) -> None:
    made = await show.api.create_stream_key(show.broadcast, "encoder", "Orchard")
    first = await show.publish(made["key"])
    await show.host.wait_for("source.switched", source=made["source"])
    viewer = await show.watch()
    vanish(first)
    await show.host.wait_for("broadcast.paused")
    left = await show.host.wait_for("source.left", LONG_S)
    assert left.data["source"] == made["source"]
    assert (await show.api.health(show.broadcast))["sources"] == []
    # Its viewers wait on, and get it when it is back after all.
    await show.publish(made["key"])
    await show.host.wait_for("source.joined", source=made["source"])
    await viewer.wait_packets(viewer.packets + 100)
