"""Checks of what the bus did not report: ended broadcasts and guests' links."""

from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.waiting import until

from farmlive.broadcast.models import NewBroadcast
from farmlive.media_bridge import broadcast_states, session_closer
from farmlive.media_bridge.session_closer import SessionCloser
from farmlive.server import Server
from farmlive.store import NotRead


async def test_whether_guests_may_stay_is_lost_and_back_by_itself(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether broadcasts are over is known all the while."""
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title={"en": "One"}))
    over, failed, looked = house.people.guests.filter_ended, 0, 0

    async def away(_: Any) -> set[str]:
        nonlocal failed
        failed += 1
        raise NotRead("Try again in a moment.")

    def viewers() -> dict[str, int]:
        nonlocal looked
        looked += 1
        return {made.id: 1}

    await house.media.closer.stop()  # which looks too
    monkeypatch.setattr(session_closer, "END_UNHEARD_S", 0.001)
    monkeypatch.setattr(house.media.relay, "viewers", viewers)
    monkeypatch.setattr(house.media.relay, "guests", lambda: {made.id: ["a camera"]})
    monkeypatch.setattr(house.people.guests, "filter_ended", away)
    states = broadcast_states.BroadcastStates(house.store, house.log, house.bus)
    looking = SessionCloser(house.people, house.media.relay, house.bus, states)
    with capture_logs() as logs:
        await looking.start()
        await until(lambda: failed > 5 and looked > 5, "both were looked for")
        assert [line["event"] for line in logs] == ["whether guests may stay is not known"]
        monkeypatch.setattr(house.people.guests, "filter_ended", over)
        await until(lambda: len(logs) > 1, "it is known")
        await looking.stop()
    assert logs[1]["event"] == "whether guests may stay is known again"
    assert len(logs) == 2
