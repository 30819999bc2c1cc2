"""The route of media's health in the API."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends

from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge.contracts import raises
from farmlive.people import Guard


def routes(
    health: Callable[[str], Awaitable[dict[str, Any]]],
    broadcasts: Broadcasts,
    guard: Guard,
    clocks_off: Callable[[], tuple[int, int]],
) -> APIRouter:
    """Return the router of media's one route in the API; `clocks_off` is as in `Pages`."""
    router = APIRouter()

    @router.get(
        "/api/v1/broadcasts/{broadcast}/health",
        dependencies=[Depends(guard.staff)],
        operation_id="broadcasts_get_health",
    )
    @raises(UnknownBroadcast)
    async def read_health(broadcast: str) -> dict[str, Any]:
        """Return each source's health: bitrate, frames, loss, round trip, keyframes.

        With a `clock` where that of the server that answers, or of its database, is off.
        """
        await broadcasts.get(broadcast)
        found = await health(broadcast)
        machine, database = clocks_off()
        if machine or database:
            found |= {"clock": {"offset_ms": machine, "database_offset_ms": database}}
        return found

    return router
