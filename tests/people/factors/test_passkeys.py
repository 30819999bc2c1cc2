"""Passkeys as a second factor: set up, signed in with, and every answer that is not valid."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, update
from tests.people.conftest import PASSWORD, browser, make_app, sign_in
from tests.people.second_factor import FACTORS, mid_step, set_up, slug, try_in
from tests.support.authenticators import Authenticator
from tests.support.parts import people_of

from farmlive.clock import now_ms
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.factors import passkeys
from farmlive.people.factors.relying_party import Site
from farmlive.settings import Settings
from farmlive.store import Store

__all__ = ["mid_step"]
pytestmark = pytest.mark.usefixtures("mid_step")

REAUTHENTICATION = "/api/v1/session/reauthentication"
ORIGIN, HOST = "https://farm.test", "farm.test"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": ORIGIN})


@pytest.fixture
async def mei(app: Api, people: People) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the host `mei` is signed in, over HTTPS."""
    await people.create_account("mei", "host", PASSWORD)
    async with browser(app, scheme="https") as client:
        await sign_in(client, "mei")
        yield client


@pytest.fixture
async def fresh(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on which nobody signed in before."""
    async with browser(app, scheme="https", peer="198.51.100.9") as client:
        yield client


async def options_for(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(f"{FACTORS}/passkey-options")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["passkey"])


async def add(
    client: httpx.AsyncClient, authenticator: Authenticator, name: str = "Phone"
) -> httpx.Response:
    credential = authenticator.make(await options_for(client))
    return await client.post(f"{FACTORS}/passkeys", json={"name": name, "credential": credential})


async def asked(client: httpx.AsyncClient, name: str = "mei") -> dict[str, Any]:
    """The options with which a sign-in asks for a passkey."""
    answer = await try_in(client, name)
    assert slug(answer) == "second-factor-needed"
    return dict(answer.json()["passkey"])


async def test_passkey_is_made_and_signs_in_beside_the_password(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient
) -> None:
    phone = Authenticator(ORIGIN, HOST)
    options = await options_for(mei)
    assert options["rp"]["id"] == HOST
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    answer = await add(mei, phone)
    assert answer.status_code == 201, answer.text
    assert len(answer.json()["recovery_codes"]) == 10
    own = (await mei.get(FACTORS)).json()
    assert [(each["name"], each["here"]) for each in own["passkeys"]] == [("Phone", True)]
    assert (own["passkeys"][0]["host"], own["passkeys_at"]) == (HOST, ORIGIN)
    assert own["passkeys"][0]["used_at"] is None
    assert [each["id"] for each in (await options_for(mei))["excludeCredentials"]]
    needed = (await try_in(fresh, "mei")).json()
    assert (needed["kinds"], needed["passkeys_elsewhere"]) == (["passkey", "recovery"], [])
    (allowed,) = needed["passkey"]["allowCredentials"]
    assert allowed["transports"] == ["internal"]
    answer = await try_in(fresh, "mei", passkey=phone.get(needed["passkey"]))
    assert answer.status_code == 200, answer.text
    assert (await mei.get(FACTORS)).json()["passkeys"][0]["used_at"] is not None


async def test_challenge_is_taken_once_whatever_comes_of_it(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient, app: Api
) -> None:
    phone = Authenticator(ORIGIN, HOST, counts=False)
    await add(mei, phone)
    options = await asked(fresh)
    answers = await asyncio.gather(
        try_in(fresh, "mei", passkey=phone.get(options)),
        try_in(fresh, "mei", passkey=phone.get(options)),
    )
    assert sorted(each.status_code for each in answers) == [200, 401]
    options = await asked(fresh)
    other = Authenticator(ORIGIN, HOST)
    assert slug(await try_in(fresh, "mei", passkey=other.get(options))) == "passkey-refused"
    assert slug(await try_in(fresh, "mei", passkey=phone.get(options))) == "passkey-refused"


async def test_challenge_is_of_one_account_device_purpose_and_five_minutes(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient, app: Api, people: People, store: Store
) -> None:
    phone = Authenticator(ORIGIN, HOST, counts=False)
    await add(mei, phone)
    await people.create_account("gu", "host", PASSWORD)
    async with browser(app, scheme="https") as gu:
        await sign_in(gu, "gu")
        own = Authenticator(ORIGIN, HOST)
        await add(gu, own)
        # Another's passkey, with a challenge of that account or of this one.
        for options in (await asked(fresh, "gu"), await asked(fresh)):
            answer = await try_in(fresh, "mei", passkey=own.get(options))
            assert slug(answer) == "passkey-refused"
        # The right passkey with another account's challenge, or on another device.
        answer = await try_in(fresh, "mei", passkey=phone.get(await asked(fresh, "gu")))
        assert slug(answer) == "passkey-refused"
        answer = await try_in(gu, "mei", passkey=phone.get(await asked(fresh)))
        assert slug(answer) == "passkey-refused"
    needed = (await mei.post("/api/v1/session/reauthentication", json={})).json()
    for options in (await options_for(mei), needed["passkey"]):
        answer = await try_in(mei, "mei", passkey=phone.get(options))
        assert slug(answer) == "passkey-refused"
    options = await asked(fresh)
    over = update(tables.passkey_challenges).values(expires_at=now_ms())
    await store.write(lambda conn: conn.execute(over).rowcount)
    assert slug(await try_in(fresh, "mei", passkey=phone.get(options))) == "passkey-refused"
    assert (await try_in(fresh, "mei", passkey=phone.get(await asked(fresh)))).status_code == 200


async def test_other_origin_site_key_or_counter_proves_nothing(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient
) -> None:
    phone = Authenticator(ORIGIN, HOST)
    await add(mei, phone)
    stranger = ec.generate_private_key(ec.SECP256R1())
    phishing = Authenticator("https://farm.test.evil.example", HOST)
    plain = Authenticator("http://farm.test", HOST)
    elsewhere = Authenticator(ORIGIN, "evil.example")
    for liar in (phishing, plain, elsewhere):
        liar.key, liar.id, liar.count = phone.key, phone.id, 100
        answer = await try_in(fresh, "mei", passkey=liar.get(await asked(fresh)))
        assert slug(answer) == "passkey-refused"
    forged = phone.get(await asked(fresh), key=stranger)
    assert slug(await try_in(fresh, "mei", passkey=forged)) == "passkey-refused"
    phone.count = 7
    assert (await try_in(fresh, "mei", passkey=phone.get(await asked(fresh)))).status_code == 200
    # A copy of it would count behind.
    phone.count = 7
    answer = await try_in(fresh, "mei", passkey=phone.get(await asked(fresh)))
    assert slug(answer) == "passkey-refused"


@pytest.mark.any_database
@pytest.mark.parametrize(
    "junk",
    [
        {},
        {"id": "x", "response": {}},
        {"id": 7, "response": {"clientDataJSON": 7}},
        {"id": "x", "response": {"clientDataJSON": "e30"}},
        {"id": "x", "rawId": "x", "response": {"clientDataJSON": "!" * 50}},
        {"response": "金桔"},
    ],
)
async def test_what_is_no_answer_of_a_browser_is_refused(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient, junk: dict[str, Any]
) -> None:
    await add(mei, Authenticator(ORIGIN, HOST))
    assert slug(await try_in(fresh, "mei", passkey=junk)) == "passkey-refused"
    answer = await mei.post(f"{FACTORS}/passkeys", json={"name": "x", "credential": junk})
    assert slug(answer) == "passkey-refused"


async def test_garbled_parts_of_a_right_answer_are_refused(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient
) -> None:
    phone = Authenticator(ORIGIN, HOST, counts=False)
    await add(mei, phone)
    for part in ("authenticatorData", "signature"):
        for garbled in ("", "AAAA", 7, None, ["x"]):
            answer = phone.get(await asked(fresh))
            answer["response"][part] = garbled
            assert slug(await try_in(fresh, "mei", passkey=answer)) == "passkey-refused"
    for garbled in ("", "o2NmbXRkbm9uZQ", 7, None):
        made = Authenticator(ORIGIN, HOST).make(await options_for(mei))
        made["response"]["attestationObject"] = garbled
        refused = await mei.post(f"{FACTORS}/passkeys", json={"name": "x", "credential": made})
        assert slug(refused) == "passkey-refused"


async def test_credential_that_any_account_has_is_not_added_again(
    mei: httpx.AsyncClient, app: Api, people: People
) -> None:
    phone = Authenticator(ORIGIN, HOST)
    await add(mei, phone)
    await people.create_account("gu", "host", PASSWORD)
    async with browser(app, scheme="https") as gu:
        await sign_in(gu, "gu")
        # Whoever makes a key with another's id must not shut that one out.
        liar = Authenticator(ORIGIN, HOST)
        liar.id = phone.id
        for client in (mei, gu):
            assert slug(await add(client, liar)) == "passkey-refused"
        assert (await gu.get("/api/v1/session")).json()["second_factor"] is False


async def test_one_passkey_is_removed_and_another_accounts_is_not(
    mei: httpx.AsyncClient, app: Api, people: People
) -> None:
    await add(mei, Authenticator(ORIGIN, HOST), "One")
    await add(mei, Authenticator(ORIGIN, HOST), "Two")
    one, two = (await mei.get(FACTORS)).json()["passkeys"]
    await people.create_account("gu", "coordinator", PASSWORD)
    async with browser(app, scheme="https") as gu:
        await sign_in(gu, "gu")
        assert slug(await gu.delete(f"{FACTORS}/passkeys/{one['id']}")) == "unknown-factor"
    assert (await mei.delete(f"{FACTORS}/passkeys/{one['id']}")).status_code == 204
    own = (await mei.get(FACTORS)).json()
    assert [each["id"] for each in own["passkeys"]] == [two["id"]]
    assert own["recovery_codes_left"] == 10
    assert (await mei.delete(f"{FACTORS}/passkeys/{two['id']}")).status_code == 204
    assert (await mei.get("/api/v1/session")).json()["second_factor"] is False


async def test_passkeys_and_challenges_of_an_account_are_bounded(
    mei: httpx.AsyncClient, fresh: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MOST", 2)
    monkeypatch.setattr(passkeys, "CHALLENGES", 3)
    for _ in range(2):
        assert (await add(mei, Authenticator(ORIGIN, HOST))).status_code == 201
    assert slug(await mei.post(f"{FACTORS}/passkey-options")) == "passkeys-full"
    for _ in range(5):
        await asked(fresh)
    kept = await store.read(lambda conn: conn.execute(select(tables.passkey_challenges)).all())
    assert len(kept) == 3


async def test_whoever_has_the_password_drives_out_no_challenge_of_a_known_device_or_session(
    mei: httpx.AsyncClient,
    fresh: httpx.AsyncClient,
    app: Api,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passkeys, "CHALLENGES", 2)
    phone = Authenticator(ORIGIN, HOST)
    await add(mei, phone)
    adding, signing = await options_for(mei), await asked(mei)
    proving = (await mei.post(REAUTHENTICATION, json={})).json()["passkey"]
    await asked(fresh)
    for n in range(4):
        async with browser(app, scheme="https", peer=f"203.0.113.{n}") as stranger:
            await asked(stranger)
    # All strangers together have as many as a device that is known.
    table = tables.passkey_challenges
    query = select(table.c.device).where(table.c.purpose == "sign_in")
    kept = await store.read(lambda conn: conn.execute(query).scalars().all())
    assert len(kept) == 2 + 1
    body = {"name": "Key", "credential": Authenticator(ORIGIN, HOST).make(adding)}
    assert (await mei.post(f"{FACTORS}/passkeys", json=body)).status_code == 201
    assert (
        await mei.post(REAUTHENTICATION, json={"passkey": phone.get(proving)})
    ).status_code == 200
    assert (await try_in(mei, "mei", passkey=phone.get(signing))).status_code == 200


async def test_known_device_that_asks_often_keeps_what_its_session_began(
    mei: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "CHALLENGES", 2)
    phone = Authenticator(ORIGIN, HOST)
    await add(mei, phone)
    proving = (await mei.post(REAUTHENTICATION, json={})).json()["passkey"]
    for _ in range(3):
        signing = await asked(mei)
    assert (
        await mei.post(REAUTHENTICATION, json={"passkey": phone.get(proving)})
    ).status_code == 200
    assert (await try_in(mei, "mei", passkey=phone.get(signing))).status_code == 200


async def test_under_an_address_without_passkeys_none_is_asked_for_or_made(
    mei: httpx.AsyncClient, store: Store, settings: Settings
) -> None:
    await add(mei, Authenticator(ORIGIN, HOST))
    by_ip = settings.model_copy(update={"public_url": "", "host": "192.0.2.1"})
    async with browser(make_app(people_of(store, by_ip))) as client:
        needed = (await try_in(client, "mei")).json()
        assert (needed["kinds"], needed["passkey"]) == (["recovery"], None)
        # Whoever has the password reads why: it belongs to another address.
        assert needed["passkeys_elsewhere"] == [HOST]
    await set_up(mei)
    async with browser(make_app(people_of(store, by_ip))) as client:
        needed = (await try_in(client, "mei")).json()
        assert needed["kinds"] == ["totp", "recovery"]


async def test_passkey_is_set_up_by_the_sign_in_that_demands_one(
    mei: httpx.AsyncClient, store: Store, settings: Settings
) -> None:
    demanding = settings.model_copy(update={"require_second_factor": True})
    long_ago = update(tables.accounts).values(factor_asked_at=1)
    await store.write(lambda conn: conn.execute(long_ago).rowcount)
    phone = Authenticator(ORIGIN, HOST)
    async with browser(make_app(people_of(store, demanding)), scheme="https") as client:
        needed = (await try_in(client, "mei")).json()
        made = phone.make(needed["passkey"])
        setup = {"passkey": {"name": "Phone", "credential": made}}
        assert (await try_in(client, "mei", setup=setup)).status_code == 200
        options = await asked(client)
        assert (await try_in(client, "mei", passkey=phone.get(options))).status_code == 200


@pytest.mark.parametrize(
    ("url", "host", "site"),
    [
        ("https://farm.example", "farm.example", Site("https://farm.example", "farm.example")),
        ("https://Farm.example:443", "farm.example", Site("https://farm.example", "farm.example")),
        (
            "https://farm.example:8443",
            "farm.example:8443",
            Site("https://farm.example:8443", "farm.example"),
        ),
        ("https://farm.example", "other.example", None),
        ("http://farm.example", "farm.example", None),
        ("https://192.0.2.1", "192.0.2.1", None),
        ("", "localhost:8000", Site("http://localhost:8000", "localhost")),
        ("", "farm.localhost:8000", Site("http://farm.localhost:8000", "farm.localhost")),
        ("", "127.0.0.1:8000", None),
        (
            "https://farm.localhost",
            "farm.localhost",
            Site("https://farm.localhost", "farm.localhost"),
        ),
    ],
)
def test_site_is_the_servers_own_name_where_browsers_have_passkeys(
    settings: Settings, url: str, host: str, site: Site | None
) -> None:
    settings = settings.model_copy(update={"public_url": url, "host": "127.0.0.1"})
    scope = {"scheme": "http", "headers": [(b"host", host.encode())], "server": ("127.0.0.1", 1)}
    assert Site.of_request(settings, scope) == site
