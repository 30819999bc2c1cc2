"""Mutes: whom they hold, for how long, who sees and ends them, and what is kept of it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.broadcast.live_channel import ask, channel, get
from tests.support.clerks import role_key

from farmlive.broadcast import mutes as mutes_module
from farmlive.broadcast.chat import StaffNotMuted
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.mutes import Duration, Mute, Muted
from farmlive.broadcast.tables import chat_traces, mutes
from farmlive.clock import now_ms, parse_rfc3339
from farmlive.people import Caller
from farmlive.people.core.problems import NicknameRefused
from farmlive.server import Server, running
from farmlive.settings import Settings

HOME = "192.0.2.7"
NEIGHBOUR = "192.0.2.200"
ELSEWHERE = "198.51.100.7"
HOST = Caller(None, "a host", "host", "the host's device", "203.0.113.1")


def viewer(number: int, address: str | None = HOME) -> Caller:
    return Caller(None, None, None, f"{number:032x}", address)


async def say(server: Server, broadcast: str, by: Caller, nickname: str) -> int:
    seq: int = (await server.house.chat.say(by, broadcast, nickname, "便宜卖"))["seq"]
    return seq


async def muted(
    server: Server, broadcast: str, nickname: str = "阿强", duration: Duration = "show"
) -> Mute:
    """Someone says something and is muted for it."""
    seq = await say(server, broadcast, viewer(1), nickname)
    return await server.house.chat.mute(HOST, broadcast, seq, duration)


@pytest.mark.parametrize(
    ("by", "nickname", "is_muted"),
    [
        (viewer(1), "阿强", True),
        (viewer(1, ELSEWHERE), "另一个人", True),  # the same cookie, whatever else
        (viewer(2), "阿强", True),  # the cookie thrown away
        (viewer(2, NEIGHBOUR), "阿 强88", True),
        (viewer(2), "阿\u200b强★", True),
        (viewer(2), "阿月", False),
        (viewer(2, ELSEWHERE), "阿强", False),
        (viewer(2, None), "阿强", False),  # a proxy that nobody named
    ],
)
async def test_a_mute_holds_the_device_and_who_comes_back_like_it(
    server: Server,
    live: str,
    by: Caller,
    nickname: str,
    is_muted: bool,
) -> None:
    await muted(server, live)
    if not is_muted:
        assert await say(server, live, by, nickname)
        return
    with pytest.raises(Muted):
        await say(server, live, by, nickname)


async def test_a_guest_beside_one_who_was_muted_is_asked_for_a_nickname(
    server: Server,
    live: str,
) -> None:
    await muted(server, live, "游客1234")
    with pytest.raises(NicknameRefused) as refused:
        await say(server, live, viewer(2), "游客5678")
    assert refused.value.members == {"reason": "guest"}
    assert await say(server, live, viewer(2), "阿月")


@pytest.mark.parametrize(
    ("duration", "days", "here", "elsewhere"),
    [
        ("ten_minutes", 9 / 1440, True, False),
        ("ten_minutes", 11 / 1440, False, False),
        ("show", 89, True, False),
        ("ninety_days", 89, True, True),
        ("ninety_days", 91, False, False),
    ],
)
async def test_a_mute_holds_as_long_as_was_chosen(
    server: Server,
    live: str,
    monkeypatch: pytest.MonkeyPatch,
    duration: Duration,
    days: float,
    here: bool,
    elsewhere: bool,
) -> None:
    house = server.house
    other = (await house.broadcasts.create(NewBroadcast(title={"en": "Another"}))).id
    await house.broadcasts.begin(other)
    await muted(server, live, duration=duration)
    later = now_ms() + int(days * 86_400_000)
    monkeypatch.setattr(mutes_module, "now_ms", lambda: later)
    for broadcast, holds in ((live, here), (other, elsewhere)):
        assert len(await house.chat.muted(broadcast)) == holds
        if holds:
            with pytest.raises(Muted):
                await say(server, broadcast, viewer(1), "阿强")
        else:
            assert await say(server, broadcast, viewer(1), "阿强")


@pytest.mark.parametrize(
    ("duration", "minutes", "everywhere", "words"),
    [
        ("ten_minutes", 10, False, "muted you until 2"),
        ("show", None, False, "until this broadcast ends"),
        ("ninety_days", 90 * 1440, True, "in all broadcasts until 2"),
    ],
)
async def test_who_is_muted_reads_until_when(
    server: Server,
    live: str,
    duration: Duration,
    minutes: int | None,
    everywhere: bool,
    words: str,
) -> None:
    mute = await muted(server, live, duration=duration)
    with pytest.raises(Muted) as refused:
        await say(server, live, viewer(1, ELSEWHERE), "另一个人")
    until = refused.value.members["until"]
    if minutes is None:
        assert until is None
    else:
        assert parse_rfc3339(until) == mute.at + minutes * 60_000
    assert refused.value.members["everywhere"] is everywhere
    assert words in refused.value.detail
    with pytest.raises(Muted) as alike:  # it may be a neighbour, to whom another's mute is nothing
        await say(server, live, viewer(2), "阿强")
    assert alike.value.members == {"reason": "likeness"}


async def test_of_two_mutes_the_sender_reads_the_longer(server: Server, live: str) -> None:
    other = (await server.house.broadcasts.create(NewBroadcast(title={"en": "Another"}))).id
    await server.house.broadcasts.begin(other)
    await muted(server, live, duration="show")
    mute = await muted(server, other, duration="ninety_days")
    with pytest.raises(Muted) as refused:
        await say(server, live, viewer(1), "阿强")
    assert parse_rfc3339(refused.value.members["until"]) == mute.until


async def test_mutes_survive_a_restart_and_hold_on_every_server(
    settings: Settings, tables: None
) -> None:
    async with running(settings) as one:
        broadcast = (await one.house.broadcasts.create(NewBroadcast(title={"en": "Live"}))).id
        await one.house.broadcasts.begin(broadcast)
        seq = await say(one, broadcast, viewer(1), "阿强")
    async with running(settings) as two:  # another one than took the message
        await two.house.chat.mute(HOST, broadcast, seq, "show")
    async with running(settings) as three:
        for device in (1, 2):
            with pytest.raises(Muted):
                await say(three, broadcast, viewer(device), "阿强2")


async def test_crew_is_not_muted(server: Server, live: str) -> None:
    seq = await say(server, live, HOST, "林秀珍")
    with pytest.raises(StaffNotMuted):
        await server.house.chat.mute(HOST, live, seq, "ninety_days")
    await muted(server, live, "老周")
    at_home = Caller(None, "a host", "host", "another device", HOME)
    assert await say(server, live, at_home, "老周")


async def test_a_moderator_mutes_for_minutes_sees_who_is_and_lets_them_write_again(
    server: Server,
    live: str,
) -> None:
    crew = await role_key(server.house, "moderator")
    async with channel(server, live) as troll, channel(server, live, key=crew) as moderator:
        await get(troll)
        await get(moderator)
        seq = (await ask(troll, "chat.say", text="便宜卖", nickname="阿强"))["result"]["seq"]
        made = (await ask(moderator, "chat.mute", message=seq, duration="ten_minutes"))["result"]
        assert made["until"] is not None
        assert made["nickname"] == "阿强"
        assert not made["everywhere"]
        async with channel(server, live) as again:
            await get(again)
            reply = await ask(again, "chat.say", text="又来了", nickname="阿强1")
            assert reply["problem"]["type"] == "/problems/muted"
            assert reply["problem"]["reason"] == "likeness"
        reply = await ask(troll, "chat.unmute", mute=made["id"])
        assert reply["problem"]["type"] == "/problems/staff-only"
        assert (await ask(moderator, "chat.unmute", mute=made["id"]))["ok"]
        assert (await ask(troll, "chat.say", text="好的"))["ok"]
        reply = await ask(moderator, "chat.unmute", mute=made["id"])
        assert reply["problem"]["type"] == "/problems/unknown-mute"
        reply = await ask(moderator, "chat.mute", message=seq, duration="for ever")
        assert reply["problem"]["type"] == "/problems/invalid"


async def test_what_the_channel_does_http_does(server: Server, live: str) -> None:
    seq = await say(server, live, viewer(1), "阿强")
    path = f"/api/v1/broadcasts/{live}/mutes"
    async with httpx.AsyncClient(base_url=server.url) as nobody:
        for answer in (await nobody.get(path), await nobody.post(path, json={"message": seq})):
            assert answer.status_code == 401
    bearer = {"Authorization": f"Bearer {await role_key(server.house, 'moderator')}"}
    async with httpx.AsyncClient(base_url=server.url, headers=bearer) as api:
        made = await api.post(path, json={"message": seq, "duration": "ninety_days"})
        assert made.status_code == 201
        assert (await api.post(path, json={"message": 99})).status_code == 404
        assert (await api.get(path)).json() == {"mutes": [made.json()], "next": None}
        with pytest.raises(Muted):
            await say(server, live, viewer(1), "阿强")
        assert (await api.delete(f"{path}/{made.json()['id']}")).status_code == 204
        assert (await api.delete(f"{path}/{made.json()['id']}")).status_code == 404
        assert (await api.get(path)).json() == {"mutes": [], "next": None}
    assert await say(server, live, viewer(1), "阿强")
    actions = [deed.action for deed in await server.house.people.audit_entries(None, 10)]
    assert actions[:2] == ["chat.unmute", "chat.mute"]


async def test_a_second_mute_of_a_device_takes_the_place_of_the_first(
    server: Server,
    live: str,
) -> None:
    seq = await say(server, live, viewer(1), "阿强")
    for duration in ("show", "ninety_days", "ten_minutes"):
        await server.house.chat.mute(HOST, live, seq, duration)
    (left,) = await server.house.chat.muted(live)
    assert not left.everywhere
    assert left.until is not None


async def test_the_list_names_the_account_that_muted(server: Server, live: str) -> None:
    account, _ = await server.house.people.create_account("chen", "moderator", display_name="小陈")
    chen = replace(HOST, account=account.id, role="moderator")
    for troll, nickname, by in ((viewer(1), "阿强", chen), (viewer(2, ELSEWHERE), "阿月", HOST)):
        seq = await say(server, live, troll, nickname)
        await server.house.chat.mute(by, live, seq, "ten_minutes")
    assert [mute.by for mute in await server.house.chat.muted(live)] == ["", "小陈"]


async def test_no_address_is_kept_and_what_is_over_is_forgotten(
    server: Server,
    live: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = server.house
    await muted(server, live, duration="ninety_days")
    await say(server, live, viewer(3), "阿月")
    read = house.store.read

    async def rows() -> tuple[list[Any], list[Any]]:
        return await read(
            lambda connection: (
                list(connection.execute(select(mutes)).all()),
                list(connection.execute(select(chat_traces)).all()),
            )
        )

    kept = await rows()
    assert [len(each) for each in kept] == [1, 2]
    assert "192.0.2" not in str(kept)
    await house.chat.sweep()
    assert await rows() == kept
    day = 86_400_000
    begun = now_ms()
    monkeypatch.setattr(mutes_module, "now_ms", lambda: begun + 8 * day)
    await house.chat.sweep()
    assert [len(each) for each in await rows()] == [1, 0]
    monkeypatch.setattr(mutes_module, "now_ms", lambda: begun + 91 * day)
    await house.chat.sweep()
    assert [len(each) for each in await rows()] == [0, 0]


async def test_a_mute_for_the_show_is_forgotten_with_it(server: Server, live: str) -> None:
    await muted(server, live)
    await server.house.broadcasts.end(live)
    await server.house.chat.sweep()
    left = select(mutes.c.id)
    assert await server.house.store.read(lambda c: c.execute(left).all()) == []
