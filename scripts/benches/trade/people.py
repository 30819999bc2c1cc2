"""All who trade in a run of the crash bench: buyers on the channel and by HTTP, and staff."""

import asyncio
from collections.abc import Callable

from scripts.benches.trade.buying import Buyer
from scripts.benches.trade.retrying_client import PATIENCE_S, Market
from scripts.benches.trade.staff_load import Staff

from farmlive.client import Api, Channel

CHANNELS, HTTP = 6, 2


class People:
    """All of them. `key` is the API key of the staff."""

    def __init__(self, market: Market, key: str):
        self._market, self._key = market, key
        self._tasks: list[asyncio.Task[None]] = []
        self._channels: list[Channel] = []
        self._apis: list[Api] = []

    async def start(self) -> None:
        """Open the channels and start all of them."""
        market = self._market
        buyers = [await self._channel() for _ in range(CHANNELS)]
        whos: list[Channel | Api] = [*buyers, *(self._api() for _ in range(HTTP))]
        pages = self._api()
        staff = Staff(market, await self._channel(self._key), self._api(self._key))
        acts = [Buyer(market, number, who, pages).act() for number, who in enumerate(whos)]
        self._tasks = [
            asyncio.create_task(act) for act in (*acts, staff.sell(), staff.process_orders())
        ]

    async def wait_acknowledged(self, count: int) -> None:
        """Wait until this number of buyers' requests is acknowledged."""
        await self._wait(lambda: self._market.acknowledged >= count)

    async def wait_repeated(self, count: int) -> None:
        """Wait until this number of requests was repeated, since a fault met them."""
        await self._wait(lambda: self._market.repeated >= count)

    async def _wait(self, reached: Callable[[], bool]) -> None:
        while not reached():
            done, _ = await asyncio.wait(self._tasks, timeout=0.01)
            for task in done:
                task.result()

    async def stop(self) -> None:
        """Let every request have its response, then end."""
        self._market.stopping = True
        await asyncio.gather(*self._tasks)
        for channel in self._channels:
            await channel.close()
        for api in self._apis:
            await api.close()

    async def _channel(self, key: str | None = None) -> Channel:
        market = self._market
        channel = await Channel.connect(
            market.url, market.broadcast, key=key, patience_s=PATIENCE_S
        )
        self._channels.append(channel)
        return channel

    def _api(self, key: str | None = None) -> Api:
        self._apis.append(Api(self._market.url, key=key, timeout_s=20))
        return self._apis[-1]
