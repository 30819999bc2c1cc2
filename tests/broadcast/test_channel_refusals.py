"""What the live channel refuses, and which refusals close it."""

import json

import pytest
from tests.broadcast.live_channel import ask, channel, comes, get, with_kind
from websockets.exceptions import ConnectionClosed, InvalidStatus

from farmlive.broadcast.channel import MAX_COMMAS
from farmlive.broadcast.models import NewBroadcast
from farmlive.server import Server
from farmlive.store import NotRead


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("message", "slug"),
    [
        ("not json", "malformed-message"),
        ("[1]", "malformed-message"),
        (b"binary", "malformed-message"),
        ('{"type":"dance","id":"7"}', "unknown-message-type"),
        ('{"type":"chat.say","id":"7","text":""}', "invalid"),
        ('{"type":"chat.say","id":"7"}', "invalid"),
        ('{"type":"chat.hide","id":"7","message":1}', "staff-only"),
        ('{"type":"card.pin","id":"7","offer":"01OFFER"}', "staff-only"),
        ('{"type":"card.open","id":"7","offer":"nothing"}', "unknown-card"),
        ('{"type":"react","id":"7","count":99}', "invalid"),
    ],
)
async def test_a_bad_message_gets_a_problem_and_the_channel_goes_on(
    server: Server, live: str, message: str | bytes, slug: str
) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        await socket.send(message)
        reply = await comes(socket, lambda frame: frame["type"] == "reply")
        assert not reply["ok"]
        assert reply["problem"]["type"] == f"/problems/{slug}"
        assert reply["problem"]["detail"]
        assert (await ask(socket, "react"))["ok"]


async def test_what_can_not_be_said_back_ends_no_channel(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        for identity in ('{"a": 1}', '"' + "x" * 65 + '"', "1e9", "true"):
            await socket.send('{"type": "nothing", "id": ' + identity + "}")
            reply = await comes(socket, lambda frame: frame["type"] == "reply")
            assert reply["id"] is None
            assert reply["problem"]["type"] == "/problems/unknown-message-type"
        await socket.send('{"type": "react", "id": "\\ud800"}')  # half of a character
        reply = await comes(socket, lambda frame: frame["type"] == "reply")
        assert reply["problem"]["type"] == "/problems/malformed-message"


async def test_a_chat_line_holds_nothing_that_nobody_sees(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        await socket.send(
            json.dumps(
                {"type": "chat.say", "id": "1", "text": "a\tb\u202e\nc", "nickname": "x\u200e"}
            )
        )
        frame = await comes(socket, with_kind("chat.said"))
        said = frame["events"][-1]["data"]
        assert (said["text"], said["nickname"]) == ("a b c", "x")
        for unseen in ("\u202e", "a\0", "a\x1b[31m", "\x85"):
            assert (await ask(socket, "chat.say", text=unseen))["problem"]["status"] == 422
        reply = await ask(socket, "chat.say", text="a", nickname="x\0")
        assert reply["problem"]["errors"][0]["field"] == "nickname"


async def test_a_card_of_another_broadcast_can_not_be_pinned(
    server: Server, live: str, coordinator: str
) -> None:
    other = await server.house.broadcasts.create(NewBroadcast(title={"en": "Other"}))
    async with channel(server, other.id, key=coordinator) as host:
        await get(host)
        reply = await ask(host, "card.pin", offer="01OFFER")
        assert reply["problem"]["type"] == "/problems/unknown-card"


async def test_an_unknown_broadcast_gets_one_problem_and_4404(server: Server) -> None:
    async with channel(server, "nowhere") as socket:
        frame = await get(socket)
        assert frame["problem"]["type"] == "/problems/unknown-broadcast"
        with pytest.raises(ConnectionClosed) as closed:
            await get(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404


async def test_who_comes_while_the_database_is_away_is_to_come_again(
    server: Server, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_function: object) -> None:
        raise NotRead("Try again in a moment.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(server.house.store, "read", away)
        async with channel(server, live) as socket:
            frame = await get(socket)
            assert frame["problem"]["type"] == "/problems/not-read"
            with pytest.raises(ConnectionClosed) as closed:
                await get(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
    async with channel(server, live) as socket:
        assert (await get(socket))["type"] == "welcome"


async def test_a_frame_over_64_kib_closes_with_1009(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        await socket.send("x" * (64 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await comes(socket, lambda _: False)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_a_text_that_is_not_utf_8_closes_with_1007_and_is_not_logged(
    server: Server, live: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        await socket.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosed):
            await get(socket)
        assert socket.close_code == 1007
    assert not caplog.records


async def test_a_frame_of_more_items_than_any_message_needs_is_not_read(
    server: Server, live: str
) -> None:
    frame = json.dumps({"type": "chat.say", "id": 1, "text": "x", "more": [1] * (MAX_COMMAS + 1)})
    async with channel(server, live) as socket:
        await get(socket)
        await socket.send(frame)
        reply = await get(socket)
        assert "more than any message needs" in reply["problem"]["detail"]
        assert (await ask(socket, "chat.say", text="我还在"))["ok"]


async def test_another_sites_origin_is_refused(server: Server, live: str) -> None:
    with pytest.raises(InvalidStatus):
        async with channel(server, live, headers={"Origin": "https://elsewhere.example"}):
            pass
    async with channel(server, live, headers={"Origin": server.url}) as socket:
        assert (await get(socket))["type"] == "welcome"


async def test_a_broadcast_that_ended_takes_no_more(
    server: Server, live: str, coordinator: str
) -> None:
    async with channel(server, live, key=coordinator) as host:
        await get(host)
        await server.house.broadcasts.end(live)
        await comes(host, with_kind("broadcast.ended"))
        for message in (
            {"type": "chat.say", "text": "hi"},
            {"type": "card.pin", "offer": "01OFFER"},
        ):
            reply = await ask(host, message.pop("type"), **message)
            assert reply["problem"]["type"] == "/problems/broadcast-ended"


async def test_a_host_who_was_shut_out_has_no_more_to_say(server: Server, live: str) -> None:
    people = server.house.people
    key, secret = await people.create_api_key("phone", "host")
    async with channel(server, live, key=secret) as host:
        await get(host)
        assert (await ask(host, "card.pin", offer="01OFFER"))["ok"]
        await people.revoke_api_key(key.id)
        reply = await ask(host, "card.unpin")
        assert reply["problem"]["status"] == 401
