"""Bulk actions on orders, and what was refused of them."""

from typing import Any

from tests.shop.conftest import HOST

from farmlive.people import Caller
from farmlive.shop.core.order_models import Refunded
from farmlive.shop.orders.change_models import NewBulkTransition


async def move(stall: Any, *placed: Any, by: Caller = HOST, key: Any = None, **to: Any) -> Any:
    if to.get("state") == "received":
        to.setdefault("known_by", "known_to_me")
    wanted = NewBulkTransition(orders=[each["id"] for each in placed], **to)
    return await stall.shop.bulk_actions.make(by, stall.broadcast, wanted, key)


async def undo(stall: Any, done: Any, *, by: Caller = HOST) -> Any:
    made = done.refund if isinstance(done, Refunded) else done.id
    return await stall.shop.bulk_actions.undo(by, stall.broadcast, made)


def refusals(done: Any) -> list[tuple[str, str]]:
    return [(each.order, each.problem["type"].rpartition("/")[2]) for each in done.refused]
