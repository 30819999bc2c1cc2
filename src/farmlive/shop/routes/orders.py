"""Routes of placed orders: read, search, transitions, payment and refunds. No logic."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.edge import paging
from farmlive.edge.contracts import raises
from farmlive.origin.core.problems import LotStopped, UnknownLot
from farmlive.people import Caller, Guard
from farmlive.people.core.roles import STAFF
from farmlive.problems import Forbidden, Invalid, TooMany
from farmlive.shop.core.fields import Identifier, Key
from farmlive.shop.core.order_models import (
    Cancel,
    NewPayment,
    NewTransition,
    Order,
    OrderList,
    Refund,
    Refunded,
)
from farmlive.shop.core.problems import (
    AnswerGone,
    DetailsErased,
    HowKnown,
    KeyReused,
    LotSpent,
    NotInState,
    OtherCentre,
    RefundTooHigh,
    SoldOut,
    UnknownOrder,
    WrongCurrency,
)
from farmlive.shop.orders.bulk_actions import UndoOver, UnknownMove
from farmlive.shop.orders.change_models import (
    BulkTransition,
    CodeSaid,
    HandedOver,
    NewBulkTransition,
    NewHandOver,
    NewReversal,
    OrderConditions,
    OrderFilter,
    OrderSearch,
    WaitingSearch,
)
from farmlive.shop.orders.lot_models import LotOrders
from farmlive.shop.orders.pickup import CodeShared, UnknownCode
from farmlive.shop.shop import Shop

# Buyers' names and postal addresses must not be cached.
PRIVATE = {"Cache-Control": "no-store"}


def private(response: Response) -> None:
    """Forbid caching of a response."""
    response.headers.update(PRIVATE)


def by_token(shop: Shop, guard: Guard) -> Callable[[str, Request], Awaitable[None]]:
    """Return a dependency that rate limits actions by the token in the path.

    It raises UnknownOrder, TooMany.
    """

    @raises(shop.order_link_limits.check)
    async def check(token: str, request: Request) -> None:
        await shop.order_link_limits.check(token, guard.address(request))

    return check


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """Return the router of orders."""
    router = APIRouter(prefix="/api/v1")
    uncached = [Depends(private)]
    staff = Depends(guard.staff)
    keepers = Depends(guard.roles(*STAFF, "clerk"))
    readers = Depends(guard.roles(*STAFF, "clerk", "seller"))
    counted = [*uncached, Depends(by_token(shop, guard))]

    async def found(
        caller: Caller, broadcast: str, asked: OrderFilter, page: paging.PageQuery
    ) -> OrderList:
        shop.report_search(caller, asked.find)
        rows, following = await shop.orders.list_orders(caller, broadcast, page, only=asked)
        return OrderList(orders=rows, next=following)

    @router.get("/broadcasts/{broadcast}/orders", dependencies=uncached, operation_id="orders_list")
    @raises(UnknownBroadcast)
    async def list_orders(
        broadcast: str,
        caller: Annotated[Caller, readers],
        asked: Annotated[OrderConditions, Depends()],
        page: paging.PageParams,
        find: Annotated[str | None, Query(include_in_schema=False)] = None,
    ) -> OrderList:
        """List the orders of a broadcast: clerks get own centres' pick-ups, sellers own lines.

        Search for a name or a phone number by POST …/orders/search: proxies and browsers record
        URLs.
        """
        if find is not None:
            raise Invalid(
                "Nothing was read: a URL is recorded on its way. Send `find` in the body of "
                "POST …/orders/search."
            )
        return await found(caller, broadcast, OrderFilter(**dict(asked)), page)

    @router.post(
        "/broadcasts/{broadcast}/orders/search", dependencies=uncached, operation_id="orders_search"
    )
    @raises(UnknownBroadcast)
    async def find_orders(
        broadcast: str, asked: OrderSearch, caller: Annotated[Caller, readers]
    ) -> OrderList:
        """Search the orders of a broadcast, with `find` and the filters of GET …/orders."""
        return await found(caller, broadcast, asked, asked.page)

    @router.get("/lots/{lot}/orders", dependencies=uncached, operation_id="lots_list_orders")
    @raises(UnknownLot)
    async def list_lot_orders(
        lot: Identifier,
        caller: Annotated[Caller, staff],
        page: paging.PageParams,
    ) -> LotOrders:
        """List the orders with boxes of a lot, shipped ones first, and its holds."""
        return await shop.lot_orders.of_lot(caller, lot, page)

    @router.post(
        "/broadcasts/{broadcast}/orders/bulk-transitions",
        status_code=201,
        dependencies=uncached,
        operation_id="orders_bulk_transition",
    )
    @raises(UnknownBroadcast, KeyReused, AnswerGone)
    async def move_orders(
        broadcast: str,
        move: NewBulkTransition,
        caller: Annotated[Caller, keepers],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> BulkTransition:
        """Apply a transition, or record payment, for every eligible order; report the others.

        Idempotent when `Idempotency-Key` is given.
        """
        return await shop.bulk_actions.make(caller, broadcast, move, key)

    @router.delete(
        "/broadcasts/{broadcast}/orders/bulk-transitions/{transition}",
        dependencies=uncached,
        operation_id="orders_undo_bulk_transition",
    )
    @raises(UnknownBroadcast, UnknownMove, UndoOver)
    async def undo_move(
        broadcast: str, transition: Identifier, caller: Annotated[Caller, keepers]
    ) -> BulkTransition:
        """Undo a bulk transition within ten minutes, for each order that has not changed since."""
        return await shop.bulk_actions.undo(caller, broadcast, transition)

    @router.post("/handovers/by-code", dependencies=uncached, operation_id="handovers_find_by_code")
    @raises(UnknownCode, CodeShared, TooMany)
    async def find_by_code(said: CodeSaid, caller: Annotated[Caller, keepers]) -> Order:
        """Find the order with this pick-up code among those that wait."""
        return await shop.pickup.find(caller, said)

    @router.post("/handovers/search", dependencies=uncached, operation_id="handovers_search")
    async def find_waiting(search: WaitingSearch, caller: Annotated[Caller, keepers]) -> OrderList:
        """Search the orders that wait to be handed over, of all broadcasts, oldest first."""
        shop.report_search(caller, search.find)
        rows, following = await shop.pickup.list_waiting(caller, search)
        return OrderList(orders=rows, next=following)

    @router.post("/handovers", dependencies=uncached, operation_id="handovers_create")
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
        said: NewHandOver,
        caller: Annotated[Caller, keepers],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> HandedOver:
        """Hand an order over: it is received, and paid if it was due.

        Idempotent when `Idempotency-Key` is given.
        """
        return await shop.pickup.hand_over(caller, said.order, said.by, key)

    @router.get(
        "/broadcasts/{broadcast}/orders/{order}", dependencies=uncached, operation_id="orders_get"
    )
    @raises(UnknownOrder)
    async def read_one(
        broadcast: str, order: Identifier, caller: Annotated[Caller, readers]
    ) -> Order:
        """Return an order: clerks get their own centres' pick-ups, sellers their own lines."""
        return await shop.orders.read_one(caller, broadcast, order)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/transitions",
        dependencies=uncached,
        status_code=201,
        operation_id="orders_transition",
    )
    @raises(UnknownOrder, OtherCentre, HowKnown, NotInState, LotStopped)
    async def change_state(
        broadcast: str, order: Identifier, change: NewTransition, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Apply a transition to an order: its next state, or cancelled."""
        return await shop.orders.enter(caller, broadcast, order, change)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/payments",
        dependencies=uncached,
        status_code=201,
        operation_id="orders_pay",
    )
    @raises(UnknownOrder, OtherCentre, NotInState, LotStopped)
    async def change_payment(
        broadcast: str, order: Identifier, change: NewPayment, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Record that an order was paid."""
        return await shop.orders.pay(caller, broadcast, order)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/refunds",
        dependencies=uncached,
        status_code=201,
        operation_id="orders_refund",
    )
    @raises(
        UnknownOrder, OtherCentre, WrongCurrency, NotInState, RefundTooHigh, KeyReused, AnswerGone
    )
    async def refund_order(
        broadcast: str,
        order: Identifier,
        refund: Refund,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> Refunded:
        """Record a refund, or lower the amount due; idempotent if `Idempotency-Key` is given."""
        return await shop.orders.refund(caller, broadcast, order, refund, key)

    @router.delete(
        "/broadcasts/{broadcast}/orders/{order}/refunds/{refund}",
        dependencies=uncached,
        operation_id="orders_undo_refund",
    )
    @raises(UnknownBroadcast, UnknownMove, UndoOver)
    async def undo_refund(
        broadcast: str, order: Identifier, refund: Identifier, caller: Annotated[Caller, staff]
    ) -> BulkTransition:
        """Undo a refund within ten minutes, if the order has not changed since."""
        return await shop.bulk_actions.undo(caller, broadcast, refund, of_order=order)

    @router.post(
        "/broadcasts/{broadcast}/orders/{order}/reversals",
        dependencies=uncached,
        status_code=201,
        operation_id="orders_reverse",
    )
    @raises(UnknownOrder, UnknownMove, NotInState, SoldOut, LotSpent, LotStopped)
    async def put_order_right(
        broadcast: str, order: Identifier, wrong: NewReversal, caller: Annotated[Caller, staff]
    ) -> Order:
        """Reverse the last change of an order's state or payment, also long after."""
        return await shop.bulk_actions.revert(caller, broadcast, order, wrong)

    @router.get("/orders/{token}", dependencies=uncached, operation_id="order_links_get")
    @raises(UnknownOrder)
    async def read_order(token: str) -> Order:
        """Return an order, for anyone who has its token."""
        return await shop.order(token)

    @router.post(
        "/orders/{token}/cancellation",
        dependencies=counted,
        status_code=201,
        operation_id="order_links_cancel",
    )
    @raises(UnknownOrder, Forbidden, NotInState, DetailsErased)
    async def cancel_order(token: str, request: Request, cancel: Cancel | None = None) -> Order:
        """Cancel an order before it is packed, for anyone who has its token."""
        reason = cancel.reason if cancel else None
        return await shop.orders.cancel(token, reason, guard.address(request))

    return router
