"""Staff who work through all faults: they release boxes, start and end flash batches, and pack,
cancel, reduce and record payments, with a key wherever the API takes one.
"""

import asyncio
import itertools
import random
from typing import Any

from scripts.benches.lab.server import yuan
from scripts.benches.trade.acks import Refusal
from scripts.benches.trade.retrying_client import PATIENCE_S, Market, Refused, call_until_answered
from scripts.benches.trade.shoppers import FLASH_PRICE

from farmlive.client import Api, Channel

BOXES, PER_BUYER = 10, 3
# So long that no clock that jumps ends it.
_SECONDS = 86_400
_PAUSE_S = 0.03


class Staff:
    """A host in the studio, on the channel, and one at the order desk, by HTTP."""

    def __init__(self, market: Market, studio: Channel, desk: Api):
        self._market, self._studio, self._desk = market, studio, desk
        self._draw = random.Random(market.seed * 1_000 + 999)
        self._keys = itertools.count()

    async def sell(self) -> None:
        """Release boxes, first for the waiting list, and run one flash batch after the other."""
        market, draw = self._market, self._draw
        while not market.stopping:
            try:
                if market.batch is None:
                    await self._begin()
                elif draw.random() < 0.03:
                    await self._end(market.batch)
                if market.waiting:
                    await self._release(market.scarce, draw.randint(1, 2))
                elif draw.random() < 0.1:
                    await self._release(draw.choice(market.offers), draw.randint(1, 5))
            except Refused as refused:
                market.told.refused.append(Refusal(refused.problem))
                market.batch = refused.problem.get("flash", market.batch)
            await asyncio.sleep(_PAUSE_S)

    async def process_orders(self) -> None:
        """Change the state of orders, one after the other."""
        market = self._market
        while not market.stopping:
            if market.for_staff:
                at = self._draw.randrange(len(market.for_staff))
                try:
                    await self._process(market.for_staff.pop(at))
                except Refused as refused:
                    market.told.refused.append(Refusal(refused.problem))
            else:
                await asyncio.sleep(_PAUSE_S)

    async def _begin(self) -> None:
        new = {"offer": self._market.offers[0], "price": yuan(FLASH_PRICE), "boxes": BOXES}
        more = {"seconds": _SECONDS, "per_buyer": PER_BUYER}
        answer = await self._call("flash.plan", **new, **more)
        self._market.batch = answer["id"]
        self._market.told.deeds["flash_batches"] += 1

    async def _end(self, batch: str) -> None:
        await call_until_answered(
            self._market,
            lambda: self._studio.call("flash.end", timeout_s=PATIENCE_S, flash=batch),
        )
        self._market.told.ended.add(batch)
        self._market.batch = None

    async def _release(self, offer: str, quantity: int) -> None:
        await self._call("offer.release", offer=offer, quantity=quantity)
        self._market.told.deeds["releases"] += 1

    async def _call(self, type_: str, **fields: Any) -> Any:
        key = self._key()
        answer = await call_until_answered(
            self._market,
            lambda: self._studio.call(type_, timeout_s=PATIENCE_S, key=key, **fields),
        )
        self._market.told.answers[key] = answer
        return answer

    async def _process(self, order: str) -> None:
        kind = self._draw.choice(
            ("pay", "pack", "pack and pay", "cancel", "pack and cancel", "take off", "give back")
        )
        if "pack" in kind:
            await self._move(order, state="packed")
        if "pay" in kind or kind == "give back":
            await self._change("payments", order, "payments")
        if "cancel" in kind:
            await self._change("cancellations", order, "transitions", state="cancelled")
        if kind in ("take off", "give back"):
            await self._refund(order)

    async def _move(self, order: str, **move: str) -> None:
        """Change an order's state, as a bulk change with a key."""
        key = self._key()
        answer = await self._send(
            f"{self._orders}/bulk-transitions", {"orders": [order], **move}, key
        )
        kept = {"move": answer["id"], "refused": answer["refused"]}
        self._market.told.answers[key] = kept
        for refused in answer["refused"]:
            raise Refused(refused["problem"])
        for moved in answer["moved"]:
            self._market.told.add_step(moved["id"], moved)
        self._market.told.deeds["moves"] += 1

    async def _refund(self, order: str) -> None:
        key = self._key()
        total = self._market.told.orders[order].answer["total"]["amount"]
        body = {"amount": yuan(self._draw.randint(1, total)), "reason": "crash bench"}
        answer = await self._send(f"{self._orders}/{order}/refunds", body, key)
        self._market.told.answers[key] = {"order": order, "move": answer["refund"]}
        self._market.told.add_step(order, answer)
        self._market.told.deeds["refunds"] += 1

    async def _change(self, deed: str, order: str, what: str, **change: str) -> None:
        """Send a change without a key, which may be repeated without effect."""
        answer = await self._send(f"{self._orders}/{order}/{what}", change)
        self._market.told.add_step(order, answer)
        self._market.told.deeds[deed] += 1

    @property
    def _orders(self) -> str:
        return f"/api/v1/broadcasts/{self._market.broadcast}/orders"

    async def _send(self, path: str, body: dict[str, Any], key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return await call_until_answered(
            self._market,
            lambda: self._desk.request("POST", path, json=body, headers=headers),
        )

    def _key(self) -> str:
        return f"{self._market.seed:04}-staff-{next(self._keys):06}-key"
