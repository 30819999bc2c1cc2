"""Prints the results of the clauses: a table for people, JSON for programs."""

from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from farmlive.conformance.clause import Result

_MARKS = {
    "pass": ("✓", "green"),
    "fail": ("✗", "red"),
    "n/a": ("–", "dim"),
    "untried": ("?", "red"),
}


def table(results: list[Result], title: str) -> RenderableType:
    """Return a table with a row for each clause; a failed one shows what was expected and what the
    server did.
    """
    shown = Table(title=title, title_justify="left", header_style="bold", show_lines=False)
    shown.add_column("Clause", no_wrap=True)
    shown.add_column("")
    shown.add_column("What a server does")
    for result in results:
        clause = result.clause
        mark, style = _MARKS[result.verdict]
        if result.verdict == "fail" and clause.level == "SHOULD":
            mark, style = "!", "yellow"
        words = Text(clause.title)
        if result.verdict == "fail":
            words.append(f"\n{clause.level}: {clause.expected}", style="default")
            words.append(f"\n{clause.done}", style="dim")
        if result.reason:
            words.append(f"\n{result.reason}", style="dim" if result.verdict == "n/a" else style)
        shown.add_row(clause.id, Text(mark, style=style), words)
    return shown


def summary(results: list[Result]) -> str:
    """Return one sentence with the numbers."""
    broken = {
        level: sum(r.verdict == "fail" and r.clause.level == level for r in results)
        for level in ("MUST", "SHOULD")
    }
    kept = sum(r.verdict == "pass" for r in results)
    idle = sum(r.verdict == "n/a" for r in results)
    untried = sum(r.verdict == "untried" for r in results)
    return (
        f"{kept} of {len(results) - idle} clauses kept; {broken['MUST']} MUST and "
        f"{broken['SHOULD']} SHOULD not kept; {idle} do not apply"
        + (f"; {untried} could not be tried." if untried else ".")
    )


def conforms(results: list[Result]) -> bool:
    """Return whether all was checked and no MUST failed."""
    return not any(
        r.verdict == "untried" or (r.verdict == "fail" and r.clause.level == "MUST")
        for r in results
    )


def as_json(results: list[Result], url: str, *, insecure: bool = False) -> dict[str, Any]:
    """Return the results for programs; `insecure`: the server's certificate was not verified."""
    return {
        "url": url,
        "insecure": insecure,
        "kept": conforms(results),
        "clauses": [
            {
                "id": r.clause.id,
                "level": r.clause.level,
                "title": r.clause.title,
                "done": r.clause.done,
                "expected": r.clause.expected,
                "outcome": r.verdict,
                "reason": r.reason,
                "seconds": round(r.seconds, 3),
            }
            for r in results
        ],
    }
