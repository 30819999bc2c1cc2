"""Orders over the channel: how many are acknowledged a second, and the server's CPU for one, while
viewers watch. Only orders that the database has afterwards count.
"""

import asyncio
import itertools
import json
import random
import secrets
import time
from array import array
from collections.abc import Sequence
from typing import Any

from scripts.benches.lab.server import Server, Stage
from scripts.benches.report import percentile

from farmlive.client.light_channel import LightChannel
from farmlive.client.media.light_publisher import LightPublisher
from farmlive.client.media.light_viewer import LightViewer

CLIENTS = 100
PRICE = 2990
STEADY = 300
"""Orders a second of the steady window, in which people press when they like."""


class Shopper:
    """A client that orders again as soon as its last order is acknowledged."""

    def __init__(self, offer: str, number: int):
        self.offer, self.number = offer, number
        self.placed: set[str] = set()
        self.refused: list[str] = []
        self.took_ns = array("q")
        self._answered: asyncio.Future[bytes] | None = None
        self._channel: LightChannel

    async def join(self, server: Server, broadcast: str) -> None:
        """Open the channel."""
        self._channel = await LightChannel.connect(server.url, broadcast, self._frame)

    async def shop(self, until: float, every_s: float = 0.0) -> None:
        """Order one box after the other until that monotonic time: each as soon as the last is
        acknowledged, or at random times that are `every_s` apart on average.
        """
        loop = asyncio.get_running_loop()
        due = time.monotonic()
        for turn in itertools.count(len(self.placed)):
            if every_s:
                due += random.expovariate(1 / every_s)
                await asyncio.sleep(max(0.0, min(due, until) - time.monotonic()))
            if time.monotonic() >= until:
                return
            self._answered = loop.create_future()
            began = time.monotonic_ns()
            self._channel.say(self._order(turn))
            reply = json.loads(await self._answered)
            self.took_ns.append(time.monotonic_ns() - began)
            if reply["ok"]:
                self.placed.add(reply["result"]["id"])
            else:
                self.refused.append(reply["problem"]["type"])

    def leave(self) -> None:
        """Abort the channel."""
        self._channel.close()

    def _order(self, turn: int) -> bytes:
        message = {
            "type": "order.place",
            "id": str(turn),
            "key": secrets.token_urlsafe(16),
            "lines": [{"offer": self.offer, "quantity": 1, "price": PRICE}],
            "buyer": {"name": "测量", "phone": f"138{self.number:04d}{turn % 10_000:04d}"},
            "delivery": {"way": "parcel", "address": "福建省福州市鼓楼区东街 12 号"},
            "payment": "cash_on_delivery",
        }
        return json.dumps(message).encode()

    def _frame(self, frame: bytes, _now_ns: int) -> None:
        if b'"reply"' in frame[:24] and self._answered is not None:
            self._answered.set_result(frame)


class Shop:
    """The shoppers and the viewers beside them, and their measurements in a window."""

    def __init__(self, server: Server, place: Stage, viewers: int, direct_ns: float):
        url = f"{server.url}/whep/{place.broadcast}"
        self._server, self._place, self._direct_ns = server, place, direct_ns
        self._publisher = LightPublisher(f"{server.url}/whip/{place.broadcast}", place.stream_key)
        self._audience = [LightViewer(url, patience_s=10) for _ in range(viewers)]
        offers = itertools.cycle(place.offers)
        self._shoppers = [Shopper(next(offers), number) for number in range(CLIENTS)]

    async def open(self) -> None:
        """Publish, and let all join."""
        await self._publisher.start()
        for start in range(0, len(self._audience), 10):
            await asyncio.gather(*(one.start() for one in self._audience[start : start + 10]))
        await asyncio.gather(
            *(one.join(self._server, self._place.broadcast) for one in self._shoppers)
        )
        await asyncio.sleep(1)

    async def close(self) -> None:
        """Let all leave."""
        for shopper in self._shoppers:
            shopper.leave()
        await asyncio.gather(*(one.close() for one in self._audience), return_exceptions=True)
        await self._publisher.close()

    async def watch(self, seconds: float) -> float:
        """Return the server's CPU seconds a second while nobody orders."""
        before_s, began = self._server.cpu_s(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self._server.cpu_s() - before_s) / (time.monotonic() - began)

    async def sell(self, window_s: float, watching: float, every_s: float) -> dict[str, Any]:
        """Let all order for a window, and return its measurements."""
        for viewer in self._audience:
            viewer.restart_measurement()
        for shopper in self._shoppers:
            shopper.took_ns = array("q")
        before = len(self.placed())
        before_s, began = self._server.cpu_s(), time.monotonic()
        await asyncio.gather(*(one.shop(began + window_s, every_s) for one in self._shoppers))
        seconds = time.monotonic() - began
        cpu_s = self._server.cpu_s() - before_s - watching * seconds
        placed = len(self.placed()) - before
        took, delays = array("q"), array("q")
        for shopper in self._shoppers:
            took.extend(shopper.took_ns)
        for viewer in self._audience:
            delays.extend(viewer.delays_ns)
        return {
            "orders_per_second": round(placed / seconds, 1),
            "cpu_us_per_order": round(cpu_s * 1e6 / placed),
            "order_ms": _shares(took, 0),
            "added_delay_ms": _shares(delays, self._direct_ns),
            "lost": sum(viewer.lost for viewer in self._audience),
        }

    def placed(self) -> set[str]:
        """Return the orders that were acknowledged."""
        return set().union(*(shopper.placed for shopper in self._shoppers))

    async def check(self) -> None:
        """Check that the database has exactly those. Raises SystemExit if not."""
        refused = [slug for shopper in self._shoppers for slug in shopper.refused]
        if refused:
            raise SystemExit(f"{len(refused)} orders were refused, such as {refused[0]}")
        placed = self.placed()
        held = {order["id"] for order in await self._server.api.orders(self._place.broadcast)}
        if held != placed:
            raise SystemExit(f"{len(placed)} orders were acknowledged, {len(held)} are kept")


def _shares(values: Sequence[int], less_ns: float) -> dict[str, float]:
    return {
        name: round((percentile(values, share) - less_ns) / 1e6, 3)
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


async def orders(
    server: Server, place: Stage, viewers: int, window_s: float, direct_ns: float
) -> dict[str, Any]:
    """Measure a steady window of STEADY orders a second, under `steady`, and one in which every
    client orders as fast as it can, with the viewers' measurements meanwhile.

    The CPU of an order is the server's less what the viewers alone take, by the number of orders.
    `direct_ns` is the median way of a packet without a server.
    """
    shop = Shop(server, place, viewers, direct_ns)
    try:
        await shop.open()
        watching = await shop.watch(window_s / 2)
        steady = await shop.sell(window_s, watching, CLIENTS / STEADY)
        most = await shop.sell(window_s, watching, 0)
    finally:
        await shop.close()
    await shop.check()
    meanwhile = {name: most.pop(name) for name in ("added_delay_ms", "lost")}
    return {**most, "while_ordering": meanwhile, "steady": steady}
