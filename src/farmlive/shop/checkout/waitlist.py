"""Waiting lists: buyers who want boxes of a sold-out offer, in order of arrival.

waitlist_allocation.py allocates the boxes that holds, orders, releases and flash batches return.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
)

from farmlive.broadcast.events import WaitChanged
from farmlive.broadcast.log import Event, Log, UnknownBroadcast
from farmlive.clock import now_ms
from farmlive.edge.contracts import by_device, raises
from farmlive.ids import ulid
from farmlive.origin.core.problems import LotStopped
from farmlive.people import Caller
from farmlive.people.core.problems import Blocked
from farmlive.problems import BroadcastEnded, BroadcastNotLive, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout import limits, new_devices
from farmlive.shop.checkout.limits import Blocks, Limits
from farmlive.shop.checkout.rush import Rush
from farmlive.shop.checkout.waitlist_allocation import Allocation, changed_event, waiting_boxes
from farmlive.shop.checkout.waitlist_models import Waiting, WaitJoin, WaitLeave
from farmlive.shop.core import idempotency, proof_of_work
from farmlive.shop.core.problems import AnswerGone, BoxLimit, KeyReused, NoSuchOffer, OrderTooLarge
from farmlive.shop.core.proof_of_work import ProofNeeded
from farmlive.shop.core.tables import waits
from farmlive.shop.notices.limits import Pseudonym
from farmlive.shop.orders import box_limits
from farmlive.shop.stock import offer_rows, stock
from farmlive.store import Store

_OWN = select(waits).where(
    waits.c.offer == bindparam("of_offer"), waits.c.device == bindparam("of_device")
)
_OF_DEVICE = (
    select(waits)
    .where(waits.c.broadcast == bindparam("broadcast"), waits.c.device == bindparam("device"))
    .order_by(waits.c.since, waits.c.id)
)
_AHEAD = select(func.count()).where(
    waits.c.offer == bindparam("of_offer"),
    tuple_(waits.c.since, waits.c.id) <= tuple_(bindparam("since"), bindparam("id")),
)
_END = delete(waits).where(waits.c.broadcast == bindparam("in_broadcast")).returning(waits.c.offer)
_REMOVE = delete(waits).where(waits.c.id == bindparam("wait"))
_PAST = select(new_devices.HAS_PAST_ORDER)


class Waitlist:
    """Joins, leaves and lists waits; the end of a broadcast deletes its lists.

    They are stored in the database and survive a restart. `address_pseudonym` turns an IP address
    within a broadcast into its source.
    """

    def __init__(
        self,
        store: Store,
        log: Log,
        settings: Settings,
        *,
        address_pseudonym: Pseudonym,
        limits: Limits,
        blocks: Blocks,
        rush: Rush,
        allocation: Allocation,
    ):
        self._store = store
        self._log = log
        self._settings = settings
        self._address_pseudonym = address_pseudonym
        self._rush = rush
        self._allocation = allocation
        self._limits = limits
        self._blocks = blocks

    @by_device
    @raises(
        UnknownBroadcast,
        BroadcastNotLive,
        BroadcastEnded,
        NoSuchOffer,
        OrderTooLarge,
        BoxLimit,
        LotStopped,
        ProofNeeded,
        Blocked,
        KeyReused,
        AnswerGone,
        TooMany,
    )
    async def join(self, caller: Caller, broadcast: str, request: WaitJoin) -> dict[str, Any]:
        """Put the caller's device on an offer's waiting list; returns `Waiting`, committed.

        A device waits for an offer once: another quantity keeps the position if it is no greater,
        and otherwise goes to the end. Boxes that are available are held at once, and the answer's
        place is 0. Idempotent when a key is given.

        Raises TooMany, ProofNeeded, Forbidden (blocked), OrderTooLarge, UnknownBroadcast,
        KeyReused, BroadcastNotLive, BroadcastEnded, NoSuchOffer, LotStopped, BoxLimit.
        """
        per_minute = self._settings.orders_per_minute
        with limits.counting(self._limits, "waits", caller, per_minute):
            return await self._join(caller, broadcast, request)

    async def _join(self, caller: Caller, broadcast: str, request: WaitJoin) -> dict[str, Any]:
        key = request.key
        if caller.role is None:
            proof_of_work.check(broadcast, key, request.proof, self._settings.order_proof_bits)
        taker = await box_limits.box_owner(
            self._settings, caller, broadcast, self._address_pseudonym
        )
        if taker.is_limited and request.quantity > self._settings.order_boxes:
            raise OrderTooLarge(self._settings.order_boxes)
        await self._blocks.check(device=caller.device, phone=None, address=caller.address)

        body_hash = idempotency.canonical_hash(request, WaitJoin)

        def write(connection: Connection) -> dict[str, Any]:
            head = self._log.head(connection, broadcast)
            if key and (before := idempotency.find_answer(connection, broadcast, key, body_hash)):
                return before
            if head.state == "scheduled":
                raise BroadcastNotLive("You don't wait for it: come back when it is live.")
            if head.state == "ended":
                raise BroadcastEnded("You don't wait for it: this broadcast takes no more orders.")
            offer = request.offer
            known = offer_rows.read_offers(connection, broadcast, [offer])
            _check_known(connection, known, offer, for_buyer=caller.role is None)
            past = connection.execute(_PAST, {"device": caller.device}).one()
            is_new = new_devices.is_new(caller, past)
            self._rush.check(connection, caller, broadcast, request, known.values(), is_new=is_new)
            if self._enter(connection, caller, taker, broadcast, request, is_new=is_new):
                told = self._allocation.allocate(connection, broadcast, [offer])
                counted = {it.offer for it in told if isinstance(it, WaitChanged)}
                if offer not in counted:
                    told += changed_event(connection, [offer])
                self._log.append_all(connection, broadcast, told)
            answer = _answer(connection, offer, caller.device, request.quantity)
            if key:
                idempotency.store_answer(connection, broadcast, key, body_hash, answer)
            return answer

        return await self._store.write(write)

    @by_device
    @raises(UnknownBroadcast, TooMany)
    async def leave(self, caller: Caller, broadcast: str, request: WaitLeave) -> dict[str, Any]:
        """Take the caller's device off an offer's waiting list; nothing happens if it is not on it.

        Raises TooMany, UnknownBroadcast.
        """
        per_minute = limits.GIVEN_UP * self._settings.orders_per_minute
        limits.check_rate(self._limits, "leaves", caller, per_minute)

        def write(connection: Connection) -> dict[str, Any]:
            self._log.head(connection, broadcast)
            if left := self._allocation.leave(
                connection, broadcast, caller.device, [request.offer]
            ):
                self._log.append_all(connection, broadcast, changed_event(connection, left))
            return {}

        return await self._store.write(write)

    async def own(self, caller: Caller, broadcast: str) -> list[Waiting]:
        """List the waits of the caller's device, the longest first. Raises UnknownBroadcast."""

        def read(connection: Connection) -> list[Waiting]:
            self._log.head(connection, broadcast)
            named = {"broadcast": broadcast, "device": caller.device}
            return [
                Waiting.model_validate(_answer(connection, row.offer, caller.device, row.quantity))
                for row in connection.execute(_OF_DEVICE, named).all()
            ]

        return await self._store.read(read)

    def _enter(
        self,
        connection: Connection,
        caller: Caller,
        taker: box_limits.BoxOwner,
        broadcast: str,
        request: WaitJoin,
        *,
        is_new: bool,
    ) -> bool:
        """Insert or update the device's wait.

        Return False where it already waits for this quantity.
        """
        own = {"of_offer": request.offer, "of_device": caller.device}
        before = connection.execute(_OWN, own).one_or_none()
        if before is not None and before.quantity == request.quantity:
            return False
        had = before.quantity if before is not None and before.source == taker.source else 0
        box_limits.check_wait(
            connection, self._settings, request.offer, request.quantity, taker, had
        )
        if before is not None:
            connection.execute(_REMOVE, {"wait": before.id})
        stays = before is not None and request.quantity < before.quantity
        connection.execute(
            insert(waits),
            {
                "id": before.id if before is not None and stays else ulid(),
                "broadcast": broadcast,
                "offer": request.offer,
                "device": caller.device,
                "quantity": request.quantity,
                "since": before.since if before is not None and stays else now_ms(),
                "simulated": caller.simulated,
                "is_limited": taker.is_limited,
                "source": taker.source,
                "is_new": is_new,
            },
        )
        return True

    def end(self, connection: Connection, event: Event) -> None:
        """Delete the waiting lists of a broadcast that has ended."""
        found = connection.execute(_END, {"in_broadcast": event.broadcast}).scalars()
        if wanted := set(found):
            self._log.append_all(connection, event.broadcast, changed_event(connection, wanted))


def _check_known(
    connection: Connection, known: Mapping[str, offer_rows.OfferRow], offer: str, *, for_buyer: bool
) -> None:
    if offer not in known:
        raise NoSuchOffer(
            "You don't wait for it: that is not on offer in this broadcast. Choose from its bag.",
            offers=[offer],
        )
    stock.check_sellable(connection, known.values(), for_buyer=for_buyer)


def _answer(connection: Connection, offer: str, device: str, quantity: int) -> dict[str, Any]:
    own = connection.execute(_OWN, {"of_offer": offer, "of_device": device}).one_or_none()
    place = 0
    if own is not None:
        ahead = {"of_offer": offer, "since": own.since, "id": own.id}
        place = connection.execute(_AHEAD, ahead).scalar_one()
    return {
        "offer": offer,
        "quantity": quantity,
        "place": place,
        "waiting": waiting_boxes(connection, [offer]).get(offer, 0),
    }
