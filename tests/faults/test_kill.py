"""`kill -9` of the server while a crowd chats and orders: what was acknowledged is there, once."""

import asyncio
import contextlib
import signal
from typing import Any

import pytest
from tests.faults.sale import RELEASED, prepare
from tests.support.parts import local_log
from tests.support.server_process import Served
from tests.support.waiting import LONG_S

from farmlive.client import Api, Channel, ChannelDropped, ChannelProblem
from farmlive.settings import Settings
from farmlive.store import Store

CLIENTS = 20


class Crowd:
    """Clients that chat and order until told to stop, and keep what was acknowledged."""

    def __init__(self, offer: str, centre: str):
        self.said: dict[int, str] = {}
        self.ordered: dict[str, str] = {}
        self.enough = asyncio.Event()
        self._offer = offer
        self._centre = centre
        self._stop = False

    async def act(self, channel: Channel, who: int, wanted: int) -> None:
        number = 0
        while not self._stop:
            text = f"{who}-{number}"
            with contextlib.suppress(ChannelDropped):
                seq = (await channel.call("chat.say", timeout_s=60, text=text))["seq"]
                self.said[seq] = text
            await self._order(channel, f"order-key-{who:04}-{number:06}")
            number += 1
            if len(self.ordered) >= wanted:
                self.enough.set()

    def stop(self) -> None:
        self._stop = True

    async def _order(self, channel: Channel, key: str) -> None:
        while True:  # again with the same key, until it is known
            try:
                answer = await channel.call("order.place", timeout_s=60, **self._body(key))
            except ChannelDropped:
                continue
            except ChannelProblem as problem:
                if problem.body["status"] == 503:
                    continue
                raise
            self.ordered[key] = answer["id"]
            return

    def _body(self, key: str) -> dict[str, Any]:
        return {
            "key": key,
            "lines": [{"offer": self._offer, "quantity": 1, "price": 2990}],
            "buyer": {"name": "王芳", "phone": "13800001234"},
            "delivery": {"way": "pickup", "centre": self._centre},
            "payment": "pay_at_pickup",
        }


async def pin_for_ever(channel: Channel, offer: str) -> None:
    while True:
        with contextlib.suppress(ChannelDropped):
            await channel.call("card.pin", timeout_s=60, offer=offer)
            await channel.call("card.unpin", timeout_s=60)


@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
    indirect=True,
)
async def test_what_was_acknowledged_outlives_kill_9(
    served: Served, key: str, settings: Settings
) -> None:
    async with Api(served.url, key=key) as api:
        broadcast, offer, centre = await prepare(api)
    crowd = Crowd(offer, centre)
    channels = [await Channel.connect(served.url, broadcast) for _ in range(CLIENTS)]
    host = await Channel.connect(served.url, broadcast, key=key)
    pinning = asyncio.create_task(pin_for_ever(host, offer))
    acting = [
        asyncio.create_task(crowd.act(channel, who, 200)) for who, channel in enumerate(channels)
    ]
    async with asyncio.timeout(LONG_S):
        await crowd.enough.wait()
    before = len(crowd.ordered)

    await served.end(signal.SIGKILL)
    await served.start()

    crowd.enough.clear()
    async with asyncio.timeout(LONG_S):
        while len(crowd.ordered) < before + CLIENTS or not all(c.resumes for c in channels):
            await asyncio.wait(acting, timeout=0.05)
    crowd.stop()
    await asyncio.gather(*acting)
    pinning.cancel()
    await asyncio.gather(pinning, return_exceptions=True)
    assert all(channel.duplicates == 0 for channel in channels)
    for channel in (*channels, host):
        await channel.close()
    await served.end(signal.SIGTERM)

    store = await Store.open(Settings(data=settings.data, database_url=settings.database_url))
    log = local_log()
    events = await store.read(lambda connection: log.events(connection, broadcast))
    await store.close()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.at for event in events] == sorted(event.at for event in events)
    told = {event.seq: event.data["text"] for event in events if event.kind == "chat.said"}
    assert crowd.said.items() <= told.items()
    placed = [event.data["order"] for event in events if event.kind == "order.placed"]
    assert len(placed) == len(set(placed))
    assert set(crowd.ordered.values()) == set(placed)
    assert len(set(crowd.ordered.values())) == len(crowd.ordered)
    stock = [event.data for event in events if event.kind == "stock.changed"][-1]
    assert stock["sold"] == len(placed)
    assert stock["left"] == RELEASED - len(placed)
