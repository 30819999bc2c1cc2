"""Rows of former revisions, on both databases."""

import pytest
from sqlalchemy import Connection, text

# A database without tables, which a test brings to the revision that it is about.
on_both_databases = pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql without tables", marks=pytest.mark.postgresql)],
    indirect=True,
)


def put(connection: Connection, table: str, **row: object) -> None:
    """Insert a row into a table whose columns are those of its revision, not those of today."""
    columns = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)
