"""How many different people bought in the last seconds, from the order events that a hub folds.

Owns the window and what counts: an order that a buyer placed, and that was not cancelled since;
orders that staff place at a desk are left out. One person may give several phone numbers on one
device, or one number on several devices, and counts once. Holds pseudonyms and devices alone, and
only as long as the window. Pure.
"""

from collections.abc import Iterable

from farmlive.broadcast.events import OrderCancelled, OrderErased, OrderPlaced
from farmlive.broadcast.log import Event

WINDOW_MS = 20_000
FEWEST = 2
"""Below this many the count is left out: one buyer could be recognised by the others."""


class RecentBuyers:
    """The orders of the last WINDOW_MS, by id, each with its time and the marks of its buyer: a
    pseudonym, and the device where it is known.
    """

    def __init__(self) -> None:
        self._orders: dict[str, tuple[int, frozenset[str]]] = {}
        self._latest = 0

    def apply(self, event: Event) -> None:
        """Take up an event of any kind, in the order of the log."""
        self._latest = max(self._latest, event.at)
        if event.kind == OrderPlaced.kind:
            # One that is placed again, since a step was undone, has no buyer in its event.
            if (buyer := event.data.get("buyer")) and event.data.get("by") != "staff":
                marks = {f"buyer {buyer}", *([f"device {event.device}"] if event.device else ())}
                self._orders[event.data["order"]] = (event.at, frozenset(marks))
                self._forget(event.at)
        elif event.kind in (OrderCancelled.kind, OrderErased.kind):
            self._orders.pop(event.data["order"], None)

    def count(self, now: int) -> int | None:
        """Return the number of buyers in the WINDOW_MS before `now` (UTC ms); None below FEWEST."""
        self._forget(max(now, self._latest))  # the log's time never goes back, the clock may
        buyers = len(_people(marks for _, marks in self._orders.values()))
        return buyers if buyers >= FEWEST else None

    def _forget(self, now: int) -> None:
        """Drop what is older than the window; orders stand by their time."""
        while self._orders:
            order, (at, _) = next(iter(self._orders.items()))
            if at > now - WINDOW_MS:
                return
            del self._orders[order]


def _people(orders: Iterable[frozenset[str]]) -> list[set[str]]:
    """Return the marks of each person: orders with a mark in common are of one."""
    people: list[set[str]] = []
    for marks in orders:
        same = [person for person in people if person & marks]
        people = [person for person in people if not person & marks]
        people.append(set(marks).union(*same))
    return people
