"""The table of the county: one row, or none as long as only the settings name it."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from farmlive.store import Json, metadata

county = Table(
    "county",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Json, nullable=False),
    Column("contact", String(200), nullable=False),
    Column("phone", String(40), nullable=False),
    Column("colour", String(20), nullable=False),
    # URL path of its picture; empty: farmlive's own mark.
    Column("mark", String(100), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
