"""Columns that run by the clock: when the clock is set, they move with it and keep their remaining
time.

Rooms declare theirs beside their tables; operations/timekeeper.py moves them. Times of past events,
and plans for a time of day, stay.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, update

Condition = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True)
class Running:
    """Columns of a table that move together, in the rows for which `which(now)` holds, by the
    earlier time.
    """

    table: Table
    columns: tuple[str, ...]
    which: Condition | None

    def move(self, connection: Connection, by: int, now: int) -> int:
        """Move them by this many milliseconds; return the number of rows."""
        values = {name: self.table.c[name] + by for name in self.columns}
        statement = update(self.table).values(values)
        if self.which is not None:
            statement = statement.where(self.which(now))
        return connection.execute(statement).rowcount


RUNNING: list[Running] = []


def runs(table: Table, *columns: str, which: Condition | None = None) -> None:
    """Declare columns that run by the clock; null stays null."""
    RUNNING.append(Running(table, columns, which))


def runs_until(table: Table, end: str, *others: str) -> None:
    """Declare an end, with other times that move with it, in the rows that have not ended yet."""
    runs(table, end, *others, which=lambda now: table.c[end] > now)


def move_all(connection: Connection, by: int, now: int) -> None:
    """Move all columns that `runs` declared."""
    for each in RUNNING:
        each.move(connection, by, now)
