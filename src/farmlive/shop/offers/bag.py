"""The bag: a broadcast's offers with live price and released stock.

Each change is an event in the log, appended in the change's own transaction. cards.py reads the
offers' cards; checkout/till.py sells.
"""

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from farmlive.broadcast import events
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.edge.contracts import raises
from farmlive.ids import ulid
from farmlive.money import Money
from farmlive.origin.core.problems import LotStopped
from farmlive.origin.origin import Origin
from farmlive.origin.stops import reasons
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.problems import BroadcastEnded, Invalid
from farmlive.settings import Settings
from farmlive.shop.core import currencies, idempotency
from farmlive.shop.core.models import (
    BagOrder,
    Card,
    ChangedOffer,
    NewOffer,
    OfferChange,
    OfferRelease,
    Product,
    money,
)
from farmlive.shop.core.problems import (
    AnswerGone,
    BagFull,
    KeyReused,
    LotSpent,
    NoSuchOffer,
    ProductArchived,
    SoldOut,
    StockTaken,
    UnknownOffer,
    UnknownProduct,
    WrongCurrency,
)
from farmlive.shop.core.tables import offers, products
from farmlive.shop.flash import views
from farmlive.shop.flash.problems import FlashDearer
from farmlive.shop.offers import catalogue
from farmlive.shop.offers.cards import read_cards
from farmlive.shop.stock import lot_stock, offer_rows, prices, stock
from farmlive.store import Store

MAX_OFFERS = 100


class ListPriceTooLow(Invalid):
    """The list price is below the price, which would show a discount that does not exist."""

    slug = "list-price-too-low"
    title = "The list price is lower than the price"


class LotOfOtherFarm(Invalid):
    """A product of one farm can't be sold from another farm's lot."""

    slug = "lot-of-other-farm"
    title = "The lot is of another farm than the product"


class Bag:
    """Adds offers to bags and changes them."""

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        settings: Settings,
        *,
        allocate_returned: stock.AllocateReturned,
    ):
        self._store = store
        self._log = log
        self._origin = origin
        self._settings = settings
        self._allocate_returned = allocate_returned

    async def add(self, caller: Caller, broadcast: str, new: NewOffer) -> Card:
        """Add an offer at the end of the bag; its `offer.added` has the card.

        Raises UnknownBroadcast, BroadcastEnded, BagFull, UnknownProduct, ProductArchived,
        UnknownLot, LotStopped, LotOfOtherFarm, LotTaken (the product's GTIN with the lot's code
        names another), LotSpent (the lot has less than is to be released) and WrongCurrency.
        """
        return await self._store.write(
            lambda connection: self._add(connection, caller, broadcast, new)
        )

    async def cards(self, broadcast: str) -> list[Card]:
        """Return the cards in the order of the bag. Raises UnknownBroadcast."""
        query = select(offers).where(offers.c.broadcast == broadcast).order_by(offers.c.position)

        def read(connection: Connection) -> list[Card]:
            self._log.head(connection, broadcast)
            return read_cards(connection, self._origin, connection.execute(query).all())

        return await self._store.read(read)

    async def arrange(self, caller: Caller, broadcast: str, wanted: BagOrder) -> list[Card]:
        """Set the order of the bag; each moved offer gets an event with its new position.

        Raises UnknownBroadcast, BroadcastEnded, UnknownOffer, and Invalid where an offer is missing
        or listed twice.
        """
        query = select(offers).where(offers.c.broadcast == broadcast).order_by(offers.c.position)

        def write(connection: Connection) -> list[Card]:
            self._open(connection, broadcast)
            before = {row.id: row.position for row in connection.execute(query)}
            unknown = [offer for offer in wanted.offers if offer not in before]
            if unknown:
                raise UnknownOffer(_UNKNOWN, offers=unknown)
            if sorted(wanted.offers) != sorted(before):
                raise Invalid(
                    "Nothing was changed: name every offer of the bag once. Load it again; another "
                    "may have been added meanwhile."
                )
            after = {offer: place for place, offer in enumerate(wanted.offers, 1)}
            moved = {offer: place for offer, place in after.items() if before[offer] != place}
            # Negative positions first: the unique constraint allows no duplicate, even for a
            # moment.
            for sign in (-1, 1):
                for offer, place in moved.items():
                    connection.execute(
                        update(offers).where(offers.c.id == offer).values(position=sign * place)
                    )
            if moved:
                told = [
                    events.OfferChanged(offer=offer, position=place)
                    for offer, place in moved.items()
                ]
                self._log.append_all(connection, broadcast, told)
                record_action(
                    connection, caller, "bag.arrange", broadcast=broadcast, moved=len(moved)
                )
            return read_cards(connection, self._origin, connection.execute(query).all())

        return await self._store.write(write)

    @raises(
        UnknownBroadcast,
        BroadcastEnded,
        NoSuchOffer,
        StockTaken,
        LotSpent,
        LotStopped,
        KeyReused,
        AnswerGone,
    )
    async def release(
        self, caller: Caller, broadcast: str, message: OfferRelease
    ) -> dict[str, Any]:
        """Release boxes, or withdraw boxes that are neither sold nor held.

        Released boxes go to the waiting list first; the answer has what is left after that.
        Idempotent when a key is given. Raises UnknownBroadcast, KeyReused, BroadcastEnded,
        NoSuchOffer, StockTaken, LotSpent, and LotStopped unless boxes are withdrawn.
        """
        offer, quantity, key = message.offer, message.quantity, message.key
        body_hash = idempotency.canonical_hash(message, OfferRelease, scope="releases")

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast)
            before = idempotency.find_answer(
                connection, broadcast, key, body_hash, message=idempotency.OF_STAFF
            )
            if before is not None:
                return before
            self._open(connection, broadcast)
            known = offer_rows.read_offers(connection, broadcast, [offer])
            if offer not in known:
                raise _unknown_offer(offer)
            try:
                (moved,) = stock.move(connection, {offer: stock.StockMove(release=quantity)}, known)
            except SoldOut as short:
                row = known[offer]
                free = row.released - row.sold - row.held - row.kept
                raise StockTaken(offer, free) from short
            released = events.OfferReleased(offer=offer, quantity=quantity, released=moved.released)
            told = self._allocate_returned(connection, broadcast, [moved])
            self._log.append_all(connection, broadcast, [released, *told])
            record_action(
                connection, caller, "offer.release", offer, broadcast=broadcast, quantity=quantity
            )
            after = (it for it in told if isinstance(it, events.StockChanged))
            answer = next(it.data() for it in after if it.offer == offer)
            idempotency.store_answer(connection, broadcast, key, body_hash, answer)
            return answer

        return await self._store.write(write)

    @raises(
        UnknownBroadcast, BroadcastEnded, NoSuchOffer, WrongCurrency, ListPriceTooLow, FlashDearer
    )
    async def change(self, caller: Caller, broadcast: str, message: OfferChange) -> dict[str, Any]:
        """Change the given fields of an offer; returns `Card`.

        Raises UnknownBroadcast, BroadcastEnded, NoSuchOffer, WrongCurrency, ListPriceTooLow,
        FlashDearer.
        """

        def write(connection: Connection) -> dict[str, Any]:
            self._open(connection, broadcast)
            row = _offer(connection, broadcast, message.offer)
            amounts = {
                name: _amount(getattr(message, name), row.currency)
                for name in ("price", "list_price")
                if name in message.model_fields_set
            }
            listed = "list_price" in amounts
            price = amounts.get("price") or row.price
            list_price = amounts["list_price"] if listed else row.list_price
            if list_price is not None and list_price < price:
                raise ListPriceTooLow(
                    "The list price must not be lower than the price. Change both together, or "
                    "take the list price away."
                )
            if price != row.price:
                check_flash(connection, row, price)
            connection.execute(
                update(offers)
                .where(offers.c.id == row.id)
                .values(price=price, list_price=list_price)
            )
            if price != row.price:
                prices.set_price(connection, row.id, price, now_ms())
            struck = money(list_price, row.currency) if list_price else None
            changed = events.OfferChanged(
                offer=row.id,
                price=None if message.price is None else money(price, row.currency),
                list_price=struck if listed else events.LEFT_OUT,
            )
            self._log.append(connection, broadcast, changed)
            record_action(
                connection,
                caller,
                "offer.change",
                row.id,
                broadcast=broadcast,
                **message.model_dump(
                    include=message.model_fields_set & set(ChangedOffer.model_fields)
                )
                | amounts,
            )
            (card,) = read_cards(connection, self._origin, [_offer(connection, broadcast, row.id)])
            return card.model_dump(mode="json")

        return await self._store.write(write)

    def _open(self, connection: Connection, broadcast: str) -> None:
        if self._log.head(connection, broadcast).state == "ended":
            raise BroadcastEnded(
                "Nothing was changed: the bag is closed since the broadcast ended."
            )

    def _add(self, connection: Connection, caller: Caller, broadcast: str, new: NewOffer) -> Card:
        self._open(connection, broadcast)
        count, last, currency = connection.execute(
            select(func.count(), func.max(offers.c.position), func.max(offers.c.currency)).where(
                offers.c.broadcast == broadcast
            )
        ).one()
        if count >= MAX_OFFERS:
            raise BagFull(f"A bag holds {MAX_OFFERS} offers. Plan another broadcast for the rest.")
        lot, farm = self._origin.card(connection, new.lot)
        if lot.stopped or lot.missing:
            raise reasons.refusal(connection, lot.id)
        product = _product(connection, new.product) if new.product else _new_product(new, farm.id)
        if product.farm != farm.id:
            raise LotOfOtherFarm(
                f"The lot {lot.code} is of another farm than the product. Choose a lot of the "
                "product's farm."
            )
        if new.product is None:
            catalogue.insert_product(connection, product)
        if product.gtin is not None:
            self._origin.name(connection, lot, product.gtin)
        # One currency per bag, so that a broadcast has one total.
        currency = currency or self._settings.currency
        price = currencies.minor_units(new.price, currency, currencies.BAG)
        list_price = _amount(new.list_price, currency)
        row = {
            "id": ulid(),
            "broadcast": broadcast,
            "product": product.id,
            "lot": lot.id,
            "farm": farm.id,
            "position": (last or 0) + 1,
            "price": price,
            "list_price": list_price,
            "currency": currency,
            "released": new.released,
            "sold": 0,
            "held": 0,
            "created_at": now_ms(),
        }
        connection.execute(insert(offers), row)
        released_g = new.released * product.net_weight_g
        lot_stock.add_offer(connection, lot.id, str(row["id"]), released_g)
        prices.set_price(connection, str(row["id"]), price, now_ms())
        (card,) = read_cards(
            connection, self._origin, [_offer(connection, broadcast, str(row["id"]))]
        )
        shown = card.model_dump(mode="json", exclude={"id"})
        added = events.OfferAdded(offer=card.id, **shown)
        self._log.append(connection, broadcast, added)
        record_action(
            connection,
            caller,
            "offer.add",
            card.id,
            broadcast=broadcast,
            price=price,
            released=new.released,
        )
        return card


def check_flash(connection: Connection, offer: Row[Any], price: int) -> None:
    """Raise FlashDearer where the offer would cost no more than its flash batch."""
    flash = views.read_for_cards(connection, [offer.id]).get(offer.id)
    if flash is not None and price <= flash.price:
        raise FlashDearer(flash.id, money(flash.price, offer.currency))


def _amount(money: Money | None, currency: str) -> int | None:
    return None if money is None else currencies.minor_units(money, currency, currencies.BAG)


def lot_of_offer(connection: Connection, offer: str) -> str | None:
    """Return the lot that an offer sells, within the caller's transaction."""
    return connection.execute(select(offers.c.lot).where(offers.c.id == offer)).scalar_one_or_none()


_UNKNOWN = "Nothing was changed: that offer is not in this broadcast's bag."


def _unknown_offer(offer: str) -> NoSuchOffer:
    return NoSuchOffer(_UNKNOWN, offers=[offer])


def _offer(connection: Connection, broadcast: str, offer: str) -> Row[Any]:
    row = connection.execute(
        select(offers).where(offers.c.id == offer, offers.c.broadcast == broadcast)
    ).one_or_none()
    if row is None:
        raise _unknown_offer(offer)
    return row


def _product(connection: Connection, product: str) -> Product:
    row = connection.execute(select(products).where(products.c.id == product)).one_or_none()
    if row is None:
        raise UnknownProduct("Nothing was added. Choose a known product or give a new one's facts.")
    if row.archived_at is not None:
        raise ProductArchived("Nothing was added: bring the product back into the catalogue first.")
    return catalogue.product_of(row)


def _new_product(new: NewOffer, farm: str) -> Product:
    facts = new.model_dump(include={"name", "unit", "net_weight_g", "gtin", "picture"})
    return Product.model_validate({"id": ulid(), "farm": farm, **facts})
