import httpx
import pytest

from farmlive.people import People
from farmlive.people.problems import LastCoordinator, NameTaken, UnknownAccount
from farmlive.problems import Invalid

from .conftest import PASSWORD, sign_in


async def test_first_start_makes_a_coordinator_once(
    people: People, client: httpx.AsyncClient
) -> None:
    made = await people.first_start()
    assert made is not None
    name, password = made
    assert name == "coordinator"
    assert await people.first_start() is None
    await sign_in(client, name, password)
    assert (await client.get("/api/v1/session")).json()["role"] == "coordinator"


async def test_first_start_makes_nobody_where_somebody_is(people: People) -> None:
    await people.create_account("chen", "host", PASSWORD)
    assert await people.first_start() is None


async def test_random_password_is_given_back_and_works(people: People) -> None:
    account, password = await people.create_account("Chen", "host")
    assert account.name == "chen"
    session = await people.sign_in("chen", password, "192.0.2.1")
    assert session.account == account.id


async def test_names_are_one_whatever_their_capitals_and_width(people: People) -> None:
    await people.create_account("chen", "host", PASSWORD)
    with pytest.raises(NameTaken):
        await people.create_account("ＣＨＥＮ", "host", PASSWORD)


async def test_chinese_names_are_names(people: People) -> None:
    account, _ = await people.create_account("陈小姐", "host", PASSWORD)
    assert account.name == "陈小姐"


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
    await sign_in(client, "chen", made.json()["password"])
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


@pytest.mark.parametrize("path", ["/api/v1/accounts", "/api/v1/api-keys"])
async def test_accounts_and_keys_are_for_coordinators(
    host: httpx.AsyncClient, client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 401
    assert (await host.get(path)).status_code == 403
    assert (await host.post(path, json={})).status_code == 403
