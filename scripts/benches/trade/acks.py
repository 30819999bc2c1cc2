"""The acknowledgements and refusals that clients received in a run of the crash bench.

ledger.py reads the database; reconcile.py compares the two.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.benches.trade.ledger import Step

Mark = tuple[str, str]
"""A place in the log, where what someone was told of is: an event's kind, and its order."""


@dataclass
class Placed:
    """An order as it was acknowledged to its buyer, and its acknowledged changes since."""

    key: str
    answer: dict[str, Any]
    lines: list[dict[str, Any]]
    buyer: int
    steps: list[Step] = field(default_factory=list)
    refunded: int = 0


@dataclass
class Refusal:
    """A refusal, and between which other actions of its buyer it came.

    Without lines it is one that never happens in correct operation.
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
        """Return what it says of each offer."""
        return list(self.problem.get("offers", []))


@dataclass
class Acks:
    """All acknowledgements: the responses by their keys, and the orders among them."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, Placed] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    deeds: Counter[str] = field(default_factory=Counter)
    twice: int = 0

    def add_order(self, order: Placed) -> None:
        """Record an acknowledged order."""
        name = order.answer["id"]
        self.answers[order.key] = order.answer
        self.twice += name in self.orders
        self.orders[name] = order

    def add_step(self, order: str, answer: dict[str, Any]) -> None:
        """Record a change of an order, by the order in the response."""
        placed = self.orders[order]
        placed.steps.append((answer["state"], answer["payment"]))
        placed.refunded = answer["refunded"]["amount"]

    def copy(self) -> "Acks":
        """Return a copy that later acknowledgements don't change."""
        orders = {name: replace(each, steps=list(each.steps)) for name, each in self.orders.items()}
        return replace(
            self,
            answers=dict(self.answers),
            orders=orders,
            refused=list(self.refused),
            ended=set(self.ended),
            deeds=Counter(self.deeds),
        )
