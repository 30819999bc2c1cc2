"""How much of a long waiting list is read when boxes come back."""

from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.shop.conftest import HOST, PRICE
from tests.shop.support.orders import order

from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.shop.checkout import waitlist_queue
from farmlive.shop.core.models import OfferRelease
from farmlive.shop.core.tables import holds, waits


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many of those who wait each question gave."""
    counts: list[int] = []
    after = waitlist_queue.QueueScan.read_next

    def counted(*given: Any) -> Any:
        found = after(*given)
        counts.append(len(found))
        return found

    monkeypatch.setattr(waitlist_queue.QueueScan, "read_next", counted)
    return counts


async def enter_waits(
    stall: Any, many: int, quantity: int, last: int, *, held_at_price: int | None = None
) -> None:
    """That so many strangers, each at an address of its own, wait for so many boxes of the card,
    and a last one for others; and hold a box of it at that price, where one is given.
    """
    row = {"broadcast": stall.broadcast}
    wanted = {**row, "offer": stall.card.id, "simulated": False, "since": 1, "is_limited": True}
    names = [f"device {number:05}" for number in range(many)]

    def enter(connection: Any) -> None:
        if held_at_price is not None:
            kept = {"offer": stall.card.id, "lot": stall.lot.id, "farm": stall.farm.id}
            kept |= {"quantity": 1, "price": held_at_price, "total": held_at_price}
            own = {**row, "lines": [kept], "total": held_at_price, "currency": "CNY", "boxes": 1}
            own |= {"held_at": now_ms(), "until_at": 1 << 50}
            connection.execute(insert(holds), [{**own, "id": ulid(), "device": it} for it in names])
        rows = [
            {"id": ulid(), "device": it, "source": f"address of {it}", "quantity": quantity}
            for it in names
        ]
        rows.append({"id": ulid(), "device": "the last", "source": None, "quantity": last})
        connection.execute(insert(waits), [{**wanted, **each} for each in rows])

    await stall.store.write(enter)


async def release_one(stall: Any) -> list[str]:
    """Release a box; which of the first and the last still wait."""
    release = OfferRelease(offer=stall.card.id, quantity=1)
    await stall.shop.bag.release(HOST, stall.broadcast, release)
    query = select(waits.c.device).where(waits.c.device.in_(["device 00000", "the last"]))
    found: list[str] = await stall.store.read(lambda c: sorted(c.execute(query).scalars()))
    return found


async def test_who_wants_more_of_an_offer_than_there_is_is_not_read_whatever_others_have(
    stall: Any, read: list[int]
) -> None:
    few, stall.card = stall.card, await stall.offer(10)
    await enter_waits(stall, 0, 0, 20)  # more than there is, of an offer of the same lot
    stall.card = few
    await order(stall, 10, HOST, 1)
    await enter_waits(stall, 300, 2, 1)
    assert await release_one(stall) == ["device 00000", "the last"]  # who wants 20 of the other
    assert read == [1]
    read.clear()
    assert await release_one(stall) == ["device 00000", "the last"]
    assert read == [0]
    assert await release_one(stall) == ["the last"]


async def test_of_many_who_are_passed_over_some_are_read_and_those_behind_get_their_turn(
    stall: Any, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waitlist_queue, "PASSED", 100)
    await order(stall, 10, HOST, 1)
    await enter_waits(stall, 220, 1, 1, held_at_price=PRICE + 1)
    for _ in range(3):  # from the second on fifty at the head of the queue
        read.clear()
        assert await release_one(stall) == ["device 00000", "the last"]
        assert read == [50, 50]
    assert await release_one(stall) == ["device 00000"]
