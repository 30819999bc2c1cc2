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
from farmlive.demo.county import County, content, yuan
from farmlive.ids import token

_log = structlog.get_logger(__name__)
PIN_EVERY_S = 45.0
YIELD_S = 180.0
"""How long a manually pinned card stays."""
LOW = 5
RELEASE = 24
RELEASE_AFTER_S = 12.0
"""Seconds that an offer stays low or sold out before the host releases the next batch."""
FLASH_TURNS = 5
"""Of this many consecutive cards, the second has a flash batch."""
FLASH_S, FLASH_BOXES, FLASH_EACH = 40, 10, 2
VIEWERS = 14
KEEN = 0.4
"""The share of viewers that buy from a flash batch."""
WRITING_S = 6.0
"""The longest time in which a buyer fills in name and address."""
# Seconds between two acts of all viewers together, on average.
CHAT_EVERY_S, REACT_EVERY_S, OPEN_EVERY_S, ORDER_EVERY_S = 6.0, 2.5, 8.0, 16.0


@dataclass(frozen=True)
class Keys:
    """API keys of the host and of the viewers (role `simulator`)."""

    host: str
    viewers: str


class Bag:
    """The offers as the channel shows them: price and stock of each.

    While a flash batch runs that has boxes left, it is that of which both are told.
    """

    def __init__(self, snapshot: dict[str, Any]):
        self.cards: dict[str, dict[str, Any]] = {}
        for card in snapshot["offers"]:
            self.cards[card["id"]] = dict(card)

    def take(self, kind: str, data: dict[str, Any]) -> None:
        """Follow one event."""
        if kind == "offer.added":
            self.cards[data["offer"]] = {"id": data["offer"], **data}
        elif kind in ("offer.changed", "offer.released", "stock.changed", "wait.changed"):
            card = self.cards.get(data["offer"], {})
            facts = {name: value for name, value in data.items() if name != "lot"}
            card.update(facts)
            for other in self.cards.values() if "lot_left_g" in data else ():
                if other["lot"]["id"] == data["lot"]:
                    other["lot"]["left_g"] = data["lot_left_g"]
        elif kind == "flash.started":
            self.cards[data["offer"]]["flash"] = {"id": data["flash"], "state": "running", **data}
        elif kind == "flash.ended":
            self.cards[data["offer"]]["flash"] = None

    def price(self, offer: str) -> int:
        """Return the current price, in minor units."""
        card = self.cards[offer]
        priced = card["flash"] if self.flash_left(offer) else card
        return int(priced["price"]["amount"])

    def left(self, offer: str) -> int:
        """How many can be bought now."""
        return self.flash_left(offer) or self.ordinary_left(offer)

    def ordinary_left(self, offer: str) -> int:
        """How many can be bought at the ordinary price."""
        return min(int(self.cards[offer]["left"]), self.in_lot(offer))

    def flash_left(self, offer: str) -> int:
        """How many can be bought of the flash batch that runs."""
        card = self.cards[offer]
        runs = card["flash"] is not None and card["flash"]["state"] == "running"
        return int(card["kept"]) if runs else 0

    def in_lot(self, offer: str) -> int:
        """How many boxes the lot would still fill."""
        card = self.cards[offer]
        return int(card["lot"]["left_g"]) // int(card["net_weight_g"])


class Host:
    """The scripted host: pins one card after another, says a line, releases what runs low, and
    now and then sells a few boxes of what is pinned at a lower price.
    """

    def __init__(self, url: str, county: County, key: str, pin_every_s: float = PIN_EVERY_S):
        self._url, self._county, self._key = url, county, key
        self._pin_every_s = pin_every_s
        youxi = content()
        self._script: dict[str, list[dict[str, str]]] = youxi["script"]
        self._flash_line: dict[str, str] = youxi["flash"]
        self._own_pin: str | None = None
        self._releasing: dict[str, asyncio.Task[None]] = {}
        self._yield_until = 0.0

    async def run(self) -> None:
        """Host until the broadcast ends."""
        async with await Channel.connect(
            self._url, self._county.live, key=self._key, patience_s=120
        ) as channel:
            bag = Bag(channel.snapshot or {"offers": []})
            show = asyncio.create_task(self._show(channel, bag))
            try:
                async for event in channel:
                    bag.take(event.kind, event.data)
                    if event.kind == "broadcast.ended":
                        return
                    if event.kind == "stock.changed":
                        offer = event.data["offer"]
                        if bag.ordinary_left(offer) < LOW:
                            self._release_soon(channel, bag, offer)
                    if event.kind == "card.pinned" and event.data["offer"] != self._own_pin:
                        self._yield_until = asyncio.get_running_loop().time() + YIELD_S
            finally:
                tasks = [show, *self._releasing.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _release_soon(self, channel: Channel, bag: Bag, offer: str) -> None:
        """Release the next batch of the offer, once however often its stock changes meanwhile."""
        if offer not in self._releasing or self._releasing[offer].done():
            self._releasing[offer] = asyncio.create_task(self._release(channel, bag, offer))

    async def _release(self, channel: Channel, bag: Bag, offer: str) -> None:
        """Release the next batch, or what the lot still gives."""
        await asyncio.sleep(RELEASE_AFTER_S)
        card = bag.cards[offer]
        quantity = min(RELEASE, bag.in_lot(offer) - int(card["left"]) - int(card["kept"]))
        if quantity > 0:
            with contextlib.suppress(ChannelProblem, ChannelDropped, TimeoutError):
                await channel.release(offer, quantity)

    async def _flash(self, channel: Channel, bag: Bag, offer: str, language: str) -> None:
        """Sell a few boxes at a fifth less, in whole tens of minor units."""
        price = int(bag.cards[offer]["price"]["amount"]) * 8 // 100 * 10
        await channel.flash(offer, yuan(price), FLASH_BOXES, FLASH_S, per_buyer=FLASH_EACH)
        line = self._flash_line[language].format(
            boxes=FLASH_BOXES, seconds=FLASH_S, price=f"{price / 100:.2f}", each=FLASH_EACH
        )
        await channel.call("chat.say", text=line, nickname="林秀珍")

    async def _show(self, channel: Channel, bag: Bag) -> None:
        turn = 0
        while True:
            if asyncio.get_running_loop().time() >= self._yield_until:
                card = self._county.offers[turn % len(self._county.offers)]
                lines = self._script[card["product"]]
                line = lines[turn // len(self._county.offers) % len(lines)]
                self._own_pin = card["id"]
                try:
                    await channel.call("card.pin", offer=card["id"])
                    language = "en" if turn % 4 == 3 else "zh"
                    await channel.call("chat.say", text=line[language], nickname="林秀珍")
                    if turn % FLASH_TURNS == 1:
                        await self._flash(channel, bag, card["id"], language)
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
            tasks = [asyncio.create_task(self._live(channel, bag))]
            try:
                async for event in channel:
                    bag.take(event.kind, event.data)
                    if event.kind == "broadcast.ended":
                        return
                    if event.kind == "order.held" and event.data.get("waited"):
                        tasks.append(asyncio.create_task(self._take_up(channel, event.data)))
                    if event.kind == "flash.started" and self._chance.random() < KEEN:
                        tasks.append(asyncio.create_task(self._hurry(channel, bag, event.data)))
                    tasks = [task for task in tasks if not task.done()]
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

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
        """Hold, write the form, order; some give up, some call it off, some come too late.

        Where it is sold out, wait for it.
        """
        gone = [offer for offer in bag.cards if bag.left(offer) == 0 and bag.in_lot(offer)]
        some = gone if gone and self._chance.random() < 0.5 else list(bag.cards)
        offer = self._chance.choice(some)
        quantity = self._chance.choices((1, 2, 3), (7, 2, 1))[0]
        if bag.left(offer) == 0:
            await channel.wait_in_line(offer, quantity)
            return
        await self._buy(channel, bag, offer, quantity)

    async def _take_up(self, channel: Channel, held: dict[str, Any]) -> None:
        """Order what was waited for."""
        with contextlib.suppress(ApiProblem, ChannelProblem, ChannelDropped, TimeoutError):
            await self._write(channel, held["lines"], held["order"])

    async def _hurry(self, channel: Channel, bag: Bag, batch: dict[str, Any]) -> None:
        """Have something of a flash batch before it is gone."""
        await asyncio.sleep(self._chance.uniform(1, FLASH_S / 2))
        with contextlib.suppress(ApiProblem, ChannelProblem, ChannelDropped, TimeoutError):
            if bag.flash_left(batch["offer"]):
                await self._buy(channel, bag, batch["offer"], 1)

    async def _buy(self, channel: Channel, bag: Bag, offer: str, quantity: int) -> None:
        lines = [{"offer": offer, "quantity": quantity, "price": bag.price(offer)}]
        hold: str | None = None
        try:
            held = await channel.hold(token(), lines)
            lines, hold = held["lines"], held["id"]
        except ChannelProblem as problem:
            if problem.slug != "hold-share":
                raise
        await self._write(channel, lines, hold)

    async def _write(self, channel: Channel, held: list[dict[str, Any]], hold: str | None) -> None:
        """Write name and address for what is held, or is not, and order it."""
        names = ("offer", "quantity", "price")
        lines = [{name: line[name] for name in names} for line in held]
        await asyncio.sleep(self._chance.uniform(1, WRITING_S))
        turn = self._chance.random()
        if turn < 0.06:
            return  # the hold runs out by itself
        if turn < 0.12 and hold:
            await channel.give_back(hold)
            return
        pickup = self._chance.random() < 0.3
        placed = await channel.call(
            "order.place",
            key=token(),
            order=hold,
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
                await api.request("POST", f"/api/v1/orders/{placed['token']}/cancellation", json={})


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
