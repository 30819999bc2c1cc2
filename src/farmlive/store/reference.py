"""The clock that the servers of a database go by, and the row in which they agree on it.

On PostgreSQL it is the database's, and `shift_ms` is added to it: it makes up for a step until the
new time counts, so that the time goes on, also for a server that starts meanwhile. On SQLite it is
the machine's, and `base_ms` says how far the time is ahead of the steady clock since the machine's
start `boot`, so that a restart of the server alone takes no step for time that passed.

`epoch` counts how often the time was moved. Each write transaction looks whether it was (`batch`),
so that nothing is written by a time that counts no more.
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

# How often servers write that the reference shows the time, and for how long that says so.
CONFIRM_MS = 10_000
CONFIRMED_MS = 15_000
# A machine's clock that shows less than the database was last written at has gone back.
_BACK_MS = 2_000
_MS = 1_000_000
_BOOT = Path("/proc/sys/kernel/random/boot_id")

clock_row = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("shift_ms", BigInteger, nullable=False),
    # By the reference: when a server last found that, with the shift, it shows the time.
    Column("seen_at", BigInteger, nullable=False),
    Column("boot", String(40)),
    Column("base_ms", BigInteger),
)

_ROW = select(clock_row).where(clock_row.c.id == 1)
_SET = update(clock_row).where(clock_row.c.id == 1)
_SHOWN = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
# In the query that each write transaction begins with.
EPOCH = (
    select(clock_row.c.epoch)
    .where(clock_row.c.id == literal_column("1"))
    .scalar_subquery()
    .label("epoch")
)


# The time by PostgreSQL itself, as of this moment: what a step is made up for by is with it.
NOW = literal_column(
    "((extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    " + coalesce((SELECT shift_ms FROM clock WHERE id = 1), 0))",
    BigInteger(),
)


class ClockMoved(Exception):
    """Another server moved the time: what was written by the time before is to be done again."""


@dataclass(frozen=True)
class Look:
    """What the reference showed at a moment of the steady clock, give or take `within`, in
    nanoseconds, and what stood in the row.
    """

    steady: int
    reference: int
    within: int
    epoch: int
    shift_ms: int
    seen_at: int

    @property
    def time(self) -> int:
        """The time that it makes, nanoseconds since 1970."""
        return self.reference + self.shift_ms * _MS

    @property
    def ahead(self) -> int:
        """How far the time is ahead of the steady clock."""
        return self.time - self.steady

    @property
    def unconfirmed_ms(self) -> int:
        """For how long no server has found the reference right; below zero where it has gone
        back since.
        """
        return self.reference // _MS - self.seen_at

    @property
    def is_confirmed(self) -> bool:
        """Whether a server found it right since it shows what it shows."""
        return 0 <= self.unconfirmed_ms <= CONFIRMED_MS


def look(connection: Connection) -> Look:
    """Read the reference and the row: the reference twice, and the quicker answer counts."""
    row = connection.execute(_ROW).one_or_none()
    stored = (0, 0, 0) if row is None else (row.epoch, row.shift_ms, row.seen_at)
    first, second = read(connection), read(connection)
    return Look(*(first if first[2] < second[2] else second), *stored)


def read(connection: Connection | None = None) -> tuple[int, int, int]:
    """What the steady clock and the reference show at one moment, give or take; the reference is
    the machine's clock where there is no connection to PostgreSQL.
    """
    before = clock.steady_ns()
    if connection is not None and connection.dialect.name == "postgresql":
        shown = shown_by(connection)
    else:
        shown = clock.machine_ns()
    after = clock.steady_ns()
    return (before + after) // 2, shown, (after - before) // 2


def shown_by(connection: Connection) -> int:
    """What PostgreSQL's clock shows, nanoseconds since 1970."""
    return int(connection.execute(_SHOWN).scalar_one()) * 1000


def take(connection: Connection) -> int:
    """Let this process go by the database's time from now on; return the epoch that it is of."""
    seen = look(connection)
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
    """Make the row in which servers agree, where there is none."""
    with contextlib.suppress(IntegrityError), engine.begin() as connection:
        if connection.execute(_ROW).one_or_none() is None:
            connection.execute(
                insert(clock_row), {"id": 1, "epoch": 0, "shift_ms": 0, "seen_at": 0}
            )


def begin(engine: Engine) -> tuple[int, int]:
    """Let this process, which serves the database, go by its time; return the epoch, and for how
    many milliseconds the database was not served, as far as it knows.
    """
    with engine.connect() as connection:
        epoch = take(connection)
        row = connection.execute(_ROW).one_or_none()
    seen_at = 0 if row is None else row.seen_at
    return epoch, standing(clock.ahead_ns())["seen_at"] - seen_at if seen_at else 0


def stand(engine: Engine) -> None:
    """Keep in SQLite's row how far the time is ahead, for a restart; PostgreSQL has its own."""
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            keep(connection, **standing(clock.ahead_ns()))


def standing(ahead: int) -> dict[str, Any]:
    """What SQLite's row says of a time that is so far ahead of the steady clock."""
    now = (clock.steady_ns() + ahead) // _MS
    return {"boot": boot(), "base_ms": ahead // _MS, "seen_at": now}


def keep(connection: Connection, **values: Any) -> None:
    """Write these into the row."""
    connection.execute(_SET.values(**values))


def keep_after(connection: Connection, seen: Look, **values: Any) -> bool:
    """Write these into the row if nobody has since the look; whether that is so."""
    same = (
        clock_row.c.epoch == seen.epoch,
        clock_row.c.shift_ms == seen.shift_ms,
        clock_row.c.seen_at == seen.seen_at,
    )
    return connection.execute(_SET.where(*same).values(**values)).rowcount == 1


@cache
def boot() -> str | None:
    """Return which start of the machine this is; None where it does not say."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text().strip()
    return None
