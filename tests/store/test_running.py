"""What runs by the clock is declared: a new column that holds an end must be, or say why not."""

import re

from farmlive import app
from farmlive.store import metadata
from farmlive.store.running import RUNNING

# What stays, and why.
STAY = {
    "works.until": "a day of the calendar, from which a plot may be picked",
    "api_keys.used_at": "what happened, by which nothing ends",
    "stream_keys.used_at": "what happened, by which nothing ends",
    "invitations.used_at": "what happened, by which nothing ends",
    "passkeys.used_at": "what happened, by which nothing ends",
    "recovery_codes.used_at": "what happened, by which nothing ends",
    "notice_budgets.used": "a number",
    "notice_counts.until": "when counts are forgotten, which change nothing by then",
}
_END = re.compile(r"(^|_)(until|expires|ends|next|since|due|used|proved|asked|tried)(_|$)")


def test_every_column_with_an_end_moves_with_the_clock_or_says_why_not() -> None:
    assert app  # whose rooms declare theirs
    declared = {f"{each.table.name}.{name}" for each in RUNNING for name in each.columns}
    ends = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if _END.search(column.name)
    }
    assert ends - declared - set(STAY) == set(), "declare it by `runs`, or say here why it stays"
    assert declared.isdisjoint(STAY)
