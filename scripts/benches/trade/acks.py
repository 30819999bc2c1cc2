"""Acknowledgements and refusals that clients received in a run of the crash bench.

ledger.py reads what the database kept; reconcile.py compares the two.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.benches.trade.ledger import Step

Mark = tuple[str, str]
"""A place in the log, where what someone was told of is: an event's kind, and its order."""


@dataclass
class Placed:
    """An order as its buyer, of that number, was told of it, and what was acknowledged since."""

    key: str
    answer: dict[str, Any]
    lines: list[dict[str, Any]]
    buyer: int
    steps: list[Step] = field(default_factory=list)
    refunded: int = 0


@dataclass
class Refusal:
    """What a buyer was refused, and between which of that buyer's other deeds.

    Without lines it is something that nobody is ever refused here.
    """

    problem: dict[str, Any]
    lines: list[dict[str, Any]] = field(default_factory=list)
    buyer: int = 0
    hold: str | None = None
    before: Mark | None = None
    after: Mark | None = None

    @property
    def slug(self) -> str:
        """The last part of the problem's type, such as `sold-out`."""
        return str(self.problem.get("type", "")).rpartition("/")[2]

    @property
    def offers(self) -> list[dict[str, Any]]:
        """What it says of each offer."""
        return list(self.problem.get("offers", []))


@dataclass
class Told:
    """All that people were told: by their keys what was answered, and the orders among that."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, Placed] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    deeds: Counter[str] = field(default_factory=Counter)
    twice: int = 0

    def placed(self, order: Placed) -> None:
        """Note an order that was acknowledged."""
        name = order.answer["id"]
        self.answers[order.key] = order.answer
        self.twice += name in self.orders
        self.orders[name] = order

    def stepped(self, order: str, answer: dict[str, Any]) -> None:
        """Note a step of an order's life, by the order as it was answered."""
        placed = self.orders[order]
        placed.steps.append((answer["state"], answer["payment"]))
        placed.refunded = answer["refunded"]["amount"]

    def so_far(self) -> "Told":
        """The same as it is now, whatever is told later."""
        orders = {name: replace(each, steps=list(each.steps)) for name, each in self.orders.items()}
        return replace(
            self,
            answers=dict(self.answers),
            orders=orders,
            refused=list(self.refused),
            ended=set(self.ended),
            deeds=Counter(self.deeds),
        )
