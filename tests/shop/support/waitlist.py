"""Those who wait: how a test has them join, and what then is held for whom."""

from typing import Any

from sqlalchemy import select
from tests.shop.conftest import HOST, caller

from farmlive.ids import token
from farmlive.shop.checkout.waitlist_models import WaitJoin, WaitLeave
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.tables import holds, waits

LATER_MS = 11 * 60_000
ONE, TWO, THREE = caller("one"), caller("two"), caller("three")


async def join(stall: Any, by: Any, quantity: int = 1, offer: str = "") -> dict[str, Any]:
    request = WaitJoin(offer=offer or stall.card.id, quantity=quantity)
    answer = await stall.shop.waitlist.join(by, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def leave(stall: Any, by: Any) -> None:
    request = WaitLeave(offer=stall.card.id)
    assert await stall.shop.waitlist.leave(by, stall.broadcast, request) == {}


async def release(stall: Any, quantity: int, offer: str = "") -> dict[str, Any]:
    message = OfferRelease(offer=offer or stall.card.id, quantity=quantity)
    answer = await stall.shop.bag.release(HOST, stall.broadcast, message)
    assert isinstance(answer, dict)
    return answer


async def hold(stall: Any, by: Any, quantity: int, card: Any = None) -> dict[str, Any]:
    card = card or stall.card
    line = {"offer": card.id, "quantity": quantity, "price": card.price.amount}
    request = HoldPlace.model_validate({"lines": [line], "key": token()})
    answer = await stall.shop.holds.place(by, stall.broadcast, request)
    assert isinstance(answer, dict)
    return answer


async def held(stall: Any, by: Any) -> dict[str, int]:
    """What the device holds, by offer."""
    query = select(holds.c.lines).filter_by(broadcast=stall.broadcast, device=by.device)
    lines = await stall.store.read(lambda connection: connection.execute(query).scalar())
    return {line["offer"]: line["quantity"] for line in lines or []}


async def queue(stall: Any) -> list[str]:
    query = select(waits.c.device).order_by(waits.c.since, waits.c.id)
    found: list[str] = await stall.store.read(
        lambda connection: list(connection.execute(query).scalars())
    )
    return found


async def waiting(stall: Any) -> int:
    cards = await stall.shop.bag.cards(stall.broadcast)
    (card,) = (each for each in cards if each.id == stall.card.id)
    return int(card.waiting)
