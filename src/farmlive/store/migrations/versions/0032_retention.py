"""Retention: orders say with which key they came, whether their person is gone and when to look at
them again; sums are kept with broadcasts.
"""

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None
# Older code would answer a key whose answer is gone with nothing, but its orders are of today.
oldest_code = "0027"

_AT_ONCE = 500
_orders = sa.table(
    "orders",
    *(sa.column(name, sa.String) for name in ("id", "broadcast", "key")),
)
_keys = sa.table(
    "order_keys",
    sa.column("broadcast", sa.String),
    sa.column("key", sa.String),
    sa.column("answer", Json),
)


def upgrade() -> None:
    """Add columns and tables, and let each order know its key."""
    op.add_column("orders", sa.Column("key", sa.String(64)))
    op.add_column("orders", sa.Column("person_gone_at", sa.BigInteger))
    op.add_column("orders", sa.Column("person_check_at", sa.BigInteger))
    those = sa.text("person_check_at IS NOT NULL")
    op.create_index(
        "ix_orders_person_check",
        "orders",
        ["person_check_at", "id"],
        postgresql_where=those,
        sqlite_where=those,
    )
    op.create_table(
        "retention_marks",
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("upto", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_retention_marks"),
    )
    op.create_table(
        "broadcast_sums",
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("audience", Json),
        sa.Column("taps", Json),
        sa.Column("sales", Json),
        sa.PrimaryKeyConstraint("broadcast", name="pk_broadcast_sums"),
        sa.ForeignKeyConstraint(
            ["broadcast"], ["broadcasts.id"], name="fk_broadcast_sums_broadcast_broadcasts"
        ),
    )
    connection = op.get_bind()
    after = ("", "")
    while True:
        page = connection.execute(
            sa.select(_keys)
            .where(sa.tuple_(_keys.c.broadcast, _keys.c.key) > sa.tuple_(*after))
            .order_by(_keys.c.broadcast, _keys.c.key)
            .limit(_AT_ONCE)
        ).all()
        if not page:
            return
        # Of an order alone the answer says how its page is opened; holds and refunds have keys too.
        placed = [
            {"of": row.answer["order"], "with_key": row.key}
            for row in page
            if "order" in row.answer and "token" in row.answer
        ]
        if placed:
            connection.execute(
                sa.update(_orders)
                .where(_orders.c.id == sa.bindparam("of"))
                .values(key=sa.bindparam("with_key")),
                placed,
            )
        after = (page[-1].broadcast, page[-1].key)
