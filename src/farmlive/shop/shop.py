"""The shop: its catalogue, its bag, its till, its holds and the orders that were taken."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from farmlive.broadcast.events import CardPinned
from farmlive.broadcast.log import Event, Log
from farmlive.origin.origin import Origin
from farmlive.outages import Outages
from farmlive.people import Caller
from farmlive.people.core.rate_limits import RateLimits
from farmlive.periodic import Periodic
from farmlive.settings import Settings
from farmlive.shop import audit_names
from farmlive.shop.audit_names import Thing
from farmlive.shop.checkout.holds import Holds
from farmlive.shop.checkout.limits import Blocks
from farmlive.shop.checkout.rush import Rush
from farmlive.shop.checkout.till import Till
from farmlive.shop.checkout.waitlist import Waitlist
from farmlive.shop.checkout.waitlist_allocation import Allocation
from farmlive.shop.claims import claims
from farmlive.shop.claims.photos import ClaimPhotos
from farmlive.shop.core.models import Centre
from farmlive.shop.core.order_models import Order, OrderPlace
from farmlive.shop.flash.flashes import Flashes
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.notices.notices import Notices
from farmlive.shop.offers import bag
from farmlive.shop.offers.catalogue import Catalogue
from farmlive.shop.offers.lot_stops import LotStops
from farmlive.shop.orders import box_limits, order_search
from farmlive.shop.orders.bulk_actions import BulkActions
from farmlive.shop.orders.lot_orders import LotOrdersList
from farmlive.shop.orders.order_documents import OrderDocuments
from farmlive.shop.orders.order_link_limits import OrderLinkLimits
from farmlive.shop.orders.orders import Orders
from farmlive.shop.orders.pickup import Pickup
from farmlive.shop.orders.price_correction import Corrections
from farmlive.shop.orders.transitions import Transitions
from farmlive.shop.privacy.codes import PersonCodes
from farmlive.shop.privacy.erasing import Erasing
from farmlive.shop.privacy.export import PersonExport
from farmlive.shop.privacy.persons import Persons
from farmlive.shop.stock import stock
from farmlive.shop.stock.lot_watch import LotWatch, Shown
from farmlive.store import Store
from farmlive.store.files.files import Files

FORGET_EVERY_S = 600


class Shop:
    """Everything that is sold.

    `catalogue` keeps the products, `bag` the offers, `corrections` puts their prices right,
    `flashes` runs their flash batches, `holds` is what is kept for buyers, `waits` who waits for
    what is sold out; `till` takes the orders, `orders` keeps them, `moves` and `handovers` bring
    them on, `by_token` counts what is done by their links, `claims` are about them, `papers` reads
    those chosen to be printed, and `notices` tell their buyers; `lot_watch` tells viewers what was
    sold elsewhere of what they see, and is told by `shown` what that is; `lot_stops` tells them and
    those who wait what was stopped and lifted, `lot_orders` staff who has it; `claim_photos` clears
    away those that nobody sent; `persons` shows, exports and erases what is kept of a buyer, and
    `erasing` goes on with what was left of that.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        settings: Settings,
        *,
        pseudonym: Pseudonym,
        address_pseudonym: Pseudonym,
        limits: RateLimits,
        blocks: Blocks,
        shown: Callable[[], Mapping[str, Shown]] = dict,
        outages: Outages | None = None,
    ):
        self._store = store
        self._searched: Callable[[Caller, str], None] = lambda _caller, _by: None
        self.catalogue = Catalogue(store, log)
        self.rush = Rush(store, log, settings)
        self.allocation = Allocation(log, settings)
        self.waits = Waitlist(
            store,
            log,
            settings,
            address_pseudonym=address_pseudonym,
            limits=limits,
            blocks=blocks,
            rush=self.rush,
            allocation=self.allocation,
        )
        self.bag = bag.Bag(store, log, origin, settings, settle=self.allocation.settle)
        self.corrections = Corrections(store, log)
        settle = self.allocation.settle
        self.flashes = Flashes(store, log, settle=settle)
        self.holds = Holds(
            store,
            log,
            settings,
            address_pseudonym=address_pseudonym,
            limits=limits,
            blocks=blocks,
            rush=self.rush,
            settle=settle,
            dropped=self.allocation.ordered,
        )
        self.till = Till(
            store,
            log,
            settings,
            pseudonym=pseudonym,
            address_pseudonym=address_pseudonym,
            limits=limits,
            blocks=blocks,
            rush=self.rush,
            ordered=self.allocation.ordered,
        )
        self._sources = Periodic(
            FORGET_EVERY_S,
            partial(box_limits.forget_old, store),
            "from which addresses orders came was not forgotten; trying again",
        )
        steps = Transitions(log, settle=settle)
        self.orders = Orders(
            store, log, origin, steps, address_pseudonym, whom_to_ask=settings.whom_to_ask
        )
        self.by_token = OrderLinkLimits(store, limits)
        self.moves = BulkActions(store, log, origin, steps)
        self.handovers = Pickup(store, origin, steps, limits)
        photos = Files(settings, claims.FOLDER)
        self.claims = claims.Claims(
            store,
            log,
            origin,
            steps,
            photos,
            limits,
            photos_per_order=settings.photos_per_order,
            whom_to_ask=settings.whom_to_ask,
        )
        self.claim_photos = ClaimPhotos(store, settings.data / claims.FOLDER)
        self.erasing = Erasing(store, log, settings, self.claim_photos, pseudonym=pseudonym)
        self.papers = OrderDocuments(store, log, origin)
        self.lot_orders = LotOrdersList(store, origin)
        self.notices = Notices(store, log, settings, outages=outages)
        self._codes = PersonCodes(store, settings, self.notices.through)
        self.persons = Persons(
            store,
            settings,
            self.erasing,
            PersonExport(store, log, origin, photos),
            self._codes,
            limits,
            pseudonym=pseudonym,
            address_pseudonym=address_pseudonym,
        )
        self.lot_stops = LotStops(log, self.flashes, serve=self.allocation.serve)
        self.lot_watch = LotWatch(store, log, shown)

    async def start(self) -> None:
        """Let holds run out, flash batches start and end, and buyers hear, when it is time; viewers
        see what is sold elsewhere; and photos that nobody sent go.
        """
        await self.holds.alarm.start()
        await self.rush.alarm.start()
        await self._sources.start()
        await self.flashes.alarm.start()
        await self.notices.start()
        await self.lot_watch.again.start()
        await self.claim_photos.again.start()
        await self.erasing.again.start()

    async def stop(self) -> None:
        """Stop what `start` began."""
        await self._codes.stop()
        await self.erasing.again.stop()
        await self.claim_photos.again.stop()
        await self.lot_watch.again.stop()
        await self.notices.stop()
        await self.flashes.alarm.stop()
        await self._sources.stop()
        await self.rush.alarm.stop()
        await self.holds.alarm.stop()

    def searches_heard_by(self, hear: Callable[[Caller, str], None]) -> None:
        """Tell this of each search for buyers: who searched, and by `phone` or `name`."""
        self._searched = hear

    def searched(self, caller: Caller, find: str | None) -> None:
        """Tell of a search by what somebody wrote where it may find a buyer: a seller's does not,
        nor does an order's number.
        """
        if (
            find is not None
            and caller.role != "seller"
            and (by := order_search.sought(find)) != "number"
        ):
            self._searched(caller, by)

    async def place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        """Take an order: `Till.place`."""
        return await self.till.place(caller, broadcast, request)

    def check_shown(self, connection: Connection, event: Event) -> None:
        """Hear of a card that is put on the screen: of a stopped lot none is. Raises LotStopped."""
        stock.check_shown(connection, event)

    def lot_shown(self, connection: Connection, event: Event) -> str | None:
        """The lot of a card that is put on the screen, in the event's transaction."""
        return bag.lot_of_offer(connection, CardPinned.of(event.data).offer)

    def audiences(self, connection: Connection, broadcast: str, device: str) -> list[str]:
        """The audiences that a device has by its orders in the broadcast: `order:{id}` each."""
        return self.orders.audiences(connection, broadcast, device)

    async def order(self, token: str) -> Order:
        """The order whose page has this token. Raises UnknownOrder."""
        return await self.orders.by_token(token)

    async def order_on_paper(self, order: str, mark: str) -> Order:
        """The order whose papers have this address: `Orders.by_paper`."""
        return await self.orders.by_paper(order, mark)

    async def things(self, ids: Collection[str]) -> dict[str, Thing]:
        """What these identifiers are of and how it is called, for coordinators."""
        return await self._store.read(lambda conn: audit_names.things(conn, ids))

    async def centres(self) -> list[Centre]:
        """The pick-up points, oldest first."""
        return await self.catalogue.centres()
