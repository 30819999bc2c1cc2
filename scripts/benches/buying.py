"""People who order through whatever goes wrong: each request is repeated with its key until it is
answered. They order at once, or hold and order, or hold and let go; over the channel and by HTTP.
"""

import asyncio
import itertools
import random
from collections import Counter
from typing import Any

import httpx

from benches.shoppers import PRICE, order_of
from farmlive.client import Api, ApiProblem, Channel, ChannelClosed, ChannelDropped, ChannelProblem

CHANNELS, HTTP = 6, 2
_AGAIN_S = 0.02
_PATIENCE_S = 60.0


class Buyers:
    """All of them, and what they were told: by key the order, by key the hold."""

    def __init__(self, url: str, broadcast: str, offers: list[str], seed: int):
        self._url, self._broadcast, self._offers = url, broadcast, offers
        self._seed = seed
        self._tasks: list[asyncio.Task[None]] = []
        self._channels: list[Channel] = []
        self._apis: list[Api] = []
        self._stopping = False
        self.placed: dict[str, str] = {}
        self.held: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.acknowledged = self.repeated = 0

    async def start(self) -> None:
        """Open the channels and begin."""
        for _ in range(CHANNELS):
            self._channels.append(
                await Channel.connect(self._url, self._broadcast, patience_s=_PATIENCE_S)
            )
        self._apis = [Api(self._url, timeout_s=20) for _ in range(HTTP)]
        whos: list[Channel | Api] = [*self._channels, *self._apis]
        self._tasks = [
            asyncio.create_task(self._act(number, who)) for number, who in enumerate(whos)
        ]

    async def reach(self, count: int) -> None:
        """Wait until so many requests were acknowledged."""
        while self.acknowledged < count:
            done, _ = await asyncio.wait(self._tasks, timeout=0.01)
            for task in done:
                task.result()

    async def stop(self) -> None:
        """Let everyone have the answer to what is under way, then end."""
        self._stopping = True
        await asyncio.gather(*self._tasks)
        for channel in self._channels:
            await channel.close()
        for api in self._apis:
            await api.__aexit__(None, None, None)

    async def _act(self, number: int, who: Channel | Api) -> None:
        draw = random.Random(self._seed * 1_000 + number)
        for turn in itertools.count():
            if self._stopping:
                return
            key = f"{self._seed:04}-{number:02}-{turn:06}-order"
            order = order_of(draw.choice(self._offers), self._seed * 100 + number)
            offers = draw.sample(self._offers, draw.randint(1, 2))
            order["lines"] = [
                {"offer": offer, "quantity": draw.randint(1, 3), "price": PRICE} for offer in offers
            ]
            kind = draw.choice(("order", "hold and order", "hold and drop"))
            if kind != "order":
                hold = await self._certain(
                    who, "hold.place", key=f"hold-{key}", lines=order["lines"]
                )
                if hold is None:
                    continue
                self.held[f"hold-{key}"] = order["order"] = hold["order"]
                if kind == "hold and drop":
                    await self._certain(who, "hold.drop", order=hold["order"])
                    continue
            placed = await self._certain(who, "order.place", key=key, **order)
            if placed is not None:
                self.placed[key] = placed["order"]

    async def _certain(self, who: Channel | Api, type_: str, **fields: Any) -> Any:
        """Ask until it is answered; None where it is refused."""
        while True:
            try:
                if isinstance(who, Channel):
                    answer = await who.call(type_, timeout_s=_PATIENCE_S, **fields)
                else:
                    answer = await self._by_http(who, type_, **fields)
            except (ChannelDropped, httpx.TransportError):
                pass
            except (ChannelProblem, ApiProblem) as problem:
                status = problem.body["status"] if isinstance(problem, ChannelProblem) else None
                if (status or getattr(problem, "status", 0)) != 503:
                    self.refused[problem.slug] += 1
                    return None
            except ChannelClosed as closed:
                raise ConnectionError(f"a channel did not come back: {closed}") from closed
            else:
                self.acknowledged += 1
                return answer
            self.repeated += 1
            await asyncio.sleep(_AGAIN_S)

    async def _by_http(self, api: Api, type_: str, **fields: Any) -> Any:
        if type_ == "hold.drop":
            return await api.drop_hold(self._broadcast, fields["order"])
        if type_ == "hold.place":
            return await api.place_hold(self._broadcast, fields["key"], fields["lines"])
        return await api.place_order(self._broadcast, fields.pop("key"), fields)
