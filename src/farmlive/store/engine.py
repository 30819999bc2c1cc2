"""Connections to SQLite or PostgreSQL, set up so that a commit is durable. What is done with them
is the doors' part.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from farmlive import compact_json
from farmlive.store.connection import quick
from farmlive.store.deadlines import REQUEST_S, keep_wires

# Nobody waits longer for another server's turn, or for what someone has locked: less than for a
# statement, so that it is known which of the two it was.
BUSY_TIMEOUT_MS = 8_000
# For each of up to two addresses of a host.
CONNECT_TIMEOUT_S = 5
READERS = 4
# So many rows of each index are looked at by SQLite's ANALYZE, which holds the writer meanwhile.
ANALYZED_ROWS = 400
# Nobody waits longer for an ANALYZE, nor it for anybody.
ANALYZE_TIMEOUT_MS = 500
# Nor for what empties SQLite's WAL.
SCRUB_TIMEOUT_MS = 500
# SQLite's file in the data folder.
FILE = "farmlive.sqlite3"

# When PostgreSQL's machine counts as gone, and ours for it: what was sent is not acknowledged for
# so long, or nothing is heard for as long. The system's own times are a quarter of an hour and two.
_GONE_AFTER_S = 15
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2}
# What a connection sets at PostgreSQL's end.
_WATCHED = "; ".join(
    f"SET {name} = {value}"
    for name, value in (
        *((f"tcp_{name}", value) for name, value in _KEEPALIVES.items()),
        ("tcp_user_timeout", _GONE_AFTER_S * 1000),
        ("statement_timeout", round(REQUEST_S * 1000)),
    )
)


# Its statements are made for its indexes, and the same whatever the values: to plan one for each
# takes PostgreSQL longer than to execute it. A plan is kept while tables grow, so that none may
# scan one that is small now; nor is any to be compiled, as what has to scan would be for its cost.
WRITERS_PLANS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}


class DatabaseRefused(Exception):
    """The database can't be used as it is set up; the message says which setting to change."""


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
    """The SQLAlchemy address of the database: `FARMLIVE_DATABASE_URL`, or SQLite in the folder."""
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
    """An engine for the one writer: on SQLite every transaction is BEGIN IMMEDIATE."""
    return _engine(url, begin="BEGIN IMMEDIATE", pool_size=1)


def reader_engine(url: str) -> Engine:
    """An engine for the readers, which may not write."""
    return _engine(url, begin="BEGIN", pool_size=READERS, read_only=True)


def analyze_apart(url: str, table: str) -> None:
    """Let PostgreSQL analyze a table, on a connection of its own. Who does so already, another
    server or the autovacuum, is left to it.
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
    """Take what was overwritten and deleted out of SQLite's WAL, or PostgreSQL's tables and their
    indexes, on a connection of its own; whether it was done. Who reads meanwhile may keep it from
    that on SQLite; nobody who writes waits longer than for a checkpoint.
    """
    engine = _engine(url, begin="BEGIN", pool_size=1)
    try:
        if engine.dialect.name == "sqlite":
            raw = engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute(f"PRAGMA busy_timeout = {SCRUB_TIMEOUT_MS}")
                busy, left, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error:  # the disk is full, or the like, which the store says
                return False
            finally:
                raw.close()
            return not busy and left == 0
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            for table in tables:
                # Where few rows are dead it would else leave the indexes as they are, and the
                # statistics until many more have changed.
                connection.exec_driver_sql(f'VACUUM (INDEX_CLEANUP ON, ANALYZE) "{table}"')
        return True
    finally:
        engine.dispose()


def drop_cache(connection: Connection) -> None:
    """Give back what SQLite keeps of what this connection read, up to 64 MiB: after a read from end
    to end, of which nothing is soon needed again.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA shrink_memory")


def check_durable(connection: Connection) -> None:
    """Refuse a database that would acknowledge what it can lose.

    Raises DatabaseRefused where PostgreSQL's `fsync` or `synchronous_commit` is off, or SQLite's
    journal is not WAL with `synchronous=FULL`.
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
        "hide_parameters": True,  # an error is logged, and they may be a buyer's name and phone
        "pool_size": pool_size,
        "max_overflow": 0,
    }
    if sqlite:
        options["connect_args"] = {
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "isolation_level": None,  # the driver begins nothing by itself; we say BEGIN
        }
    else:
        # At a ROLLBACK, with which a reader ends, psycopg forgets all that is prepared on the
        # connection, hot statements too, if it prepared one by itself.
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
            # Nothing stays in free space; Debian's SQLite does so unasked.
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
