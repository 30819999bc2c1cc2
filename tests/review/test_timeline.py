"""The axis: its steps, what stands on it, what followed each deed, and what stands out."""

from typing import Any

from farmlive.clock import MINUTE_MS
from farmlive.review.audience import Audience, fold
from farmlive.review.ledger import fold as ledger_of
from farmlive.review.timeline import MOST_STEPS, highlights, step_length, timeline

NOON = 1_795_564_800_000
S = 1_000


def test_a_short_show_has_finer_steps_and_a_long_one_never_too_many(told: Any) -> None:
    assert step_length(3 * MINUTE_MS) == 5_000
    assert step_length(15 * MINUTE_MS) == 10_000
    assert step_length(90 * MINUTE_MS) == MINUTE_MS
    for hours in (9, 24, 100, 1_000):
        length = hours * 3_600_000
        assert length / step_length(length) <= MOST_STEPS


def test_steps_begin_with_the_clocks_and_every_sale_stands_in_one(told: Any) -> None:
    start = NOON + 30 * S
    ledger = ledger_of(
        [
            told.added("small"),
            told.started(start),
            told.placed(start, "o1", small=1),
            told.placed(NOON + 61 * S, "o2", small=2),
            told.placed(NOON + 2 * 3_600_000, "o3", small=3),
        ]
    )
    line = timeline(ledger, Audience(), start, NOON + 2 * 3_600_000)
    assert (line.start, line.step_ms, len(line.orders)) == (NOON, MINUTE_MS, 121)
    assert (line.items[0], line.items[1], line.items[120]) == (1, 2, 3)
    assert sum(line.orders) == 3
    assert sum(line.gross) == 6 * 2990


def test_viewers_of_the_first_and_last_step_are_of_the_time_there_was(told: Any) -> None:
    start = NOON + 45 * S
    audience = fold([("a", start, NOON + 7_000 * S, False)], start, NOON + 7_215 * S)
    ledger = ledger_of([told.added("small"), told.started(start), told.ended(NOON + 7_215 * S)])
    line = timeline(ledger, audience, start, NOON + 7_215 * S)
    assert line.viewers[0] == 1
    assert line.viewers[-1] == 0
    assert len(line.viewers) == len(line.peak) == len(line.gross)


def test_cameras_stand_on_the_axis(told: Any) -> None:
    facts = [told.added("small"), told.started(NOON)]
    facts += [(NOON + 9 * S, "source.switched", {"source": "s1", "label": "Orchard"})]
    line = timeline(ledger_of(facts), Audience(), NOON, NOON + 60 * S)
    assert [cut.model_dump() for cut in line.cuts] == [
        {"at": NOON + 9 * S, "source": "s1", "label": "Orchard"}
    ]


def test_each_deed_says_what_its_offer_sold_in_the_five_minutes_after(told: Any) -> None:
    ledger = ledger_of(
        [
            told.added("small"),
            told.added("pear"),
            told.started(NOON),
            told.placed(NOON + 9 * S, "before", small=9),
            told.pinned(NOON + 10 * S, "small"),
            told.placed(NOON + 10 * S, "o1", small=1),
            told.placed(NOON + 11 * S, "o2", small=2, pear=7),
            told.priced(NOON + 200 * S, "small", 1_000),
            told.placed(NOON + 311 * S, "after", small=5),
        ]
    )
    pin, price = timeline(ledger, Audience(), NOON, NOON + 3_600 * S).moments
    assert (pin.kind, pin.orders, pin.items, pin.gross.amount) == ("pin", 2, 3, 3 * 2990)
    assert (price.kind, price.orders, price.items) == ("price", 1, 5)
    assert price.price is not None
    assert price.was is not None
    assert (price.was.amount, price.price.amount) == (2990, 1_000)


def test_a_pin_counts_the_devices_it_was_shown_to(told: Any) -> None:
    audience = fold(
        [("a", NOON, NOON + 15 * S, False), ("b", NOON, NOON + 60 * S, False)], NOON, NOON + 60 * S
    )
    ledger = ledger_of(
        [
            told.added("small"),
            told.added("pear"),
            told.started(NOON),
            told.pinned(NOON + 10 * S, "small"),
            told.pinned(NOON + 20 * S, "pear"),
        ]
    )
    moments = timeline(ledger, audience, NOON, NOON + 60 * S).moments
    assert [moment.impressions for moment in moments] == [2, 1]


def test_a_release_says_when_as_many_were_ordered(told: Any) -> None:
    ledger = ledger_of(
        [
            told.added("small"),
            told.started(NOON),
            told.placed(NOON + 1 * S, "before", small=3),
            told.released(NOON + 10 * S, "small", 5),
            told.placed(NOON + 20 * S, "o1", small=4),
            told.placed(NOON + 50 * S, "o2", small=1),
            told.released(NOON + 60 * S, "small", 5, 55),
            told.placed(NOON + 70 * S, "o3", small=4),
            told.released(NOON + 80 * S, "small", -1, 60),
        ]
    )
    moments = timeline(ledger, Audience(), NOON, NOON + 3_600 * S).moments
    assert [moment.sold_after_ms for moment in moments] == [40 * S, None, None]
    best = highlights(ledger, moments).best_release
    assert best is not None
    assert (best.at, best.quantity) == (NOON + 10 * S, 5)


def test_the_best_minute_names_what_sold_and_what_came_before(told: Any) -> None:
    minute = NOON + 5 * MINUTE_MS
    ledger = ledger_of(
        [
            told.added("small"),
            told.added("pear"),
            told.started(NOON),
            told.placed(NOON + 1 * S, "o1", small=1),
            told.pinned(minute - 70 * S, "small"),
            told.pinned(minute - 60 * S, "pear"),
            told.placed(minute + 1 * S, "o2", small=2),
            told.placed(minute + 59 * S, "o3", small=1, pear=1),
            told.placed(minute + 60 * S, "o4", pear=1),
        ]
    )
    moments = timeline(ledger, Audience(), NOON, NOON + 3_600 * S).moments
    best = highlights(ledger, moments).best_minute
    assert best is not None
    assert (best.at, best.orders, best.items, best.offer) == (minute, 2, 4, "small")
    assert best.gross.amount == 3 * 2990 + 1_000
    assert best.after is not None
    assert (best.after.kind, best.after.at) == ("pin", minute - 70 * S)


def test_nothing_stands_out_where_nothing_was_sold(told: Any) -> None:
    ledger = ledger_of([told.added("small"), told.started(NOON), told.released(NOON, "small", 5)])
    moments = timeline(ledger, Audience(), NOON, NOON + MINUTE_MS).moments
    found = highlights(ledger, moments)
    assert (found.best_minute, found.best_release) == (None, None)


def test_an_order_on_a_hold_after_the_end_lengthens_the_axis(told: Any) -> None:
    ledger = ledger_of(
        [
            told.added("small"),
            told.started(NOON),
            told.ended(NOON + 60 * S),
            told.placed(NOON + 90 * S, "late", small=1),
        ]
    )
    line = timeline(ledger, Audience(), NOON, NOON + 60 * S)
    assert sum(line.orders) == 1


def test_a_flash_batch_says_what_was_ordered_of_it_alone(told: Any) -> None:
    ledger = ledger_of(
        [
            told.added("small"),
            told.started(NOON),
            told.flashed(NOON + 10 * S, "f1", "small", 1_990, 5),
            told.ordered(NOON + 12 * S, "o1", told.line("small", 3, 1_990, flash="f1"), fee=500),
            told.placed(NOON + 14 * S, "o2", small=7),
            # On a hold, after its end.
            told.flash_over(NOON + 20 * S, "f1", "small", 3),
            told.ordered(NOON + 30 * S, "o3", told.line("small", 2, 1_990, flash="f1")),
            told.flashed(NOON + 60 * S, "f2", "small", 1_500, 5),
            told.ordered(NOON + 70 * S, "o4", told.line("small", 1, 1_500, flash="f2")),
        ]
    )
    line = timeline(ledger, Audience(), NOON, NOON + 3_600 * S)
    first, over, second = line.moments
    assert (first.kind, first.orders, first.items, first.gross.amount) == ("flash", 2, 5, 5 * 1_990)
    assert (first.until, first.quantity, first.sold_after_ms) == (NOON + 20 * S, 5, 20 * S)
    assert first.price is not None
    assert first.was is not None
    assert (first.price.amount, first.was.amount) == (1_990, 2_990)
    assert (over.kind, over.quantity, over.sold_after_ms) == ("flash_end", 3, None)
    assert (second.items, second.gross.amount, second.sold_after_ms) == (1, 1_500, None)
    # The axis has the goods, without the parcel's fee.
    assert sum(line.gross) == 5 * 1_990 + 7 * 2_990 + 1_500
    best = highlights(ledger, line.moments)
    assert best.best_release == first
    assert best.best_minute is not None
    assert best.best_minute.gross.amount == 5 * 1_990 + 7 * 2_990
