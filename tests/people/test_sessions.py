import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, func, select, update

from farmlive.people import People, RateLimits, tables
from farmlive.people.problems import WrongPassword
from farmlive.problems import TooMany
from farmlive.settings import Settings
from farmlive.store import Store, metadata

from .conftest import PASSWORD, browser, make_app, sign_in


async def test_sign_in_answers_who_it_is_and_sets_a_guarded_cookie(
    client: httpx.AsyncClient, people: People
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    answer = await client.post("/api/v1/session", json={"name": " Chen", "password": PASSWORD})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["name"], body["role"]) == ("chen", "host")
    assert len(body["csrf"]) == 32
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "session=" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/api/v1/session")).json() == body


async def test_cookie_is_secure_where_the_public_url_is_https(
    store: Store, settings: Settings
) -> None:
    secure = settings.model_copy(update={"public_url": "https://farm.test"})
    people = People(store, secure)
    await people.create_account("chen", "host", PASSWORD)
    async with browser(make_app(people), scheme="https") as client:
        answer = await client.post("/api/v1/session", json={"name": "chen", "password": PASSWORD})
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all("Secure" in cookie for cookie in cookies)


@pytest.mark.parametrize(
    ("name", "password"),
    [("chen", "wrong password"), ("nobody", PASSWORD), ("", ""), ("陈", "x"), ("a\0b", "a\0b")],
)
async def test_wrong_name_and_wrong_password_are_answered_alike(
    client: httpx.AsyncClient, people: People, name: str, password: str
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    answer = await client.post("/api/v1/session", json={"name": name, "password": password})
    assert answer.status_code == 401
    assert (
        answer.json()
        == WrongPassword("Nobody was signed in. Check name and password and try again.").body()
    )
    assert "farmlive_session" not in client.cookies


async def test_half_a_character_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"name": "\\ud800", "password": "\\ud800"}'
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/session", content=body, headers=headers)
    assert answer.status_code == 422


async def test_nobody_is_signed_in_at_first(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_sign_out_ends_the_session_for_its_cookie_too(
    host: httpx.AsyncClient, app: FastAPI, store: Store
) -> None:
    token = host.cookies["farmlive_session"]
    assert (await host.delete("/api/v1/session")).status_code == 204
    assert "farmlive_session" not in host.cookies
    async with browser(app, Cookie=f"farmlive_session={token}") as thief:
        assert (await thief.get("/api/v1/session")).status_code == 401
    count = select(func.count()).select_from(tables.sessions)
    assert await store.read(lambda conn: conn.execute(count).scalar_one()) == 0


async def test_session_ends_when_its_days_are_over(
    host: httpx.AsyncClient, app: FastAPI, store: Store
) -> None:
    over = update(tables.sessions).values(expires_at=1)
    await store.write(lambda conn: conn.execute(over).rowcount)
    assert (await host.get("/api/v1/session")).status_code == 401
    async with browser(app) as again:
        await sign_in(again, "chen")
    count = select(func.count()).select_from(tables.sessions)
    assert await store.read(lambda conn: conn.execute(count).scalar_one()) == 1


async def test_each_sign_in_is_a_session_of_its_own(host: httpx.AsyncClient, app: FastAPI) -> None:
    before = host.cookies["farmlive_session"]
    async with browser(app) as phone:
        await sign_in(phone, "chen")
        assert phone.cookies["farmlive_session"] != before
        await host.delete("/api/v1/session")
        assert (await phone.get("/api/v1/session")).status_code == 200


async def test_database_holds_neither_token_nor_csrf_nor_password(
    host: httpx.AsyncClient, store: Store
) -> None:
    def everything(conn: Connection) -> str:
        return "".join(str(conn.execute(select(table)).all()) for table in metadata.sorted_tables)

    text = await store.read(everything)
    assert "chen" in text
    for secret in (
        host.cookies["farmlive_session"],
        host.cookies["farmlive_device"],
        host.headers["x-csrf-token"],
        PASSWORD,
    ):
        assert secret not in text


async def test_guesses_at_one_name_run_into_its_limit_from_any_address(
    people: People, settings: Settings
) -> None:
    people.limits = RateLimits(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    for number in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", f"192.0.2.{number}")
    with pytest.raises(TooMany):
        await people.sign_in("CHEN", PASSWORD, "192.0.2.99")


async def test_right_passwords_use_up_no_guess(people: People, settings: Settings) -> None:
    people.limits = RateLimits(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    for _ in range(settings.sign_ins_per_minute + 1):
        await people.sign_in("chen", PASSWORD, "192.0.2.1")
    for _ in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", "192.0.2.1")
    with pytest.raises(TooMany, match="wrong passwords"):
        await people.sign_in("chen", PASSWORD, "192.0.2.1")


async def test_guesses_from_one_address_run_into_its_limit(
    client: httpx.AsyncClient, people: People, settings: Settings
) -> None:
    people.limits = RateLimits(clock=lambda: 0.0)
    for number in range(settings.sign_ins_per_minute):
        body = {"name": f"name{number}", "password": "wrong password"}
        assert (await client.post("/api/v1/session", json=body)).status_code == 401
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_new_password_ends_the_sessions(host: httpx.AsyncClient, people: People) -> None:
    password = await people.set_password("chen")
    assert (await host.get("/api/v1/session")).status_code == 401
    await sign_in(host, "chen", password)


async def test_disabled_account_is_out_and_stays_out(
    host: httpx.AsyncClient, people: People
) -> None:
    await people.disable_account("chen")
    assert (await host.get("/api/v1/session")).status_code == 401
    with pytest.raises(WrongPassword):
        await people.sign_in("chen", PASSWORD, "192.0.2.1")


async def change_password(client: httpx.AsyncClient, old: str, new: str) -> httpx.Response:
    body = {"old": old, "new": new}
    return await client.post("/api/v1/session/password", json=body)


async def test_own_password_is_changed_and_the_other_sessions_end(
    host: httpx.AsyncClient, app: FastAPI
) -> None:
    async with browser(app) as phone:
        await sign_in(phone, "chen")
        assert (await change_password(host, PASSWORD, "another password")).status_code == 204
        assert (await host.get("/api/v1/session")).status_code == 200
        assert (await phone.get("/api/v1/session")).status_code == 401
        await sign_in(phone, "chen", "another password")


async def test_own_password_needs_the_old_one_and_its_guesses_are_limited(
    host: httpx.AsyncClient, people: People, settings: Settings
) -> None:
    people.limits = RateLimits(clock=lambda: 0.0)
    for _ in range(settings.sign_ins_per_minute):
        answer = await change_password(host, "a guess", "another password")
        assert answer.json()["type"] == "/problems/wrong-password"
    assert (await change_password(host, PASSWORD, "another password")).status_code == 429
    assert (await host.get("/api/v1/session")).status_code == 200


async def test_new_password_that_is_too_short_changes_nothing(
    host: httpx.AsyncClient, app: FastAPI
) -> None:
    assert (await change_password(host, PASSWORD, "short")).status_code == 422
    async with browser(app) as phone:
        await sign_in(phone, "chen")


async def test_nobody_and_no_program_has_an_own_password(
    client: httpx.AsyncClient, app: FastAPI, people: People
) -> None:
    assert (await change_password(client, PASSWORD, PASSWORD)).status_code == 401
    _, secret = await people.create_api_key("sheet", "host")
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        answer = await change_password(program, PASSWORD, PASSWORD)
        assert answer.json()["type"] == "/problems/no-password"
