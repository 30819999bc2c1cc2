"""What a viewer gets, over HTTP: it reads that below its own session, and asks for less there."""

from typing import Any

import httpx
import pytest
from tests.media.support.aiortc_peers import Peer, publish, view
from tests.media.support.media_server import BROADCAST, Media
from tests.media.support.offer_sdp import SDP, offer
from tests.support.waiting import until

KEY = {"Authorization": "Bearer orchard"}
STATUS = 'rel="status"'


async def ask(media: Media, path: str, content: str, kind: str = "application/json") -> Any:
    return await media.http.post(path, content=content, headers={"Content-Type": kind})


async def read(media: Media, viewer: Peer) -> dict[str, Any]:
    response = await media.http.get(f"{viewer.location}/delivery")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*"
    found: dict[str, Any] = response.json()
    return found


async def test_a_viewer_reads_what_it_gets_and_chooses_less(media: Media) -> None:
    await publish(media)
    viewer = await view(media)

    async def gets() -> str | None:
        found: str | None = (await read(media, viewer))["gets"]
        return found

    async def comes(part: str) -> None:
        async def does() -> bool:
            return await gets() == part

        await until(does, f"{part} comes")

    await comes("all")
    found = await read(media, viewer)
    assert found.pop("link") in ("unknown", "wide")
    assert found == {"choice": "auto", "gets": "all", "limited_by": None, "estimated_kbps": None}
    for choice, part in (
        ("sound_only", "sound"),
        ("save_data", "still_pictures"),
        ("sound_only", "sound"),
        ("auto", "all"),
    ):
        response = await ask(media, f"{viewer.location}/delivery", f'{{"choice": "{choice}"}}')
        assert (response.status_code, response.content) == (204, b"")
        await comes(part)
        found = await read(media, viewer)
        assert found["choice"] == choice
        assert found["limited_by"] == (None if choice == "auto" else "choice")


async def test_a_choice_holds_from_the_join_on(media: Media) -> None:
    await publish(media)
    path = f"/whep/{BROADCAST}?choice=sound_only"
    made = await media.http.post(path, content=offer("recvonly"), headers=SDP)
    assert made.status_code == 201
    (link,) = [each for each in made.headers.get_list("link") if STATUS in each]
    location = made.headers["location"]
    assert link == f"<{location}/delivery>; {STATUS}"
    found = (await media.http.get(f"{location}/delivery")).json()
    assert found == {
        "choice": "sound_only",
        "gets": None,
        "limited_by": None,
        "link": "unknown",
        "estimated_kbps": None,
    }


async def test_an_unknown_choice_is_refused_and_says_what_there_is(media: Media) -> None:
    await publish(media)
    path = f"/whep/{BROADCAST}?choice=loud"
    refused = await media.http.post(path, content=offer("recvonly"), headers=SDP)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
    assert "auto, save_data or sound_only" in refused.json()["detail"]
    assert refused.headers["access-control-allow-origin"] == "*"
    viewer = await view(media)
    delivery = f"{viewer.location}/delivery"
    for body in ('"loud"', "null", "1", '["auto"]'):
        refused = await ask(media, delivery, f'{{"choice": {body}}}')
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
        (error,) = refused.json()["errors"]
        assert error["field"] == "choice"
    assert "'auto', 'save_data' or 'sound_only'" in error["message"]
    for body in ("{}", "no JSON", "[]"):
        assert (await ask(media, delivery, body)).status_code == 422
    assert (await ask(media, delivery, '{"choice": "auto"}', "text/plain")).status_code == 415
    assert (await read(media, viewer))["choice"] == "auto"


async def test_only_a_viewers_own_session_says_what_it_gets(media: Media) -> None:
    publisher = await publish(media)
    viewer = await view(media)
    token = publisher.location.rpartition("/")[2]
    own = viewer.location.rpartition("/")[2]
    for path in (
        f"{viewer.location}x/delivery",
        f"/whep/{BROADCAST}/{token}/delivery",
        f"/whep/other/{own}/delivery",
    ):
        for response in (
            await media.http.get(path),
            await ask(media, path, '{"choice": "sound_only"}'),
            await ask(media, path, "{}", "text/plain"),
        ):
            assert response.status_code == 404, path
            assert response.json()["type"] == "/problems/unknown-session"
    assert (await media.http.get(f"/whip/{BROADCAST}/{token}/delivery")).status_code == 404
    assert (await read(media, viewer))["choice"] == "auto"
    options = await media.http.options(f"{viewer.location}/delivery")
    assert options.headers["accept-post"] == "application/json"
    assert "GET" in options.headers["access-control-allow-methods"]


async def test_looks_and_choices_are_limited(media: Media) -> None:
    await publish(media)
    viewer = await view(media)
    media.access.changes = 0
    path = f"{viewer.location}/delivery"
    for response in (
        await media.http.get(path),
        await ask(media, path, '{"choice": "sound_only"}'),
    ):
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    media.access.changes = 1
    assert (await read(media, viewer))["choice"] == "auto"


async def test_the_limit_of_a_layer_is_a_choice_too_and_the_last_one_holds(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(media)
    viewer = await view(media)
    layers: list[int | None] = []
    rungs: list[str | None] = []
    monkeypatch.setattr(media.engine, "limit_layer", lambda _, most: layers.append(most))
    monkeypatch.setattr(media.engine, "limit_rung", lambda _, most: rungs.append(most))

    async def choose(path: str, body: str) -> httpx.Response:
        response: httpx.Response = await ask(media, f"{viewer.location}/{path}", body)
        assert response.status_code == 204
        return response

    await choose("layer", '{"most": 1}')
    await choose("delivery", '{"choice": "sound_only"}')
    await choose("layer", '{"most": 0}')
    await choose("delivery", '{"choice": "auto"}')
    await choose("delivery", '{"choice": "auto"}')
    assert layers == [1, None, 0, None]
    assert rungs == ["sound", None]


async def test_the_host_reads_how_many_get_less_and_how_many_chose_it(media: Media) -> None:
    await publish(media)
    viewers = [await view(media) for _ in range(3)]
    await ask(media, f"{viewers[0].location}/delivery", '{"choice": "sound_only"}')
    peer = media.session(viewers[1]).peer

    def is_known() -> bool:
        health = media.engine.viewer_health(peer)
        return health is not None and health.link == "wide"

    await until(is_known, "its link is known")
    # As if that carried no more.
    media.engine.limit_rung(peer, "keyframes")

    def counted() -> dict[str, Any] | None:
        found: dict[str, Any] | None = media.relay.health(BROADCAST)["delivery"]
        return found if found and found["gets"]["sound"] and found["limited_by"]["link"] else None

    found = await until(counted, "they are counted")
    assert found["counted"] == 3
    assert found["gets"] == {
        "all": 1,
        "smaller_picture": 0,
        "fewer_frames": 0,
        "still_pictures": 1,
        "sound": 1,
    }
    assert found["limited_by"] == {"link": 1, "choice": 1}
