"""The planner's statistics: tables that it knows nothing of, or that have outgrown what it knows,
are analyzed, at a start and then as they grow. PostgreSQL's autovacuum comes within minutes, in
which a rush has one plan for each hot statement; SQLite analyzes nothing by itself.

PRAGMA optimize would know only what its own connection asked, and hold the writer for all tables
together; what it goes by, rows that are many times those that were analyzed, is gone by here.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, func, literal_column, select, text

from farmlive.periodic import Periodic
from farmlive.store.store import Store
from farmlive.store.tables import metadata

EVERY_S = 5.0
# Of a smaller table any plan is good, and what was planned for it is bad once it has grown.
SMALL = 1_000
# A table is analyzed again once it has so many times the rows.
GROWN = 4

# Rows that nobody counted, as after a crash, are taken to be of 200 bytes.
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
    """A table, about how many rows it has, and had when it was analyzed; 0 where it never was."""

    name: str
    rows: int
    analyzed: int

    @property
    def enough(self) -> int:
        """With how many rows it is to be analyzed."""
        return max(SMALL, GROWN * self.analyzed)


class Statistics(Periodic):
    """Looks every few seconds which tables have outgrown what the planner knows of them, and has
    each of them analyzed.
    """

    def __init__(self, store: Store):
        failed = "the planner's statistics of tables were not brought up to date"
        super().__init__(EVERY_S, self.look, failed, at_once=True)
        self._store = store
        # What this server had analyzed of SQLite, which only estimates how many rows there are.
        self._analyzed: dict[str, int] = {}

    async def look(self) -> None:
        """Look now."""
        errors = []
        for table, rows in (await self._store.read(self._outgrown)).items():
            try:
                await self._store.analyze(table)
            except Exception as error:  # the others are no worse for it
                errors.append(error)
            else:
                self._analyzed[table] = rows
        if errors:
            raise errors[0]

    def _outgrown(self, connection: Connection) -> Mapping[str, int]:
        """The tables that are to be analyzed, with the rows that they have at least."""
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
    """Tables with the highest number of a row, which is at least how many there are."""
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
    """Ask for the highest number of a row in each table; to make the statement takes far longer
    than SQLite does to answer it.
    """
    each = (f"SELECT '{name}', max(rowid) FROM {name}" for name in sorted(names))  # noqa: S608 (tables of ours)
    return text(" UNION ALL ".join(each))


def _has(connection: Connection, table: str, rows: int) -> bool:
    """Whether a table has so many rows."""
    some = select(literal_column("1")).select_from(metadata.tables[table]).limit(rows).subquery()
    return bool(connection.execute(select(func.count()).select_from(some)).scalar_one() == rows)
