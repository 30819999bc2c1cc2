"""The bench of the till with a few buyers: what it puts out, and that each answer is right."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from scripts.benches import report, till
from scripts.benches.lab import postgres
from scripts.benches.trade.ledger import Ledger, StoredOrder
from scripts.benches.trade.selling import DATABASES, Open, Size
from scripts.benches.trade.shoppers import Answers

SMALL = Size(
    clients=(1, 3),
    rate=20,
    window_s=0.3,
    sustained_s=0.5,
    crowd=30,
    boxes=10,
    viewers=2,
    runs=1,
)


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
async def test_each_answer_is_right(database: str) -> None:
    if database == "postgresql" and postgres.installed() is None:
        pytest.skip("PostgreSQL is not installed")
    size = Size(**{**vars(SMALL), "databases": (database,)})
    found = await till.measure(size, lambda said: None)
    for name in ("sustained", "best", "without_group_commit"):
        figures = found[name][database]
        assert figures["orders_per_second"] > 0
        # What the server takes without orders is subtracted: of so few it may be less than that.
        assert isinstance(figures["cpu_us_per_order"], int | float)
        assert set(figures["latency_ms"]) == {"p50", "p95", "p99"}
        assert ("database_cpu_us_per_order" in figures) == (database == "postgresql")
        assert figures["packets_lost"] == 0
    for way in ("channel", "http"):
        assert set(found["by_clients"][database][way]) == {"1", "3"}
    burst = found["burst"]
    assert (burst["clients"], burst["boxes"]) == (30, 10)
    assert (burst["oversold"], burst["wrong_answers"]) == (0, 0)
    assert burst["answers"]["placed"] == 10
    assert set(found["relay_added_delay_ms"]) == {"p50", "p99"}
    assert {"machine", "how"} <= set(found)
    # All that has a limit is measured, but for what is the other database's.
    lacking = {*till.LIMITS, *till.FLOORS} - set(report.flatten(found["runs"][0]))
    (other,) = set(DATABASES) - {database}
    assert lacking == {
        f"sustained.{other}.latency_ms.p99",
        f"sustained.{other}.orders_per_second",
        f"best.{other}.orders_per_second",
    }


async def test_a_wrong_answer_in_one_run_is_not_hidden_by_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = iter([0, 3, 0])

    async def one_database(bench: Any, database: str, say: Any) -> dict[str, Any]:
        bench.added_ms.append({"p50": 1.0, "p99": 2.0})
        figures = {"orders_per_second": 1.0}
        burst = {"seconds": 1.0, "oversold": 0, "wrong_answers": next(wrong)}
        names = ("sustained", "best", "without_group_commit", "by_clients", "bursts")
        return {**dict.fromkeys(names, figures), "burst": burst}

    monkeypatch.setattr(till, "one_database", one_database)
    found = await till.measure(
        Size(databases=("sqlite",), crowd=1, viewers=1, runs=3), lambda said: None
    )
    assert found["burst"]["wrong_answers"] == 3
    assert len(found["runs"]) == 3


def test_answers_are_told_apart() -> None:
    answers = Answers()
    gone = {"type": "https://farmlive.example/problems/sold-out"}
    changed = {"type": "/problems/price-changed"}
    placed: dict[str, object] = {"id": "a", "number": "A0001", "token": "t"}
    placed |= {"total": {"amount": 1990}, "fee": {"amount": 0}}
    answers.take(True, placed, 0, 5)
    answers.take(201, placed, 0, 6)
    answers.take(False, gone, 1, 8)
    answers.take(409, changed, 2, 10)
    assert answers.placed == Counter({"a": 2})
    assert answers.told == {"a": ("A0001", "t", 1990, 0)}
    assert answers.refused == Counter({"sold-out": 1, "price-changed": 1})
    assert answers.problems == [(8, gone), (10, changed)]
    assert list(answers.took_ns) == [5, 6, 7, 8]


@pytest.mark.parametrize(
    "told", [("A0002", "t", 1990, 0), ("A0001", "u", 1990, 0), ("A0001", "t", 1991, 0)]
)
def test_an_order_that_is_kept_otherwise_than_it_was_told_ends_the_bench(
    monkeypatch: pytest.MonkeyPatch, told: tuple[str, str, int, int]
) -> None:
    row = SimpleNamespace(number=1, total=1990, fee=0)
    ledger = Ledger(orders={"a": StoredOrder(row, "t", None)})
    monkeypatch.setattr(Ledger, "read", lambda *_: ledger)
    shop: Any = SimpleNamespace(database_url="", data=None)
    answers = Answers(placed=Counter({"a": 1}), told={"a": ("A0001", "t", 1990, 0)})
    assert Open.check(shop, "", [answers]) is ledger
    answers.told["a"] = told
    with pytest.raises(SystemExit, match="was told as"):
        Open.check(shop, "", [answers])
