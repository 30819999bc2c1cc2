"""Builds and connects every part that does not speak HTTP, in the order in which they need each
other.
"""

from dataclasses import dataclass

from farmlive.broadcast import commands as broadcast_commands
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.cards import Cards
from farmlive.broadcast.channel import Channel
from farmlive.broadcast.chat import Chat
from farmlive.broadcast.log import Log
from farmlive.broadcast.questions import Questions
from farmlive.bus import Bus
from farmlive.composition.lookups import make_log, make_people
from farmlive.composition.media import MediaParts, build_media
from farmlive.county import County
from farmlive.media_bridge import cameras
from farmlive.media_bridge.ice_probe import IceProbe
from farmlive.operations.probe import Probe
from farmlive.operations.retention import Retention
from farmlive.operations.timekeeper import Timekeeper
from farmlive.origin.origin import Origin
from farmlive.outages import Outages
from farmlive.people import Guard, People
from farmlive.review.review import Review
from farmlive.settings import Settings
from farmlive.shop import commands as shop_commands
from farmlive.shop.lot_trade import LotTrade
from farmlive.shop.orders import order_devices
from farmlive.shop.shop import Shop
from farmlive.store import Store
from farmlive.store.statistics import Statistics


@dataclass
class Rooms:
    """The parts of one server without its HTTP."""

    settings: Settings
    outages: Outages
    probe: Probe
    timekeeper: Timekeeper
    statistics: Statistics
    ice_probe: IceProbe
    store: Store
    bus: Bus
    log: Log
    people: People
    guard: Guard
    county: County
    broadcasts: Broadcasts
    chat: Chat
    channel: Channel
    origin: Origin
    shop: Shop
    review: Review
    retention: Retention
    media: MediaParts

    async def start(self) -> None:
        """Start every part. Raises PortTaken."""
        await self._open_media_port()
        await self.timekeeper.check()
        await self.timekeeper.start()
        await self.media.start()
        await self.people.key_uses.start()
        await self.people.start()
        await self.county.start()
        await self.broadcasts.start()
        await self.chat.start()
        await self.origin.start()
        await self.shop.start()
        await self.retention.loop.start()
        await self.probe.probe_now()
        await self.probe.start()
        await self.statistics.start()
        await self.ice_probe.start()

    async def close(self) -> None:
        """Stop every part, the last started first; committing work completes."""
        await self.media.stop()
        await self.people.key_uses.stop()
        await self.retention.loop.stop()
        await self.shop.stop()
        await self.chat.stop()
        await self.broadcasts.stop()
        await self.county.stop()
        await self.people.stop()
        await self.bus.stop()
        await self.timekeeper.stop()
        await self.ice_probe.stop()
        await self.statistics.stop()
        await self.probe.stop()
        await self.store.close()

    async def _open_media_port(self) -> None:
        try:
            await self.media.relay.start()
        except OSError as error:
            why = error.strerror or str(error)
            # The settings may name one host differently, so they could not detect the collision.
            if self.settings.port == self.settings.tcp_port_number and "TCP" in why:
                why += f" {self.settings.port} is farmlive's own HTTP port (FARMLIVE_PORT), too."
            raise PortTaken(why) from error

    def clocks_off(self) -> tuple[int, int]:
        """Return by how many milliseconds the machine's clock is off, and the database's."""
        return self.timekeeper.standing.off_ms


def build_rooms(settings: Settings, store: Store, bus: Bus, outages: Outages) -> Rooms:
    """Build the rooms on an open store and a running bus. Raises NoNativeEngine."""
    log = make_log(bus)
    people = make_people(store, settings, bus)
    guard = Guard(people)
    county = County(store, settings, bus)
    broadcasts = Broadcasts(store, log, bus)
    chat = Chat(store, log, people)
    timekeeper = Timekeeper(store, log, outages, moved=broadcasts.watches.shift)
    trade = LotTrade(store, log, settings)
    origin = Origin(store, settings, sales=trade.sales, stop_handler=trade.stops)
    shop = Shop(
        store,
        log,
        origin,
        settings,
        trade=trade,
        pseudonym=people.pseudonyms.of_buyer,
        address_pseudonym=people.pseudonyms.of_ip,
        limits=people.limits,
        blocks=people.blocks,
        shown=broadcasts.hubs.lots_shown,
        report_search=people.access.record_search,
        outages=outages,
        whom_to_ask=county.whom_to_ask,
    )
    media = build_media(settings, store, bus, outages, log, people, guard, broadcasts)
    answers = broadcast_commands.BroadcastCommands(
        store,
        log,
        broadcasts,
        chat,
        Questions(store, log),
        Cards(store, log),
        people.limits,
        people.blocks,
        settings,
    )
    channel = Channel(
        store,
        broadcasts,
        guard,
        people.limits,
        settings,
        commands=[
            *broadcast_commands.commands(answers),
            *shop_commands.commands(shop),
            *cameras.commands(media.cameras),
        ],
        orders_of=order_devices.audiences,
    )
    return Rooms(
        settings=settings,
        outages=outages,
        probe=Probe(store, settings, outages),
        timekeeper=timekeeper,
        statistics=Statistics(store),
        ice_probe=IceProbe(settings.turn_urls, outages),
        store=store,
        bus=bus,
        log=log,
        people=people,
        guard=guard,
        county=county,
        broadcasts=broadcasts,
        chat=chat,
        channel=channel,
        origin=origin,
        shop=shop,
        review=Review(store, log, settings),
        retention=Retention(store, log, settings, is_time_doubted=lambda: timekeeper.is_doubted),
        media=media,
    )


class PortTaken(Exception):
    """The port or the IP is not available; the message names the option to change."""
