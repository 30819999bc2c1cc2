"""What is kept of who watched and who looked at a card, as the tables hold it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Row, Table, select
from structlog.testing import capture_logs
from tests.support.parts import local_log
from tests.support.waiting import until
from websockets.asyncio.client import ClientConnection, connect

from farmlive.broadcast import watch_sessions as rooms_watches
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.events import OfferAdded
from farmlive.broadcast.log import Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.tables import card_taps, watches
from farmlive.broadcast.taps import Taps
from farmlive.broadcast.watch_sessions import WatchSessions
from farmlive.broadcast.wire.client import Client
from farmlive.bus import LocalBus
from farmlive.clock import now_ms
from farmlive.server import Server
from farmlive.store import CommitFailed, CommitUnknown, Store

OFFER = {"offer": "01OFFER", "name": {"en": "Kumquats"}, "released": 5, "left": 5}


@pytest.fixture
async def live(server: Server) -> str:
    house = server.house
    made = await house.broadcasts.create(NewBroadcast(title={"en": "Live"}))
    await house.broadcasts.begin(made.id)
    await house.store.write(
        lambda connection: house.log.append(connection, made.id, OfferAdded.parse(OFFER))
    )
    return made.id


@asynccontextmanager
async def viewer(
    server: Server, broadcast: str, query: str = ""
) -> AsyncIterator[ClientConnection]:
    url = f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{broadcast}/live{query}"
    async with connect(url, subprotocols=["farmlive.v1"]) as socket:  # type: ignore[list-item]
        await socket.recv()
        yield socket


async def rows(server: Server, table: Table) -> list[Row[Any]]:
    query = select(table).order_by(table.c.id)
    return await server.house.store.read(lambda connection: list(connection.execute(query)))


async def some(
    server: Server, table: Table, *, least: int = 1, running: bool | None = None
) -> list[Row[Any]]:
    """The rows, as soon as there are any (and, of watches, as soon as they run or do not)."""

    async def there() -> list[Row[Any]] | None:
        found = await rows(server, table)
        as_wanted = running is None or all(row.running is running for row in found)
        return found if len(found) >= least and as_wanted else None

    return await until(there, f"{least} of {table.name}, running: {running}")


async def opened(socket: ClientConnection, offer: str) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "card.open", "id": 1, "offer": offer}))
    while True:
        frame: dict[str, Any] = json.loads(await socket.recv())
        if frame["type"] == "reply":
            return frame


async def test_a_session_is_kept_as_soon_as_a_viewer_joins(server: Server, live: str) -> None:
    before = now_ms()
    async with viewer(server, live):
        (row,) = await some(server, watches)
        assert row.broadcast == live
        assert row.running
        assert not row.resumed
        assert before <= row.from_at <= row.to_at <= now_ms()


async def test_a_session_ends_when_the_viewer_leaves(server: Server, live: str) -> None:
    async with viewer(server, live):
        (began,) = await some(server, watches)
        left = now_ms()
    (row,) = await some(server, watches, running=False)
    assert (row.id, row.from_at) == (began.id, began.from_at)
    assert row.to_at >= left


async def test_a_running_session_is_brought_up_to_date(server: Server, live: str) -> None:
    async with viewer(server, live):
        (began,) = await some(server, watches)

        async def later() -> Row[Any] | None:
            await server.house.broadcasts.watches.keep()
            (row,) = await rows(server, watches)
            return row if row.to_at != began.to_at else None

        row = await until(later, "it is brought up to date")
        assert row.to_at > began.to_at
        assert row.running


async def test_a_channel_that_comes_back_is_no_new_view(server: Server, live: str) -> None:
    async with viewer(server, live):
        await some(server, watches)
    async with viewer(server, live, "?after=1"):
        found = await some(server, watches, least=2)
    assert [row.resumed for row in found] == [False, True]


async def test_the_host_is_no_viewer(server: Server, live: str, coordinator: str) -> None:
    url = f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{live}/live"
    bearer = {"Authorization": f"Bearer {coordinator}"}
    async with connect(url, additional_headers=bearer) as socket:
        await socket.recv()
        assert (await opened(socket, "01OFFER"))["ok"]
    async with viewer(server, live) as other:
        await opened(other, "01OFFER")
        assert len(await some(server, watches)) == 1
        await server.house.broadcasts.taps.write()
    assert len(await rows(server, card_taps)) == 1


async def test_each_look_at_a_card_is_counted(server: Server, live: str) -> None:
    async with viewer(server, live) as socket:
        for _ in range(2):
            assert (await opened(socket, "01OFFER"))["ok"]
        assert not (await opened(socket, "nothing"))["ok"]
    found = await some(server, card_taps, least=2)
    (watch,) = await some(server, watches)
    assert [(row.broadcast, row.offer, row.device) for row in found] == [
        (live, "01OFFER", watch.device)
    ] * 2


async def test_what_is_looked_at_after_the_end_is_not_counted(server: Server, live: str) -> None:
    async with viewer(server, live) as socket:
        await server.house.broadcasts.end(live)
        assert (await opened(socket, "01OFFER"))["ok"]
    await server.house.broadcasts.taps.write()
    assert await rows(server, card_taps) == []


async def test_a_server_that_stops_closes_its_sessions(server: Server, live: str) -> None:
    async with viewer(server, live):
        await some(server, watches)
        await server.house.broadcasts.watches.stop()
        (row,) = await rows(server, watches)
        assert not row.running


async def test_whatever_kept_them_from_being_kept_it_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = 0

    async def keep(_: WatchSessions, *, still: bool = True) -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise KeyError("a fault of ours")

    monkeypatch.setattr(rooms_watches, "KEEP_S", 0.001)
    monkeypatch.setattr(WatchSessions, "keep", keep)
    crowd = WatchSessions(store)
    with capture_logs() as logs:
        await crowd.start()
        await until(lambda: len(logs) > 1, "it is kept again")
        await crowd.stop()
    assert [line["event"] for line in logs] == [
        "watch sessions were not kept",
        "watch sessions are kept again",
    ]


def client(device: str) -> Client:
    return Client(
        wire=None,  # type: ignore[arg-type]
        device=device,
        audiences=frozenset(),
        nickname="",
        joined_at=now_ms(),
    )


async def live_in(store: Store) -> tuple[Log, str]:
    log = local_log()
    broadcasts = Broadcasts(store, log, LocalBus())
    made = await broadcasts.create(NewBroadcast(title={"en": "Live"}))
    await broadcasts.begin(made.id)
    return log, made.id


async def kept(store: Store, table: Table) -> list[Row[Any]]:
    query = select(table).order_by(table.c.id)
    return await store.read(lambda connection: list(connection.execute(query)))


async def test_a_crowd_is_written_in_a_few_steps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, broadcast = await live_in(store)
    writes: list[bool] = []
    write = store.write

    async def counted(function: Any, *, last: bool = False, **how: Any) -> Any:
        writes.append(last)
        return await write(function, last=last, **how)

    monkeypatch.setattr(store, "write", counted)
    crowd, taps = WatchSessions(store), Taps(store, log)
    clients = [client(f"device {number}") for number in range(1500)]
    for each in clients:
        crowd.begin(broadcast, each, resumed=False)
        taps.add(broadcast, "01OFFER", each.device)
    await crowd.write()
    await taps.write()
    assert [row.device for row in await kept(store, watches)] == [c.device for c in clients]
    assert all(row.running for row in await kept(store, watches))
    assert len(await kept(store, card_taps)) == 1500
    for each in clients:
        crowd.end(each)
    await crowd.write()
    assert not any(row.running for row in await kept(store, watches))
    # Each of them lets orders go first, and holds the writer for no more than its rows.
    assert writes == [True] * 24


async def test_who_left_before_it_was_written_is_one_row(store: Store) -> None:
    _, broadcast = await live_in(store)
    crowd, brief = WatchSessions(store), client("brief")
    crowd.begin(broadcast, brief, resumed=True)
    crowd.end(brief)
    await crowd.write()
    await crowd.write()
    (row,) = await kept(store, watches)
    assert (row.device, row.running, row.resumed) == ("brief", False, True)


async def test_what_could_not_be_written_is_the_next_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, broadcast = await live_in(store)
    crowd, taps = WatchSessions(store), Taps(store, log)
    stays, leaves = client("stays"), client("leaves")

    async def fails(*_: Any, **__: Any) -> Any:
        raise CommitFailed("Nothing was saved.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", fails)
        for each in (stays, leaves):
            crowd.begin(broadcast, each, resumed=False)
            taps.add(broadcast, "01OFFER", each.device)
        for waits in (crowd, taps):
            with pytest.raises(CommitFailed):
                await waits.write()
        crowd.end(leaves)
    await crowd.write()
    await taps.write()
    found = {row.device: row.running for row in await kept(store, watches)}
    assert found == {"stays": True, "leaves": False}
    assert [row.device for row in await kept(store, card_taps)] == ["stays", "leaves"]


async def test_what_may_have_been_written_is_not_written_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, broadcast = await live_in(store)
    crowd, taps = WatchSessions(store), Taps(store, log)
    write = store.write

    async def unsure(function: Any, **how: Any) -> Any:
        await write(function, **how)
        raise CommitUnknown("It may have been saved or not.")

    gone = client("gone")
    crowd.begin(broadcast, gone, resumed=False)
    crowd.end(gone)
    taps.add(broadcast, "01OFFER", "gone")
    with monkeypatch.context() as patched:
        patched.setattr(store, "write", unsure)
        for waits in (crowd, taps):
            with pytest.raises(CommitUnknown):
                await waits.write()
    for waits in (crowd, taps):
        await waits.write()
    assert len(await kept(store, watches)) == len(await kept(store, card_taps)) == 1
