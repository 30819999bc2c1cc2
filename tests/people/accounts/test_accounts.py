import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from tests.people.conftest import (
    CENTRE,
    FARM,
    OTHER_CENTRE,
    OTHER_FARM,
    PASSWORD,
    browser,
    sign_in,
    viewer_at,
)
from tests.support.parts import limits_of, people_of, replace_lookups

from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core.models import AccountChange
from farmlive.people.core.problems import LastCoordinator, NameTaken, UnknownAccount
from farmlive.people.core.roles import Role
from farmlive.problems import Invalid, NotFound
from farmlive.settings import Settings
from farmlive.store import Store


async def test_first_start_makes_a_coordinator_once(
    people: People, client: httpx.AsyncClient
) -> None:
    made = await people.first_start()
    assert made is not None
    name, password = made
    assert name == "coordinator"
    assert await people.first_start() is None
    await sign_in(client, name, password, PASSWORD)
    assert (await client.get("/api/v1/session")).json()["role"] == "coordinator"


async def test_first_start_makes_nobody_where_somebody_is(people: People) -> None:
    await people.create_account("chen", "host", PASSWORD)
    assert await people.first_start() is None


async def test_random_password_is_given_back_and_works(people: People) -> None:
    account, password = await people.create_account("Chen", "host")
    assert account.name == "chen"
    session = await people.sign_in("chen", password, viewer_at("192.0.2.1"))
    assert session.account == account.id


async def test_names_are_one_whatever_their_capitals_and_width(people: People) -> None:
    await people.create_account("chen", "host", PASSWORD)
    with pytest.raises(NameTaken):
        await people.create_account("ＣＨＥＮ", "host", PASSWORD)


async def test_chinese_names_are_names(people: People) -> None:
    account, _ = await people.create_account("陈小姐", "host", PASSWORD)
    assert account.name == "陈小姐"


@pytest.mark.any_database
@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 41, "a\nb", "<b>"])
async def test_bad_names_are_refused_with_a_sentence(people: People, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        await people.create_account(name, "host", PASSWORD)
    assert refused.value.members["errors"][0]["field"] == "name"


async def test_accounts_are_listed_by_name(people: People) -> None:
    await people.create_account("lin", "coordinator", PASSWORD)
    await people.create_account("chen", "host", PASSWORD)
    assert [account.name for account in await people.accounts()] == ["chen", "lin"]


async def test_unknown_account_is_said(people: People) -> None:
    with pytest.raises(UnknownAccount, match="chen"):
        await people.set_password("chen")
    with pytest.raises(UnknownAccount):
        await people.disable_account("chen")


async def test_last_coordinator_stays(people: People) -> None:
    await people.create_account("lin", "coordinator", PASSWORD)
    with pytest.raises(LastCoordinator):
        await people.disable_account("lin")
    await people.create_account("wu", "coordinator", PASSWORD)
    await people.disable_account("lin")
    with pytest.raises(LastCoordinator):
        await people.disable_account("wu")


async def test_coordinator_makes_accounts_over_http(
    coordinator: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    made = await coordinator.post("/api/v1/accounts", json={"name": "chen", "role": "host"})
    assert made.status_code == 201
    await sign_in(client, "chen", made.json()["password"], PASSWORD)
    own = {"name": "wu", "role": "host", "password": PASSWORD}
    assert (await coordinator.post("/api/v1/accounts", json=own)).json()["password"] is None
    assert (await coordinator.post("/api/v1/accounts", json=own)).status_code == 409
    listed = (await coordinator.get("/api/v1/accounts")).json()["accounts"]
    assert [(each["name"], each["role"], each["disabled"]) for each in listed] == [
        ("chen", "host", False),
        ("lin", "coordinator", False),
        ("wu", "host", False),
    ]
    assert "hash" not in str(listed)


async def test_unknown_role_is_refused(coordinator: httpx.AsyncClient) -> None:
    body = {"name": "chen", "role": "owner"}
    assert (await coordinator.post("/api/v1/accounts", json=body)).status_code == 422


@pytest.mark.any_database
@pytest.mark.parametrize("path", ["/api/v1/accounts", "/api/v1/api-keys"])
async def test_accounts_and_keys_are_for_coordinators(
    host: httpx.AsyncClient, client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await host.get(path)).status_code == 403
    assert (await host.post(path, json={})).status_code == 403


async def change(
    coordinator: httpx.AsyncClient, people: People, whose: str, /, **body: Any
) -> httpx.Response:
    account = next(each for each in await people.accounts() if each.name == whose)
    return await coordinator.patch(f"/api/v1/accounts/{account.id}", json=body)


async def test_new_role_holds_at_the_next_request(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People
) -> None:
    answer = await change(coordinator, people, "chen", role="seller", farms=[FARM])
    assert (answer.json()["role"], answer.json()["farms"]) == ("seller", [FARM])
    body = (await host.get("/api/v1/session")).json()
    assert (body["role"], body["farms"]) == ("seller", [FARM])
    answer = await change(coordinator, people, "chen", role="clerk", centres=[CENTRE])
    assert (answer.json()["role"], answer.json()["farms"]) == ("clerk", [])


async def test_sellers_farms_change_alone(coordinator: httpx.AsyncClient, people: People) -> None:
    await people.create_account("mei", "seller", PASSWORD, [FARM])
    answer = await change(coordinator, people, "mei", farms=[FARM, OTHER_FARM])
    assert answer.json()["farms"] == [FARM, OTHER_FARM]
    assert (await change(coordinator, people, "mei", disabled=True)).json()["disabled"]
    listed = (await coordinator.get("/api/v1/accounts")).json()["accounts"]
    assert listed[1]["farms"] == [FARM, OTHER_FARM]


async def test_a_clerk_has_centres_and_nobody_else_has(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    new = {"name": "zhang", "role": "clerk"}
    refused = await coordinator.post("/api/v1/accounts", json=new)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "centres"
    answer = await coordinator.post("/api/v1/accounts", json={**new, "centres": [CENTRE]})
    assert (answer.status_code, answer.json()["centres"]) == (201, [CENTRE])
    answer = await change(coordinator, people, "zhang", centres=[CENTRE, OTHER_CENTRE])
    assert answer.json()["centres"] == [CENTRE, OTHER_CENTRE]
    assert (await change(coordinator, people, "zhang", centres=[])).status_code == 422
    host = {"name": "chen", "role": "host", "centres": [CENTRE]}
    assert (await coordinator.post("/api/v1/accounts", json=host)).status_code == 422
    answer = await change(coordinator, people, "zhang", role="moderator")
    assert answer.json()["centres"] == []
    # Whoever was a clerk has no centres when the role comes back, but those that are named.
    assert (await change(coordinator, people, "zhang", role="clerk")).status_code == 422


async def test_an_unknown_centre_is_refused(coordinator: httpx.AsyncClient, people: People) -> None:
    def require(_connection: Connection, centre: str) -> None:
        if centre != CENTRE:
            raise NotFound("There is no such pick-up point.")

    replace_lookups(people, require_centre=require)
    for path, body in (
        ("accounts", {"name": "zhang"}),
        ("invitations", {}),
        ("api-keys", {"label": "a till"}),
    ):
        new = {**body, "role": "clerk", "centres": [OTHER_CENTRE]}
        assert (await coordinator.post(f"/api/v1/{path}", json=new)).status_code == 404, path
        new["centres"] = [CENTRE]
        made = await coordinator.post(f"/api/v1/{path}", json=new)
        assert (made.status_code, made.json()["centres"]) == (201, [CENTRE]), path
    answer = await change(coordinator, people, "zhang", centres=[OTHER_CENTRE])
    assert answer.status_code == 404


async def test_shut_out_account_may_come_back(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People
) -> None:
    assert (await change(coordinator, people, "chen", disabled=True)).json()["disabled"]
    assert (await host.get("/api/v1/session")).status_code == 401
    assert not (await change(coordinator, people, "chen", disabled=False)).json()["disabled"]
    assert (await host.get("/api/v1/session")).status_code == 401
    await sign_in(host, "chen")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"role": "owner"}, 422),
        ({"role": "seller"}, 422),
        ({"farms": [FARM]}, 422),
        ({"role": "moderator", "farms": [FARM]}, 422),
        ({"name": "wu"}, 422),
    ],
)
async def test_change_that_does_not_fit_changes_nothing(
    coordinator: httpx.AsyncClient,
    host: httpx.AsyncClient,
    people: People,
    body: dict[str, Any],
    status: int,
) -> None:
    assert (await change(coordinator, people, "chen", **body)).status_code == status
    assert (await host.get("/api/v1/session")).json()["role"] == "host"


@pytest.mark.parametrize("body", [{"role": "host"}, {"disabled": True}])
async def test_only_coordinator_stays_one_over_http(
    coordinator: httpx.AsyncClient, people: People, body: dict[str, Any]
) -> None:
    answer = await change(coordinator, people, "lin", **body)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/last-coordinator"
    await people.create_account("wu", "coordinator", PASSWORD)
    assert (await change(coordinator, people, "lin", **body)).status_code == 200


async def test_disabled_coordinator_is_no_second_one(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    await people.create_account("wu", "coordinator", PASSWORD)
    await people.disable_account("wu")
    assert (await change(coordinator, people, "lin", role="host")).status_code == 409


async def test_password_reset_is_shown_once_and_ends_the_sessions(
    coordinator: httpx.AsyncClient, host: httpx.AsyncClient, people: People
) -> None:
    account = (await people.accounts())[0]
    answer = await coordinator.post(f"/api/v1/accounts/{account.id}/password")
    assert answer.headers["cache-control"] == "no-store"
    assert (await host.get("/api/v1/session")).status_code == 401
    await sign_in(host, "chen", answer.json()["password"], "another password")


@pytest.mark.parametrize("account", [FARM, "chen", "x" * 300])
async def test_account_that_is_not_there_is_said(
    coordinator: httpx.AsyncClient, account: str
) -> None:
    path = f"/api/v1/accounts/{account}"
    assert (await coordinator.patch(path, json={"disabled": True})).status_code == 404
    assert (await coordinator.post(f"{path}/password")).status_code == 404


async def test_other_roles_change_no_account(
    host: httpx.AsyncClient, client: httpx.AsyncClient, people: People
) -> None:
    account = (await people.accounts())[0]
    for browser_, status in ((client, 401), (host, 403)):
        path = f"/api/v1/accounts/{account.id}"
        answer = await browser_.patch(path, json={"role": "coordinator"})
        assert answer.status_code == status
        assert (await browser_.post(f"{path}/password")).status_code == status
    assert (await people.accounts())[0].role == "host"


async def test_seller_without_a_farm_is_refused(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    body = {"name": "mei", "role": "seller"}
    answer = await coordinator.post("/api/v1/accounts", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "farms"
    with pytest.raises(Invalid):
        await people.create_api_key("scale", "seller")


async def test_two_who_shut_each_other_out_on_two_servers_leave_one(
    people: People, settings: Settings
) -> None:
    second = await Store.open(settings)
    try:
        elsewhere = people_of(second, settings)
        for name in ("lin", "wu"):
            await people.create_account(name, "coordinator", PASSWORD)
        for _ in range(5):
            for account in await people.accounts():
                await people.change_account(account.id, AccountChange(disabled=False))
            done = await asyncio.gather(
                people.disable_account("lin"),
                elsewhere.disable_account("wu"),
                return_exceptions=True,
            )
            assert {type(each) for each in done} == {LastCoordinator, type(None)}
            able = [each.name for each in await people.accounts() if each.disabled_at is None]
            assert len(able) == 1
    finally:
        await second.close()


@pytest.mark.parametrize(
    ("role", "display_name", "is_taken"),
    [
        ("host", "主播小周", True),
        ("host", "林秀珍", True),  # two of the team may bear the same name
        ("seller", "果农老吴", True),
        ("seller", "主播小吴", False),
        ("seller", "林 秀珍", False),
        ("seller", "\u3164", False),
        ("host", "Lin-Secret", False),
        ("host", "new-secret", False),
        ("host", "周姐 13800001111", False),
        ("host", "很" * 25, False),
    ],
)
async def test_display_names_are_seen_and_neither_a_sign_in_name_nor_another_ones(
    coordinator: httpx.AsyncClient,
    people: People,
    role: Role,
    display_name: str,
    is_taken: bool,
) -> None:
    replace_lookups(people, require_farm=lambda _connection, _farm: None)
    await people.create_account("lin-secret", "host", PASSWORD, display_name="林秀珍")
    body = {
        "name": "new-secret",
        "role": role,
        "farms": [FARM] if role == "seller" else [],
        "display_name": display_name,
    }
    made = await coordinator.post("/api/v1/accounts", json=body)
    assert made.status_code == (201 if is_taken else 422)
    if is_taken:
        assert made.json()["display_name"] == display_name
    else:
        del body["display_name"]
        made = await coordinator.post("/api/v1/accounts", json=body)
        changed = await coordinator.patch(
            f"/api/v1/accounts/{made.json()['id']}", json={"display_name": display_name}
        )
        assert changed.status_code == 422


async def test_nobody_signs_in_by_what_viewers_read(
    coordinator: httpx.AsyncClient, people: People
) -> None:
    await people.create_account("lin-secret", "host", PASSWORD, display_name="林秀珍")
    made = await coordinator.post("/api/v1/accounts", json={"name": "林秀珍", "role": "host"})
    assert made.status_code == 422


async def test_whoever_tries_display_names_finds_no_sign_in_name(app: Api, people: People) -> None:
    people.limits = limits_of(clock=lambda: 0.0)
    replace_lookups(people, require_farm=lambda _connection, _farm: None)
    await people.create_account("lin-secret", "host", PASSWORD, display_name="林秀珍")
    await people.create_account("wu-secret", "seller", PASSWORD, [FARM])
    await people.create_account("he-secret", "seller", PASSWORD, [FARM])
    async with browser(app) as seller, browser(app) as other:
        await sign_in(seller, "wu-secret")
        names = ["lin-secret", "林秀珍", "主播", "老吴", "果农老吴"]
        tried = [await seller.patch("/api/v1/session", json={"display_name": n}) for n in names]
        assert [each.status_code for each in tried] == [422, 422, 422, 200, 200]
        assert len({each.text for each in tried[:3]}) == 1
        late = await seller.patch("/api/v1/session", json={"display_name": "lin-secret"})
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) > 0
        await sign_in(other, "he-secret")
        changed = await other.patch("/api/v1/session", json={"display_name": "老何"})
        assert changed.status_code == 200


async def test_one_changes_the_own_display_name(host: httpx.AsyncClient, app: Api) -> None:
    changed = await host.patch("/api/v1/session", json={"display_name": "周姐"})
    assert changed.json()["display_name"] == "周姐"
    assert (await host.get("/api/v1/session")).json()["display_name"] == "周姐"
    changed = await host.patch("/api/v1/session", json={"display_name": "Chen"})
    assert changed.status_code == 422
    async with browser(app) as nobody:
        changed = await nobody.patch("/api/v1/session", json={"display_name": "周姐"})
        assert changed.status_code == 401
