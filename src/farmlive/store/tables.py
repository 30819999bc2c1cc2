"""Definitions that every room's tables share: the metadata, the JSON column type, and partial
indexes.
"""

from sqlalchemy import JSON, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB

# Constraints have fixed names so that a migration can name them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def index_of_some(name: str, *columns: str, those: str) -> Index:
    """Return a partial index of the rows that match `those`: most rows don't, and cost nothing."""
    return Index(name, *columns, postgresql_where=text(those), sqlite_where=text(those))
