"""How many messages a channel takes, and that others get their turn between them."""

import asyncio
import contextlib
import json
from typing import Any, Literal

import pytest
from tests.broadcast.live_channel import ask, channel, get, use_up
from tests.support.clerks import role_key
from tests.support.manual_clock import Clock
from tests.support.parts import limits_of
from tests.support.waiting import until
from websockets.exceptions import ConnectionClosed
from websockets.server import ServerProtocol

from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.wire.message_rate import (
    AT_A_TIME,
    BURST_S,
    MESSAGES_BLOCK_FACTOR,
    OWN_PER_SECOND,
    AddressMessages,
    MessageRate,
)
from farmlive.broadcast.wire.ws_protocol import PART, REFUSED_IN_A_ROW, ChannelProtocol
from farmlive.commands import Command, Message, Nothing
from farmlive.problems import TooMany
from farmlive.server import Server
from farmlive.settings import Settings

pytestmark = pytest.mark.any_database

PER_SECOND = 20
AT_ONCE = BURST_S * PER_SECOND
PER_MINUTE = Settings().address_channel_messages_per_minute
HOME = "192.0.2.1"
OWN = round(BURST_S * OWN_PER_SECOND)
OF_ADDRESS = ("channel messages of an address",)


class DoNothing(Message):
    """A message of the test's own."""

    type: Literal["nothing.do"] = "nothing.do"


@pytest.fixture
async def live(server: Server) -> str:
    broadcasts = server.house.broadcasts
    made = await broadcasts.create(NewBroadcast(title={"zh": "直播", "en": "Live"}))
    await broadcasts.begin(made.id)
    return made.id


def test_so_many_at_once_and_then_some_a_second() -> None:
    now = 0.0
    rate = MessageRate(PER_SECOND, lambda: now)
    assert [rate.allow() for _ in range(AT_ONCE + 2)] == [True] * AT_ONCE + [False] * 2
    now += 1
    assert [rate.allow() for _ in range(PER_SECOND + 1)] == [True] * PER_SECOND + [False]
    for _ in range(1_000):
        now += 1 / PER_SECOND
        assert rate.allow()


async def test_a_channel_that_floods_is_told_why_and_ended(server: Server, live: str) -> None:
    async with channel(server, live) as stays, channel(server, live) as floods:
        await get(stays)
        await get(floods)
        for turn in range(AT_ONCE + 100):
            await floods.send(("{}", b"binary")[turn % 2])
            if turn < 50:  # what is answered before it is too much
                await get(floods)
        frames = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                frames.append(await get(floods))
        assert floods.close_code == 4429
        told = frames.pop()
        assert told["problem"]["type"] == "/problems/too-many-requests"
        assert "Connect again" in told["problem"]["detail"]
        assert len(frames) <= AT_ONCE
        assert (await ask(stays, "chat.say", text="我还在"))["ok"]


async def test_many_messages_in_one_packet_keep_nobody_waiting(server: Server, live: str) -> None:
    turns = 0
    at: list[int] = []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def handle(*_: Any) -> dict[str, Any]:
        at.append(turns)
        return {}

    nothing = Command(DoNothing, handle, result=Nothing, http="", operation="")
    server.house.channel.commands[nothing.name] = nothing
    async with channel(server, live) as socket:
        await get(socket)
        other = asyncio.create_task(others())
        try:
            for number in range(50):
                await socket.send(json.dumps({"type": "nothing.do", "id": number}))
            while (await get(socket)).get("id") != 49:
                pass
        finally:
            other.cancel()
            await asyncio.gather(other, return_exceptions=True)
    assert len(set(at)) == len(at) == 50


@pytest.mark.parametrize("opcode", [0x0, 0x9, 0xA])
async def test_frames_that_ask_for_nothing_are_too_many_as_well(
    server: Server, live: str, opcode: int
) -> None:
    """Parts of a message, pings and pongs, thousands in one packet."""
    async with channel(server, live) as socket:
        await get(socket)
        first = b"\x01\x80" + bytes(4) if opcode == 0 else b""
        frames = first + (bytes((0x80 * (opcode > 0) | opcode, 0x80)) + bytes(4)) * 5_000
        socket.transport.write(frames)
        told = await get(socket)
        assert told["problem"]["type"] == "/problems/too-many-requests"
        with pytest.raises(ConnectionClosed):
            await get(socket)
        assert socket.close_code == 4429


async def test_of_a_flood_no_more_is_read_than_shows_it(
    server: Server, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    receive = ServerProtocol.receive_data

    def counted(self: ServerProtocol, data: bytes) -> None:
        nonlocal read
        read += len(data)
        receive(self, data)

    async with channel(server, live) as socket:
        await get(socket)
        monkeypatch.setattr(ServerProtocol, "receive_data", counted)
        frame = b"\x81\x82" + bytes(4) + b"{}"
        socket.transport.write(frame * 20_000)
        with contextlib.suppress(ConnectionClosed):
            while True:
                await get(socket)
    assert len(frame) * AT_ONCE < read <= len(frame) * AT_ONCE + PART


def taken(messages: AddressMessages, most: int = 1_000_000) -> int:
    """How many of so many messages are taken."""
    for number in range(most):
        try:
            messages.allow()
        except TooMany:
            return number
    return most


def test_who_connects_again_sends_no_more_than_the_address_may() -> None:
    limits = limits_of(clock=Clock())
    sent = 0
    for _ in range(430):  # what one computer did in four seconds
        sent += taken(AddressMessages(limits, HOME, PER_MINUTE), AT_ONCE)
    assert sent == PER_MINUTE


def test_addresses_of_a_block_share_five_times_as_much() -> None:
    limits = limits_of(clock=Clock())
    every = [AddressMessages(limits, f"192.0.2.{number}", PER_MINUTE) for number in range(10)]
    assert sum(taken(each) for each in every) == MESSAGES_BLOCK_FACTOR * PER_MINUTE
    assert taken(AddressMessages(limits, "198.51.100.7", PER_MINUTE), 100) == 100


def test_300_phones_behind_one_address_live_with_none_refused() -> None:
    """Each likes all the time, sent once a second, and writes, opens cards and orders."""
    clock = Clock()
    limits = limits_of(clock=clock)
    phones = [AddressMessages(limits, HOME, PER_MINUTE) for _ in range(300)]
    taken = 0
    for second in range(600):
        for phone in phones:
            phone.allow()
            taken += 1
            if second % 6 == 0:  # a message, a card, a hold, an order: ten of them a minute
                phone.allow()
                taken += 1
        clock.now += 1.0
    assert taken == 300 * (600 + 100)


def test_what_a_channel_took_ahead_goes_back_with_it() -> None:
    limits = limits_of(clock=Clock())
    for _ in range(PER_MINUTE - AT_A_TIME):
        messages = AddressMessages(limits, HOME, PER_MINUTE)
        messages.allow()
        messages.give_back()
        messages.give_back()
    assert taken(AddressMessages(limits, HOME, PER_MINUTE)) == AT_A_TIME


def test_nothing_is_counted_by_an_address_that_a_proxy_hides() -> None:
    messages = AddressMessages(limits_of(clock=Clock()), None, 600)
    assert taken(messages, 100_000) == 100_000


async def test_a_message_over_the_limit_of_the_address_is_answered_and_leaves_the_channel(
    server: Server, live: str
) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        use_up(server.house.people.limits, *OF_ADDRESS)
        for _ in range(OWN):
            await ask(socket, "react", count=1)
        reply = await ask(socket, "chat.say", text="hello")
        assert reply["problem"]["type"] == "/problems/too-many-requests"
        assert f"More than {PER_MINUTE} messages a minute" in reply["problem"]["detail"]
        await socket.send("{" * 10_000)
        assert (await get(socket))["id"] is None
        server.house.people.limits.give_back(OF_ADDRESS[0], "127.0.0.1", 1)
        assert (await ask(socket, "chat.say", text="hello", nickname="阿月"))["ok"]


async def test_who_shares_the_address_with_a_flood_can_hold_and_order(
    server: Server, live: str
) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        use_up(server.house.people.limits, *OF_ADDRESS)
        for _ in range(OWN):
            assert (await ask(socket, "react", count=1))["ok"]
        assert not (await ask(socket, "react", count=1))["ok"]


async def test_who_goes_on_over_the_limit_of_the_address_is_ended(
    server: Server, live: str
) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        use_up(server.house.people.limits, *OF_ADDRESS)
        for _ in range(OWN):
            await ask(socket, "react", count=1)
        for number in range(REFUSED_IN_A_ROW + 1):
            await socket.send(json.dumps({"type": "react", "count": 1, "id": number}))
        for number in range(REFUSED_IN_A_ROW):
            assert (await get(socket))["id"] == number
        assert (await get(socket))["type"] == "problem"
        with pytest.raises(ConnectionClosed):
            await get(socket)
        assert socket.close_code == 4429


async def test_nothing_is_counted_by_the_address_of_a_proxy_that_nobody_named(
    server: Server, live: str
) -> None:
    proxied = {"X-Forwarded-For": "203.0.113.7"}
    async with channel(server, live, headers=proxied) as socket:
        await get(socket)
        use_up(server.house.people.limits, *OF_ADDRESS)
        for _ in range(REFUSED_IN_A_ROW):
            assert (await ask(socket, "react", count=1))["ok"]


@pytest.mark.parametrize("frame", [b"\x89\x80", b"\x8a\x80", b"\x01\x80"])
async def test_frames_that_no_page_sends_end_the_channel_over_the_limit_of_the_address(
    server: Server, live: str, frame: bytes
) -> None:
    async with channel(server, live) as socket:
        await get(socket)
        use_up(server.house.people.limits, *OF_ADDRESS)
        socket.transport.write(frame + bytes(4))
        assert (await get(socket))["problem"]["type"] == "/problems/too-many-requests"
        with pytest.raises(ConnectionClosed):
            await get(socket)
        assert socket.close_code == 4429


async def test_who_only_watches_and_who_is_signed_in_stay_while_a_neighbour_floods(
    server: Server, live: str
) -> None:
    key = await role_key(server.house, "moderator")
    async with channel(server, live) as watches, channel(server, live, key=key) as moderator:
        await get(watches)
        await get(moderator)
        use_up(server.house.people.limits, *OF_ADDRESS)
        (wire,) = (
            each.wire
            for hub in server.house.broadcasts.hubs.open.values()
            for each in hub.clients
            if each.role is None
        )
        assert isinstance(wire, ChannelProtocol)
        for _ in range(3):  # a browser answers each by itself
            wire.stop_keepalive()
            wire.send_keepalive_ping()
            await until(lambda: wire.pending_ping_payload is None, "the ping was answered")
        for _ in range(REFUSED_IN_A_ROW + 5):
            assert (await ask(moderator, "react", count=1))["ok"]
        while (await get(watches))["type"] != "events":
            pass
        assert watches.close_code is None
