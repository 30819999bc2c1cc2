"""Combines notices into one message: which of them are still relevant, and their text.

Pure. writing.py decides which notices are combined.
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

# The kind of a message with notices of several kinds.
SEVERAL = "several"
# Corrections: they cancel the last notice of their topic if that was not sent yet.
_PUTS_RIGHT = (CORRECTED, REFUND_CORRECTED)
# Notices that an order's state makes obsolete: no call to pick up what is received, and no
# confirmation of what is cancelled.
_OVERTAKEN = {
    "order.placed": ("cancelled",),
    PLACED_BY_STAFF: ("cancelled",),
    "order.shipped": ("received",),
    "order.at_centre": ("received",),
}
# Notices that a stop makes obsolete: no call to pick up, or to have money ready.
_STOPPED_FIRST = ("order.shipped", "order.at_centre")


def still_relevant(rows: Sequence[Row[Any]], states: Mapping[str, str]) -> list[Row[Any]]:
    """Return the notices of a message that are still relevant, in order.

    A notice describes the order at the time of sending. So only the last notice of each order and
    topic is sent; notices that were corrected before sending, or made obsolete by the order's state
    (`states`, by order), are left out.
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


def combine(head: Row[Any], parts: Sequence[Part]) -> Notice:
    """Return the message; it has the id and the time of its first notice."""
    numbers = dict.fromkeys(part.facts.number for part in parts)
    kinds = {part.kind for part in parts}
    return Notice(
        id=head.id,
        at=head.created_at,
        kind=kinds.pop() if len(kinds) == 1 else SEVERAL,
        number=", ".join(numbers),
        person=head.person,
        language=parts[0].language,
        text=write_parts(parts),
        url=parts[0].facts.url,
    )
