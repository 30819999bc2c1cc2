"""How a database would go about a statement: what it walks through from end to end, and whether it
puts rows in order. The one place that reads what EXPLAIN says.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Executable, Insert, Select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON

from farmlive.store import metadata
from farmlive.store.engine import WRITERS_PLANS
from farmlive.store.fast.compiled import Hot

# Read as a whole wherever they are read, and why that is little.
SMALL = {
    "accounts": "a row for each of the team; read once in a few seconds",
    "alembic_version": "a row",
    "schema_compatibility": "a row",
    "key_fingerprint": "one row",
    "county": "a row; read at the start, where it was changed, and at an interval",
    "broadcasts": "one of some hundred bytes an evening; the list has 200 at most",
    "centres": "staff's; a county has some dozen",
    "parcel_fees": "staff's; one table of a few hundred rows",
    "fees": "staff's; one table of a few hundred rows",
    "blocks": "staff's; read once in five seconds",
    "pulse": "a row",
    "notice_counts": "whoever was erased or sent a code within a day; asked if there is any",
    "clock": "a row",
}
# Nodes of PostgreSQL's plans that give their first rows only after their last one came in.
_WHOLE = {"Sort", "Aggregate", "Hash", "WindowAgg", "SetOp", "Materialize", "Memoize"}
# What is given by a type in Python; where a statement does not say what it takes it counts.
_SAMPLES: dict[type, Any] = {str: "x", bool: True, bytes: b"x"}


@dataclass
class Plan:
    """The tables that are walked through, small ones aside, whether rows are put in order, and by
    which indexes rows are looked for.
    """

    walked: list[str]
    is_sorted: bool
    indexes: list[str]


@contextmanager
def without_rows(connection: Connection) -> Iterator[None]:
    """Let a reader plan as in a new database: what other tests left, rows that are deleted and
    statistics of them, must not matter. It is as before afterwards.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    names = ", ".join(f'"{table}"' for table in metadata.tables)
    connection.exec_driver_sql("SET TRANSACTION READ WRITE")
    connection.exec_driver_sql(f"TRUNCATE {names}")
    connection.exec_driver_sql("DELETE FROM pg_statistic WHERE starelid >= 16384")
    try:
        yield
    finally:
        connection.rollback()


def explain(
    connection: Connection, statement: str, parameters: Any = (), *, rows: bool = False
) -> Plan:
    """The plan of a text with its parameters, as the driver has both, where there are `rows` that
    the database knows of, or else with an index wherever there is one.
    """
    if connection.dialect.name == "sqlite":
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return _of_sqlite(statement, [str(step[3]) for step in steps])
    if not rows:  # of a table of three an index is never worth it
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    return _of_postgresql(found.scalar_one(), rows=rows)


def explain_select(connection: Connection, query: Select[Any]) -> Plan:
    """The plan of a query with its values in it, in a database with rows."""
    text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    return explain(connection, text.replace("%", "%%"), rows=True)


def explain_hot(
    connection: Connection, statement: Executable, *, scans: bool = False, listed: int = 2
) -> Plan | None:
    """The plan of a hot statement, whatever its values; None of one of the other database.

    As the writer has it, or where PostgreSQL `scans` if it thinks that cheaper. Lists have as many
    as are `listed`.
    """
    other = postgresql.Insert if connection.dialect.name == "sqlite" else sqlite.Insert
    if isinstance(statement, other):
        return None
    hot = Hot(statement, counted=False, own=False)
    values = _values(connection, statement, listed)
    plan = hot.plan(connection, values)
    if connection.dialect.name == "sqlite":
        return explain(connection, plan.text, tuple(plan.encoded(values)))
    # One plan, which can't know a value.
    for name, value in {**WRITERS_PLANS, **({"enable_seqscan": "on"} if scans else {})}.items():
        connection.exec_driver_sql(f"SET LOCAL {name} = {value}")
    driver = cast(Any, connection.connection.driver_connection)
    made = driver.pgconn.prepare(b"explained", plan.text.encode(), plan.kinds)
    assert made.status == ExecStatus.COMMAND_OK, made.error_message
    values_of = f"({', '.join(['NULL'] * len(plan.kinds))})" if plan.kinds else ""
    try:
        found = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) EXECUTE explained{values_of}"
        ).scalar_one()
    finally:
        driver.pgconn.exec_(b"DEALLOCATE explained")
    return _of_postgresql(found, rows=False)


def makes_tables(connection: Connection, statement: Executable) -> bool:
    """Whether SQLite makes a table for itself, such as of a list, each time it executes it."""
    plan = Hot(statement, counted=False, own=False).plan(
        connection, values := _values(connection, statement, 2)
    )
    steps = connection.exec_driver_sql(f"EXPLAIN {plan.text}", tuple(plan.encoded(values)))
    return any(step.opcode == "OpenEphemeral" for step in steps)


def _values(connection: Connection, statement: Executable, listed: int) -> dict[str, Any]:
    """Some values for what a hot statement is given, a list where it takes a list."""
    compiled = cast(Any, statement).compile(dialect=connection.dialect)
    found = {}
    for bind, name in compiled.bind_names.items():
        if bind.required or (isinstance(statement, Insert) and bind.value is None):
            is_json = isinstance(bind.type, JSON)
            sample = {} if is_json else _SAMPLES.get(bind.type.python_type, 1)
            found[name] = [sample] * listed if bind.expanding else sample
    return found


def _of_sqlite(statement: str, steps: Sequence[str]) -> Plan:
    is_sorted = any("USE TEMP B-TREE FOR ORDER BY" in step for step in steps)
    # In the order of an index the first few are all that is read; PostgreSQL's plan says whether
    # others are passed over meanwhile.
    is_bounded = "LIMIT" in statement.upper() and not is_sorted
    walked: list[str] = []
    for step in steps:
        found = re.match(r"SCAN (?!CONSTANT ROW)(\w+)( USING (COVERING )?INDEX)?", step)
        if found and not (found[2] and is_bounded):
            walked.append(found[1])
    # A query within another is scanned too, by its name, and has steps of its own.
    for step in steps:
        if (found := re.match(r"(?:CO-ROUTINE|MATERIALIZE) (\w+)", step)) and found[1] in walked:
            walked.remove(found[1])
    aliases = {alias: table for table, alias in re.findall(r'"?(\w+)"? AS "?(\w+)"?', statement)}
    tables = [aliases.get(each, each) for each in walked]
    searched = (re.search(r"INDEX (\w+)", step) for step in steps if "AUTOMATIC" not in step)
    return Plan(
        _of_some_size([each for each in tables if each in metadata.tables]),
        is_sorted,
        [found[1] for found in searched if found],
    )


def _of_postgresql(found: Any, *, rows: bool) -> Plan:
    (whole,) = json.loads(found) if isinstance(found, str) else found
    nodes = list(_nodes(whole["Plan"], None, is_limited=False))
    walked = [
        str(table) for node, table, is_limited in nodes if table and _walks(node, is_limited, rows)
    ]
    is_sorted = any("Sort" in node["Node Type"] for node, _, _ in nodes)
    indexes = [node["Index Name"] for node, _, _ in nodes if "Index Name" in node]
    return Plan(_of_some_size(walked), is_sorted, indexes)


def _nodes(
    node: dict[str, Any], table: str | None, *, is_limited: bool
) -> Iterator[tuple[dict[str, Any], str | None, bool]]:
    """Each node with its table, and whether only its first rows are wanted."""
    table = node.get("Relation Name", table)
    yield node, table, is_limited
    if node["Node Type"] == "Limit":
        is_limited = True
    elif node["Node Type"] in _WHOLE:
        is_limited = False
    for each in node.get("Plans", ()):
        yield from _nodes(each, table, is_limited=is_limited)


def _walks(node: dict[str, Any], is_limited: bool, rows: bool) -> bool:
    if node["Node Type"] not in (
        "Seq Scan",
        "Index Scan",
        "Index Only Scan",
        "Bitmap Index Scan",
    ):
        return False
    # Under a limit what a filter passes over is read, too: much or little, as who knows the rows
    # can tell.
    return "Index Cond" not in node and not (is_limited and (rows or "Filter" not in node))


def _of_some_size(tables: Sequence[str]) -> list[str]:
    """Those that grow."""
    return [each for each in tables if each not in SMALL]
