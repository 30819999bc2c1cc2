import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from farmlive.client import Channel, ChannelClosed, ChannelDropped, ChannelProblem
from farmlive.client.light_channel import LightChannel

# What a server does with one connection.
Session = Callable[[ServerConnection], Awaitable[None]]


def event(seq: int, kind: str = "chat.said", **data: object) -> dict[str, object]:
    return {"seq": seq, "at": 1_700_000_000_000 + seq, "kind": kind, "data": data}


def events(to: int, *items: object) -> str:
    return json.dumps({"type": "events", "to": to, "events": items})


def welcome(to: int) -> str:
    return json.dumps({"type": "welcome", "to": to, "you": {}, "snapshot": {"offers": []}})


@asynccontextmanager
async def server(*sessions: Session) -> AsyncIterator[tuple[str, list[Request]]]:
    """Serve the sessions, one function a connection; yields the address and the requests."""
    requests: list[Request] = []
    waiting = list(sessions)

    async def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        requests.append(socket.request)
        await waiting.pop(0)(socket)

    def cookie(connection: ServerConnection, request: Request, response: Response) -> None:
        response.headers["Set-Cookie"] = "farmlive_device=d1; Path=/; HttpOnly"

    async with serve(
        handle, "127.0.0.1", 0, subprotocols=[Subprotocol("farmlive.v1")], process_response=cookie
    ) as running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", requests


async def stay(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def test_connect_returns_after_the_welcome() -> None:
    async def session(socket: ServerConnection) -> None:
        assert socket.subprotocol == "farmlive.v1"
        await socket.send(welcome(7))
        await stay(socket)

    async with server(session) as (url, requests), await Channel.connect(url, "B") as channel:
        assert channel.to == 7
        assert channel.snapshot == {"offers": []}
        assert channel.cookie == "farmlive_device=d1"
        assert requests[0].path == "/api/v1/broadcasts/B/live"


async def test_events_are_iterated_in_order() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        await socket.send(events(2, event(1, text="a"), event(2, text="b")))
        await socket.send(events(4, event(4, "card.pinned", offer="O")))
        await stay(socket)

    async with server(session) as (url, _), await Channel.connect(url, "B") as channel:
        pinned = await channel.wait_for("card.pinned", offer="O")
        assert pinned.seq == channel.to == 4
        assert channel.events == 3
        assert channel.duplicates == 0


async def test_call_returns_the_result_of_its_own_reply() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        one, two = json.loads(await socket.recv()), json.loads(await socket.recv())
        assert one["type"] == "chat.say"
        for message in (two, one):
            result = {"seq": message["text"]}
            reply = {"type": "reply", "id": message["id"], "ok": True, "result": result}
            await socket.send(json.dumps(reply))
        await stay(socket)

    async with server(session) as (url, _), await Channel.connect(url, "B") as channel:
        first, second = await asyncio.gather(
            channel.call("chat.say", text="x"), channel.call("chat.say", text="y")
        )
    assert [first, second] == [{"seq": "x"}, {"seq": "y"}]


async def test_refused_call_raises_the_problem() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        message = json.loads(await socket.recv())
        problem = {"type": "/problems/sold-out", "title": "Sold out", "offers": []}
        reply = {"type": "reply", "id": message["id"], "ok": False, "problem": problem}
        await socket.send(json.dumps(reply))
        await stay(socket)

    async with server(session) as (url, _), await Channel.connect(url, "B") as channel:
        with pytest.raises(ChannelProblem) as caught:
            await channel.call("order.place")
    assert caught.value.slug == "sold-out"


async def test_resumes_after_a_drop_where_it_was() -> None:
    async def first(socket: ServerConnection) -> None:
        await socket.send(welcome(3))
        await socket.send(events(5, event(5)))
        await socket.recv()
        socket.transport.abort()

    async def second(socket: ServerConnection) -> None:
        await socket.send(events(6, event(6)))
        await stay(socket)

    async with server(first, second) as (url, requests):
        async with await Channel.connect(url, "B", cookie="a=1") as channel:
            with pytest.raises(ChannelDropped):
                await channel.call("chat.say", text="lost?")
            seqs = []
            async for item in channel:
                seqs.append(item.seq)
                if item.seq == 6:
                    break
        assert seqs == [5, 6]
        assert (channel.resumes, channel.duplicates) == (1, 0)
        assert requests[1].path.endswith("?after=5")
        assert requests[0].headers["Cookie"] == "a=1"
        assert requests[1].headers["Cookie"] == "a=1; farmlive_device=d1"


async def test_cut_with_1013_is_taken_up_again() -> None:
    async def first(socket: ServerConnection) -> None:
        await socket.send(welcome(1))
        await socket.close(1013, "too slow")

    async def second(socket: ServerConnection) -> None:
        await socket.send(events(2, event(2)))
        await stay(socket)

    async with server(first, second) as (url, _), await Channel.connect(url, "B") as channel:
        assert (await channel.wait_for("chat.said")).seq == 2


async def test_new_snapshot_after_a_long_absence_comes_as_an_event() -> None:
    async def first(socket: ServerConnection) -> None:
        await socket.send(welcome(1))
        socket.transport.abort()

    async def second(socket: ServerConnection) -> None:
        await socket.send(welcome(5000))
        await stay(socket)

    async with server(first, second) as (url, _), await Channel.connect(url, "B") as channel:
        again = await channel.wait_for("welcome")
        assert (again.seq, again.data) == (5000, {"offers": []})
        assert (channel.to, channel.duplicates) == (5000, 0)


async def test_drop_breaks_the_connection_and_comes_back() -> None:
    async def first(socket: ServerConnection) -> None:
        await socket.send(welcome(1))
        await stay(socket)

    async def second(socket: ServerConnection) -> None:
        await socket.send(events(2, event(2)))
        await stay(socket)

    async with server(first, second) as (url, _), await Channel.connect(url, "B") as channel:
        await channel.drop()
        assert (await channel.wait_for("chat.said")).seq == 2


async def test_what_is_sent_twice_is_counted() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(4))
        await socket.send(events(5, event(4), event(5)))
        await stay(socket)

    async with server(session) as (url, _), await Channel.connect(url, "B") as channel:
        await channel.wait_for("chat.said")
        assert channel.duplicates == 1


async def test_unknown_broadcast_ends_with_its_problem() -> None:
    async def session(socket: ServerConnection) -> None:
        problem = {"type": "/problems/unknown-broadcast", "detail": "There is none."}
        await socket.send(json.dumps({"type": "problem", "problem": problem}))
        await socket.close(4404)

    async with server(session) as (url, requests):
        with pytest.raises(ChannelClosed) as caught:
            await Channel.connect(url, "B")
        assert caught.value.code == 4404
        assert caught.value.problem["detail"] == "There is none."
        assert len(requests) == 1


async def test_refused_handshake_is_not_repeated() -> None:
    requests = []

    def refuse(connection: ServerConnection, request: Request) -> Response:
        requests.append(request)
        return connection.respond(403, "no")

    async def never(socket: ServerConnection) -> None:
        raise AssertionError

    async with serve(never, "127.0.0.1", 0, process_request=refuse) as running:
        port = running.sockets[0].getsockname()[1]
        with pytest.raises(ChannelClosed, match="403"):
            await Channel.connect(f"http://127.0.0.1:{port}", "B")
    assert len(requests) == 1


async def test_frame_that_cannot_be_read_ends_the_channel() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        await socket.send("[]")
        await stay(socket)

    async with server(session) as (url, _), await Channel.connect(url, "B") as channel:
        with pytest.raises(ChannelClosed, match="can't be read"):
            async for _ in channel:
                pass


async def test_no_answer_ends_the_attempt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ChannelClosed, match="no answer"):
            await Channel.connect(url, "B", patience_s=0.1)


async def test_gives_up_when_the_server_stays_away() -> None:
    async with server() as (url, _):
        pass
    with pytest.raises(ChannelClosed):
        await Channel.connect(url, "B", patience_s=0.3)


async def test_events_nobody_reads_are_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmlive.client.channel._BACKLOG", 2)

    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        await socket.send(events(3, *(event(seq) for seq in (1, 2, 3))))
        await stay(socket)

    async with server(session) as (url, _), await Channel.connect(url, "B") as channel:
        assert (await channel.wait_for("chat.said")).seq == 2
        assert channel.dropped == 1


async def test_light_channel_counts_frames_and_answers_pings() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        await (await socket.ping())
        await socket.send(events(1, event(1, text="x" * 70_000)))
        await stay(socket)

    got: asyncio.Queue[str | bytes] = asyncio.Queue()
    async with server(session) as (url, _):
        channel = await LightChannel.connect(url, "B", lambda frame, at: got.put_nowait(frame))
        assert json.loads(await got.get())["type"] == "welcome"
        assert json.loads(await got.get())["to"] == 1
        assert (channel.frames, channel.deliveries) == (2, 1)
        channel.close()


async def test_light_channel_tells_a_refusal() -> None:
    async def session(socket: ServerConnection) -> None:
        await socket.close(4404)

    async with server(session) as (url, _):
        with pytest.raises(ConnectionError):
            await LightChannel.connect(url, "B")


async def test_who_asks_again_at_once_waits_for_the_next_connection() -> None:
    async def cut(socket: ServerConnection) -> None:
        await socket.send(welcome(0))
        socket.transport.abort()

    async def session(socket: ServerConnection) -> None:
        await socket.send(events(1, event(1)))
        one = json.loads(await socket.recv())
        await socket.send(json.dumps({"type": "reply", "id": one["id"], "ok": True}))
        await stay(socket)

    async with server(cut, session) as (url, _), await Channel.connect(url, "B") as channel:
        # Closed, and not yet known to the task that reads.
        assert channel._socket is not None
        await channel._socket.close()
        for _ in range(100):
            try:
                await channel.call("chat.say", text="a")
                break
            except ChannelDropped:
                continue
        assert channel.resumes == 1


async def test_release_is_sent_again_with_its_key_until_it_is_answered() -> None:
    sent = []

    async def take(socket: ServerConnection) -> str:
        sent.append(json.loads(await socket.recv()))
        return str(sent[-1]["id"])

    async def first(socket: ServerConnection) -> None:
        await socket.send(welcome(3))
        await take(socket)
        socket.transport.abort()

    async def second(socket: ServerConnection) -> None:
        await socket.send(events(3))
        unknown = {"type": "/problems/save-unknown", "status": 503}
        problem = {"type": "reply", "id": await take(socket), "ok": False, "problem": unknown}
        await socket.send(json.dumps(problem))
        done = {"type": "reply", "id": await take(socket), "ok": True, "result": {"left": 30}}
        await socket.send(json.dumps(done))
        spent = {"type": "/problems/lot-spent", "status": 409}
        problem = {"type": "reply", "id": await take(socket), "ok": False, "problem": spent}
        await socket.send(json.dumps(problem))
        await stay(socket)

    async with server(first, second) as (url, _), await Channel.connect(url, "B") as channel:
        assert await channel.release("an offer", 10) == {"left": 30}
        with pytest.raises(ChannelProblem):
            await channel.release("an offer", 10)
    contents = [{name: each[name] for name in each.keys() - {"id"}} for each in sent]
    assert contents[0] == contents[1] == contents[2]
    assert contents[0]["quantity"] == 10
    # Another release has another key.
    assert len({each["key"] for each in contents}) == 2
