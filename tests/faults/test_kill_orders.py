"""`kill -9` in the middle of two hundred orders and holds: each acknowledged one is there, once.

Every few buyers hold, order, cancel or let go; whatever the server had answered before it was
killed must be so after it runs again, and released = sold + held + left.
"""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select
from tests.faults.sale import prepare
from tests.support.parts import local_log
from tests.support.server_process import Served

from farmlive.broadcast.log import Event
from farmlive.client import Api, ApiProblem, Channel, ChannelDropped, ChannelProblem
from farmlive.settings import Settings
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_tables import order_keys, order_lines, orders
from farmlive.shop.core.tables import holds, offers
from farmlive.store import Store

CLIENTS = 20
WANTED = 200
PRICE = 2990


@dataclass
class Answers:
    """What was acknowledged: by key the hold, by key the order, and the orders cancelled."""

    held: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    placed: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)


class Buyer:
    """One device that orders again and again, each in one of four ways."""

    def __init__(self, channel: Channel, api: Api, offer: str, who: int, answers: Answers):
        self.channel = channel
        self.api = api
        self.offer = offer
        self.who = who
        self.answers = answers
        self.stop = False

    async def act(self) -> None:
        number = 0
        while not self.stop:
            await self.once(number)
            number += 1

    async def once(self, number: int) -> None:
        key = f"{self.who:04}-{number:06}-orders"
        lines = [{"offer": self.offer, "quantity": 1 + number % 3, "price": PRICE}]
        hold = None
        if number % 4:
            hold = (await self.certain("hold.place", key=f"hold-{key}", lines=lines))["id"]
            self.answers.held[f"hold-{key}"] = hold
        if number % 4 == 3:
            await self.certain("hold.drop", order=hold)
            self.answers.dropped.add(str(hold))
            return
        placed = await self.certain("order.place", **body(key, lines, hold))
        self.answers.placed[key] = placed
        self.answers.asked[placed["id"]] = 1 + number % 3
        if number % 4 == 2:
            await self.cancel(placed)

    async def certain(self, type_: str, **fields: Any) -> Any:
        """Send it, again with the same key where the answer was lost, until it is answered."""
        while True:
            try:
                return await self.channel.call(type_, timeout_s=60, **fields)
            except ChannelDropped:
                continue
            except ChannelProblem as problem:
                if problem.body["status"] != 503:
                    raise

    async def cancel(self, placed: dict[str, Any]) -> None:
        while True:
            try:
                await self.api.cancel_order(placed["token"])
            except ApiProblem as problem:
                if problem.status != 503:
                    raise
            except httpx.TransportError:
                await self.certain("hold.drop", order="none")  # answered once it serves again
            else:
                self.answers.cancelled.add(placed["id"])
                return


def body(key: str, lines: list[dict[str, Any]], hold: str | None) -> dict[str, Any]:
    return {
        "key": key,
        "order": hold,
        "lines": lines,
        "buyer": {"name": "王芳", "phone": "13800001234"},
        "delivery": {"way": "parcel", "address": "尤溪县 溪口村"},
        "payment": "cash_on_delivery",
    }


@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)
async def test_orders_and_holds_outlive_kill_9(
    served: Served, key: str, settings: Settings
) -> None:
    async with Api(served.url, key=key) as api:
        broadcast, offer, _ = await prepare(api)
    answers = Answers()
    channels = [await Channel.connect(served.url, broadcast) for _ in range(CLIENTS)]
    api = Api(served.url)
    buyers = [Buyer(channel, api, offer, who, answers) for who, channel in enumerate(channels)]
    acting = [asyncio.create_task(buyer.act()) for buyer in buyers]
    try:
        await reach(acting, answers, WANTED // 2)
        await served.end(signal.SIGKILL)
        before = len(answers.placed)
        await served.start()
        await reach(acting, answers, max(WANTED, before + CLIENTS))
    finally:
        for buyer in buyers:
            buyer.stop = True
        await asyncio.gather(*acting)
        await api.__aexit__(None, None, None)
    assert all(channel.resumes for channel in channels)
    for channel in channels:
        await channel.close()
    await served.end(signal.SIGTERM)
    await check(settings, broadcast, offer, answers)


async def reach(acting: list[asyncio.Task[None]], answers: Answers, wanted: int) -> None:
    async with asyncio.timeout(90):
        while len(answers.placed) < wanted:
            done, _ = await asyncio.wait(acting, timeout=0.02)
            for task in done:
                task.result()


async def check(settings: Settings, broadcast: str, offer: str, answers: Answers) -> None:
    store = await Store.open(Settings(data=settings.data, database_url=settings.database_url))
    log = local_log()

    def read(connection: Connection) -> tuple[Any, ...]:
        return (
            log.events(connection, broadcast),
            connection.execute(select(offers).where(offers.c.id == offer)).one(),
            connection.execute(select(orders)).all(),
            connection.execute(select(order_lines)).all(),
            connection.execute(select(holds)).all(),
            {row.key: row.answer for row in connection.execute(select(order_keys))},
        )

    events, stock, placed, lines, held, keys = await store.read(read)
    links = OrderLinks(store.keys.orders)
    await store.close()

    # The log is whole, and each order and hold is in it once.
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    told = Counter((event.kind, event.data.get("order")) for event in events)
    for kind in ("order.placed", "order.cancelled"):
        assert all(count == 1 for (one, _), count in told.items() if one == kind)

    # What was acknowledged is there as it was answered, and nothing else is.
    rows = {row.id: row for row in placed}
    assert {answer["id"] for answer in answers.placed.values()} == set(rows)
    assert len(answers.placed) == len(rows)
    for key, answer in answers.placed.items():
        row = rows[answer["id"]]
        assert links.token_of(row) == answer["token"]
        assert row.token_hash == links.token_hash(answer["token"])
        opened_by = {name: answer[name] for name in ("token", "code", "url")}
        assert keys[key] | opened_by == answer
        assert keys[key].keys().isdisjoint(opened_by)
        assert row.total == answer["total"]["amount"]
        assert row.state == ("cancelled" if row.id in answers.cancelled else "placed")
    assert {row.number for row in placed} == set(range(1, len(placed) + 1))
    assert {key: keys[key]["id"] for key in answers.held} == answers.held
    bought = {line.order: line.quantity for line in lines}
    assert bought == answers.asked
    assert {event.data["order"] for event in of(events, "order.placed")} == set(rows)
    gone = {event.data["order"] for event in of(events, "order.cancelled")}
    assert gone == answers.cancelled | (answers.dropped - set(rows))

    # Every hold was placed, dropped or is still held.
    begun = {event.data["order"] for event in of(events, "order.held")}
    assert begun == set(answers.held.values())
    assert begun - set(rows) - gone == {row.id for row in held}

    sold = sum(bought[row.id] for row in placed if row.state == "placed")
    kept = sum(line["quantity"] for row in held for line in row.lines)
    assert (stock.sold, stock.held) == (sold, kept)
    last = of(events, "stock.changed")[-1].data
    assert (last["released"], last["sold"], last["held"]) == (stock.released, sold, kept)
    assert last["released"] == last["sold"] + last["held"] + last["left"]


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]
