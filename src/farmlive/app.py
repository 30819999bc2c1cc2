"""The composition root: builds every part of a server once and connects them. server.py serves it.

composition/ has the pieces: rooms.py the parts in the order in which they need each other, media.py
those of media, http.py the routes, lookups.py what rooms below ask of rooms above.
"""

import contextlib
from dataclasses import dataclass

from starlette.types import ASGIApp

from farmlive.bus import Bus, LocalBus, RedisBus
from farmlive.composition.http import build_http
from farmlive.composition.rooms import PortTaken, Rooms, build_rooms
from farmlive.ids import ulid
from farmlive.openapi import Api
from farmlive.outages import Outages
from farmlive.settings import Settings
from farmlive.store import Store

__all__ = ["Application", "PortTaken", "build"]


@dataclass
class Application(Rooms):
    """Every part of one running server."""

    api: Api
    asgi: ASGIApp


async def build(settings: Settings) -> Application:
    """Open the store, build every part and start it. Raises DatabaseRefused, PortTaken and
    NoNativeEngine.
    """
    async with contextlib.AsyncExitStack() as opened:
        outages = Outages()
        store = await Store.open(settings, migrates=True, alone=True, outages=outages)
        opened.push_async_callback(store.close)
        bus: Bus = LocalBus()
        if settings.redis_url:
            bus = RedisBus(settings.redis_url, ulid(), outages)
        await bus.start()
        opened.push_async_callback(bus.stop)
        rooms = build_rooms(settings, store, bus, outages)
        api, asgi = build_http(rooms)
        await rooms.start()
        opened.pop_all()  # from here on the application closes it
    return Application(**vars(rooms), api=api, asgi=asgi)
