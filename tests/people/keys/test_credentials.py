"""Whose keys and links are, and that they end with their owner."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select, update
from tests.people.conftest import LIVE, PASSWORD, broadcast_state, browser, viewer_at
from tests.people.owned_links import (
    ALL,
    CREDENTIALS,
    NONE,
    TITLE,
    id_of,
    keys_revoked,
    listed,
    make_all,
    on_air,
    shut_out,
    wang,
    works,
)
from tests.people.second_factor import authenticated_before, slug
from tests.support.parts import people_of

from farmlive.clock import now_ms
from farmlive.openapi import Api
from farmlive.people import Caller, People
from farmlive.people.core import tables
from farmlive.people.core.models import AccountChange
from farmlive.people.core.problems import ShutOut
from farmlive.settings import Settings
from farmlive.store import Store

__all__ = ["on_air", "wang"]
pytestmark = pytest.mark.usefixtures("on_air")


async def test_all_that_a_shut_out_account_made_ends(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made, kept = await make_all(wang), await make_all(coordinator)
    account = await id_of(people, "wang")
    shown = await listed(coordinator, account)
    assert {each["id"]: each["kind"] for each in shown.values()} == {
        each["id"]: kind for kind, each in made.items()
    }
    assert await works(app, people, made) == ALL
    ended = keys_revoked(people)
    assert (await shut_out(coordinator, account)).status_code == 200
    assert await works(app, people, made) == NONE
    assert await works(app, people, kept) == ALL
    assert await listed(coordinator, account) == {}
    assert made["stream_key"]["id"] in ended
    # The program reads why, and the audit list names what ended.
    async with browser(app, Authorization=f"Bearer {made['api_key']['key']}") as program:
        answer = await program.get("/api/v1/accounts")
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unknown-api-key")
    deeds = {(deed.action, deed.subject) for deed in await people.audit_entries(None, 20)}
    assert {
        ("key.revoke", made["api_key"]["id"]),
        ("stream_key.revoke", made["stream_key"]["id"]),
        ("invitation.revoke", made["invitation"]["id"]),
        ("guest.end", made["guest"]["id"]),
    } <= deeds
    # Nothing comes back with the account.
    await coordinator.patch(f"/api/v1/accounts/{account}", json={"disabled": False})
    assert await works(app, people, made) == NONE


async def test_however_many_keys_an_account_made_it_is_shut_out_in_one_short_write(
    people: People, store: Store, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made = await make_all(wang)
    account = await id_of(people, "wang")

    def many(conn: Connection) -> None:
        row = conn.execute(select(tables.stream_keys)).mappings().first()
        assert row is not None
        rows = [{**row, "id": f"{n:026}", "hash": str(n)} for n in range(2_000)]
        conn.execute(tables.stream_keys.insert(), rows)

    await store.write(many)
    ended = keys_revoked(people)
    assert (await shut_out(coordinator, account)).status_code == 200
    assert len(set(ended)) == len(ended) == 2_001
    deeds = [
        deed for deed in await people.audit_entries(None, 50) if deed.action == "stream_key.revoke"
    ]
    assert [deed.detail["keys"] for deed in deeds] == [2_001]
    assert await people.find_stream_key(LIVE, made["stream_key"]["key"]) is None


async def test_what_a_program_makes_is_the_owners_of_its_key(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    key = (await make_all(wang))["api_key"]["key"]
    async with browser(app, Authorization=f"Bearer {key}") as program:
        made = await make_all(program)
    account = await id_of(people, "wang")
    assert {each["id"] for each in made.values()} <= set(await listed(coordinator, account))
    await shut_out(coordinator, account)
    assert await works(app, people, made) == NONE


async def test_each_can_be_given_to_another_in_the_same_step(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made = await make_all(wang)
    account, lin = await id_of(people, "wang"), await id_of(people, "lin")
    # The guest has a key already, which goes along.
    token = made["guest"]["url"].rpartition("/")[2]
    async with browser(app, peer="192.0.2.78") as phone:
        minted = (await phone.post(f"/api/v1/guests/{token}/stream-key")).json()
    give = {made[kind]["id"]: lin for kind in ("stream_key", "guest")}
    ended = keys_revoked(people)
    assert (await shut_out(coordinator, account, give=give)).status_code == 200
    assert ended == []
    assert await people.find_stream_key(LIVE, minted["key"]) is not None
    assert await works(app, people, made) == NONE | dict.fromkeys(("stream_key", "guest"), True)
    assert set(await listed(coordinator, lin)) == set(give)


async def test_one_key_is_given_to_another_account_and_ends_with_that(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made = await make_all(wang)
    account, _ = await people.create_account("zhao", "coordinator")
    for each in made.values():
        path = f"{CREDENTIALS}/{each['id']}"
        assert (await coordinator.patch(path, json={"owner": account.id})).status_code == 204
    await shut_out(coordinator, await id_of(people, "wang"))
    assert await works(app, people, made) == ALL
    await shut_out(coordinator, account.id)
    assert await works(app, people, made) == NONE


async def test_nobody_gives_away_what_is_their_own_and_a_program_gives_nothing(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made, others = await make_all(wang), await make_all(coordinator)
    account, lin = await id_of(people, "wang"), await id_of(people, "lin")
    async with browser(app, Authorization=f"Bearer {made['api_key']['key']}") as program:
        for client, given in ((wang, made), (program, made), (program, others)):
            for each in given.values():
                owner = lin if given is made else account
                answer = await client.patch(f"{CREDENTIALS}/{each['id']}", json={"owner": owner})
                assert (answer.status_code, slug(answer)) == (403, "not-to-give")
        for client in (wang, program):
            answer = await shut_out(client, account, give={made["api_key"]["id"]: lin})
            assert (answer.status_code, slug(answer)) == (403, "not-to-give")
    assert set(await listed(coordinator, account)) == {each["id"] for each in made.values()}
    assert (await shut_out(coordinator, account)).status_code == 200
    assert await works(app, people, made) == NONE
    assert await works(app, people, others) == ALL


async def test_a_stale_session_gives_nothing_nor_within_a_shut_out(
    people: People, store: Store, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    key = (await make_all(wang))["api_key"]["id"]
    account, lin = await id_of(people, "wang"), await id_of(people, "lin")
    demoted = f"/api/v1/accounts/{account}"
    assert (await coordinator.patch(demoted, json={"role": "moderator"})).status_code == 200
    await authenticated_before(store, 11)
    give = await coordinator.patch(f"{CREDENTIALS}/{key}", json={"owner": lin})
    with_it = await shut_out(coordinator, account, give={key: lin})
    assert [slug(give), slug(with_it)] == ["reauthentication-needed"] * 2
    assert (await people.find_by_name("wang")).disabled_at is None
    assert (await listed(coordinator, account))[key]["owner"] == account
    assert (await shut_out(coordinator, account)).status_code == 200


@pytest.mark.parametrize(
    ("role", "status"), [("coordinator", 204), ("host", 422), ("moderator", 422)]
)
async def test_an_api_key_goes_to_coordinators_alone(
    people: People,
    coordinator: httpx.AsyncClient,
    wang: httpx.AsyncClient,
    role: Any,
    status: int,
) -> None:
    made = await make_all(wang)
    to, _ = await people.create_account("other", role)
    path = f"{CREDENTIALS}/{made['api_key']['id']}"
    answer = await coordinator.patch(path, json={"owner": to.id})
    assert answer.status_code == status
    camera = f"{CREDENTIALS}/{made['stream_key']['id']}"
    answer = await coordinator.patch(camera, json={"owner": to.id})
    assert answer.status_code == (422 if role == "moderator" else 204)


async def test_what_can_not_be_given_refuses_the_shut_out_and_ends_nothing(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: httpx.AsyncClient
) -> None:
    made, others = await make_all(wang), await make_all(coordinator)
    account, lin = await id_of(people, "wang"), await id_of(people, "lin")
    for credential, to, status in (
        (made["api_key"]["id"], account, 422),  # itself, who is shut out
        (made["api_key"]["id"], "nobody", 404),
        ("nothing", lin, 404),
        (others["api_key"]["id"], lin, 404),  # another's
    ):
        answer = await shut_out(coordinator, account, give={credential: to})
        assert answer.status_code == status, answer.text
    answer = await coordinator.patch(
        f"/api/v1/accounts/{account}", json={"give": {made["api_key"]["id"]: lin}}
    )
    assert answer.status_code == 422
    assert await works(app, people, made) == ALL
    assert (await wang.get("/api/v1/accounts")).status_code == 200


async def test_a_request_that_was_let_in_before_the_shut_out_makes_nothing(
    people: People, coordinator: httpx.AsyncClient
) -> None:
    host, _ = await people.create_account("chen", "coordinator")
    caller = Caller(host.id, "chen", "coordinator", "0" * 32, "192.0.2.1")
    await people.change_account(host.id, AccountChange(disabled=True))
    for make in (
        people.create_api_key("sheet", "coordinator", caller=caller),
        people.stream_keys.mint(LIVE, "encoder", caller=caller),
        people.invitations.add(caller, "host", [], None),
        people.guests.invite(caller, LIVE, "Aunt Lin", broadcast_state),
    ):
        with pytest.raises(ShutOut):
            await make
    assert await listed(coordinator) == {}


async def test_keys_of_an_account_that_older_code_shut_out_do_not_work(
    app: Api, people: People, store: Store, wang: httpx.AsyncClient
) -> None:
    made = await make_all(wang)
    account = await id_of(people, "wang")
    out = update(tables.accounts).where(tables.accounts.c.id == account)
    await store.write(lambda conn: conn.execute(out.values(disabled_at=now_ms())).rowcount)
    assert await works(app, people, made) == NONE
    assert await people.stream_keys.filter_ended([made["stream_key"]["id"]]) == {
        made["stream_key"]["id"]
    }


async def test_the_list_says_what_is_sending_and_what_is_on_air(
    people: People,
    coordinator: httpx.AsyncClient,
    wang: httpx.AsyncClient,
    on_air: dict[str, Any],
) -> None:
    made = await make_all(wang)
    key, guest = made["stream_key"], made["guest"]
    path = f"/api/v1/broadcasts/{LIVE}/stream-keys"
    body = {"purpose": "encoder", "source": key["source"]}
    of_lin = (await coordinator.post(path, json=body)).json()
    on_air |= {"sending": {key["source"], guest["source"]}, "on_air": key["source"]}
    people.key_uses.stream_key(key["id"])
    await people.key_uses.write()
    # A running session outlives its key, and stands in the list as long as it runs.
    await wang.delete(f"{path}/{key['id']}")
    shown = await listed(coordinator)
    facts = {each: (shown[each]["sending"], shown[each]["on_air"]) for each in shown}
    assert facts[key["id"]] == (True, True)
    assert facts[guest["id"]] == (True, False)
    assert facts[of_lin["id"]] == (False, False)
    assert shown[key["id"]]["title"] == TITLE
    on_air |= {"sending": set(), "on_air": None}
    assert key["id"] not in await listed(coordinator)


async def test_others_neither_list_nor_give(host: httpx.AsyncClient) -> None:
    assert (await host.get(CREDENTIALS)).status_code == 403
    path = f"{CREDENTIALS}/{'0' * 26}"
    assert (await host.patch(path, json={"owner": "x"})).status_code == 403


async def test_an_invitation_that_was_opened_before_makes_no_account_after(
    people: People,
    coordinator: httpx.AsyncClient,
    wang: httpx.AsyncClient,
    guest: httpx.AsyncClient,
) -> None:
    made = (await make_all(wang))["invitation"]
    await shut_out(coordinator, await id_of(people, "wang"))
    path = f"/api/v1/invitations/by-token/{made['url'].rpartition('/')[2]}/acceptance"
    answer = await guest.post(path, json={"name": "mole", "password": PASSWORD})
    assert answer.status_code == 404
    assert "mole" not in {each.name for each in await people.accounts()}
    assert viewer_at("192.0.2.1").responsible is None


async def test_what_is_made_at_another_server_during_the_shut_out_ends_or_is_refused(
    people: People, settings: Settings, store: Store
) -> None:
    await people.create_account("lin", "coordinator")
    account, _ = await people.create_account("wang", "coordinator")
    caller = Caller(account.id, "wang", "coordinator", "0" * 32, "192.0.2.1")
    second = await Store.open(settings)
    try:
        elsewhere = people_of(second, settings)
        made = []
        for each in [people, elsewhere] * 10:
            made += [
                each.create_api_key("sheet", "coordinator", caller=caller),
                each.stream_keys.mint(LIVE, "encoder", caller=caller),
                each.invitations.add(caller, "host", [], None),
                each.guests.invite(caller, LIVE, "Aunt Lin", broadcast_state),
            ]
        half = len(made) // 2
        done = await asyncio.gather(
            *made[:half], people.disable_account("wang"), *made[half:], return_exceptions=True
        )
    finally:
        await second.close()
    refused = [each for each in done if isinstance(each, BaseException)]
    assert {type(each) for each in refused} <= {ShutOut}
    assert await people.credentials(account.id) == []
    open_keys = (
        select(tables.stream_keys.c.id)
        .where(tables.stream_keys.c.owner == account.id, tables.stream_keys.c.ended_at.is_(None))
        .union(select(tables.api_keys.c.id).where(tables.api_keys.c.owner == account.id))
    )
    assert await store.read(lambda conn: conn.execute(open_keys).all()) == []
