"""Owners of API keys, stream keys, invitations and guests' links; a key's expiry and last use."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None
# Older code makes keys without an owner, which are listed so, and ends none with an account; newer
# code lets in no key whose owner is disabled.
oldest_code = "0027"

_TABLES = ("api_keys", "stream_keys", "invitations", "guests")
_MADE = {"stream_key.add": "stream_keys", "invitation.add": "invitations", "guest.add": "guests"}


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, sa.String) for column in columns))


def upgrade() -> None:
    """Add the columns, and give stream keys, invitations and guests' links the owners that the
    audit list tells. API keys get theirs from a coordinator: a program is not to end by an upgrade,
    nor with whoever happened to make its key.
    """
    for name in _TABLES:
        op.add_column(name, sa.Column("owner", sa.String(26), nullable=True))
    for name in ("api_keys", "stream_keys"):
        op.add_column(name, sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.add_column("stream_keys", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    connection = op.get_bind()
    audit = _table("audit", "account", "action", "subject")
    accounts = sa.table("accounts", sa.column("id", sa.String), sa.column("disabled_at"))
    made = connection.execute(
        sa.select(audit.c.action, audit.c.subject, audit.c.account)
        .join(accounts, accounts.c.id == audit.c.account)
        .where(audit.c.action.in_(list(_MADE)), accounts.c.disabled_at.is_(None))
    ).all()
    for action, name in _MADE.items():
        _own(
            connection,
            name,
            "id",
            ((row.subject, row.account) for row in made if row.action == action),
        )
    guests = _table("guests", "source", "owner")
    owned = connection.execute(
        sa.select(guests.c.source, guests.c.owner).where(guests.c.owner.is_not(None))
    ).all()
    _own(connection, "stream_keys", "source", ((row.source, row.owner) for row in owned))


def _own(connection: sa.Connection, name: str, by: str, owners: Iterable[tuple[str, str]]) -> None:
    table = _table(name, by, "owner")
    values = [{"of": of, "to": to} for of, to in owners]
    if values:
        connection.execute(
            sa.update(table)
            .where(table.c[by] == sa.bindparam("of"))
            .values(owner=sa.bindparam("to")),
            values,
        )
