"""Builds the server's HTTP: the API with every room's routes, the pages, and the layers around."""

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.types import ASGIApp

from farmlive import command_routes, file_routes
from farmlive.broadcast import routes as broadcast_routes
from farmlive.broadcast.log import UnknownBroadcast
from farmlive.composition.rooms import Rooms
from farmlive.county import routes as county_routes
from farmlive.edge import answer_headers, hosts, http_edge, request_limits
from farmlive.edge.arrivals import Arrivals
from farmlive.edge.contracts import raises
from farmlive.media.routes import sessions as media_routes
from farmlive.media_bridge import routes as media_bridge_routes
from farmlive.nodes import receiving
from farmlive.nodes.forwarding import PATH
from farmlive.openapi import Api
from farmlive.operations import routes as operations_routes
from farmlive.origin import routes as origin_routes
from farmlive.pages import county as county_pages
from farmlive.pages import review as review_pages
from farmlive.pages import routes as page_routes
from farmlive.pages import studio
from farmlive.pages.errors import error_renderer
from farmlive.pages.person import PersonPage
from farmlive.pages.rendering.render import Pages
from farmlive.pages.rendering.static import Static
from farmlive.pages.services import Services
from farmlive.people import DeviceCookie
from farmlive.people import routes as people_routes
from farmlive.review import routes as review_routes
from farmlive.shop.routes import (
    addresses,
    claims,
    notices,
    offers,
    orders,
    privacy,
    shipping,
    waitlist,
)
from farmlive.shop.shipping.fees import ParcelFees
from farmlive.store.files.files import Files


def build_http(rooms: Rooms) -> tuple[Api, ASGIApp]:
    """Return the API, and the ASGI application with the API and the layers around it."""
    static = Static()
    pages = Pages(
        rooms.settings,
        static,
        rooms.guard,
        clocks_off=rooms.clocks_off,
        lacks_node_url=rooms.media.forwarding.lacks_url,
        county=lambda: rooms.county.profile,
    )
    api = Api(rooms.people.cookies)
    for router in _routers(rooms, api, pages, static):
        # Add its routes as they are; `include_router` would build each one again.
        api.router.routes.extend(router.routes)
    api.mount("/static", static)
    answer = http_edge.answer_problems(
        api, error_renderer(pages, rooms.guard), rooms.guard.record_refused_request
    )
    return api, _with_layers(rooms, request_limits.Texts(api, answer))


def _routers(rooms: Rooms, api: Api, pages: Pages, static: Static) -> list[APIRouter]:
    """Return the routers in the order in which Starlette matches them: viewers come in hundreds at
    once, so their routes are first.
    """
    store, settings, log, guard = rooms.store, rooms.settings, rooms.log, rooms.guard
    people, broadcasts, origin, shop = rooms.people, rooms.broadcasts, rooms.origin, rooms.shop
    media = rooms.media
    services = Services(rooms.bus, guard, people, broadcasts, shop, origin, rooms.review)
    person_page = PersonPage(pages, settings)

    @raises(UnknownBroadcast)
    def broadcast_state(connection: Connection, broadcast: str) -> str:
        return log.head(connection, broadcast).state

    return [
        page_routes.start_page(pages, services),
        media_routes.routes(media.sessions, media.access, settings),
        broadcast_routes.routes(
            store, log, broadcasts, rooms.channel, rooms.chat, guard, Files(settings)
        ),
        command_routes.routes(rooms.channel.commands.values(), guard),
        people_routes.routes(people, guard, broadcast_state),
        file_routes.routes(store, settings, guard),
        county_routes.routes(rooms.county, guard),
        origin_routes.routes(origin, guard),
        offers.routes(shop, guard),
        shipping.routes(ParcelFees(store, settings), guard),
        addresses.routes(people.limits, guard),
        orders.routes(shop, guard),
        claims.routes(shop, guard),
        privacy.routes(shop, guard, people.access.record_export, person_page.draw),
        waitlist.routes(shop, guard),
        notices.routes(shop, guard),
        review_routes.routes(rooms.review, guard),
        media_bridge_routes.routes(media.sessions.health, broadcasts, guard, rooms.clocks_off),
        receiving.routes(media.here, media.leases, media.signer),
        operations_routes.routes(
            api.openapi,
            store=store,
            probe=rooms.probe,
            timekeeper=rooms.timekeeper,
            broadcasts=broadcasts,
            guard=guard,
            media=media.metrics,
            notices=shop.notices.counts,
            outages=rooms.outages,
            rush=shop.rush.counters,
        ),
        page_routes.routes(pages, services, settings, person_page),
        # Before the broadcasts': /studio/county is none.
        county_pages.routes(pages, services, static, rooms.county),
        studio.routes(pages, services, settings),
        review_pages.routes(pages, services, settings),
    ]


def _with_layers(rooms: Rooms, asgi: ASGIApp) -> ASGIApp:
    """Return the application with the layers that each request passes, the innermost first."""
    settings = rooms.settings
    asgi = DeviceCookie(
        asgi,
        rooms.people.pseudonyms,
        secure=settings.secure,
        session_days=settings.session_days,
        without=(PATH,),
    )
    asgi = request_limits.BodyLimit(
        http_edge.Heads(http_edge.RequestLog(asgi)),
        settings.max_body_kib * 1024,
        uploads=file_routes.PATHS,
        upload_limit=settings.max_upload_mib << 20,
    )
    return Arrivals(answer_headers.AnswerHeaders(hosts.OwnHosts(asgi, settings), settings))
