"""Connections to SQLite or PostgreSQL, configured so that a commit is durable.

store.py, writer.py and readers.py use them.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from farmlive import compact_json
from farmlive.store.deadlines import REQUEST_S, keep_wires
from farmlive.store.fast import quick

# How long a statement waits for another server's writer lock, or any other lock: less than the
# statement timeout, so that the error tells which of the two it was.
BUSY_TIMEOUT_MS = 8_000
# For each of up to two IPs of a host.
CONNECT_TIMEOUT_S = 5
READERS = 4
# Rows of each index that SQLite's ANALYZE reads, which blocks the writer meanwhile.
ANALYZED_ROWS = 400
# How long others wait for an ANALYZE, and it for them.
ANALYZE_TIMEOUT_MS = 500
# The same for emptying SQLite's WAL.
SCRUB_TIMEOUT_MS = 500
# SQLite's file in the data folder.
FILE = "farmlive.sqlite3"

# When PostgreSQL's machine counts as gone, and ours for it: sent data is not acknowledged, or
# nothing arrives, for this long. The system's defaults are a quarter of an hour and two hours.
_GONE_AFTER_S = 15
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2}
# Parameters that a connection sets on PostgreSQL's side.
_WATCHED = "; ".join(
    f"SET {name} = {value}"
    for name, value in (
        *((f"tcp_{name}", value) for name, value in _KEEPALIVES.items()),
        ("tcp_user_timeout", _GONE_AFTER_S * 1000),
        ("statement_timeout", round(REQUEST_S * 1000)),
    )
)


# The writer's statements use its indexes whatever the values: planning one for each takes
# PostgreSQL longer than executing it. A plan is kept while tables grow, so no plan may scan a table
# that is small now; and JIT would compile plans for the cost of such scans.
WRITERS_PLANS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}


class DatabaseRefused(Exception):
    """The database can't be used as configured; the message says which setting to change."""


def _dump(value: Any) -> str:
    return compact_json.encode(value).decode()


def check_there(database_url: str, data: Path) -> None:
    """Raise DatabaseRefused for a folder without a database: connecting would create one."""
    if not database_url and not (data / FILE).exists():
        raise DatabaseRefused(
            f"There is no database in {data.absolute()}: see that FARMLIVE_DATA is right. "
            "`farmlive serve` makes one at its first start, as does `farmlive migrate`"
        )


def address(database_url: str, data: Path) -> str:
    """Return SQLAlchemy's URL of the database: `FARMLIVE_DATABASE_URL`, or SQLite in the folder."""
    if not database_url:
        return f"sqlite+pysqlite:///{(data / FILE).absolute()}"
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise DatabaseRefused("FARMLIVE_DATABASE_URL is not a database address") from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseRefused("FARMLIVE_DATABASE_URL must begin with postgresql://")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def writer_engine(url: str) -> Engine:
    """Return the engine of the one writer: on SQLite every transaction is BEGIN IMMEDIATE."""
    return _engine(url, begin="BEGIN IMMEDIATE", pool_size=1)


def reader_engine(url: str) -> Engine:
    """Return the engine of the readers, which may not write."""
    return _engine(url, begin="BEGIN", pool_size=READERS, read_only=True)


def analyze_apart(url: str, table: str) -> None:
    """Analyze a table of PostgreSQL on a separate connection.

    If another server or the autovacuum is analyzing it, that suffices.
    """
    engine = _engine(url, begin="BEGIN", pool_size=1)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql(f"SET lock_timeout = {ANALYZE_TIMEOUT_MS}")
            connection.exec_driver_sql(f'ANALYZE (SKIP_LOCKED) "{table}"')
    finally:
        engine.dispose()


def scrub_apart(url: str, tables: Sequence[str]) -> bool:
    """Remove overwritten and deleted rows from SQLite's WAL, or from PostgreSQL's tables and
    indexes, on a separate connection.

    Returns whether it is done. On SQLite a concurrent reader may prevent it; no writer waits longer
    than for a checkpoint.
    """
    engine = _engine(url, begin="BEGIN", pool_size=1)
    try:
        if engine.dialect.name == "sqlite":
            raw = engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute(f"PRAGMA busy_timeout = {SCRUB_TIMEOUT_MS}")
                busy, left, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error:  # a full disk, for example; the store reports it
                return False
            finally:
                raw.close()
            return not busy and left == 0
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            for table in tables:
                # With few dead rows VACUUM would skip the indexes otherwise, and the statistics
                # until many more rows have changed.
                connection.exec_driver_sql(f'VACUUM (INDEX_CLEANUP ON, ANALYZE) "{table}"')
        return True
    finally:
        engine.dispose()


def drop_cache(connection: Connection) -> None:
    """Free SQLite's cache of this connection, up to 64 MiB: after a read of whole tables, which are
    not read again soon.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA shrink_memory")


def check_durable(connection: Connection) -> None:
    """Raise DatabaseRefused for a database that can lose acknowledged commits.

    That is PostgreSQL with `fsync` or `synchronous_commit` off, or SQLite unless in WAL mode with
    `synchronous=FULL`.
    """
    if connection.dialect.name == "sqlite":
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        if (mode, level) != ("wal", 2):
            raise DatabaseRefused(
                f"SQLite runs with journal_mode={mode}, synchronous={level}, not WAL and FULL: "
                "the data folder must be on a local disk"
            )
        return
    for setting in ("fsync", "synchronous_commit"):
        value = connection.exec_driver_sql(f"SHOW {setting}").scalar_one()
        if value == "off":
            raise DatabaseRefused(
                f"PostgreSQL runs with {setting} = {value}, so an acknowledged order could be "
                f"lost: set {setting} = on"
            )


def _engine(url: str, *, begin: str, pool_size: int, read_only: bool = False) -> Engine:
    sqlite = url.startswith("sqlite")
    options: dict[str, Any] = {
        "json_serializer": _dump,
        "json_deserializer": compact_json.decode,
        "hide_parameters": True,  # errors are logged; they may be personal data
        "pool_size": pool_size,
        "max_overflow": 0,
    }
    if sqlite:
        options["connect_args"] = {
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "isolation_level": None,  # the driver begins no transaction by itself; we execute BEGIN
        }
    else:
        # If psycopg prepared a statement by itself, a ROLLBACK, with which a reader ends, would
        # drop all prepared statements of the connection, hot ones too.
        options["connect_args"] = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "prepare_threshold": None,
            "tcp_user_timeout": _GONE_AFTER_S * 1000,
            **_KEEPALIVES,
        }
    engine = create_engine(url, **options)
    keep_wires(engine)
    if sqlite:

        @event.listens_for(engine, "connect")
        def _set_up(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            # Deleted data is overwritten in free space; Debian's SQLite does so by default.
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA cache_size=-65536")
            connection.execute(f"PRAGMA analysis_limit={ANALYZED_ROWS}")
            if read_only:
                connection.execute("PRAGMA query_only=ON")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    else:

        @event.listens_for(engine, "connect")
        def _watch(connection: Any, _record: Any) -> None:
            connection.execute(_WATCHED)
            if not read_only:
                connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
                for name, value in WRITERS_PLANS.items():
                    connection.execute(f"SET {name} = {value}")
            connection.commit()

        if read_only:
            engine = engine.execution_options(postgresql_readonly=True)

    return quick(engine)
