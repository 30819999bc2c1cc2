"""The audit list: what staff did, for coordinators to read."""

from typing import Any

import httpx
from sqlalchemy import Connection
from tests.people.conftest import CENTRE, FARM, LIVE, PASSWORD, browser, sign_in

from farmlive.clock import parse_rfc3339, rfc3339
from farmlive.ids import ulid
from farmlive.openapi import Api
from farmlive.people import Caller, People
from farmlive.people.core.audit import (
    BY_COMMAND,
    COMMAND,
    NOBODY,
    NOT_SIGNED_IN,
    record_action,
    record_always,
)
from farmlive.store import Store

PATH = "/api/v1/audit"


async def deeds(coordinator: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    """The list without sign-ins, which test_access_log.py looks at."""
    found: list[dict[str, Any]] = (await coordinator.get(PATH, params=params)).json()["deeds"]
    return [deed for deed in found if deed["action"] != "session.start"]


async def test_what_a_coordinator_did_with_people_is_listed_latest_first(
    coordinator: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    body: dict[str, Any] = {"name": "mei", "role": "seller", "farms": [FARM]}
    account = (await coordinator.post("/api/v1/accounts", json=body)).json()
    path = f"/api/v1/accounts/{account['id']}"
    await coordinator.patch(path, json={"role": "clerk", "centres": [CENTRE]})
    password = (await coordinator.post(f"{path}/password")).json()["password"]
    made = (await coordinator.post("/api/v1/invitations", json={"role": "host"})).json()
    token = made["url"].removeprefix("/invitation/")
    await coordinator.delete(f"/api/v1/invitations/{made['id']}")
    key = (
        await coordinator.post("/api/v1/api-keys", json={"label": "sheet", "role": "host"})
    ).json()
    await coordinator.delete(f"/api/v1/api-keys/{key['id']}")
    found = await deeds(coordinator)
    assert [deed["action"] for deed in found] == [
        "key.revoke",
        "key.add",
        "invitation.revoke",
        "invitation.add",
        "account.password",
        "account.change",
        "account.add",
    ]
    assert {deed["name"] for deed in found} == {"lin"}
    assert found[5]["subject"] == account["id"]
    assert found[5]["detail"] == {
        "name": "mei",
        "role": "clerk",
        "farms": [],
        "centres": [CENTRE],
    }
    assert found[6]["detail"] == {"name": "mei", "role": "seller", "farms": [FARM]}
    for secret in (password, token, key["key"], PASSWORD):
        assert secret not in str(found)
    for out in (True, False):
        await coordinator.patch(path, json={"disabled": out})
        assert (await deeds(coordinator))[0]["detail"]["disabled"] is out


async def test_invited_person_and_cameras_are_listed_too(
    coordinator: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    made = (await coordinator.post("/api/v1/invitations", json={"role": "host"})).json()
    token = made["url"].removeprefix("/invitation/")
    body = {"name": "chen", "password": PASSWORD}
    await client.post(f"/api/v1/invitations/by-token/{token}/acceptance", json=body)
    await sign_in(client, "chen")
    path = f"/api/v1/broadcasts/{LIVE}/stream-keys"
    key = (await client.post(path, json={"purpose": "encoder"})).json()
    await client.delete(f"{path}/{key['id']}")
    found = await deeds(coordinator)
    assert [(deed["name"], deed["action"]) for deed in found] == [
        ("chen", "stream_key.revoke"),
        ("chen", "stream_key.add"),
        ("chen", "invitation.accept"),
        ("lin", "invitation.add"),
    ]
    assert found[0]["broadcast"] == LIVE


async def test_entry_has_the_role_of_then_and_the_key(
    app: Api, coordinator: httpx.AsyncClient, people: People
) -> None:
    key, secret = await people.create_api_key("sheet", "coordinator")
    body: dict[str, Any] = {"name": "mei", "role": "host"}
    async with browser(app, authorization=f"Bearer {secret}") as program:
        mei = (await program.post("/api/v1/accounts", json=body)).json()["id"]
    await coordinator.patch(f"/api/v1/accounts/{mei}", json={"role": "moderator"})
    changed, added = await deeds(coordinator)
    assert (added["account"], added["key"], added["role"]) == (None, key.id, "coordinator")
    assert (changed["key"], changed["role"]) == (None, "coordinator")
    assert changed["account"] is not None


async def test_list_is_of_a_group_a_person_or_a_time(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    mei = Caller(ulid(), "mei", "host", "device", None)
    program = Caller(None, "mei", "host", "device", None, by_key=True, key=ulid())
    posed = Caller(None, COMMAND, "host", "device", None, by_key=True, key=ulid())
    command = Caller(None, COMMAND, "coordinator", "", None)

    def write(conn: Connection) -> None:
        for caller in (mei, program, posed, command, NOBODY):
            record_always(conn, caller, "stream_key.add", "a key")
            record_always(conn, caller, "keys.replace")
            record_always(conn, caller, "order.paid", "an order")

    await store.write(write)

    async def who(**chosen: str) -> list[str]:
        return [deed["name"] for deed in await deeds(coordinator, **chosen)]

    assert len(await who(group="people")) == 10
    assert len(await who(group="orders")) == 5
    assert await who(group="produce") == []
    assert await who(person=str(mei.account)) == ["mei"] * 3
    assert await who(person=str(program.key), group="orders") == ["mei"]
    # A key that is called as the command is none.
    assert await who(person=BY_COMMAND) == [COMMAND] * 3
    assert await who(person=NOT_SIGNED_IN) == [""] * 3
    (first, *_) = await deeds(coordinator, person=str(mei.account))
    assert first["role"] == "host"
    at = parse_rfc3339(first["at"])
    assert len(await who(since=rfc3339(at - 60_000), until=rfc3339(at + 60_000))) == 15
    assert await who(until=rfc3339(at - 60_000)) == []
    assert await who(since=rfc3339(at + 60_000)) == []
    for wrong in ({"group": "all"}, {"since": "yesterday"}, {"person": "'"}):
        assert (await coordinator.get(PATH, params=wrong)).status_code == 422


async def test_oldest_entry_of_a_thing_says_what_it_was_called(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    made = [
        (await coordinator.post("/api/v1/api-keys", json={"label": label, "role": "host"})).json()
        for label in ("sheet", "till")
    ]
    for key in made:
        await coordinator.delete(f"/api/v1/api-keys/{key['id']}")
    found = await people.first_audit_entries({*(key["id"] for key in made), ulid()})
    assert {key: (deed.action, deed.detail["name"]) for key, deed in found.items()} == {
        key["id"]: ("key.add", label) for key, label in zip(made, ("sheet", "till"), strict=True)
    }
    assert await people.first_audit_entries(()) == {}


async def test_list_has_pages(coordinator: httpx.AsyncClient, store: Store) -> None:
    caller = Caller("A", "lin", "coordinator", "device", "192.0.2.1")

    def write(conn: Connection) -> None:
        for number in range(5):
            record_action(conn, caller, "test.deed", str(number))

    await store.write(write)
    first = (await coordinator.get(PATH, params={"limit": 3})).json()
    assert [deed["subject"] for deed in first["deeds"]] == ["4", "3", "2"]
    rest = await deeds(coordinator, cursor=first["next"])
    assert [deed["subject"] for deed in rest] == ["1", "0"]
    # And the sign-in of the coordinator.
    assert (await coordinator.get(PATH, params={"limit": 6})).json()["next"] is None


async def test_page_after_something_else_than_a_deed_is_refused(
    coordinator: httpx.AsyncClient,
) -> None:
    answer = await coordinator.get(PATH, params={"cursor": "\0"})
    assert answer.status_code == 422


async def test_viewers_and_the_server_itself_are_not_listed(
    coordinator: httpx.AsyncClient, people: People, store: Store
) -> None:
    await people.create_account("chen", "host", PASSWORD)
    viewer = Caller(None, None, None, "device", "192.0.2.1")
    await store.write(lambda conn: record_action(conn, viewer, "order.cancel", "x"))
    assert await deeds(coordinator) == []


async def test_deed_that_failed_is_not_listed(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    body = {"name": "lin", "role": "host"}
    assert (await coordinator.post("/api/v1/accounts", json=body)).status_code == 409
    assert await deeds(coordinator) == []


async def test_list_is_for_coordinators(host: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).status_code == 401
    assert (await host.get(PATH)).status_code == 403
