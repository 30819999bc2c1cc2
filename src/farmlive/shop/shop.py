"""The shop: builds and connects its rooms."""

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
from farmlive.shop.audit_names import NamedObject
from farmlive.shop.checkout.holds import Holds
from farmlive.shop.checkout.limits import Blocks
from farmlive.shop.checkout.rush import Rush
from farmlive.shop.checkout.till import Till
from farmlive.shop.checkout.waitlist import Waitlist
from farmlive.shop.claims import claims
from farmlive.shop.claims.photos import ClaimPhotos
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.models import Centre
from farmlive.shop.core.order_models import Order
from farmlive.shop.lot_trade import LotTrade
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.notices.notices import Notices
from farmlive.shop.offers import bag
from farmlive.shop.offers.catalogue import Catalogue
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
from farmlive.shop.privacy.erasing import Erasure
from farmlive.shop.privacy.export import PersonExport
from farmlive.shop.privacy.persons import Persons
from farmlive.shop.stock import stock
from farmlive.shop.stock.lot_watch import LotWatch, ShownLots
from farmlive.store import Store
from farmlive.store.files.files import Files

FORGET_EVERY_S = 600


class Shop:
    """All rooms of the shop.

    `catalogue` has the products, `bag` the offers, `corrections` price corrections, `flashes` flash
    batches, `holds` holds, `waitlist` waiting lists. `till` places orders, `orders` reads and
    changes them, `bulk_actions` applies bulk actions, `pickup` is pick-up; `order_link_limits`
    limits order links, `claims` handles claims, `order_documents` selects orders for documents,
    `notices` sends notices. `lot_watch` updates cards after sales in other broadcasts, for the
    cards that `shown` returns; `lot_orders` lists a stopped lot's orders. `claim_photos` removes
    unused photos; `persons` shows, exports and erases buyers' data, and `erasure` completes
    erasures.

    `trade` is what origin was built with. `report_search` is called with the caller of each search
    for buyers, and `phone` or `name`.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        settings: Settings,
        *,
        trade: LotTrade,
        pseudonym: Pseudonym,
        address_pseudonym: Pseudonym,
        limits: RateLimits,
        blocks: Blocks,
        shown: Callable[[], Mapping[str, ShownLots]],
        report_search: Callable[[Caller, str], None],
        outages: Outages,
        whom_to_ask: Callable[[], str],
    ):
        self._store = store
        self._on_search = report_search
        self.catalogue = Catalogue(store, log)
        self.rush = Rush(store, log, settings)
        self.allocation = trade.allocation
        self.waitlist = Waitlist(
            store,
            log,
            settings,
            address_pseudonym=address_pseudonym,
            limits=limits,
            blocks=blocks,
            rush=self.rush,
            allocation=self.allocation,
        )
        self.bag = bag.Bag(
            store, log, origin, settings, allocate_returned=self.allocation.allocate_returned
        )
        self.corrections = Corrections(store, log)
        allocate_returned = self.allocation.allocate_returned
        self.flashes = trade.flashes
        self.holds = Holds(
            store,
            log,
            settings,
            address_pseudonym=address_pseudonym,
            limits=limits,
            blocks=blocks,
            rush=self.rush,
            allocate_returned=allocate_returned,
            on_dropped=self.allocation.allocate_after_order,
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
            ordered=self.allocation.allocate_after_order,
        )
        self._sources = Periodic(
            FORGET_EVERY_S,
            partial(box_limits.forget_old, store),
            "from which addresses orders came was not forgotten; trying again",
        )
        steps = Transitions(log, allocate_returned=allocate_returned)
        self.orders = Orders(store, log, origin, steps, address_pseudonym, whom_to_ask=whom_to_ask)
        self.order_link_limits = OrderLinkLimits(store, limits)
        self.bulk_actions = BulkActions(store, log, origin, steps)
        self.pickup = Pickup(store, origin, steps, limits)
        photos = Files(settings, claims.FOLDER)
        self.claims = claims.Claims(
            store,
            log,
            origin,
            steps,
            photos,
            limits,
            photos_per_order=settings.photos_per_order,
            whom_to_ask=whom_to_ask,
        )
        self.claim_photos = ClaimPhotos(store, settings.data / claims.FOLDER)
        self.erasure = Erasure(store, log, settings, self.claim_photos, pseudonym=pseudonym)
        self.order_documents = OrderDocuments(store, log, origin)
        self.lot_orders = LotOrdersList(store, origin)
        self.notices = Notices(store, log, settings, outages=outages)
        self._codes = PersonCodes(store, settings, self.notices.providers)
        self.persons = Persons(
            store,
            settings,
            self.erasure,
            PersonExport(store, log, origin, photos),
            self._codes,
            limits,
            pseudonym=pseudonym,
            address_pseudonym=address_pseudonym,
        )
        self.lot_watch = LotWatch(store, log, shown)
        log.add_handler("broadcast.started", self.flashes.begin_due)
        # Nobody waits any more for the boxes that flash batches return.
        log.add_handler("broadcast.ended", self.waitlist.end)
        log.add_handler("broadcast.ended", self.flashes.end_all)
        log.add_handler("card.pinned", stock.check_shown)
        log.add_handler("card.pinned", origin.moment(_lot_shown))

    async def start(self) -> None:
        """Start the tasks: expiry of holds, flash batches, notices, card updates and clean-up of
        photos.
        """
        await self.holds.scheduler.start()
        await self.rush.scheduler.start()
        await self._sources.start()
        await self.flashes.scheduler.start()
        await self.notices.start()
        await self.lot_watch.periodic.start()
        await self.claim_photos.periodic.start()
        await self.erasure.periodic.start()

    async def stop(self) -> None:
        """Stop what `start` started."""
        await self._codes.stop()
        await self.erasure.periodic.stop()
        await self.claim_photos.periodic.stop()
        await self.lot_watch.periodic.stop()
        await self.notices.stop()
        await self.flashes.scheduler.stop()
        await self._sources.stop()
        await self.rush.scheduler.stop()
        await self.holds.scheduler.stop()

    def report_search(self, caller: Caller, find: str | None) -> None:
        """Report a search that may find a buyer: not a seller's, and not one by order number."""
        if (
            find is not None
            and caller.role != "seller"
            and (by := order_search.kind_of_term(find)) != "number"
        ):
            self._on_search(caller, by)

    async def place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        """Place an order: `Till.place`."""
        return await self.till.place(caller, broadcast, request)

    async def order(self, token: str) -> Order:
        """Return the order with this token. Raises UnknownOrder."""
        return await self.orders.by_token(token)

    async def order_by_document(self, order: str, mark: str) -> Order:
        """Return the order with this document URL: `Orders.by_document`."""
        return await self.orders.by_document(order, mark)

    async def named_objects(self, ids: Collection[str]) -> dict[str, NamedObject]:
        """Return the objects and names behind these ids, for coordinators."""
        return await self._store.read(lambda conn: audit_names.look_up(conn, ids))

    async def centres(self) -> list[Centre]:
        """List the pick-up points, oldest first."""
        return await self.catalogue.centres()


def _lot_shown(connection: Connection, event: Event) -> str | None:
    """Return the lot of a pinned card, in the event's transaction."""
    return bag.lot_of_offer(connection, CardPinned.parse(event.data).offer)
