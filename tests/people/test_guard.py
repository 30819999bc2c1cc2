from typing import Any

import httpx
import pytest
from sqlalchemy import update
from starlette.requests import HTTPConnection
from structlog.testing import capture_logs
from tests.people.conftest import (
    CENTRE,
    FARM,
    LIVE,
    OTHER_CENTRE,
    PASSWORD,
    browser,
    make_app,
    sign_in,
)
from tests.support.parts import people_of

from farmlive.openapi import Api
from farmlive.people import Caller, Guard, People
from farmlive.people.core import tables
from farmlive.people.core.problems import CrossSite, UnknownApiKey
from farmlive.people.core.roles import Role
from farmlive.settings import Settings
from farmlive.store import Store

pytestmark = pytest.mark.any_database

KEYS = f"/api/v1/broadcasts/{LIVE}/stream-keys"


async def test_viewer_is_nobody_with_a_device(client: httpx.AsyncClient) -> None:
    body = (await client.get("/who")).json()
    assert len(body.pop("device")) == 32
    assert body == {
        "name": None,
        "role": None,
        "address": "192.0.2.1",
        "staff": False,
        "crew": False,
        "farms": [],
        "centres": [],
        "simulated": False,
    }


async def test_api_key_acts_with_its_role_and_label(app: Api, people: People) -> None:
    _, secret = await people.create_api_key("sheet", "host")
    async with browser(app, Authorization=f"bearer {secret}") as program:
        body = (await program.get("/who")).json()
        assert (body["name"], body["role"], body["staff"]) == ("sheet", "host", True)
        assert (await program.post(KEYS, json={"purpose": "encoder"})).status_code == 201
        assert (await program.get("/api/v1/session")).json()["csrf"] is None
        assert (await program.get("/api/v1/accounts")).status_code == 403


@pytest.mark.parametrize(
    ("role", "crew", "harvests"),
    [
        ("coordinator", True, True),
        ("host", True, True),
        ("moderator", True, False),
        ("seller", False, True),
        ("clerk", False, False),
    ],
)
async def test_route_takes_the_roles_it_names_and_no_other(
    app: Api, people: People, role: Role, crew: bool, harvests: bool
) -> None:
    farms = [FARM] if role == "seller" else []
    centres = [CENTRE] if role == "clerk" else []
    await people.create_account("chen", role, PASSWORD, farms, centres)
    async with browser(app) as client:
        assert (await client.post("/harvest")).status_code == 401
        await sign_in(client, "chen")
        who = (await client.get("/who")).json()
        assert (who["role"], who["crew"], who["farms"]) == (role, crew, farms)
        assert (await client.get("/api/v1/session")).json()["farms"] == farms
        answer = await client.post("/harvest")
        assert answer.status_code == (200 if harvests else 403)
        if not harvests:
            assert "coordinator, host or seller" in answer.json()["detail"]
        del client.headers["x-csrf-token"]
        assert (await client.post("/harvest")).status_code == 403
        assert (await client.delete("/api/v1/session")).status_code == 403


async def test_every_role_may_sign_out(app: Api, people: People) -> None:
    await people.create_account("wang", "clerk", PASSWORD, centres=[CENTRE])
    async with browser(app) as client:
        await sign_in(client, "wang")
        assert (await client.delete("/api/v1/session")).status_code == 204


async def test_a_clerks_api_key_has_its_centres_and_an_old_one_all(
    app: Api, people: People, store: Store
) -> None:
    key, secret = await people.create_api_key("till", "clerk", centres=[CENTRE])
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        assert (await program.get("/who")).json()["centres"] == [CENTRE]
        old = update(tables.api_keys).where(tables.api_keys.c.id == key.id).values(centres=None)
        await store.write(lambda conn: conn.execute(old))
        assert (await program.get("/who")).json()["centres"] is None
    _, secret = await people.create_api_key("crew", "host")
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        assert (await program.get("/who")).json()["centres"] == []


@pytest.mark.parametrize(
    ("role", "centres", "own", "other", "parcel"),
    [
        ("host", frozenset(), True, True, True),
        ("clerk", frozenset({CENTRE}), True, False, False),
        ("clerk", frozenset(), False, False, False),
        ("clerk", None, True, True, False),
        ("seller", frozenset({CENTRE}), False, False, False),
        (None, None, False, False, False),
    ],
)
def test_at_which_centres_a_role_hands_over(
    role: Role | None, centres: frozenset[str] | None, own: bool, other: bool, parcel: bool
) -> None:
    caller = Caller("A", "zhang", role, "device", "192.0.2.1", centres=centres)
    assert caller.may_hand_over_at(CENTRE) == own
    assert caller.may_hand_over_at(OTHER_CENTRE) == other
    assert caller.may_hand_over_at(None) == parcel


async def test_sellers_api_key_has_its_farms(app: Api, people: People) -> None:
    _, secret = await people.create_api_key("scale", "seller", [FARM])
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        assert (await program.get("/who")).json()["farms"] == [FARM]
        assert (await program.post("/harvest")).status_code == 200


@pytest.mark.parametrize(
    ("role", "own", "other"),
    [("host", True, True), ("seller", True, False), ("moderator", False, False)],
)
def test_farm_is_kept_by_staff_and_its_sellers(role: Role, own: bool, other: bool) -> None:
    farms = frozenset([FARM]) if role == "seller" else frozenset()
    caller = Caller("A", "chen", role, "device", "192.0.2.1", farms=farms)
    assert caller.may_manage_farm(FARM) is own
    assert caller.may_manage_farm("another") is other


async def test_simulator_is_a_marked_viewer(app: Api, people: People) -> None:
    _, secret = await people.create_api_key("demo", "simulator")
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        body = (await program.get("/who")).json()
        assert (body["staff"], body["simulated"]) == (False, True)
        assert (await program.post(KEYS, json={"purpose": "encoder"})).status_code == 403


async def test_wrong_api_key_is_said_even_where_none_is_needed(app: Api, people: People) -> None:
    async with browser(app, Authorization="Bearer fl_wrong") as program:
        answer = await program.get("/who")
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/unknown-api-key"


@pytest.mark.parametrize("header", ["Bearer fls_stream", "Basic Zm9v", "Bearer", ""])
async def test_other_authorization_is_not_ours_to_judge(app: Api, header: str) -> None:
    async with browser(app, Authorization=header) as program:
        assert (await program.get("/who")).status_code == 200
        assert (await program.get(KEYS)).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", "0" * 32, "é"])
async def test_change_by_cookie_needs_the_csrf_token(host: httpx.AsyncClient, token: str) -> None:
    right = host.headers.pop("x-csrf-token")
    headers = {b"X-CSRF-Token": token.encode()} if token else {}
    answer = await host.post(KEYS, json={"purpose": "studio"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/csrf"
    assert (await host.delete("/api/v1/session")).status_code == 403
    assert (await host.get(KEYS)).json() == {"stream_keys": [], "next": None}
    good = await host.post(KEYS, json={"purpose": "studio"}, headers={"X-CSRF-Token": right})
    assert good.status_code == 201


async def test_csrf_token_of_another_session_is_wrong(
    host: httpx.AsyncClient, coordinator: httpx.AsyncClient
) -> None:
    host.headers["x-csrf-token"] = coordinator.headers["x-csrf-token"]
    assert (await host.post(KEYS, json={"purpose": "studio"})).status_code == 403


async def test_change_from_another_site_is_refused_whoever_asks(
    client: httpx.AsyncClient, host: httpx.AsyncClient
) -> None:
    evil = {"Origin": "https://evil.test"}
    assert (await client.post("/who", headers=evil)).status_code == 403
    body = {"name": "chen", "password": "a good password"}
    assert (await client.post("/api/v1/session", json=body, headers=evil)).status_code == 403
    answer = await host.post(KEYS, json={"purpose": "studio"}, headers=evil)
    assert answer.json()["type"] == "/problems/cross-site"
    assert (await client.get("/who", headers=evil)).status_code == 200


async def test_change_from_the_own_page_is_taken(client: httpx.AsyncClient) -> None:
    own = {"Origin": "http://farm.test"}
    assert (await client.post("/who", headers=own)).status_code == 200


async def test_proxys_client_is_believed_only_where_trusted(
    store: Store, settings: Settings
) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": ("192.0.2.1",)})
    app = make_app(people_of(store, trusting))
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    async with browser(app) as behind, browser(app, peer="192.0.2.2") as liar:
        assert (await behind.get("/who", headers=forwarded)).json()["address"] == "198.51.100.7"
        assert (await liar.get("/who", headers=forwarded)).json()["address"] == "192.0.2.2"


async def test_unnamed_proxy_hides_the_address_and_is_warned_of_once(app: Api) -> None:
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    with capture_logs() as lines:
        async with browser(app, peer="10.1.2.3") as behind, browser(app, peer="8.8.8.8") as liar:
            for _ in range(3):
                assert (await behind.get("/who", headers=forwarded)).json()["address"] is None
            assert (await behind.get("/who")).json()["address"] == "10.1.2.3"
            assert (await liar.get("/who", headers=forwarded)).json()["address"] == "8.8.8.8"
    warned = [line for line in lines if "FARMLIVE_TRUSTED_PROXIES" in line["event"]]
    assert [line["proxy"] for line in warned] == ["10.1.2.3"]
    assert "198.51.100.7" not in str(lines)


async def test_wrong_passwords_of_one_do_not_lock_out_all_behind_an_unnamed_proxy(
    app: Api, people: People
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    async with browser(app, peer="127.0.0.1", **{"X-Forwarded-For": "198.51.100.7"}) as client:
        for turn in range(people.settings.sign_ins_per_minute + 5):
            body = {"name": f"nobody {turn}", "password": "wrong"}
            assert (await client.post("/api/v1/session", json=body)).status_code == 401
        await sign_in(client, "chen")


def test_bad_proxies_are_said_at_start(store: Store, settings: Settings) -> None:
    wrong = settings.model_copy(update={"trusted_proxies": ("caddy",)})
    with pytest.raises(ValueError, match="FARMLIVE_TRUSTED_PROXIES"):
        Guard(people_of(store, wrong))


async def test_operator_is_loopback_without_a_proxy_or_staff(app: Api, people: People) -> None:
    _, secret = await people.create_api_key("prometheus", "coordinator")
    async with browser(app, peer="127.0.0.1") as local, browser(app) as far:
        assert (await local.get("/metrics")).status_code == 200
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
            forwarded = {name: "198.51.100.7"}
            assert (await local.get("/metrics", headers=forwarded)).status_code == 401
        assert (await far.get("/metrics")).status_code == 401
        key = {"Authorization": f"Bearer {secret}"}
        assert (await far.get("/metrics", headers=key)).status_code == 200


def channel(**headers: str) -> HTTPConnection:
    """The handshake of a channel."""
    scope: dict[str, Any] = {
        "type": "websocket",
        "path": f"/api/v1/broadcasts/{LIVE}/live",
        "client": ("192.0.2.1", 50000),
        "headers": [
            (name.encode(), value.encode())
            for name, value in {"host": "farm.test", **headers}.items()
        ],
        "state": {"device": "d" * 32},
    }
    return HTTPConnection(scope)


async def test_channel_knows_the_signed_in_host(host: httpx.AsyncClient, people: People) -> None:
    cookie = f"farmlive_session={host.cookies['farmlive_session']}"
    caller = await Guard(people).caller(channel(cookie=cookie, origin="http://farm.test"))
    assert (caller.name, caller.role, caller.device) == ("chen", "host", "d" * 32)


async def test_channel_for_another_site_is_refused_and_without_origin_taken(
    people: People,
) -> None:
    guard = Guard(people)
    with pytest.raises(CrossSite):
        await guard.caller(channel(origin="https://evil.test"))
    assert (await guard.caller(channel())).role is None


async def test_page_elsewhere_may_be_identified_where_a_route_allows_it(people: People) -> None:
    guard = Guard(people)
    elsewhere = channel(origin="https://evil.test")
    assert guard.is_cross_site(elsewhere)
    assert (await guard.identify(elsewhere)).role is None


async def test_channel_takes_api_keys(people: People) -> None:
    _, secret = await people.create_api_key("demo", "simulator")
    guard = Guard(people)
    assert (await guard.caller(channel(authorization=f"Bearer {secret}"))).simulated
    with pytest.raises(UnknownApiKey):
        await guard.caller(channel(authorization=f"Bearer {secret}x"))


async def test_caller_does_not_print_its_csrf_token(
    host: httpx.AsyncClient, people: People
) -> None:
    cookie = f"farmlive_session={host.cookies['farmlive_session']}"
    caller = await Guard(people).caller(channel(cookie=cookie))
    assert caller.csrf == host.headers["x-csrf-token"]
    assert caller.csrf not in repr(caller)
