"""Who is called what in the chat: nobody reads a sign-in name, and nobody poses as the team."""

from typing import Any

import pytest
from tests.broadcast.live_channel import ask, channel, get
from tests.support.parts import replace_lookups

from farmlive.people import Caller
from farmlive.people.core.models import AccountChange
from farmlive.people.core.nicknames import guest_name
from farmlive.people.core.roles import Role
from farmlive.server import Server

PASSWORD = "a good password"
FARM = "01JD00000000000000000000F1"


async def cookie(server: Server, name: str) -> dict[str, Any]:
    viewer = Caller(None, None, None, "a" * 32, "192.0.2.1")
    session = await server.house.people.sign_in(name, PASSWORD, viewer)
    return {"headers": {"Cookie": f"farmlive_session={session.token}"}}


async def account(server: Server, name: str, role: Role, shown: str | None = None) -> str:
    people = server.house.people
    replace_lookups(people, require_farm=lambda _connection, _farm: None)
    farms = (FARM,) if role == "seller" else ()
    made, _ = await people.create_account(name, role, PASSWORD, farms, display_name=shown)
    return made.id


async def everything_public(server: Server, broadcast: str) -> str:
    log = server.house.log
    found = await server.house.store.read(lambda connection: log.events(connection, broadcast))
    return str([event.data for event in found if "public" in event.audience])


@pytest.mark.parametrize(
    ("role", "shown", "nickname"),
    [
        ("host", "果园小周", "果园小周"),
        ("host", None, ""),
        ("moderator", None, ""),
        ("seller", "果农老周", "果农老周"),
        ("seller", None, None),
    ],
)
async def test_accounts_speak_under_their_display_names(
    server: Server,
    live: str,
    role: Role,
    shown: str | None,
    nickname: str | None,
) -> None:
    await account(server, "zhou-secret", role, shown)
    async with channel(server, live, **await cookie(server, "zhou-secret")) as socket:
        you = (await get(socket))["you"]
        assert (await ask(socket, "chat.say", text="大家好"))["ok"]
        if shown or role in ("host", "moderator"):  # what is chosen does not change it
            assert (await ask(socket, "chat.say", text="大家好", nickname="zhou-secret"))["ok"]
    said = await server.house.store.read(
        lambda connection: server.house.log.events(connection, live, kinds=["chat.said"])
    )
    if nickname is None:
        assert you["nickname"].startswith("游客")
        nickname = you["nickname"]
    assert {event.data["nickname"] for event in said} == {nickname}
    assert "zhou-secret" not in await everything_public(server, live)


async def test_a_changed_display_name_holds_at_the_next_message(server: Server, live: str) -> None:
    made = await account(server, "zhou-secret", "host", "果园小周")
    async with channel(server, live, **await cookie(server, "zhou-secret")) as socket:
        await get(socket)
        await server.house.people.change_account(made, AccountChange(display_name="周姐"))
        seq = (await ask(socket, "chat.say", text="大家好"))["result"]["seq"]
    async with channel(server, live) as viewer:
        (said,) = (await get(viewer))["snapshot"]["chat"]
    assert (said["seq"], said["nickname"]) == (seq, "周姐")


@pytest.mark.parametrize(
    ("nickname", "reason"),
    [
        ("主播", "official"),
        ("主 播 1", "official"),
        ("ＨＯＳＴ", "official"),
        ("周 果园", None),
        ("果园小周", "team"),
        ("果\u200b园 小周88", "team"),
        ("", "blank"),
        ("\u3164\u200b", "blank"),
        ("游客甲", None),
    ],
)
async def test_nobody_else_is_called_like_the_team_or_not_at_all(
    server: Server,
    live: str,
    nickname: str,
    reason: str | None,
) -> None:
    await account(server, "zhou-secret", "host", "果园小周")
    async with channel(server, live) as socket:
        guest = (await get(socket))["you"]["nickname"]
        reply = await ask(socket, "chat.say", text="便宜卖", nickname=nickname)
        if reason is None:
            assert reply["ok"]
            return
        assert reply["problem"]["type"] == "/problems/nickname-refused"
        assert reply["problem"]["reason"] == reason
        # It was not kept for what is said without one.
        assert (await ask(socket, "chat.say", text="好的"))["ok"]
    async with channel(server, live) as viewer:
        (said,) = (await get(viewer))["snapshot"]["chat"]
    assert said["nickname"] == guest


async def test_a_seller_without_display_name_does_not_tell_the_sign_in_name(
    server: Server,
    live: str,
) -> None:
    await account(server, "zhou-secret", "seller")
    async with channel(server, live, **await cookie(server, "zhou-secret")) as socket:
        await get(socket)
        reply = await ask(socket, "chat.say", text="大家好", nickname="Zhou-Secret")
        assert reply["problem"]["reason"] == "sign_in"
        assert (await ask(socket, "chat.say", text="大家好", nickname="老周"))["ok"]


async def test_a_display_name_that_was_given_up_or_shut_out_is_free(
    server: Server,
    live: str,
) -> None:
    made = await account(server, "zhou-secret", "host", "果园小周")
    await server.house.people.change_account(made, AccountChange(disabled=True))
    async with channel(server, live) as socket:
        await get(socket)
        assert (await ask(socket, "chat.say", text="便宜卖", nickname="果园小周"))["ok"]


async def test_a_message_that_nobody_sees_is_not_sent(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        reply = await ask(socket, "chat.say", text="\u3164 \u200b", nickname="阿月")
        assert reply["problem"]["type"] == "/problems/invalid"


def test_a_guest_is_called_by_the_device() -> None:
    assert guest_name("f" * 32) == guest_name("f" * 32)
