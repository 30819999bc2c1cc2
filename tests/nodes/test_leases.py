"""Leases of media on PostgreSQL: one holder, an epoch for each tenure, the database's clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs
from tests.support.parts import local_log
from tests.support.waiting import until

from farmlive.broadcast import airings
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.events import KINDS
from farmlive.broadcast.log import Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.clock import pretended
from farmlive.media.wire.errors import HolderAway
from farmlive.nodes import leases as module
from farmlive.nodes.leases import Leases
from farmlive.nodes.tables import media_leases
from farmlive.outages import DependencyHealth, Outages
from farmlive.settings import Settings
from farmlive.store import NotRead, Store


@dataclass
class Node:
    """A server as far as leases go: what is here, and what was lost."""

    store: Store
    log: Log
    leases: Leases
    database: DependencyHealth
    used: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)


@dataclass
class MediaHere:
    """The media of a server: the broadcasts of which some is here, and those that it lost."""

    used: set[str]
    lost: list[str]

    def broadcasts(self) -> set[str]:
        return self.used

    def end(self, broadcast: str) -> None:
        self.lost.append(broadcast)


class Nodes:
    """Makes servers on one database."""

    def __init__(self, settings: Settings, stack: AsyncExitStack):
        self._settings = settings
        self._stack = stack
        self.broadcast = ""

    async def node(self, url: str) -> Node:
        outages = Outages()
        store = await Store.open(self._settings, outages=outages)
        self._stack.push_async_callback(store.close)
        log = local_log()
        used: set[str] = set()
        lost: list[str] = []
        leases = Leases(
            store,
            self._settings.model_copy(update={"node_url": url}),
            outages,
            begin=lambda connection, broadcast: airings.end_all(connection, log, broadcast),
        )
        leases.attach(MediaHere(used, lost))
        if not self.broadcast:
            new = NewBroadcast.model_validate({"title": {"en": "Kumquats"}})
            self.broadcast = (await Broadcasts(store, log, LocalBus()).create(new)).id
        return Node(store, log, leases, outages.register("database"), used, lost)


async def run_out(node: Node) -> None:
    """Let ten seconds pass for the database."""
    await node.store.write(
        lambda conn: (
            conn.execute(update(media_leases).values(until=media_leases.c.until - 10_000)) and None
        )
    )


async def tell(node: Node, broadcast: str, kind: str, **data: Any) -> None:
    event = KINDS[kind].parse(data)
    await node.store.write(lambda conn: node.log.append(conn, broadcast, event) and None)


async def told(node: Node, broadcast: str) -> list[tuple[str, str]]:
    found = await node.store.read(lambda conn: node.log.events(conn, broadcast))
    return [(event.kind, event.data.get("source", "")) for event in found]


@pytest.fixture
async def nodes(settings: Settings, tables: None) -> AsyncIterator[Nodes]:
    async with AsyncExitStack() as stack:
        yield Nodes(settings, stack)


on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@on_postgresql
async def test_of_those_who_take_it_at_once_one_has_it(nodes: Nodes) -> None:
    all_of_them = [await nodes.node(f"http://10.0.0.{number}:8000") for number in range(4)]

    async def take(node: Node) -> str:
        async with node.leases.held(nodes.broadcast) as other:
            return node.leases.node if other is None else other.node

    found = await asyncio.gather(*(take(node) for node in all_of_them for _ in range(5)))
    assert len(set(found)) == 1
    (holder,) = (node for node in all_of_them if node.leases.holds(nodes.broadcast))
    assert holder.leases.node == found[0]
    assert [node.leases.epoch(nodes.broadcast) for node in all_of_them].count(1) == 1
    for node in all_of_them:
        other = await node.leases.holder(nodes.broadcast)
        if node is holder:
            assert other is None
        else:
            assert other is not None
            assert (other.node, other.epoch) == (holder.leases.node, 1)
            assert other.url.startswith("http://10.0.0.")


@on_postgresql
async def test_an_old_holder_writes_nothing_more(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BELIEVED_S", 0.0)
    old, new = await nodes.node("http://old"), await nodes.node("http://new")
    broadcast = nodes.broadcast
    async with old.leases.held(broadcast) as other:
        assert other is None
    old.used.add(broadcast)
    await tell(old, broadcast, "source.joined", source="orchard", label="Orchard")
    await tell(old, broadcast, "source.switched", source="orchard", label="Orchard")
    await tell(old, broadcast, "source.joined", source="lin", label="Lin", guest=True)
    # It sleeps, and is believed for ten seconds and no longer.
    async with new.leases.held(broadcast) as other:
        assert other is not None
    await run_out(new)
    async with new.leases.held(broadcast) as other:
        assert other is None
    assert new.leases.epoch(broadcast) == 2
    # What it had on air is over, in the log too.
    assert (await told(new, broadcast))[-3:] == [
        ("broadcast.paused", ""),
        ("source.left", "orchard"),
        ("source.left", "lin"),
    ]
    # It wakes, with an epoch that another has followed.
    epoch = old.leases.epoch(broadcast)
    assert epoch == 1
    assert not await old.store.write(lambda conn: old.leases.stands(conn, broadcast, epoch))
    assert await new.store.write(lambda conn: new.leases.stands(conn, broadcast, 2))
    with capture_logs() as logs:
        await old.leases.renew()
    assert [line["event"] for line in logs] == [
        "another server has a broadcast's cameras now; its media ends here"
    ]
    assert (old.lost, old.leases.epoch(broadcast)) == ([broadcast], None)
    found = await old.leases.holder(broadcast)
    assert found is not None
    assert found.node == new.leases.node
    # And takes it again only once it is free.
    async with old.leases.held(broadcast) as other:
        assert other is not None
        assert other.node == new.leases.node


@on_postgresql
async def test_whoever_renews_in_time_keeps_it_whatever_the_machines_clock_says(
    nodes: Nodes,
) -> None:
    one, other = await nodes.node("http://one"), await nodes.node("http://other")
    async with one.leases.held(nodes.broadcast):
        pass
    one.used.add(nodes.broadcast)
    with pretended(4_000_000_000_000):
        async with other.leases.held(nodes.broadcast) as found:
            assert found is not None
        for _ in range(3):
            await run_out(other)
            await one.leases.renew()
            async with other.leases.held(nodes.broadcast) as found:
                assert found is not None
    assert one.leases.epoch(nodes.broadcast) == 1


@on_postgresql
async def test_it_is_given_back_at_once_and_not_while_it_is_needed(nodes: Nodes) -> None:
    one, other = await nodes.node("http://one"), await nodes.node("http://other")
    broadcast = nodes.broadcast
    async with one.leases.held(broadcast):
        await one.leases.renew()
        assert one.leases.holds(broadcast)
    await one.leases.renew()
    assert not one.leases.holds(broadcast)
    async with other.leases.held(broadcast) as found:
        assert found is None
    assert other.leases.epoch(broadcast) == 2
    other.used.add(broadcast)
    await other.leases.stop()
    async with one.leases.held(broadcast) as found:
        assert found is None
    assert one.leases.epoch(broadcast) == 3


@on_postgresql
async def test_a_server_that_starts_again_ends_the_lease_of_the_one_before(nodes: Nodes) -> None:
    before, again = await nodes.node("http://one"), await nodes.node("http://one")
    other = await nodes.node("http://other")
    async with before.leases.held(nodes.broadcast):
        pass
    async with other.leases.held(nodes.broadcast) as found:
        assert found is not None
    await again.leases.start()
    async with other.leases.held(nodes.broadcast) as found:
        assert found is None
    await again.leases.stop()


@on_postgresql
async def test_a_holder_that_could_not_renew_without_the_database_keeps_it(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await nodes.node("http://one"), await nodes.node("http://other")
    async with one.leases.held(nodes.broadcast):
        pass
    one.used.add(nodes.broadcast)
    await run_out(one)
    other.database.failed("it does not answer")
    other.database.recovered()
    with pytest.raises(HolderAway):
        async with other.leases.held(nodes.broadcast):
            pass
    # A write that waited for long says the same.
    monkeypatch.setattr(module, "SETTLE_S", 0.0)
    monkeypatch.setattr(module, "SLOW_S", 0.0)
    with pytest.raises(HolderAway):
        async with other.leases.held(nodes.broadcast):
            pass
    monkeypatch.undo()
    await one.leases.renew()
    async with other.leases.held(nodes.broadcast) as found:
        assert found is not None
    # It does not come: then another does.
    await run_out(one)
    monkeypatch.setattr(module, "SETTLE_S", 0.0)
    async with other.leases.held(nodes.broadcast) as found:
        assert found is None
    # What was given back is had at once.
    await other.leases.renew()
    one.database.failed("it does not answer")
    async with one.leases.held(nodes.broadcast) as found:
        assert found is None


@on_postgresql
async def test_without_the_database_the_last_that_is_known_holds(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BELIEVED_S", 0.0)
    monkeypatch.setattr(module, "NEWS_S", 0.05)
    one, other = await nodes.node("http://one"), await nodes.node("http://other")
    async with one.leases.held(nodes.broadcast):
        pass
    known = await other.leases.holder(nodes.broadcast)
    assert known is not None
    read, hung = other.store.read, asyncio.Event()

    async def away(_function: Any) -> Any:
        raise NotRead("Try again in a moment.")

    async def hangs(_function: Any) -> Any:
        await hung.wait()

    for broken in (away, hangs):
        monkeypatch.setattr(other.store, "read", broken)
        assert await other.leases.holder(nodes.broadcast) == known
    hung.set()
    await until(lambda: not other.leases._looking, "it has looked")
    monkeypatch.setattr(other.store, "read", away)
    other.leases.forget(nodes.broadcast)
    with pytest.raises(NotRead):
        await other.leases.holder(nodes.broadcast)
    monkeypatch.setattr(other.store, "read", read)
    assert await other.leases.holder(nodes.broadcast) == known


async def test_on_sqlite_there_is_one_server_and_no_row(nodes: Nodes) -> None:
    alone = await nodes.node("http://one")
    await alone.leases.start()
    async with alone.leases.held(nodes.broadcast) as other:
        assert other is None
    assert alone.leases.holds(nodes.broadcast)
    assert alone.leases.epoch(nodes.broadcast) == 0
    assert await alone.leases.holder(nodes.broadcast) is None
    assert await alone.store.write(lambda conn: alone.leases.stands(conn, nodes.broadcast, 0))
    await alone.leases.stop()
    rows = await alone.store.read(lambda conn: conn.execute(select(media_leases)).all())
    assert rows == []
