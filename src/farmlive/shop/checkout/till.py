"""The till: places orders from the channel and from HTTP, each atomically and idempotent by its
key.

order_writer.py is the transaction: key, stock, order and events are committed together. After that
orders/transitions.py moves the order on.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from sqlalchemy import Executable

from farmlive import phones
from farmlive.broadcast.log import Log, UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.edge.contracts import by_device, raises
from farmlive.ids import ulid
from farmlive.origin.core.problems import LotStopped
from farmlive.people import Caller
from farmlive.people.core.problems import Blocked
from farmlive.problems import BroadcastEnded, BroadcastNotLive, Problem, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout import limits, queries
from farmlive.shop.checkout.limits import Blocks, Limits
from farmlive.shop.checkout.order_writer import OrderRequest, OrderWriter
from farmlive.shop.checkout.rush import Rush
from farmlive.shop.core import idempotency, proof_of_work
from farmlive.shop.core.checkout_models import OrderPlace
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.problems import (
    AnswerGone,
    BoxLimit,
    FeeChanged,
    KeyReused,
    LotSpent,
    OrderTooLarge,
    PriceChanged,
    SoldOut,
    UnknownCentre,
    UnknownOffer,
    WrongCurrency,
)
from farmlive.shop.core.proof_of_work import ProofNeeded
from farmlive.shop.flash.problems import LimitReached
from farmlive.shop.notices import limits as notices_limits
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.orders import box_limits, pickup
from farmlive.shop.shipping import fees
from farmlive.shop.shipping.fees import TooHeavy
from farmlive.shop.stock import line_items, stock
from farmlive.store import Question, Store


class Till:
    """Places orders.

    `pseudonym` turns a phone number into the keyed pseudonym of its buyer in the log;
    `address_pseudonym` turns an IP address into those by which notices and boxes are counted;
    `ordered` settles stock that was waited for, or that was held and not ordered.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        pseudonym: Pseudonym,
        address_pseudonym: Pseudonym,
        limits: Limits,
        blocks: Blocks,
        rush: Rush,
        ordered: stock.Ordered,
    ):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._settings = settings
        self._pseudonym = pseudonym
        self._address_pseudonym = address_pseudonym
        self._limits = limits
        self._blocks = blocks
        self._notices = notices_limits.StrangerLimits(settings, store)
        self._writer = OrderWriter(log, settings, self._links, self._notices, rush, ordered)

    @by_device
    @raises(
        UnknownBroadcast,
        BroadcastNotLive,
        BroadcastEnded,
        UnknownOffer,
        UnknownCentre,
        WrongCurrency,
        OrderTooLarge,
        PriceChanged,
        FeeChanged,
        TooHeavy,
        SoldOut,
        LotSpent,
        LotStopped,
        LimitReached,
        BoxLimit,
        ProofNeeded,
        Blocked,
        KeyReused,
        AnswerGone,
        TooMany,
    )
    async def place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        """Place an order; returns `PlacedOrder`, committed.

        It takes over the hold of the caller's device that it names or shares an offer with: held
        boxes count as available, at the price of the hold, also after the broadcast's end. An
        expired hold is ignored. The same key with the same order returns the same answer, also
        after the end.

        Raises TooMany, ProofNeeded, Forbidden (blocked), UnknownBroadcast, OrderTooLarge,
        KeyReused, BroadcastNotLive, BroadcastEnded, UnknownOffer, LotStopped, UnknownCentre,
        PriceChanged, SoldOut, LotSpent, LimitReached, BoxLimit, TooHeavy, WrongCurrency (of the
        fee), FeeChanged; nothing is stored then.
        """
        per_minute = self._settings.orders_per_minute
        with limits.counting(self._limits, "orders", caller, per_minute):
            return await self._place(caller, broadcast, request)

    async def _place(self, caller: Caller, broadcast: str, request: OrderPlace) -> dict[str, Any]:
        if caller.role is None:
            bits = self._settings.order_proof_bits
            proof_of_work.check(broadcast, request.key, request.proof, bits)
        box_limits.check_order(self._settings, caller, request.lines)
        typed, country = request.buyer.phone, self._settings.phone_country
        phone = phones.parse(typed, country)
        if phone.number != typed:
            kept = request.buyer.model_copy(update={"phone": phone.number})
            request = request.model_copy(update={"buyer": kept})
        body_hash = idempotency.canonical_hash(request, OrderPlace)
        buyer = await self._pseudonym(phone.number)

        async def other_forms() -> list[str]:
            kept = phones.other_forms(phone.number, country)
            forms = [*kept, phones.without_excess(phone.number), typed]
            return [await self._pseudonym(form) for form in forms]

        with self._counting_phone(buyer):
            await self._blocks.check(
                device=caller.device,
                phone=buyer,
                address=caller.address,
                other_forms=other_forms,
            )
            sender = await notices_limits.sender_of(caller.address, self._address_pseudonym)
            taker = await box_limits.box_owner(
                self._settings, caller, broadcast, self._address_pseudonym, buyer
            )
            question = {
                "broadcast": broadcast,
                "key": request.key,
                "buyer": buyer,
                "device": caller.device,
                "many": self._settings.flag_orders,
                **taker.named,
                **self._notices.query_parameters(phone.number, sender, now_ms()),
            }
            by_source = taker.source is not None
            asked, code, order = queries.PARCEL[by_source], None, ulid()
            if request.delivery.way == "pickup":
                asked = queries.PICKUP[by_source]
                centre = question["centre"] = request.delivery.centre or ""
                # For a named hold the code of its id, which becomes the order's.
                code = pickup.code_at(self._links, request.order or order, centre)
            order_request = OrderRequest(
                caller=caller,
                broadcast=broadcast,
                request=request,
                body_hash=body_hash,
                doubtful=phone.is_doubtful,
                buyer=buyer,
                order=order,
                code=code,
                sender=sender,
                taker=taker,
                asked=asked,
                question=question,
            )
            return await self._store.write(
                lambda connection: self._writer.write(connection, order_request),
                asks=self._prefetchable(order_request),
            )

    @contextmanager
    def _counting_phone(self, buyer: str) -> Iterator[None]:
        """Count an order against the buyer's phone while the block runs, unless it is refused:
        otherwise anybody who knows a number could use up its owner's limit.

        It is counted before the block and returned after it, which also limits concurrent requests.
        Where the outcome is unknown, as after a lost database connection, it stays counted. Raises
        TooMany.
        """
        per_minute = self._settings.orders_per_minute
        self._limits.allow("orders of a phone", buyer, per_minute)
        try:
            yield
        except Problem as refused:
            if refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                self._limits.give_back("orders of a phone", buyer, per_minute)
            raise

    def _prefetchable(self, order_request: OrderRequest) -> Question:
        """Return the queries that can be prefetched before the write transaction begins."""
        delivery = order_request.request.delivery
        asked: list[tuple[Executable, Mapping[str, Any]]] = [
            (order_request.asked, order_request.question)
        ]
        about = line_items.prefetch_keys(
            order_request.broadcast, order_request.request.key, order_request.caller.device
        )
        about |= {("buyer", order_request.buyer)}
        if order_request.code is not None:
            asked.append(pickup.code_query(order_request.code))
            about |= {("code", order_request.code.code_hash)}
        elif self._writer.has_fees:
            asked.append(fees.fee_query(delivery.region))
        return Question(asked, about)
