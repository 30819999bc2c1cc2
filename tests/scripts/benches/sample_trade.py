"""A stall at which something of everything was done, and what its people were told of it."""

from dataclasses import dataclass
from typing import Any

from scripts.benches.trade.acks import Acks, Placed
from tests.shop.conftest import HOST, PRICE, Stall
from tests.support.money import cny

from farmlive.ids import token
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.order_models import Refund
from farmlive.shop.flash.models import FlashEnd, FlashPlan
from farmlive.shop.orders.change_models import NewBulkTransition

FLASH_PRICE = 1990


@dataclass
class Trade:
    """Who bought what: `first` picks two boxes up, `second` has one of the flash batch."""

    told: Acks
    first: str
    second: str
    flash: str
    scarce: str


def lines(offer: str, quantity: int, price: int = PRICE) -> list[dict[str, Any]]:
    return [{"offer": offer, "quantity": quantity, "price": price}]


def in_broadcast(statement: str, broadcast: str) -> str:
    """The statement for the orders of this broadcast alone: there are past ones in another."""
    return statement.replace("WHERE number =", f"WHERE broadcast = '{broadcast}' AND number =")


async def trade(stall: Stall) -> Trade:
    """Release, begin a flash batch, order, hold, wait, and move the first order on."""
    shop, broadcast, told, offer = stall.shop, stall.broadcast, Acks(), stall.card.id

    key = token()
    release = OfferRelease(offer=offer, quantity=5, key=key)
    told.answers[key] = await shop.bag.release(HOST, broadcast, release)
    told.deeds["releases"] += 1

    key = token()
    plan = FlashPlan(
        offer=offer, price=cny(FLASH_PRICE), boxes=3, seconds=600, per_buyer=2, key=key
    )
    told.answers[key] = await shop.flashes.plan(HOST, broadcast, plan)
    flash = told.answers[key]["id"]

    async def order(wanted: list[dict[str, Any]], **more: Any) -> str:
        key = token()
        request = stall.request(key=key, lines=wanted, **more)
        answer = await shop.till.place(stall.viewer, broadcast, request)
        told.add_order(Placed(key, answer, wanted, 1))
        return str(answer["id"])

    first = await order(
        lines(offer, 2),
        delivery={"way": "pickup", "centre": stall.centre.id},
        payment="pay_at_pickup",
    )
    second = await order(lines(offer, 1, FLASH_PRICE))

    key = token()
    hold = HoldPlace.model_validate({"lines": lines(offer, 4), "key": key})
    told.answers[key] = await shop.holds.place(stall.viewer, broadcast, hold)

    scarce = (await stall.offer(0)).id
    key = token()
    wait = WaitJoin(offer=scarce, quantity=2, key=key)
    told.answers[key] = await shop.waitlist.join(stall.viewer, broadcast, wait)
    told.deeds["waits"] += 1

    key = token()
    moved = await shop.bulk_actions.make(
        HOST, broadcast, NewBulkTransition(orders=[first], state="packed"), key
    )
    told.answers[key] = {"move": moved.id, "refused": []}
    told.add_step(first, moved.moved[0].model_dump(mode="json"))
    paid = await shop.orders.pay(HOST, broadcast, first)
    told.add_step(first, paid.model_dump(mode="json"))
    key = token()
    refund = Refund(amount=cny(500), reason="one was soft")
    given = await shop.orders.refund(HOST, broadcast, first, refund, key)
    told.answers[key] = {"order": first, "move": given.refund}
    told.add_step(first, given.model_dump(mode="json"))

    await shop.flashes.end(HOST, broadcast, FlashEnd(flash=flash))
    told.ended.add(flash)
    return Trade(told, first, second, flash, scarce)
