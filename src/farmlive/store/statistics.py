"""The planner's statistics: tables without them, or that have outgrown them, are analyzed.

That happens at the start and as tables grow. PostgreSQL's autovacuum comes only after minutes, in
which a rush has one plan for each hot statement; SQLite analyzes nothing by itself. PRAGMA optimize
knows only the queries of its own connection and blocks the writer for all tables together; its
criterion, many times more rows than at the last analysis, is used here.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, func, literal_column, select, text

from farmlive.periodic import Periodic
from farmlive.store.store import Store
from farmlive.store.tables import metadata

EVERY_S = 5.0
# For a smaller table any plan is fast, and a plan made for it is bad once it has grown.
SMALL = 1_000
# A table is analyzed again once it has this many times the rows.
GROWN = 4

# Without a count, as after a crash, rows are assumed to have 200 bytes.
_OF_POSTGRESQL = text("""
    SELECT relname, reltuples, known,
        greatest(pg_stat_get_live_tuples(oid), CASE WHEN reltuples < 0 THEN size / 200 END)
    FROM (
        SELECT oid, relname, reltuples, pg_relation_size(oid) AS size, EXISTS (
            SELECT FROM pg_stats WHERE schemaname = current_schema() AND tablename = relname
        ) AS known
        FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
        AND pg_has_role(relowner, 'USAGE')
    ) AS tables
""")


class Table(NamedTuple):
    """A table, its estimated number of rows, and that at its last analysis; 0 if there was none."""

    name: str
    rows: int
    analyzed: int

    @property
    def enough(self) -> int:
        """The number of rows from which it should be analyzed."""
        return max(SMALL, GROWN * self.analyzed)


class Statistics(Periodic):
    """Checks every few seconds which tables have outgrown the planner's statistics, and analyzes
    them.
    """

    def __init__(self, store: Store):
        failed = "the planner's statistics of tables were not brought up to date"
        super().__init__(EVERY_S, self.look, failed, at_once=True)
        self._store = store
        # SQLite only estimates row counts: those at this server's last analyses.
        self._analyzed: dict[str, int] = {}

    async def look(self) -> None:
        """Check now."""
        errors = []
        for table, rows in (await self._store.read(self._outgrown)).items():
            try:
                await self._store.analyze(table)
            except Exception as error:  # the other tables can still be analyzed
                errors.append(error)
            else:
                self._analyzed[table] = rows
        if errors:
            raise errors[0]

    def _outgrown(self, connection: Connection) -> Mapping[str, int]:
        """Return the tables to analyze, with their minimum number of rows."""
        if connection.dialect.name == "postgresql":
            tables = _of_postgresql(connection)
            return {each.name: each.rows for each in tables if each.rows >= each.enough}
        found = {}
        for table in _of_sqlite(connection):
            analyzed = max(table.analyzed, self._analyzed.get(table.name, 0))
            enough = table._replace(analyzed=analyzed).enough
            if table.rows >= enough and _has(connection, table.name, enough):
                found[table.name] = enough
        return found


def _of_postgresql(connection: Connection) -> Iterator[Table]:
    for name, analyzed, known, rows in connection.execute(_OF_POSTGRESQL):
        if name in metadata.tables:
            yield Table(name, rows, int(analyzed) if known else 0)


def _of_sqlite(connection: Connection) -> Iterator[Table]:
    """Yield tables with their highest rowid, which is at least the number of rows."""
    there = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {name for (name,) in there}
    analyzed: dict[str, int] = {}
    if "sqlite_stat1" in names:
        # A partial index has fewer rows than its table.
        for name, stat in connection.exec_driver_sql("SELECT tbl, stat FROM sqlite_stat1"):
            analyzed[name] = max(analyzed.get(name, 0), int(stat.split()[0]))
    for name, rows in connection.execute(_highest(frozenset(names & set(metadata.tables)))):
        yield Table(name, rows or 0, analyzed.get(name, 0))


@lru_cache(maxsize=1)
def _highest(names: frozenset[str]) -> TextClause:
    """Return the query of each table's highest rowid; building it takes far longer than SQLite's
    execution.
    """
    each = (f"SELECT '{name}', max(rowid) FROM {name}" for name in sorted(names))  # noqa: S608 (tables of ours)
    return text(" UNION ALL ".join(each))


def _has(connection: Connection, table: str, rows: int) -> bool:
    """Return whether a table has this many rows."""
    some = select(literal_column("1")).select_from(metadata.tables[table]).limit(rows).subquery()
    return bool(connection.execute(select(func.count()).select_from(some)).scalar_one() == rows)
