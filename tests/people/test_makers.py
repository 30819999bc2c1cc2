"""Who made accounts, keys and links: what somebody let in, and knows though another owns it; and
the renewal, by which nobody but its owner knows it.
"""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from tests.people.conftest import LIVE, PASSWORD, browser, sign_in
from tests.people.owned_links import (
    ALL,
    CREDENTIALS,
    NONE,
    id_of,
    listed,
    make_all,
    on_air,
    shut_out,
    wang,
    works,
)
from tests.people.second_factor import authenticated_before, slug

from farmlive.clock import now_ms
from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.store import Store

__all__ = ["on_air", "wang"]
pytestmark = pytest.mark.usefixtures("on_air")


async def renew(client: httpx.AsyncClient, credential: str) -> httpx.Response:
    return await client.post(f"{CREDENTIALS}/{credential}/renewal")


async def renew_all(
    client: httpx.AsyncClient, made: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The same with their new secrets."""
    new = {}
    for kind, each in made.items():
        answer = await renew(client, each["id"])
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        new[kind] = answer.json()
        assert new[kind]["kind"] == kind
        assert (new[kind]["key"] is None) != (new[kind]["url"] is None)
    return new


async def makers(client: httpx.AsyncClient) -> dict[str, str | None]:
    return {each["id"]: each["made_by"] for each in (await listed(client)).values()}


async def test_what_is_given_on_says_who_knows_it_until_it_is_renewed(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made = await make_all(wang)
    account, lin = await id_of(people, "wang"), await id_of(people, "lin")
    give = {each["id"]: lin for each in made.values()}
    assert (await shut_out(coordinator, account, give=give)).status_code == 200
    # Whoever was shut out may still use what it knows: that is what the list says.
    assert await works(app, people, made) == ALL
    assert await makers(coordinator) == dict.fromkeys(give, account)
    before = await listed(coordinator)
    renewed = await renew_all(coordinator, made)
    assert await works(app, people, made) == NONE
    assert await works(app, people, renewed) == ALL
    after = await listed(coordinator)
    assert await makers(coordinator) == dict.fromkeys(give, lin)
    for each in give:
        for name in ("owner", "role", "label", "created_at", "expires_at", "broadcast"):
            assert after[each][name] == before[each][name], name
    assert {each["owner"] for each in after.values()} == {lin}
    noted = [
        deed for deed in await people.audit_entries(None, 20) if deed.action == "credential.renew"
    ]
    assert {deed.subject for deed in noted} == set(give)
    assert {deed.detail["kind"] for deed in noted} == set(made)


async def test_who_renews_anothers_is_the_one_who_knows_it_then(
    people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made = await make_all(coordinator)
    account = await id_of(people, "wang")
    await renew_all(wang, made)
    ids = [each["id"] for each in made.values()]
    await shut_out(coordinator, account)
    shown = await listed(coordinator)
    assert {shown[each]["owner"] for each in ids} == {await id_of(people, "lin")}
    assert {shown[each]["made_by"] for each in ids} == {account}
    api_key = (await coordinator.get("/api/v1/api-keys")).json()["api_keys"]
    assert [each["made_by"] for each in api_key] == [account]


async def test_renewal_takes_reauthentication_and_a_coordinator_and_no_program(
    app: Api,
    people: People,
    store: Store,
    coordinator: httpx.AsyncClient,
    host: httpx.AsyncClient,
    wang: httpx.AsyncClient,
) -> None:
    made = await make_all(coordinator)
    own = made["api_key"]
    async with browser(app, Authorization=f"Bearer {own['key']}") as program:
        answer = await renew(program, own["id"])
        assert (answer.status_code, slug(answer)) == (403, "not-to-give")
    assert (await renew(host, own["id"])).status_code == 403
    await authenticated_before(store, 11)
    assert slug(await renew(wang, own["id"])) == "reauthentication-needed"
    assert await works(app, people, made) == ALL


async def test_what_has_ended_is_not_renewed(
    people: People, store: Store, coordinator: httpx.AsyncClient
) -> None:
    made = await make_all(coordinator)
    key, guest = made["stream_key"]["id"], made["guest"]["id"]
    await coordinator.delete(f"/api/v1/broadcasts/{LIVE}/stream-keys/{key}")
    await coordinator.delete(f"/api/v1/broadcasts/{LIVE}/guests/{guest}")
    for table in (tables.api_keys, tables.invitations):
        over = update(table).values(expires_at=now_ms())
        await store.write(lambda conn, over=over: conn.execute(over).rowcount)  # type: ignore[misc]
    for each in (*made.values(), {"id": "nothing"}):
        answer = await renew(coordinator, each["id"])
        assert (answer.status_code, slug(answer)) == (404, "unknown-credential")


async def test_a_guests_device_comes_in_anew_by_the_new_link_alone(
    app: Api, people: People, coordinator: httpx.AsyncClient
) -> None:
    guest = (await make_all(coordinator))["guest"]
    token = guest["url"].rpartition("/")[2]
    async with browser(app, peer="192.0.2.78") as phone:
        minted = (await phone.post(f"/api/v1/guests/{token}/stream-key")).json()
        new = (await renew(coordinator, guest["id"])).json()["url"].rpartition("/")[2]
        assert await people.find_stream_key(LIVE, minted["key"]) is None
        assert (await phone.post(f"/api/v1/guests/{token}/stream-key")).status_code == 404
        again = (await phone.post(f"/api/v1/guests/{new}/stream-key")).json()
        assert again["source"] == guest["source"]
        assert await people.find_stream_key(LIVE, again["key"]) is not None


async def test_what_the_command_makes_or_renews_is_known_to_no_account(
    people: People, coordinator: httpx.AsyncClient
) -> None:
    lin = await id_of(people, "lin")
    await people.create_api_key("scale", "host", owner=lin)
    made = (await make_all(coordinator))["api_key"]["id"]
    await people.renew(made)
    assert {each.made_by for each in await people.api_keys()} == {None}


async def test_accounts_say_who_made_or_invited_them_by_whatever_way(
    app: Api,
    people: People,
    store: Store,
    coordinator: httpx.AsyncClient,
    wang: httpx.AsyncClient,
    guest: httpx.AsyncClient,
) -> None:
    account = await id_of(people, "wang")
    made = await make_all(wang)
    await wang.post("/api/v1/accounts", json={"name": "wu", "role": "host"})
    async with browser(app, Authorization=f"Bearer {made['api_key']['key']}") as program:
        await program.post("/api/v1/accounts", json={"name": "gu", "role": "host"})
    # An invitation that was given on was still made by the one who knows its link.
    give = {"owner": await id_of(people, "lin")}
    path = f"{CREDENTIALS}/{made['invitation']['id']}"
    assert (await coordinator.patch(path, json=give)).status_code == 204
    link = f"/api/v1/invitations/by-token/{made['invitation']['url'].rpartition('/')[2]}"
    answer = await guest.post(f"{link}/acceptance", json={"name": "mole", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    await people.create_account("own", "host")
    shown = (await coordinator.get("/api/v1/accounts")).json()["accounts"]
    assert {each["name"]: each["made_by"] for each in shown} == {
        "lin": None,
        "wang": None,
        "own": None,
        "wu": account,
        "gu": account,
        "mole": account,
    }
    query = select(tables.accounts.c.name).where(tables.accounts.c.made_by == account)
    assert set(await store.read(lambda conn: conn.execute(query).scalars().all())) == {
        "wu",
        "gu",
        "mole",
    }
    await sign_in(guest, "mole")
