"""The reference clock that all servers of a database use, and the row in which they agree on it.

On PostgreSQL it is the database's clock plus `shift_ms`, which compensates a step until the new
time counts, so that time goes on evenly, also for servers that start meanwhile. On SQLite it is the
machine's clock, and `base_ms` says how far the time is ahead of the monotonic clock since the
machine's start `boot`, so that a restart of the server alone does not take elapsed time for a step.

`epoch` counts how often the time was moved. Each write transaction checks it (batch.py), so that
nothing is written with an outdated time.
"""

import contextlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from farmlive import clock
from farmlive.store.tables import metadata

# How often servers write that the reference is right, and for how long this counts.
CONFIRM_MS = 10_000
CONFIRMED_MS = 15_000
# A machine's clock that is this far before the database's last write was set back.
_BACK_MS = 2_000
_MS = 1_000_000
_BOOT = Path("/proc/sys/kernel/random/boot_id")

clock_row = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("shift_ms", BigInteger, nullable=False),
    # By the reference: when a server last found it right, with the shift.
    Column("seen_at", BigInteger, nullable=False),
    Column("boot", String(40)),
    Column("base_ms", BigInteger),
)

_ROW = select(clock_row).where(clock_row.c.id == 1)
_SET = update(clock_row).where(clock_row.c.id == 1)
_SHOWN = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
# Part of the query that each write transaction begins with.
EPOCH = (
    select(clock_row.c.epoch)
    .where(clock_row.c.id == literal_column("1"))
    .scalar_subquery()
    .label("epoch")
)


# PostgreSQL's own time at this moment; the compensation of a step is measured against it.
NOW = literal_column(
    "((extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    " + coalesce((SELECT shift_ms FROM clock WHERE id = 1), 0))",
    BigInteger(),
)


class ClockMoved(Exception):
    """Another server moved the time: work done with the earlier time must be repeated."""


@dataclass(frozen=True)
class ClockState:
    """A reading of the reference at a moment of the monotonic clock, within `within` nanoseconds,
    and the row.
    """

    steady: int
    reference: int
    within: int
    epoch: int
    shift_ms: int
    seen_at: int

    @property
    def time(self) -> int:
        """The resulting time, nanoseconds since 1970."""
        return self.reference + self.shift_ms * _MS

    @property
    def ahead(self) -> int:
        """How far the time is ahead of the monotonic clock."""
        return self.time - self.steady

    @property
    def unconfirmed_ms(self) -> int:
        """Milliseconds since a server last found the reference right; negative if it was set back
        since.
        """
        return self.reference // _MS - self.seen_at

    @property
    def is_confirmed(self) -> bool:
        """Whether a server recently found the reference right."""
        return 0 <= self.unconfirmed_ms <= CONFIRMED_MS


def read_state(connection: Connection) -> ClockState:
    """Read the reference and the row: the reference twice, of which the quicker reading counts."""
    row = connection.execute(_ROW).one_or_none()
    stored = (0, 0, 0) if row is None else (row.epoch, row.shift_ms, row.seen_at)
    first, second = read(connection), read(connection)
    return ClockState(*(first if first[2] < second[2] else second), *stored)


def read(connection: Connection | None = None) -> tuple[int, int, int]:
    """Return the monotonic clock and the reference at one moment, and the uncertainty.

    The reference is the machine's clock without a connection to PostgreSQL.
    """
    before = clock.steady_ns()
    if connection is not None and connection.dialect.name == "postgresql":
        shown = shown_by(connection)
    else:
        shown = clock.machine_ns()
    after = clock.steady_ns()
    return (before + after) // 2, shown, (after - before) // 2


def shown_by(connection: Connection) -> int:
    """Return PostgreSQL's clock, nanoseconds since 1970."""
    return int(connection.execute(_SHOWN).scalar_one()) * 1000


def adopt_time(connection: Connection) -> int:
    """Set this process to the database's time from now on; return its epoch."""
    seen = read_state(connection)
    ahead = seen.ahead
    if connection.dialect.name == "sqlite":
        row = connection.execute(_ROW).one_or_none()
        is_same = row is not None and row.boot is not None and row.boot == boot()
        if row is not None and is_same and row.base_ms is not None:
            ahead = row.base_ms * _MS
        elif row is not None and seen.reference // _MS < row.seen_at - _BACK_MS:
            ahead = row.seen_at * _MS - seen.steady
    clock.set_ahead(ahead)
    return seen.epoch


def make_row(engine: Engine) -> None:
    """Insert the row in which servers agree, if it is missing."""
    with contextlib.suppress(IntegrityError), engine.begin() as connection:
        if connection.execute(_ROW).one_or_none() is None:
            connection.execute(
                insert(clock_row), {"id": 1, "epoch": 0, "shift_ms": 0, "seen_at": 0}
            )


def begin(engine: Engine) -> tuple[int, int]:
    """Set this process, which serves the database, to its time.

    Returns the epoch, and for how many milliseconds no server ran, as far as the database shows.
    """
    with engine.connect() as connection:
        epoch = adopt_time(connection)
        row = connection.execute(_ROW).one_or_none()
    seen_at = 0 if row is None else row.seen_at
    return epoch, offset_row(clock.ahead_ns())["seen_at"] - seen_at if seen_at else 0


def save_offset(engine: Engine) -> None:
    """Write into SQLite's row how far the time is ahead, for a restart; PostgreSQL needs no row for
    it.
    """
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            write_row(connection, **offset_row(clock.ahead_ns()))


def offset_row(ahead: int) -> dict[str, Any]:
    """Return the values of SQLite's row for a time that is this far ahead of the monotonic
    clock.
    """
    now = (clock.steady_ns() + ahead) // _MS
    return {"boot": boot(), "base_ms": ahead // _MS, "seen_at": now}


def write_row(connection: Connection, **values: Any) -> None:
    """Write these values into the row."""
    connection.execute(_SET.values(**values))


def write_row_after(connection: Connection, seen: ClockState, **values: Any) -> bool:
    """Write these values if the row is unchanged since that reading; return whether it was."""
    same = (
        clock_row.c.epoch == seen.epoch,
        clock_row.c.shift_ms == seen.shift_ms,
        clock_row.c.seen_at == seen.seen_at,
    )
    return connection.execute(_SET.where(*same).values(**values)).rowcount == 1


@cache
def boot() -> str | None:
    """Return an id of this start of the machine; None if the system has none."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text().strip()
    return None
