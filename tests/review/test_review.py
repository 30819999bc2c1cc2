"""The review of a real broadcast: its orders, what became of them, and whose part is whose."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from tests.support.money import cny

from farmlive.broadcast.log import UnknownBroadcast
from farmlive.broadcast.models import NewBroadcast
from farmlive.broadcast.reporting.viewers import FRESH_MS
from farmlive.broadcast.tables import card_taps, watches
from farmlive.clock import now_ms
from farmlive.ids import ulid
from farmlive.shop.core.models import OfferChange, OfferRelease
from farmlive.shop.core.order_tables import order_lines, orders
from farmlive.shop.core.problems import SoldOut


async def test_a_broadcast_that_sold_nothing_has_zeros(fair: Any) -> None:
    report = await fair.report()
    assert (report.orders, report.items, report.buyers) == (0, 0, 0)
    assert report.gross.model_dump() == {"amount": 0, "currency": "CNY"}
    assert report.net == report.gross
    assert (report.aov, report.gpm, report.ctr, report.ctor, report.refund_rate) == (None,) * 5
    assert [(share.orders, share.left) for share in report.offers] == [(0, 50), (0, 50)]
    assert report.highlights.best_minute is None


async def test_totals_are_those_of_the_orders(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    await fair.order("13800000001", 1)
    await fair.order("13800000002", 0, 3)
    report = await fair.report()
    assert (report.orders, report.items, report.buyers) == (3, 7, 2)
    assert report.gross.amount == 3 * 2990 + 4 * 4990
    assert report.aov.amount == round(report.gross.amount / 3)
    first, second = report.offers
    assert (first.orders, first.items, first.gross.amount, first.left) == (2, 3, 8970, 47)
    assert (second.orders, second.items, second.gross.amount, second.left) == (2, 4, 19960, 46)
    assert [share.net_weight_g for share in report.lots] == [7500, 10_000]
    assert [share.name.en for share in report.farms] == ["Xikou", "Yangzhong"]
    assert [share.gross.amount for share in report.farms] == [8970, 19960]
    assert sum(report.timeline.gross) == report.gross.amount


async def test_every_sum_by_offer_lot_and_farm_is_the_whole(fair: Any) -> None:
    for number in range(12):
        order = await fair.order(f"138000000{number:02d}", number % 3, 1)
        if number % 4 == 0:
            await fair.enter(order, "cancelled")
        elif number % 4 == 1:
            await fair.pay(order, refund=333)
    report = await fair.report()
    for shares in (report.offers, report.lots, report.farms):
        assert sum(share.gross.amount for share in shares) == report.gross.amount
        assert sum(share.cancelled.amount for share in shares) == report.cancelled.gross.amount
        assert sum(share.refunded.amount for share in shares) == report.refunded.amount.amount
        assert sum(share.net.amount for share in shares) == report.net.amount
        assert sum(share.items for share in shares) == report.items
    assert report.refunded.amount.amount == 3 * 333
    assert report.paid.amount + report.due.amount == report.net.amount
    for farm in report.farms:
        assert farm.paid.amount + farm.due.amount == farm.net.amount


async def test_net_is_gross_less_cancelled_and_refunded(fair: Any) -> None:
    cancelled = await fair.order("13800000001", 2)
    refunded = await fair.order("13800000002", 1)
    await fair.order("13800000003", 0, 1)
    await fair.enter(cancelled, "cancelled")
    await fair.pay(refunded, refund=1_000)
    report = await fair.report()
    assert (report.orders, report.gross.amount) == (3, 3 * 2990 + 4990)
    assert (report.cancelled.orders, report.cancelled.items) == (1, 2)
    assert report.cancelled.gross.amount == 5980
    assert (report.refunded.orders, report.refunded.amount.amount) == (1, 1_000)
    assert report.net.amount == 2990 - 1_000 + 4990
    assert (report.cancel_rate, report.refund_rate, report.unpaid_rate) == (0.3333, 0.3333, 0.5)
    assert (report.paid.amount, report.due.amount) == (2990 - 1_000, 4990)
    assert (report.offers[0].items, report.offers[0].net_items) == (3, 1)
    assert report.offers[0].left == 49


async def test_an_order_that_was_cancelled_and_paid_back_is_taken_off_once(fair: Any) -> None:
    order = await fair.order("13800000001", 2)
    await fair.pay(order)
    await fair.enter(order, "cancelled")
    report = await fair.report()
    assert (report.net.amount, report.cancelled.orders) == (0, 1)
    assert (report.paid.amount, report.due.amount) == (0, 0)


async def test_the_log_tells_what_the_tables_hold(fair: Any) -> None:
    await asyncio.gather(*(fair.order(f"138000000{number:02d}", 1, 2) for number in range(25)))
    with pytest.raises(SoldOut):
        await fair.order("13800000099", 1, 1)
    report = await fair.report()

    async def table(column: Any) -> Any:
        return await fair.store.read(lambda conn: conn.execute(select(column)).scalar_one())

    assert report.orders == 25 == await table(func.count(orders.c.id))
    assert report.items == await table(func.sum(order_lines.c.quantity))
    assert report.gross.amount == await table(func.sum(orders.c.total))
    assert report.gross.amount == await table(func.sum(order_lines.c.total))


async def test_simulated_orders_are_counted_and_told_apart(fair: Any) -> None:
    await fair.order("13800000001", 1)
    await fair.order("13800000002", 2, simulated=True)
    report = await fair.report()
    assert (report.orders, report.items, report.gross.amount) == (2, 3, 8970)
    shown = report.simulated
    assert (shown.orders, shown.items, shown.gross.amount) == (1, 2, 5980)


async def test_what_the_host_did_stands_on_the_axis(fair: Any, staff: Any) -> None:
    first, second = (card.id for card in fair.cards)
    bag = fair.house.shop.bag
    await fair.pin(first)
    await bag.release(staff, fair.broadcast, OfferRelease(offer=first, quantity=5))
    await bag.change(staff, fair.broadcast, OfferChange(offer=second, price=cny(4500)))
    await fair.order("13800000001", 5)
    report = await fair.report()
    pin, release, price = report.timeline.moments
    assert [moment.kind for moment in (pin, release, price)] == ["pin", "release", "price"]
    assert (pin.orders, pin.items, price.orders) == (1, 5, 0)
    assert release.sold_after_ms is not None
    assert (price.was.amount, price.price.amount) == (4990, 4500)
    assert report.highlights.best_release == release
    assert report.highlights.best_minute.offer == first
    share = report.offers[0]
    assert (share.released, share.items, share.left) == (55, 5, 50)
    assert report.offers[1].price.amount == 4500


async def test_audience_and_taps_are_counted_beside_the_sales(fair: Any) -> None:
    offer = fair.cards[0].id
    start = (await fair.report()).started_at
    rows = [
        {"device": "a", "from_at": start, "to_at": start + 60_000},
        {"device": "b", "from_at": start, "to_at": start + 10, "running": True},
    ]
    taps = [{"offer": offer, "device": "a", "at": start} for _ in range(4)]
    named = {"broadcast": fair.broadcast}

    def write(connection: Any) -> None:
        for row in rows:
            connection.execute(insert(watches), {**named, **row})
        for tap in taps:
            connection.execute(insert(card_taps), {**named, **tap})

    await fair.store.write(write)
    await fair.pin(offer)
    await fair.order("13800000001", 2)
    report = await fair.report()
    assert (report.views, report.viewers, report.pcu, report.taps) == (2, 2, 2, 4)
    assert report.gpm.amount == 5980 * 1000 // 2
    assert report.uv_value.amount == 5980 // 2
    assert (report.ctor, report.offers[0].ctor, report.offers[0].taps) == (0.25, 0.25, 4)
    assert report.impressions == report.offers[0].impressions
    assert report.watch_s is not None


async def test_a_session_that_a_crash_left_running_ends_where_it_was_kept(fair: Any) -> None:
    start = (await fair.report()).started_at
    old = now_ms() - FRESH_MS - 1
    row = {"broadcast": fair.broadcast, "device": "a", "running": True}
    times = {"from_at": min(start, old) - 5, "to_at": old}
    await fair.store.write(
        lambda connection: connection.execute(insert(watches), {**row, **times}) and None
    )
    assert (await fair.report()).watch_s in (None, 0.0)


async def test_a_review_stays_after_the_end(fair: Any) -> None:
    await fair.order("13800000001", 1)
    live = await fair.report()
    await fair.house.broadcasts.end(fair.broadcast)
    ended = await fair.report()
    assert (live.state, ended.state) == ("live", "ended")
    assert ended.gross == live.gross
    assert ended.until == (await fair.events("broadcast.ended"))[0].at


async def test_a_broadcast_to_come_has_an_empty_review(fair: Any) -> None:
    made = await fair.house.broadcasts.create(NewBroadcast(title={"en": "Soon"}))
    report = await fair.review.report(made.id)
    assert (report.state, report.started_at, report.timeline.orders) == ("scheduled", None, [])


async def test_an_unknown_broadcast_has_no_review(fair: Any) -> None:
    with pytest.raises(UnknownBroadcast):
        await fair.review.report(ulid())


async def test_a_farm_sees_its_own_part(fair: Any) -> None:
    await fair.order("13800000001", 2, 1)
    await fair.order("13800000002", 0, 3)
    refunded = await fair.order("13800000003", 1, 1)
    await fair.pay(refunded, refund=798)
    report = await fair.report(frozenset({fair.farms[0]}))
    assert (report.orders, report.items, report.buyers) == (2, 3, 2)
    assert report.gross.amount == 3 * 2990
    assert [share.id for share in report.offers] == [fair.cards[0].id]
    assert [share.id for share in report.farms] == [fair.farms[0]]
    assert report.refunded.amount.amount == round(798 * 2990 / 7980)
    assert (report.paid.amount, report.due.amount) == (2990 - 299, 5980)
    assert sum(report.timeline.gross) == 3 * 2990
    assert "Yangzhong" not in report.model_dump_json()


async def test_each_reads_what_is_theirs(fair: Any, site: Any) -> None:
    await fair.order("13800000001", 1, 1)
    path = f"/api/v1/broadcasts/{fair.broadcast}/review"
    own, other = fair.farms
    async with site.client() as nobody:
        assert (await nobody.get(path)).status_code == 401
    async with site.client(await site.key("host")) as host:
        report = (await host.get(path)).json()
        assert report["gross"] == {"amount": 7980, "currency": "CNY"}
        assert "王小明" not in str(report)
        assert (await host.get(f"{path}?farm={own}")).json()["gross"]["amount"] == 2990
    async with site.client(await site.key("seller", own)) as seller:
        report = (await seller.get(path)).json()
        assert (report["gross"]["amount"], report["farms_only"]) == (2990, [own])
        assert (await seller.get(f"{path}?farm={other}")).status_code == 403
    for role in ("moderator", "clerk", "simulator"):
        async with site.client(await site.key(role)) as client:
            assert (await client.get(path)).status_code == 403


async def test_each_number_says_how_it_is_counted(fair: Any) -> None:
    report = await fair.report()
    told = {"broadcast", "title", "state", "seq", "started_at", "until", "pcu_at", "farms_only"}
    counted = set(type(report).model_fields) - told - {"definitions"}
    assert set(report.definitions) == counted
    assert all(words.zh and words.en for words in report.definitions.values())
