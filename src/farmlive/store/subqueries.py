"""A few rows of a small query as a part of a larger one: how many there are, or a list of them.

PostgreSQL takes longer to set an aggregate up than to look into an index and find nothing; an array
of rows it has for less.
"""

from typing import Any

from sqlalchemy import Integer, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from farmlive.store.tables import Json


class count_of(FunctionElement[int]):  # noqa: N801
    """How many rows a query gives, which has one column and a bound of few."""

    type = Integer()
    inherit_cache = True

    def __init__(self, rows: Select[Any]):
        super().__init__(rows.scalar_subquery())


class list_of(FunctionElement[Any]):  # noqa: N801
    """The numbers that a query gives in its one column, which has a bound of few; None of none."""

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
