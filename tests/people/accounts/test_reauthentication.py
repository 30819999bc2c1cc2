"""Reauthentication: before what it is asked, of whom, and by what it is passed."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import FARM, LIVE, PASSWORD, browser, sign_in
from tests.people.second_factor import (
    FACTORS,
    asked_before,
    authenticated_before,
    mid_step,
    set_up,
    slug,
    try_in,
)
from tests.support.authenticators import code_of, wrong_code
from tests.support.parts import replace_lookups

from farmlive.clock import now_ms, rfc3339
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.core.lookups import Airing
from farmlive.people.factors import tries
from farmlive.people.factors.factors import GRACE_MS, Factors
from farmlive.store import Store

__all__ = ["mid_step"]
pytestmark = pytest.mark.usefixtures("mid_step")

PATH = "/api/v1/session/reauthentication"
KEYS = f"/api/v1/broadcasts/{LIVE}/stream-keys"
NEEDED = "reauthentication-needed"


async def acts(people: People) -> dict[str, tuple[str, str, Any]]:
    """All that is asked again, as a coordinator's requests."""
    chen = (await people.find_by_name("chen")).id
    account = f"/api/v1/accounts/{chen}"
    return {
        "an API key": ("POST", "/api/v1/api-keys", {"label": "x", "role": "host"}),
        "an encoder's key": ("POST", KEYS, {"purpose": "encoder"}),
        "a role": ("PATCH", account, {"role": "moderator"}),
        "farms": ("PATCH", account, {"role": "seller", "farms": [FARM]}),
        "an account": ("POST", "/api/v1/accounts", {"name": "wu", "role": "host"}),
        "an invitation": ("POST", "/api/v1/invitations", {"role": "coordinator"}),
        "a password": ("POST", f"{account}/password", None),
        "a factor": ("DELETE", f"{account}/factors", None),
        "more days": ("POST", f"{account}/factors/extension", None),
        "a renewal": ("POST", "/api/v1/credentials/x/renewal", None),
        "an own app": ("POST", f"{FACTORS}/totp", None),
        "an own app's code": ("PUT", f"{FACTORS}/totp", {"token": "x", "code": "123456"}),
        "an own app's end": ("DELETE", f"{FACTORS}/totp", None),
        "a passkey": ("POST", f"{FACTORS}/passkey-options", None),
        "a passkey's answer": ("POST", f"{FACTORS}/passkeys", {"name": "x", "credential": {}}),
        "a passkey's end": ("DELETE", f"{FACTORS}/passkeys/x", None),
        "recovery codes": ("POST", f"{FACTORS}/recovery-codes", None),
    }


async def test_each_is_asked_ten_minutes_after_the_last_authentication_and_not_before(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People, store: Store
) -> None:
    before = await store.read(lambda conn: conn.execute(select(tables.accounts)).all())
    await authenticated_before(store, 10.1)
    for what, (method, path, body) in (await acts(people)).items():
        answer = await coordinator.request(method, path, json=body)
        assert (answer.status_code, slug(answer)) == (401, NEEDED), what
    assert await store.read(lambda conn: conn.execute(select(tables.accounts)).all()) == before
    assert await people.api_keys() == []
    await authenticated_before(store, 9.9)
    for what, (method, path, body) in (await acts(people)).items():
        answer = await coordinator.request(method, path, json=body)
        asked = answer.status_code == 401 and slug(answer) == NEEDED
        assert not asked, what


async def test_letting_someone_in_again_is_asked_and_shutting_out_is_not(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People, store: Store
) -> None:
    path = f"/api/v1/accounts/{(await people.find_by_name('chen')).id}"
    await authenticated_before(store, 11)
    assert (await coordinator.patch(path, json={"disabled": True})).status_code == 200
    assert slug(await coordinator.patch(path, json={"disabled": False})) == NEEDED
    assert (await people.find_by_name("chen")).disabled_at is not None
    await authenticated_before(store, 1)
    assert (await coordinator.patch(path, json={"disabled": False})).status_code == 200


async def test_own_camera_and_other_acts_are_never_asked(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People, store: Store
) -> None:
    await authenticated_before(store, 24 * 60)
    chen = (await people.find_by_name("chen")).id
    for method, path, body in (
        ("POST", KEYS, {"purpose": "studio"}),
        ("GET", KEYS, None),
        ("POST", f"/api/v1/broadcasts/{LIVE}/guests", {"label": "Aunt Lin"}),
        ("POST", "/api/v1/blocks", {"kind": "phone", "value": "13800000000", "reason": "x"}),
        ("PATCH", f"/api/v1/accounts/{chen}", {"display_name": "Orchard One", "role": "host"}),
        ("PATCH", f"/api/v1/accounts/{chen}", {"disabled": True}),
        ("PATCH", "/api/v1/session", {"display_name": "Orchard Two"}),
        ("DELETE", "/api/v1/session", None),
    ):
        answer = await coordinator.request(method, path, json=body)
        assert answer.status_code in (200, 201, 204), (path, answer.text)


async def test_password_serves_where_there_is_no_factor_and_only_for_this_session(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, app: Api, people: People,
    store: Store,
) -> None:  # fmt: skip
    body = {"label": "x", "role": "host"}
    async with browser(app) as other:
        await sign_in(other, "lin")
        await authenticated_before(store, 11)
        needed = await coordinator.post(PATH, json={})
        assert (slug(needed), needed.json()["kinds"]) == (NEEDED, ["password"])
        wrong = await coordinator.post(PATH, json={"password": "not the right one"})
        assert slug(wrong) == "wrong-password"
        assert slug(await coordinator.post("/api/v1/api-keys", json=body)) == NEEDED
        answer = await coordinator.post(PATH, json={"password": PASSWORD})
        assert answer.status_code == 200
        session = (await coordinator.get("/api/v1/session")).json()
        assert session["reauthentication_due_at"] == answer.json()["reauthentication_due_at"]
        assert (await coordinator.post("/api/v1/api-keys", json=body)).status_code == 201
        # The other browser's session gained nothing by it.
        assert slug(await other.post("/api/v1/api-keys", json=body)) == NEEDED


async def test_factor_serves_where_there_is_one_and_the_password_does_not(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    secret, codes = await set_up(coordinator)
    await authenticated_before(store, 11)
    for body in ({}, {"password": PASSWORD}):
        needed = await coordinator.post(PATH, json=body)
        assert (slug(needed), needed.json()["kinds"]) == (
            "second-factor-needed",
            ["totp", "recovery"],
        )
    assert slug(await coordinator.post(f"{FACTORS}/recovery-codes")) == NEEDED
    code = code_of(secret)
    assert (await coordinator.post(PATH, json={"code": code})).status_code == 200
    assert slug(await coordinator.post(PATH, json={"code": code})) == "wrong-factor-code"
    assert slug(await try_in(coordinator, "lin", code=code)) == "wrong-factor-code"
    assert (await coordinator.post(PATH, json={"code": codes[0]})).status_code == 200
    assert slug(await coordinator.post(PATH, json={"code": codes[0]})) == "wrong-factor-code"


@pytest.mark.parametrize("live", [False, True])
async def test_first_factor_ends_what_the_password_alone_began_or_confirmed(
    coordinator: httpx.AsyncClient, app: Api, people: People, live: bool
) -> None:
    replace_lookups(people, airings=lambda _conn: {LIVE: Airing({"en": "Kumquats"}, live=live)})
    async with browser(app) as thief:
        await sign_in(thief, "lin")
        secret, _codes = await set_up(coordinator)
        # Who runs a broadcast is not signed out, and confirms no more by the password.
        answer = await thief.get("/api/v1/session")
        assert answer.status_code == (200 if live else 401)
        answer = await thief.delete(f"{FACTORS}/totp")
        assert (answer.status_code, slug(answer)) == (401, NEEDED if live else "unauthorized")
        answer = await thief.post(PATH, json={"password": PASSWORD})
        assert slug(answer) == ("second-factor-needed" if live else "unauthorized")
    # Another factor, and another app, leave the sessions that passed one.
    async with browser(app) as other:
        assert (await try_in(other, "lin", code=code_of(secret))).status_code == 200
        await set_up(coordinator)
        assert (await other.get("/api/v1/session")).json()["reauthentication_due_at"] > rfc3339(
            now_ms()
        )
    assert (await coordinator.delete(f"{FACTORS}/totp")).status_code == 204


async def test_factor_that_a_sign_in_sets_up_ends_what_the_password_alone_began(
    coordinator: httpx.AsyncClient, app: Api, people: People, store: Store
) -> None:
    people.settings = people.settings.model_copy(update={"require_second_factor": True})
    people.factors = Factors(store, people.settings)
    await asked_before(store, GRACE_MS + 1)
    async with browser(app) as owner:
        begun = (await try_in(owner, "lin")).json()["totp"]
        setup = {"totp": {"token": begun["token"], "code": code_of(begun["secret"])}}
        assert (await try_in(owner, "lin", setup=setup)).status_code == 200
        assert (await owner.get("/api/v1/session")).status_code == 200
    assert (await coordinator.get("/api/v1/session")).status_code == 401


async def test_own_password_is_asked_about_where_there_is_a_factor_and_only_there(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    await authenticated_before(store, 11)
    path, change = "/api/v1/session/password", {"old": PASSWORD, "new": PASSWORD + "!"}
    assert (await coordinator.post(path, json=change)).status_code == 204
    await authenticated_before(store, 1)
    secret, _codes = await set_up(coordinator)
    await authenticated_before(store, 11)
    back = {"old": PASSWORD + "!", "new": PASSWORD}
    assert slug(await coordinator.post(path, json=back)) == NEEDED
    assert (await coordinator.post(PATH, json={"code": code_of(secret)})).status_code == 200
    assert (await coordinator.post(path, json=back)).status_code == 204


async def test_reauthentication_takes_the_csrf_token_and_comes_from_this_site(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    await authenticated_before(store, 11)
    body = {"password": PASSWORD}
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert slug(await coordinator.post(PATH, json=body, headers=foreign)) == "cross-site"
    del coordinator.headers["X-CSRF-Token"]
    assert slug(await coordinator.post(PATH, json=body)) == "csrf"
    at = select(tables.sessions.c.authenticated_at)
    assert await store.read(lambda conn: conn.execute(at).scalar_one()) < now_ms() - 600_000


async def test_guesses_of_a_stolen_session_are_limited_whatever_device_it_claims_to_be(
    coordinator: httpx.AsyncClient, app: Api, store: Store
) -> None:
    secret, _codes = await set_up(coordinator)
    stolen = f"farmlive_session={coordinator.cookies['farmlive_session']}"
    headers = {"Cookie": stolen, "X-CSRF-Token": coordinator.headers["X-CSRF-Token"]}
    wrong = wrong_code(secret)
    found = []
    for _ in range(tries.FREE + 1):
        async with browser(app, **headers) as thief:
            found.append((await thief.post(PATH, json={"code": wrong})).status_code)
    assert found == [401] * tries.FREE + [429]
    # Its owner's device has a count of its own.
    answer = await coordinator.post(PATH, json={"code": code_of(secret)})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", [PATH, "/api/v1/session/password"])
async def test_passwords_of_a_stolen_session_are_limited_whatever_device_it_claims_to_be(
    coordinator: httpx.AsyncClient, app: Api, people: People, path: str
) -> None:
    stolen = f"farmlive_session={coordinator.cookies['farmlive_session']}"
    headers = {"Cookie": stolen, "X-CSRF-Token": coordinator.headers["X-CSRF-Token"]}
    body = {"password": "not it, surely"} if path == PATH else {"old": "x" * 12, "new": "y" * 12}
    found = []
    for _ in range(people.settings.sign_ins_per_minute + 1):
        async with browser(app, **headers) as thief:
            found.append((await thief.post(path, json=body)).status_code)
    assert found == [401] * people.settings.sign_ins_per_minute + [429]


async def test_programs_key_is_not_asked_and_nobody_confirms_for_nobody(
    coordinator: httpx.AsyncClient, client: httpx.AsyncClient, app: Api, people: People
) -> None:
    _, key = await people.create_api_key("sheet", "coordinator")
    async with browser(app, Authorization=f"Bearer {key}") as program:
        body = {"label": "x", "role": "host"}
        assert (await program.post("/api/v1/api-keys", json=body)).status_code == 201
        answer = await program.post(PATH, json={"password": PASSWORD})
        assert (answer.status_code, slug(answer)) == (403, "no-password")
        assert (await program.get("/api/v1/session")).json()["reauthentication_due_at"] is None
    assert (await client.post(PATH, json={"password": PASSWORD})).status_code == 401


async def test_session_of_an_earlier_server_was_authenticated_by_its_sign_in(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    old = update(tables.sessions).values(authenticated_at=None)
    await store.write(lambda conn: conn.execute(old).rowcount)
    body = {"label": "x", "role": "host"}
    assert (await coordinator.post("/api/v1/api-keys", json=body)).status_code == 201
    older = update(tables.sessions).values(created_at=now_ms() - 601_000)
    await store.write(lambda conn: conn.execute(older).rowcount)
    assert slug(await coordinator.post("/api/v1/api-keys", json=body)) == NEEDED
