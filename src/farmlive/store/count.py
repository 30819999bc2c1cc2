"""Counting the rows of a small query as a part of a larger one.

PostgreSQL takes longer to set an aggregate up than to look into an index and find nothing; an array
of rows it has for a third of that.
"""

from typing import Any

from sqlalchemy import Integer, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class count_of(FunctionElement[int]):  # noqa: N801
    """How many rows a query gives, which has one column and a bound of few."""

    type = Integer()
    inherit_cache = True

    def __init__(self, rows: Select[Any]):
        super().__init__(rows.scalar_subquery())


@compiles(count_of)
def _aggregated(element: count_of, compiler: Any, **how: Any) -> str:
    rows = compiler.process(element.clauses, **how)
    return f"(SELECT count(*) FROM {rows})"  # noqa: S608 (of statements of ours)


@compiles(count_of, "postgresql")
def _gathered(element: count_of, compiler: Any, **how: Any) -> str:
    return f"cardinality(ARRAY{compiler.process(element.clauses, **how)})"
