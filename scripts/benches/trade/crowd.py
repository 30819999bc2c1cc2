"""The correct responses to a crowd that wants one batch: a box, or, once every box was taken, that
they are sold out. Pure.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from scripts.benches.trade.ledger import Ledger
from scripts.benches.trade.shoppers import Answers

# Two readings of one machine's clocks, of which the wall's is put right meanwhile.
CLEARLY_MS = 5.0


@dataclass(frozen=True)
class Batch:
    """A flash batch of an offer, with its number of boxes."""

    offer: str
    flash: str
    boxes: int


def wrong_answers(
    answers: Answers, crowd: int, batch: Batch, ledger: Ledger, wall_ns: int
) -> Counter[str]:
    """Return how many responses were wrong or missing, by what was wrong.

    `wall_ns` is the time since 1970 at a monotonic time of zero. That the boxes are gone may be
    heard from the moment on at which the order with the last of them was taken, as that order
    itself says; in which order the answers arrive is all the same.
    """
    gone_at = _gone_at(batch, ledger)
    wrong: Counter[str] = Counter()
    for heard_ns, problem in answers.problems:
        slug = str(problem.get("type", "")).rpartition("/")[2]
        if not _says_gone(slug, problem, batch, ledger):
            wrong[f"{slug} that does not say that the boxes are gone"] += 1
        elif gone_at is None:
            wrong[f"{slug}, and boxes were left"] += 1
        elif (heard_ns + wall_ns) / 1e6 < gone_at - CLEARLY_MS:
            wrong[f"{slug} before the last box was taken"] += 1
    placed = answers.placed.total()
    wrong["orders too many or too few"] += abs(placed - batch.boxes)
    wrong["no answer"] += crowd - placed - len(answers.problems)
    return +wrong


def _gone_at(batch: Batch, ledger: Ledger) -> int | None:
    """Return when the order with the last box was taken; None if boxes are left."""
    left = batch.boxes
    for order in sorted(ledger.orders.values(), key=lambda kept: int(kept.row.placed_at)):
        left -= sum(count for (offer, _), count in order.boxes().items() if offer == batch.offer)
        if left <= 0:
            return int(order.row.placed_at)
    return None


def _says_gone(slug: str, problem: dict[str, Any], batch: Batch, ledger: Ledger) -> bool:
    offers = problem.get("offers", [])
    if not offers or any(each["offer"] != batch.offer for each in offers):
        return False
    if slug == "sold-out":
        return all(each["left"] == 0 and not each.get("held") for each in offers)
    row = ledger.flashes.get(batch.flash)
    if slug != "price-changed" or row is None or row.why != "sold_out":
        return False
    over = {"id": row.id, "why": row.why, "ended_at": row.ended_at}
    return all(each.get("flash") == over for each in offers)
