"""The review of a big broadcast: 200,000 events and 20,000 orders in three hours, on SQLite.

Measures everything between the request and the numbers in the response: reading the log, the watch
sessions and the tables, and folding them.
"""

import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, update

from farmlive.bilingual import Bilingual
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.tables import broadcasts, card_taps, events, watches
from farmlive.bus import LocalBus
from farmlive.clock import DAY_MS, HOUR_MS, now_ms
from farmlive.composition.lookups import make_log
from farmlive.ids import ulid
from farmlive.origin.core.tables import farms, lots
from farmlive.review.review import Review
from farmlive.settings import Settings
from farmlive.shop.core.models import order_number
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.tables import offers, products
from farmlive.store import Store

HOURS = 3
BATCH = 5_000


@dataclass(frozen=True)
class Size:
    """The size of the broadcast."""

    events: int = 200_000
    orders: int = 20_000
    sessions: int = 30_000
    devices: int = 12_000


WHOLE = Size()


@dataclass
class BigBroadcast:
    """A store with the big broadcast, which has ended."""

    review: Review
    broadcast: str
    folder: Path
    size: Size

    async def review_ms(self, times: int = 3) -> float:
        """Return the median time of a review, milliseconds."""
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            report = await self.review.report(self.broadcast)
            taken.append((time.perf_counter() - began) * 1000)
            if report.orders != self.size.orders:
                raise RuntimeError(f"the review counts {report.orders} orders")
        return round(statistics.median(taken), 1)


@contextlib.asynccontextmanager
async def big_broadcast(size: Size = WHOLE) -> AsyncIterator[BigBroadcast]:
    """Create the broadcast, in a folder that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="farmlive-review-") as folder:
        settings = Settings(data=Path(folder))
        store = await Store.open(settings, migrates=True)
        log = make_log(LocalBus())
        try:
            made = await Broadcasts(store, log, LocalBus()).create(
                NewBroadcast(title=Bilingual(en="A big one"))
            )
            bag = await _bag(store, made.id, size)
            for table, rows in _history(made.id, bag, size):
                for start in range(0, len(rows), BATCH):
                    await store.write(_inserted(table, rows[start : start + BATCH]))
            start, end = _span()
            state = {"state": "ended", "seq": size.events, "started_at": start, "ended_at": end}
            await store.write(
                lambda connection: (
                    connection.execute(
                        update(broadcasts).where(broadcasts.c.id == made.id).values(**state)
                    )
                    and None
                )
            )
            yield BigBroadcast(Review(store, log, settings), made.id, settings.data, size)
        finally:
            await store.close()


def _inserted(table: Table, rows: list[dict[str, Any]]) -> Any:
    def write(connection: Connection) -> None:
        connection.execute(insert(table), rows)

    return write


def _span() -> tuple[int, int]:
    start = now_ms() // DAY_MS * DAY_MS
    return start, start + HOURS * HOUR_MS


@dataclass
class _Offer:
    id: str
    lot: str
    farm: str
    price: int
    card: dict[str, Any]


async def _bag(store: Store, broadcast: str, size: Size) -> list[_Offer]:
    """Return eight offers of three farms."""
    found: list[_Offer] = []
    rows: dict[Table, list[dict[str, Any]]] = {farms: [], lots: [], products: [], offers: []}
    now = now_ms()
    unit = {"zh": "2.5 公斤箱", "en": "2.5 kg box"}
    for number in range(3):
        name = {"zh": f"果园{number}", "en": f"Orchard {number}"}
        farm, lot = ulid(), ulid()
        rows[farms].append({"id": farm, "name": name, "place": name, "created_at": now})
        rows[lots].append(
            {
                "id": lot,
                "farm": farm,
                "code": "1123",
                "product_name": name,
                "class_uri": f"https://farm.test/origin/class/{farm}/lot/1123",
                "harvested_at": now,
                "quantity_g": 80_000_000,
                "created_at": now,
            }
        )
        for place in range(3 if number < 2 else 2):
            price = 1990 + 1000 * place
            product, offer = ulid(), ulid()
            money = {"amount": price, "currency": "CNY"}
            rows[products].append(
                {
                    "id": product,
                    "farm": farm,
                    "name": name,
                    "unit": unit,
                    "net_weight_g": 2500,
                    "created_at": now,
                }
            )
            rows[offers].append(
                {
                    "id": offer,
                    "broadcast": broadcast,
                    "product": product,
                    "lot": lot,
                    "farm": farm,
                    "position": len(found) + 1,
                    "price": price,
                    "currency": "CNY",
                    "released": size.orders,
                    "sold": 0,
                    "created_at": now,
                }
            )
            card = {
                "offer": offer,
                "name": name,
                "unit": unit,
                "net_weight_g": 2500,
                "price": money,
                "list_price": None,
                "picture": None,
                "gtin": None,
                "lot": {
                    "id": lot,
                    "code": "1123",
                    "url": f"/origin/lot/{lot}",
                    "harvested_at": now,
                    "tested": True,
                    "farm": {
                        "id": farm,
                        "name": name,
                        "place": name,
                    },
                },
                "released": size.orders,
                "left": size.orders,
            }
            found.append(_Offer(offer, lot, farm, price, card))
    for table, of_table in rows.items():
        await store.write(_inserted(table, of_table))
    return found


def _history(
    broadcast: str, bag: list[_Offer], size: Size
) -> list[tuple[Table, list[dict[str, Any]]]]:
    """Return rows of every table: orders in waves, the host's actions, chat, and watch sessions."""
    chance = random.Random(1)
    start, end = _span()
    told: list[tuple[int, str, dict[str, Any]]] = []
    placed, lines = _orders(broadcast, bag, size, chance, told)
    for number in range(240):
        at = start + number * 45_000
        told.append((at, "card.pinned", {"offer": bag[number % len(bag)].id}))
        offer = bag[number % len(bag)]
        if number % 4 == 0:
            said = {"offer": offer.id, "quantity": 100, "released": size.orders + number * 100}
            told.append((at + 10_000, "offer.released", said))
        elif number % 4 == 2:
            money = {"amount": offer.price - number % 3 * 100, "currency": "CNY"}
            told.append((at + 10_000, "offer.changed", {"offer": offer.id, "price": money}))
    for at in range(start, end, 10_000):
        told.append((at, "audience.counted", {"viewers": 900, "reactions": at % 9_973}))
    while len(told) < size.events - len(bag) - 2:
        said = {"nickname": "游客0417", "text": "这个金桔甜不甜？我想买两箱。"}
        told.append((chance.randrange(start, end), "chat.said", said))
    told.sort(key=lambda fact: fact[0])
    before = [(start - 1, "offer.added", offer.card) for offer in bag]
    whole = [*before, (start, "broadcast.started", {}), *told, (end, "broadcast.ended", {})]
    log_rows = [
        {
            "broadcast": broadcast,
            "seq": seq,
            "at": at,
            "kind": kind,
            "audience": ["public"],
            "data": data,
        }
        for seq, (at, kind, data) in enumerate(whole, 1)
    ]
    devices = [f"{number:032x}" for number in range(size.devices)]
    sessions = []
    for _ in range(size.sessions):
        came = chance.randrange(start - 60_000, end)
        sessions.append(
            {
                "broadcast": broadcast,
                "device": chance.choice(devices),
                "from_at": came,
                "to_at": came + int(chance.expovariate(1 / 600_000)),
                "resumed": chance.random() < 0.3,
            }
        )
    taps = [
        {
            "broadcast": broadcast,
            "offer": chance.choice(bag).id,
            "device": chance.choice(devices),
            "at": chance.randrange(start, end),
        }
        for _ in range(2 * size.orders)
    ]
    return [
        (events, log_rows),
        (orders, placed),
        (order_lines, lines),
        (watches, sessions),
        (card_taps, taps),
    ]


def _orders(
    broadcast: str,
    bag: list[_Offer],
    size: Size,
    chance: random.Random,
    told: list[tuple[int, str, dict[str, Any]]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    start, end = _span()
    placed, all_lines = [], []
    for number in range(1, size.orders + 1):
        at = chance.randrange(start, end)
        order = ulid()
        lines: list[dict[str, Any]] = []
        for offer in chance.sample(bag, chance.choice((1, 1, 1, 2))):
            quantity = chance.choice((1, 1, 2, 3))
            lines.append(
                {
                    "offer": offer.id,
                    "lot": offer.lot,
                    "farm": offer.farm,
                    "quantity": quantity,
                    "price": offer.price,
                    "total": offer.price * quantity,
                }
            )
        total = sum(line["total"] for line in lines)
        buyer = f"{chance.randrange(size.orders * 2 // 3):032x}"
        state, payment = "placed", "due"
        named = {"order": order, "number": order_number(number)}
        told.append((at - 30_000, "order.held", {"order": order, "lines": lines, "until": at}))
        told.append(
            (
                at,
                "order.placed",
                {
                    **named,
                    "buyer": buyer,
                    "lines": lines,
                    "total": {"amount": total, "currency": "CNY"},
                    "state": state,
                    "payment": payment,
                    "way": "parcel",
                },
            )
        )
        told += [
            (at, "stock.changed", {"offer": line["offer"], "released": size.orders, "left": 1})
            for line in lines
        ]
        if number % 12 == 0:
            state = "cancelled"
            told.append((at + 60_000, "order.cancelled", {**named, "state": state, "by": "buyer"}))
        elif number % 3 == 0:
            payment = "paid"
            told.append((at + 60_000, "order.paid", {**named, "payment": payment, "by": "staff"}))
            if number % 60 == 3:
                payment = "part_refunded"
                money = {"amount": total // 2, "currency": "CNY"}
                told.append((at + 90_000, "order.refunded", {**named, "amount": money}))
        placed.append(
            {
                "id": order,
                "broadcast": broadcast,
                "number": number,
                "token_hash": f"{number:032x}",
                "device": buyer,
                "buyer": buyer,
                "buyer_name": "王小明",
                "buyer_phone": f"138{number:08d}",
                "way": "parcel",
                "address": "尤溪县 溪口村",
                "payment_method": "cash_on_delivery",
                "state": state,
                "payment": payment,
                "total": total,
                "currency": "CNY",
                "simulated": True,
                "placed_at": at,
            }
        )
        all_lines += [
            {"order": order, "line": place, **line} for place, line in enumerate(lines, 1)
        ]
    return placed, all_lines
