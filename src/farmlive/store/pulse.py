"""A heartbeat row, with which an idle server checks that the database accepts writes."""

import os

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    bindparam,
    insert,
    update,
)

from farmlive.clock import now_ms
from farmlive.store.tables import metadata

# Bytes that a check writes after a full disk: more than the free space in allocated pages.
ROOM = 64 * 1024

pulse = Table(
    "pulse",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("filler", LargeBinary, nullable=True),
)

_BEAT = update(pulse).where(pulse.c.id == 1).values(at=bindparam("now"), filler=bindparam("room"))


def beat(connection: Connection, room: int) -> None:
    """Update the row, with `room` incompressible bytes."""
    values = {"now": now_ms(), "room": os.urandom(room) or None}
    if connection.execute(_BEAT, values).rowcount == 0:
        connection.execute(insert(pulse), {"id": 1, "at": values["now"], "filler": values["room"]})
