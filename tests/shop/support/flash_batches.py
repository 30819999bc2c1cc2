"""What tests of flash batches do: plan and end them, order and hold their boxes, and look."""

from typing import Any

from sqlalchemy import select
from tests.shop.conftest import HOST, caller
from tests.support.money import cny

from farmlive.ids import token
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.tables import flashes, offers
from farmlive.shop.flash.models import FlashEnd, FlashPlan

LOW = 1990
ANOTHER = caller("another device")
MINUTE_MS = 60_000


async def plan(stall: Any, boxes: int = 4, **other: Any) -> dict[str, Any]:
    facts = {"offer": stall.card.id, "price": cny(LOW), "boxes": boxes, "seconds": 60, **other}
    answer = await stall.shop.flashes.plan(HOST, stall.broadcast, FlashPlan.model_validate(facts))
    assert isinstance(answer, dict)
    return answer


async def end(stall: Any, flash: dict[str, Any], *, wrong: bool = False) -> dict[str, Any]:
    message = FlashEnd(flash=flash["id"], wrong=wrong)
    answer = await stall.shop.flashes.end(HOST, stall.broadcast, message)
    assert isinstance(answer, dict)
    return answer


def lines(stall: Any, quantity: int, price: int = LOW) -> list[dict[str, Any]]:
    return [{"offer": stall.card.id, "quantity": quantity, "price": price}]


async def order(
    stall: Any, quantity: int = 1, price: int = LOW, by: Any = None, **change: Any
) -> dict[str, Any]:
    request = stall.request(lines=lines(stall, quantity, price), **change)
    answer = await stall.shop.till.place(by or stall.viewer, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def hold(stall: Any, quantity: int = 1, price: int = LOW, by: Any = None) -> dict[str, Any]:
    asked = {"lines": lines(stall, quantity, price), "key": token()}
    request = HoldPlace.model_validate(asked)
    answer = await stall.shop.holds.place(by or stall.viewer, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def stock(stall: Any) -> tuple[int, int, int, int]:
    """Sold, held, kept and left of the offer, which add up to what was released."""
    query = select(offers).filter_by(id=stall.card.id)
    row = await stall.store.read(lambda connection: connection.execute(query).one())
    left = row.released - row.sold - row.held - row.kept
    (card,) = await stall.shop.bag.cards(stall.broadcast)
    assert (card.released, card.sold, card.held, card.kept, card.left) == (
        row.released,
        row.sold,
        row.held,
        row.kept,
        left,
    )
    return row.sold, row.held, row.kept, left


async def batch(stall: Any, flash: dict[str, Any]) -> tuple[str, int, int, str | None]:
    """The batch's state, how many of it are sold and held, and what ended it."""
    query = select(flashes).filter_by(id=flash["id"])
    row = await stall.store.read(lambda connection: connection.execute(query).one())
    return row.state, row.sold, row.held, row.why
