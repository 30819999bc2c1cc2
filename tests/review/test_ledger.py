"""The ledger of a log: prices, pins, what was taken back, and one farm's part of it."""

from typing import Any

import pytest
from tests.review.conftest import FARMS, PRICES

from farmlive.review.ledger import KINDS, fold, refunds_of
from farmlive.shop.core import state_machine


def test_an_empty_log_has_an_empty_ledger(told: Any) -> None:
    ledger = fold([])
    assert (ledger.started_at, ledger.currency, ledger.orders) == (None, None, {})


def test_a_pin_lasts_until_the_next_or_the_end(told: Any) -> None:
    ledger = fold(
        [
            told.added("small"),
            told.added("pear"),
            told.started(10),
            told.pinned(20, "small"),
            told.pinned(30, "pear"),
            (40, "card.unpinned", {"offer": "pear"}),
            told.pinned(50, "pear"),
            told.ended(60),
        ]
    )
    assert [(deed.offer, deed.at, deed.until) for deed in ledger.host_actions] == [
        ("small", 20, 30),
        ("pear", 30, 40),
        ("pear", 50, 60),
    ]
    assert (ledger.started_at, ledger.ended_at) == (10, 60)


def test_cuts_are_what_viewers_saw_from_when_on(told: Any) -> None:
    def switched(at: int, source: str) -> Any:
        return at, "source.switched", {"source": source, "label": source.title(), "codec": "H264"}

    ledger = fold(
        [
            switched(5, "orchard"),
            told.started(10),
            switched(20, "kitchen"),
            # A server that was started anew tells again what is shown.
            switched(25, "kitchen"),
            switched(30, "orchard"),
            told.ended(60),
        ]
    )
    cuts = [(5, "Orchard"), (20, "Kitchen"), (30, "Orchard")]
    assert [(cut.at, cut.label) for cut in ledger.cuts] == cuts
    assert [(cut.at, cut.label) for cut in ledger.only(frozenset()).cuts] == cuts
    assert ledger.ended_at == 60


def test_a_price_that_did_not_change_is_no_deed(told: Any) -> None:
    ledger = fold(
        [told.added("small"), told.priced(5, "small", 2990), told.priced(6, "small", 2500)]
    )
    (deed,) = ledger.host_actions
    assert (deed.kind, deed.was, deed.price, deed.at) == ("price", 2990, 2500, 6)
    assert ledger.cards["small"]["price"]["amount"] == 2500


def test_a_list_price_alone_is_no_deed(told: Any) -> None:
    said = {"offer": "small", "list_price": {"amount": 3990, "currency": "CNY"}}
    ledger = fold([told.added("small"), (5, "offer.changed", said)])
    assert ledger.host_actions == []
    assert ledger.cards["small"]["list_price"]["amount"] == 3990


def test_stock_that_is_taken_back_is_a_release_below_zero(told: Any) -> None:
    ledger = fold(
        [told.added("small"), told.released(5, "small", 20), told.released(6, "small", -10, 70)]
    )
    assert [deed.quantity for deed in ledger.host_actions] == [20, -10]
    assert ledger.cards["small"]["released"] == 60


def test_a_hold_that_was_dropped_is_no_order(told: Any) -> None:
    assert (
        fold([told.added("small"), told.cancelled(5, "o1"), told.refunded(6, "o1", 5)]).orders == {}
    )


def test_a_refund_is_what_was_given_back_in_all(told: Any) -> None:
    ledger = fold(
        [
            told.added("small"),
            told.placed(1, "o1", small=1),
            told.refunded(2, "o1", 500),
            told.refunded(3, "o1", 900),
        ]
    )
    assert ledger.orders["o1"].refunded == 900


def test_a_refund_is_shared_to_the_last_unit(told: Any) -> None:
    facts = [
        told.added("small"),
        told.added("large"),
        told.added("pear"),
        told.placed(1, "o1", small=1, large=1, pear=1),
    ]
    for amount in (1, 2, 100, 3_333, 9_390):
        ledger = fold([*facts, told.refunded(2, "o1", amount)])
        shared = refunds_of(ledger.orders["o1"])
        assert sum(shared.values()) == amount
        assert all(part >= 0 for part in shared.values())


def test_a_farm_has_its_own_lines_alone(told: Any) -> None:
    ledger = fold(
        [
            told.added("small"),
            told.added("pear"),
            told.started(0),
            told.pinned(1, "small"),
            told.pinned(2, "pear"),
            told.placed(3, "both", small=1, pear=2),
            told.placed(4, "other", small=1),
            told.refunded(5, "both", 499),
        ]
    )
    own = ledger.only(frozenset({"yangzhong"}))
    assert list(own.cards) == ["pear"]
    assert [deed.offer for deed in own.host_actions] == ["pear"]
    (order,) = own.orders.values()
    assert (order.id, order.total) == ("both", 2_000)
    assert [line["offer"] for line in order.lines] == ["pear"]
    other = ledger.only(frozenset({"xikou"})).orders["both"]
    assert order.refunded + other.refunded == 499


def test_no_farm_has_nothing(told: Any) -> None:
    ledger = fold([told.added("small"), told.started(0), told.placed(3, "o1", small=1)])
    own = ledger.only(frozenset())
    assert (own.cards, own.orders, own.started_at) == ({}, {}, 0)


def test_an_order_knows_its_goods_and_its_parcels_fee_apart(told: Any) -> None:
    ledger = fold(
        [
            told.added("small"),
            told.added("pear"),
            told.ordered(1, "o1", told.line("small", 2), told.line("pear", 1), fee=800),
            told.placed(2, "before there were fees", small=1),
        ]
    )
    with_fee, without = ledger.orders.values()
    assert (with_fee.goods, with_fee.fee, with_fee.total) == (6_980, 800, 7_780)
    assert (without.goods, without.fee, without.total) == (2_990, 0, 2_990)
    # What a farm is owed has no fee in it.
    own = ledger.only(frozenset({"xikou"})).orders["o1"]
    assert (own.goods, own.fee) == (5_980, 0)


def test_a_refund_is_of_the_goods_first_and_of_the_fee_after_all_of_them(told: Any) -> None:
    placed = [
        told.added("small"),
        told.added("pear"),
        told.ordered(1, "o1", told.line("small", 2), told.line("pear", 1), fee=800),
    ]
    for given, goods, fee in (
        (698, 698, 0),
        (6_980, 6_980, 0),
        (7_000, 6_980, 20),
        (7_780, 6_980, 800),
    ):
        order = fold([*placed, told.refunded(2, "o1", given)]).orders["o1"]
        assert (order.refunded_goods, order.refunded_fee) == (goods, fee)
        assert sum(refunds_of(order).values()) == goods
    (order,) = fold([*placed, told.refunded(2, "o1", 698)]).orders.values()
    assert refunds_of(order) == {"small": 598, "pear": 100}


def test_a_cancellation_that_was_undone_is_none(told: Any) -> None:
    facts = [told.added("small")]
    states = {"o1": "placed", "o2": "packed", "o3": "shipped", "o5": "at_centre"}
    for at, (name, state) in enumerate(states.items(), 1):
        facts += [
            told.placed(at, name, small=1),
            told.cancelled(at + 10, name),
            told.undone(at + 20, name, state),
        ]
    facts += [told.placed(50, "o4", small=1), told.cancelled(51, "o4")]
    # A step forward is no undoing.
    facts += [(52, "order.packed", {"order": "o4", "state": "packed", "by": "staff"})]
    ledger = fold(facts)
    assert [name for name, order in ledger.orders.items() if order.cancelled] == ["o4"]
    assert ledger.orders["o1"].at == 1


def test_every_event_by_which_an_order_is_cancelled_or_undone_is_read() -> None:
    steps = [
        *(step for step in state_machine.STATES if step.after == "cancelled"),
        *(step for step in state_machine.BACK_STATES if step.before == "cancelled"),
    ]
    assert {step.event.kind for step in steps} - set(KINDS) == set()


def test_boxes_that_were_put_back_are_counted_by_offer(told: Any) -> None:
    ledger = fold(
        [
            told.added("small"),
            told.added("pear"),
            told.placed(1, "o1", small=5, pear=2),
            told.refunded(2, "o1", 2_990, small=1),
            told.refunded(3, "o1", 8_970, small=2),
        ]
    )
    assert ledger.orders["o1"].back == {"small": 3}
    assert ledger.only(frozenset({"yangzhong"})).orders["o1"].back == {"pear": 0}


def test_a_refund_that_was_undone_is_taken_off_again_with_its_boxes(told: Any) -> None:
    at, kind, undone = told.refunded(4, "o1", 2_990, small=2)
    ledger = fold(
        [
            told.added("small"),
            told.placed(1, "o1", small=5),
            told.refunded(2, "o1", 2_990, small=1),
            told.refunded(3, "o1", 8_970, small=2),
            (at, kind, {**undone, "undone": True}),
        ]
    )
    order = ledger.orders["o1"]
    assert (order.refunded, order.back, order.cancelled) == (2_990, {"small": 1}, False)


def parts(told: Any, *refunds: Any, fee: int = 0) -> dict[str, int]:
    """What was given back of an order of 2 small, 59.80, 1 large, 54.00, and 1 pear, 10.00."""
    lines = [told.line("small", 2), told.line("large", 1), told.line("pear", 1)]
    cards = [told.added(offer) for offer in PRICES]
    ledger = fold([*cards, told.ordered(1, "o1", *lines, fee=fee), *refunds])
    found = refunds_of(ledger.orders["o1"])
    # Each farm's part is its own lines', however it is asked for.
    for farm in ("xikou", "yangzhong"):
        own = refunds_of(ledger.only(frozenset({farm})).orders["o1"])
        assert {offer: part for offer, part in own.items() if part} == {
            offer: part for offer, part in found.items() if FARMS[offer] == farm and part
        }
    return found


@pytest.mark.parametrize(
    ("amount", "back", "found"),
    [
        (2_990, {"small": 1}, (2_990, 0, 0)),
        # Less than they cost, and shared by that.
        (1_000, {"small": 1}, (1_000, 0, 0)),
        (2_000, {"small": 1, "pear": 1}, (1_499, 0, 501)),
        # More than they cost: of their lines, and then of all by what they still have.
        (5_000, {"small": 1}, (5_000, 0, 0)),
        (7_000, {"small": 1}, (5_980, 861, 159)),
        (12_380, {"pear": 1}, (5_980, 5_400, 1_000)),
    ],
)
def test_a_refund_for_boxes_is_of_their_lines(
    told: Any, amount: int, back: dict[str, int], found: tuple[int, ...]
) -> None:
    assert tuple(parts(told, told.refunded(2, "o1", amount, **back)).values()) == found


def test_a_refund_for_a_wrong_price_is_of_its_line(told: Any) -> None:
    assert parts(told, told.refunded(2, "o1", 800, "pear")) == {"small": 0, "large": 0, "pear": 800}


def test_each_refund_is_of_what_those_before_have_left(told: Any) -> None:
    half = told.refunded(2, "o1", 6_190)
    assert parts(told, half) == {"small": 2_990, "large": 2_700, "pear": 500}
    # The pear has 5.00 left; 5.00 more of the others, 29.90 to 27.00.
    boxes = told.refunded(3, "o1", 6_190 + 1_000, pear=1)
    assert parts(told, half, boxes) == {"small": 3_253, "large": 2_937, "pear": 1_000}
    rest = told.refunded(4, "o1", 12_380)
    assert parts(told, half, boxes, rest) == {"small": 5_980, "large": 5_400, "pear": 1_000}
    # The fee after all goods.
    fee = told.refunded(5, "o1", 12_380 + 700)
    assert sum(parts(told, half, boxes, fee, fee=800).values()) == 12_380


def test_what_an_undone_refund_was_for_is_owed_again(told: Any) -> None:
    def undone(at: int, amount: int, **back: int) -> Any:
        at, kind, said = told.refunded(at, "o1", amount, **back)
        return at, kind, {**said, "undone": True}

    whole = told.refunded(2, "o1", 1_238)
    boxes = told.refunded(3, "o1", 4_228, small=1)
    assert parts(told, whole, boxes, undone(4, 1_238, small=1)) == parts(told, whole)
    # Its money alone, for its boxes were gone.
    assert parts(told, whole, boxes, undone(4, 1_238)) == parts(told, whole)
    wrong = told.refunded(5, "o1", 1_538, "pear")
    assert parts(told, whole, boxes, undone(4, 1_238, small=1), wrong) == {
        "small": 598,
        "large": 540,
        "pear": 400,
    }
    assert not any(parts(told, whole, undone(3, 0)).values())


def test_a_flash_batch_is_a_deed_at_its_start_and_one_at_its_end(told: Any) -> None:
    ledger = fold(
        [
            told.added("small"),
            told.added("pear"),
            told.started(0),
            told.flashed(10, "f1", "small", 1_990, 20),
            told.flash_over(70, "f1", "small", 12),
            # Called off before it started.
            told.flash_over(80, "f2", "pear", 0, "host"),
            told.flashed(90, "f3", "pear", 800, 5),
        ]
    )
    begun, over, running = ledger.host_actions
    assert (begun.kind, begun.at, begun.until, begun.flash) == ("flash", 10, 70, "f1")
    assert (begun.price, begun.was, begun.quantity) == (1_990, 2_990, 20)
    assert (over.kind, over.at, over.quantity) == ("flash_end", 70, 12)
    assert (running.until, running.offer) == (None, "pear")
    assert [deed.offer for deed in ledger.only(frozenset({"xikou"})).host_actions] == [
        "small",
        "small",
    ]
    # The price beside it stays.
    assert ledger.cards["small"]["price"]["amount"] == 2_990
