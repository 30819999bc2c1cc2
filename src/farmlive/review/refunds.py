"""Refunds: what of them is of which line of their order. Pure.

One that names its boxes, or the offer whose price was wrong, is of their lines first, as far as
these still have something; the rest, and one that names nothing, is shared among all lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Given:
    """What was given back, or taken off, at once; for so many boxes of which offers, if it says.

    No box of an offer that it names: it is for the offer's line as a whole.
    """

    amount: int
    boxes: Mapping[str, int] = field(default_factory=dict)


class Line(NamedTuple):
    """A line of an order; `price` is for one."""

    offer: str
    price: int
    total: int


def named(back: Iterable[Mapping[str, Any]], offer: str | None) -> dict[str, int]:
    """The boxes of a refund by their offer, as its change or its event tell of them."""
    boxes = {} if offer is None else {offer: 0}
    return boxes | {each["offer"]: each["quantity"] for each in back}


def without_last(refunds: Sequence[Given], amount: int) -> list[Given]:
    """What is left of refunds of which the last ones, so much in all, were undone."""
    left = list(refunds)
    while amount > 0 and left:
        last = left.pop()
        if last.amount > amount:
            left.append(replace(last, amount=last.amount - amount))
        amount -= last.amount
    return left


def by_line(lines: Sequence[Line], refunds: Iterable[Given]) -> list[int]:
    """What was given back of each line, by refunds in their order.

    What is more than all lines come to is of the parcel's fee, and in none of them.
    """
    left = [line.total for line in lines]
    for refund in _together(refunds):
        boxes, rest = refund.boxes, refund.amount
        for wanted in (
            [line.price * boxes.get(line.offer, 0) for line in lines],
            [line.total if line.offer in boxes else 0 for line in lines],
            [line.total for line in lines],
        ):
            most = [min(pair) for pair in zip(wanted, left, strict=True)]
            given = min(rest, sum(most))
            parts = shared(given, most)
            left = [had - part for had, part in zip(left, parts, strict=True)]
            rest -= given
    return [line.total - had for line, had in zip(lines, left, strict=True)]


def _together(refunds: Iterable[Given]) -> list[Given]:
    """Those that name nothing and follow each other as one: nothing is lost to rounding twice."""
    runs: list[Given] = []
    for refund in refunds:
        if runs and not runs[-1].boxes and not refund.boxes:
            runs[-1] = Given(runs[-1].amount + refund.amount)
        else:
            runs.append(refund)
    return runs


def shared(amount: int, among: Sequence[int]) -> list[int]:
    """An amount shared in proportion, to the last minor unit: the parts add up to it."""
    whole, before, told = sum(among), 0, 0
    parts = []
    for one in among:
        before += one
        until = round(amount * before / whole) if whole else 0
        parts.append(until - told)
        told = until
    return parts
