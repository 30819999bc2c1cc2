"""People who are answered for certain: each request is repeated, with its key, until it is."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from scripts.benches.trade.acks import Told

from farmlive.client import ChannelClosed, ChannelDropped, Refusal

PATIENCE_S = 60.0
_AGAIN_S = 0.02


@dataclass
class Market:
    """Where they all meet: the broadcast, its offers, the one of which there is never enough, a
    pick-up point, the flash batch of the first offer while one runs, and what is for staff to do.
    """

    url: str
    broadcast: str
    offers: list[str]
    scarce: str
    centre: str
    seed: int
    told: Told = field(default_factory=Told)
    batch: str | None = None
    waiting: int = 0
    for_staff: list[str] = field(default_factory=list)
    acknowledged: int = 0
    repeated: int = 0
    stopping: bool = False


class Refused(Exception):
    """The server says no."""

    def __init__(self, problem: dict[str, Any]):
        super().__init__(problem.get("title"))
        self.problem = problem


async def certain(market: Market, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until it is answered. Raises Refused."""
    while True:
        with contextlib.suppress(ChannelDropped, httpx.TransportError):
            try:
                return await ask()
            except Refusal as refusal:
                if refusal.status != 503:
                    raise Refused(refusal.body) from refusal
            except ChannelClosed as closed:
                raise ConnectionError(f"a channel did not come back: {closed}") from closed
        market.repeated += 1
        await asyncio.sleep(_AGAIN_S)
