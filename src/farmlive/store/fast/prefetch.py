"""Prefetched queries: the first queries of a batch's functions go to PostgreSQL together.

In a rush each function would wait for a round trip, and the database for the next query. So a
caller may declare its first query and what it is about. The queries of the next functions are then
sent together, while each function still executes its statement and finds the result here.

A result is valid if nothing has changed its rows. Two rules ensure that: only queries about
different things are sent together, none of them beyond a function without a declared query; and all
results are dropped when a statement that is not marked `own` changes anything, or the database
reports an error.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Executable

from farmlive.store.fast.compiled import Values
from farmlive.store.fast.pipeline import Result


class Question(NamedTuple):
    """Hot statements that a function will execute with these values before it changes anything.

    `about` names everything that the `own` statements of such functions may change and that the
    results depend on: queries without a common name are independent.
    """

    queries: Sequence[tuple[Executable, Values]]
    about: frozenset[Hashable]


class Prefetched:
    """The valid results by query, and the running function's query."""

    __slots__ = ("_found", "_now")

    def __init__(self) -> None:
        self._found: dict[int, list[Result]] = {}
        self._now: Question | None = None

    def holds(self, question: Question) -> bool:
        """Return whether the query's result is here or under way."""
        return id(question) in self._found

    def keep(self, question: Question, results: list[Result]) -> None:
        """Keep the results of a sent query's statements."""
        self._found[id(question)] = results

    def start(self, question: Question | None) -> None:
        """Begin the function that has this query, or none."""
        self._now = question

    def find(self, statement: Executable, values: Any) -> Result | None:
        """Return the running function's result of this statement; None if it must be executed."""
        if self._now is None or (found := self._found.get(id(self._now))) is None:
            return None
        for (asked, with_these), result in zip(self._now.queries, found, strict=True):
            if statement is asked and values == with_these:
                return result
        return None

    def forget(self) -> None:
        """Drop all results: their rows may have changed."""
        self._found.clear()


def independent_prefix(questions: Iterable[Question | None]) -> list[Question]:
    """Return the queries, from the first on, that can be sent together."""
    found: list[Question] = []
    about: set[Hashable] = set()
    for question in questions:
        if question is None or not about.isdisjoint(question.about):
            break
        found.append(question)
        about |= question.about
    return found
