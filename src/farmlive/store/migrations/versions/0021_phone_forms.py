"""Phone numbers in one form: those that were kept as they were typed, with the pseudonyms that
orders, the log and blocks know their buyers by.

Here and not at a start of the server: the key of the pseudonyms is kept in the database, so that
all of it is one transaction, which every server waits for that would write with the new form.
Chinese mobile numbers keep the form that they had, and nothing of theirs changes.
"""

import hashlib
import hmac
import os
from typing import Any

import sqlalchemy as sa
from alembic import op

from farmlive import phones
from farmlive.store.tables import Json

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
# Earlier code would go on keeping numbers as they are typed.
oldest_code = "0021"

_AT_ONCE = 500
_orders = sa.table(
    "orders",
    sa.column("id", sa.String),
    sa.column("broadcast", sa.String),
    sa.column("buyer", sa.String),
    sa.column("buyer_phone", sa.String),
)
_events = sa.table(
    "events",
    sa.column("broadcast", sa.String),
    sa.column("seq", sa.BigInteger),
    sa.column("kind", sa.String),
    sa.column("data", Json),
)
_blocks = sa.table("blocks", sa.column("kind", sa.String), sa.column("mark", sa.String))
_notices = sa.table(
    "notices",
    sa.column("order", sa.String),
    sa.column("person", sa.String),
    sa.column("recipient", sa.String),
)
_secrets = sa.table("secrets", sa.column("name", sa.String), sa.column("value", sa.String))


def upgrade() -> None:
    """Rewrite what is in another form; without a key nobody has ordered."""
    connection = op.get_bind()
    key = connection.execute(
        sa.select(_secrets.c.value).where(_secrets.c.name == "pseudonyms")
    ).scalar()
    if key is None:
        return
    # The same as settings.phone_country, which a migration can't read.
    country = os.environ.get("FARMLIVE_PHONE_COUNTRY", "CN")
    forms = _forms(connection, country)
    marks = {_mark(key, old): _mark(key, new) for old, new in forms.items()}
    _rewrite_log(connection, marks)
    for old, new in forms.items():
        _rewrite(connection, old, new, _mark(key, old), _mark(key, new))


def _forms(connection: sa.Connection, country: str) -> dict[str, str]:
    """The forms that are kept and are not the one form, each with that."""
    kept = sa.select(_orders.c.buyer_phone).distinct()
    if country == "CN":
        kept = kept.where(_orders.c.buyer_phone.not_like("1__________"))
    found = {}
    for number in connection.execute(kept).scalars():
        try:
            written = phones.written(number, country)
        except ValueError:  # no number, as tests and tools may write one
            continue
        if written != number:
            found[number] = written
    return found


def _mark(key: str, number: str) -> str:
    """Return the pseudonym as people.Pseudonyms does."""
    digest = hmac.new(bytes.fromhex(key), f"buyer {number}".encode(), hashlib.sha256)
    return digest.hexdigest()[:32]


def _rewrite_log(connection: sa.Connection, marks: dict[str, str]) -> None:
    """Rewrite the buyers of `order.placed` in the broadcasts in which they ordered."""
    broadcasts: set[str] = set()
    known = list(marks)
    for first in range(0, len(known), _AT_ONCE):
        some = _orders.c.buyer.in_(known[first : first + _AT_ONCE])
        broadcasts |= set(
            connection.execute(sa.select(_orders.c.broadcast).where(some).distinct()).scalars()
        )
    for broadcast in sorted(broadcasts):
        placed = sa.select(_events.c.seq, _events.c.data).where(
            _events.c.broadcast == broadcast, _events.c.kind == "order.placed"
        )
        for seq, data in connection.execute(placed).all():
            if (new := marks.get(data.get("buyer"))) is not None:
                connection.execute(
                    sa.update(_events)
                    .where(_events.c.broadcast == broadcast, _events.c.seq == seq)
                    .values(data={**data, "buyer": new})
                )


def _rewrite(connection: sa.Connection, old: str, new: str, old_mark: str, new_mark: str) -> None:
    """Rewrite one number's orders, what they tell its owner, and its block."""
    own = sa.select(_orders.c.id).where(_orders.c.buyer == old_mark)
    orders: list[Any] = list(connection.execute(own).scalars())
    for first in range(0, len(orders), _AT_ONCE):
        some = orders[first : first + _AT_ONCE]
        connection.execute(
            sa.update(_notices)
            .where(_notices.c.order.in_(some), _notices.c.person == old)
            .values(person=new, recipient=new)
        )
    connection.execute(
        sa.update(_orders)
        .where(_orders.c.buyer == old_mark)
        .values(buyer=new_mark, buyer_phone=new)
    )
    is_phone = _blocks.c.kind == "phone"
    blocked = sa.select(_blocks.c.mark).where(is_phone, _blocks.c.mark == new_mark)
    if connection.execute(blocked).first() is None:
        connection.execute(
            sa.update(_blocks).where(is_phone, _blocks.c.mark == old_mark).values(mark=new_mark)
        )
