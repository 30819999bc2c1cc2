"""Stopped lots: how a test stops and lifts the lot that the stall sells."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from tests.shop.conftest import HOST
from tests.shop.support.flash_batches import ANOTHER, plan
from tests.shop.support.holds import hold

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms
from farmlive.ids import token
from farmlive.origin.core.models import NewInspection, NewLot, Undo
from farmlive.origin.stops.models import NewLift
from farmlive.people import Caller
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.models import OfferRelease

COORDINATOR = replace(HOST, role="coordinator")
SENTENCE = "复检合格，第一次的样品拿错了。"


async def stop(stall: Any, lot: Any = None) -> None:
    """A test of the lot failed."""
    new = NewInspection(at=now_ms(), result=Bilingual(zh="毒死蜱超标"), passed=False)
    await stall.origin.inspect(HOST, (lot or stall.lot).id, new)


async def lift(stall: Any, lot: Any = None) -> None:
    """A coordinator lifts all that is open."""
    of = (lot or stall.lot).id
    named = [each.id for each in (await stall.origin.story(of)).findings if each.lift is None]
    await stall.origin.lift(COORDINATOR, of, NewLift(findings=named, sentence=SENTENCE))


async def unlift(stall: Any, lot: Any = None) -> None:
    """A coordinator takes the last lift back."""
    of = (lot or stall.lot).id
    made = (await stall.origin.story(of)).lifts[-1].id
    await stall.origin.withdraw_lift(COORDINATOR, of, made, Undo(reason="认错了批次"))


Deed = Callable[[Any], Awaitable[Any]]


def join(stall: Any, quantity: int = 1, by: Caller = ANOTHER) -> Awaitable[Any]:
    wanted = WaitJoin(offer=stall.card.id, quantity=quantity, key=token())
    return stall.shop.waitlist.join(by, stall.broadcast, wanted)  # type: ignore[no-any-return]


SELLING: dict[str, Deed] = {
    "an order": lambda stall: stall.place(1),
    "a hold": lambda stall: hold(stall),
    "a flash batch": lambda stall: plan(stall),
    "a later flash batch": lambda stall: plan(stall, starts_at=32_503_680_000_000),
    "a place on the waiting list": lambda stall: join(stall),
    "a release": lambda stall: release(stall, 1),
    "another offer": lambda stall: stall.offer(),
}


def lot_like(stall: Any, code: str) -> Any:
    return NewLot.model_validate(
        {
            "farm": stall.farm.id,
            "code": code,
            "product_name": {"zh": "金桔"},
            "harvested_at": stall.lot.harvested_at,
            "quantity_g": 412_000,
        }
    )


async def offer_another_lot(stall: Any) -> Any:
    """Offer boxes of a second lot, which nothing stops."""
    lot = await stall.origin.add_lot(HOST, lot_like(stall, "1124"))
    return await stall.offer(lot=lot.id)


def release(stall: Any, quantity: int) -> Awaitable[Any]:
    wanted = OfferRelease(offer=stall.card.id, quantity=quantity)
    return stall.shop.bag.release(HOST, stall.broadcast, wanted)  # type: ignore[no-any-return]
