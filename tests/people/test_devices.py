import asyncio
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.types import Message, Receive, Scope, Send

from farmlive.people import DeviceCookie, People, tables
from farmlive.people.devices import Pseudonyms
from farmlive.settings import Settings
from farmlive.store import Store

from .conftest import browser


async def test_first_answer_sets_the_cookie_and_later_ones_do_not(
    client: httpx.AsyncClient,
) -> None:
    first = await client.get("/who")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("farmlive_device=")
    for attribute in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="):
        assert attribute in cookie
    assert "Secure" not in cookie
    second = await client.get("/who")
    assert "set-cookie" not in second.headers
    assert second.json()["device"] == first.json()["device"]


async def test_cookie_is_secure_under_https(store: Store, settings: Settings) -> None:
    secure = settings.model_copy(update={"public_url": "https://farm.test"})
    people = People(store, secure)
    answer = await first_message(DeviceCookie(accept, people.pseudonyms, secure=secure.secure))
    assert set_cookie(answer)["farmlive_device"]["secure"]


async def test_pseudonym_is_not_the_cookie_and_two_browsers_differ(app: FastAPI) -> None:
    async with browser(app) as one, browser(app) as two:
        devices = {(await each.get("/who")).json()["device"] for each in (one, two)}
        assert len(devices) == 2
        assert not devices & {each.cookies["farmlive_device"] for each in (one, two)}


@pytest.mark.parametrize("bad", ["", "short", "x" * 500, "!" * 22])
async def test_bad_cookie_is_replaced(app: FastAPI, bad: str) -> None:
    async with browser(app, Cookie=f"farmlive_device={bad}") as client:
        assert "farmlive_device=" in (await client.get("/who")).headers["set-cookie"]


async def test_error_answers_set_the_cookie_too(client: httpx.AsyncClient) -> None:
    assert "set-cookie" in (await client.get("/api/v1/session")).headers


async def test_answer_for_shared_caches_never_carries_a_cookie(people: People) -> None:
    async def cached(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"cache-control", b"public, max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    sent = await first_message(DeviceCookie(cached, people.pseudonyms, secure=False), "http")
    assert b"set-cookie" not in dict(sent["headers"])


async def test_websocket_acceptance_sets_the_cookie(people: People) -> None:
    middleware = DeviceCookie(accept, people.pseudonyms, secure=False)
    scope: dict[str, Any] = {}
    accepted = await first_message(middleware, scope=scope)
    token = set_cookie(accepted)["farmlive_device"].value
    device = scope["state"]["device"]

    again: dict[str, Any] = {}
    headers = [(b"cookie", f"farmlive_device={token}".encode())]
    accepted = await first_message(middleware, headers=headers, scope=again)
    assert "headers" not in accepted
    assert again["state"]["device"] == device


async def test_lifespan_passes_through(people: People) -> None:
    assert (await first_message(DeviceCookie(accept, people.pseudonyms, secure=False), "lifespan"))[
        "type"
    ] == "websocket.accept"


async def test_servers_on_one_database_give_the_same_pseudonym(store: Store) -> None:
    one, two = Pseudonyms(store), Pseudonyms(store)
    assert await one.of("device", "token") == await two.of("device", "token")


async def test_pseudonym_is_128_bits_of_hex_and_differs_by_kind(people: People) -> None:
    device = await people.pseudonyms.of("device", "x")
    assert len(bytes.fromhex(device)) == 16
    assert device != await people.pseudonyms.of("buyer", "x")


async def test_key_is_made_once(store: Store) -> None:
    await asyncio.gather(*(Pseudonyms(store).of("device", "x") for _ in range(8)))
    rows = await store.read(lambda conn: conn.execute(select(tables.secrets)).all())
    assert len(rows) == 1
    assert len(rows[0].value) == 64


async def accept(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})


async def first_message(
    app: Any,
    kind: str = "websocket",
    *,
    headers: list[tuple[bytes, bytes]] | None = None,
    scope: dict[str, Any] | None = None,
) -> Message:
    """What the application sends first on such a connection."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is received")

    scope = {} if scope is None else scope
    scope.update({"type": kind, "headers": headers or []})
    await app(scope, receive, send)
    return sent[0]


def set_cookie(message: Message) -> SimpleCookie:
    return SimpleCookie(dict(message["headers"])[b"set-cookie"].decode())
