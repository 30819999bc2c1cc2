"""Orders over the channel: how many are acknowledged a second and what one costs the server, while
viewers watch. Only orders that the database holds afterwards count.
"""

import asyncio
import itertools
import json
import secrets
import statistics
import time
from array import array
from typing import Any

from benches.report import percentile
from benches.server import Server, Stage
from farmlive.client.light_channel import LightChannel
from farmlive.client.light_publisher import LightPublisher
from farmlive.client.light_viewer import LightViewer

CLIENTS = 100
PRICE = 2990


class Shopper:
    """One client that orders again as soon as its last order is answered."""

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

    async def shop(self, until: float) -> None:
        """Order one box after the other until that monotonic time."""
        loop = asyncio.get_running_loop()
        for turn in itertools.count():
            if time.monotonic() >= until:
                return
            self._answered = loop.create_future()
            began = time.monotonic_ns()
            self._channel.say(self._order(turn))
            reply = json.loads(await self._answered)
            self.took_ns.append(time.monotonic_ns() - began)
            if reply["ok"]:
                self.placed.add(reply["result"]["order"])
            else:
                self.refused.append(reply["problem"]["type"])

    def leave(self) -> None:
        """Cut the channel."""
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


async def orders(
    server: Server, place: Stage, viewers: int, window_s: float, direct_ns: float
) -> dict[str, Any]:
    """`orders_per_second`, `cpu_us_per_order`, `order_ms`, and what the viewers saw meanwhile.

    The CPU of an order is the server's during the window less what the viewers alone took before
    it, by the number of orders. `direct_ns` is the median way of a packet without a server.
    """
    publisher = LightPublisher(f"{server.url}/whip/{place.broadcast}", place.stream_key)
    await publisher.start()
    url = f"{server.url}/whep/{place.broadcast}"
    audience = [LightViewer(url, patience_s=10) for _ in range(viewers)]
    shoppers = [
        Shopper(place.offers[number % len(place.offers)], number) for number in range(CLIENTS)
    ]
    try:
        for start in range(0, viewers, 10):
            await asyncio.gather(*(viewer.start() for viewer in audience[start : start + 10]))
        await asyncio.gather(*(shopper.join(server, place.broadcast) for shopper in shoppers))
        await asyncio.sleep(1)
        before_s, began = server.cpu_s(), time.monotonic()
        await asyncio.sleep(window_s / 2)
        watching = (server.cpu_s() - before_s) / (time.monotonic() - began)
        for viewer in audience:
            viewer.measure()
        before_s, began = server.cpu_s(), time.monotonic()
        await asyncio.gather(*(shopper.shop(began + window_s) for shopper in shoppers))
        took_s = time.monotonic() - began
        cpu_s = server.cpu_s() - before_s - watching * took_s
        delays = array("q")
        for viewer in audience:
            delays.extend(viewer.delays_ns)
        lost = sum(viewer.lost for viewer in audience)
    finally:
        for shopper in shoppers:
            shopper.leave()
        await asyncio.gather(*(viewer.close() for viewer in audience), return_exceptions=True)
        await publisher.close()
    placed = set().union(*(shopper.placed for shopper in shoppers))
    refused = [slug for shopper in shoppers for slug in shopper.refused]
    if refused:
        raise SystemExit(f"{len(refused)} orders were refused, such as {refused[0]}")
    held = {order["id"] for order in await server.api.orders(place.broadcast)}
    if held != placed:
        raise SystemExit(f"{len(placed)} orders were acknowledged, {len(held)} are in the database")
    took = array("q")
    for shopper in shoppers:
        took.extend(shopper.took_ns)
    return {
        "orders_per_second": round(len(placed) / took_s, 1),
        "cpu_us_per_order": round(cpu_s * 1e6 / len(placed)),
        "order_ms": {
            "p50": round(statistics.median(took) / 1e6, 1),
            "p99": round(percentile(took, 0.99) / 1e6, 1),
        },
        "while_ordering": {
            "added_delay_ms": {
                name: round((percentile(delays, share) - direct_ns) / 1e6, 3)
                for name, share in (("p50", 0.5), ("p99", 0.99))
            },
            "lost": lost,
        },
    }
