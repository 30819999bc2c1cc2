"""The tally: what the functions of one transaction know and change of rows that all of them share.

In a rush, hundreds take boxes of one offer and places in one log within a transaction. PostgreSQL
keeps each version of a row until the commit, and walks over all of them whenever it looks at the
row. So what is known of such a row stays here, its numbers are added up here, and it is written
once: before any other statement looks at the tables, and before the COMMIT. That is safe since
those who write take turns: nobody else changes a row meanwhile.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Executable, Insert

# So many rows are one INSERT on PostgreSQL; each number of them is prepared by itself.
TOGETHER = 16


class Owed(NamedTuple):
    """A change of a row that is still to be written: `row` says which, `by` is added to what it
    has, `to` is what it becomes.
    """

    statement: Executable
    row: Mapping[str, Any]
    by: Mapping[str, int]
    to: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        """All that the statement takes."""
        return {**self.row, **self.by, **self.to}


class Miscounted(Exception):
    """A row was not as the tally had it, which can't be: the whole transaction is undone."""


Mark = tuple[dict[Hashable, Any], dict[Hashable, Owed]]


class Tally:
    """What is known and what is owed; both are put back where a function fails."""

    __slots__ = ("_known", "_owed", "_said")

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._said: dict[Hashable, Any] = {}
        self._owed: dict[Hashable, Owed] = {}

    def known(self, key: Hashable) -> Any:
        """What is known under the key, which is never changed in place; None if nothing is."""
        return self._known.get(key)

    def know(self, key: Hashable, value: Any) -> None:
        """Know this under the key from now on, as the row will be once what is owed is written."""
        self._known[key] = value

    def begin(self) -> None:
        """Another function of the transaction begins: what the one before it said is over."""
        self._said.clear()

    def say(self, key: Hashable, value: Any) -> None:
        """Let the function's later parts know this, which no change of a row makes untrue."""
        self._said[key] = value

    def said(self, key: Hashable) -> Any:
        """What was said under the key; None if nothing was."""
        return self._said.get(key)

    def owe(
        self,
        statement: Executable,
        row: Mapping[str, Any],
        by: Mapping[str, int],
        to: Mapping[str, Any] | None = None,
    ) -> None:
        """Have this hot UPDATE change that one row later: one statement for all that is owed of it.

        Its conditions see the sum. Whoever owes has made sure that they hold.
        """
        key = (id(statement), *row.values())
        owed = self._owed.get(key)
        if owed is not None:
            by = {name: number + owed.by[name] for name, number in by.items()}
        self._owed[key] = Owed(statement, row, by, to or {})

    def settled(self) -> Iterator[tuple[Executable, list[dict[str, Any]]]]:
        """What is owed, which is owed no more: statements with the values of their rows. An UPDATE
        is of one row, an INSERT of up to `TOGETHER`.
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
        """Know nothing: something may have changed what was known."""
        self._known.clear()

    def mark(self) -> Mark:
        """How it stands, for `back_to`."""
        return self._known.copy(), self._owed.copy()

    def back_to(self, mark: Mark) -> None:
        """Stand as at the mark, as the database does again. Each mark is gone back to once."""
        self._known, self._owed = mark
