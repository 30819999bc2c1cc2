"""A broadcast that sells two offers of two farms, and its review behind a small app."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from farmlive import edge
from farmlive.bilingual import Bilingual
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.log import Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.origin.models import NewFarm, NewLot
from farmlive.origin.origin import Origin
from farmlive.people import Caller, DeviceCookie, Guard, People, RateLimits
from farmlive.review.ledger import Fact
from farmlive.review.review import Review
from farmlive.review.routes import routes
from farmlive.settings import Settings
from farmlive.shop.models import Card, NewOffer, OrderPlace
from farmlive.shop.shop import Shop
from farmlive.store import Store

PRICES = {"small": 2990, "large": 5400, "pear": 1000}
FARMS = {"small": "xikou", "large": "xikou", "pear": "yangzhong"}
LOTS = {"small": "1123", "large": "1123", "pear": "1124"}


class Told:
    """Facts of a log as the ledger takes them, in the log's own shapes."""

    @staticmethod
    def money(amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": "CNY"}

    @staticmethod
    def added(offer: str, released: int = 50, at: int = 0) -> Fact:
        farm = FARMS[offer]
        return (
            at,
            "offer.added",
            {
                "offer": offer,
                "name": {"en": offer},
                "unit": {"en": "2.5 kg box"},
                "net_weight_g": 2500,
                "price": Told.money(PRICES[offer]),
                "list_price": None,
                "lot": {
                    "id": LOTS[offer],
                    "code": LOTS[offer],
                    "harvested_g": 100_000,
                    "farm": {"id": farm, "name": {"en": farm}},
                },
                "released": released,
            },
        )

    @staticmethod
    def placed(at: int, order: str, buyer: str = "b1", **quantities: int) -> Fact:
        lines = [
            {
                "offer": offer,
                "lot": LOTS[offer],
                "farm": FARMS[offer],
                "quantity": quantity,
                "price": PRICES[offer],
                "total": PRICES[offer] * quantity,
            }
            for offer, quantity in quantities.items()
        ]
        total = Told.money(sum(line["total"] for line in lines))
        return at, "order.placed", {"order": order, "buyer": buyer, "lines": lines, "total": total}

    @staticmethod
    def cancelled(at: int, order: str) -> Fact:
        return at, "order.cancelled", {"order": order, "state": "cancelled", "by": "buyer"}

    @staticmethod
    def refunded(at: int, order: str, amount: int) -> Fact:
        return at, "order.refunded", {"order": order, "amount": Told.money(amount)}

    @staticmethod
    def pinned(at: int, offer: str) -> Fact:
        return at, "card.pinned", {"offer": offer}

    @staticmethod
    def released(at: int, offer: str, quantity: int, so_far: int = 50) -> Fact:
        return (
            at,
            "offer.released",
            {"offer": offer, "quantity": quantity, "released": so_far + quantity},
        )

    @staticmethod
    def priced(at: int, offer: str, price: int) -> Fact:
        return at, "offer.changed", {"offer": offer, "price": Told.money(price)}

    @staticmethod
    def started(at: int = 0) -> Fact:
        return at, "broadcast.started", {}

    @staticmethod
    def ended(at: int) -> Fact:
        return at, "broadcast.ended", {}


@pytest.fixture
def told() -> type[Told]:
    return Told


async def pseudonym(phone: str) -> str:
    return f"buyer {phone[-2:]}"


HOST = Caller(None, "a host", "host", "the host's device", "192.0.2.2")


@dataclass
class Fair:
    store: Store
    log: Log
    broadcasts: Broadcasts
    shop: Shop
    review: Review
    broadcast: str
    cards: list[Card]

    async def order(self, phone: str, *quantities: int, simulated: bool = False) -> dict[str, Any]:
        """Order so many of each card."""
        request = {
            "lines": [
                {"offer": card.offer, "quantity": quantity, "price": card.price.amount}
                for card, quantity in zip(self.cards, quantities, strict=False)
                if quantity
            ],
            "buyer": {"name": "王小明", "phone": phone},
            "delivery": {"way": "parcel", "address": "溪口村"},
            "payment": "cash_on_delivery",
            "key": token(),
        }
        role = "simulator" if simulated else None
        return await self.shop.till.place(
            Caller(None, None, role, phone, "192.0.2.1"),  # type: ignore[arg-type]
            self.broadcast,
            OrderPlace.model_validate(request),
        )


@pytest.fixture
async def fair(store: Store, log: Log, settings: Settings) -> Fair:
    broadcasts = Broadcasts(store, log, LocalBus())
    origin = Origin(store, settings)
    shop = Shop(store, log, origin, settings, pseudonym=pseudonym, limits=RateLimits())
    broadcast = await broadcasts.create(NewBroadcast(title=Bilingual(zh="金桔", en="Kumquats")))
    await broadcasts.begin(broadcast.id)
    cards = []
    for name, price in (("Xikou", 2990), ("Yangzhong", 4990)):
        words = Bilingual(en=name)
        farm = await origin.add_farm(HOST, NewFarm(name=words, place=words))
        harvest = {
            "farm": farm.id,
            "code": "1123",
            "product_name": words,
            "harvested_at": now_ms(),
            "quantity_g": 500_000,
        }
        lot = await origin.add_lot(HOST, NewLot.model_validate(harvest))
        facts = {
            "name": words,
            "unit": {"en": "2.5 kg box"},
            "net_weight_g": 2500,
            "lot": lot.id,
            "price": price,
            "released": 50,
        }
        cards.append(await shop.bag.add(HOST, broadcast.id, NewOffer.model_validate(facts)))
    return Fair(store, log, broadcasts, shop, Review(store, log), broadcast.id, cards)


@dataclass
class Site:
    viewer: httpx.AsyncClient
    staff: httpx.AsyncClient


@pytest.fixture
async def site(store: Store, settings: Settings, fair: Fair) -> AsyncIterator[Site]:
    people = People(store, settings)
    app = FastAPI()
    app.include_router(routes(fair.review, Guard(people)))
    edge.answer_problems(app, lambda _request, problem: JSONResponse(problem.body()))
    transport = httpx.ASGITransport(DeviceCookie(app, people.pseudonyms, secure=False))
    _, key = await people.create_api_key("test", "host")
    bearer = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://farm.test") as viewer,
        httpx.AsyncClient(
            transport=transport, base_url="http://farm.test", headers=bearer
        ) as staff,
    ):
        yield Site(viewer, staff)
