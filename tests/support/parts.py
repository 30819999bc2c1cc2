"""Parts of a server built alone, with stand-ins for the rooms around them.

The stand-ins know every farm and centre, no order and no message; a test passes what it needs.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.types import ASGIApp

from farmlive.broadcast.log import Log
from farmlive.bus import Bus, LocalBus, RedisBus
from farmlive.county.county import of_settings
from farmlive.nodes.signing import Signer
from farmlive.operations.timekeeper import Timekeeper
from farmlive.origin.lots.balance import Sales, Taken
from farmlive.origin.origin import Origin
from farmlive.origin.stops.models import CardLift, StopReason
from farmlive.origin.stops.stops import StopHandler
from farmlive.outages import Outages
from farmlive.pages.rendering.render import Pages
from farmlive.pages.rendering.static import Static
from farmlive.people import DeviceCookie, Guard, People, RateLimits
from farmlive.people.core.lookups import Lookups
from farmlive.settings import Settings
from farmlive.shop.notices.notices import Notices
from farmlive.shop.notices.providers import Provider
from farmlive.shop.orders import order_devices
from farmlive.store import Store
from farmlive.store.keys import Keys

LOOKUPS = Lookups(
    require_farm=lambda _connection, _farm: None,
    require_centre=lambda _connection, _centre: None,
    airings=lambda _connection: {},
    buyer_of_order=lambda _connection, _order: None,
    sender_of_message=lambda _connection, _broadcast, _message: None,
)


def local_log(bus: Bus | None = None) -> Log:
    """A log on this bus, or on one of this process."""
    return Log(bus or LocalBus(), order_devices.devices)


def people_of(store: Store, settings: Settings, bus: Bus | None = None, **lookups: Any) -> People:
    return People(store, settings, bus or LocalBus(), replace(LOOKUPS, **lookups))


def replace_lookups(people: People, **lookups: Any) -> None:
    """Answer people's questions to other rooms in this way from now on."""
    people.lookups = people.blocks.lookups = replace(people.lookups, **lookups)


def limits_of(
    bus: Bus | None = None,
    refused: Callable[[str, str, int], None] = lambda _name, _key, _per_minute: None,
    *,
    clock: Callable[[], float] = time.monotonic,
    capacity: int = 100_000,
) -> RateLimits:
    """Rate limits of a server, alone unless it has a bus."""
    return RateLimits(bus, refused, clock=clock, capacity=capacity)


class NoSales:
    """Nothing is sold of any lot."""

    def stock_of(self, connection: Connection, lots: Iterable[str]) -> Mapping[str, Taken]:
        return {}

    def append_stock(self, connection: Connection, lot: str) -> None:
        pass


class NoStops:
    """Nobody sells the lots that stop."""

    def on_stopped(
        self, connection: Connection, lot: str, reasons: Sequence[StopReason], *, again: bool
    ) -> None:
        pass

    def on_resumed(self, connection: Connection, lot: str, lift: CardLift) -> None:
        pass

    def on_proof_changed(self, connection: Connection, changed: Sequence[str]) -> None:
        pass


def origin_of(
    store: Store,
    settings: Settings,
    *,
    sales: Sales | None = None,
    stop_handler: StopHandler | None = None,
) -> Origin:
    """Origin without a shop."""
    return Origin(store, settings, sales=sales or NoSales(), stop_handler=stop_handler or NoStops())


def signer_of(
    keys: Keys, node: str, clock_epoch: Callable[[], int] = lambda: 0, url: str = ""
) -> Signer:
    """The signer of a server whose database's time was never moved."""
    return Signer(keys, node, clock_epoch, url)


def timekeeper_of(
    store: Store,
    log: Log,
    outages: Outages | None = None,
    moved: Callable[[int], None] = lambda _by: None,
) -> Timekeeper:
    return Timekeeper(store, log, outages or Outages(), moved=moved)


def notices_of(
    store: Store,
    log: Log,
    settings: Settings,
    through: Sequence[Provider] | None = None,
    outages: Outages | None = None,
) -> Notices:
    return Notices(store, log, settings, through, outages=outages or Outages())


def pages_of(
    settings: Settings, guard: Guard, lacks_node_url: Callable[[], bool] = lambda: False
) -> Pages:
    """The pages of a server whose clocks are right."""
    return Pages(
        settings,
        Static(),
        guard,
        clocks_off=lambda: (0, 0),
        lacks_node_url=lacks_node_url,
        county=lambda: of_settings(settings),
    )


def with_device(app: ASGIApp, people: People, *, secure: bool = False, **more: Any) -> DeviceCookie:
    """The application behind the device's cookie, as browsers request it."""
    given = {"session_days": people.settings.session_days, "without": (), **more}
    return DeviceCookie(app, people.pseudonyms, secure=secure, **given)


def redis_bus(url: str, node: str, outages: Outages | None = None) -> RedisBus:
    return RedisBus(url, node, outages or Outages())
