"""The live channel as a stranger's client sees it: welcome, events, resume, refusals."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import Connection
from tests.broadcast.live_channel import CARD, address, ask, channel, comes, get, with_kind
from tests.support.clerks import role_key
from tests.support.waiting import LONG_S, until
from websockets.asyncio.client import connect

from farmlive.broadcast.events import ChatSaid, OrderExpired, OrderHeld, OrderPlaced, SourceLeft
from farmlive.clock import now_ms
from farmlive.server import Server


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
    assert snapshot["offers"] == [CARD]
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
        assert now_ms() - LONG_S * 1000 < first.pop("now") <= now_ms()
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
            house.log.append(connection, live, ChatSaid(text=str(number)))

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
        await house.store.write(lambda c: house.log.append(c, live, SourceLeft(source="x")))
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
            placed = OrderPlaced(order="01ORDER", state="placed", payment="due", device=device)
            await house.store.write(lambda c: house.log.append(c, live, placed))
            for socket in (first, second):
                (event,) = (await comes(socket, with_kind("order.placed")))["events"]
                assert event["data"] == placed.data()
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
    house.channel._orders_of = before_it
    coming = asyncio.ensure_future(
        connect(address(server, live), additional_headers={"Cookie": cookie})
    )
    await until(asked.is_set, "its orders are looked up")
    held = replace(
        OrderHeld.parse({"order": "01ORDER", "state": "held"}), waited=True, device=device
    )
    await house.store.write(lambda c: house.log.append(c, live, held))
    told.set()
    async with await coming as socket:
        (order,) = (await get(socket))["snapshot"]["orders"]
        assert order["id"] == "01ORDER"
        over = OrderExpired(order="01ORDER", state="expired")
        await house.store.write(lambda c: house.log.append(c, live, over))
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


async def test_viewers_and_reactions_are_counted(server: Server, live: str) -> None:
    async with channel(server, live) as one, channel(server, live) as two:
        await get(one)
        await get(two)
        await ask(one, "react", count=3)
        await server.house.broadcasts.count()
        frame = await comes(two, with_kind("audience.counted"))
        assert frame["events"][-1]["data"] == {"viewers": 2, "reactions": 3}


async def test_five_frames_a_second_however_many_events(server: Server, live: str) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        house = server.house
        began = time.monotonic()
        for number in range(40):
            await house.store.write(
                lambda c, n=number: house.log.append(  # type: ignore[misc]
                    c, live, ChatSaid(text=str(n))
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


async def test_one_of_the_team_who_asks_for_it_hears_that_the_server_is_alive(
    server: Server, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("farmlive.broadcast.channel.HEARTBEAT_S", 0.01)
    key = await role_key(server.house, "moderator")
    async with channel(server, live, "?heartbeat=1", key=key) as asked:
        assert (await get(asked))["type"] == "welcome"
        assert [await get(asked) for _ in range(3)] == [{"type": "heartbeat"}] * 3
    for query, own in (("?heartbeat=1", ""), ("", key)):
        async with channel(server, live, query, key=own) as quiet:
            await get(quiet)
            reply = await ask(quiet, "react", count=1)
            assert reply["ok"], "and nothing else came first"
