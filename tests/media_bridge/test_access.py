"""What access to media limits: wrong stream keys, new media sessions, and changes to them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from tests.support.waiting import LONG_S

from farmlive.client import Api
from farmlive.media_bridge import broadcast_states
from farmlive.media_bridge.broadcast_states import BroadcastStates
from farmlive.server import Server, running
from farmlive.settings import Settings

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}


@dataclass
class Site:
    """A server with few of everything a minute, two live broadcasts, a stream key of the first."""

    http: httpx.AsyncClient
    first: str
    second: str
    key: str

    async def publish(self, broadcast: str, key: str) -> httpx.Response:
        """The offer is no SDP: 400 tells that the key was good, and no session is made."""
        headers = SDP | {"Authorization": f"Bearer {key}"}
        return await self.http.post(f"/whip/{broadcast}", content="no SDP", headers=headers)


@pytest.fixture
async def site(settings: Settings, tables: None) -> AsyncIterator[Site]:
    few = settings.model_copy(update={"joins_per_minute": 5, "sign_ins_per_minute": 3})
    async with running(few) as server, httpx.AsyncClient(base_url=server.url) as http:
        yield await prepared(server, http)


async def prepared(server: Server, http: httpx.AsyncClient) -> Site:
    _, coordinator = await server.house.people.create_api_key("test", "coordinator")
    async with Api(server.url, key=coordinator) as api:
        first, second = [
            str((await api.create_broadcast({"en": title}))["id"]) for title in ("One", "Two")
        ]
        for broadcast in (first, second):
            await api.start(broadcast)
        minted = await api.create_stream_key(first, "encoder", "orchard")
    return Site(http, first, second, str(minted["key"]))


def refused(response: httpx.Response) -> None:
    assert response.status_code == 429
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert 0 < int(response.headers["retry-after"]) <= 60
    assert f"try again in {response.headers['retry-after']} s" in response.json()["detail"]


async def test_guesses_at_stream_keys_run_into_a_limit(site: Site) -> None:
    for number in range(3):
        assert (await site.publish(site.first, f"fls_guess{number}")).status_code == 401
    response = await site.publish(site.first, "fls_guess")
    refused(response)
    assert "wrong stream keys" in response.json()["detail"]
    refused(await site.publish(site.first, site.key))
    # An encoder with an old key shuts out no camera of another broadcast.
    assert (await site.publish(site.second, "fls_guess")).status_code == 401


async def test_a_right_stream_key_uses_up_no_guess(site: Site) -> None:
    for _ in range(4):
        assert (await site.publish(site.first, site.key)).status_code == 400
    for _ in range(3):
        assert (await site.publish(site.first, "fls_guess")).status_code == 401


async def test_new_sessions_of_an_address_are_limited(site: Site) -> None:
    for _ in range(5):
        assert (await site.publish(site.first, site.key)).status_code == 400
    refused(await site.publish(site.first, site.key))


async def test_looks_at_what_a_session_gets_are_limited_and_cost_no_change(site: Site) -> None:
    path = f"/whep/{site.first}/nobody/delivery"
    for _ in range(4 * 5):
        assert (await site.http.get(path)).status_code == 404
    refused(await site.http.get(path))
    assert (await site.http.delete(f"/whep/{site.first}/nobody")).status_code == 404


async def test_who_comes_in_one_second_asks_the_database_once(
    settings: Settings, tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as server, httpx.AsyncClient(base_url=server.url) as http:
        site = await prepared(server, http)
        reads = 0
        read = BroadcastStates.read

        async def count(states: BroadcastStates, broadcast: str) -> str:
            nonlocal reads
            reads += 1
            return await read(states, broadcast)

        async def watch() -> httpx.Response:
            return await http.post(f"/whep/{site.first}", content="v=0", headers=SDP)

        # The second, however slow the machine is.
        monkeypatch.setattr(broadcast_states, "BELIEVED_S", 3600.0)
        monkeypatch.setattr(BroadcastStates, "read", count)
        before = -1
        async with asyncio.timeout(LONG_S):
            # Until the bus has told of both starts.
            while before != reads:
                before = reads
                await watch()
        for _ in range(3):
            assert (await watch()).json()["type"] == "/problems/nobody-publishing"
        assert reads == before
        # A change is seen at once.
        await server.house.broadcasts.end(site.first)
        assert (await watch()).json()["type"] == "/problems/broadcast-ended"
        # And one that the bus did not tell of soon.
        monkeypatch.setattr(broadcast_states, "BELIEVED_S", 0.0)
        await http.post(f"/whep/{site.second}", content="v=0", headers=SDP)
        reads = 0
        await http.post(f"/whep/{site.second}", content="v=0", headers=SDP)
        assert reads == 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["whip", "whep"])
async def test_guesses_at_sessions_run_into_a_limit(site: Site, method: str, kind: str) -> None:
    for number in range(20):
        path = f"/{kind}/{site.first}/guess{number}"
        response = await site.http.request(method, path, content="", headers=FRAGMENT)
        assert response.status_code == 404
    refused(await site.http.request(method, path, content="", headers=FRAGMENT))


async def test_a_viewer_who_waits_for_the_camera_may_ask_again_and_again(site: Site) -> None:
    offer = "v=0\r\n"
    for _ in range(20):
        response = await site.http.post(f"/whep/{site.first}", content=offer, headers=SDP)
        assert (response.status_code, response.json()["type"]) == (
            409,
            "/problems/nobody-publishing",
        )


async def test_reports_of_delay_have_a_limit_of_their_own(site: Site) -> None:
    report = f"/whep/{site.first}/guess/delay"
    for _ in range(20):
        assert (await site.http.post(report, json={"ms": 400})).status_code == 404
    refused(await site.http.post(report, json={"ms": 400}))
    # Who reports much may still leave.
    assert (await site.http.delete(f"/whep/{site.first}/guess")).status_code == 404
