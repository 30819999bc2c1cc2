"""Who must have a second factor, and by when: seven days from the first time, the sign-in that sets
one up after them, and the days that a coordinator gives.
"""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import LIVE, PASSWORD, browser, make_app, sign_in
from tests.people.second_factor import (
    FACTORS,
    asked_before,
    authenticated_before,
    forget_step,
    mid_step,
    set_up,
    slug,
    try_in,
)
from tests.support.authenticators import code_of, wrong_code
from tests.support.parts import people_of

from farmlive.clock import now_ms, rfc3339
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.factors import recovery_codes
from farmlive.people.factors.factors import EXTENSIONS, GRACE_MS
from farmlive.settings import Settings
from farmlive.store import Store

__all__ = ["mid_step"]
pytestmark = pytest.mark.usefixtures("mid_step")

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture
def demanding(settings: Settings) -> Settings:
    return settings.model_copy(update={"require_second_factor": True})


@pytest.fixture
async def strict(store: Store, demanding: Settings) -> Api:
    """A server on the same database that demands a second factor."""
    return make_app(people_of(store, demanding))


async def test_demand_gives_seven_days_from_the_first_time_and_no_new_session_more(
    host: httpx.AsyncClient, strict: Api, store: Store
) -> None:
    asked_at = select(tables.accounts.c.factor_asked_at)
    assert (await store.read(lambda conn: conn.execute(asked_at).scalar())) is None
    async with browser(strict) as client:
        answer = await try_in(client, "chen")
        assert answer.status_code == 200
        until = answer.json()["second_factor_until"]
        assert until is not None
        await asked_before(store, GRACE_MS - DAY_MS)
        sooner = (await try_in(client, "chen")).json()["second_factor_until"]
        assert sooner < until
        assert (await try_in(client, "chen")).json()["second_factor_until"] == sooner
        await asked_before(store, GRACE_MS + 1)
        answer = await try_in(client, "chen")
        assert (answer.status_code, slug(answer)) == (401, "second-factor-setup-needed")
        # The session that runs goes on, as one on air would.
        assert (await client.get("/api/v1/session")).status_code == 200
        path = f"/api/v1/broadcasts/{LIVE}/stream-keys"
        assert (await client.post(path, json={"purpose": "studio"})).status_code == 201


async def test_whoever_is_signed_in_already_is_asked_from_then_on(
    host: httpx.AsyncClient, strict: Api, store: Store
) -> None:
    cookie = host.cookies["farmlive_session"]
    async with browser(strict, Cookie=f"farmlive_session={cookie}") as client:
        unattended = {"X-Unattended": "1"}
        assert (await client.get("/api/v1/session", headers=unattended)).status_code == 200
        asked_at = select(tables.accounts.c.factor_asked_at)
        assert (await store.read(lambda conn: conn.execute(asked_at).scalar())) is None
        first = (await client.get("/api/v1/session")).json()["second_factor_until"]
        assert first == (await client.get("/api/v1/session")).json()["second_factor_until"]
        assert (await store.read(lambda conn: conn.execute(asked_at).scalar())) is not None


async def test_after_seven_days_the_sign_in_sets_one_up(
    host: httpx.AsyncClient, strict: Api, store: Store
) -> None:
    await asked_before(store, GRACE_MS + 1)
    async with browser(strict) as client:
        needed = (await try_in(client, "chen")).json()["totp"]
        setup = {"totp": {"token": needed["token"], "code": wrong_code(needed["secret"])}}
        assert slug(await try_in(client, "chen", setup=setup)) == "wrong-factor-code"
        setup["totp"]["code"] = code_of(needed["secret"])
        answer = await try_in(client, "chen", setup=setup)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["recovery_codes"]) == recovery_codes.COUNT
        assert (await client.get("/api/v1/session")).json()["recovery_codes"] is None
        # The same setup is no way in for whoever has only the password.
        async with browser(strict) as thief:
            assert slug(await try_in(thief, "chen", setup=setup)) == "second-factor-needed"
        await forget_step(store)
        code = code_of(needed["secret"], 1)
        assert (await try_in(client, "chen", code=code)).status_code == 200


async def test_of_two_who_set_one_up_at_once_one_gets_in(
    host: httpx.AsyncClient, strict: Api, store: Store, people: People, demanding: Settings
) -> None:
    await asked_before(store, GRACE_MS + 1)
    second = make_app(people_of(store, demanding))

    async def set_up_by(client: httpx.AsyncClient) -> dict[str, Any]:
        needed = (await try_in(client, "chen")).json()["totp"]
        code = code_of(needed["secret"])
        return {"totp": {"token": needed["token"], "code": code}, "secret": needed["secret"]}

    async with browser(strict) as one, browser(second, peer="198.51.100.9") as other:
        setups = [await set_up_by(client) for client in (one, other)]
        secrets = [setup.pop("secret") for setup in setups]
        answers = await asyncio.gather(
            *(try_in(c, "chen", setup=s) for c, s in zip((one, other), setups, strict=True))
        )
        assert sorted(each.status_code for each in answers) == [200, 401]
        won = [each.status_code for each in answers].index(200)
        await forget_step(store)
        code = code_of(secrets[won], 1)
        assert (await try_in((one, other)[won], "chen", code=code)).status_code == 200


async def test_roles_that_run_no_broadcast_are_not_asked(
    people: People, strict: Api, store: Store
) -> None:
    await people.create_account("gu", "moderator", PASSWORD)
    await asked_before(store, GRACE_MS + 1)
    async with browser(strict) as client:
        answer = await try_in(client, "gu")
        assert answer.status_code == 200
        assert answer.json()["second_factor_until"] is None


async def test_demanded_factor_is_not_removed_when_it_is_the_last(
    host: httpx.AsyncClient, strict: Api
) -> None:
    secret, codes = await set_up(host)
    async with browser(strict) as client:
        assert (await try_in(client, "chen", code=code_of(secret))).status_code == 200
        answer = await client.delete(f"{FACTORS}/totp")
        assert (answer.status_code, slug(answer)) == (409, "last-factor")
        assert (await try_in(client, "chen", code=codes[0])).status_code == 200


# More days.


@pytest.fixture
async def lin(strict: Api, coordinator: httpx.AsyncClient) -> Any:
    """The coordinator's browser, at the server that demands a second factor."""
    async with browser(strict) as client:
        await sign_in(client, "lin")
        yield client


async def account_of(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    """An account as coordinators read of it."""
    listed = (await client.get("/api/v1/accounts")).json()["accounts"]
    return next(each for each in listed if each["name"] == name)


async def extend(client: httpx.AsyncClient, name: str = "chen") -> httpx.Response:
    identifier = (await account_of(client, name))["id"]
    return await client.post(f"/api/v1/accounts/{identifier}/factors/extension")


async def test_coordinator_gives_seven_more_days_and_the_sign_in_goes_without_again(
    host: httpx.AsyncClient, lin: httpx.AsyncClient, strict: Api, store: Store, people: People
) -> None:
    await asked_before(store, GRACE_MS + 3 * DAY_MS)
    async with browser(strict) as client:
        refused = await try_in(client, "chen")
        assert slug(refused) == "second-factor-setup-needed"
        assert "ask a coordinator for seven more days" in refused.json()["detail"]
        answer = await extend(lin)
        assert answer.status_code == 200, answer.text
        until = rfc3339(now_ms() + GRACE_MS)
        assert answer.json()["second_factor_until"] == until
        assert (await try_in(client, "chen")).json()["second_factor_until"] == until
    deed = next(
        each for each in await people.audit_entries(None, 10) if each.action == "factor.extend"
    )
    assert (deed.name, deed.subject) == ("lin", (await people.find_by_name("chen")).id)
    assert deed.detail == {"name": "chen", "until": until}


async def test_days_are_added_to_those_left_twice_until_a_factor_was_set_up(
    host: httpx.AsyncClient, lin: httpx.AsyncClient, store: Store
) -> None:
    await asked_before(store, DAY_MS)
    left = [(await account_of(lin, "chen"))["second_factor_extensions"]]
    for number in range(1, EXTENSIONS + 1):
        answer = (await extend(lin)).json()
        assert answer["second_factor_until"] == rfc3339(now_ms() + (number + 1) * GRACE_MS - DAY_MS)
        left.append(answer["second_factor_extensions"])
    assert left == [2, 1, 0]
    answer = await extend(lin)
    assert (answer.status_code, slug(answer)) == (409, "extensions-used-up")
    await set_up(host)
    assert slug(await extend(lin)) == "factor-not-due"
    chen = await account_of(lin, "chen")
    assert (await lin.delete(f"/api/v1/accounts/{chen['id']}/factors")).status_code == 204
    # Its days begin with the next sign-in, and it may be given more then.
    assert slug(await extend(lin)) == "factor-not-due"
    await asked_before(store, 0)
    assert (await extend(lin)).status_code == 200


async def test_more_days_take_reauthentication_and_are_nobodys_own(
    host: httpx.AsyncClient, lin: httpx.AsyncClient, store: Store, people: People
) -> None:
    await asked_before(store, GRACE_MS + 1)
    answer = await extend(lin, "lin")
    assert (answer.status_code, slug(answer)) == (409, "own-factor")
    path = f"/api/v1/accounts/{(await people.find_by_name('chen')).id}/factors/extension"
    assert (await host.post(path)).status_code == 403
    await authenticated_before(store, 11)
    assert slug(await extend(lin)) == "reauthentication-needed"
    assert (await people.find_by_name("chen")).factor_extensions == 0


@pytest.mark.parametrize("why", ["role", "shut out", "not demanded"])
async def test_more_days_are_refused_where_there_is_no_deadline(
    host: httpx.AsyncClient,
    lin: httpx.AsyncClient,
    coordinator: httpx.AsyncClient,
    store: Store,
    why: str,
) -> None:
    await asked_before(store, GRACE_MS + 1)
    if why == "role":
        role = update(tables.accounts).where(tables.accounts.c.name == "chen")
        await store.write(lambda conn: conn.execute(role.values(role="moderator")).rowcount)
    elif why == "shut out":
        chen = await account_of(lin, "chen")
        await lin.patch(f"/api/v1/accounts/{chen['id']}", json={"disabled": True})
    answer = await extend(coordinator if why == "not demanded" else lin)
    assert (answer.status_code, slug(answer)) == (409, "factor-not-due")


async def test_accounts_say_who_has_none_and_until_when(
    host: httpx.AsyncClient, lin: httpx.AsyncClient, coordinator: httpx.AsyncClient, store: Store,
    people: People,
) -> None:  # fmt: skip
    await people.create_account("gu", "moderator", PASSWORD)
    names = ("second_factor", "second_factor_demanded", "second_factor_until")

    async def seen(client: httpx.AsyncClient, name: str) -> tuple[Any, ...]:
        account = await account_of(client, name)
        return tuple(account[each] for each in names)

    assert await seen(lin, "chen") == (False, True, None)
    await asked_before(store, DAY_MS)
    until = rfc3339(now_ms() + GRACE_MS - DAY_MS)
    assert await seen(lin, "chen") == (False, True, until)
    assert await seen(lin, "gu") == (False, False, None)
    assert await seen(coordinator, "chen") == (False, False, None)
    await set_up(host)
    assert await seen(lin, "chen") == (True, False, None)
