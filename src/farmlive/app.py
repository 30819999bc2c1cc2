"""The composition root: builds every part once and connects them. server.py serves them.

Rooms that may not import each other are connected here: media's events about sources go to
broadcasts, and the channel passes `order.place` to the shop.
"""

import contextlib
from dataclasses import dataclass

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.types import ASGIApp

from farmlive import command_routes, uploads
from farmlive.broadcast import airings
from farmlive.broadcast import commands as broadcast_commands
from farmlive.broadcast import routes as broadcast_routes
from farmlive.broadcast.broadcasts import Broadcasts
from farmlive.broadcast.cards import Cards
from farmlive.broadcast.channel import Channel
from farmlive.broadcast.chat import Chat
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.bus import Bus, LocalBus, RedisBus
from farmlive.edge import answer_headers, hosts, http_edge, request_limits
from farmlive.edge.arrivals import Arrivals
from farmlive.edge.contracts import raises
from farmlive.ids import ulid
from farmlive.media import Relay
from farmlive.media import routes as media_routes
from farmlive.media.session_service import Here
from farmlive.media_bridge import bridge, cameras
from farmlive.media_bridge.ice_probe import IceProbe
from farmlive.media_bridge.publishers import Publishers
from farmlive.nodes import Anywhere, Leases, receiving
from farmlive.nodes.forwarding import PATH, Forwarding
from farmlive.nodes.signing import Signer
from farmlive.openapi import Api
from farmlive.operations import routes
from farmlive.operations.probe import Probe
from farmlive.operations.retention import Retention
from farmlive.operations.timekeeper import Timekeeper
from farmlive.origin import routes as origin_routes
from farmlive.origin.lots import farms
from farmlive.origin.origin import Origin
from farmlive.outages import Outages
from farmlive.pages import review as review_pages
from farmlive.pages import routes as page_routes
from farmlive.pages import studio
from farmlive.pages.errors import error_page
from farmlive.pages.person import PersonPage
from farmlive.pages.rendering.render import Pages
from farmlive.pages.rendering.static import Static
from farmlive.pages.services import Services
from farmlive.people import DeviceCookie, Guard, People
from farmlive.people.core.devices import ADDRESS, BUYER
from farmlive.people.routes import accounts as people_routes
from farmlive.review import routes as review_routes
from farmlive.review.review import Review
from farmlive.settings import Settings
from farmlive.shop import commands as shop_commands
from farmlive.shop.offers import catalogue
from farmlive.shop.routes import claims, notices, orders, privacy, shipping, waitlist
from farmlive.shop.routes import offers as shop_routes
from farmlive.shop.shipping.fees import ParcelFees
from farmlive.shop.shop import Shop
from farmlive.shop.stock.lot_sales import LotSales
from farmlive.store import Store
from farmlive.store.statistics import Statistics


@dataclass
class Application:
    """Every part of one running server."""

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
    broadcasts: Broadcasts
    chat: Chat
    channel: Channel
    origin: Origin
    shop: Shop
    review: Review
    retention: Retention
    gate: bridge.StreamGate
    relay: Relay
    sessions: Anywhere
    leases: Leases
    forwarding: Forwarding
    publishers: Publishers
    api: Api
    asgi: ASGIApp

    async def close(self) -> None:
        """Stop every part, the last built first; committing work completes."""
        await self.publishers.stop()
        await self.people.key_uses.stop()
        await self.relay.stop()
        await self.gate.stop()
        await self.leases.stop()
        await self.forwarding.stop()
        await self.retention.again.stop()
        await self.shop.stop()
        await self.chat.stop()
        await self.broadcasts.stop()
        await self.people.stop()
        await self.bus.stop()
        await self.timekeeper.stop()
        await self.ice_probe.stop()
        await self.statistics.stop()
        await self.probe.stop()
        await self.store.close()


async def build(settings: Settings) -> Application:
    """Open the store and build every part. Raises DatabaseRefused, PortTaken and NoNativeEngine."""
    async with contextlib.AsyncExitStack() as opened:
        outages = Outages()
        store = await Store.open(settings, migrates=True, alone=True, outages=outages)
        opened.push_async_callback(store.close)
        bus: Bus = LocalBus()
        if settings.redis_url:
            bus = RedisBus(settings.redis_url, ulid(), outages)
        await bus.start()
        opened.push_async_callback(bus.stop)
        house = await _furnished(settings, store, bus, outages)
        opened.pop_all()  # from here on the application closes it
    return house


async def _furnished(settings: Settings, store: Store, bus: Bus, outages: Outages) -> Application:
    """Build the rooms on an open store and a running bus."""
    log = Log(bus)
    timekeeper = Timekeeper(store, log, outages)
    people = People(store, settings)
    if settings.redis_url:
        people.share(bus)
    guard = Guard(people)
    broadcasts = Broadcasts(store, log, bus)
    chat = Chat(store, log, people)
    channel = Channel(store, broadcasts, guard, people.limits, settings)
    answers = broadcast_commands.BroadcastCommands(
        store,
        log,
        broadcasts,
        chat,
        Cards(store, log),
        people.limits,
        people.blocks,
        settings,
    )
    origin = Origin(store, settings)

    async def pseudonym(phone: str) -> str:
        return await people.pseudonyms.of(BUYER, phone)

    async def address_pseudonym(address: str) -> str:
        return await people.pseudonyms.of(ADDRESS, address)

    shop = Shop(
        store,
        log,
        origin,
        settings,
        pseudonym=pseudonym,
        address_pseudonym=address_pseudonym,
        limits=people.limits,
        blocks=people.blocks,
        shown=broadcasts.hubs.lots_shown,
        outages=outages,
    )
    origin.sold_by(LotSales(log, settle=shop.allocation.settle))
    origin.stops_heard_by(shop.lot_stops)
    review = Review(store, log, settings)
    retention = Retention(store, log, settings, waits=lambda: timekeeper.is_doubted)
    log.hear("card.pinned", shop.check_shown)
    log.hear("card.pinned", origin.moment(shop.lot_shown))
    channel.orders_of(shop.audiences)
    log.buyers_by(shop.orders.devices)
    people.farms_by(farms.find)
    people.centres_by(catalogue.find_centre)
    people.airings_by(airings.running)
    people.blocks.sources(shop.orders.buyer_of, chat.sender)
    channel.register(broadcast_commands.commands(answers))
    channel.register(shop_commands.commands(shop))
    stream_gate = bridge.StreamGate(settings, store, log, people, guard, broadcasts)
    relay = Relay(settings, stream_gate)
    leases = Leases(
        store,
        settings,
        outages,
        used=relay.broadcasts,
        begin=lambda connection, broadcast: airings.end_all(connection, log, broadcast),
        lost=relay.end,
    )
    stream_gate.write_under(leases)
    signer = Signer(store.keys, leases.node, lambda: store.clock_epoch, settings.node_url)
    forwarding = Forwarding(signer, outages, settings.node_url)
    here = Here(relay)
    anywhere = Anywhere(here, leases, forwarding)
    await stream_gate.close_at_the_end(bus, relay, anywhere)
    switcher = cameras.Cameras(store, log, relay, anywhere, bus)
    people.guests.on_end(switcher.send_away)
    publishers = Publishers(people, relay, bus)
    people.on_shut_out(publishers.shut_out)
    channel.register(cameras.commands(switcher))
    try:
        await relay.start()
    except OSError as error:
        why = error.strerror or str(error)
        # The settings may name one host differently, so they could not detect the collision.
        if settings.port == settings.tcp_port_number and "TCP" in why:
            why += f" {settings.port} is farmlive's own HTTP port (FARMLIVE_PORT), too."
        raise PortTaken(why) from error
    timekeeper.on_move(broadcasts.watches.moved)
    await timekeeper.look()
    await timekeeper.start()
    await leases.start()
    await publishers.start()
    await people.key_uses.start()
    await people.start()
    await broadcasts.start()
    await chat.start()
    await origin.start()
    await shop.start()
    await retention.again.start()
    static = Static()

    def clocks_off() -> tuple[int, int]:
        return timekeeper.standing.off_ms

    pages = Pages(
        settings,
        static,
        guard,
        clocks_off=clocks_off,
        lacks_node_url=forwarding.lacks_url,
    )

    @raises(UnknownBroadcast)
    def broadcast_state(connection: Connection, broadcast: str) -> str:
        return log.head(connection, broadcast).state

    api = Api(people.cookies)
    shop.searches_heard_by(people.access.searched)
    rooms = Services(bus, guard, people, broadcasts, shop, origin, review)
    # Starlette matches routes in order, and viewers come in hundreds at once.
    _add(api, page_routes.start_page(pages, rooms))
    _add(api, media_routes.routes(anywhere, stream_gate, settings))
    _add(api, broadcast_routes.routes(store, log, broadcasts, channel, chat, guard))
    _add(api, command_routes.routes(channel.commands.values(), guard))
    _add(api, people_routes.routes(people, guard, broadcast_state))
    _add(api, uploads.routes(store, settings, guard))
    _add(api, origin_routes.routes(origin, guard))
    _add(api, shop_routes.routes(shop, guard))
    _add(api, shipping.routes(ParcelFees(store, settings), guard))
    _add(api, orders.routes(shop, guard))
    _add(api, claims.routes(shop, guard))
    person_page = PersonPage(pages, settings)
    _add(api, privacy.routes(shop, guard, people.access.exported, person_page.draw))
    _add(api, waitlist.routes(shop, guard))
    _add(api, notices.routes(shop, guard))
    _add(api, review_routes.routes(review, guard))
    _add(api, bridge.routes(anywhere.health, broadcasts, guard, clocks_off))
    _add(api, receiving.routes(here, leases, signer))

    def media_numbers() -> dict[str, float]:
        more = {"leases": leases.count, "forwarded": forwarding.forwarded}
        return {**relay.metrics(), **more}

    probe = Probe(store, settings, outages)
    watching = routes.routes(
        api.openapi,
        store=store,
        probe=probe,
        timekeeper=timekeeper,
        broadcasts=broadcasts,
        guard=guard,
        media=media_numbers,
        notices=shop.notices.counts,
        outages=outages,
        rush=shop.rush.counts,
    )
    _add(api, watching)
    _add(api, page_routes.routes(pages, rooms, settings, person_page))
    _add(api, studio.routes(pages, rooms, settings))
    _add(api, review_pages.routes(pages, rooms, settings))
    api.mount("/static", static)
    answer = http_edge.answer_problems(api, error_page(pages, guard), guard.refused_request)
    asgi: ASGIApp = request_limits.Texts(api, answer)
    asgi = DeviceCookie(
        asgi,
        people.pseudonyms,
        secure=settings.secure,
        session_days=settings.session_days,
        without=(PATH,),
    )
    asgi = request_limits.BodyLimit(
        http_edge.Heads(http_edge.RequestLog(asgi)),
        settings.max_body_kib * 1024,
        uploads=uploads.PATHS,
        upload_limit=settings.max_upload_mib << 20,
    )
    await probe.look()
    await probe.start()
    statistics = Statistics(store)
    await statistics.start()
    ice_probe = IceProbe(settings.turn_urls, outages)
    await ice_probe.start()
    asgi = Arrivals(answer_headers.AnswerHeaders(hosts.OwnHosts(asgi, settings), settings))
    return Application(
        settings=settings,
        outages=outages,
        probe=probe,
        timekeeper=timekeeper,
        statistics=statistics,
        ice_probe=ice_probe,
        store=store,
        bus=bus,
        log=log,
        people=people,
        guard=guard,
        broadcasts=broadcasts,
        chat=chat,
        channel=channel,
        origin=origin,
        shop=shop,
        review=review,
        retention=retention,
        gate=stream_gate,
        relay=relay,
        sessions=anywhere,
        leases=leases,
        forwarding=forwarding,
        publishers=publishers,
        api=api,
        asgi=asgi,
    )


def _add(api: Api, router: APIRouter) -> None:
    """Add a room's routes as they are; `include_router` would build each one again."""
    api.router.routes.extend(router.routes)


class PortTaken(Exception):
    """The port or the IP is not available; the message names the option to change."""
