"""Who made accounts, keys and links, so that what somebody knows or let in is shown when that one
is shut out; and how often an account was given more time for a second factor.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None
# Older code makes accounts and keys of which nobody is named as the maker.
oldest_code = "0046"

# By which entry of the audit list a row is known to have been made.
_MADE = {
    "accounts": "account.add",
    "api_keys": "key.add",
    "stream_keys": "stream_key.add",
    "guests": "guest.add",
    "invitations": "invitation.add",
}


def upgrade() -> None:
    """Add the columns. Credentials were made by whom the audit list names, else by their owners;
    accounts by whom it names, else by whoever made the invitation that they took up.
    """
    op.add_column(
        "accounts",
        sa.Column("factor_extensions", sa.Integer(), nullable=False, server_default="0"),
    )
    connection = op.get_bind()
    for name in _MADE:
        op.add_column(name, sa.Column("made_by", sa.String(26), nullable=True))
        if name != "accounts":
            table = _table(name, "owner", "made_by")
            op.execute(table.update().values(made_by=table.c.owner))
    audit = _table("audit", "action", "subject", "account")
    tables = {action: name for name, action in _MADE.items()}
    query = sa.select(audit.c.action, audit.c.subject, audit.c.account)
    known = audit.c.account.is_not(None) & audit.c.subject.is_not(None)
    found = connection.execute(query.where(audit.c.action.in_(tables), known)).all()
    for action, name in tables.items():
        of_kind = ((row.subject, row.account) for row in found if row.action == action)
        _make(connection, name, of_kind)
    invitations = _table("invitations", "account", "made_by")
    taken = sa.select(invitations).where(
        invitations.c.account.is_not(None), invitations.c.made_by.is_not(None)
    )
    _make(connection, "accounts", [(row.account, row.made_by) for row in connection.execute(taken)])


def _make(connection: sa.Connection, name: str, makers: Iterable[tuple[str, str]]) -> None:
    table = _table(name, "id", "made_by")
    values = [{"of": of, "by": by} for of, by in makers]
    if values:
        connection.execute(
            table.update()
            .where(table.c.id == sa.bindparam("of"))
            .values(made_by=sa.bindparam("by")),
            values,
        )


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))
