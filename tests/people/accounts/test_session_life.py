"""How long a session lasts, the list of one's own, and what ends one."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import PASSWORD, browser, sign_in

from farmlive.clock import now_ms
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.accounts.browsers import browser_of
from farmlive.people.core import tables
from farmlive.people.core.sessions import Lifetime
from farmlive.store import CommitFailed, Store

MINUTE_MS = 60_000
IDLE_MS = 720 * MINUTE_MS
CHROME = (
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)


async def used_before(store: Store, ms: int) -> None:
    """Have every session used last so long ago."""
    query = update(tables.sessions).values(used_at=now_ms() - ms)
    await store.write(lambda conn: conn.execute(query).rowcount)


async def used_at(store: Store) -> int:
    found = await store.read(lambda conn: conn.execute(select(tables.sessions.c.used_at)).scalar())
    return int(found or 0)


async def status(client: httpx.AsyncClient, **headers: str) -> int:
    return (await client.get("/api/v1/session", headers=headers)).status_code


async def test_session_that_is_not_used_ends(host: httpx.AsyncClient, store: Store) -> None:
    await used_before(store, IDLE_MS + 6 * MINUTE_MS)
    assert await status(host) == 401


async def test_use_prolongs_a_session(host: httpx.AsyncClient, store: Store) -> None:
    for _ in range(3):
        await used_before(store, IDLE_MS - MINUTE_MS)
        assert await status(host) == 200
        assert now_ms() - await used_at(store) < MINUTE_MS


async def test_what_a_page_asks_by_itself_prolongs_nothing(
    host: httpx.AsyncClient, store: Store
) -> None:
    await used_before(store, IDLE_MS - MINUTE_MS)
    before = await used_at(store)
    assert await status(host, **{"X-Unattended": "1"}) == 200
    assert await used_at(store) == before


async def test_use_is_kept_once_in_five_minutes(host: httpx.AsyncClient, store: Store) -> None:
    await used_before(store, 4 * MINUTE_MS)
    before = await used_at(store)
    assert await status(host) == 200
    assert await used_at(store) == before
    await used_before(store, 5 * MINUTE_MS)
    assert await status(host) == 200
    assert await used_at(store) > before


async def test_use_that_can_not_be_kept_hinders_nobody(
    host: httpx.AsyncClient, store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await used_before(store, IDLE_MS - MINUTE_MS)

    async def write(_function: Any) -> None:
        raise CommitFailed("The disk is full.")

    monkeypatch.setattr(store, "write", write)
    assert await status(host) == 200


async def test_session_ends_after_its_days_however_it_is_used(
    host: httpx.AsyncClient, store: Store
) -> None:
    at = await store.read(lambda conn: conn.execute(select(tables.sessions)).one())
    assert at.expires_at - at.created_at == 14 * 24 * 60 * MINUTE_MS
    over = update(tables.sessions).values(used_at=now_ms(), expires_at=now_ms())
    await store.write(lambda conn: conn.execute(over).rowcount)
    assert await status(host) == 401


def test_short_idle_time_is_kept_more_often() -> None:
    assert Lifetime.of(1, 14).used_every_ms == 6_000
    assert Lifetime.of(720, 14).used_every_ms == 5 * MINUTE_MS


async def test_sign_in_ends_the_one_before_it_on_the_same_device_alone(
    host: httpx.AsyncClient, app: Api, people: People
) -> None:
    await people.create_account("mei", "host", PASSWORD)
    old = host.cookies["farmlive_session"]
    async with browser(app) as phone:
        await sign_in(phone, "chen")
        await sign_in(host, "mei")
        assert await status(phone) == 200
    async with browser(app, Cookie=f"farmlive_session={old}") as thief:
        assert await status(thief) == 401
    assert (await host.get("/api/v1/session")).json()["name"] == "mei"


async def test_wrong_password_ends_no_session(host: httpx.AsyncClient) -> None:
    body = {"name": "chen", "password": "not the right one"}
    assert (await host.post("/api/v1/session", json=body)).status_code == 401
    assert await status(host) == 200


async def test_own_sessions_are_listed_and_another_one_is_ended(
    host: httpx.AsyncClient, app: Api, people: People
) -> None:
    await people.create_account("mei", "coordinator", PASSWORD)
    async with browser(app, **{"User-Agent": CHROME}) as phone, browser(app) as other:
        await sign_in(phone, "chen")
        await sign_in(other, "mei")
        listed = await host.get("/api/v1/sessions")
        assert listed.headers["cache-control"] == "no-store"
        both = listed.json()["sessions"]
        assert {(each["browser"], each["current"]) for each in both} == {
            ("Chrome, Android", False),
            (None, True),
        }
        ((not_this,), (this,)) = (
            [each["id"] for each in both if each["current"] is current] for current in (False, True)
        )
        # Nobody else's are there to be ended, a coordinator's neither.
        answer = await other.delete(f"/api/v1/sessions/{not_this}")
        assert answer.json()["type"] == "/problems/unknown-sign-in"
        assert await status(phone) == 200
        assert (await host.delete(f"/api/v1/sessions/{not_this}")).status_code == 204
        assert await status(phone) == 401
        assert (await host.delete(f"/api/v1/sessions/{not_this}")).status_code == 404
        assert [each["id"] for each in (await host.get("/api/v1/sessions")).json()["sessions"]] == [
            this
        ]
        del host.headers["X-CSRF-Token"]
        assert (await host.delete(f"/api/v1/sessions/{this}")).status_code == 403


@pytest.mark.parametrize("session", ["x" * 300, "chen", "01JD00000000000000000000A1"])
async def test_session_that_is_not_there_is_said(host: httpx.AsyncClient, session: str) -> None:
    assert (await host.delete(f"/api/v1/sessions/{session}")).status_code == 404


async def test_program_has_no_sessions(people: People, app: Api) -> None:
    _, secret = await people.create_api_key("sheet", "host")
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        assert (await program.get("/api/v1/sessions")).json() == {"sessions": [], "next": None}
        answer = await program.delete("/api/v1/sessions/01JD00000000000000000000A1")
        assert answer.status_code == 404


async def test_list_has_no_secret(host: httpx.AsyncClient) -> None:
    text = (await host.get("/api/v1/sessions")).text
    assert host.cookies["farmlive_session"] not in text
    assert host.cookies["farmlive_device"] not in text


async def test_sign_out_clears_the_cache_and_leaves_the_device(
    host: httpx.AsyncClient, app: Api
) -> None:
    device = host.cookies["farmlive_device"]
    who = (await host.get("/who")).json()["device"]
    answer = await host.delete("/api/v1/session")
    # A hold, a mute and the links to a buyer's orders are the device's and the storage's.
    assert answer.headers["clear-site-data"] == '"cache"'
    assert host.cookies["farmlive_device"] == device
    assert (await host.get("/who")).json()["device"] == who


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (CHROME, "Chrome, Android"),
        (CHROME + " MicroMessenger/8.0.50", "WeChat, Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "Firefox, Linux"),
        ("python-httpx/0.27", None),
        ("<script>" * 10_000, None),
        ("", None),
    ],
)
def test_browser_is_called_by_its_product(sent: str, expected: str | None) -> None:
    assert browser_of(sent) == expected
