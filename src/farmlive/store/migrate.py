"""Migrates the tables by the revisions in store/migrations while other servers keep selling, and
checks whether this code works on the existing tables.

A revision declares as `oldest_code` which code still works after it (migrations/versions). The
strictest value of those that have run is stored in the database, where older code reads it.
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from farmlive.store.compatibility import compatibility, take_fence
from farmlive.store.engine import DatabaseRefused
from farmlive.store.keys import KeyFile

FOLDER = Path(__file__).parent / "migrations"

# A pending table lock blocks all later queries of that table, orders too: so it times out soon and
# is tried again. It is below PostgreSQL's deadlock_timeout (1 s), so that in a deadlock the
# migration backs off.
LOCK_TIMEOUT_MS = 500
PAUSE_S = (0.5, 1.5)
GIVE_UP_AFTER_S = 300.0

# Serializes the migrations of servers that start at the same time on one PostgreSQL.
_LOCK = 7_305_112_026
# SQLSTATEs of a lock timeout and of a deadlock.
_LOCKED = ("55P03", "40P01")

_log = structlog.get_logger(__name__)


def configuration(
    connection: Connection, folder: Path = FOLDER, keys: KeyFile | None = None
) -> Config:
    """Return Alembic's configuration for an open connection; `keys` are for revisions that derive
    values with them.
    """
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["keys"] = keys
    return config


class Revisions:
    """The revisions that this code knows, from the first to the last."""

    def __init__(self, folder: Path = FOLDER):
        self.folder = folder
        self.scripts = list(ScriptDirectory(str(folder)).walk_revisions())[::-1]
        self.names = [script.revision for script in self.scripts]
        self.head = self.names[-1]

    def __contains__(self, revision: str) -> bool:
        return revision in self.names

    def after(self, revision: str) -> Iterator[str]:
        """Yield the revisions that follow this one."""
        yield from self.names[self.names.index(revision) + 1 :]

    def oldest_code(self, revision: str) -> str:
        """Return the newest revision that the oldest code working on this one's tables knows.

        A revision without the declaration needs code that knows it.
        """
        upto = self.scripts[: self.names.index(revision) + 1]
        return max(getattr(script.module, "oldest_code", script.revision) for script in upto)

    def scrub_after(self, revision: str | None) -> bool:
        """Return whether a later revision removes data that no copy of the file may keep
        (`scrubs`).
        """
        if revision is None or revision not in self:
            return False
        following = self.scripts[self.names.index(revision) + 1 :]
        return any(getattr(script.module, "scrubs", False) for script in following)

    def left_behind(self, current: str | None, target: str) -> Iterator[str]:
        """Yield the revisions whose code works on tables of `current`, but no longer on those of
        `target`.
        """
        if current is not None:
            oldest, then = self.oldest_code(current), self.oldest_code(target)
            yield from (name for name in self.names if oldest <= name < then)


@cache
def known_revisions() -> Revisions:
    """Return the revisions of this code, read once per process: that takes 20 ms."""
    return Revisions()


def migrate(
    writer: Engine,
    revisions: Revisions | None = None,
    give_up_after_s: float = GIVE_UP_AFTER_S,
    *,
    keys: KeyFile,
) -> str:
    """Run the missing revisions and return the database's revision.

    Each is a transaction of its own, so that its locks are released soon; only on an empty database
    all are one transaction. A newer database stays as it is. Raises DatabaseRefused if this code
    can't work on it, if the `keys` are another database's, or if a lock times out.
    """
    revisions = revisions or known_revisions()
    until = time.monotonic() + give_up_after_s
    with writer.connect() as connection:
        start = _current(connection)
    while True:
        try:
            with writer.begin() as connection:
                at = _step(connection, revisions, keys)
        except DBAPIError as error:
            if not _is_locked(error):
                raise
            if time.monotonic() > until:
                raise DatabaseRefused(
                    f"The tables can't be changed: others have had them locked for "
                    f"{give_up_after_s:.0f} s. Nothing is half done. See what works on the "
                    "database for so long (pg_stat_activity), then start again"
                ) from error
            _log.info("others have a table locked; the migration lets them through and tries again")
            time.sleep(random.uniform(*PAUSE_S))  # noqa: S311
            continue
        if at is not None:
            if revisions.scrub_after(start):
                _scrub(writer)
            return at


def check(connection: Connection, revisions: Revisions) -> str:
    """Return the tables' revision, if this code can work on them. Raises DatabaseRefused."""
    current = _current(connection)
    if current is None:
        raise DatabaseRefused(
            "There is no farmlive in this database yet: `farmlive serve` makes its tables at its "
            "first start, as does `farmlive migrate`"
        )
    if current in revisions and current != revisions.head:
        raise DatabaseRefused(
            f"The database is of an earlier farmlive (revision {current}, this one's is "
            f"{revisions.head}): run `farmlive migrate` first, or start `farmlive serve`, which "
            "does that too. Nothing was changed"
        )
    if current not in revisions:
        _check_newer(connection, revisions, current)
    return current


def _step(connection: Connection, revisions: Revisions, keys: KeyFile) -> str | None:
    """Run the next revision, or all of them on an empty database; return the last one's name at the
    end.
    """
    if connection.dialect.name == "postgresql":
        # Without a timeout: other migrations may take long.
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
    current = _current(connection)
    if current is not None and current not in revisions:
        _check_newer(connection, revisions, current)
        _log.warning(
            "the database is newer than this farmlive, and says that it serves it",
            database=current,
            farmlive=revisions.head,
        )
        return current
    if current == revisions.head:
        return current
    target = revisions.head if current is None else next(revisions.after(current))
    if connection.dialect.name == "postgresql":
        # Servers of code that is too old finish their writes before it, or find it out afterwards;
        # none writes meanwhile.
        for name in revisions.left_behind(current, target):
            connection.exec_driver_sql(f"SELECT {take_fence(name)}")
    command.upgrade(configuration(connection, revisions.folder, keys), target)
    if inspect(connection).has_table(compatibility.name):
        connection.execute(delete(compatibility))
        oldest = revisions.oldest_code(target)
        connection.execute(insert(compatibility), {"id": 1, "oldest_code": oldest})
    return None


def _scrub(writer: Engine) -> None:
    """Rewrite SQLite's file without remains of removed values in free space and the WAL.

    PostgreSQL's tables are not locked for that long: docs/operator.md says what to run, and when.
    """
    if writer.dialect.name != "sqlite":
        _log.warning(
            "what was removed stays in PostgreSQL's files until it is overwritten: at a quiet time "
            "run VACUUM FULL (docs/operator.md, Backup)"
        )
        return
    raw = writer.raw_connection()
    try:
        raw.cursor().execute("VACUUM")
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        _log.warning(
            "what was removed is still in the file's free space: stop the server and run VACUUM "
            "with sqlite3 (docs/operator.md, Backup)",
            reason=str(error),
        )
    finally:
        raw.close()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_newer(connection: Connection, revisions: Revisions, current: str) -> None:
    """Check a database that newer code has migrated, with revisions that this one does not know."""
    oldest = None
    if inspect(connection).has_table(compatibility.name):
        oldest = connection.execute(select(compatibility.c.oldest_code)).scalar()
    if oldest is None or oldest > revisions.head:
        needed = "" if oldest is None else f", which needs one that knows revision {oldest}"
        raise DatabaseRefused(
            f"The database was migrated by a newer farmlive (revision {current}{needed}; this one "
            f"knows {revisions.head}): install that farmlive again. Nothing was changed"
        )


def _is_locked(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _LOCKED:
        return True
    return "database is locked" in str(error.orig)
