"""Buyers who continue through all faults: they order, hold and order, hold and drop, buy from a
flash batch, join a waiting list, or cancel; over the channel and by HTTP.
"""

import contextlib
import itertools
import random
from typing import Any

from scripts.benches.trade.acks import Mark, Placed, Refusal
from scripts.benches.trade.retrying_client import PATIENCE_S, Market, Refused, call_until_answered
from scripts.benches.trade.shoppers import FLASH_PRICE, PRICE, order_of

from farmlive.client import Api, Channel

# What a buyer does next, and how often; only on the channel one hears that what one waits for is
# there.
_KINDS = {
    "order": 4,
    "hold and order": 4,
    "hold and drop": 2,
    "order and cancel": 2,
    "flash": 3,
    "flash held": 3,
    "flash held and dropped": 1,
    "wait": 2,
}
_LOOK_S = 0.2


class Buyer:
    """A buyer who acts by `who`; `pages` reads the pages of orders for all buyers."""

    def __init__(self, market: Market, number: int, who: Channel | Api, pages: Api):
        self._market, self._who, self._pages = market, who, pages
        self._number = number
        self._draw = random.Random(market.seed * 1_000 + number)
        self._key = ""
        self._last: Mark | None = None
        self._open: list[Refusal] = []
        self._shared = False  # the last hold was refused since others hold half
        self._enough: str | None = None  # the flash batch of which this one may have no more

    async def act(self) -> None:
        """Act again and again."""
        market, draw = self._market, self._draw
        for turn in itertools.count():
            if market.stopping:
                return
            self._key = f"{market.seed:04}-{self._number:02}-{turn:06}-order"
            (kind,) = draw.choices(tuple(_KINDS), tuple(_KINDS.values()))
            if kind == "wait" and isinstance(self._who, Channel):
                await self._wait(self._who)
            elif "flash" in kind and market.batch not in (None, self._enough):
                lines = [_line(market.offers[0], draw.randint(1, 2), FLASH_PRICE)]
                order = await self._buy(lines, held="held" in kind, dropped="dropped" in kind)
                await self._leave(order, cancelled=draw.random() < 1 / 4)
            else:
                offers = draw.sample(market.offers, draw.randint(1, 2))
                lines = [_line(offer, draw.randint(1, 3)) for offer in offers]
                held = kind.startswith("hold")
                order = await self._buy(lines, held=held, dropped=kind == "hold and drop")
                await self._leave(order, cancelled=kind == "order and cancel")

    async def _buy(self, lines: list[dict[str, Any]], *, held: bool, dropped: bool) -> str | None:
        """Order these lines, or hold them first, or drop the hold."""
        hold = None
        if held:
            key = f"hold-{self._key}"
            answer = await self._call("hold.place", key=key, lines=lines)
            if answer is None:
                # It is not held for a new device, and can be ordered all the same.
                return await self._order(lines, None) if self._shared and not dropped else None
            self._market.told.answers[key] = answer
            self._record("holds", ("order.held", answer["id"]))
            hold = answer["id"]
            if dropped:
                await self._drop_hold(hold)
                return None
        return await self._order(lines, hold)

    async def _order(self, lines: list[dict[str, Any]], hold: str | None) -> str | None:
        order = order_of(lines[0]["offer"], self._market.seed * 100 + self._number)
        order["lines"] = lines
        if self._draw.random() < 1 / 3:
            order["delivery"] = {"way": "pickup", "centre": self._market.centre}
            order["payment"] = "pay_at_pickup"
        if hold is not None:
            order["order"] = hold
        answer = await self._call("order.place", hold, key=self._key, **order)
        if answer is None:
            if hold is not None:
                await self._drop_hold(hold)
            return None
        self._market.told.add_order(Placed(self._key, answer, lines, self._number))
        self._record("orders", ("order.placed", answer["id"]))
        return str(answer["id"])

    async def _wait(self, channel: Channel) -> None:
        """Join the waiting list of the scarce offer, and order when the boxes are held."""
        market = self._market
        quantity = self._draw.randint(1, 2)
        key = f"wait-{self._key}"
        answer = await self._call("wait.join", key=key, offer=market.scarce, quantity=quantity)
        if answer is None:
            return
        market.told.answers[key] = answer
        self._record("waits")
        market.waiting += 1
        hold = None
        while hold is None and not market.stopping:
            with contextlib.suppress(TimeoutError):
                held = await channel.wait_for("order.held", _LOOK_S, waited=True)
                hold = str(held.data["order"])
        market.waiting -= 1
        if hold is not None:
            self._last = ("order.held", hold)
            await self._leave(await self._order([_line(market.scarce, quantity)], hold))

    async def _leave(self, order: str | None, *, cancelled: bool = False) -> None:
        """Leave an order, if there is one, to staff, or cancel it."""
        if order is None:
            return
        if not cancelled:
            self._market.for_staff.append(order)
            return
        token = self._market.told.orders[order].answer["token"]
        try:
            answer = await call_until_answered(
                self._market, lambda: self._pages.cancel_order(token)
            )
        except Refused as refused:
            self._market.told.refused.append(Refusal(refused.problem))
            return
        self._market.told.add_step(order, answer)
        self._record("cancellations")

    async def _drop_hold(self, hold: str) -> None:
        if await self._call("hold.drop", hold, order=hold) is not None:
            self._record("")

    def _record(self, deed: str, mark: Mark | None = None) -> None:
        """Record an acknowledged action, and its place in the log."""
        self._market.acknowledged += 1
        if deed:
            self._market.told.deeds[deed] += 1
        if mark is not None:
            self._last = mark
            for refusal in self._open:
                refusal.after = mark
            self._open.clear()

    async def _call(self, type_: str, hold: str | None = None, **fields: Any) -> Any:
        """Return the response; None if it is refused."""
        try:
            return await call_until_answered(self._market, lambda: self._send(type_, **fields))
        except Refused as refused:
            self._shared = refused.problem["type"].endswith("/hold-share")
            if self._shared:
                return None
            lines = fields.get("lines", [])
            refusal = Refusal(refused.problem, lines, self._number, hold, self._last)
            self._market.told.refused.append(refusal)
            self._open.append(refusal)
            over = {each["flash"]["id"] for each in refusal.offers if "flash" in each}
            if self._market.batch in over:
                self._market.batch = None
            elif refusal.slug == "limit-reached":
                self._enough = self._market.batch
            return None

    async def _send(self, type_: str, **fields: Any) -> Any:
        who = self._who
        commands = who if isinstance(who, Channel) else who.commands(self._market.broadcast)
        return await commands.call(type_, timeout_s=PATIENCE_S, **fields)


def _line(offer: str, quantity: int, price: int = PRICE) -> dict[str, Any]:
    return {"offer": offer, "quantity": quantity, "price": price}
