"""What every room's tables share: the metadata they are defined on, the JSON column type, and
indexes of some rows.
"""

from sqlalchemy import JSON, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB

# Names of constraints are fixed so that a migration can name them on both databases.
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
    """Return an index of those rows alone: most are not among them, and cost nothing."""
    return Index(name, *columns, postgresql_where=text(those), sqlite_where=text(those))
