"""Deferred updates: cached rows and pending changes of rows that a batch's functions share.

In a rush, hundreds of functions in one transaction take boxes of one offer and numbers in one log.
PostgreSQL keeps each version of a row until the commit, and walks all of them whenever it reads the
row. So such a row is cached here, its changes are added up, and it is written once: before any
other statement reads the tables, and before the COMMIT. That is safe because of the writer lock:
nobody else changes a row meanwhile.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Executable, Insert

# Rows per INSERT on PostgreSQL; each number of rows is a prepared statement of its own.
TOGETHER = 16


class Owed(NamedTuple):
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


Mark = tuple[dict[Hashable, Any], dict[Hashable, Owed]]


class Tally:
    """Cached values and pending changes; both are restored if a function fails."""

    __slots__ = ("_known", "_owed", "_said")

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._said: dict[Hashable, Any] = {}
        self._owed: dict[Hashable, Owed] = {}

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
        self._said.clear()

    def say(self, key: Hashable, value: Any) -> None:
        """Leave a note for later parts of the same function, which no change of a row
        invalidates.
        """
        self._said[key] = value

    def said(self, key: Hashable) -> Any:
        """Return the note under the key; None if there is none."""
        return self._said.get(key)

    def owe(
        self,
        statement: Executable,
        row: Mapping[str, Any],
        by: Mapping[str, int],
        to: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a change to this hot UPDATE of one row: one statement will write all changes of the
        row.

        The statement's conditions apply to the sum; the caller has checked that they hold.
        """
        key = (id(statement), *row.values())
        owed = self._owed.get(key)
        if owed is not None:
            by = {name: number + owed.by[name] for name, number in by.items()}
        self._owed[key] = Owed(statement, row, by, to or {})

    def settled(self) -> Iterator[tuple[Executable, list[dict[str, Any]]]]:
        """Remove and yield the pending statements with the values of their rows.

        An UPDATE has one row, an INSERT up to `TOGETHER`.
        """
        owed, self._owed = self._owed, {}
        inserts: dict[int, tuple[Executable, list[dict[str, Any]]]] = {}
        for each in owed.values():
            if not (each.to or any(each.by.values())):
                continue
            if isinstance(each.statement, Insert):
                _, rows = inserts.setdefault(id(each.statement), (each.statement, []))
                rows.append(each.values)
            else:
                yield each.statement, [each.values]
        for statement, rows in inserts.values():
            for first in range(0, len(rows), TOGETHER):
                yield statement, rows[first : first + TOGETHER]

    def forget(self) -> None:
        """Drop the cache: another statement may have changed its rows."""
        self._known.clear()

    def mark(self) -> Mark:
        """Return the current state, for `back_to`."""
        return self._known.copy(), self._owed.copy()

    def back_to(self, mark: Mark) -> None:
        """Restore the state of the mark, to which the database has been rolled back. Each mark is
        used at most once.
        """
        self._known, self._owed = mark
