import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.ids import ulid
from farmlive.shop.models import OfferRelease
from farmlive.shop.problems import SoldOut
from farmlive.shop.tables import order_lines, orders

from .conftest import HOST


async def test_a_broadcast_that_sold_nothing_has_zeros(fair: Any) -> None:
    report = await fair.review.of(fair.broadcast)
    assert (report.orders, report.items, report.buyers) == (0, 0, 0)
    assert report.gross.model_dump() == {"amount": 0, "currency": "CNY"}
    assert [(share.orders, share.left) for share in report.offers] == [(0, 50), (0, 50)]


async def test_totals_are_those_of_the_orders(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    await fair.order("13800000001", 1)
    await fair.order("13800000002", 0, 3)
    report = await fair.review.of(fair.broadcast)
    assert (report.orders, report.items, report.buyers) == (3, 7, 2)
    assert report.gross.amount == 3 * 2990 + 4 * 4990
    first, second = report.offers
    assert (first.orders, first.items, first.gross.amount, first.left) == (2, 3, 8970, 47)
    assert (second.orders, second.items, second.gross.amount, second.left) == (2, 4, 19960, 46)
    assert [share.net_weight_g for share in report.lots] == [7500, 10_000]
    assert [share.name.en for share in report.farms] == ["Xikou", "Yangzhong"]
    assert [share.gross.amount for share in report.farms] == [8970, 19960]


async def test_every_sum_by_offer_lot_and_farm_is_the_gross(fair: Any) -> None:
    for number in range(12):
        await fair.order(f"138000000{number:02d}", number % 3, 1)
    report = await fair.review.of(fair.broadcast)
    for shares in (report.offers, report.lots, report.farms):
        assert sum(share.gross.amount for share in shares) == report.gross.amount
        assert sum(share.items for share in shares) == report.items


async def test_the_log_tells_what_the_tables_hold(fair: Any) -> None:
    await asyncio.gather(*(fair.order(f"138000000{number:02d}", 1, 2) for number in range(25)))
    with pytest.raises(SoldOut):
        await fair.order("13800000099", 1, 1)
    report = await fair.review.of(fair.broadcast)

    async def table(column: Any) -> Any:
        return await fair.store.read(lambda conn: conn.execute(select(column)).scalar_one())

    assert report.orders == 25 == await table(func.count(orders.c.id))
    assert report.items == await table(func.sum(order_lines.c.quantity))
    assert report.gross.amount == await table(func.sum(orders.c.total))
    assert report.gross.amount == await table(func.sum(order_lines.c.total))


async def test_simulated_orders_are_counted_and_told_apart(fair: Any) -> None:
    await fair.order("13800000001", 1)
    await fair.order("13800000002", 2, simulated=True)
    report = await fair.review.of(fair.broadcast)
    assert (report.orders, report.items, report.gross.amount) == (2, 3, 8970)
    shown = report.simulated
    assert (shown.orders, shown.items, shown.gross.amount) == (1, 2, 5980)


async def test_a_release_shows_in_what_is_left(fair: Any) -> None:
    await fair.order("13800000001", 10)
    await fair.shop.bag.release(
        HOST, fair.broadcast, OfferRelease(offer=fair.cards[0].offer, quantity=5)
    )
    share = (await fair.review.of(fair.broadcast)).offers[0]
    assert (share.released, share.items, share.left) == (55, 10, 45)


async def test_a_review_stays_after_the_end(fair: Any) -> None:
    await fair.order("13800000001", 1)
    live = await fair.review.of(fair.broadcast)
    await fair.broadcasts.end(fair.broadcast)
    ended = await fair.review.of(fair.broadcast)
    assert (live.state, ended.state) == ("live", "ended")
    assert ended.gross == live.gross


async def test_an_unknown_broadcast_has_no_review(fair: Any) -> None:
    with pytest.raises(UnknownBroadcast):
        await fair.review.of(ulid())


async def test_staff_alone_read_a_review(fair: Any, site: Any) -> None:
    await fair.order("13800000001", 1)
    path = f"/api/v1/broadcasts/{fair.broadcast}/review"
    assert (await site.viewer.get(path)).status_code == 401
    report = (await site.staff.get(path)).json()
    assert report["gross"] == {"amount": 2990, "currency": "CNY"}
    assert "王小明" not in str(report)


async def test_each_number_says_how_it_is_counted(fair: Any) -> None:
    report = await fair.review.of(fair.broadcast)
    told = {"broadcast", "title", "state", "seq", "started_at", "until", "pcu_at", "farms_only"}
    counted = set(type(report).model_fields) - told - {"definitions"}
    assert set(report.definitions) == counted
    assert all(words.zh and words.en for words in report.definitions.values())
