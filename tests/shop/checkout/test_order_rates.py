"""How often one address may ask for boxes, where they are given and where they are refused."""

import contextlib
from typing import Any

import pytest
from tests.shop.conftest import PRICE
from tests.support.parts import limits_of, local_log

from farmlive.ids import token, ulid
from farmlive.people import Caller
from farmlive.problems import NotFound, Problem, TooMany
from farmlive.settings import Settings
from farmlive.shop.checkout import limits
from farmlive.shop.checkout.waitlist_models import WaitJoin
from farmlive.shop.core.checkout_models import HoldPlace
from farmlive.shop.shop import Shop

PHONES = 300
PER_MINUTE = Settings.model_fields["orders_per_minute"].default


def visitor(number: int) -> Caller:
    """One of those behind the village's address."""
    return Caller(None, None, None, f"phone {number}", "203.0.113.9")


@pytest.fixture
def shop(stall: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Where an address may order twenty times a minute, and no time goes by."""
    monkeypatch.setattr(stall.limits, "_clock", lambda: 0.0)
    few = settings.model_copy(update={"orders_per_minute": 1})
    return stall.another_shop(few, log=local_log())  # type: ignore[no-any-return]


@pytest.mark.parametrize("what", ["an order", "a hold", "a place in the waiting list"])
async def test_a_refused_request_counts_a_third_for_its_address_and_a_flood_is_limited(
    stall: Any, shop: Shop, what: str
) -> None:
    wrong = {"lines": [{"offer": ulid(), "quantity": 1, "price": PRICE}]}

    async def attempt(by: Caller) -> None:
        if what == "an order":
            await shop.till.place(by, stall.broadcast, stall.request(**wrong))
        elif what == "a hold":
            hold = HoldPlace.model_validate({**wrong, "key": token()})
            await shop.holds.place(by, stall.broadcast, hold)
        else:
            await shop.waitlist.join(by, stall.broadcast, WaitJoin(offer=ulid(), quantity=1))

    # What comes must have room for a whole one.
    refused = limits.REFUSED_AS_ONE * (limits.DEVICES_PER_ADDRESS - 1) + 1
    for turn in range(refused):
        with pytest.raises(Problem) as answer:
            await attempt(visitor(turn))
        assert not isinstance(answer.value, TooMany)
    with pytest.raises(TooMany):
        await attempt(visitor(refused))


async def test_what_is_taken_counts_whole_for_its_address(stall: Any, shop: Shop) -> None:
    stall.card = await stall.offer(50)
    for turn in range(limits.DEVICES_PER_ADDRESS):
        buyer = {"name": "李", "phone": f"1390000{turn:04}"}
        await shop.till.place(visitor(turn), stall.broadcast, stall.request(buyer=buyer))
    with pytest.raises(TooMany):
        await shop.till.place(visitor(50), stall.broadcast, stall.request())


def test_a_refused_request_counts_whole_for_its_device_and_for_the_block() -> None:
    counted = limits_of(clock=lambda: 0.0)

    def refused(by: Caller, per_minute: int) -> None:
        with contextlib.suppress(NotFound), limits.counting(counted, "orders", by, per_minute):
            raise NotFound("Sold out.")

    for _ in range(3):
        refused(visitor(1), 3)
    with pytest.raises(TooMany):
        refused(visitor(1), 3)
    of_block = limits.DEVICES_PER_ADDRESS * limits.ORDERS_BLOCK_FACTOR
    for turn in range(of_block):
        refused(Caller(None, None, None, f"device {turn}", f"198.51.100.{turn % 250}"), 1)
    with pytest.raises(TooMany):
        refused(Caller(None, None, None, "one more", "198.51.100.251"), 1)


@pytest.mark.parametrize("pressing", [PHONES // 2, PHONES])
def test_phones_that_find_it_sold_out_and_press_again_keep_nobody_from_ordering(
    pressing: int,
) -> None:
    """300 phones behind one address order at the same moment. So many of them find it sold out, and
    press again every five seconds for ten minutes; now and then one orders what is there.
    """
    now = 0.0
    counted = limits_of(clock=lambda: now)

    def order(by: Caller, *, is_sold_out: bool) -> None:
        with contextlib.suppress(NotFound), limits.counting(counted, "orders", by, PER_MINUTE):
            if is_sold_out:
                raise NotFound("Sold out.")

    for number in range(PHONES):
        order(visitor(number), is_sold_out=number < pressing)
    for second in range(1, 600):
        now = float(second)
        for number in range(second % 5, pressing, 5):
            order(visitor(number), is_sold_out=True)
        if second % 2:
            order(visitor(PHONES + second), is_sold_out=False)
