"""Asked ahead: what the functions of a batch ask first goes to PostgreSQL together.

In a rush each function would wait for one answer, and the database for the next question. So a
writer may say beforehand what it will ask and whom that concerns; what the next ones ask is then
asked at once, while each still executes its statement and finds the answer there.

An answer holds where nothing changed meanwhile what it tells of. That is kept by two rules: only
questions of functions that meet in nothing are asked together, none of them beyond a function that
has no question; and as soon as anything is changed by a statement that is not marked as one's
`own`, or the database reports an error, all is asked again.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Executable

from farmlive.store.fast.compiled import Values

if TYPE_CHECKING:
    from farmlive.store.fast.pipeline import Result


class Question(NamedTuple):
    """Hot statements that a function will execute with these values before it changes anything.

    `about` names all that such functions' `own` statements may change of what the answers depend
    on: those that name none of the same do not meet.
    """

    asked: Sequence[tuple[Executable, Values]]
    about: frozenset[Hashable]


class Answers:
    """The answers that hold, by their questions, and which question the running function has."""

    __slots__ = ("_found", "_now")

    def __init__(self) -> None:
        self._found: dict[int, list[Result]] = {}
        self._now: Question | None = None

    def holds(self, question: Question) -> bool:
        """Whether its answer is there or under way."""
        return id(question) in self._found

    def keep(self, question: Question, results: "list[Result]") -> None:
        """It was asked, and these are what its statements give."""
        self._found[id(question)] = results

    def start(self, question: Question | None) -> None:
        """The function that has this question, or none, begins."""
        self._now = question

    def find(self, statement: Executable, values: Any) -> "Result | None":
        """The answer that the running function has to this; None where it must ask."""
        if self._now is None or (found := self._found.get(id(self._now))) is None:
            return None
        for (asked, with_these), result in zip(self._now.asked, found, strict=True):
            if statement is asked and values == with_these:
                return result
        return None

    def forget(self) -> None:
        """Something may have changed: none of them holds."""
        self._found.clear()


def together(questions: Iterable[Question | None]) -> list[Question]:
    """Those from the first on that can be asked together."""
    found: list[Question] = []
    about: set[Hashable] = set()
    for question in questions:
        if question is None or not about.isdisjoint(question.about):
            break
        found.append(question)
        about |= question.about
    return found
