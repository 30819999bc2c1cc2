"""Several sources over loopback: the host's pick, guests, and what the crew sees of each."""

import asyncio
from functools import partial

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver
from tests.media.support.aiortc_peers import Peer, peer_connection, publish, send_b_frames, view
from tests.media.support.media_server import BROADCAST, Media
from tests.support.waiting import until

from farmlive.media.wire.errors import SourceAway, SourceUnplayable
from farmlive.problems import UnknownSource

SDP = {"Content-Type": "application/sdp"}


async def seen(viewer: Peer, frames: int = 15) -> None:
    """The viewer decodes so many further frames."""
    before = viewer.frames["video"]
    await until(lambda: viewer.frames["video"] > before + frames, "the picture goes on")


async def look(media: Media, source: str) -> Peer:
    """Someone of the crew who looks at one source."""
    peer = Peer(peer_connection(), media)

    def on_track(track: object) -> None:
        peer.tasks.append(asyncio.ensure_future(peer.count(track)))  # type: ignore[arg-type]

    peer.connection.on("track", on_track)
    peer.connection.addTransceiver("video", direction="recvonly")
    await peer.open(f"/whep/{BROADCAST}?source={source}", {"Authorization": "Bearer crew"})
    return peer


def health(media: Media, source: str) -> dict[str, object]:
    return next(s for s in media.relay.health(BROADCAST)["sources"] if s["id"] == source)


def is_over(connection: RTCPeerConnection) -> bool:
    return connection.connectionState in ("closed", "failed")


async def test_the_host_picks_and_viewers_go_on_without_a_gap(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await seen(viewer)
    await publish(media, "H264", key="kitchen")
    await seen(viewer)
    assert media.access.told[-1] == ("joined", "kitchen")
    media.relay.switch(BROADCAST, "kitchen")
    await until(lambda: media.access.told[-1] == ("switched", "kitchen"), "the kitchen is on air")
    await seen(viewer)
    media.relay.switch(BROADCAST, "orchard")
    await until(lambda: media.access.told[-1] == ("switched", "orchard"), "the orchard is on air")
    await seen(viewer)
    assert [event.codec for event in media.access.events if event.kind == "switched"] == [
        "VP8",
        "H264",
        "VP8",
    ]
    assert (health(media, "orchard")["picked"], health(media, "orchard")["on_air"]) == (True, True)
    assert health(media, "kitchen")["picked"] is False
    assert viewer.connection.connectionState == "connected"
    # Once more the same: nothing happens.
    assert media.relay.switch(BROADCAST, "orchard") is True
    assert media.access.told.count(("switched", "orchard")) == 2


async def test_what_can_not_be_on_air_is_not_picked(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownSource):
        media.relay.switch(BROADCAST, "orchard")
    await publish(media)
    kitchen = await publish(media, "H264", key="kitchen")
    with pytest.raises(UnknownSource):
        media.relay.switch(BROADCAST, "barn")
    await media.http.delete(kitchen.location)
    with pytest.raises(SourceAway):
        media.relay.switch(BROADCAST, "kitchen")
    send_b_frames(monkeypatch)
    await publish(media, "H264", key="kitchen")
    await until(lambda: health(media, "kitchen")["objection"], "it is objected to")
    with pytest.raises(SourceUnplayable, match="“B-Frames” to 0"):
        media.relay.switch(BROADCAST, "kitchen")
    assert health(media, "kitchen")["advice"][0]["code"] == "b-frames"  # type: ignore[index]
    assert health(media, "orchard")["picked"] is False
    await until(lambda: health(media, "orchard")["on_air"], "the orchard is on air")


async def test_a_guest_is_seen_by_the_crew_before_it_is_picked(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    await seen(viewer)
    await publish(media, key="guest")
    crew = await look(media, "guest")
    await seen(crew)
    assert media.relay.viewers() == {BROADCAST: 1}
    assert media.relay.metrics()["viewers"] == 1
    assert ("switched", "guest") not in media.access.told
    assert (health(media, "guest")["guest"], health(media, "guest")["on_air"]) == (True, False)
    assert media.relay.guests() == {BROADCAST: ["guest"]}
    media.relay.switch(BROADCAST, "guest")
    await until(lambda: media.access.told[-1] == ("switched", "guest"), "the guest is on air")
    await seen(viewer)
    await seen(crew)


async def test_a_guest_that_is_sent_away_has_no_session_any_more(media: Media) -> None:
    await publish(media)
    guest = await publish(media, key="guest")
    crew = await look(media, "guest")
    # Who is not connected yet can't be told.
    await seen(crew)
    viewer = await view(media)
    media.relay.switch(BROADCAST, "guest")
    await until(lambda: media.access.told[-1] == ("switched", "guest"), "the guest is on air")
    media.relay.dismiss(BROADCAST, "guest")
    assert (await media.http.delete(guest.location)).status_code == 404
    await until(lambda: media.access.told[-1] == ("switched", "orchard"), "the orchard is on air")
    assert ("left", "guest") in media.access.told
    for connection in (guest.connection, crew.connection):
        await until(partial(is_over, connection), "guest and crew are told")
    await seen(viewer)
    assert [s["id"] for s in media.relay.health(BROADCAST)["sources"]] == ["orchard"]
    media.relay.dismiss(BROADCAST, "guest")
    media.relay.dismiss("nowhere", "guest")


async def guest_on_air(media: Media) -> Peer:
    """A guest whom the host has put on air, before the own camera."""
    await publish(media)
    guest = await publish(media, key="guest")
    media.relay.switch(BROADCAST, "guest")
    await until(lambda: media.access.told[-1] == ("switched", "guest"), "the guest is on air")
    return guest


async def not_on_air_until_picked(media: Media) -> None:
    """The guest's media flows again and viewers do not get it, until the host says so."""
    assert (health(media, "guest")["picked"], health(media, "guest")["on_air"]) == (False, False)
    await until(lambda: health(media, "orchard")["on_air"], "the orchard is on air")
    media.relay.switch(BROADCAST, "guest")
    await until(lambda: health(media, "guest")["on_air"], "the guest is on air")
    switched = [source for kind, source in media.access.told if kind == "switched"]
    assert switched == ["orchard", "guest", "orchard", "guest"]


async def test_a_guest_who_left_is_on_air_again_only_by_the_host(media: Media) -> None:
    guest = await guest_on_air(media)
    assert (await media.http.delete(guest.location)).status_code == 200
    assert ("left", "guest") in media.access.told
    assert [s["id"] for s in media.relay.health(BROADCAST)["sources"]] == ["orchard"]
    assert (await media.http.delete(guest.location)).status_code == 404
    await publish(media, key="guest")
    await not_on_air_until_picked(media)


async def test_a_guest_whose_goodbye_came_before_the_delete_has_left_too(media: Media) -> None:
    guest = await guest_on_air(media)
    await guest.close()
    await until(lambda: health(media, "guest")["away"], "its goodbye came")
    # By itself that may be a reload.
    assert health(media, "guest")["picked"] is True
    assert (await media.http.delete(guest.location)).status_code == 200
    assert ("left", "guest") in media.access.told
    await publish(media, key="guest")
    await not_on_air_until_picked(media)


async def test_another_device_of_a_guest_is_on_air_only_by_the_host(media: Media) -> None:
    guest = await guest_on_air(media)
    await publish(media, key="guest-tablet")
    assert (await media.http.delete(guest.location)).status_code == 404
    assert [told for told in media.access.told if told[0] in ("joined", "left")] == [
        ("joined", "orchard"),
        ("joined", "guest"),
        ("left", "guest"),
        ("joined", "guest"),
    ]
    await not_on_air_until_picked(media)


async def test_a_guest_alone_gives_way_to_another_device(media: Media) -> None:
    await publish(media, key="guest")
    media.relay.switch(BROADCAST, "guest")
    await until(lambda: health(media, "guest")["on_air"], "the guest is on air")
    await publish(media, key="guest-tablet")
    assert (health(media, "guest")["picked"], health(media, "guest")["on_air"]) == (False, False)
    media.relay.switch(BROADCAST, "guest")
    await until(lambda: health(media, "guest")["on_air"], "the guest is on air again")


async def test_a_reload_of_the_guests_device_keeps_its_place(media: Media) -> None:
    guest = await guest_on_air(media)
    await guest.close()
    await until(lambda: health(media, "guest")["away"], "its goodbye came")
    await publish(media, key="guest")
    await until(lambda: health(media, "guest")["on_air"], "the guest is on air again")
    assert ("left", "guest") not in media.access.told
    assert (await media.http.delete(guest.location)).status_code == 404
    assert health(media, "guest")["on_air"] is True


async def test_a_preview_lasts_while_someone_looks(media: Media) -> None:
    orchard = await publish(media)
    viewer = await view(media)
    outputs = media.held["outputs"]
    first = await look(media, "orchard")
    await seen(first)
    second = await look(media, "orchard")
    await seen(second)
    assert media.held["outputs"] == outputs + 1
    # A reload of the camera: those who look go on as viewers do.
    await publish(media)
    await orchard.close()
    await seen(first)
    await seen(viewer)
    await media.http.delete(first.location)
    await seen(second)
    assert media.held["outputs"] == outputs + 1
    await media.http.delete(second.location)
    assert media.held["outputs"] == outputs
    # Told of the one that viewers get, and of nothing else.
    assert media.access.told == [("joined", "orchard"), ("switched", "orchard")]
    await seen(viewer)


async def test_a_preview_that_is_refused_leaves_nothing(media: Media) -> None:
    await publish(media)
    outputs = media.held["outputs"]

    async def post(source: str, bearer: str = "crew") -> httpx.Response:
        return await media.http.post(
            f"/whep/{BROADCAST}?source={source}",
            content="v=0\r\n",
            headers={**SDP, "Authorization": f"Bearer {bearer}"},
        )

    assert (await post("orchard", "orchard")).status_code == 401
    assert (await post("orchard")).status_code == 400
    away = await post("kitchen")
    assert (away.status_code, away.json()["type"]) == (409, "/problems/nobody-publishing")
    assert away.headers["retry-after"]
    assert media.held["outputs"] == outputs


async def test_a_source_that_leaves_ends_its_previews_and_frees_all(media: Media) -> None:
    await publish(media)
    crew = await look(media, "orchard")
    await seen(crew)
    media.relay.end(BROADCAST)
    await until(lambda: not any(media.held.values()), "nothing is left")


async def test_one_who_can_not_play_a_source_sees_the_others(media: Media) -> None:
    await publish(media)
    viewer = Peer(peer_connection(), media)

    def on_track(track: object) -> None:
        viewer.tasks.append(asyncio.ensure_future(viewer.count(track)))  # type: ignore[arg-type]

    viewer.connection.on("track", on_track)
    video = viewer.connection.addTransceiver("video", direction="recvonly")
    capabilities = RTCRtpReceiver.getCapabilities("video")
    assert capabilities is not None
    video.setCodecPreferences([c for c in capabilities.codecs if c.name in ("VP8", "rtx")])
    await viewer.open(f"/whep/{BROADCAST}")
    await seen(viewer)
    other = await view(media)
    await publish(media, "H264", key="kitchen")
    # The host knows before the tap how many it would hit.
    hit = {each: health(media, each)["viewers_without_codec"] for each in ("orchard", "kitchen")}
    assert hit == {"orchard": 0, "kitchen": 1}
    media.relay.switch(BROADCAST, "kitchen")
    await until(lambda: media.access.told[-1] == ("switched", "kitchen"), "the kitchen is on air")
    media.relay.switch(BROADCAST, "orchard")
    await until(lambda: media.access.told[-1] == ("switched", "orchard"), "the orchard is on air")
    await seen(viewer)
    assert viewer.connection.connectionState == "connected"
    for gone in (viewer, other):
        await media.http.delete(gone.location)
    assert health(media, "kitchen")["viewers_without_codec"] == 0
