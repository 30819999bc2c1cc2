"""The addresses of orders that were placed: read, moved, paid, refunded. No logic."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.contracts import raises
from farmlive.origin.problems import LotStopped, UnknownLot
from farmlive.people import Caller, Guard
from farmlive.problems import Forbidden, TooMany
from farmlive.shop.fields import Identifier, Key
from farmlive.shop.handovers import CodeShared, UnknownCode
from farmlive.shop.lot_order_models import LotOrders, LotOrderSearch
from farmlive.shop.moves import UndoOver, UnknownMove
from farmlive.shop.order_change_models import (
    CodeSaid,
    HandedOver,
    HandOver,
    Moved,
    NewMove,
    OrderSearch,
    PutRight,
    WaitingSearch,
)
from farmlive.shop.order_models import (
    Cancel,
    Order,
    OrderList,
    PaymentChange,
    Refund,
    Refunded,
    StateChange,
)
from farmlive.shop.person_problems import DetailsErased
from farmlive.shop.problems import (
    AnswerGone,
    HowKnown,
    KeyReused,
    LotSpent,
    NotInState,
    OtherCentre,
    RefundTooHigh,
    SoldOut,
    UnknownOrder,
)
from farmlive.shop.shop import Shop

# Buyers' names and addresses stay out of every cache.
PRIVATE = {"Cache-Control": "no-store"}


def private(response: Response) -> None:
    """Keep an answer out of every cache."""
    response.headers.update(PRIVATE)


def by_token(shop: Shop, guard: Guard) -> Callable[[str, Request], Awaitable[None]]:
    """Make a dependency: what is done by the token in the address counts. It raises UnknownOrder,
    TooMany.
    """

    @raises(shop.by_token.check)
    async def check(token: str, request: Request) -> None:
        await shop.by_token.check(token, guard.address(request))

    return check


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """The router of orders."""
    router = APIRouter(prefix="/api/v1")
    uncached = [Depends(private)]
    staff = Depends(guard.staff)
    keepers = Depends(guard.roles("coordinator", "host", "clerk"))
    readers = Depends(guard.roles("coordinator", "host", "clerk", "seller"))
    counted = [*uncached, Depends(by_token(shop, guard))]

    async def found(caller: Caller, broadcast: str, asked: OrderSearch) -> OrderList:
        shop.searched(caller, asked.find)
        page, following = await shop.orders.of_broadcast(
            caller, broadcast, asked.after, asked.limit, only=asked
        )
        return OrderList(orders=page, next=following)

    @router.get("/broadcasts/{broadcast}/orders", dependencies=uncached, operation_id="orders_list")
    @raises(UnknownBroadcast)
    async def list_orders(
        broadcast: str,
        caller: Annotated[Caller, readers],
        asked: Annotated[OrderSearch, Query()],
    ) -> OrderList:
        """The orders of a broadcast; a clerk gets own centres' pick-ups, a seller own lines.

        A name or a phone number is better sent to POST …/orders/find: addresses are written down
        by proxies and browsers.
        """
        return await found(caller, broadcast, asked)

    @router.post(
        "/broadcasts/{broadcast}/orders/find", dependencies=uncached, operation_id="orders_search"
    )
    @raises(UnknownBroadcast)
    async def find_orders(
        broadcast: str, asked: OrderSearch, caller: Annotated[Caller, readers]
    ) -> OrderList:
        """The orders of a broadcast, as GET …/orders answers them, sought by a body."""
        return await found(caller, broadcast, asked)

    @router.get("/lots/{lot}/orders", dependencies=uncached, operation_id="lots_list_orders")
    @raises(UnknownLot)
    async def list_lot_orders(
        lot: Identifier,
        caller: Annotated[Caller, staff],
        asked: Annotated[LotOrderSearch, Query()],
    ) -> LotOrders:
        """The orders that have boxes of a lot, what has left first, and who holds some of it."""
        return await shop.lot_orders.of_lot(caller, lot, asked.after, asked.limit)

    @router.post(
        "/broadcasts/{broadcast}/orders/moves",
        status_code=201,
        dependencies=uncached,
        operation_id="orders_move",
    )
    @raises(UnknownBroadcast, KeyReused, AnswerGone)
    async def move_orders(
        broadcast: str,
        move: NewMove,
        caller: Annotated[Caller, keepers],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> Moved:
        """Move orders on, or keep that they were paid: each that may, the rest is told.

        Once a key, where one is sent.
        """
        return await shop.moves.make(caller, broadcast, move, key)

    @router.delete(
        "/broadcasts/{broadcast}/orders/moves/{move}",
        dependencies=uncached,
        operation_id="orders_undo_move",
    )
    @raises(UnknownBroadcast, UnknownMove, UndoOver)
    async def undo_move(
        broadcast: str, move: Identifier, caller: Annotated[Caller, keepers]
    ) -> Moved:
        """Undo a move within ten minutes, each order that nothing has happened to since."""
        return await shop.moves.undo(caller, broadcast, move)

    @router.post("/handovers", dependencies=uncached, operation_id="handovers_find")
    @raises(UnknownCode, CodeShared, TooMany)
    async def find_by_code(said: CodeSaid, caller: Annotated[Caller, keepers]) -> Order:
        """The order that waits under the six digits that its buyer says."""
        return await shop.handovers.find(caller, said)

    @router.post("/handovers/waiting", dependencies=uncached, operation_id="handovers_search")
    async def find_waiting(search: WaitingSearch, caller: Annotated[Caller, keepers]) -> OrderList:
        """What can be handed over, of all broadcasts, the oldest first; sought by a body."""
        shop.searched(caller, search.find)
        page, following = await shop.handovers.waiting(caller, search)
        return OrderList(orders=page, next=following)

    @router.post(
        "/handovers/{order}/received", dependencies=uncached, operation_id="handovers_complete"
    )
    @raises(
        UnknownOrder,
        UnknownCode,
        CodeShared,
        OtherCentre,
        HowKnown,
        NotInState,
        LotStopped,
        KeyReused,
        AnswerGone,
        TooMany,
    )
    async def hand_over(
        order: Identifier,
        said: HandOver,
        caller: Annotated[Caller, keepers],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> HandedOver:
        """Hand over the order that was found: received, and paid if it was due.

        Once a key, where one is sent.
        """
        return await shop.handovers.give(caller, order, said, key)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/state",
        dependencies=uncached,
        operation_id="orders_change_state",
    )
    @raises(UnknownOrder, OtherCentre, HowKnown, NotInState, LotStopped)
    async def change_state(
        broadcast: str, order: Identifier, change: StateChange, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Move an order on, or cancel it."""
        return await shop.orders.enter(caller, broadcast, order, change)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/payment",
        dependencies=uncached,
        operation_id="orders_change_payment",
    )
    @raises(UnknownOrder, OtherCentre, NotInState, LotStopped)
    async def change_payment(
        broadcast: str, order: Identifier, change: PaymentChange, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Keep that an order was paid."""
        return await shop.orders.pay(caller, broadcast, order)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/refund",
        dependencies=uncached,
        operation_id="orders_refund",
    )
    @raises(UnknownOrder, OtherCentre, NotInState, RefundTooHigh, KeyReused, AnswerGone)
    async def refund_order(
        broadcast: str,
        order: Identifier,
        refund: Refund,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> Refunded:
        """Keep that money was given back, or taken off what is due; once a key, if one is sent."""
        return await shop.orders.refund(caller, broadcast, order, refund, key)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/back",
        dependencies=uncached,
        operation_id="orders_put_right",
    )
    @raises(UnknownOrder, UnknownMove, NotInState, SoldOut, LotSpent, LotStopped)
    async def put_order_right(
        broadcast: str, order: Identifier, wrong: PutRight, caller: Annotated[Caller, staff]
    ) -> Order:
        """Take back what was done last with an order's state, or its money, also long after."""
        return await shop.moves.put_right(caller, broadcast, order, wrong)

    @router.get("/orders/{token}", dependencies=uncached, operation_id="order_links_get")
    @raises(UnknownOrder)
    async def read_order(token: str) -> Order:
        """An order, for whoever has its token."""
        return await shop.order(token)

    @router.post("/orders/{token}/cancel", dependencies=counted, operation_id="order_links_cancel")
    @raises(UnknownOrder, Forbidden, NotInState, DetailsErased)
    async def cancel_order(token: str, request: Request, cancel: Cancel | None = None) -> Order:
        """Cancel an order that is not yet packed, for whoever has its token."""
        reason = cancel.reason if cancel else None
        return await shop.orders.cancel(token, reason, guard.address(request))

    return router
