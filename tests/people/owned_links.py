"""One of each key and link, for the tests of their owners and makers: made, listed, tried."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from tests.people.conftest import LIVE, OTHER, PASSWORD, browser, sign_in
from tests.support.parts import replace_lookups

from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core.lookups import Airing

TITLE = {"en": "Kumquats"}
CREDENTIALS = "/api/v1/credentials"


@pytest.fixture
def on_air(people: People) -> dict[str, Any]:
    """What the live broadcast has on air: the sources that send, and the one viewers get."""
    said: dict[str, Any] = {"sending": set(), "on_air": None}

    def airings(_connection: Connection) -> dict[str, Airing]:
        live = Airing(TITLE, frozenset(said["sending"]), said["on_air"])
        return {LIVE: live, OTHER: Airing(TITLE)}

    replace_lookups(people, airings=airings)
    return said


@pytest.fixture
async def wang(app: Api, people: People) -> Any:
    """A second coordinator, in a browser, whom `lin` will shut out."""
    await people.create_account("wang", "coordinator", PASSWORD)
    async with browser(app, peer="192.0.2.9") as client:
        await sign_in(client, "wang")
        yield client


async def make_all(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """One of each kind, as they were answered."""
    bodies = {
        "api_key": ("/api/v1/api-keys", {"label": "sheet", "role": "coordinator"}),
        "stream_key": (
            f"/api/v1/broadcasts/{LIVE}/stream-keys",
            {"purpose": "encoder", "label": "OBS"},
        ),
        "invitation": ("/api/v1/invitations", {"role": "host", "label": "Wu"}),
        "guest": (f"/api/v1/broadcasts/{LIVE}/guests", {"label": "Aunt Lin"}),
    }
    made = {}
    for kind, (path, body) in bodies.items():
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        made[kind] = answer.json()
    return made


def keys_revoked(people: People) -> list[str]:
    """The stream keys that are revoked with their owner from now on."""
    revoked: list[str] = []
    people.revocations.listen(keys=revoked.extend, guest=lambda _broadcast, _source: None)
    return revoked


async def id_of(people: People, name: str) -> str:
    return (await people.find_by_name(name)).id


async def listed(client: httpx.AsyncClient, owner: str | None = None) -> dict[str, dict[str, Any]]:
    answer = await client.get(CREDENTIALS, params={"owner": owner} if owner else {})
    assert answer.status_code == 200, answer.text
    return {each["id"]: each for each in answer.json()["credentials"]}


async def shut_out(client: httpx.AsyncClient, account: str, **more: Any) -> httpx.Response:
    return await client.patch(f"/api/v1/accounts/{account}", json={"disabled": True, **more})


async def works(app: Api, people: People, made: dict[str, dict[str, Any]]) -> dict[str, bool]:
    """Whether each opens what it did."""
    async with browser(app, Authorization=f"Bearer {made['api_key']['key']}") as program:
        api_key = (await program.get("/api/v1/accounts")).status_code
    async with browser(app, peer="192.0.2.77") as anyone:
        token = made["invitation"]["url"].rpartition("/")[2]
        invited = (await anyone.get(f"/api/v1/invitations/by-token/{token}")).status_code
        token = made["guest"]["url"].rpartition("/")[2]
        guest = (await anyone.post(f"/api/v1/guests/{token}/stream-key")).status_code
    source = await people.find_stream_key(LIVE, made["stream_key"]["key"])
    assert {api_key, invited, guest} <= {200, 201, 401, 404, 410}
    return {
        "api_key": api_key == 200,
        "stream_key": source is not None,
        "invitation": invited == 200,
        "guest": guest == 201,
    }


ALL = dict.fromkeys(("api_key", "stream_key", "invitation", "guest"), True)
NONE = dict.fromkeys(ALL, False)
