"""The demo's people: a scripted host and simulated viewers, over the real channel.

Owns what they say and do, and when. They hold API keys like any program; the server marks what
the viewers do as simulated. A person who pins a card by hand keeps it for a while.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from random import Random
from typing import Any

import structlog

from farmlive.client import Api, Channel, ChannelClosed, ChannelDropped, ChannelProblem
from farmlive.client.http import ApiProblem
from farmlive.demo.county import County, content
from farmlive.ids import token

_log = structlog.get_logger(__name__)
PIN_EVERY_S = 45.0
YIELD_S = 180.0
"""How long a card that someone pinned by hand stays."""
LOW = 5
RELEASE = 24
RELEASE_AFTER_S = 12.0
"""How long an offer stays low, perhaps sold out, until the host releases the next batch."""
VIEWERS = 14
WRITING_S = 6.0
"""How long a buyer writes name and address at most."""
# Seconds between two acts of all viewers together, on average.
CHAT_EVERY_S, REACT_EVERY_S, OPEN_EVERY_S, ORDER_EVERY_S = 6.0, 2.5, 8.0, 16.0


@dataclass(frozen=True)
class Keys:
    """API keys of the host and of the viewers (role `simulator`)."""

    host: str
    viewers: str


class Bag:
    """What the channel tells of the offers: what each costs and how many are left."""

    def __init__(self, snapshot: dict[str, Any]):
        self.cards: dict[str, dict[str, Any]] = {}
        for card in snapshot["offers"]:
            self.cards[card["offer"]] = dict(card)

    def take(self, kind: str, data: dict[str, Any]) -> None:
        """Follow one event."""
        if kind == "offer.added":
            self.cards[data["offer"]] = dict(data)
        elif kind in ("offer.changed", "offer.released", "stock.changed"):
            self.cards.get(data["offer"], {}).update(data)

    def price(self, offer: str) -> int:
        """What one costs now, minor units."""
        return int(self.cards[offer]["price"]["amount"])

    def left(self, offer: str) -> int:
        """How many can be bought now."""
        return int(self.cards[offer]["left"])


class Host:
    """The scripted host: pins one card after another, says a line, releases what runs low."""

    def __init__(self, url: str, county: County, key: str, pin_every_s: float = PIN_EVERY_S):
        self._url, self._county, self._key = url, county, key
        self._pin_every_s = pin_every_s
        self._script: dict[str, list[dict[str, str]]] = content()["script"]
        self._own_pin: str | None = None
        self._releasing: dict[str, asyncio.Task[None]] = {}
        self._yield_until = 0.0

    async def run(self) -> None:
        """Host until the broadcast ends."""
        async with await Channel.connect(
            self._url, self._county.live, key=self._key, patience_s=120
        ) as channel:
            bag = Bag(channel.snapshot or {"offers": []})
            show = asyncio.create_task(self._show(channel))
            try:
                async for event in channel:
                    bag.take(event.kind, event.data)
                    if event.kind == "broadcast.ended":
                        return
                    if event.kind == "stock.changed" and bag.left(event.data["offer"]) < LOW:
                        self._release_soon(channel, event.data["offer"])
                    if event.kind == "card.pinned" and event.data["offer"] != self._own_pin:
                        self._yield_until = asyncio.get_running_loop().time() + YIELD_S
            finally:
                tasks = [show, *self._releasing.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _release_soon(self, channel: Channel, offer: str) -> None:
        """Release the next batch of the offer, once however often its stock changes meanwhile."""
        if offer not in self._releasing or self._releasing[offer].done():
            self._releasing[offer] = asyncio.create_task(self._release(channel, offer))

    async def _release(self, channel: Channel, offer: str) -> None:
        await asyncio.sleep(RELEASE_AFTER_S)
        with contextlib.suppress(ChannelProblem, ChannelDropped, TimeoutError):
            await channel.call("offer.release", offer=offer, quantity=RELEASE)

    async def _show(self, channel: Channel) -> None:
        turn = 0
        while True:
            if asyncio.get_running_loop().time() >= self._yield_until:
                card = self._county.offers[turn % len(self._county.offers)]
                lines = self._script[card["product"]]
                line = lines[turn // len(self._county.offers) % len(lines)]
                self._own_pin = card["offer"]
                try:
                    await channel.call("card.pin", offer=card["offer"])
                    language = "en" if turn % 4 == 3 else "zh"
                    await channel.call("chat.say", text=line[language], nickname="林秀珍")
                except (ChannelProblem, ChannelDropped, TimeoutError) as error:
                    _log.warning("the demo's host was not understood", error=str(error))
                turn += 1
            await asyncio.sleep(self._pin_every_s)


class Viewer:
    """One simulated viewer with a device, a nickname and habits of their own."""

    def __init__(self, number: int, url: str, county: County, key: str, crowd: int):
        self._number, self._url, self._county, self._key = number, url, county, key
        self._crowd = crowd
        self._chance = Random()  # noqa: S311 - habits, not secrets
        youxi = content()
        self._nickname: str = youxi["viewers"][number % len(youxi["viewers"])]
        self._chat: list[str] = youxi["chat"]
        self._name: str = youxi["buyers"][number % len(youxi["buyers"])]
        self._address: str = self._chance.choice(youxi["addresses"])

    async def run(self) -> None:
        """Watch, say, react and buy until the broadcast ends."""
        async with await Channel.connect(
            self._url, self._county.live, key=self._key, patience_s=120
        ) as channel:
            bag = Bag(channel.snapshot or {"offers": []})
            live = asyncio.create_task(self._live(channel, bag))
            try:
                async for event in channel:
                    bag.take(event.kind, event.data)
                    if event.kind == "broadcast.ended":
                        return
            finally:
                live.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await live

    async def _live(self, channel: Channel, bag: Bag) -> None:
        acts = (
            (self._say, CHAT_EVERY_S),
            (self._react, REACT_EVERY_S),
            (self._look, OPEN_EVERY_S),
            (self._order, ORDER_EVERY_S),
        )
        rates = [1 / every_s for _, every_s in acts]
        ordered = False
        while True:
            await asyncio.sleep(self._chance.expovariate(sum(rates) / self._crowd))
            act = self._chance.choices([act for act, _ in acts], rates)[0]
            if self._number == 0 and not ordered:
                act = self._order  # one buys at once, so that nobody waits for a first order
            ordered = ordered or act == self._order
            # A refusal (sold out, a price that has just changed, too fast) is a viewer's day.
            with contextlib.suppress(ApiProblem, ChannelProblem, ChannelDropped, TimeoutError):
                await act(channel, bag)

    async def _say(self, channel: Channel, bag: Bag) -> None:
        await channel.call(
            "chat.say", text=self._chance.choice(self._chat), nickname=self._nickname
        )

    async def _react(self, channel: Channel, bag: Bag) -> None:
        await channel.call("react", count=self._chance.randint(1, 5))

    async def _look(self, channel: Channel, bag: Bag) -> None:
        await channel.call("card.open", offer=self._chance.choice(list(bag.cards)))

    async def _order(self, channel: Channel, bag: Bag) -> None:
        """Hold, write the form, order; some give up, some call it off, some come too late."""
        offer = self._chance.choice(list(bag.cards))
        quantity = self._chance.choices((1, 2, 3), (7, 2, 1))[0]
        lines = [{"offer": offer, "quantity": quantity, "price": bag.price(offer)}]
        held = await channel.call("hold.place", key=token(), lines=lines)
        await asyncio.sleep(self._chance.uniform(1, WRITING_S))
        turn = self._chance.random()
        if turn < 0.06:
            return  # the hold runs out by itself
        if turn < 0.12:
            await channel.call("hold.drop", order=held["order"])
            return
        pickup = self._chance.random() < 0.3
        placed = await channel.call(
            "order.place",
            key=token(),
            order=held["order"],
            lines=lines,
            buyer={"name": self._name, "phone": f"1380000{1000 + self._number:04d}"},
            delivery={"way": "pickup", "centre": self._chance.choice(self._county.centres)}
            if pickup
            else {"way": "parcel", "address": self._address},
            payment="pay_at_pickup" if pickup else "cash_on_delivery",
        )
        if turn > 0.95:
            await asyncio.sleep(self._chance.uniform(3, 20))
            async with Api(self._url, key=self._key) as api:
                await api.request("POST", f"/api/v1/orders/{placed['token']}/cancel", json={})


async def crowd(url: str, county: County, keys: Keys, viewers: int = VIEWERS) -> None:
    """Run the host and the viewers until the broadcast ends; one who loses the channel rejoins."""
    people = [Host(url, county, keys.host).run] + [
        Viewer(number, url, county, keys.viewers, viewers).run for number in range(viewers)
    ]

    async def stay(run: Any) -> None:
        while True:
            try:
                await run()
            except ChannelClosed as closed:
                _log.warning("one of the demo's people lost the channel", code=closed.code)
                await asyncio.sleep(5)
            else:
                return

    async with asyncio.TaskGroup() as group:
        for run in people:
            group.create_task(stay(run))
