"""Removes sign-in names from public chat messages."""

import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

from farmlive.store.tables import Json

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
oldest_code = "0017"

accounts = sa.table("accounts", sa.column("name"))
events = sa.table("events", *map(sa.column, ("broadcast", "seq", "kind")), sa.column("data", Json))
# Events read at a time: a log may have millions.
BATCH = 5_000


def upgrade() -> None:
    """Blank sign-in names in nicknames; messages keep `seq`, text and role."""
    connection = op.get_bind()
    names = set(connection.execute(sa.select(accounts.c.name)).scalars())
    if not names:
        return
    for broadcast in connection.execute(sa.select(sa.table("broadcasts", sa.column("id")))).all():
        _redact(connection, broadcast.id, names)


def _redact(connection: sa.Connection, broadcast: str, names: set[str]) -> None:
    last = 0
    while True:
        query = (
            sa.select(events.c.seq, events.c.data)
            .where(
                events.c.broadcast == broadcast,
                events.c.kind == "chat.said",
                events.c.seq > last,
            )
            .order_by(events.c.seq)
            .limit(BATCH)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].seq
        for row in rows:
            if _written(row.data.get("nickname")) in names:
                connection.execute(
                    sa.update(events)
                    .where(events.c.broadcast == broadcast, events.c.seq == row.seq)
                    .values(data={**row.data, "nickname": ""})
                )


def _written(nickname: Any) -> str:
    """Normalize a name as accounts.py does."""
    return unicodedata.normalize("NFKC", str(nickname or "")).strip().casefold()
