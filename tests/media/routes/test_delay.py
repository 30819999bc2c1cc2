"""Viewers report how late they see the picture; staff read it with the cameras' health."""

from typing import Any

import httpx
import pytest
from tests.media.support.aiortc_peers import publish, view
from tests.media.support.media_server import BROADCAST, Media
from tests.media.support.offer_sdp import SDP, offer
from tests.support.waiting import until

from farmlive.media import viewer_delay


async def report(media: Media, location: str, body: str = '{"ms": 412}') -> httpx.Response:
    return await media.http.post(
        f"{location}/delay", content=body, headers={"Content-Type": "application/json"}
    )


def delay(media: Media) -> Any:
    return media.relay.health(BROADCAST)["delay"]


@pytest.fixture(autouse=True)
def one_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """No period ends while a test runs."""
    monkeypatch.setattr(viewer_delay, "PERIOD_S", 1e9)


async def test_a_viewers_report_is_read_with_the_health(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 0, "the viewer decodes")
    assert delay(media) is None
    for _ in range(2):
        response = await report(media, viewer.location)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == "*"
    # aiortc says neither when it captured a picture nor how long the way is.
    expected = {"from": "server", "median_ms": 410, "slowest_tenth_ms": None, "viewers": 1}
    assert delay(media) == expected
    assert media.relay.health("01JD000000000000000000000X")["delay"] is None


async def test_what_the_camera_took_before_is_added(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 0, "the viewer decodes")
    await report(media, viewer.location)
    measure = media.engine.health

    def measured(peer: int) -> Any:
        health = measure(peer)
        assert health is not None
        health.delay_from, health.delay_ms = "camera", 89.6
        return health

    monkeypatch.setattr(media.engine, "health", measured)
    assert delay(media)["from"] == "camera"
    assert delay(media)["median_ms"] == 500


async def test_another_camera_on_air_is_measured_anew(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 0, "the viewer decodes")
    await report(media, viewer.location)
    assert delay(media) is not None
    await publish(media, "H264", key="kitchen")
    await until(lambda: ("joined", "kitchen") in media.access.told, "the kitchen has come")

    def switch() -> bool:
        sources = media.relay.health(BROADCAST)["sources"]
        return any(each["id"] == "kitchen" and not each["away"] for each in sources)

    await until(switch, "its media flows")
    media.relay.switch(BROADCAST, "kitchen")
    await until(lambda: ("switched", "kitchen") in media.access.told, "it is on air")
    assert delay(media) is None


async def test_who_has_not_connected_has_no_vote(media: Media) -> None:
    await publish(media)
    made = await media.http.post(f"/whep/{BROADCAST}", content=offer("recvonly"), headers=SDP)
    links = made.headers.get_list("link")
    location = made.headers["location"]
    assert f'<{location}/delay>; rel="urn:x-farmlive:whep:delay"' in links
    assert (await report(media, location)).status_code == 204
    assert delay(media) is None


async def test_who_is_not_asked_gets_no_link_and_has_no_vote(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer_delay, "SAMPLE", 0)
    await publish(media)
    viewer = await view(media)
    await until(lambda: viewer.frames["video"] > 0, "the viewer decodes")
    made = await media.http.post(f"/whep/{BROADCAST}", content=offer("recvonly"), headers=SDP)
    assert not [each for each in made.headers.get_list("link") if "delay" in each]
    assert (await report(media, viewer.location)).status_code == 204
    assert delay(media) is None


async def test_a_preview_of_the_crew_is_no_viewer(media: Media) -> None:
    await publish(media)
    await until(lambda: ("switched", "orchard") in media.access.told, "it is on air")
    headers = SDP | {"Authorization": "Bearer crew"}
    path = f"/whep/{BROADCAST}?source=orchard"
    made = await media.http.post(path, content=offer("recvonly"), headers=headers)
    assert made.status_code == 201
    assert not [each for each in made.headers.get_list("link") if "delay" in each]


async def test_bad_reports_are_refused(media: Media) -> None:
    publisher = await publish(media)
    viewer = await view(media)
    for body in ("-1", "60001", "1.5", "true", '"1"', "null", "1e3", "NaN"):
        response = await report(media, viewer.location, f'{{"ms": {body}}}')
        assert (response.status_code, response.json()["type"]) == (422, "/problems/invalid")
    assert (await report(media, viewer.location, "{}")).status_code == 422
    other = await media.http.post(f"{viewer.location}/delay", content="{}", headers=SDP)
    assert other.status_code == 415
    assert (await report(media, viewer.location + "x")).status_code == 404
    token = publisher.location.rpartition("/")[2]
    assert (await report(media, f"/whep/{BROADCAST}/{token}")).status_code == 404
    media.access.changes = 0
    assert (await report(media, viewer.location)).status_code == 429
    assert delay(media) is None
    options = await media.http.options(f"{viewer.location}/delay")
    assert options.headers["accept-post"] == "application/json"
