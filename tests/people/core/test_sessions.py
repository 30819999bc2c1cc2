import httpx
import pytest
from sqlalchemy import Connection, func, select, update
from tests.people.conftest import PASSWORD, browser, make_app, sign_in, viewer_at
from tests.support.parts import limits_of, people_of

from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.core.problems import PasswordChangeNeeded, WrongPassword
from farmlive.problems import TooMany
from farmlive.settings import Settings
from farmlive.store import Store, metadata


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
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert (await client.get("/api/v1/session")).json() == body


async def test_cookie_is_secure_where_the_public_url_is_https(
    store: Store, settings: Settings
) -> None:
    secure = settings.model_copy(update={"public_url": "https://farm.test"})
    people = people_of(store, secure)
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
    host: httpx.AsyncClient, app: Api, store: Store
) -> None:
    token = host.cookies["farmlive_session"]
    assert (await host.delete("/api/v1/session")).status_code == 204
    assert "farmlive_session" not in host.cookies
    async with browser(app, Cookie=f"farmlive_session={token}") as thief:
        assert (await thief.get("/api/v1/session")).status_code == 401
    count = select(func.count()).select_from(tables.sessions)
    assert await store.read(lambda conn: conn.execute(count).scalar_one()) == 0


async def test_session_ends_when_its_days_are_over(
    host: httpx.AsyncClient, app: Api, store: Store
) -> None:
    over = update(tables.sessions).values(expires_at=1)
    await store.write(lambda conn: conn.execute(over).rowcount)
    assert (await host.get("/api/v1/session")).status_code == 401
    async with browser(app) as again:
        await sign_in(again, "chen")
    count = select(func.count()).select_from(tables.sessions)
    assert await store.read(lambda conn: conn.execute(count).scalar_one()) == 1


async def test_each_sign_in_is_a_session_of_its_own(host: httpx.AsyncClient, app: Api) -> None:
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
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    for number in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", viewer_at(f"192.0.2.{number}"))
    with pytest.raises(TooMany):
        await people.sign_in("CHEN", PASSWORD, viewer_at("192.0.2.99"))


async def test_right_passwords_use_up_no_guess(people: People, settings: Settings) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    for _ in range(settings.sign_ins_per_minute + 1):
        await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1"))
    for _ in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", viewer_at("192.0.2.1"))
    with pytest.raises(TooMany, match="wrong passwords"):
        await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1"))


async def test_guesses_from_one_address_run_into_its_limit(
    client: httpx.AsyncClient, people: People, settings: Settings
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    for number in range(settings.sign_ins_per_minute):
        body = {"name": f"name{number}", "password": "wrong password"}
        assert (await client.post("/api/v1/session", json=body)).status_code == 401
    answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_new_password_ends_the_sessions(host: httpx.AsyncClient, people: People) -> None:
    password = await people.set_password("chen")
    assert (await host.get("/api/v1/session")).status_code == 401
    await sign_in(host, "chen", password, PASSWORD)


async def test_disabled_account_is_out_and_stays_out(
    host: httpx.AsyncClient, people: People
) -> None:
    await people.disable_account("chen")
    assert (await host.get("/api/v1/session")).status_code == 401
    with pytest.raises(WrongPassword):
        await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1"))


async def change_password(client: httpx.AsyncClient, old: str, new: str) -> httpx.Response:
    body = {"old": old, "new": new}
    return await client.post("/api/v1/session/password", json=body)


async def test_own_password_is_changed_and_the_other_sessions_end(
    host: httpx.AsyncClient, app: Api
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
    people.limits = limits_of(clock=lambda: 0.0)
    for _ in range(settings.sign_ins_per_minute):
        answer = await change_password(host, "a guess", "another password")
        assert answer.json()["type"] == "/problems/wrong-password"
    assert (await change_password(host, PASSWORD, "another password")).status_code == 429
    assert (await host.get("/api/v1/session")).status_code == 200


async def test_new_password_that_is_too_short_changes_nothing(
    host: httpx.AsyncClient, app: Api
) -> None:
    assert (await change_password(host, PASSWORD, "short")).status_code == 422
    async with browser(app) as phone:
        await sign_in(phone, "chen")


async def test_nobody_and_no_program_has_an_own_password(
    client: httpx.AsyncClient, app: Api, people: People
) -> None:
    assert (await change_password(client, PASSWORD, PASSWORD)).status_code == 401
    _, secret = await people.create_api_key("sheet", "host")
    async with browser(app, Authorization=f"Bearer {secret}") as program:
        answer = await change_password(program, PASSWORD, PASSWORD)
        assert answer.json()["type"] == "/problems/no-password"


async def test_wrong_passwords_of_strangers_do_not_shut_out_a_device_that_signed_in_before(
    people: People, settings: Settings
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    own = viewer_at("192.0.2.1", "a" * 32)
    await people.sign_in("chen", PASSWORD, own)
    for number in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", viewer_at(f"198.51.{number}.7"))
    with pytest.raises(TooMany):
        await people.sign_in("chen", PASSWORD, viewer_at("203.0.113.7", "b" * 32))
    await people.sign_in("Chen", PASSWORD, own)


async def test_known_device_has_a_limit_of_its_own_and_leaves_its_address_and_name_alone(
    people: People, settings: Settings
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    own = viewer_at("192.0.2.1", "a" * 32)
    await people.sign_in("chen", PASSWORD, own)
    for _ in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", own)
    with pytest.raises(TooMany):
        await people.sign_in("chen", PASSWORD, own)
    await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1", "b" * 32))


async def test_an_account_of_ones_own_gives_no_more_guesses_at_anothers(
    people: People, settings: Settings
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    await people.create_account("wu", "host", "a password of his own")
    tried = 0
    for number in range(settings.sign_ins_per_minute + 5):
        thief = viewer_at(f"198.51.{number}.7", f"{number:032x}")
        await people.sign_in("wu", "a password of his own", thief)
        try:
            await people.sign_in("chen", "wrong password", thief)
        except WrongPassword:
            tried += 1
        except TooMany:
            continue
    assert tried == settings.sign_ins_per_minute


@pytest.mark.parametrize("how", ["reset", "disabled"])
async def test_device_is_a_stranger_again_where_its_access_was_taken_away(
    people: People, settings: Settings, how: str
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("lin", "coordinator", PASSWORD)
    await people.create_account("chen", "host", PASSWORD)
    left = viewer_at("192.0.2.1", "a" * 32)
    await people.sign_in("chen", PASSWORD, left)
    if how == "reset":
        await people.set_password("chen")
    else:
        await people.disable_account("chen")
    for _ in range(settings.sign_ins_per_minute):
        with pytest.raises(WrongPassword):
            await people.sign_in("chen", "wrong password", left)
    with pytest.raises(TooMany):  # by the name, from wherever
        await people.sign_in("chen", "wrong password", viewer_at("203.0.113.7", "b" * 32))


async def test_password_that_the_server_made_is_tried_whatever_was_guessed(
    people: People, settings: Settings
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    for name in ("chen", "nobody"):  # alike, so that a name that exists is not found by it
        for number in range(settings.sign_ins_per_minute):
            with pytest.raises(WrongPassword):
                await people.sign_in(name, "wrong password", viewer_at(f"198.51.{number}.7"))
        with pytest.raises(WrongPassword):
            await people.sign_in(name, "sonami-kurebo-tiwaze", viewer_at("203.0.113.8"))
    made = await people.set_password("chen")  # as `farmlive user password` does
    newcomer = viewer_at("203.0.113.7", "b" * 32)
    with pytest.raises(PasswordChangeNeeded):
        await people.sign_in("chen", made, newcomer)
    await people.sign_in("chen", made, newcomer, "another password")


async def test_password_that_the_server_made_is_tried_whatever_its_own_network_guessed(
    people: People, settings: Settings
) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    await people.create_account("chen", "host", PASSWORD)
    made = await people.set_password("chen")
    for number in range(settings.sign_ins_per_minute * 10):  # one address's, and its block's
        guess = viewer_at(f"192.0.2.{number // settings.sign_ins_per_minute}")
        with pytest.raises(WrongPassword):
            await people.sign_in(f"name{number}", "wrong password", guess)
    for address, device in (("192.0.2.0", "a" * 32), ("192.0.2.200", "b" * 32)):
        newcomer = viewer_at(address, device)
        with pytest.raises(TooMany):
            await people.sign_in("chen", "wrong password", newcomer)
        with pytest.raises(PasswordChangeNeeded):
            await people.sign_in("chen", made, newcomer)
    newcomer = viewer_at("192.0.2.201", "c" * 32)
    for _ in range(settings.sign_ins_per_minute):  # they have a limit too, of their own
        with pytest.raises(WrongPassword):
            await people.sign_in("nobody", "sonami-kurebo-tiwaze", newcomer)
    with pytest.raises(TooMany):
        await people.sign_in("nobody", "sonami-kurebo-tiwaze", newcomer)


async def test_addresses_of_one_block_share_its_guesses(people: People, settings: Settings) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    tried = 0
    for number in range(250):
        try:
            await people.sign_in(f"name{number}", "wrong password", viewer_at(f"192.0.2.{number}"))
        except WrongPassword:
            tried += 1
        except TooMany:
            break
    assert tried == settings.sign_ins_per_minute * 10


async def test_own_new_password_keeps_the_device_known_and_forgets_the_others(
    host: httpx.AsyncClient, app: Api, people: People, settings: Settings
) -> None:
    async with browser(app) as phone:
        await sign_in(phone, "chen")
        people.limits = limits_of(clock=lambda: 0.0)
        assert (await change_password(host, PASSWORD, "another password")).status_code == 204
        for number in range(settings.sign_ins_per_minute):
            with pytest.raises(WrongPassword):
                await people.sign_in("chen", "wrong password", viewer_at(f"198.51.{number}.7"))
        body = {"name": "chen", "password": "another password"}
        assert (await phone.post("/api/v1/session", json=body)).status_code == 429
        assert (await host.post("/api/v1/session", json=body)).status_code == 200


async def test_an_account_knows_twenty_devices(people: People, store: Store) -> None:
    await people.create_account("chen", "host", PASSWORD)
    for number in range(23):
        await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1", f"{number:032x}"))
    query = select(tables.account_devices.c.device)
    known = await store.read(lambda conn: conn.execute(query).scalars().all())
    assert sorted(known) == [f"{number:032x}" for number in range(3, 23)]
