"""Notices that go as one message: what of them is still said, and how.

Pure. Which go together is decided when they are written, in writing.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from farmlive.shop.core.notice_kinds import (
    CORRECTED,
    KINDS,
    PLACED_BY_STAFF,
    REFUND_CORRECTED,
    STOPPED,
)
from farmlive.shop.notices.providers import Notice
from farmlive.shop.notices.texts import Part, write_parts

# A message that tells of several kinds.
SEVERAL = "several"
# What puts these right takes the last of its topic back, where that was not sent either.
_PUTS_RIGHT = (CORRECTED, REFUND_CORRECTED)
# Nobody is told to come for, or to wait for, what they have, nor of an order that is called off
# that it is there.
_OVERTAKEN = {
    "order.placed": ("cancelled",),
    PLACED_BY_STAFF: ("cancelled",),
    "order.shipped": ("received",),
    "order.at_centre": ("received",),
}
# Nobody is told to come, or to have money ready, for what was stopped meanwhile.
_STOPPED_FIRST = ("order.shipped", "order.at_centre")


def still_said(rows: Sequence[Row[Any]], states: Mapping[str, str]) -> list[Row[Any]]:
    """The notices of a message that still say something, in their order.

    A notice tells how its order is when it is sent. So of each order and topic the last alone is
    said; what was put right before it was sent is not said at all, nor is what its order's state
    (`states`, by order) has overtaken.
    """
    said: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (row.order, row.seq)):
        stack = said.setdefault((row.order, KINDS[row.kind].topic), [])
        if row.kind in _PUTS_RIGHT and stack:
            stack.pop()
        else:
            stack.append(row)
    last = [stack[-1] for stack in said.values() if stack]
    stopped = {row.order for row in last if row.kind == STOPPED}
    kept = [
        row
        for row in last
        if states[row.order] not in _OVERTAKEN.get(row.kind, ())
        and not (row.kind in _STOPPED_FIRST and row.order in stopped)
    ]
    return sorted(kept, key=lambda row: row.id)


def notice(head: Row[Any], parts: Sequence[Part]) -> Notice:
    """The message, which has the id and the time of its first notice."""
    numbers = dict.fromkeys(part.facts.number for part in parts)
    kinds = {part.kind for part in parts}
    return Notice(
        id=head.id,
        at=head.created_at,
        kind=kinds.pop() if len(kinds) == 1 else SEVERAL,
        number=", ".join(numbers),
        person=head.person,
        language=parts[0].language,
        said=write_parts(parts),
        url=parts[0].facts.url,
    )
