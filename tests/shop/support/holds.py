"""Holds: how a test has someone hold something, and what then is left."""

from typing import Any

from sqlalchemy import select
from tests.shop.conftest import HOST, PRICE, caller
from tests.support.money import cny

from farmlive.ids import token
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.models import OfferChange
from farmlive.shop.core.tables import offers

LATER_MS = 11 * 60_000
ANOTHER = caller("another device")


def line(stall: Any, quantity: int = 1, **change: Any) -> dict[str, Any]:
    return {"offer": stall.card.id, "quantity": quantity, "price": PRICE, **change}


async def hold(stall: Any, *lines: dict[str, Any], key: str = "", by: Any = None) -> dict[str, Any]:
    request = HoldPlace.model_validate(
        {"lines": list(lines) or [line(stall)], "key": key or token()}
    )
    answer = await stall.shop.holds.place(by or stall.viewer, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def stock(stall: Any, card: Any = None) -> tuple[int, int, int, int]:
    """Released, sold, held and left of the offer, which always add up."""
    offer = (card or stall.card).id
    row = await stall.store.read(lambda c: c.execute(select(offers).filter_by(id=offer)).one())
    left = row.released - row.sold - row.held
    (shown,) = (c for c in await stall.shop.bag.cards(stall.broadcast) if c.id == offer)
    assert (shown.released, shown.held, shown.left) == (row.released, row.held, left)
    assert left >= 0
    return row.released, row.sold, row.held, left


async def change_price(stall: Any, price: int) -> None:
    message = OfferChange(offer=stall.card.id, price=cny(price))
    await stall.shop.bag.change(HOST, stall.broadcast, message)
