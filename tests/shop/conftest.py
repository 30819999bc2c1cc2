"""A shop that sells: a live broadcast, a farm, a lot, an offer of ten boxes, a pick-up point."""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from tests.shop.support.past_orders import have_ordered
from tests.support.money import cny
from tests.support.parts import limits_of, people_of
from tests.support.room_client import asked

from farmlive import command_routes
from farmlive.bilingual import Bilingual
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.log import Event, Log
from farmlive.broadcast.models import NewBroadcast
from farmlive.bus import LocalBus
from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.origin.core.models import Farm, Lot, NewFarm, NewLot
from farmlive.origin.origin import Origin
from farmlive.outages import Outages
from farmlive.people import Blocklist, Caller, Guard, RateLimits
from farmlive.settings import Settings
from farmlive.shop.commands import commands
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.models import Card, Centre, NewCentre, NewOffer
from farmlive.shop.lot_trade import LotTrade
from farmlive.shop.notices import notices
from farmlive.shop.orders import order_devices
from farmlive.shop.routes import claims, orders, waitlist
from farmlive.shop.routes import notices as notice_routes
from farmlive.shop.routes.offers import routes
from farmlive.shop.shop import Shop
from farmlive.shop.stock.lot_watch import ShownLots
from farmlive.store import Store

PRICE = 2990
# Devices with a past order; all others are new.
KNOWN = (
    "a device",
    "another device",
    "a third device",
    "a third",
    "another",
    "one",
    "two",
    "three",
    "four",
    "holding",
    "holds of one that is over",
    "who waits",
    *(f"{who} {turn}" for who in ("device", "holder", "late", "waiter") for turn in range(40)),
    *(f"{number}" for number in range(10)),
)


async def pseudonym(phone: str) -> str:
    return hashlib.sha256(f"secret {phone}".encode()).hexdigest()[:32]


HOST = Caller(None, "a host", "host", "the host's device", "192.0.2.2")


def caller(device: str = "a device", *, role: Any = None) -> Caller:
    return Caller(None, None, role, device, "192.0.2.1")


def selling(
    store: Store,
    log: Log,
    settings: Settings,
    *,
    limits: RateLimits,
    blocks: Blocklist,
    shown: Callable[[], Mapping[str, ShownLots]] = dict,
) -> tuple[Shop, Origin]:
    """A shop that no viewer looks at, and the origin of what it sells."""
    trade = LotTrade(store, log, settings)
    origin = Origin(store, settings, sales=trade.sales, stop_handler=trade.stops)
    shop = Shop(
        store,
        log,
        origin,
        settings,
        trade=trade,
        pseudonym=pseudonym,
        address_pseudonym=pseudonym,
        limits=limits,
        blocks=blocks,
        shown=shown,
        report_search=lambda _caller, _by: None,
        outages=Outages(),
        whom_to_ask=lambda: "",
    )
    return shop, origin


@dataclass
class Stall:
    """What the tests of the shop sell with."""

    store: Store
    log: Log
    broadcasts: Broadcasts
    origin: Origin
    shop: Shop
    broadcast: str
    farm: Farm
    lot: Lot
    card: Card
    centre: Centre
    limits: RateLimits
    blocks: Blocklist
    viewer: Caller = field(default_factory=caller)

    async def offer(self, released: int = 10, price: int = PRICE, **other: Any) -> Card:
        facts = {
            "name": {"zh": "金桔", "en": "Kumquats"},
            "unit": {"zh": "2.5 公斤装", "en": "2.5 kg box"},
            "net_weight_g": 2500,
            "lot": self.lot.id,
            "price": cny(price),
            "released": released,
            **other,
        }
        return await self.shop.bag.add(HOST, self.broadcast, NewOffer.model_validate(facts))

    async def another_broadcast(self, *, live: bool = True) -> str:
        new = NewBroadcast(title=Bilingual(zh="另一场", en="Another"))
        broadcast = (await self.broadcasts.create(new)).id
        if live:
            await self.broadcasts.begin(broadcast)
        return broadcast

    def another_shop(
        self, settings: Settings, store: Store | None = None, log: Log | None = None
    ) -> Shop:
        """The shop of another server."""
        return self.another_server(settings, store, log)[0]

    def another_server(
        self, settings: Settings, store: Store | None = None, log: Log | None = None
    ) -> tuple[Shop, Origin]:
        return selling(
            store or self.store, log or self.log, settings, limits=self.limits, blocks=self.blocks
        )

    def body(self, quantity: Any = 1, **change: Any) -> dict[str, Any]:
        """An order as a buyer sends it, without its key."""
        return {
            "lines": [{"offer": self.card.id, "quantity": quantity, "price": PRICE}],
            "buyer": {"name": "王小明", "phone": "138 0000 0000"},
            "delivery": {"way": "parcel", "address": "尤溪县 溪口村"},
            "payment": "cash_on_delivery",
            **change,
        }

    def request(self, quantity: Any = 1, key: str | None = None, **change: Any) -> OrderPlace:
        return OrderPlace.model_validate({**self.body(quantity, **change), "key": key or token()})

    async def place(self, quantity: int = 1, **change: Any) -> dict[str, Any]:
        request = self.request(quantity, **change)
        return await self.shop.till.place(self.viewer, self.broadcast, request)

    async def left(self) -> int:
        cards = await self.shop.bag.cards(self.broadcast)
        return next(card.left for card in cards if card.id == self.card.id)

    async def events(self, *kinds: str) -> list[Event]:
        def read(connection: Connection) -> list[Event]:
            return self.log.events(connection, self.broadcast, kinds=kinds or None)

        return await self.store.read(read)


@pytest.fixture
async def stall(store: Store, log: Log, settings: Settings) -> Stall:
    bus = LocalBus()
    broadcasts = Broadcasts(store, log, bus)
    limits = limits_of(clock=lambda: 0.0)  # a minute never passes, however slow the machine
    blocks = people_of(store, settings, buyer_of_order=order_devices.buyer_of).blocks
    shop, origin = selling(store, log, settings, limits=limits, blocks=blocks)
    broadcast = await broadcasts.create(NewBroadcast(title=Bilingual(zh="金桔", en="Kumquats")))
    await broadcasts.begin(broadcast.id)
    farm = await origin.add_farm(
        HOST,
        NewFarm(name=Bilingual(zh="溪口果园", en="Xikou Orchard"), place=Bilingual(zh="尤溪县")),
    )
    lot = await origin.add_lot(
        HOST,
        NewLot.model_validate(
            {
                "farm": farm.id,
                "code": "1123",
                "product_name": {"zh": "金桔", "en": "Kumquats"},
                "harvested_at": now_ms() - 86_400_000,
                "quantity_g": 412_000,
                "gtin": "9524000059109",
            }
        ),
    )
    centre = await shop.catalogue.add_centre(
        HOST, NewCentre(name=Bilingual(zh="洋中服务站"), address=Bilingual(zh="洋中镇 1 号"))
    )
    stall = Stall(
        store,
        log,
        broadcasts,
        origin,
        shop,
        broadcast.id,
        farm,
        lot,
        None,  # type: ignore[arg-type]
        centre,
        limits,
        blocks,
    )
    stall.card = await stall.offer()
    await have_ordered(store, await stall.another_broadcast(live=False), KNOWN)
    return stall


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notice that was not taken is tried again at once."""
    monkeypatch.setattr(notices, "FIRST_PAUSE_MS", 1)
    monkeypatch.setattr(notices, "LAST_PAUSE_MS", 20)


@dataclass
class Site:
    viewer: httpx.AsyncClient
    staff: httpx.AsyncClient


@pytest.fixture
async def site(store: Store, settings: Settings, stall: Stall) -> AsyncIterator[Site]:
    people = people_of(store, settings)
    guard = Guard(people)
    async with asked(
        people,
        routes(stall.shop, guard),
        command_routes.routes(commands(stall.shop), guard),
        orders.routes(stall.shop, guard),
        claims.routes(stall.shop, guard),
        waitlist.routes(stall.shop, guard),
        notice_routes.routes(stall.shop, guard),
    ) as (viewer, staff):
        yield Site(viewer, staff)


@pytest.fixture
async def sold_out(stall: Any) -> dict[str, Any]:
    """The order that took all ten boxes."""
    answer = await stall.place(10)
    assert isinstance(answer, dict)
    return answer
