"""The demo's people: a scripted host and simulated viewers, on the real channel.

Owns what they say and do, and when. They hold API keys like any program; the server marks the
viewers' actions as simulated. A card that a person pins stays for a while.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from random import Random
from typing import Any

import structlog

from farmlive.client import Api, Channel, ChannelClosed, ChannelDropped, ChannelProblem
from farmlive.client.http import ApiProblem
from farmlive.demo.county import LANGUAGES, County, content, yuan
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
FLASH_SHARE = 0.4
"""The share of viewers that buy from a flash batch."""
FORM_S = 6.0
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

    def apply(self, kind: str, data: dict[str, Any]) -> None:
        """Apply one event."""
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
        """Return how many boxes can be bought now."""
        return self.flash_left(offer) or self.ordinary_left(offer)

    def ordinary_left(self, offer: str) -> int:
        """Return how many boxes can be bought at the ordinary price."""
        return min(int(self.cards[offer]["left"]), self.boxes_of_lot(offer))

    def flash_left(self, offer: str) -> int:
        """Return how many boxes of the running flash batch can be bought."""
        card = self.cards[offer]
        runs = card["flash"] is not None and card["flash"]["state"] == "running"
        return int(card["kept"]) if runs else 0

    def boxes_of_lot(self, offer: str) -> int:
        """Return how many boxes the rest of the lot would fill."""
        card = self.cards[offer]
        return int(card["lot"]["left_g"]) // int(card["net_weight_g"])


def is_over(channel: Channel) -> bool:
    """Return whether the broadcast had ended before one came: no event tells that again."""
    snapshot = channel.snapshot
    return snapshot is not None and snapshot["broadcast"]["state"] == "ended"


class Host:
    """The scripted host: pins one card after another, says a line, releases boxes when few are
    left, and sometimes sells a few boxes of the pinned offer at a lower price.
    """

    def __init__(self, url: str, county: County, key: str, pin_every_s: float = PIN_EVERY_S):
        self._url, self._county, self._key = url, county, key
        self._pin_every_s = pin_every_s
        youxi = content()
        self._script: dict[str, list[dict[str, str]]] = youxi["script"]
        self._flash_line: dict[str, str] = youxi["flash"]
        self._name: dict[str, str] = youxi["farms"]["orchard"]["person"]
        self._own_pin: str | None = None
        self._releasing: dict[str, asyncio.Task[None]] = {}
        self._yield_until = 0.0

    async def run(self) -> None:
        """Host until the broadcast ends."""
        async with await Channel.connect(
            self._url, self._county.live, key=self._key, patience_s=120
        ) as channel:
            if is_over(channel):
                return
            bag = Bag(channel.snapshot or {"offers": []})
            show = asyncio.create_task(self._pin_in_turn(channel, bag))
            try:
                async for event in channel:
                    bag.apply(event.kind, event.data)
                    if event.kind == "broadcast.ended":
                        return
                    if event.kind == "stock.changed":
                        offer = event.data["offer"]
                        if bag.ordinary_left(offer) < LOW:
                            self._schedule_release(channel, bag, offer)
                    if event.kind == "card.pinned" and event.data["offer"] != self._own_pin:
                        self._yield_until = asyncio.get_running_loop().time() + YIELD_S
            finally:
                tasks = [show, *self._releasing.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _schedule_release(self, channel: Channel, bag: Bag, offer: str) -> None:
        """Release the next batch of the offer, once for many changes of its stock."""
        if offer not in self._releasing or self._releasing[offer].done():
            self._releasing[offer] = asyncio.create_task(self._release(channel, bag, offer))

    async def _release(self, channel: Channel, bag: Bag, offer: str) -> None:
        """Release the next batch, or the rest of the lot."""
        await asyncio.sleep(RELEASE_AFTER_S)
        card = bag.cards[offer]
        quantity = min(RELEASE, bag.boxes_of_lot(offer) - int(card["left"]) - int(card["kept"]))
        if quantity > 0:
            with contextlib.suppress(ChannelProblem, ChannelDropped, TimeoutError):
                await channel.release(offer, quantity)

    async def _say(self, channel: Channel, line: dict[str, str]) -> None:
        """Say a line in both languages, each under the name that its readers know."""
        for language in LANGUAGES:
            await channel.call("chat.say", text=line[language], nickname=self._name[language])

    async def _flash(self, channel: Channel, bag: Bag, offer: str) -> None:
        """Sell a few boxes at a fifth less, in whole tens of minor units."""
        price = int(bag.cards[offer]["price"]["amount"]) * 8 // 100 * 10
        await channel.flash(offer, yuan(price), FLASH_BOXES, FLASH_S, per_buyer=FLASH_EACH)
        values = {
            "boxes": FLASH_BOXES,
            "seconds": FLASH_S,
            "price": f"{price / 100:.2f}",
            "each": FLASH_EACH,
        }
        line = {name: text.format_map(values) for name, text in self._flash_line.items()}
        await self._say(channel, line)

    async def _pin_in_turn(self, channel: Channel, bag: Bag) -> None:
        turn = 0
        while True:
            if asyncio.get_running_loop().time() >= self._yield_until:
                card = self._county.offers[turn % len(self._county.offers)]
                lines = self._script[card["product"]]
                line = lines[turn // len(self._county.offers) % len(lines)]
                self._own_pin = card["id"]
                try:
                    await channel.call("card.pin", offer=card["id"])
                    await self._say(channel, line)
                    if turn % FLASH_TURNS == 1:
                        await self._flash(channel, bag, card["id"])
                except (ChannelProblem, ChannelDropped, TimeoutError) as error:
                    _log.warning("the demo's host was not understood", error=str(error))
                turn += 1
            await asyncio.sleep(self._pin_every_s)


class Viewer:
    """One simulated viewer with a device, a nickname and individual habits."""

    def __init__(self, number: int, url: str, county: County, key: str, crowd: int):
        self._number, self._url, self._county, self._key = number, url, county, key
        self._crowd = crowd
        self._random = Random()  # noqa: S311 - habits, not secrets
        youxi = content()
        # Every second one writes in English: the page is read in both languages.
        language = LANGUAGES[number % len(LANGUAGES)]
        nicknames: list[str] = youxi["viewers"][language]
        self._nickname = nicknames[number // len(LANGUAGES) % len(nicknames)]
        self._chat: list[str] = youxi["chat"][language]
        self._name: str = youxi["buyers"][number % len(youxi["buyers"])]
        self._address: str = self._random.choice(youxi["addresses"])

    async def run(self) -> None:
        """Watch, chat, react and buy until the broadcast ends."""
        async with await Channel.connect(
            self._url, self._county.live, key=self._key, patience_s=120
        ) as channel:
            if is_over(channel):
                return
            bag = Bag(channel.snapshot or {"offers": []})
            tasks = [asyncio.create_task(self._act(channel, bag))]
            try:
                async for event in channel:
                    bag.apply(event.kind, event.data)
                    if event.kind == "broadcast.ended":
                        return
                    if event.kind == "order.held" and event.data.get("waited"):
                        tasks.append(asyncio.create_task(self._order_waited(channel, event.data)))
                    if event.kind == "flash.started" and self._random.random() < FLASH_SHARE:
                        tasks.append(
                            asyncio.create_task(self._buy_in_flash(channel, bag, event.data))
                        )
                    tasks = [task for task in tasks if not task.done()]
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _act(self, channel: Channel, bag: Bag) -> None:
        acts = (
            (self._say, CHAT_EVERY_S),
            (self._react, REACT_EVERY_S),
            (self._open_card, OPEN_EVERY_S),
            (self._order, ORDER_EVERY_S),
        )
        rates = [1 / every_s for _, every_s in acts]
        ordered = False
        while True:
            await asyncio.sleep(self._random.expovariate(sum(rates) / self._crowd))
            act = self._random.choices([act for act, _ in acts], rates)[0]
            if self._number == 0 and not ordered:
                act = self._order  # one buys at once, so that nobody waits for a first order
            ordered = ordered or act == self._order
            # A refusal (sold out, a price that has just changed, too fast) is a viewer's day.
            with contextlib.suppress(ApiProblem, ChannelProblem, ChannelDropped, TimeoutError):
                await act(channel, bag)

    async def _say(self, channel: Channel, bag: Bag) -> None:
        await channel.call(
            "chat.say", text=self._random.choice(self._chat), nickname=self._nickname
        )

    async def _react(self, channel: Channel, bag: Bag) -> None:
        await channel.call("react", count=self._random.randint(1, 5))

    async def _open_card(self, channel: Channel, bag: Bag) -> None:
        await channel.call("card.open", offer=self._random.choice(list(bag.cards)))

    async def _order(self, channel: Channel, bag: Bag) -> None:
        """Hold, fill in the form, order; some give up, some cancel, some come too late.

        A sold-out offer: join its waiting list.
        """
        gone = [offer for offer in bag.cards if bag.left(offer) == 0 and bag.boxes_of_lot(offer)]
        some = gone if gone and self._random.random() < 0.5 else list(bag.cards)
        offer = self._random.choice(some)
        quantity = self._random.choices((1, 2, 3), (7, 2, 1))[0]
        if bag.left(offer) == 0:
            await channel.join_waitlist(offer, quantity)
            return
        await self._buy(channel, bag, offer, quantity)

    async def _order_waited(self, channel: Channel, held: dict[str, Any]) -> None:
        """Order boxes that came from the waiting list."""
        with contextlib.suppress(ApiProblem, ChannelProblem, ChannelDropped, TimeoutError):
            await self._complete_order(channel, held["lines"], held["order"])

    async def _buy_in_flash(self, channel: Channel, bag: Bag, batch: dict[str, Any]) -> None:
        """Buy from a flash batch before it is sold out."""
        await asyncio.sleep(self._random.uniform(1, FLASH_S / 2))
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
        await self._complete_order(channel, lines, hold)

    async def _complete_order(
        self, channel: Channel, held: list[dict[str, Any]], hold: str | None
    ) -> None:
        """Fill in name and address for the held boxes, or without a hold, and order."""
        names = ("offer", "quantity", "price")
        lines = [{name: line[name] for name in names} for line in held]
        await asyncio.sleep(self._random.uniform(1, FORM_S))
        turn = self._random.random()
        if turn < 0.06:
            return  # the hold runs out by itself
        if turn < 0.12 and hold:
            await channel.drop_hold(hold)
            return
        pickup = self._random.random() < 0.3
        placed = await channel.call(
            "order.place",
            key=token(),
            order=hold,
            lines=lines,
            buyer={"name": self._name, "phone": f"1380000{1000 + self._number:04d}"},
            delivery={"way": "pickup", "centre": self._random.choice(self._county.centres)}
            if pickup
            else {"way": "parcel", "address": self._address},
            payment="pay_at_pickup" if pickup else "cash_on_delivery",
        )
        if turn > 0.95:
            await asyncio.sleep(self._random.uniform(3, 20))
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
