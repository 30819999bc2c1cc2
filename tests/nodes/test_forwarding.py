"""Two servers behind a balancer without stickiness: one has the media, both answer for it."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from tests.nodes.conftest import Pair
from tests.support.camera_show import FARM
from tests.support.waiting import until

from farmlive.client import Api, ApiProblem
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer
from farmlive.conformance import whep_check, whip_check
from farmlive.ids import ulid
from farmlive.nodes.leases import Lease
from farmlive.nodes.problems import HolderGone, NotHere
from farmlive.server import running
from farmlive.settings import Settings

pytestmark = [
    pytest.mark.redis,
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


FRAGMENT_TYPE = "application/trickle-ice-sdpfrag"


async def test_ten_viewers_join_restart_and_leave_by_any_server(pair: Pair) -> None:
    camera, source = await pair.camera("Orchard")
    viewers = [await pair.watch() for _ in range(10)]
    for viewer in viewers:
        await viewer.wait_packets(20)
    house = pair.holder.house
    assert house.media.relay.viewers() == {pair.broadcast: 10}
    assert pair.idle.house.media.relay.viewers() == {}
    async with httpx.AsyncClient() as http:
        for viewer in viewers:
            before = viewer.session.etag
            response = await pair.restart(http, viewer)
            assert response.status_code == 200, response.text
            assert response.headers["etag"] != before
            assert response.headers["content-type"] == FRAGMENT_TYPE
            layer = f"{viewer.session.location}/layer"
            assert (await http.post(layer, json={"most": 0})).status_code == 204
            delivery = f"{viewer.session.location}/delivery"
            assert (await http.post(delivery, json={"choice": "sound_only"})).status_code == 204
            assert (await http.get(delivery)).json()["choice"] == "sound_only"
            assert (await http.post(delivery, json={"choice": "auto"})).status_code == 204
            delay = f"{viewer.session.location}/delay"
            assert (await http.post(delay, json={"ms": 300})).status_code == 204
        # By whichever server they came, the holder counts them, and either says so.
        for _ in range(2):
            delay = (await pair.api.health(pair.broadcast))["delay"]
            assert (delay["from"], delay["median_ms"]) == ("server", 300)
        assert camera.session is not None
        assert (await pair.restart(http, camera, camera.key)).status_code == 200
        for viewer in viewers:
            await viewer.wait_packets(viewer.packets + 20)
        for viewer in viewers:
            response = await http.delete(viewer.session.location)
            assert (response.status_code, response.text) == (200, "ended\n")
            viewer.session = None
    assert house.media.relay.viewers() == {pair.broadcast: 0}
    ports = {port for method, path, port, _ in pair.balancer.statuses if "/wh" in path}
    assert ports == {pair.one.port, pair.other.port}
    assert not [each for each in pair.balancer.statuses if each[3] >= 400]
    assert await pair.events() == [("source.joined", source), ("source.switched", source)]


async def test_cameras_at_both_servers_are_in_one_place(pair: Pair) -> None:
    here, there = pair.one.url, pair.other.url
    _, orchard = await pair.camera("Orchard", here)
    host = await pair.channel(pair.other, key=pair.key)
    _, kitchen = await pair.camera("Kitchen", there)

    async def flows() -> bool:
        sources = (await pair.api.health(pair.broadcast))["sources"]
        return any(each["id"] == kitchen and not each["away"] for each in sources)

    await until(flows, "the kitchen's media flows")
    await host.call("source.switch", source=kitchen)
    await host.wait_for("source.switched", source=kitchen)
    viewers = [await pair.watch(url) for url in (here, there)]
    watching = [await pair.channel(server) for server in (pair.one, pair.other)]
    for url in (there, here):
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {pair.key}"}) as http:
            health = (await http.get(f"{url}/api/v1/broadcasts/{pair.broadcast}/health")).json()
        assert {each["id"] for each in health["sources"]} == {orchard, kitchen}
        assert health["viewers"] == 2
    # A switch at the server that has no camera is true, and for everyone.
    answer = await host.call("source.switch", source=orchard)
    assert answer["label"] == "Orchard"
    for channel in watching:
        await channel.wait_for("source.switched", source=orchard)
    assert (await host.call("source.switch", source=orchard))["on_air"] is True
    preview = await pair.watch(there, kitchen, pair.key)
    await preview.wait_packets(20)
    with pytest.raises(ApiProblem) as refused:
        await pair.watch(there, kitchen)
    assert refused.value.status == 401
    for viewer in viewers:
        await viewer.wait_packets(viewer.packets + 50)
        assert viewer.lost == 0
    kinds = [kind for kind, _ in await pair.events()]
    assert "broadcast.paused" not in kinds


async def test_a_viewer_is_counted_by_its_own_address_wherever_it_comes_in(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.camera("Orchard", pair.one.url)
    viewer = await pair.watch(pair.other.url)
    offer = viewer.peer.ice
    assert offer
    seen: list[str | None] = []
    view = pair.one.house.media.relay.view

    def noted(broadcast: str, sdp: str, address: str | None = None) -> object:
        seen.append(address)
        return view(broadcast, sdp, address)

    monkeypatch.setattr(pair.one.house.media.relay, "view", noted)
    await pair.watch()
    await pair.watch()
    assert seen == ["203.0.113.7"] * 2
    # Whoever says that it is a server is not one by that.
    async with httpx.AsyncClient(base_url=pair.other.url) as http:
        response = await http.post(
            f"/whep/{pair.broadcast}",
            content="v=0\r\n",
            headers={"Content-Type": "application/sdp", "X-Forwarded-For": "198.51.100.9"},
        )
    assert response.json()["type"] == "/problems/bad-sdp"
    assert seen[-1] == "198.51.100.9"


async def test_problems_of_the_holder_are_those_of_the_answer(pair: Pair) -> None:
    _, source = await pair.camera("Orchard", pair.one.url)
    made = await pair.api.create_stream_key(pair.broadcast, "encoder", "Barn")
    sdp = {"Content-Type": "application/sdp"}
    async with httpx.AsyncClient(base_url=pair.other.url) as http:
        for path, headers, slug in (
            (f"/whep/{pair.broadcast}", sdp, "bad-sdp"),
            (
                f"/whip/{pair.broadcast}",
                sdp | {"Authorization": f"Bearer {made['key']}"},
                "bad-sdp",
            ),
            (f"/whip/{pair.broadcast}", sdp, "wrong-stream-key"),
        ):
            response = await http.post(path, content="no SDP", headers=headers)
            assert response.json()["type"] == f"/problems/{slug}"
            assert response.headers["access-control-allow-origin"] == "*"
        # What was refused stands beside its source, for whoever asks wherever.
        health = await pair.api.health(pair.broadcast)
        (barn,) = [each for each in health["sources"] if each["label"] == "Barn"]
        assert barn["refused"]["slug"] == "bad-sdp"
        for method, kind in (("PATCH", FRAGMENT_TYPE), ("PATCH", "text/plain"), ("DELETE", "")):
            path = f"/whep/{pair.broadcast}/a-session-of-nobody"
            headers = {"Content-Type": kind, "If-Match": "*"}
            response = await http.request(method, path, content="", headers=headers)
            assert (response.status_code, response.json()["type"]) == (
                404,
                "/problems/unknown-session",
            )
        stale = {"Content-Type": FRAGMENT_TYPE, "If-Match": '"stale"'}
        viewer = await pair.watch()
        response = await http.patch(
            viewer.session.location.replace(pair.url, pair.other.url),
            content="a=ice-ufrag:new1\r\na=ice-pwd:a-new-password-of-22-chars\r\n",
            headers=stale,
        )
        assert response.status_code == 412
    barn_away = made["source"]
    with pytest.raises(ApiProblem) as refused:
        await pair.api.commands(pair.broadcast).switch(barn_away)
    assert refused.value.slug == "source-away"
    assert source


async def test_the_lease_goes_to_the_next_publishers_server_once_nobody_is_there(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    for server in (pair.one, pair.other):
        monkeypatch.setattr(server.house.media.relay._switcher, "_grace_s", 0.2)
    camera, source = await pair.camera("Orchard", pair.one.url)
    viewer = await pair.watch(pair.other.url)
    await viewer.wait_packets(20)
    leases = pair.one.house.media.leases
    assert leases.epoch(pair.broadcast) == 1
    # Who watches keeps the place where it watches.
    await camera.close()
    host = await pair.channel(pair.other, key=pair.key)
    await until(lambda: host.snapshot is not None, "the channel is open")
    await until(
        lambda: pair.one.house.media.relay.health(pair.broadcast)["sources"] == [], "it left"
    )
    await leases.renew()
    assert leases.epoch(pair.broadcast) == 1
    await viewer.close()
    assert pair.one.house.media.relay.broadcasts() == set()
    await leases.renew()
    assert leases.epoch(pair.broadcast) is None
    await pair.publish(camera.key, pair.other.url)
    assert pair.other.house.media.leases.epoch(pair.broadcast) == 2
    viewer = await pair.watch(pair.one.url)
    await viewer.wait_packets(20)
    joined = [each for each in await pair.events() if each[0] in ("source.joined", "source.left")]
    assert joined == [(f"source.{kind}", source) for kind in ("joined", "left", "joined")]


async def test_what_is_forwarded_to_one_who_does_not_hold_it_goes_no_further(pair: Pair) -> None:
    await pair.camera("Orchard", pair.one.url)
    forwarding, leases = pair.one.house.media.forwarding, pair.other.house.media.leases
    wrong = Lease(leases.node, pair.other.url, 1)
    for operation, facts in (
        ("view", {"text": "v=0", "address": None}),
        ("publish", {"admission": {"source": "x", "label": "x"}, "text": "v=0"}),
        ("delete", {"session": "x", "publisher": False}),
    ):
        with pytest.raises(NotHere):
            await forwarding.ask(wrong, operation, pair.broadcast, **facts)
    assert pair.other.house.media.forwarding.forwarded == 0
    # Another process has taken the place of the one that is meant.
    with pytest.raises(HolderGone):
        await forwarding.ask(wrong._replace(node=ulid()), "health", pair.broadcast)


async def test_who_asks_one_that_gave_it_back_is_told_what_is_so_now(pair: Pair) -> None:
    camera, _ = await pair.camera("Orchard", pair.one.url)
    known = await pair.other.house.media.leases.holder(pair.broadcast)
    assert known is not None
    pair.one.house.media.relay.end(pair.broadcast)
    await pair.one.house.media.leases.renew()
    # What was known is a second old at most, and no more than what it says.
    pair.other.house.media.leases._know(pair.broadcast, known)
    async with httpx.AsyncClient() as http:
        response = await http.post(
            f"{pair.other.url}/whep/{pair.broadcast}",
            content="v=0\r\n",
            headers={"Content-Type": "application/sdp"},
        )
    assert response.json()["type"] == "/problems/nobody-publishing"
    pair.other.house.media.leases._know(pair.broadcast, known)
    await pair.publish(camera.key, pair.other.url)
    assert pair.holder is pair.other


async def test_nobody_is_there_yet(pair: Pair) -> None:
    async with httpx.AsyncClient() as http:
        for server in (pair.one, pair.other):
            response = await http.post(
                f"{server.url}/whep/{pair.broadcast}",
                content="v=0\r\n",
                headers={"Content-Type": "application/sdp"},
            )
            assert (response.status_code, response.json()["type"]) == (
                409,
                "/problems/nobody-publishing",
            )
            assert response.headers["retry-after"] == "2"


async def test_publishers_who_come_at_once_are_at_one_server(pair: Pair) -> None:
    await asyncio.gather(
        *(
            pair.camera(f"Camera {number}", (pair.one.url, pair.other.url)[number % 2])
            for number in range(6)
        )
    )
    assert len((await pair.api.health(pair.broadcast))["sources"]) == 6
    held = [s.house.media.leases.holds(pair.broadcast) for s in (pair.one, pair.other)]
    assert sorted(held) == [False, True]


async def test_what_is_watched_by_a_role_ends_with_it_at_whichever_server(pair: Pair) -> None:
    _, orchard = await pair.camera("Orchard", pair.one.url)
    key, secret = await pair.other.house.people.create_api_key("wall", "moderator")
    mine = await pair.watch(pair.other.url, orchard, secret)
    others = await pair.watch(pair.other.url, orchard, pair.key)
    for viewer in (mine, others):
        await viewer.wait_packets(20)
    here = pair.one.house.media.sessions

    async def is_open(viewer: Any) -> bool:
        return await here.is_open(pair.broadcast, viewer.session.location.rpartition("/")[2])

    assert await is_open(mine)
    await pair.one.house.people.revoke_api_key(key.id)

    async def is_over() -> bool:
        return not await is_open(mine)

    await until(is_over, "the picture is gone")
    assert await is_open(others)
    await others.wait_packets(others.packets + 50)


async def test_a_server_that_nobody_can_ask_is_said_and_its_cameras_are_not_doubled(
    settings: Settings, tables: None
) -> None:
    """As today with a balancer that keeps a broadcast at one server, until it does not."""
    async with running(settings) as one, running(settings) as other, AsyncExitStack() as stack:
        _, key = await one.house.people.create_api_key("test", "host")
        api = await stack.enter_async_context(Api(one.url, key=key))
        broadcast = (await api.create_broadcast({"en": "Kumquats"}))["id"]
        await api.start(broadcast)
        camera = (await api.create_stream_key(broadcast, "encoder", "Orchard"))["key"]
        for kind, made in (
            ("whip", LightPublisher(f"{one.url}/whip/{broadcast}", camera)),
            ("whep", LightViewer(f"{one.url}/whep/{broadcast}", patience_s=10)),
        ):
            stack.push_async_callback(made.close)
            await made.start()
            assert kind
        with capture_logs() as logs:
            for url, headers in (
                (f"{other.url}/whep/{broadcast}", {}),
                (f"{other.url}/whip/{broadcast}", {"Authorization": f"Bearer {camera}"}),
            ):
                async with httpx.AsyncClient() as http:
                    sdp = {"Content-Type": "application/sdp"}
                    response = await http.post(url, content="v=0\r\n", headers=sdp | headers)
                assert (response.status_code, response.json()["type"]) == (
                    503,
                    "/problems/media-on-other-server",
                )
                assert response.headers["retry-after"] == "5"
        (line,) = [each for each in logs if each["log_level"] == "error"]
        assert "FARMLIVE_NODE_URL" in line["what_to_do"]
        async with Api(other.url, key=key) as there:
            with pytest.raises(ApiProblem) as refused:
                await there.commands(broadcast).switch(FARM)
        assert refused.value.slug == "unknown-source"
        assert other.house.media.forwarding.lacks_url()
        assert not one.house.media.forwarding.lacks_url()


async def test_whip_and_whep_are_whole_at_the_server_that_forwards(pair: Pair) -> None:
    """Clause by clause, as where the media is."""
    await pair.camera("Orchard", pair.one.url)
    made = await pair.api.create_stream_key(pair.broadcast, "encoder", "Barn")
    for check, kind, bearer in (
        (whip_check.check, "whip", made["key"]),
        (whep_check.check, "whep", None),
    ):
        url = f"{pair.other.url}/{kind}/{pair.broadcast}"
        results = [result async for result in check(url, bearer)]
        broken = [f"{each.clause.id}: {each.reason}" for each in results if each.verdict == "fail"]
        assert broken == []
        assert sum(each.verdict == "pass" for each in results) > 40
    assert pair.other.house.media.forwarding.forwarded > 40
    assert pair.other.house.media.relay.viewers() == {}


async def test_a_text_that_is_no_sdp_is_refused_as_it_came(pair: Pair) -> None:
    await pair.camera("Orchard", pair.one.url)
    sdp = {"Content-Type": "application/sdp"}
    async with httpx.AsyncClient(base_url=pair.other.url) as http:
        for text in ("\0" * (128 * 1024), "\n" * 1000, "{}\n{}", "\u2028\U0001f34a" * 100):
            response = await http.post(f"/whep/{pair.broadcast}", content=text, headers=sdp)
            assert (response.status_code, response.json()["type"]) == (400, "/problems/bad-sdp")
