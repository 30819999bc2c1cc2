"""Clients that get a response for certain: they repeat each request, with its key, until one
comes.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from scripts.benches.trade.acks import Acks

from farmlive.client import ChannelClosed, ChannelDropped, Refusal

PATIENCE_S = 60.0
_AGAIN_S = 0.02


@dataclass
class Market:
    """The shared market: the broadcast, its offers, the scarce offer, a pick-up point, the running
    flash batch of the first offer, and the orders for staff.
    """

    url: str
    broadcast: str
    offers: list[str]
    scarce: str
    centre: str
    seed: int
    told: Acks = field(default_factory=Acks)
    batch: str | None = None
    waiting: int = 0
    for_staff: list[str] = field(default_factory=list)
    acknowledged: int = 0
    repeated: int = 0
    stopping: bool = False


class Refused(Exception):
    """The server refused."""

    def __init__(self, problem: dict[str, Any]):
        super().__init__(problem.get("title"))
        self.problem = problem


async def call_until_answered(market: Market, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Repeat a request until it has a response. Raises Refused."""
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
