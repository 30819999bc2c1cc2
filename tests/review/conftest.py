"""A broadcast that sells two offers of two farms, its review over HTTP, and facts of a log."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from tests.support.clerks import role_key
from tests.support.money import cny

from farmlive.app import Application, build
from farmlive.bilingual import Bilingual
from farmlive.broadcast.events import CardPinned
from farmlive.broadcast.log import Event
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.reporting.log_facts import Fact
from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.origin.core.models import NewFarm, NewLot
from farmlive.people import Caller
from farmlive.review.models import Report
from farmlive.review.review import Review
from farmlive.review.sheets import Sheet
from farmlive.settings import Settings
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.models import Card, NewCentre, NewOffer
from farmlive.shop.core.order_models import NewTransition, Refund
from farmlive.store import Store

STAFF = Caller("01STAFF", "Staff", "coordinator", "staff", "192.0.2.1")

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
    def line(offer: str, quantity: int, price: int | None = None, **more: Any) -> dict[str, Any]:
        price = PRICES[offer] if price is None else price
        return {
            "offer": offer,
            "lot": LOTS[offer],
            "farm": FARMS[offer],
            "quantity": quantity,
            "price": price,
            "total": price * quantity,
            **more,
        }

    @staticmethod
    def placed(at: int, order: str, buyer: str = "b1", **quantities: int) -> Fact:
        lines = [Told.line(offer, quantity) for offer, quantity in quantities.items()]
        total = Told.money(sum(line["total"] for line in lines))
        return at, "order.placed", {"order": order, "buyer": buyer, "lines": lines, "total": total}

    @staticmethod
    def ordered(at: int, order: str, *lines: dict[str, Any], fee: int = 0) -> Fact:
        """An order of these lines with its parcel's fee."""
        total = sum(line["total"] for line in lines) + fee
        said = {"order": order, "buyer": "b1", "lines": list(lines)}
        return at, "order.placed", {**said, "total": Told.money(total), "fee": Told.money(fee)}

    @staticmethod
    def undone(at: int, order: str, state: str = "placed") -> Fact:
        return at, f"order.{state}", {"order": order, "state": state, "by": "staff", "undone": True}

    @staticmethod
    def flashed(at: int, flash: str, offer: str, price: int, boxes: int) -> Fact:
        said = {"flash": flash, "offer": offer, "price": Told.money(price), "boxes": boxes}
        more = {"per_buyer": None, "starts_at": at, "ends_at": at + 60_000}
        return at, "flash.started", {**said, **more}

    @staticmethod
    def flash_over(at: int, flash: str, offer: str, sold: int, why: str = "time") -> Fact:
        return at, "flash.ended", {"flash": flash, "offer": offer, "sold": sold, "why": why}

    @staticmethod
    def cancelled(at: int, order: str) -> Fact:
        return at, "order.cancelled", {"order": order, "state": "cancelled", "by": "buyer"}

    @staticmethod
    def refunded(at: int, order: str, amount: int, wrong: str | None = None, **back: int) -> Fact:
        """So much in all; for the `wrong` price of an offer, or for boxes that went back."""
        said: dict[str, Any] = {"order": order, "amount": Told.money(amount)}
        if wrong is not None:
            said["line"] = {"offer": wrong, "farm": FARMS[wrong]}
        if back:
            said["back"] = [{"offer": of, "quantity": count} for of, count in back.items()]
        return at, "order.refunded", said

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


@dataclass
class Fair:
    """A house with a live broadcast; `cards` are of Xikou at 29.90 and of Yangzhong at 49.90."""

    house: Application
    broadcast: str
    cards: list[Card]
    centre: str
    farms: list[str]

    @property
    def store(self) -> Store:
        return self.house.store

    @property
    def review(self) -> Review:
        return self.house.review

    def seller(self, farm: int = 0) -> Caller:
        own = frozenset({self.farms[farm]})
        return Caller("01SELLER", "Seller", "seller", "seller", "192.0.2.1", farms=own)

    async def report(self, farms: frozenset[str] | None = None) -> Report:
        return await self.review.report(self.broadcast, farms)

    async def sheet(self, name: str, caller: Caller = STAFF, language: str = "en") -> Sheet:
        return await self.review.sheet(caller, self.broadcast, name, language)

    async def order(
        self,
        phone: str,
        *quantities: int,
        name: str = "王小明",
        simulated: bool = False,
        pickup: bool = False,
        region: str | None = None,
        price: int | None = None,
    ) -> dict[str, Any]:
        """Order so many of each card, the first at `price` where it has a flash batch."""
        parcel = {"way": "parcel", "address": "溪口村", "region": region}
        request = {
            "lines": [
                {"offer": card.id, "quantity": quantity, "price": card.price.amount}
                for card, quantity in zip(self.cards, quantities, strict=False)
                if quantity
            ],
            "buyer": {"name": name, "phone": phone},
            "delivery": {"way": "pickup", "centre": self.centre} if pickup else parcel,
            "payment": "pay_at_pickup" if pickup else "cash_on_delivery",
            "key": token(),
        }
        if price is not None:
            request["lines"][0]["price"] = price  # type: ignore[index]
        role = "simulator" if simulated else None
        return await self.house.shop.place(
            Caller(None, None, role, phone, "192.0.2.1"),  # type: ignore[arg-type]
            self.broadcast,
            OrderPlace.model_validate(request),
        )

    async def enter(self, order: dict[str, Any], state: str) -> None:
        known = {"known_by": "slip"} if state == "received" else {}
        change = NewTransition.model_validate({"state": state, **known})
        await self.house.shop.orders.enter(STAFF, self.broadcast, order["id"], change)

    async def pay(self, order: dict[str, Any], refund: int = 0) -> None:
        orders = self.house.shop.orders
        await orders.pay(STAFF, self.broadcast, order["id"])
        if refund:
            given = Refund(amount=cny(refund), reason="squashed")
            await orders.refund(STAFF, self.broadcast, order["id"], given)

    async def pin(self, offer: str) -> None:
        pinned, log = CardPinned(offer=offer), self.house.log
        await self.store.write(lambda c: log.append(c, self.broadcast, pinned) and None)

    async def events(self, *kinds: str) -> list[Event]:
        def read(connection: Connection) -> list[Event]:
            return self.house.log.events(connection, self.broadcast, kinds=kinds)

        return await self.store.read(read)


@pytest.fixture
async def fair(settings: Settings, tables: None) -> AsyncIterator[Fair]:
    house = await build(
        settings.model_copy(update={"orders_per_minute": 1_000, "device_boxes": 1_000})
    )
    try:
        yield await _opened(house)
    finally:
        await house.close()


async def _opened(house: Application) -> Fair:
    broadcast = await house.broadcasts.create(
        NewBroadcast(title=Bilingual(zh="金桔", en="Kumquats"))
    )
    await house.broadcasts.begin(broadcast.id)
    place = Bilingual(zh="洋中服务站", en="Yangzhong centre")
    centre = await house.shop.catalogue.add_centre(STAFF, NewCentre(name=place, address=place))
    cards, farms = [], []
    for name, price in (("Xikou", 2990), ("Yangzhong", 4990)):
        words = Bilingual(en=name)
        farm = await house.origin.add_farm(STAFF, NewFarm(name=words, place=words))
        farms.append(farm.id)
        harvest = {
            "farm": farm.id,
            "code": "1123",
            "product_name": words,
            "harvested_at": now_ms(),
            "quantity_g": 500_000,
        }
        lot = await house.origin.add_lot(STAFF, NewLot.model_validate(harvest))
        facts = {
            "name": words,
            "unit": {"en": "2.5 kg box"},
            "net_weight_g": 2500,
            "lot": lot.id,
            "price": cny(price),
            "released": 50,
        }
        new = NewOffer.model_validate(facts)
        cards.append(await house.shop.bag.add(STAFF, broadcast.id, new))
    return Fair(house, broadcast.id, cards, centre.id, farms)


@dataclass
class Site:
    """The house over HTTP, for people of each role."""

    house: Application
    fair: Fair

    def client(self, key: str = "") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.house.asgi),
            base_url="http://farm.test",
            headers=headers,
        )

    async def key(self, role: str, *farms: str) -> str:
        return await role_key(self.house, role, farms)


@pytest.fixture
async def site(fair: Fair) -> Site:
    return Site(fair.house, fair)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what reads a real broadcast on each database, as tests of the store are."""
    if "fair" in metafunc.fixturenames:
        postgresql = pytest.param("postgresql", marks=pytest.mark.postgresql)
        metafunc.parametrize("database_url", ["sqlite", postgresql], indirect=True)


@pytest.fixture
def staff() -> Caller:
    return STAFF
