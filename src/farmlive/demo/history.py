"""Simulates past evenings of the county on a simulated clock, by the server's own rooms.

Owns the events of those evenings: who watched, and what was shown, bought, refunded and packed.
Every event passes the same till, bag and log as on air, so that its review is that of a real
evening; the server serves nobody meanwhile.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Connection

from farmlive import clock
from farmlive.app import Application
from farmlive.broadcast.events import AudienceCounted, CardPinned, ChatSaid, EventModel
from farmlive.broadcast.reporting.viewers import WatchSession
from farmlive.broadcast.taps import Tap, insert_taps
from farmlive.broadcast.watch_sessions import insert_ended
from farmlive.client import Api
from farmlive.clock import MINUTE_MS
from farmlive.demo.county import CURRENCY, LANGUAGES, TIME_ZONE, yuan
from farmlive.demo.farms import add_lot
from farmlive.ids import token
from farmlive.money import Money
from farmlive.people import Caller
from farmlive.shop.core.checkout_models import HoldPlace, OrderPlace
from farmlive.shop.core.models import OfferChange, OfferRelease
from farmlive.shop.core.order_models import NewTransition as Change
from farmlive.shop.core.order_models import Refund
from farmlive.shop.core.problems import BoxLimit, HoldShare, SoldOut

COUNT_EVERY_MS = 10_000
PIN_EVERY_MIN = 4
LOW = 14
"""The host releases the next batch at or below this stock."""

HOST = Caller(None, "陈晓东", "host", "host", "history")

Progress = Callable[[float], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Visit:
    """One viewer's visit, from and to in milliseconds since 1970."""

    device: str
    since: int
    until: int


@dataclass
class OfferState:
    """The present state of an offer of the evening."""

    offer: str
    lot: str
    farm: str
    price: int
    left: int
    batches: list[int]


class Evening:
    """One past broadcast."""

    def __init__(
        self,
        house: Application,
        api: Api,
        entered: dict[str, Any],
        youxi: dict[str, Any],
        name: str,
    ):
        self._house, self._api, self._entered, self._youxi = house, api, entered, youxi
        self._facts: dict[str, Any] = youxi["history"][name]
        self._random = Random(name)  # noqa: S311 - habits, the same at each first start
        self.broadcast = ""
        self._wares: dict[str, OfferState] = {}
        self._pinned = ""
        self._visits: list[Visit] = []
        self._orders: list[tuple[str, str, str, int]] = []

    async def simulate(self, progress: Progress) -> None:
        """Add what it needs, go live, sell, end, and complete the orders."""
        facts, minutes = self._facts, int(self._facts["minutes"])
        day = datetime.now(TIME_ZONE) - timedelta(days=facts["days_ago"])
        hour, minute = map(int, facts["starts"].split(":"))
        moment = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
        start = int(moment.timestamp() * 1000)
        with clock.pretended(start - 90 * MINUTE_MS) as now:
            await self._prepare(start)
            self._visits = self._draw_visits(start, minutes)
            now.at = start
            await self._api.start(self.broadcast)
            for turn in range(minutes):
                await self._simulate_minute(now, start, turn, minutes)
                progress((turn + 1) / minutes)
            now.at, now.pace_ms = start + minutes * MINUTE_MS, 0
            await self._api.end(self.broadcast)
            now.at += 20 * MINUTE_MS
            await self._house.shop.holds.expire()
            await self._complete_orders(now)

    async def _prepare(self, start: int) -> None:
        title = self._facts["title"]
        self.broadcast = (await self._api.create_broadcast(title, clock.rfc3339(start)))["id"]
        for product, facts in self._facts["offers"].items():
            lot = self._entered["lots"][product]
            if facts["lot"]:
                whole = {**self._youxi["lots"][product], **facts["lot"]}
                lot = await add_lot(self._api, self._entered["plots"], whole, start)
            batches = list(facts["batches"])
            card = await self._api.create_offer(
                self.broadcast,
                lot,
                yuan(facts["price"]),
                batches[0],
                product=self._entered["products"][product],
                list_price=facts["list_price"] and yuan(facts["list_price"]),
            )
            farm = card["lot"]["farm"]["id"]
            self._wares[product] = OfferState(
                card["id"], lot, farm, facts["price"], batches[0], batches[1:]
            )

    def _draw_visits(self, start: int, minutes: int) -> list[Visit]:
        """Return visits whose sum follows a curve that rises, sways and falls, with the peak of the
        facts.
        """
        mean_min = 9.0
        visits: list[Visit] = []
        for minute in range(minutes):
            arrivals = self._facts["peak"] * self._interest(minute / minutes) / mean_min
            for _ in range(_poisson(self._random, arrivals)):
                since = start + round((minute + self._random.random()) * MINUTE_MS)
                stay = max(0.3, self._random.expovariate(1 / mean_min))
                until = min(since + round(stay * MINUTE_MS), start + minutes * MINUTE_MS)
                visits.append(Visit(f"past{len(visits):05d}{self.broadcast[-8:]}", since, until))
        return visits

    @staticmethod
    def _interest(part: float) -> float:
        rise = 1 - math.exp(-part * 9)
        fall = 1 if part < 0.82 else 1 - (part - 0.82) / 0.24
        return rise * fall * (0.88 + 0.12 * math.sin(part * 21))

    async def _simulate_minute(
        self, now: clock.PretendedClock, start: int, minute: int, minutes: int
    ) -> None:
        began = start + minute * MINUTE_MS
        now.at, now.pace_ms = began, 0
        boost = await self._act_as_host(minute)
        await self._house.store.write(
            lambda connection: self._append_minute(connection, now, began, minute)
        )
        share = self._interest(minute / minutes) / (0.72 * minutes)
        wanted = _poisson(self._random, self._facts["orders"] * share * boost)
        watching = [visit for visit in self._visits if visit.since <= began < visit.until]
        # Readings of the clock spread what is bought together over its minute.
        now.at, now.pace_ms = began + 4_000, 50_000 // (12 * wanted + 1)
        for batch in range(0, min(wanted, len(watching)), 8):
            buyers = self._random.sample(watching, min(8, wanted - batch, len(watching)))
            await asyncio.gather(*(self._buy(visit.device) for visit in buyers))
        now.pace_ms = 0
        if minute % 7 == 3:
            await self._house.shop.holds.expire()

    async def _act_as_host(self, minute: int) -> float:
        """Act as the host at the minute's start; return the factor by which people buy more."""
        bag, boost = self._house.shop.bag, 1.0
        for change in self._facts["changes"]:
            if change["minute"] == minute:
                wares = self._wares[change["offer"]]
                boost = 3.0 if change["price"] < wares.price else 1.0
                wares.price = change["price"]
                price = Money(amount=wares.price, currency=CURRENCY)
                new_price = OfferChange(offer=wares.offer, price=price)
                await bag.change(HOST, self.broadcast, new_price)
                self._pinned = change["offer"]
        for wares in self._wares.values():
            if wares.left < LOW and wares.batches:
                quantity = wares.batches.pop(0)
                release = OfferRelease(offer=wares.offer, quantity=quantity)
                await bag.release(HOST, self.broadcast, release)
                wares.left += quantity
                boost = max(boost, 1.8)
        if minute % PIN_EVERY_MIN == 1 or (minute and not self._pinned):
            names = list(self._wares)
            self._pinned = names[minute // PIN_EVERY_MIN % len(names)]
            boost = max(boost, 1.3)
        return boost

    def _append_minute(
        self, connection: Connection, now: clock.PretendedClock, began: int, minute: int
    ) -> None:
        """Append a minute of the events that no order causes: pins, chat, counts; and who
        watched.
        """
        acts: list[tuple[int, EventModel]] = []
        if minute % PIN_EVERY_MIN == 1 and self._pinned:
            acts.append((began + 900, CardPinned(offer=self._wares[self._pinned].offer)))
        for at in range(began, began + MINUTE_MS, COUNT_EVERY_MS):
            here = sum(visit.since <= at < visit.until for visit in self._visits)
            hearts = _poisson(self._random, here / 4)
            acts.append((at + 50, AudienceCounted(viewers=here, reactions=hearts)))
        for _ in range(_poisson(self._random, 5)):
            language = self._random.choice(LANGUAGES)
            message = ChatSaid(
                nickname=self._random.choice(self._youxi["viewers"][language]),
                text=self._random.choice(self._youxi["chat"][language]),
                simulated=True,
            )
            acts.append((began + self._random.randrange(MINUTE_MS - 100), message))
        for at, act in sorted(acts, key=lambda act: act[0]):
            now.at = max(now.at, at)
            self._house.log.append(connection, self.broadcast, act)
        now.at = began
        came = [visit for visit in self._visits if began <= visit.since < began + MINUTE_MS]
        sessions = [
            WatchSession(visit.device, visit.since, visit.until, resumed=False) for visit in came
        ]
        insert_ended(connection, self.broadcast, sessions)
        taps = [
            Tap(
                self._wares[self._choose_product()].offer,
                visit.device,
                visit.since + self._random.randrange(20_000),
            )
            for visit in came
            if self._random.random() < 0.4
        ]
        insert_taps(connection, self.broadcast, taps)

    def _choose_product(self) -> str:
        names = list(self._wares)
        weights = [5 if name == self._pinned else 1 for name in names]
        return self._random.choices(names, weights)[0]

    async def _buy(self, device: str) -> None:
        """Place an order for one viewer, or a hold that the viewer drops."""
        shop, chance = self._house.shop, self._random
        product = self._choose_product()
        wares = self._wares[product]
        quantity = chance.choices((1, 2, 3, 5), (66, 24, 7, 3))[0]
        if wares.left < quantity:
            return
        caller = Caller(None, None, "simulator", device, device)
        lines = [{"offer": wares.offer, "quantity": quantity, "price": wares.price}]
        with contextlib.suppress(SoldOut, HoldShare, BoxLimit):
            if chance.random() < 0.06:
                held = {"key": token(), "lines": lines}
                await shop.holds.place(caller, self.broadcast, HoldPlace.model_validate(held))
                return
            person = chance.randrange(240)
            names = self._youxi["buyers"]
            pickup = chance.random() < 0.35
            order = {
                "key": token(),
                "lines": lines,
                "buyer": {"name": names[person % len(names)], "phone": f"1390000{person:04d}"},
                "delivery": {"way": "pickup", "centre": chance.choice(self._entered["centres"])}
                if pickup
                else {"way": "parcel", "address": chance.choice(self._youxi["addresses"])},
                "payment": "pay_at_pickup" if pickup else "cash_on_delivery",
            }
            placed = await shop.place(caller, self.broadcast, OrderPlace.model_validate(order))
            wares.left -= quantity
            way = "pickup" if pickup else "parcel"
            total = placed["total"]["amount"]
            self._orders.append((placed["id"], placed["token"], way, total))

    async def _complete_orders(self, now: clock.PretendedClock) -> None:
        """Cancel some orders; of an evening that is closed, pack, hand over and pay the rest."""
        orders = self._house.shop.orders
        kept = []
        for order in self._orders:
            if self._random.random() < 0.035:
                await orders.cancel(order[1])
            else:
                kept.append(order)
        if not self._facts["closed"]:
            return
        for hours, parcel, pickup in (
            (12, "packed", "packed"),
            (14, "shipped", "at_centre"),
            (50, "received", "received"),
        ):
            now.at += hours * 60 * MINUTE_MS
            for some in _batches(kept, 64):
                await asyncio.gather(
                    *(
                        orders.enter(
                            HOST,
                            self.broadcast,
                            order,
                            Change.model_validate(
                                {
                                    "state": pickup if way == "pickup" else parcel,
                                    "known_by": "known_to_me",
                                }
                            ),
                        )
                        for order, _, way, _ in some
                    )
                )
        for some in _batches(kept, 64):
            await asyncio.gather(*(orders.pay(HOST, self.broadcast, one) for one, *_ in some))
        for spoilt, _, _, total in kept[:: max(1, len(kept) // 5)]:
            money = Money(amount=total // 2, currency=CURRENCY)
            half = Refund(amount=money, reason="压坏一半 / half was crushed")
            await orders.refund(HOST, self.broadcast, spoilt, half)


async def simulate(
    house: Application, api: Api, entered: dict[str, Any], youxi: dict[str, Any], progress: Progress
) -> list[str]:
    """Simulate every past evening, oldest first; return their broadcasts.

    `progress` gets the completed share, from 0 to 1.
    """
    names = list(youxi["history"])
    past = []
    for place, name in enumerate(names):
        evening = Evening(house, api, entered, youxi, name)

        def done(part: float, place: int = place) -> None:
            progress((place + part) / len(names))

        await evening.simulate(done)
        past.append(evening.broadcast)
    return past


def _poisson(chance: Random, mean: float) -> int:
    """Return a Poisson number (Knuth, TAOCP 2, 3.4.1), for small means."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def _batches(items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
