"""What a password that someone chooses must hold to."""

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import PASSWORD, sign_in, viewer_at

from farmlive.clock import now_ms
from farmlive.people import People
from farmlive.people.accounts import first_sign_in, password_rules, passwords
from farmlive.people.accounts.password_rules import Flaw, check, find_flaw
from farmlive.people.core import tables
from farmlive.people.core.problems import (
    PasswordChangeNeeded,
    PasswordOver,
    PasswordRefused,
    WrongPassword,
)
from farmlive.settings import Settings
from farmlive.store import Store

OWN = "four-quiet-hills"


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("ninechars", "short"),
        ("tencharsxy", None),
        ("", "short"),
        ("    tall    ", "short"),
        ("x" * 201, "long"),
        ("x" * 200, None),
        ("十个汉字的密码也行吧", None),
        ("1q2w3e4r5t", "common"),
        ("QWERTYuiop", "common"),
        ("woaini1314", "common"),
        ("ｑｗｅｒｔｙｕｉｏｐ", "common"),
        ("qwer tyui op", "common"),
        ("Chenchen1988", "name"),
        ("my-cHEN-house", "name"),
        ("ＣＨＥＮ-likes-tea", "name"),
        ("果园小周的金桔树很甜", "name"),
        ("果园 小周 的金桔树很甜", "name"),
        ("a good password", None),
    ],
)
def test_flaw_of_a_password(password: str, expected: Flaw | None) -> None:
    assert find_flaw(password, ("chen", "果园小周")) == expected


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("wu12345-tea", "name"),
        ("we.wu.walk.far", "name"),
        ("wuwuwuwuwu", "name"),
        ("wuthering heights", None),
        ("hawuhawuhawu", None),
    ],
)
def test_two_letters_are_a_name_where_they_stand_alone(
    password: str, expected: Flaw | None
) -> None:
    assert find_flaw(password, ("wu", None)) == expected


def test_list_has_ten_thousand_that_are_long_enough() -> None:
    common = password_rules._common()
    assert len(common) == 10_000
    assert min(map(len, common)) == passwords.SHORTEST
    assert all(password_rules._folded(word) == word for word in common)


def test_random_password_has_no_flaw_whatever_its_letters_spell() -> None:
    assert find_flaw("sonami-kurebo-tiwaze", ("nami", "kurebo")) is None


def test_the_one_from_before_is_refused_and_the_field_named() -> None:
    with pytest.raises(PasswordRefused) as refused:
        check(OWN, (), field="new", before=OWN)
    assert refused.value.members["reason"] == "same"
    assert refused.value.members["errors"][0]["field"] == "new"


async def test_refused_wherever_one_is_chosen(
    coordinator: httpx.AsyncClient, guest: httpx.AsyncClient, people: People
) -> None:
    made = (await coordinator.post("/api/v1/invitations", json={"role": "host"})).json()
    token = made["url"].removeprefix("/invitation/")
    path = f"/api/v1/invitations/by-token/{token}/acceptance"
    for client, where, body in (
        (coordinator, "/api/v1/session/password", {"old": PASSWORD, "new": "lin-lin-lin"}),
        (
            coordinator,
            "/api/v1/accounts",
            {"name": "mei", "role": "host", "password": "mei-mei-mei"},
        ),
        (guest, path, {"name": "wang", "password": "wang-is-here"}),
        (guest, path, {"name": "w", "display_name": "Old Wang", "password": "oldwang-is-here"}),
    ):
        answer = await client.post(where, json=body)
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/password-refused"
        assert answer.json()["reason"] == "name"
    assert [account.name for account in await people.accounts()] == ["lin"]


async def weaken(people: People, store: Store, name: str, password: str) -> None:
    """Give the account a password as one from before the rules."""
    hashed = await passwords.Passwords().hash(password)
    query = update(tables.accounts).where(tables.accounts.c.name == name)
    await store.write(lambda conn: conn.execute(query.values(password_hash=hashed)).rowcount)


async def test_short_one_from_before_works_and_is_said_to_be_weak_until_it_is_changed(
    client: httpx.AsyncClient, people: People, store: Store
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    await weaken(people, store, "chen", "eight888")
    body = {"name": "chen", "password": "eight888"}
    answer = await client.post("/api/v1/session", json=body)
    assert answer.json()["weak_password"] is True
    assert (await client.get("/api/v1/session")).json()["weak_password"] is True
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    change = {"old": "eight888", "new": OWN}
    assert (await client.post("/api/v1/session/password", json=change)).status_code == 204
    assert (await client.get("/api/v1/session")).json()["weak_password"] is False
    await sign_in(client, "chen", OWN)
    assert (await client.get("/api/v1/session")).json()["weak_password"] is False


async def test_first_password_is_changed_by_the_first_sign_in(
    coordinator: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    body = {"name": "chen", "role": "host"}
    first = (await coordinator.post("/api/v1/accounts", json=body)).json()["password"]
    tried = {"name": "chen", "password": first}
    for more, type_ in (
        ({}, "password-change-needed"),
        ({"new_password": "short"}, "password-refused"),
        ({"new_password": first}, "password-refused"),
    ):
        answer = await client.post("/api/v1/session", json={**tried, **more})
        assert answer.json()["type"] == f"/problems/{type_}"
        assert "farmlive_session" not in client.cookies
    answer = await client.post("/api/v1/session", json={**tried, "new_password": OWN})
    assert answer.status_code == 200
    assert (await client.get("/api/v1/session")).json()["name"] == "chen"
    answer = await client.post("/api/v1/session", json={**tried, "new_password": OWN})
    assert answer.json()["type"] == "/problems/wrong-password"
    await sign_in(client, "chen", OWN)


async def test_one_that_a_coordinator_thought_of_is_a_first_one_too(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    body = {"name": "chen", "role": "host", "password": PASSWORD}
    assert (await coordinator.post("/api/v1/accounts", json=body)).status_code == 201
    with pytest.raises(PasswordChangeNeeded):
        await people.sign_in("chen", PASSWORD, viewer_at("192.0.2.1"))


async def test_reset_password_ends_after_24_hours(people: People, store: Store) -> None:
    await people.create_account("chen", "host", PASSWORD)
    reset = await people.set_password("chen")
    until = select(tables.accounts.c.password_until)
    left = await store.read(lambda conn: conn.execute(until).scalar_one()) - now_ms()
    assert 0 <= passwords.FIRST_MS - left < 60_000
    earlier = update(tables.accounts).values(password_until=now_ms())
    await store.write(lambda conn: conn.execute(earlier).rowcount)
    with pytest.raises(PasswordOver):
        await people.sign_in("chen", reset, viewer_at("192.0.2.1"), OWN)
    again = await people.set_password("chen")
    await people.sign_in("chen", again, viewer_at("192.0.2.1"), OWN)


async def test_of_two_who_have_the_first_password_one_gets_in(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    reset = await people.set_password("chen")
    hash_ = passwords.Passwords.hash

    async def slowly(self: passwords.Passwords, password: str) -> str:
        if password == OWN:  # another comes in while this one's is hashed
            await people.sign_in("chen", reset, viewer_at("192.0.2.2", "b" * 32), "the other one's")
        return await hash_(self, password)

    monkeypatch.setattr(passwords.Passwords, "hash", slowly)
    with pytest.raises(WrongPassword):
        await people.sign_in("chen", reset, viewer_at("192.0.2.1"), OWN)
    await people.sign_in("chen", "the other one's", viewer_at("192.0.2.2", "b" * 32))


async def test_reset_wins_over_a_change_that_is_under_way(
    host: httpx.AsyncClient, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_ = passwords.Passwords.hash
    reset = ""

    async def slowly(self: passwords.Passwords, password: str) -> str:
        nonlocal reset
        if password == OWN:  # a coordinator shuts the thief of a session out while this is hashed
            reset = await people.set_password("chen")
        return await hash_(self, password)

    monkeypatch.setattr(passwords.Passwords, "hash", slowly)
    answer = await host.post("/api/v1/session/password", json={"old": PASSWORD, "new": OWN})
    assert answer.json()["type"] == "/problems/wrong-password"
    await people.sign_in("chen", reset, viewer_at("192.0.2.1"), "four wet meadows")


async def test_own_password_takes_no_new_one_by_a_sign_in(
    host: httpx.AsyncClient,
) -> None:
    body = {"name": "chen", "password": PASSWORD, "new_password": OWN}
    answer = await host.post("/api/v1/session", json=body)
    assert answer.json()["type"] == "/problems/invalid"
    await sign_in(host, "chen", PASSWORD)


@pytest.mark.parametrize("by", ["sign-in", "reset"])
async def test_file_with_the_first_password_is_removed(
    people: People, settings: Settings, by: str
) -> None:
    made = await people.first_start()
    assert made is not None
    path = await first_sign_in.write(settings.data, *made)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first_sign_in.read(settings.data) == made
    await people.create_account("chen", "host", PASSWORD)
    await people.set_password("chen")  # another's
    assert path.exists()
    if by == "sign-in":
        await people.sign_in(*made, viewer_at("192.0.2.1"), OWN)
    else:
        await people.set_password("coordinator")
    assert not path.exists()


async def test_file_replaces_a_link_and_writes_nowhere_else(settings: Settings) -> None:
    settings.data.mkdir()
    other = settings.data / "other"
    other.write_text("mine")
    (settings.data / first_sign_in.NAME).symlink_to(other)
    path = await first_sign_in.write(settings.data, "coordinator", "secret")
    assert not path.is_symlink()
    assert other.read_text() == "mine"
