"""A key or a link does no more than its owner may now: a role that is taken away ends in it."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update
from tests.people.conftest import LIVE, PASSWORD, browser, sign_in
from tests.support.parts import replace_lookups

from farmlive.openapi import Api
from farmlive.people import People
from farmlive.people.core import tables
from farmlive.people.core.lookups import Airing
from farmlive.people.core.models import AccountChange
from farmlive.people.core.problems import GuestOver, InvitationOver
from farmlive.people.core.scope import Scope, at_most
from farmlive.store import Store

KEYS = {
    "coordinator": Scope("coordinator"),
    "host": Scope("host"),
    "moderator": Scope("moderator"),
    "seller": Scope("seller", frozenset({"F1", "F2"})),
    "clerk": Scope("clerk", centres=frozenset({"C1", "C2"})),
    "old clerk": Scope("clerk", centres=None),
    "simulator": Scope("simulator"),
}
OWNERS = {
    "moderator": Scope("moderator"),
    "seller": Scope("seller", frozenset({"F2", "F3"})),
    "clerk": Scope("clerk", centres=frozenset({"C2", "C3"})),
    "old clerk": Scope("clerk", centres=None),
}


@pytest.mark.parametrize("key", KEYS)
def test_a_coordinators_key_keeps_what_it_has_and_a_hosts_all_but_people(key: str) -> None:
    made = KEYS[key]
    assert at_most(made, Scope("coordinator")) == made
    assert at_most(made, Scope("host")) == (Scope("host") if key == "coordinator" else made)


@pytest.mark.parametrize("owner", OWNERS)
def test_who_may_less_has_keys_that_may_less(owner: str) -> None:
    now = OWNERS[owner]
    left = {key: at_most(made, now) for key, made in KEYS.items()}
    assert left["coordinator"] == left["host"] == now
    assert left["simulator"] is None
    same = {
        "moderator": {"moderator": Scope("moderator")},
        "seller": {"seller": Scope("seller", frozenset({"F2"}))},
        "clerk": {"clerk": Scope("clerk", centres=frozenset({"C2"})), "old clerk": now},
        "old clerk": {"clerk": KEYS["clerk"], "old clerk": now},
    }[owner]
    assert {key: scope for key, scope in left.items() if scope and scope != now} | same == {
        key: scope for key, scope in left.items() if scope and key not in ("coordinator", "host")
    }


def test_a_key_of_other_farms_or_pick_up_points_does_nothing() -> None:
    farm, centre = frozenset({"F9"}), frozenset({"C9"})
    assert at_most(Scope("seller", farm), OWNERS["seller"]) is None
    assert at_most(Scope("clerk", centres=centre), OWNERS["clerk"]) is None


@pytest.fixture
async def wang(app: Api, people: People) -> Any:
    """A second coordinator, in a browser."""
    account, _ = await people.create_account("wang", "coordinator", PASSWORD)
    async with browser(app, peer="192.0.2.9") as client:
        await sign_in(client, "wang")
        client.account = account.id  # type: ignore[attr-defined]
        yield client


async def test_an_api_key_follows_its_owners_role_down_and_up_again(
    app: Api, people: People, coordinator: httpx.AsyncClient, wang: Any
) -> None:
    body = {"label": "sheet", "role": "coordinator"}
    key = (await wang.post("/api/v1/api-keys", json=body)).json()
    moderators = (await wang.post("/api/v1/api-keys", json={**body, "role": "moderator"})).json()
    replace_lookups(people, require_centre=lambda _connection, _centre: None)

    async def shown(of: str) -> tuple[Any, ...]:
        listed = (await coordinator.get("/api/v1/credentials")).json()["credentials"]
        (found,) = [each for each in listed if each["id"] == of]
        keys = (await coordinator.get("/api/v1/api-keys")).json()["api_keys"]
        (same,) = [each for each in keys if each["id"] == of]
        assert same["acts_as"] == found["acts_as"]
        return found["role"], found["acts_as"], found["idle"]

    async with (
        browser(app, Authorization=f"Bearer {key['key']}") as program,
        browser(app, Authorization=f"Bearer {moderators['key']}") as mutes,
    ):
        assert (await program.get("/api/v1/accounts")).status_code == 200
        await people.change_account(wang.account, AccountChange(role="host"))
        assert (await program.get("/api/v1/accounts")).status_code == 403
        assert (await program.get("/who")).json()["role"] == "host"
        assert await shown(key["id"]) == ("coordinator", "host", False)
        await people.change_account(wang.account, AccountChange(role="clerk", centres=["C1"]))
        assert (await program.get("/who")).json()["role"] == "clerk"
        refused = await mutes.get("/who")
        assert refused.status_code == 401
        assert refused.json()["type"] == "/problems/api-key-above-owner"
        assert "another owner" in refused.json()["detail"]
        assert await shown(moderators["id"]) == ("moderator", None, True)
        await people.change_account(wang.account, AccountChange(role="coordinator"))
        assert (await program.get("/api/v1/accounts")).status_code == 200
        assert (await mutes.get("/who")).json()["role"] == "moderator"
        # Given to another, it is that one's.
        await people.change_account(wang.account, AccountChange(role="host"))
        lin = (await people.find_by_name("lin")).id
        await people.give(key["id"], lin)
        assert (await program.get("/api/v1/accounts")).status_code == 200


async def test_what_its_owner_could_not_make_now_does_not_work(
    people: People, coordinator: httpx.AsyncClient, wang: Any
) -> None:
    """Else an invitation that is still open gives the role back."""
    replace_lookups(people, airings=lambda _connection: {LIVE: Airing({"en": "Kumquats"})})
    invited = (await wang.post("/api/v1/invitations", json={"role": "coordinator"})).json()
    cameras, guests = (f"/api/v1/broadcasts/{LIVE}/{of}" for of in ("stream-keys", "guests"))
    camera = (await wang.post(cameras, json={"purpose": "encoder", "label": "OBS"})).json()
    guest = (await wang.post(guests, json={"label": "Aunt Lin"})).json()
    link, door = (made["url"].rpartition("/")[2] for made in (invited, guest))

    async def idle() -> set[str]:
        listed = (await coordinator.get("/api/v1/credentials")).json()["credentials"]
        return {each["kind"] for each in listed if each["idle"]}

    await people.change_account(wang.account, AccountChange(role="host"))
    with pytest.raises(InvitationOver, match="no coordinator any more"):
        await people.invitations.find(link)
    assert await people.find_stream_key(LIVE, camera["key"]) is not None
    assert (await people.guests.find(door)).label == "Aunt Lin"
    assert await idle() == {"invitation"}
    await people.change_account(wang.account, AccountChange(role="moderator"))
    assert await people.find_stream_key(LIVE, camera["key"]) is None
    with pytest.raises(GuestOver, match="no host any more"):
        await people.guests.find(door)
    assert await idle() == {"invitation", "stream_key", "guest"}
    await people.change_account(wang.account, AccountChange(role="coordinator"))
    assert (await people.invitations.find(link)).role == "coordinator"
    assert await people.find_stream_key(LIVE, camera["key"]) is not None
    assert await idle() == set()


async def test_a_clerks_key_from_before_is_told_of_while_it_sees_every_centre(
    people: People, coordinator: httpx.AsyncClient, store: Store
) -> None:
    replace_lookups(people, require_centre=lambda _connection, _centre: None)
    key, _ = await people.create_api_key("sheet", "clerk", (), ["C1"])
    owner, _ = await people.create_account("zhou", "clerk", PASSWORD, centres=["C1"])
    of_key = update(tables.api_keys).where(tables.api_keys.c.id == key.id)

    async def told(**values: Any) -> bool:
        await store.write(lambda conn: conn.execute(of_key.values(**values)).rowcount)
        (found,) = (await coordinator.get("/api/v1/credentials")).json()["credentials"]
        return bool(found["has_every_centre"])

    assert not await told(centres=["C1"])
    assert await told(centres=None)
    # As its owner, it is of one alone.
    assert not await told(owner=owner.id)
