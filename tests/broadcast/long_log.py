"""A broadcast with thousands of events: offers, chat, counts, and orders that go their ways."""

import dataclasses
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, update

from farmlive.broadcast.broadcast_state import BroadcastState, fold, unpacked
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.log import Event
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.tables import broadcasts, events
from farmlive.store import Store

FARMS = ("01FARMA", "01FARMB", "01FARMC")
Line = tuple[str, tuple[str, ...], dict[str, Any]]
EVERYONE = ("public",)


def lines(count: int) -> Iterator[Line]:
    """What happens, as often as it is asked for: each seventh event an order's, the rest chat."""
    for offer in range(3):
        card = {"offer": f"O{offer}", "released": 90_000, "left": 90_000, "net_weight_g": 2500}
        lot = {"id": f"L{offer}", "sold_g": 0, "left_g": 900_000_000, "note": "甜"}
        yield "offer.added", EVERYONE, {**card, "lot": lot}
    yield "broadcast.started", EVERYONE, {}
    for number in range(4, count):
        turn, step = divmod(number, 7)
        if step == 0:
            yield order(turn, "order.held", state="held", until=1_000_000 + turn)
        elif step == 3 and turn % 5:
            yield order(turn, "order.placed", state="placed", payment="due", buyer=f"buyer{turn}")
        elif step == 5 and turn % 5 == 3:
            yield order(turn, "order.paid", state="placed", payment="paid", by="staff")
        elif step == 6:
            stock = {"released": 90_000, "sold": turn, "held": 1, "left": 80_000 - turn}
            yield "stock.changed", EVERYONE, {"offer": f"O{turn % 3}", **stock}
        else:
            yield "chat.said", EVERYONE, {"nickname": "游客", "text": f"word{number}"}


def order(number: int, kind: str, **data: Any) -> Line:
    """An event of an order with lines of one farm, or two."""
    farms = sorted({FARMS[number % 3], FARMS[number // 3 % 3]})
    name = f"01ORDER{number:06}"
    sold = [{"offer": f"O{number % 3}", "farm": farm, "quantity": 1, "total": 5} for farm in farms]
    more = {"lines": sold, "total": {"amount": 5 * len(farms), "currency": "CNY"}}
    told = ("staff", *(f"farm:{farm}" for farm in farms), f"order:{name}")
    return kind, told, {"order": name, **(more if kind != "order.paid" else {}), **data}


def log_of(count: int, broadcast: str = "B") -> list[Event]:
    """The same as the log has it."""
    return [
        Event(broadcast, seq, seq * 1000, kind, audience, data)
        for seq, (kind, audience, data) in enumerate(lines(count), 1)
    ]


async def written(store: Store, of: Broadcasts, count: int) -> str:
    """A live broadcast with so many events, as an earlier version may have left it."""
    broadcast = (await of.create(NewBroadcast(title={"zh": "一场", "en": "One"}))).id
    await add(store, broadcast, log_of(count, broadcast))
    return broadcast


async def add(store: Store, broadcast: str, found: list[Event]) -> None:
    """Put events into the log without telling anybody."""
    names = ("broadcast", "seq", "at", "kind", "audience", "data")
    rows = [{name: getattr(event, name) for name in names} for event in found]

    def write(connection: Connection) -> None:
        connection.execute(insert(events), rows)
        last = {"state": "live", "seq": found[-1].seq, "last_at": found[-1].at}
        connection.execute(update(broadcasts).where(broadcasts.c.id == broadcast).values(**last))

    await store.write(write)


def folded(found: list[Event], scene: BroadcastState | None = None) -> BroadcastState:
    scene = scene or BroadcastState()
    for event in found:
        fold(scene, event)
    return scene


def state_of(scene: BroadcastState) -> dict[str, Any]:
    """What is so in it: PostgreSQL's JSON puts members in another order."""
    orders = [(order, unpacked(kept)) for order, kept in scene.orders.items()]
    return {**dataclasses.asdict(replace(scene, orders={})), "orders": orders}
