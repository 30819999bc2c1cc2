"""Viewers' sessions that never connect: how many an address has, and who gives up its place."""

import httpx
import pytest
from tests.media.support.aiortc_peers import Peer, publish, view
from tests.media.support.media_server import BROADCAST, Media
from tests.media.support.offer_sdp import SDP, offer
from tests.support.waiting import until

from farmlive.media import relay
from farmlive.media.signalling import pending_sessions


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(relay, "time", clock)
    return clock


def set_most(media: Media, name: str, most: int) -> None:
    object.__setattr__(media.relay._settings, name, most)


async def asks(media: Media) -> httpx.Response:
    """A session that nobody ever connects."""
    return await media.http.post(f"/whep/{BROADCAST}", content=offer("recvonly"), headers=SDP)


async def connected(media: Media) -> Peer:
    """A viewer, once it has connected."""
    viewer = await view(media)
    session = media.session(viewer)
    await until(lambda: session not in media.relay._pending, "it has connected")
    return viewer


async def is_open(media: Media, response: httpx.Response) -> bool:
    location = response.headers["location"]
    patch = await media.http.patch(location, content="", headers={"If-Match": '"none"'})
    return patch.status_code != 404


async def test_an_address_has_so_many_that_have_not_connected(media: Media, clock: Clock) -> None:
    set_most(media, "max_connecting_per_address", 3)
    await publish(media)
    waiting = [await asks(media) for _ in range(3)]
    assert [each.status_code for each in waiting] == [201] * 3
    refused = await asks(media)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert refused.headers["retry-after"] == "2"
    assert media.held["peers"] == 4, "the publisher and three"
    # What should have connected by now makes room, the oldest first.
    clock.now += pending_sessions.FRESH_S + 1
    assert (await asks(media)).status_code == 201
    assert [await is_open(media, each) for each in waiting] == [False, True, True]
    assert media.held["peers"] == 4


async def test_whoever_has_connected_is_not_counted(media: Media) -> None:
    set_most(media, "max_connecting_per_address", 1)
    await publish(media)
    for _ in range(3):
        await connected(media)
    assert (await asks(media)).status_code == 201
    assert (await asks(media)).status_code == 429


async def test_a_session_that_ends_before_it_connects_gives_its_place_back(media: Media) -> None:
    set_most(media, "max_connecting_per_address", 1)
    await publish(media)
    for _ in range(3):
        opened = await asks(media)
        assert opened.status_code == 201
        assert (await media.http.delete(opened.headers["location"])).status_code == 200
    assert media.relay.metrics()["connecting"] == 0
    await asks(media)
    media.relay.end(BROADCAST)
    assert media.relay.metrics()["connecting"] == 0


async def test_where_places_run_short_they_go_first(media: Media) -> None:
    set_most(media, "max_viewers", 3)
    await publish(media)
    viewer = await connected(media)
    waiting = [await asks(media) for _ in range(2)]
    more = [await asks(media) for _ in range(2)]
    assert [each.status_code for each in (*waiting, *more)] == [201] * 4
    assert [await is_open(media, each) for each in (*waiting, *more)] == [False] * 2 + [True] * 2
    assert media.relay.viewers() == {BROADCAST: 3}
    # Who watches stays, and who comes and goes on gets in.
    await connected(media)
    await connected(media)
    assert media.place(viewer) is not None
    full = await asks(media)
    assert (full.status_code, full.json()["type"]) == (503, "/problems/server-full")
