"""What a crowd may be answered: a server that refuses while boxes are left is found out."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from scripts.benches.trade.crowd import Batch, wrong_answers
from scripts.benches.trade.ledger import Ledger, StoredOrder
from scripts.benches.trade.shoppers import Answers

BATCH = Batch("offer", "flash", 3)
# Milliseconds since 1970, and what the monotonic clock of the crowd showed then.
BEGAN, SHOWED_MS = 1_700_000_000_000, 50
TAKEN = (10, 20, 400)
WALL_NS = (BEGAN - SHOWED_MS) * 1_000_000


def kept(taken: tuple[int, ...] = TAKEN, **batch: Any) -> Ledger:
    """A ledger whose orders of one box each were taken so long after the begin."""
    ledger = Ledger()
    for number, after in enumerate(taken, 1):
        row = SimpleNamespace(state="placed", placed_at=BEGAN + after)
        line = SimpleNamespace(offer="offer", flash="flash", quantity=1, returned=0)
        ledger.orders[f"{number}"] = StoredOrder(row, None, None, [line])
    over = {"id": "flash", "state": "ended", "why": "sold_out", "ended_at": BEGAN + 400}
    ledger.flashes = {"flash": SimpleNamespace(**{**over, **batch})}
    return ledger


def over(**flash: Any) -> dict[str, Any]:
    told = {"id": "flash", "why": "sold_out", "ended_at": BEGAN + 400, **flash}
    return {
        "type": "https://farmlive.example/problems/price-changed",
        "offers": [{"offer": "offer", "price": 2990, "seen": 1990, "flash": told}],
    }


def gone(**offer: Any) -> dict[str, Any]:
    told = {"offer": "offer", "left": 0, "held": 0, **offer}
    return {"type": "/problems/sold-out", "offers": [told]}


def heard(*problems: tuple[float, dict[str, Any]], placed: int = 3) -> Answers:
    """What the crowd heard so many ms after the begin."""
    answers = Answers(placed=Counter(f"{number}" for number in range(1, placed + 1)))
    for after, problem in problems:
        answers.take(False, problem, 0, round((SHOWED_MS + after) * 1e6))
    return answers


def wrong(answers: Answers, crowd: int, ledger: Ledger | None = None) -> dict[str, int]:
    return dict(wrong_answers(answers, crowd, BATCH, ledger or kept(), WALL_NS))


def test_who_hears_once_all_are_taken_that_they_are_gone_hears_right() -> None:
    assert wrong(heard((401, over()), (450, gone()), (9_000, over())), 6) == {}


def test_the_order_of_the_answers_is_all_the_same() -> None:
    answers = heard((402, over()), (401, over()))
    answers.placed = Counter({"3": 1, "1": 1, "2": 1})
    assert wrong(answers, 5) == {}


def test_who_is_refused_while_boxes_are_left_is_refused_wrongly() -> None:
    early = [(30.0 + number / 100, over()) for number in range(3_000)]
    late = [(420.0, over())] * 1_000
    found = wrong(heard(*early, *late), 4_003)
    assert found == {"price-changed before the last box was taken": 3_000}


def test_where_boxes_are_left_in_the_end_every_refusal_is_wrong() -> None:
    found = wrong(heard((500, over()), (600, gone()), placed=2), 4, kept(TAKEN[:2]))
    assert found == {
        "price-changed, and boxes were left": 1,
        "sold-out, and boxes were left": 1,
        "orders too many or too few": 1,
    }


@pytest.mark.parametrize(
    "problem",
    [
        over(why="time"),
        over(flash="another"),
        over(ended_at=BEGAN + 12),
        {**over(), "offers": [{"offer": "offer", "price": 2990, "seen": 1990}]},
        {**over(), "offers": []},
        {**over(), "offers": [*over()["offers"], {"offer": "offer", "price": 1, "seen": 2}]},
        gone(left=1),
        gone(held=2),
        gone(offer="another"),
        {"type": "/problems/lot-spent", "offers": [{"offer": "offer", "left": 0}]},
        {"type": "/problems/too-many"},
        {},
    ],
)
def test_what_says_something_else_is_wrong_whenever_it_comes(problem: dict[str, Any]) -> None:
    slug = str(problem.get("type", "")).rpartition("/")[2]
    told = {f"{slug} that does not say that the boxes are gone": 1}
    assert wrong(heard((500, problem)), 4) == told


def test_a_batch_that_did_not_end_by_its_last_box_is_told_of_by_no_one() -> None:
    assert wrong(heard((500, over())), 4, kept(why="host")) != {}


def test_who_is_not_answered_and_whose_order_is_too_many_counts() -> None:
    assert wrong(heard((500, over()), placed=4), 6) == {
        "orders too many or too few": 1,
        "no answer": 1,
    }
