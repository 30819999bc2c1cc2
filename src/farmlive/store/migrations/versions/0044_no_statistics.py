"""No statistics of what is a person's: PostgreSQL keeps values there when their rows are gone."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None
# Older code finds the same by the same indexes.
oldest_code = "0043"

_COLUMNS = {
    "orders": {
        "buyer_name": "varchar(60)",
        "buyer_phone": "varchar(20)",
        "buyer_email": "varchar(254)",
        "address": "text",
        "region": "varchar(6)",
    },
    "order_changes": {"reason": "text"},
    "order_keys": {"answer": "jsonb"},
    "claims": {"text": "text", "answer": "text", "photos": "jsonb"},
    "notices": {"person": "varchar(254)", "recipient": "varchar(254)"},
}


def upgrade() -> None:
    """Have none gathered, and drop those that there are.

    Of what may be done without being a superuser only a column's type drops them. The type stays
    what it is, so that no row is written anew; two indexes of `notices` that are of some rows are.
    """
    if op.get_context().dialect.name == "sqlite":  # which keeps counts alone
        return
    for table, columns in _COLUMNS.items():
        steps = [
            step
            for name, kind in columns.items()
            for step in (
                f'ALTER COLUMN "{name}" TYPE {kind}',
                f'ALTER COLUMN "{name}" SET STATISTICS 0',
            )
        ]
        op.execute(f'ALTER TABLE "{table}" {", ".join(steps)}')
