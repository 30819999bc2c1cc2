from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, Table, func, select, update
from tests.people.conftest import CENTRE, FARM, PASSWORD, browser
from tests.support.parts import replace_lookups

from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.accounts import accounts
from farmlive.people.core import tables
from farmlive.people.core.problems import InvitationOver
from farmlive.people.keys import invitations
from farmlive.problems import NotFound
from farmlive.store import Store

PATH = "/api/v1/invitations"


async def invite(coordinator: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await coordinator.post(PATH, json={"role": "host", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def link(made: dict[str, Any]) -> str:
    """The address in the API of what the link stands for."""
    return f"{PATH}/by-token/{made['url'].removeprefix('/invitation/')}"


async def test_link_makes_an_account_with_its_role_and_signs_in(
    coordinator: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    made = await invite(coordinator, role="seller", farms=[FARM], label="Lin's sister")
    assert (await guest.get(link(made))).json() == {
        "role": "seller",
        "farms": [FARM],
        "centres": [],
    }
    answer = await guest.post(
        link(made) + "/acceptance", json={"name": "Mei", "password": PASSWORD}
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["name"], body["role"], body["farms"]) == ("mei", "seller", [FARM])
    assert (await guest.get("/api/v1/session")).json() == body
    listed = (await coordinator.get("/api/v1/accounts")).json()["accounts"]
    assert [(each["name"], each["farms"]) for each in listed] == [("lin", []), ("mei", [FARM])]


async def test_a_clerks_invitation_has_its_centres_and_an_old_one_all(
    app: Api, coordinator: httpx.AsyncClient, guest: httpx.AsyncClient, store: Store
) -> None:
    made = await invite(coordinator, role="clerk", centres=[CENTRE])
    assert (await guest.get(link(made))).json()["centres"] == [CENTRE]
    body = {"name": "zhang", "password": PASSWORD}
    assert (await guest.post(link(made) + "/acceptance", json=body)).json()["centres"] == [CENTRE]
    made = await invite(coordinator, role="clerk", centres=[CENTRE])
    old = update(tables.invitations).where(tables.invitations.c.id == made["id"])
    await store.write(lambda conn: conn.execute(old.values(centres=None)))
    async with browser(app) as other:
        answer = await other.post(
            link(made) + "/acceptance", json={"name": "wang", "password": PASSWORD}
        )
        assert (answer.status_code, answer.json()["centres"]) == (200, None)


async def test_open_invitations_are_listed_without_their_links(
    coordinator: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    first, second = await invite(coordinator), await invite(coordinator, label="for Wu")
    await guest.post(link(first) + "/acceptance", json={"name": "mei", "password": PASSWORD})
    (listed,) = (await coordinator.get(PATH)).json()["invitations"]
    assert listed == {name: value for name, value in second.items() if name != "url"}
    assert listed["label"] == "for Wu"


async def test_link_works_once(
    app: Api, coordinator: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    made = await invite(coordinator)
    await guest.post(link(made) + "/acceptance", json={"name": "mei", "password": PASSWORD})
    async with browser(app) as second:
        answer = await second.post(
            link(made) + "/acceptance", json={"name": "wu", "password": PASSWORD}
        )
        assert answer.status_code == 410
        assert answer.json()["type"] == "/problems/invitation-over"
        assert (await second.get(link(made))).status_code == 410
        assert (await second.get("/api/v1/session")).status_code == 401


async def test_link_works_for_seven_days(
    coordinator: httpx.AsyncClient, guest: httpx.AsyncClient, store: Store
) -> None:
    made = await invite(coordinator)
    over = update(tables.invitations).values(expires_at=1)
    await store.write(lambda conn: conn.execute(over).rowcount)
    answer = await guest.post(
        link(made) + "/acceptance", json={"name": "mei", "password": PASSWORD}
    )
    assert answer.status_code == 410
    assert "seven days" in answer.json()["detail"]
    assert (await coordinator.get(PATH)).json() == {"invitations": [], "next": None}


async def test_revoked_link_is_not_known_any_more(
    coordinator: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    made = await invite(coordinator)
    assert (await coordinator.delete(f"{PATH}/{made['id']}")).status_code == 204
    answer = await guest.post(
        link(made) + "/acceptance", json={"name": "mei", "password": PASSWORD}
    )
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/unknown-invitation"
    assert (await coordinator.delete(f"{PATH}/{made['id']}")).status_code == 404


async def test_used_invitation_can_not_be_revoked(
    coordinator: httpx.AsyncClient, guest: httpx.AsyncClient
) -> None:
    made = await invite(coordinator)
    await guest.post(link(made) + "/acceptance", json={"name": "mei", "password": PASSWORD})
    assert (await coordinator.delete(f"{PATH}/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "lin", "password": PASSWORD}, 409),
        ({"name": "a b", "password": PASSWORD}, 422),
        ({"name": "mei", "password": "short"}, 422),
        ({"name": "mei"}, 422),
    ],
)
async def test_refused_name_or_password_leaves_the_link_as_it_was(
    coordinator: httpx.AsyncClient,
    guest: httpx.AsyncClient,
    body: dict[str, str],
    status: int,
) -> None:
    made = await invite(coordinator)
    assert (await guest.post(link(made) + "/acceptance", json=body)).status_code == status
    again = await guest.post(link(made) + "/acceptance", json={"name": "mei", "password": PASSWORD})
    assert again.status_code == 200


async def test_two_at_once_make_one_account(
    people: People, coordinator: httpx.AsyncClient, guest: httpx.AsyncClient, store: Store
) -> None:
    made = await invite(coordinator)
    found = await people.invitations.find(made["url"].removeprefix("/invitation/"))
    await guest.post(link(made) + "/acceptance", json={"name": "mei", "password": PASSWORD})

    def slower(conn: Connection) -> None:
        account = accounts.add(conn, "wu", "hash", found.role)
        invitations.use(conn, found, account.id)

    with pytest.raises(InvitationOver, match="used a moment ago"):
        await store.write(slower)
    names = [account.name for account in await people.accounts()]
    assert names == ["lin", "mei"]


@pytest.mark.parametrize(
    "body",
    [
        {"role": "owner"},
        {"role": "seller"},
        {"role": "seller", "farms": []},
        {"role": "host", "farms": [FARM]},
        {"role": "simulator"},
        {"role": "host", "label": "a\nb"},
        {"role": "seller", "farms": ["\0"]},
    ],
)
async def test_invitation_whose_role_and_farms_do_not_fit_is_refused(
    coordinator: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    assert (await coordinator.post(PATH, json=body)).status_code == 422
    assert (await coordinator.get(PATH)).json() == {"invitations": [], "next": None}


def count(table: Table, connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


async def test_seller_of_an_unknown_farm_is_refused(
    coordinator: httpx.AsyncClient, people: People, store: Store
) -> None:
    def require(_connection: Connection, farm: str) -> None:
        if farm != FARM:
            raise NotFound("There is no such farm.")

    replace_lookups(people, require_farm=require)
    body = {"role": "seller", "farms": [FARM, "another"]}
    assert (await coordinator.post(PATH, json=body)).status_code == 404
    account = {**body, "name": "mei"}
    assert (await coordinator.post("/api/v1/accounts", json=account)).status_code == 404
    key = {**body, "label": "scale"}
    assert (await coordinator.post("/api/v1/api-keys", json=key)).status_code == 404
    for table in (tables.invitations, tables.api_keys):
        assert await store.read(partial(count, table)) == 0


async def test_database_holds_no_token_of_a_link(
    coordinator: httpx.AsyncClient, store: Store
) -> None:
    made = await invite(coordinator)
    query = select(tables.invitations)
    text = await store.read(lambda conn: str(conn.execute(query).all()))
    assert made["id"] in text
    assert made["url"].removeprefix("/invitation/") not in text


async def test_invitations_are_for_coordinators(
    host: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    for browser_, status in ((client, 401), (host, 403)):
        assert (await browser_.get(PATH)).status_code == status
        assert (await browser_.post(PATH, json={"role": "host"})).status_code == status
        assert (await browser_.delete(f"{PATH}/{FARM}")).status_code == status


async def test_link_that_is_none_is_not_known(guest: httpx.AsyncClient) -> None:
    assert (await guest.get(f"{PATH}/by-token/anything")).status_code == 404
