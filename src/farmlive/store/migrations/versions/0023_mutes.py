"""Mutes with an end, by device and by address block with the nickname's likeness."""

import sqlalchemy as sa
from alembic import op

from farmlive.ids import ulid

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
# Earlier code would mute nobody: its table is gone.
oldest_code = "0023"

old = sa.table("mutes", *map(sa.column, ("broadcast", "device", "at", "by")))


def upgrade() -> None:
    """Rebuild the table; existing mutes hold for their broadcast, by device alone."""
    connection = op.get_bind()
    kept = connection.execute(sa.select(old)).all()
    op.drop_table("mutes")
    made = op.create_table(
        "mutes",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("block", sa.String(32), nullable=True),
        sa.Column("likeness", sa.String(32), nullable=True),
        sa.Column("nickname", sa.String(64), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(26), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mutes")),
    )
    op.create_index("ix_mutes_device", "mutes", ["device"])
    op.create_index("ix_mutes_block_likeness", "mutes", ["block", "likeness"])
    for row in kept:
        connection.execute(
            sa.insert(made),
            {
                "id": ulid(),
                "broadcast": row.broadcast,
                "everywhere": False,
                "device": row.device,
                "nickname": "",
                "message": 0,
                "at": row.at,
                "by": row.by,
            },
        )
    op.create_table(
        "chat_traces",
        sa.Column("broadcast", sa.String(26), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("block", sa.String(32), nullable=True),
        sa.Column("likeness", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("broadcast", "seq", name=op.f("pk_chat_traces")),
    )
    op.create_index("ix_chat_traces_at", "chat_traces", ["at"])
