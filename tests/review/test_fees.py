"""Goods and parcels' fees, flash batches, boxes put back, the balance of each harvest: reports on
ledgers whose numbers were counted by hand.
"""

from typing import Any

from farmlive.bilingual import Bilingual
from farmlive.broadcast.log import Head
from farmlive.review.audience import Audience
from farmlive.review.ledger import fold
from farmlive.review.models import LotBalance, Report
from farmlive.review.report import TableFigures, report


def of(facts: list[Any], farms: frozenset[str] | None = None, **beside: Any) -> Report:
    ledger = fold(facts)
    return report(
        "b",
        Head(1, 0, "live", Bilingual(en="Kumquats")),
        ledger if farms is None else ledger.only(farms),
        Audience(),
        TableFigures(**beside),
        until=600_000,
        farms=farms,
    )


def sold(told: Any) -> list[Any]:
    """Small 29.90, large 54.00, pear 10.00.

    o1: 2 small, 1 pear: 69.80 and a fee of 8.00; damaged, 6.98 given back.
    o2: 1 large: 54.00 and 12.00; all of it given back, the fee too: 66.00.
    o3: 4 pears: 40.00 and 8.00; cancelled.
    o4: 3 small of a flash batch at 19.90: 59.70, picked up.
    o5: 1 small: 29.90, picked up.
    o6: 5 pears: 50.00 and 8.00; 2 pears were put back for 20.00 before packing.
    """
    return [
        told.added("small"),
        told.added("large"),
        told.added("pear"),
        told.started(0),
        told.ordered(1_000, "o1", told.line("small", 2), told.line("pear", 1), fee=800),
        told.ordered(2_000, "o2", told.line("large", 1), fee=1_200),
        told.ordered(3_000, "o3", told.line("pear", 4), fee=800),
        told.flashed(4_000, "f1", "small", 1_990, 10),
        told.ordered(5_000, "o4", told.line("small", 3, 1_990, flash="f1")),
        told.ordered(6_000, "o5", told.line("small", 1)),
        told.ordered(7_000, "o6", told.line("pear", 5), fee=800),
        told.flash_over(64_000, "f1", "small", 3),
        told.refunded(70_000, "o1", 698),
        told.refunded(71_000, "o2", 6_600),
        told.cancelled(72_000, "o3"),
        told.refunded(73_000, "o6", 2_000, pear=2),
    ]


def test_gross_and_net_are_of_goods_and_fees_stand_apart(told: Any) -> None:
    found = of(sold(told))
    assert found.gross.amount == 6_980 + 5_400 + 4_000 + 5_970 + 2_990 + 5_000 == 30_340
    assert found.cancelled.gross.amount == 4_000
    assert (found.refunded.orders, found.refunded.amount.amount) == (3, 698 + 5_400 + 2_000)
    assert found.net.amount == 30_340 - 4_000 - 8_098 == 18_242
    # o1, o2 and o6, less what was given back of o2's; o3 is cancelled.
    assert found.fees.amount == 800 + 1_200 + 800 - 1_200
    assert found.aov is not None
    assert found.aov.amount == round(30_340 / 6)
    assert sum(found.timeline.gross) == 30_340


def test_each_farm_is_settled_by_its_goods(told: Any) -> None:
    found = of(sold(told))
    xikou, yangzhong = found.farms
    assert (xikou.gross.amount, yangzhong.gross.amount) == (20_340, 10_000)
    assert xikou.gross.amount == 5_980 + 5_400 + 5_970 + 2_990
    # 6.98 of o1 are shared 59.80 to 10.00: 5.98 and 1.00.
    assert (xikou.refunded.amount, yangzhong.refunded.amount) == (598 + 5_400, 100 + 2_000)
    assert (xikou.net.amount, yangzhong.net.amount) == (14_342, 3_900)
    assert xikou.net.amount + yangzhong.net.amount == found.net.amount
    own = of(sold(told), frozenset({"yangzhong"}))
    assert (own.net.amount, own.fees.amount) == (3_900, 0)


def test_flash_sales_are_a_part_of_their_offers(told: Any) -> None:
    small, large, pear = of(sold(told)).offers
    assert (small.items, small.gross.amount) == (6, 2 * 2_990 + 3 * 1_990 + 2_990)
    assert (small.flash_items, small.flash_gross.amount) == (3, 5_970)
    assert [(each.flash_items, each.flash_gross.amount) for each in (large, pear)] == [(0, 0)] * 2


def test_boxes_put_back_are_sold_no_more(told: Any) -> None:
    found = of(sold(told))
    pear = found.offers[2]
    # 1 + 4 + 5 ordered, 4 cancelled, 2 put back.
    assert (pear.items, pear.net_items) == (10, 4)
    assert [lot.net_weight_g for lot in found.lots] == [7 * 2_500, 4 * 2_500]


def test_a_lot_tells_its_balance_as_it_is_now(told: Any) -> None:
    stands = LotBalance(
        harvested_g=90_000, wasted_g=5_000, sold_g=20_000, held_g=2_500, left_g=62_500
    )
    found = of(sold(told), lots={"1123": stands})
    first, second = found.lots
    assert (first.balance, second.balance) == (stands, None)
    assert first.harvested_g == 100_000
    # What this broadcast sold of it is a part of what was sold in all.
    assert first.net_weight_g == 17_500 <= stands.sold_g


def test_what_was_released_is_what_the_stock_says(told: Any) -> None:
    """A flash batch releases what it is missing, without a word of it in the log."""
    found = of(sold(told), released={"small": 64}, left={"small": 58})
    assert [(offer.released, offer.left) for offer in found.offers[:1]] == [(64, 58)]
