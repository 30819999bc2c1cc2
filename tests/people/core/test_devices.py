from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from tests.people.conftest import browser
from tests.support.parts import people_of, with_device

from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import cookies
from farmlive.people.core.devices import Pseudonyms
from farmlive.settings import Settings
from farmlive.store import Store


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
    people = people_of(store, secure)
    answer = await first_message(with_device(accept, people, secure=secure.secure))
    assert set_cookie(answer)["__Host-farmlive_device"]["secure"]


async def test_pseudonym_is_not_the_cookie_and_two_browsers_differ(app: Api) -> None:
    async with browser(app) as one, browser(app) as two:
        devices = {(await each.get("/who")).json()["device"] for each in (one, two)}
        assert len(devices) == 2
        assert not devices & {each.cookies["farmlive_device"] for each in (one, two)}


@pytest.mark.parametrize("bad", ["", "short", "x" * 500, "!" * 22])
async def test_bad_cookie_is_replaced(app: Api, bad: str) -> None:
    async with browser(app, Cookie=f"farmlive_device={bad}") as client:
        assert "farmlive_device=" in (await client.get("/who")).headers["set-cookie"]


async def test_error_answers_set_the_cookie_too(client: httpx.AsyncClient) -> None:
    assert "set-cookie" in (await client.get("/api/v1/session")).headers


async def test_answer_for_shared_caches_never_carries_a_cookie(people: People) -> None:
    async def cached(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"cache-control", b"public, max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    sent = await first_message(with_device(cached, people), "http")
    assert b"set-cookie" not in dict(sent["headers"])


async def test_an_answer_to_no_browser_carries_no_cookie(people: People) -> None:
    middleware = with_device(accept, people, without=("/between",))
    for path, count in (("/between", 0), ("/", 1)):
        scope: dict[str, Any] = {"path": path}
        assert len(cookies_of(await first_message(middleware, scope=scope))) == count
        assert scope["state"]["device"]


async def test_websocket_acceptance_sets_the_cookie(people: People) -> None:
    middleware = with_device(accept, people)
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
    assert (await first_message(with_device(accept, people), "lifespan"))[
        "type"
    ] == "websocket.accept"


async def test_servers_on_one_database_give_the_same_pseudonym(store: Store) -> None:
    one, two = Pseudonyms(store), Pseudonyms(store)
    assert await one.of("device", "token") == await two.of("device", "token")


async def test_pseudonym_is_128_bits_of_hex_and_differs_by_kind(people: People) -> None:
    device = await people.pseudonyms.of("device", "x")
    assert len(bytes.fromhex(device)) == 16
    assert device != await people.pseudonyms.of("buyer", "x")


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


def cookies_of(message: Message) -> list[str]:
    headers = message.get("headers", [])
    return [value.decode() for name, value in headers if name == b"set-cookie"]


async def test_cookie_is_this_hosts_alone_under_https(people: People) -> None:
    middleware = with_device(accept, people, secure=True)
    (cookie,) = cookies_of(await first_message(middleware))
    assert cookie.startswith("__Host-farmlive_device=")
    for attribute in ("Secure", "Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=34560000"):
        assert attribute in cookie.split("; ")
    assert "Domain" not in cookie


async def test_device_under_the_old_name_is_the_same_and_set_anew(people: People) -> None:
    token = "t" * 22
    old = [(b"cookie", f"farmlive_device={token}; farmlive_session={'s' * 22}".encode())]
    new = [(b"cookie", f"__Host-farmlive_device={token}".encode())]
    plain = with_device(accept, people)
    secure = with_device(accept, people, secure=True)
    scopes: list[dict[str, Any]] = [{}, {}, {}]
    await first_message(plain, headers=old, scope=scopes[0])
    answer = await first_message(secure, headers=old, scope=scopes[1])
    assert cookies_of(await first_message(secure, headers=new, scope=scopes[2])) == []
    assert len({scope["state"]["device"] for scope in scopes}) == 1
    device, no_device, session, no_session = cookies_of(answer)
    assert device.startswith(f"__Host-farmlive_device={token}; Max-Age=34560000;")
    assert session.startswith(f"__Host-farmlive_session={'s' * 22}; Max-Age=1209600;")
    assert no_device.startswith("farmlive_device=; Max-Age=0;")
    assert no_session.startswith("farmlive_session=; Max-Age=0;")


async def test_old_name_counts_for_nothing_beside_the_new_one_and_after_its_time(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = with_device(accept, people, secure=True)
    both = f"farmlive_device={'o' * 22}; __Host-farmlive_device={'n' * 22}".encode()
    scope: dict[str, Any] = {}
    assert cookies_of(await first_message(secure, headers=[(b"cookie", both)], scope=scope)) == []
    assert scope["state"]["device"] == await people.pseudonyms.of("device", "n" * 22)
    monkeypatch.setattr(cookies, "OLD_UNTIL", 0)
    old = [(b"cookie", f"farmlive_device={'o' * 22}".encode())]
    (made,) = cookies_of(await first_message(secure, headers=old))
    assert "o" * 22 not in made


@pytest.mark.parametrize("sent", ["device", "language"])
async def test_a_session_under_the_old_name_is_a_neighbours_where_a_new_cookie_is_there(
    people: People, sent: str
) -> None:
    token, planted = "n" * 22, "p" * 22
    cookie = (
        f"__Host-farmlive_{sent}={token}; farmlive_session={planted}; farmlive_device={planted}"
    )
    secure = with_device(accept, people, secure=True)
    answer = await first_message(secure, headers=[(b"cookie", cookie.encode())])
    assert not any(planted in each for each in cookies_of(answer))
    parsed = {name: value for name, _, value in (p.partition("=") for p in cookie.split("; "))}
    assert cookies.Cookies(secure=True).read(parsed, "farmlive_session") == ""
