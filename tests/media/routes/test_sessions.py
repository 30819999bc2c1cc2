"""WHIP and WHEP as HTTP: what a server must do, and what is refused and how."""

from typing import Any

import httpx
import pytest
from aiortc import RTCSessionDescription
from structlog.testing import capture_logs
from tests.media.support.aiortc_peers import peer_connection, publish, view
from tests.media.support.media_server import BROADCAST, Media, serving
from tests.media.support.offer_sdp import SDP, SDP_TYPE, offer
from tests.support.waiting import until

from farmlive.clock import now_ms, parse_rfc3339
from farmlive.media import rejected_offers
from farmlive.settings import Settings

KEY = {"Authorization": "Bearer orchard"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
RESTART = "a=ice-ufrag:new1\r\na=ice-pwd:a-new-password-of-22-chars\r\n"


async def test_a_publisher_gets_an_address_a_tag_and_an_answer(media: Media) -> None:
    response = await media.http.post(
        f"/whip/{BROADCAST}", content=offer("sendonly"), headers=SDP | KEY
    )
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/sdp"
    assert response.headers["location"].startswith(f"/whip/{BROADCAST}/")
    assert len(response.headers["location"].rpartition("/")[2]) >= 22
    assert response.headers["etag"].startswith('"')
    assert response.headers["access-control-allow-origin"] == "*"
    assert f"127.0.0.1 {media.relay.udp_port} typ host" in response.text
    deleted = await media.http.delete(response.headers["location"], headers={"If-Match": '"no"'})
    assert (deleted.status_code, deleted.content != b"") == (200, True)
    assert (await media.http.delete(response.headers["location"])).status_code == 404


@pytest.mark.parametrize(
    ("path", "headers", "content", "status", "slug"),
    [
        (f"/whip/{BROADCAST}", SDP, offer("sendonly"), 401, "unauthorized"),
        (f"/whip/{BROADCAST}", SDP | {"Authorization": "Bearer no"}, "", 401, "unauthorized"),
        ("/whip/unknown", SDP | KEY, offer("sendonly"), 404, "not-found"),
        ("/whep/unknown", SDP, offer("recvonly"), 404, "not-found"),
        (f"/whip/{BROADCAST}", KEY, offer("sendonly"), 415, "wrong-content-type"),
        (f"/whip/{BROADCAST}", KEY | FRAGMENT, offer("sendonly"), 415, "wrong-content-type"),
        (f"/whip/{BROADCAST}", SDP | KEY, "nonsense", 400, "bad-sdp"),
        (f"/whip/{BROADCAST}", SDP | KEY, b"v=0\r\n\xff", 400, "bad-sdp"),
        (
            f"/whip/{BROADCAST}",
            SDP | KEY,
            offer("sendonly").replace("ufrag:theirs", f"ufrag:{200 * 'é'}"),
            400,
            "bad-sdp",
        ),
        (f"/whip/{BROADCAST}", SDP | KEY, b"x" * (2 << 20), 413, "too-large"),
        (f"/whip/{BROADCAST}", SDP | KEY, offer("recvonly"), 422, "unfit-offer"),
        (
            f"/whip/{BROADCAST}",
            SDP | KEY,
            offer("sendonly").replace("opus", "PCMU"),
            422,
            "no-common-codec",
        ),
        (f"/whep/{BROADCAST}", SDP, offer("recvonly"), 409, "nobody-publishing"),
    ],
)
async def test_what_is_refused_is_a_problem(
    media: Media, path: str, headers: dict[str, str], content: str | bytes, status: int, slug: str
) -> None:
    response = await media.http.post(path, content=content, headers=headers)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.json()["type"] == f"/problems/{slug}"
    assert response.json()["detail"].endswith(".")
    if status == 409:
        assert int(response.headers["retry-after"]) > 0
    assert media.access.empty_handed == (status == 409)
    assert media.relay.metrics()["sources"] == 0
    assert media.relay.metrics()["viewers"] == 0


@pytest.mark.parametrize("path", ["/whip/any", "/whep/any", "/whip/any/one", "/whep/any/one"])
async def test_get_is_empty_and_options_tell_what_is_taken(media: Media, path: str) -> None:
    for ask in (media.http.get, media.http.head):
        got = await ask(path)
        assert got.is_success
        assert got.content == b""
        assert got.headers.get("content-type") == (None if path.endswith("one") else SDP_TYPE)
    options = await media.http.options(path)
    assert (options.status_code, options.content) == (200, b"")
    assert "PATCH" in options.headers["access-control-allow-methods"]
    assert options.headers["accept-post"] == SDP_TYPE
    assert ("accept-patch" in options.headers) == path.endswith("one")


async def test_an_unknown_key_is_told_how_to_sign_in(media: Media) -> None:
    response = await media.http.post(f"/whip/{BROADCAST}", content=offer("sendonly"), headers=SDP)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


async def test_ice_servers_are_told_to_those_who_may_come_in(settings: Settings) -> None:
    object.__setattr__(settings, "turn_urls", ("stun:stun.example.org", "turn:turn.example.org"))
    object.__setattr__(settings, "turn_username", "farm")
    async with serving(settings) as media:
        whip, whep = f"/whip/{BROADCAST}", f"/whep/{BROADCAST}"
        preflight = {"Access-Control-Request-Method": "POST"}

        async def told(path: str, headers: dict[str, str]) -> list[str]:
            response = await media.http.options(path, headers=headers)
            assert response.status_code == 200
            return response.headers.get_list("link")

        first, second = await told(whip, KEY)
        assert first == '<stun:stun.example.org>; rel="ice-server"'
        assert second.startswith('<turn:turn.example.org>; rel="ice-server"; username="farm"')
        assert await told(whip, {}) == await told(whip, {"Authorization": "Bearer no"}) == []
        assert await told(whip, KEY | preflight) == await told(whep, preflight) == []
        asked = preflight | {"Access-Control-Request-Headers": "content-type, Link"}
        assert await told(whep, {}) == await told(whep, asked) == [first, second]
        assert await told("/whep/unknown", {}) == []
        made = await media.http.post(whip, content=offer("sendonly"), headers=SDP | KEY)
        assert made.headers.get_list("link") == [first, second]


async def test_patch_trickles_and_restarts(media: Media) -> None:
    peer = await publish(media)
    path, tag = peer.location, {"If-Match": peer.etag}

    async def patch(body: str, headers: dict[str, str]) -> int:
        return (await media.http.patch(path, content=body, headers=headers)).status_code

    assert await patch("a=end-of-candidates\r\n", FRAGMENT) == 428
    assert await patch("a=end-of-candidates\r\n", FRAGMENT | {"If-Match": '"old"'}) == 412
    assert await patch("a=end-of-candidates\r\n", SDP | tag) == 415
    assert await patch("nonsense", FRAGMENT | tag) == 400
    assert await patch(RESTART.replace("new1", 200 * "é"), FRAGMENT | tag) == 400
    trickled = await media.http.patch(
        path,
        content="a=mid:0\r\na=candidate:1 1 udp 1 nowhere.local 9 typ host\r\n",
        headers=FRAGMENT | tag,
    )
    assert (trickled.status_code, trickled.content) == (204, b"")
    assert "etag" not in trickled.headers
    restarted = await media.http.patch(path, content=RESTART, headers=FRAGMENT | {"If-Match": "*"})
    assert restarted.status_code == 200
    assert restarted.headers["content-type"] == "application/trickle-ice-sdpfrag"
    assert restarted.headers["etag"] != peer.etag
    for line in ("a=ice-lite", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:1 "):
        assert line in restarted.text
    assert await patch("a=end-of-candidates\r\n", FRAGMENT | tag) == 412
    # The session lives on by its old credentials until the new ones are used.
    before = media.relay.metrics()["packets_received"]
    await until(lambda: media.relay.metrics()["packets_received"] > before + 50, "media flows")
    assert await patch("x", FRAGMENT | {"If-Match": "*"}) == 400
    gone = await media.http.patch(path + "x", content="", headers=FRAGMENT | tag)
    assert gone.status_code == 404


async def test_a_viewer_says_how_high_a_layer_it_wants(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = await publish(media)
    made = await media.http.post(f"/whep/{BROADCAST}", content=offer("recvonly"), headers=SDP)
    link, *_ = made.headers.get_list("link")
    location = made.headers["location"]
    assert link == f'<{location}/layer>; rel="urn:ietf:params:whep:ext:core:layer"'
    wanted: list[int | None] = []
    monkeypatch.setattr(media.engine, "limit_layer", lambda _, most: wanted.append(most))

    async def ask(path: str, content: str, kind: str = "application/json") -> httpx.Response:
        return await media.http.post(path, content=content, headers={"Content-Type": kind})

    for most in ("0", "2", "null"):
        response = await ask(f"{location}/layer", f'{{"most": {most}}}')
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == "*"
    for body in ("4", "-1", "true", '"1"', "1.5"):
        response = await ask(f"{location}/layer", f'{{"most": {body}}}')
        assert (response.status_code, response.json()["type"]) == (422, "/problems/invalid")
    assert (await ask(f"{location}/layer", "{}")).status_code == 422
    assert (await ask(f"{location}/layer", "no JSON")).status_code == 422
    assert (await ask(f"{location}/layer", '{"most": 1}', "text/plain")).status_code == 415
    assert (await ask(f"{location}x/layer", '{"most": 1}')).status_code == 404
    assert (await ask(f"/whip{publisher.location[5:]}/layer", "{}")).status_code in (404, 405)
    token = publisher.location.rpartition("/")[2]
    assert (await ask(f"/whep/{BROADCAST}/{token}/layer", '{"most": 1}')).status_code == 404
    assert wanted == [0, 2, None]
    options = await media.http.options(f"{location}/layer")
    assert options.headers["accept-post"] == "application/json"


async def test_a_session_is_found_at_its_own_address_only(media: Media) -> None:
    peer = await publish(media)
    token = peer.location.rpartition("/")[2]
    assert (await media.http.delete(f"/whep/{BROADCAST}/{token}")).status_code == 404
    assert (await media.http.delete(f"/whip/other/{token}")).status_code == 404
    assert (await media.http.delete(peer.location)).status_code == 200


async def test_changes_are_limited_and_a_refused_one_changes_nothing(media: Media) -> None:
    peer = await publish(media)
    media.access.changes = 0
    tag = FRAGMENT | {"If-Match": "*"}
    for response in (
        await media.http.patch(peer.location, content=RESTART, headers=tag),
        await media.http.delete(peer.location),
    ):
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")
        assert response.headers["access-control-allow-origin"] == "*"
    media.access.changes = 1
    assert (await media.http.delete(peer.location)).status_code == 200


async def test_there_are_as_many_viewers_and_sources_as_are_set(media: Media) -> None:
    object.__setattr__(media.relay._settings, "max_sources", 1)
    object.__setattr__(media.relay._settings, "max_viewers", 1)
    await publish(media)
    other = await media.http.post(
        f"/whip/{BROADCAST}",
        content=offer("sendonly"),
        headers=SDP | {"Authorization": "Bearer kitchen"},
    )
    assert (other.status_code, other.json()["type"]) == (422, "/problems/too-many-sources")
    await view(media)
    # One that has not connected would make room.
    await until(lambda: not media.relay.metrics()["connecting"], "the viewer has connected")
    full = await media.http.post(f"/whep/{BROADCAST}", content=offer("recvonly"), headers=SDP)
    assert (full.status_code, full.json()["type"]) == (503, "/problems/server-full")
    assert full.headers["retry-after"]


async def refuse(media: Media, key: str) -> None:
    """An offer of this source that is refused."""
    response = await media.http.post(
        f"/whip/{BROADCAST}",
        content=offer("sendonly").replace("opus", "PCMU"),
        headers=SDP | {"Authorization": f"Bearer {key}"},
    )
    assert response.status_code == 422


async def test_a_refused_offer_is_seen_beside_its_source_until_it_publishes(media: Media) -> None:
    await publish(media)
    await refuse(media, "guest")
    with capture_logs() as lines:
        await refuse(media, "kitchen")
    detail = "Send sound as Opus (48 kHz)."
    (line,) = [line for line in lines if line["event"] == "a publisher's offer was refused"]
    assert (line["log_level"], line["slug"], line["detail"]) == ("info", "no-common-codec", detail)
    assert "127.0.0.1" not in str(line)

    def shown() -> dict[str, Any]:
        return {each["id"]: each for each in media.relay.health(BROADCAST)["sources"]}

    assert list(shown()) == ["orchard", "guest", "kitchen"]
    kitchen = shown()["kitchen"]
    assert (kitchen["label"], kitchen["away"], kitchen["on_air"]) == ("Kitchen", True, False)
    assert {**kitchen["refused"], "at": ""} == {
        "slug": "no-common-codec",
        "detail": detail,
        "reason": "audio-codec",
        "at": "",
    }
    assert 0 <= now_ms() - parse_rfc3339(kitchen["refused"]["at"]) < 60_000
    assert shown()["guest"]["guest"] is True
    # One that sends and asks for another session has both.
    await refuse(media, "orchard")
    assert (shown()["orchard"]["away"], shown()["orchard"]["on_air"]) == (False, True)
    assert shown()["orchard"]["refused"]["detail"] == detail
    assert media.relay.metrics()["sources"] == 1
    await publish(media, key="kitchen")
    assert shown()["kitchen"]["refused"] is None
    media.relay.dismiss(BROADCAST, "guest")
    assert "guest" not in shown()
    media.relay.end(BROADCAST)
    assert media.relay.health(BROADCAST)["sources"] == []


async def test_a_refused_offer_is_forgotten_after_a_while(
    media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    await refuse(media, "kitchen")
    (kitchen,) = media.relay.health(BROADCAST)["sources"]
    assert kitchen["id"] == "kitchen"
    late = now_ms() + rejected_offers.SHOWN_MS
    monkeypatch.setattr(rejected_offers, "now_ms", lambda: late)
    assert media.relay.health(BROADCAST)["sources"] == []


async def test_a_player_without_the_codec_on_air_is_told_so(media: Media) -> None:
    await publish(media, "VP8")
    text = offer("recvonly").replace("VP8/90000", "VP7/90000")
    response = await media.http.post(f"/whep/{BROADCAST}", content=text, headers=SDP)
    assert response.status_code == 422
    assert "VP8" in response.json()["detail"]


async def test_a_wrong_fingerprint_is_no_session(media: Media) -> None:
    connection = peer_connection()
    connection.addTransceiver("audio", direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    lines = [
        line[:-5] + "00:00" if line.startswith("a=fingerprint") else line
        for line in connection.localDescription.sdp.split("\r\n")
    ]
    response = await media.http.post(
        f"/whip/{BROADCAST}", content="\r\n".join(lines), headers=SDP | KEY
    )
    await connection.setRemoteDescription(RTCSessionDescription(response.text, "answer"))
    await until(lambda: media.relay.metrics()["sources"] == 0, "the source was dropped")
    assert media.access.told == []
    await connection.close()
