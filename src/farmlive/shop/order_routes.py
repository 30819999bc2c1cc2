"""The addresses of orders that were placed: read, moved, paid, refunded. No logic."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response

from farmlive.people import Caller, Guard
from farmlive.shop.fields import Identifier, Key, State, Way
from farmlive.shop.order_models import (
    Cancel,
    Order,
    OrderList,
    PaymentChange,
    Refund,
    StateChange,
)
from farmlive.shop.shop import Shop

# Buyers' names and addresses stay out of every cache.
_PRIVATE = {"Cache-Control": "no-store"}


def _private(response: Response) -> None:
    response.headers.update(_PRIVATE)


def routes(shop: Shop, guard: Guard) -> APIRouter:
    """The router of orders."""
    router = APIRouter(prefix="/api/v1", tags=["shop"])
    private = [Depends(_private)]
    staff = Depends(guard.staff)
    keepers = Depends(guard.roles("coordinator", "host", "clerk"))
    readers = Depends(guard.roles("coordinator", "host", "clerk", "seller"))

    @router.get("/broadcasts/{broadcast}/orders", dependencies=private)
    async def list_orders(
        broadcast: str,
        caller: Annotated[Caller, readers],
        after: Identifier | Literal[""] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 200,
        state: State | None = None,
        way: Way | None = None,
    ) -> OrderList:
        """The orders of a broadcast; a clerk gets the pick-ups, a seller own lines."""
        found, following = await shop.orders.of_broadcast(
            caller, broadcast, after, limit, state=state, way=way
        )
        return OrderList(orders=found, next=following)

    @router.post("/broadcasts/{broadcast}/orders/{order}/state", dependencies=private)
    async def change_state(
        broadcast: str, order: Identifier, change: StateChange, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Move an order on, or cancel it."""
        return await shop.orders.enter(caller, broadcast, order, change)

    @router.post("/broadcasts/{broadcast}/orders/{order}/payment", dependencies=private)
    async def change_payment(
        broadcast: str, order: Identifier, change: PaymentChange, caller: Annotated[Caller, keepers]
    ) -> Order:
        """Keep that an order was paid."""
        return await shop.orders.pay(caller, broadcast, order)

    @router.post("/broadcasts/{broadcast}/orders/{order}/refund", dependencies=private)
    async def refund_order(
        broadcast: str,
        order: Identifier,
        refund: Refund,
        caller: Annotated[Caller, staff],
        key: Annotated[Key | None, Header(alias="Idempotency-Key")] = None,
    ) -> Order:
        """Keep that money of an order was given back; once a key, where one is sent."""
        return await shop.orders.refund(caller, broadcast, order, refund, key)

    @router.get("/orders/{token}", dependencies=private)
    async def read_order(token: str) -> Order:
        """An order, for whoever has its token."""
        return await shop.order(token)

    @router.post("/orders/{token}/cancel", dependencies=private)
    async def cancel_order(token: str, cancel: Cancel | None = None) -> Order:
        """Cancel an order that is not yet packed, for whoever has its token."""
        return await shop.orders.cancel(token, cancel.reason if cancel else None)

    return router
