"""Claims: a buyer complains about damaged goods, with photos; staff refund or refuse.

Texts and photos are visible to the order's buyer and staff only, and are in no event.
orders/transitions.py records the refund.
"""

from collections import Counter
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypedDict

from sqlalchemy import Connection, Row, insert, select, update

from farmlive.broadcast import events
from farmlive.broadcast.events.trade import Payment, State
from farmlive.broadcast.log import Log
from farmlive.clock import now_ms
from farmlive.edge.paging import PageQuery
from farmlive.ids import ulid
from farmlive.origin.origin import Origin
from farmlive.people import Caller
from farmlive.people.core.audit import record_action
from farmlive.people.core.rate_limits import RateLimits
from farmlive.problems import Forbidden, TooMany
from farmlive.shop.checkout.limits import DEVICES_PER_ADDRESS
from farmlive.shop.claims.photos import touch
from farmlive.shop.claims.problems import (
    ClaimAnswered,
    ClaimOpen,
    NoSuchPhoto,
    UnknownClaim,
    UnknownPhoto,
)
from farmlive.shop.core import currencies
from farmlive.shop.core.claim_models import MAX_PHOTOS, ClaimAnswer, ClaimState, KeptPhoto, NewClaim
from farmlive.shop.core.models import money, order_number
from farmlive.shop.core.order_links import OrderLinks
from farmlive.shop.core.order_lookup import with_id, with_token
from farmlive.shop.core.order_models import Order, Refunded
from farmlive.shop.core.order_tables import claims, order_changes, order_lines, orders
from farmlive.shop.core.problems import DetailsErased, NotInState
from farmlive.shop.orders import order_view
from farmlive.shop.orders.buyer_data import is_erased
from farmlive.shop.orders.transitions import Actor, Transitions
from farmlive.store import Store
from farmlive.store.files.files import Files
from farmlive.store.files.uploads import check_files, owned, record

# Shipped orders too: a parcel may have arrived before anybody recorded it.
CLAIMED_IN = ("shipped", "received")
# Refused photos count as well: each may cost seconds of decoding.
PHOTOS_PER_MINUTE = 2 * MAX_PHOTOS
# Most concurrent uploads of an order.
PHOTOS_AT_ONCE = MAX_PHOTOS
FOLDER = "claims"


class Claims:
    """Makes and answers claims."""

    def __init__(
        self,
        store: Store,
        log: Log,
        origin: Origin,
        steps: Transitions,
        files: Files,
        limits: RateLimits,
        *,
        photos_per_order: int,
        whom_to_ask: Callable[[], str],
    ):
        self._store = store
        self._links = OrderLinks(store.keys.orders)
        self._log = log
        self._origin = origin
        self._steps = steps
        self._files = files
        self._limits = limits
        self._photos_per_order = photos_per_order
        self._whom_to_ask = whom_to_ask
        self._uploads: Counter[str] = Counter()

    # For the buyer, by the order's token.

    async def keep_photo(
        self, token: str, address: str | None, chunks: AsyncIterable[bytes]
    ) -> KeptPhoto:
        """Store a photo for a claim of the order, without the camera's metadata.

        The body is read only once the upload is allowed. Only this order's claims can use and show
        the photo. Raises UnknownOrder, DetailsErased, NotInState, NoRoom, TooMany, UploadLate,
        NotAPicture.
        """

        def read(connection: Connection) -> str:
            row = self._of_buyer(connection, token)
            _check_arrived(row)
            check_files(connection, _owner(row.id), self._photos_per_order)
            return str(row.id)

        order = await self._store.read(read)
        of_address = PHOTOS_PER_MINUTE * DEVICES_PER_ADDRESS
        self._limits.allow("claim photos of an address", address, of_address)
        self._limits.allow("claim photos of an order", order, PHOTOS_PER_MINUTE)
        with self._counting_upload(order):
            async with self._files.receive(chunks) as sent:
                kept = await self._files.keep_picture(sent, _owner(order))
                # the same photo was uploaded a day ago and removed just now
                if self._keep_photos([kept.name]):
                    kept = await self._files.keep_picture(sent, _owner(order))

        def write(connection: Connection) -> None:
            # if the order was erased meanwhile, `clear` removes the photo
            self._of_buyer(connection, token)
            if not owned(connection, _owner(order), [kept.name]):
                check_files(connection, _owner(order), self._photos_per_order)
            record(connection, _owner(order), kept)

        await self._store.write(write)
        return KeptPhoto(id=kept.name, width=kept.width, height=kept.height)

    async def claim(self, token: str, new: NewClaim) -> Order:
        """Make a claim; the same claim again, while it is open, changes nothing.

        Raises UnknownOrder, DetailsErased, NotInState, UnknownPhoto, ClaimOpen.
        """
        gone = set(self._keep_photos(new.photos))

        def write(connection: Connection) -> Order:
            row = self._of_buyer(connection, token)
            own = owned(connection, _owner(row.id), new.photos) - gone
            if missing := [name for name in new.photos if name not in own]:
                raise UnknownPhoto(
                    "Nothing was sent yet: a photo is not here. Choose it again, then send the "
                    "claim.",
                    photos=missing,
                )
            open_one = connection.execute(
                select(claims).where(claims.c.order == row.id, claims.c.state == "open")
            ).one_or_none()
            if open_one is None:
                _check_arrived(row)
                self._insert(connection, row, new)
            elif (open_one.text, open_one.photos) != (new.text, new.photos):
                raise ClaimOpen(
                    "Nothing more was sent: we are looking at what you sent before, and answer on "
                    "this page."
                )
            (order,) = order_view.orders(connection, self._origin, self._links, [row], None)
            return order

        return await self._store.write(write)

    async def photo_of_order(self, token: str, name: str) -> Path:
        """Return the path of a photo of the order's claims. Raises UnknownOrder, NoSuchPhoto."""

        def read(connection: Connection) -> list[Row[Any]]:
            order = with_token(connection, self._links, token).id
            return list(connection.execute(select(claims).where(claims.c.order == order)))

        return self._photo(await self._store.read(read), name)

    # For staff.

    async def list_orders(
        self,
        caller: Caller,
        broadcast: str,
        state: ClaimState | None = None,
        page: PageQuery | None = None,
    ) -> tuple[list[Order], str | None]:
        """Return a page of the orders with claims, or with claims in this state, by order number;
        and the cursor of the next page, if any.

        Raises Forbidden, UnknownBroadcast.
        """
        _check_staff(caller)
        wanted = select(claims.c.order).where(claims.c.broadcast == broadcast)
        if state is not None:
            wanted = wanted.where(claims.c.state == state)

        page = page or PageQuery()
        query = select(orders).where(orders.c.id.in_(wanted))
        if page.after is not None:
            query = query.where(orders.c.number > page.after[0])
        query = query.order_by(orders.c.number).limit(page.fetch_limit)

        def read(connection: Connection) -> tuple[list[Order], str | None]:
            self._log.head(connection, broadcast)
            found = connection.execute(query).all()
            rows, following = page.take(found, lambda row: (row.number, row.id))
            return order_view.orders(connection, self._origin, self._links, rows, caller), following

        return await self._store.read(read)

    async def answer(
        self, caller: Caller, broadcast: str, claim: str, answer: ClaimAnswer
    ) -> Refunded:
        """Refund or refuse a claim; the same answer again changes nothing.

        The refund can be undone as a bulk action, which opens the claim again. Raises Forbidden,
        UnknownBroadcast, UnknownClaim, WrongCurrency, ClaimAnswered, and NotInState and
        RefundTooHigh from the refund.
        """
        _check_staff(caller)

        def write(connection: Connection) -> Refunded:
            self._log.head(connection, broadcast)
            found = _with_id(connection, broadcast, claim)
            row = with_id(connection, broadcast, found.order)
            amount = None
            if answer.amount is not None:
                amount = currencies.minor_units(answer.amount, row.currency, currencies.ORDER)
            if found.state == "open":
                self._answer(connection, caller, row, found, amount, answer.answer)
            elif (found.amount, found.answer) != (amount, answer.answer):
                raise ClaimAnswered(
                    "Nothing was changed: this claim was answered already. Look at it again; more "
                    "money can be given back by the order."
                )
            after = with_id(connection, broadcast, found.order)
            (order,) = order_view.orders(connection, self._origin, self._links, [after], caller)
            return Refunded.by(order, _refund_action(connection, found))

        return await self._store.write(write)

    async def photo_of_claim(self, caller: Caller, broadcast: str, claim: str, name: str) -> Path:
        """Return the path of a claim's photo. Raises Forbidden, UnknownClaim, NoSuchPhoto."""
        _check_staff(caller)
        found = await self._store.read(lambda connection: _with_id(connection, broadcast, claim))
        return self._photo([found], name)

    @contextmanager
    def _counting_upload(self, order: str) -> Iterator[None]:
        if self._uploads[order] >= PHOTOS_AT_ONCE:
            raise TooMany(
                f"{PHOTOS_AT_ONCE} photos of this order are on their way already. Nothing was "
                "kept: send this one again when they are here.",
                headers={"Retry-After": "5"},
            )
        self._uploads[order] += 1
        try:
            yield
        finally:
            self._uploads[order] -= 1
            if not self._uploads[order]:
                del self._uploads[order]

    def _of_buyer(self, connection: Connection, token: str) -> Row[Any]:
        """Return the order. Raises DetailsErased if its buyer was erased."""
        row = with_token(connection, self._links, token)
        if is_erased(row):
            raise DetailsErased(self._whom_to_ask())
        return row

    def _keep_photos(self, names: Iterable[str]) -> list[str]:
        """Keep these photos for another day; return those that do not exist."""
        paths = {name: self._files.path(name) for name in names}
        gone = touch(path for path in paths.values() if path is not None)
        return [name for name, path in paths.items() if path is None or path in gone]

    def _insert(self, connection: Connection, row: Row[Any], new: NewClaim) -> None:
        claim = ulid()
        connection.execute(
            insert(claims),
            {
                "id": claim,
                "order": row.id,
                "broadcast": row.broadcast,
                "state": "open",
                "text": new.text,
                "photos": new.photos,
                "claimed_at": now_ms(),
            },
        )
        if row.person_gone_at is not None:  # privacy/retention.py must check it again
            connection.execute(
                update(orders).where(orders.c.id == row.id).values(person_check_at=now_ms())
            )
        claimed = events.OrderClaimed(
            **_order_state(connection, row), by="buyer", claim=claim, photos=len(new.photos)
        )
        self._log.append(connection, row.broadcast, claimed)

    def _answer(
        self,
        connection: Connection,
        caller: Caller,
        row: Row[Any],
        claim: Row[Any],
        amount: int | None,
        words: str,
    ) -> None:
        """Answer an open claim with a refund, or refuse it if there is no amount."""
        state: Literal["refused", "refunded"]
        state = "refused" if amount is None else "refunded"
        connection.execute(
            update(claims)
            .where(claims.c.id == claim.id)
            .values(state=state, amount=amount, answer=words, answered_at=now_ms())
        )
        if amount is not None:
            doer = Actor("staff", words, ulid())
            self._steps.refund(connection, row, amount, doer, claim=claim.id)
            row = with_id(connection, row.broadcast, row.id)
        answered = events.OrderClaimAnswered(
            **_order_state(connection, row),
            by="staff",
            claim=claim.id,
            answer=state,
            amount=None if amount is None else money(amount, row.currency),
        )
        self._log.append(connection, row.broadcast, answered)
        detail = {} if amount is None else {"amount": amount}
        record_action(
            connection,
            caller,
            f"order.claim_{state}",
            row.id,
            broadcast=row.broadcast,
            number=order_number(row.number),
            **detail,
        )

    def _photo(self, found: list[Row[Any]], name: str) -> Path:
        path = self._files.path(name) if any(name in row.photos for row in found) else None
        if path is None:
            raise NoSuchPhoto("This claim has no such photo.")
        return path


class _OrderState(TypedDict):
    """The order of a claim, and the event's audience; the claim's text is not part of the event."""

    order: str
    number: str
    state: State
    payment: Payment
    farms: list[str]


def _order_state(connection: Connection, row: Row[Any]) -> _OrderState:
    farms = select(order_lines.c.farm).where(order_lines.c.order == row.id).distinct()
    return {
        "order": row.id,
        "number": order_number(row.number),
        "state": row.state,
        "payment": row.payment,
        "farms": list(connection.execute(farms).scalars()),
    }


def _check_staff(caller: Caller) -> None:
    if not caller.is_staff:
        raise Forbidden("Nothing is shown: claims are looked at by coordinators and hosts.")


def _owner(order: str) -> str:
    return f"order:{order}"


def _check_arrived(row: Row[Any]) -> None:
    if row.state not in CLAIMED_IN:
        raise NotInState(
            "Nothing was sent: a claim is for what has come, and this order has not.",
            state=row.state,
            allowed=[],
        )


def _with_id(connection: Connection, broadcast: str, claim: str) -> Row[Any]:
    row = connection.execute(
        select(claims).where(claims.c.id == claim, claims.c.broadcast == broadcast)
    ).one_or_none()
    if row is None:
        raise UnknownClaim("This broadcast has no such claim.")
    return row


def _refund_action(connection: Connection, claim: Row[Any]) -> str | None:
    """Return the id of the claim's refund, by which it can be undone; None if there was none."""
    changes = connection.execute(
        select(order_changes.c.move, order_changes.c.refund)
        .where(order_changes.c.order == claim.order, order_changes.c.move.is_not(None))
        .order_by(order_changes.c.change.desc())
    )
    of_claim = (row.move for row in changes if row.refund and row.refund.get("claim") == claim.id)
    return next(of_claim, None)
