"""A clause of a standard: which servers must keep it, how to check it, and the result.

The clauses themselves are in the files `…_checks.py`; registry.py has the list of all.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from farmlive.conformance.target import Target
from farmlive.conformance.verdict import Kind, Level, Verdict

Trial = Callable[[Target], Awaitable[None]]


@dataclass(frozen=True)
class Clause:
    """A requirement or recommendation of a standard.

    `id` names the standard, its section and our number within it; `done` and `expected` are
    sentences for people. `rude` is how much a check sends that no good client sends: those run
    last, since some servers open no sessions afterwards.
    """

    id: str
    level: Level
    title: str
    done: str
    expected: str
    trial: Trial
    rude: int

    @property
    def sort_key(self) -> tuple[bool, str, list[int]]:
        """The sort key: the protocol's own standard first, each by its sections."""
        standard, _, rest = self.id.partition(" §")
        numbers = [int(number) for number in rest.replace("-", ".").split(".")]
        return standard not in ("RFC 9725", "WHEP-03"), standard, numbers


@dataclass(frozen=True)
class Result:
    """The result of a clause; `reason` is empty if it passed, `seconds` is its duration."""

    clause: Clause
    verdict: Verdict
    reason: str
    seconds: float


@dataclass(frozen=True)
class _Entry:
    refs: dict[Kind, str]
    level: Level
    title: str
    expected: str
    trial: Trial
    rude: int


class Registry:
    """Clauses in the order of their definitions, for WHIP, for WHEP or for both."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def clause(
        self,
        level: Level,
        title: str,
        expected: str,
        *,
        whip: str = "",
        whep: str = "",
        both: str = "",
        rude: int = 0,
    ) -> Callable[[Trial], Trial]:
        """Register a clause; the docstring of its check describes what it does.

        `whip` and `whep` are sections of RFC 9725 and draft-ietf-wish-whep-03, or name another
        standard with its section, as `both` does for both protocols.
        """
        refs: dict[Kind, str] = {}
        if whip or both:
            refs["whip"] = both or (f"RFC 9725 §{whip}" if whip[0].isdigit() else whip)
        if whep or both:
            refs["whep"] = both or (f"WHEP-03 §{whep}" if whep[0].isdigit() else whep)

        def register(trial: Trial) -> Trial:
            self._entries.append(_Entry(refs, level, title, expected, trial, rude))
            return trial

        return register

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self._entries)


def number_clauses(kind: Kind, registries: list[Registry]) -> list[Clause]:
    """Return the clauses of one protocol with their ids: first those of the protocol's own
    standard, by section, then those of others.
    """
    counts: dict[str, int] = {}
    clauses = []
    for entry in (entry for registry in registries for entry in registry if kind in entry.refs):
        ref = entry.refs[kind]
        counts[ref] = counts.get(ref, 0) + 1
        done = " ".join((entry.trial.__doc__ or "").split())
        clauses.append(
            Clause(
                f"{ref}-{counts[ref]}",
                entry.level,
                entry.title,
                done,
                entry.expected,
                entry.trial,
                entry.rude,
            )
        )
    return sorted(clauses, key=lambda clause: clause.sort_key)
