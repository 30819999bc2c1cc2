"""What each role sees and may do on the live channel, and what happens to it when it is lost."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.broadcast.live_channel import channel, get
from tests.support.clerks import role_key
from tests.support.money import cny
from tests.support.parts import replace_lookups
from tests.support.waiting import until
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from farmlive.broadcast import channel as channels
from farmlive.broadcast.events import KINDS, OrderEvent
from farmlive.broadcast.models import NewBroadcast
from farmlive.clock import now_ms
from farmlive.people import Caller
from farmlive.people.core import tables as people_tables
from farmlive.people.core.models import AccountChange
from farmlive.people.core.roles import Role
from farmlive.people.core.sessions import Session
from farmlive.people.moderation.models import NewBlock, SaidMessage
from farmlive.server import Server

ONE, TWO = "01JD00000000000000000000F1", "01JD00000000000000000000F2"
OFFER = {
    "offer": "01OFFER",
    "name": {"en": "Kumquats"},
    "released": 5,
    "left": 5,
    "lot": {"id": "01LOT", "sold_g": 0},
}
ORDER = {
    "order": "01ORDER",
    "state": "placed",
    "buyer": "a pseudonym",
    "lines": [
        {"farm": ONE, "quantity": 2, "total": 5980},
        {"farm": TWO, "quantity": 1, "total": 2990},
    ],
    "total": {"amount": 8970, "currency": "CNY"},
}
OWN = {
    "order": "01ORDER",
    "state": "placed",
    "lines": [{"farm": ONE, "quantity": 2, "total": 5980}],
    "total": {"amount": 5980, "currency": "CNY"},
}


@pytest.fixture
async def live(server: Server) -> str:
    """A live broadcast with one offer in its bag."""
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    await house.broadcasts.begin(made.id)
    await tell(server, made.id, "offer.added", ["public"], OFFER)
    return made.id


async def tell(
    server: Server, broadcast: str, kind: str, audience: list[str], data: dict[str, Any]
) -> None:
    log, event = server.house.log, KINDS[kind].parse(data)
    if isinstance(event, OrderEvent):
        farms = [name.removeprefix("farm:") for name in audience if name.startswith("farm:")]
        event = replace(event, farms=farms)
    await server.house.store.write(lambda conn: log.append(conn, broadcast, event))


async def ordered(server: Server, broadcast: str) -> None:
    audience = ["staff", f"farm:{ONE}", f"farm:{TWO}", "order:01ORDER"]
    await tell(server, broadcast, "order.placed", audience, ORDER)


async def key(server: Server, role: Role, *farms: str) -> dict[str, str]:
    """The header of a program of that role."""
    replace_lookups(
        server.house.people, require_farm=lambda _connection, _farm: None
    )  # farms are of another room
    return {"Authorization": f"Bearer {await role_key(server.house, role, farms)}"}


@asynccontextmanager
async def joined(
    server: Server, broadcast: str, headers: dict[str, str] | None = None
) -> AsyncIterator[tuple[ClientConnection, dict[str, Any]]]:
    async with channel(server, broadcast, headers=headers or {}) as socket:
        yield socket, await get(socket)


async def seen(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The data of the next event of the kind."""
    while True:
        frame = await get(socket)
        for event in frame.get("events", ()):
            if event["kind"] == kind:
                data: dict[str, Any] = event["data"]
                return data


async def ask(socket: ClientConnection, type_: str, **fields: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"type": type_, "id": "1", **fields}))
    while True:
        frame = await get(socket)
        if frame["type"] == "reply":
            return frame


async def test_moderator_sees_orders_pins_and_hides(server: Server, live: str) -> None:
    headers = await key(server, "moderator")
    async with (
        joined(server, live, headers) as (moderator, welcome),
        joined(server, live) as (
            viewer,
            _,
        ),
    ):
        assert welcome["you"]["role"] == "moderator"
        await ordered(server, live)
        assert await seen(moderator, "order.placed") == ORDER
        assert (await ask(moderator, "card.pin", offer="01OFFER"))["ok"]
        said = (await ask(viewer, "chat.say", text="something rude"))["result"]["seq"]
        mute = (await ask(moderator, "chat.mute", message=said))["result"]
        assert (await ask(moderator, "chat.hide", message=said))["ok"]
        assert (await ask(moderator, "card.unpin"))["ok"]
    deeds = await server.house.people.audit_entries(None, 10)
    assert [(deed.action, deed.subject, deed.detail) for deed in deeds] == [
        ("card.unpin", "01OFFER", {}),
        ("chat.hide", None, {"message": said}),
        ("chat.mute", mute["id"], {"message": said, "duration": "show"}),
        ("card.pin", "01OFFER", {}),
    ]
    assert {(deed.name, deed.broadcast) for deed in deeds} == {("moderator", live)}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("role", "type_", "fields"),
    [
        ("moderator", "offer.change", {"offer": "01OFFER", "price": cny(1)}),
        ("moderator", "offer.release", {"offer": "01OFFER", "quantity": 1}),
        ("seller", "offer.change", {"offer": "01OFFER", "price": cny(1)}),
        ("seller", "card.pin", {"offer": "01OFFER"}),
        ("clerk", "chat.hide", {"message": 1}),
        ("clerk", "card.unpin", {}),
    ],
)
async def test_nobody_does_what_the_role_is_not_for(
    server: Server, live: str, role: Role, type_: str, fields: dict[str, Any]
) -> None:
    headers = await key(server, role, *([ONE] if role == "seller" else []))
    async with joined(server, live, headers) as (socket, _):
        reply = await ask(socket, type_, **fields)
    assert reply["problem"]["type"] == "/problems/staff-only"
    await server.house.people.access.flush()
    (refused,) = await server.house.people.audit_entries(None, 10)
    assert refused.action == "access.refuse"
    assert refused.detail == {"path": f"channel {type_}", "problem": "staff-only"}


async def test_seller_sees_own_lines_live_and_after_a_reload(server: Server, live: str) -> None:
    headers = await key(server, "seller", ONE)
    async with joined(server, live, headers) as (seller, welcome):
        assert welcome["snapshot"]["orders"] == []
        await tell(server, live, "source.left", ["staff"], {"source": "x"})
        await ordered(server, live)
        assert await seen(seller, "order.placed") == OWN
    async with joined(server, live, headers) as (_, welcome):
        (order,) = welcome["snapshot"]["orders"]
        assert order.pop("at") > 0
        assert {"order": order.pop("id"), **order} == OWN


async def test_seller_of_another_farm_and_clerk_see_no_order(server: Server, live: str) -> None:
    await tell(server, live, "order.placed", ["staff", f"farm:{TWO}"], ORDER)
    for headers in (await key(server, "seller", ONE), await key(server, "clerk")):
        async with joined(server, live, headers) as (socket, welcome):
            assert welcome["snapshot"]["orders"] == []
            await tell(server, live, "order.paid", ["staff", f"farm:{TWO}"], ORDER)
            await ask(socket, "chat.say", text="hello")
            await seen(socket, "chat.said")


async def test_whoever_works_here_is_no_viewer(server: Server, live: str) -> None:
    roles: list[tuple[Role, list[str]]] = [("moderator", []), ("seller", [ONE]), ("clerk", [])]
    for role, farms in roles:
        async with joined(server, live, await key(server, role, *farms)):
            assert server.house.broadcasts.viewers(live) == 0
    async with joined(server, live):
        assert server.house.broadcasts.viewers(live) == 1


async def test_blocked_device_can_watch_and_not_write(
    server: Server, live: str, coordinator: str
) -> None:
    people = server.house.people
    async with joined(server, live) as (viewer, _):
        said = (await ask(viewer, "chat.say", text="spam"))["result"]["seq"]
        caller = Caller("A", "chen", "host", "a device", "192.0.2.1")
        message = SaidMessage(broadcast=live, seq=said)
        await people.blocks.add(caller, NewBlock(kind="device", message=message, reason="spam"))
        reply = await ask(viewer, "chat.say", text="more", nickname="another name")
        assert reply["problem"]["type"] == "/problems/blocked"
        assert "spam" not in str(reply)
        await tell(server, live, "chat.said", ["public"], {"nickname": "x", "text": "y"})
        await seen(viewer, "chat.said")
    (refusal,) = people.refusals.lately()
    assert (refusal.what, refusal.kind, refusal.reason) == ("blocked", "device", "spam")


@pytest.mark.parametrize(
    "change", [AccountChange(disabled=True), AccountChange(role="clerk", centres=["C"])]
)
async def test_who_loses_the_role_sees_no_more_of_what_it_showed(
    server: Server, live: str, change: AccountChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "RIGHTS_S", 0.01)
    people = server.house.people
    replace_lookups(people, require_centre=lambda _connection, _centre: None)
    account, password = await people.create_account("chen", "host")
    session = await people.sign_in(
        "chen", password, Caller(None, None, None, "a device", "192.0.2.1")
    )
    headers = {"Cookie": f"farmlive_session={session.token}"}
    async with joined(server, live, headers) as (host, welcome):
        assert welcome["you"]["role"] == "host"
        await people.change_account(account.id, change)
        while (frame := await get(host))["type"] != "problem":
            pass
        assert frame["problem"]["type"] == "/problems/rights-changed"
        with pytest.raises(ConnectionClosed) as closed:
            await get(host)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("on_air", [True, False])
async def test_console_on_air_is_not_signed_out_by_idling(
    server: Server, live: str, on_air: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "RIGHTS_S", 0.01)
    people, store = server.house.people, server.house.store
    if not on_air:
        live = (await server.house.broadcasts.create(NewBroadcast(title={"en": "Soon"}))).id
    _, password = await people.create_account("chen", "host")
    session = await people.sign_in(
        "chen", password, Caller(None, None, None, "a device", "192.0.2.1")
    )
    headers = {"Cookie": f"farmlive_session={session.token}"}
    table = people_tables.sessions
    nearly = now_ms() - server.house.settings.session_idle_minutes * 60_000
    looked = 0
    find = people.find_session

    async def count(token: str, *, is_use: bool = True) -> Session | None:
        nonlocal looked
        found = await find(token, is_use=is_use)
        looked += 1
        return found

    async def is_prolonged() -> bool:
        at = await store.read(lambda conn: conn.execute(select(table.c.used_at)).scalar_one())
        return bool(at > nearly)

    async with joined(server, live, headers) as (host, _):
        query = update(table).values(used_at=nearly)
        await store.write(lambda conn: conn.execute(query).rowcount)
        monkeypatch.setattr(people, "find_session", count)
        await until(lambda: looked > 3, "the channel looked at the session")
        assert await is_prolonged() is on_air
        over = update(table).values(used_at=1)
        await store.write(lambda conn: conn.execute(over).rowcount)
        while (frame := await get(host))["type"] != "problem":
            pass
        assert frame["problem"]["type"] == "/problems/rights-changed"


async def test_who_keeps_the_role_stays(
    server: Server, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "RIGHTS_S", 0.001)
    async with joined(server, live, await key(server, "seller", ONE)) as (seller, _):
        for number in range(5):
            assert (await ask(seller, "react", count=number + 1))["ok"]
        await ordered(server, live)
        assert await seen(seller, "order.placed") == OWN


async def test_start_and_end_of_a_broadcast_are_in_the_audit_list(
    server: Server, coordinator: str
) -> None:
    house = server.house
    caller = Caller("A", "chen", "host", "a device", "192.0.2.1")
    made = await house.broadcasts.create(NewBroadcast(title={"en": "Live"}), caller=caller)
    for _ in range(2):
        await house.broadcasts.begin(made.id, caller=caller)
    for _ in range(2):
        await house.broadcasts.end(made.id, caller=caller)
    deeds = await house.people.audit_entries(None, 10)
    assert [deed.action for deed in deeds] == [
        "broadcast.end",
        "broadcast.start",
        "broadcast.create",
    ]
    assert {deed.broadcast for deed in deeds} == {made.id}
