"""The live channel as a stranger's client sees it: welcome, events, resume, refusals."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.waiting import until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from farmlive.app import Server
from farmlive.broadcast.models import NewBroadcast
from farmlive.clock import now_ms
from farmlive.store import NotRead

OFFER = {"offer": "01OFFER", "name": {"zh": "金桔", "en": "Kumquats"}, "released": 5, "left": 5}


def address(server: Server, broadcast: str, query: str = "") -> str:
    return f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{broadcast}/live{query}"


@asynccontextmanager
async def channel(
    server: Server, broadcast: str, query: str = "", key: str = "", **options: Any
) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    headers |= options.pop("headers", {})
    async with connect(
        address(server, broadcast, query),
        subprotocols=["farmlive.v1"],  # type: ignore[list-item]
        additional_headers=headers,
        **options,
    ) as socket:
        yield socket


async def get(socket: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
    return frame


async def comes(
    socket: ClientConnection, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The first frame that is wanted, among whatever else comes."""
    while True:
        frame = await get(socket)
        if wanted(frame):
            return frame


async def ask(socket: ClientConnection, type_: str, **fields: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"type": type_, "id": "1", **fields}))
    return await comes(socket, lambda frame: frame["type"] == "reply")


def with_kind(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda frame: (
        frame["type"] == "events" and any(event["kind"] == kind for event in frame["events"])
    )


@pytest.fixture
async def live(server: Server) -> str:
    """A live broadcast with one offer in its bag."""
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    await house.broadcasts.begin(made.id)
    await house.store.write(
        lambda connection: house.log.append(connection, made.id, "offer.added", ["public"], OFFER)
    )
    return made.id


async def test_welcome_has_the_snapshot_and_what_it_covers(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        before = now_ms()
        welcome = await get(socket)
        assert socket.subprotocol == "farmlive.v1"
    assert welcome["type"] == "welcome"
    assert before - 5_000 < welcome["now"] <= now_ms()
    assert welcome["to"] == 2
    assert welcome["you"]["role"] is None
    snapshot = welcome["snapshot"]
    assert snapshot["broadcast"]["id"] == live
    assert snapshot["broadcast"]["state"] == "live"
    assert snapshot["offers"] == [OFFER]
    assert snapshot["pinned"] is None
    assert snapshot["chat"] == []


async def test_a_message_reaches_everyone_once_and_its_sender_gets_a_reply(
    server: Server, live: str
) -> None:
    async with channel(server, live) as one, channel(server, live) as two:
        await get(one)
        await get(two)
        reply = await ask(one, "chat.say", text="好甜!", nickname="阿桔")
        assert reply["ok"]
        frame = await comes(two, with_kind("chat.said"))
    event = frame["events"][-1]
    assert event["seq"] == reply["result"]["seq"]
    assert event["data"] == {"nickname": "阿桔", "text": "好甜!"}


async def test_a_phone_number_is_blanked_out(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        await ask(socket, "chat.say", text="call me 138 1234 5678 now")
        events = await server.house.store.read(lambda c: server.house.log.events(c, live))
    assert events[-1].data["text"] == "call me ••••••••••• now"


async def test_a_phone_number_is_blanked_out_of_a_name_for_good(server: Server, live: str) -> None:
    async with channel(server, live) as one, channel(server, live) as two:
        await get(one)
        await get(two)
        await ask(one, "chat.say", text="１３８.００００.００００", nickname="王 13800000000")
        await ask(one, "chat.say", text="29.90")
        said = (await comes(two, with_kind("chat.said")))["events"][-1]["data"]
        events = await server.house.store.read(lambda c: server.house.log.events(c, live))
    assert said["nickname"] == "王 •••••••••••"
    told = [event.data for event in events if event.kind == "chat.said"]
    assert [(each["nickname"], each["text"]) for each in told] == [
        ("王 •••••••••••", "•••••••••••"),
        ("王 •••••••••••", "29.90"),
    ]


async def test_a_pinned_card_reaches_viewers_and_the_next_snapshot(
    server: Server, live: str, coordinator: str
) -> None:
    async with channel(server, live) as viewer, channel(server, live, key=coordinator) as host:
        assert (await get(host))["you"]["role"] == "coordinator"
        await get(viewer)
        assert (await ask(host, "card.pin", offer="01OFFER"))["ok"]
        frame = await comes(viewer, with_kind("card.pinned"))
        assert frame["events"][-1]["data"] == {"offer": "01OFFER"}
        async with channel(server, live) as late:
            assert (await get(late))["snapshot"]["pinned"] == "01OFFER"
        await ask(host, "card.unpin")
        await comes(viewer, with_kind("card.unpinned"))


async def test_resume_sends_what_was_missed_first_and_nothing_twice(
    server: Server, live: str
) -> None:
    async with channel(server, live) as stays:
        to = (await get(stays))["to"]
        for number in range(5):
            await ask(stays, "chat.say", text=f"number {number}")
        async with channel(server, live, f"?after={to}") as back:
            frame = await get(back)
            assert frame["type"] == "events"
            said = [event["data"]["text"] for event in frame["events"]]
            assert said == [f"number {number}" for number in range(5)]
            await ask(stays, "chat.say", text="number 5")
            following = await comes(back, with_kind("chat.said"))
            assert [event["data"]["text"] for event in following["events"]] == ["number 5"]


async def test_resume_with_nothing_missed_says_so(server: Server, live: str) -> None:
    async with channel(server, live, "?after=2") as socket:
        first = await get(socket)
        assert now_ms() - 5_000 < first.pop("now") <= now_ms()
        assert first.pop("you")["role"] is None
        assert first == {"type": "events", "to": 2, "events": []}


async def test_only_the_first_frame_after_coming_back_tells_the_time_and_who_one_is(
    server: Server, live: str, coordinator: str
) -> None:
    async with channel(server, live, key=coordinator) as talks:
        to = (await get(talks))["to"]
        await ask(talks, "chat.say", text="missed")
        async with channel(server, live, f"?after={to}", key=coordinator) as back:
            first = await get(back)
            assert first["now"] >= first["events"][-1]["at"]
            assert first["you"]["role"] == "coordinator"
            await ask(talks, "chat.say", text="heard")
            assert not {"now", "you"} & (await comes(back, with_kind("chat.said"))).keys()


@pytest.mark.parametrize("after", ["", "?after=1", "?after=999999999"])
async def test_more_than_a_thousand_missed_or_never_sent_gets_a_snapshot(
    server: Server, live: str, after: str
) -> None:
    house = server.house

    def many(connection: Connection) -> None:
        for number in range(1001):
            house.log.append(connection, live, "chat.said", ["public"], {"text": str(number)})

    await house.store.write(many)
    async with channel(server, live, after) as socket:
        assert (await get(socket))["type"] == "welcome"


async def test_staff_events_do_not_reach_viewers(
    server: Server, live: str, coordinator: str
) -> None:
    house = server.house
    async with channel(server, live) as viewer, channel(server, live, key=coordinator) as host:
        await get(viewer)
        await get(host)
        await house.store.write(
            lambda c: house.log.append(c, live, "source.left", ["staff"], {"source": "x"})
        )
        await comes(host, with_kind("source.left"))
        await ask(host, "chat.say", text="after it")
        frame = await comes(viewer, with_kind("chat.said"))
    assert [event["kind"] for event in frame["events"]] == ["chat.said"]
    assert frame["to"] >= frame["events"][-1]["seq"]


async def test_an_order_event_opens_its_audience_to_the_device_on_every_channel(
    server: Server, live: str
) -> None:
    house = server.house
    async with channel(server, live) as first:
        await get(first)
        cookie = first.response.headers["set-cookie"].partition(";")[0]  # type: ignore[union-attr]
        async with channel(server, live, headers={"Cookie": cookie}) as second:
            await get(second)
            async with house.broadcasts.hub(live) as hub:
                device = next(iter(hub.devices))
                assert hub.devices[device] == 2
            data = {"order": "01ORDER", "state": "placed"}
            await house.store.write(
                lambda c: house.log.append(
                    c, live, "order.placed", ["staff", "order:01ORDER"], data, device=device
                )
            )
            for socket in (first, second):
                assert (await comes(socket, with_kind("order.placed")))["events"][0]["data"] == data
        async with channel(server, live) as other:
            assert (await get(other))["snapshot"]["orders"] == []


async def test_an_order_that_is_told_of_while_its_device_comes_in_is_the_devices(
    server: Server, live: str
) -> None:
    house = server.house
    asked, told = threading.Event(), threading.Event()

    def before_it(_connection: Connection, _broadcast: str, _device: str) -> list[str]:
        asked.set()
        assert told.wait(10)
        return []

    async with channel(server, live) as first:
        await get(first)
        cookie = first.response.headers["set-cookie"].partition(";")[0]  # type: ignore[union-attr]
        async with house.broadcasts.hub(live) as hub:
            device = next(iter(hub.devices))
    house.channel.orders_of(before_it)
    coming = asyncio.ensure_future(
        connect(address(server, live), additional_headers={"Cookie": cookie})
    )
    await until(asked.is_set, "its orders are looked up")
    data = {"order": "01ORDER", "state": "held", "waited": True}
    audience = ["staff", "order:01ORDER"]
    await house.store.write(
        lambda c: house.log.append(c, live, "order.held", audience, data, device=device)
    )
    told.set()
    async with await coming as socket:
        (order,) = (await get(socket))["snapshot"]["orders"]
        assert order["order"] == "01ORDER"
        over = {"order": "01ORDER", "state": "expired"}
        await house.store.write(
            lambda c: house.log.append(c, live, "order.expired", audience, over)
        )
        await comes(socket, with_kind("order.expired"))


async def test_hiding_erases_the_text_everywhere(
    server: Server, live: str, coordinator: str
) -> None:
    async with channel(server, live, key=coordinator) as host, channel(server, live) as viewer:
        await get(host)
        await get(viewer)
        seq = (await ask(viewer, "chat.say", text="something rude"))["result"]["seq"]
        assert (await ask(host, "chat.hide", message=seq))["ok"]
        await comes(viewer, with_kind("chat.hidden"))
        async with channel(server, live) as late:
            assert (await get(late))["snapshot"]["chat"] == []
        async with channel(server, live, f"?after={seq - 1}") as back:
            first = (await get(back))["events"][0]
            assert (first["seq"], first["data"]) == (seq, {})
    events = await server.house.store.read(lambda c: server.house.log.events(c, live))
    assert "rude" not in str(events)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_a_muted_device_can_not_write(server: Server, live: str, coordinator: str) -> None:
    async with channel(server, live, key=coordinator) as host, channel(server, live) as viewer:
        await get(host)
        await get(viewer)
        seq = (await ask(viewer, "chat.say", text="spam"))["result"]["seq"]
        assert (await ask(host, "chat.mute", message=seq))["ok"]
        reply = await ask(viewer, "chat.say", text="more spam")
        assert reply["problem"]["type"] == "/problems/muted"


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
        ('{"type":"card.open","id":"7","offer":"nothing"}', "not-found"),
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


async def test_another_sites_origin_is_refused(server: Server, live: str) -> None:
    with pytest.raises(InvalidStatus):
        async with channel(server, live, headers={"Origin": "https://elsewhere.example"}):
            pass
    async with channel(server, live, headers={"Origin": server.url}) as socket:
        assert (await get(socket))["type"] == "welcome"


async def test_viewers_and_reactions_are_counted(server: Server, live: str) -> None:
    async with channel(server, live) as one, channel(server, live) as two:
        await get(one)
        await get(two)
        await ask(one, "react", count=3)
        await server.house.broadcasts.count()
        frame = await comes(two, with_kind("audience.counted"))
        assert frame["events"][-1]["data"] == {"viewers": 2, "reactions": 3}


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


async def test_five_frames_a_second_however_many_events(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        house = server.house
        began = time.monotonic()
        for number in range(40):
            await house.store.write(
                lambda c, n=number: house.log.append(  # type: ignore[misc]
                    c, live, "chat.said", ["public"], {"text": str(n)}
                )
            )
        got: list[str] = []
        frames = 0
        while len(got) < 40:
            frame = await get(socket)
            frames += 1
            got += [event["data"]["text"] for event in frame["events"]]
    assert got == [str(number) for number in range(40)]
    assert frames <= 2 + 5 * (time.monotonic() - began)


async def test_a_host_who_was_shut_out_has_no_more_to_say(server: Server, live: str) -> None:
    people = server.house.people
    key, secret = await people.create_api_key("phone", "host")
    async with channel(server, live, key=secret) as host:
        await get(host)
        assert (await ask(host, "card.pin", offer="01OFFER"))["ok"]
        await people.revoke_api_key(key.id)
        reply = await ask(host, "card.unpin")
        assert reply["problem"]["status"] == 401
