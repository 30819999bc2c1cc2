"""Steps of an order by staff, and the orders that a caller sees."""

from typing import Any

from sqlalchemy import Connection, select, update
from tests.shop.conftest import HOST, PRICE
from tests.support.money import cny

from farmlive.people import Caller
from farmlive.shop.core.order_links import CODES, OrderLinks
from farmlive.shop.core.order_models import NewTransition, Refund
from farmlive.shop.core.order_tables import orders
from farmlive.shop.orders.change_models import (
    OrderFilter,
)
from farmlive.store import Store

# Who keeps all centres, as from before clerks belonged to some.
CLERK = Caller(None, "a clerk", "clerk", "the clerk's device", "192.0.2.3", centres=None)
PICKUP = {"payment": "pay_at_pickup"}


async def enter(
    stall: Any, placed: Any, state: Any, *, by: Caller = HOST, reason: Any = None
) -> Any:
    known_by: Any = "known_to_me" if state == "received" else None
    change = NewTransition(state=state, reason=reason, known_by=known_by)
    return await stall.shop.orders.enter(by, stall.broadcast, placed["id"], change)


async def refund(stall: Any, placed: Any, amount: int, key: str | None = None) -> Any:
    back = Refund(amount=cny(amount), reason="压坏了")
    return await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], back, key)


async def pickup(stall: Any, quantity: int = 1) -> Any:
    where = {"way": "pickup", "centre": stall.centre.id}
    return await stall.place(quantity, delivery=where, **PICKUP)


def seller(*farms: str) -> Caller:
    return Caller(None, "a farmer", "seller", "its device", "192.0.2.4", farms=frozenset(farms))


async def seen(stall: Any, caller: Caller, **only: Any) -> list[Any]:
    asked = OrderFilter(**only)
    found, _ = await stall.shop.orders.list_orders(caller, stall.broadcast, only=asked)
    return found  # type: ignore[no-any-return]


async def give_code(store: Store, code: str, *only: str) -> None:
    """Give pick-ups this code: all of them, or those."""
    links = OrderLinks(store.keys.orders)

    def write(connection: Connection) -> None:
        for row in connection.execute(select(orders).where(orders.c.centre.is_not(None))).all():
            if not only or row.id in only:
                shift = (int(code) - int(links.code(row.id))) % CODES
                kept = {"code_hash": links.code_hash(row.centre, code), "code_shift": shift}
                connection.execute(update(orders).where(orders.c.id == row.id).values(kept))

    await store.write(write)


async def waiting(stall: Any, code: str = "042117", state: Any = "at_centre", **change: Any) -> Any:
    """A pick-up with this code, as far as that state."""
    where = {"way": "pickup", "centre": change.pop("centre", stall.centre.id)}
    placed = await stall.place(1, delivery=where, payment="pay_at_pickup", **change)
    await give_code(stall.store, code, placed["id"])
    for each in ("packed", "at_centre", "received"):
        if state in ("placed", "cancelled"):
            break
        await enter(stall, placed, each)
        if each == state:
            break
    if state == "cancelled":
        await enter(stall, placed, state)
    return placed


async def less(stall: Any, placed: Any, boxes: int, amount: int | None = None) -> Any:
    lines = [{"offer": stall.card.id, "quantity": boxes}]
    amount = boxes * PRICE if amount is None else amount
    off = Refund.model_validate({"amount": cny(amount), "reason": "少要", "lines": lines})
    return await stall.shop.orders.refund(HOST, stall.broadcast, placed["id"], off)


async def pay(stall: Any, placed: Any) -> Any:
    return await stall.shop.orders.pay(HOST, stall.broadcast, placed["id"])


async def order(stall: Any, quantity: int, by: Caller, phone: int = 0, **change: Any) -> Any:
    buyer = {"name": "王小明", "phone": f"1380000{phone:04}"}
    request = stall.request(quantity, buyer=buyer, **change)
    return await stall.shop.till.place(by, stall.broadcast, request)
