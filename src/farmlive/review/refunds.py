"""Divides refunds among the lines of their order. Pure.

A refund that names boxes, or the offer with a mistaken price, is deducted from their lines first,
as far as these have something left; the rest, and a refund that names nothing, is divided among all
lines.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from farmlive.shop.reporting.sales import RefundedOrder, SoldLine


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund or a reduction, with the number of boxes of each offer, if it names any.

    Zero boxes of a named offer: it is for the offer's line as a whole.
    """

    amount: int
    boxes: Mapping[str, int] = field(default_factory=dict)


class Line(NamedTuple):
    """A line of an order; `price` is per box."""

    offer: str
    price: int
    total: int


def boxes_by_offer(back: Iterable[Mapping[str, Any]], offer: str | None) -> dict[str, int]:
    """Return the boxes of a refund by offer, from its change or its event."""
    boxes = {} if offer is None else {offer: 0}
    return boxes | {each["offer"]: each["quantity"] for each in back}


def refund_per_line(order: RefundedOrder) -> Iterator[tuple[SoldLine, int]]:
    """Yield the order's lines with the refund of each, in minor units.

    As in the ledger, by what each refund names; older refunds, which are not on record, name
    nothing.
    """
    known = [
        Refund(given.amount, boxes_by_offer(given.back, given.offer)) for given in order.refunds
    ]
    older = order.refunded - sum(given.amount for given in known)
    lines = [Line(line.offer, line.price, line.total) for line in order.lines]
    yield from zip(order.lines, divide_by_line(lines, [Refund(older), *known]), strict=True)


def remove_last(refunds: Sequence[Refund], amount: int) -> list[Refund]:
    """Return the refunds without the last ones, which together are `amount` and were undone."""
    left = list(refunds)
    while amount > 0 and left:
        last = left.pop()
        if last.amount > amount:
            left.append(replace(last, amount=last.amount - amount))
        amount -= last.amount
    return left


def divide_by_line(lines: Sequence[Line], refunds: Iterable[Refund]) -> list[int]:
    """Return the refund of each line, by refunds in order.

    What exceeds the sum of all lines is for the delivery fee, and in none of them.
    """
    left = [line.total for line in lines]
    for refund in _merge_unnamed(refunds):
        boxes, rest = refund.boxes, refund.amount
        for wanted in (
            [line.price * boxes.get(line.offer, 0) for line in lines],
            [line.total if line.offer in boxes else 0 for line in lines],
            [line.total for line in lines],
        ):
            most = [min(pair) for pair in zip(wanted, left, strict=True)]
            given = min(rest, sum(most))
            parts = divide_in_proportion(given, most)
            left = [had - part for had, part in zip(left, parts, strict=True)]
            rest -= given
    return [line.total - had for line, had in zip(lines, left, strict=True)]


def _merge_unnamed(refunds: Iterable[Refund]) -> list[Refund]:
    """Merge consecutive refunds that name nothing, so that rounding happens once."""
    runs: list[Refund] = []
    for refund in refunds:
        if runs and not runs[-1].boxes and not refund.boxes:
            runs[-1] = Refund(runs[-1].amount + refund.amount)
        else:
            runs.append(refund)
    return runs


def divide_in_proportion(amount: int, among: Sequence[int]) -> list[int]:
    """Divide an amount in proportion, in minor units without remainder."""
    whole, before, given_before = sum(among), 0, 0
    parts = []
    for one in among:
        before += one
        until = round(amount * before / whole) if whole else 0
        parts.append(until - given_before)
        given_before = until
    return parts
