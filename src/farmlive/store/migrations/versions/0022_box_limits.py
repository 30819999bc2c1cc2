"""What limits how much one visitor takes: the boxes of an address, and what devices without a past
order hold of an offer, and took lately.

What is held already counts as held by devices that are known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
# Holds that earlier code makes meanwhile count as those of known devices.
oldest_code = "0021"


def upgrade() -> None:
    """More columns of offers, flash batches, lots, holds, waits and lines. The indexes of long
    tables are the next revisions': nobody is to wait for offers meanwhile.
    """

    def count(table: str, name: str) -> None:
        column = sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        op.add_column(table, column)

    count("lot_stock", "held_new_g")
    count("flashes", "held_new")
    for name in ("held_new", "rush_at", "rush_boxes", "rush_before"):
        count("offers", name)
    for name in ("proof_from", "proof_until"):
        op.add_column("offers", sa.Column(name, sa.BigInteger))
    op.add_column("holds", sa.Column("boxes", sa.Integer, nullable=False, server_default="0"))
    for table, name in (("holds", "is_new"), ("waits", "is_new"), ("waits", "is_limited")):
        mark = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(table, mark)
    for table in ("holds", "waits", "order_lines"):
        op.add_column(table, sa.Column("source", sa.String(32)))

    held = sa.text("source IS NOT NULL")
    columns = ["source", "boxes"]
    op.create_index("ix_holds_source", "holds", columns, postgresql_where=held, sqlite_where=held)
