"""What runs by the clock: columns whose times move with it when it is set, so that what runs keeps
its remaining time. Rooms declare theirs beside their tables; `timekeeper` moves them.

What happened keeps its time, and so does what is planned for a time of day.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, update

Condition = Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True)
class Running:
    """Columns of a table that move together, of the rows for which `which(now)` holds, by the time
    that counted before.
    """

    table: Table
    columns: tuple[str, ...]
    which: Condition | None

    def move(self, connection: Connection, by: int, now: int) -> int:
        """Move them by so many milliseconds; of how many rows."""
        values = {name: self.table.c[name] + by for name in self.columns}
        statement = update(self.table).values(values)
        if self.which is not None:
            statement = statement.where(self.which(now))
        return connection.execute(statement).rowcount


RUNNING: list[Running] = []


def runs(table: Table, *columns: str, which: Condition | None = None) -> None:
    """Declare columns that run by the clock; empty ones stay empty."""
    RUNNING.append(Running(table, columns, which))


def runs_until(table: Table, end: str, *others: str) -> None:
    """Declare an end, with other times that move with it, of the rows that have not ended yet."""
    runs(table, end, *others, which=lambda now: table.c[end] > now)


def move_all(connection: Connection, by: int, now: int) -> None:
    """Move all that runs, as `runs` declared it."""
    for each in RUNNING:
        each.move(connection, by, now)
