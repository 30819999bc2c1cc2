"""Deferred updates: cached rows and pending changes of rows that a batch's functions share.

In a rush, hundreds of functions in one transaction take boxes of one offer and numbers in one log.
PostgreSQL keeps each version of a row until the commit, and walks all of them whenever it reads the
row. So such a row is cached here, its changes are added up, and it is written once: before any
other statement reads the tables, and before the COMMIT. That is safe because of the writer lock:
nobody else changes a row meanwhile.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Executable


class DeferredUpdate(NamedTuple):
    """A pending change of a row: `row` identifies it, `by` is added to its values, `to` replaces
    values.
    """

    statement: Executable
    row: Mapping[str, Any]
    by: Mapping[str, int]
    to: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        """All values for the statement."""
        return {**self.row, **self.by, **self.to}


class Miscounted(Exception):
    """A row differed from its cached values, which is a bug: the whole transaction is rolled
    back.
    """


Mark = tuple[dict[Hashable, Any], dict[Hashable, DeferredUpdate]]


class Tally:
    """Cached values and pending changes; both are restored if a function fails."""

    __slots__ = ("_deferred", "_known", "_notes")

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._notes: dict[Hashable, Any] = {}
        self._deferred: dict[Hashable, DeferredUpdate] = {}

    def known(self, key: Hashable) -> Any:
        """Return the value cached under the key, which is never changed in place; None if there is
        none.
        """
        return self._known.get(key)

    def know(self, key: Hashable, value: Any) -> None:
        """Cache this value under the key, as the row will be once pending changes are written."""
        self._known[key] = value

    def begin(self) -> None:
        """Begin another function of the transaction: the earlier one's notes are dropped."""
        self._notes.clear()

    def set_note(self, key: Hashable, value: Any) -> None:
        """Leave a note for later parts of the same function, which no change of a row
        invalidates.
        """
        self._notes[key] = value

    def note(self, key: Hashable) -> Any:
        """Return the note under the key; None if there is none."""
        return self._notes.get(key)

    def defer(
        self,
        statement: Executable,
        row: Mapping[str, Any],
        by: Mapping[str, int],
        to: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a change to this hot UPDATE or upsert of one row: one statement will write all
        changes of the row.

        The statement's conditions apply to the sum; the caller has checked that they hold.
        """
        key = (id(statement), *row.values())
        pending = self._deferred.get(key)
        if pending is not None:
            by = {name: number + pending.by[name] for name, number in by.items()}
        self._deferred[key] = DeferredUpdate(statement, row, by, to or {})

    def settled(self) -> Iterator[tuple[Executable, dict[str, Any]]]:
        """Remove and yield the pending statements, each with the values of its row."""
        pending, self._deferred = self._deferred, {}
        for each in pending.values():
            if each.to or any(each.by.values()):
                yield each.statement, each.values

    def forget(self) -> None:
        """Drop the cache: another statement may have changed its rows."""
        self._known.clear()

    def mark(self) -> Mark:
        """Return the current state, for `back_to`."""
        return self._known.copy(), self._deferred.copy()

    def back_to(self, mark: Mark) -> None:
        """Restore the state of the mark, to which the database has been rolled back. Each mark is
        used at most once.
        """
        self._known, self._deferred = mark
