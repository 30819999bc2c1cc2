"""Subqueries of a few rows inside a larger query: their count, or a list of them.

PostgreSQL needs longer to set up an aggregate than to find nothing in an index; an ARRAY subquery
costs less.
"""

from typing import Any

from sqlalchemy import Integer, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from farmlive.store.tables import Json


class count_of(FunctionElement[int]):  # noqa: N801
    """The number of rows of a query that has one column and a small LIMIT."""

    type = Integer()
    inherit_cache = True

    def __init__(self, rows: Select[Any]):
        super().__init__(rows.scalar_subquery())


class list_of(FunctionElement[Any]):  # noqa: N801
    """The numbers in the one column of a query with a small LIMIT; None without rows."""

    type = Json
    inherit_cache = True

    def __init__(self, rows: Select[Any]):
        (self.column,) = rows.selected_columns.keys()
        super().__init__(rows.scalar_subquery())


@compiles(count_of)
def _counted(element: count_of, compiler: Any, **how: Any) -> str:
    rows = compiler.process(element.clauses, **how)
    return f"(SELECT count(*) FROM {rows})"  # noqa: S608 (of statements of ours)


@compiles(count_of, "postgresql")
def _cardinality(element: count_of, compiler: Any, **how: Any) -> str:
    return f"cardinality(ARRAY{compiler.process(element.clauses, **how)})"


@compiles(list_of)
def _json(element: list_of, compiler: Any, **how: Any) -> str:
    rows = compiler.process(element.clauses, **how)
    every = f"json_group_array({element.column})"
    return f"(SELECT nullif({every}, '[]') FROM {rows})"  # noqa: S608 (of statements of ours)


@compiles(list_of, "postgresql")
def _array(element: list_of, compiler: Any, **how: Any) -> str:
    return f"nullif(ARRAY{compiler.process(element.clauses, **how)}, '{{}}')"
