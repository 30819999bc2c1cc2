"""A client of the live channel that reads frames as they are."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.support.waiting import LONG_S
from websockets.asyncio.client import ClientConnection, connect

from farmlive.people import RateLimits
from farmlive.server import Server

FACTS = {"name": {"zh": "金桔", "en": "Kumquats"}, "released": 5, "left": 5}
OFFER = {"offer": "01OFFER", **FACTS}
CARD = {"id": "01OFFER", **FACTS}


def address(server: Server, broadcast: str, query: str = "") -> str:
    return f"{server.url.replace('http', 'ws')}/api/v1/broadcasts/{broadcast}/live{query}"


@asynccontextmanager
async def channel(
    server: Server, broadcast: str, query: str = "", key: str = "", **options: Any
) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    headers |= options.pop("headers", {})
    async with connect(
        address(server, broadcast, query),
        subprotocols=["farmlive.v1"],  # type: ignore[list-item]
        additional_headers=headers,
        **options,
    ) as socket:
        yield socket


async def get(socket: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), LONG_S))
    return frame


async def comes(
    socket: ClientConnection, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The first frame that is wanted, among whatever else comes."""
    while True:
        frame = await get(socket)
        if wanted(frame):
            return frame


async def ask(socket: ClientConnection, type_: str, **fields: Any) -> dict[str, Any]:
    await socket.send(json.dumps({"type": type_, "id": "1", **fields}))
    return await comes(socket, lambda frame: frame["type"] == "reply")


def with_kind(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda frame: (
        frame["type"] == "events" and any(event["kind"] == kind for event in frame["events"])
    )


def use_up(limits: RateLimits, *names: str) -> None:
    """Use up what this computer may, at a moment that stands still.

    It is an hour from now: another server on the same Redis may have told of its last uses.
    """
    later = time.monotonic() + 3600.0
    limits._clock = lambda: later
    for name in names:
        limits.allow(name, "127.0.0.1", 1)
