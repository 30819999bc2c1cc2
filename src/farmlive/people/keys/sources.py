"""Sources: the cameras of a broadcast. One device's own camera is one source however often it
comes back; an encoder such as OBS is a source of its own, and so is a guest.

Functions for the store's doors. Whether a source is on air is for media to know.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from farmlive.clock import now_ms
from farmlive.ids import is_ulid, ulid
from farmlive.people.core import tables
from farmlive.people.core.sessions import hashed
from farmlive.people.keys.models import Purpose
from farmlive.problems import UnknownSource

BroadcastState = Callable[[Connection, str], str]
"""The state of a broadcast, `scheduled|live|ended`; raises NotFound for an unknown one."""


@dataclass(frozen=True)
class Source:
    """One camera of one broadcast; `device` is a pseudonym, `created_at` in ms since 1970.

    A guest's has that of the device which last got a key, another one than elsewhere. `key` is the
    stream key by which it was found, if it was.
    """

    id: str
    broadcast: str
    label: str
    device: str | None
    created_at: int
    guest: bool = False
    key: str = ""

    @property
    def purpose(self) -> Purpose:
        """`studio` for a device's own camera, `guest` for a guest's, else `encoder`."""
        if self.guest:
            return "guest"
        return "encoder" if self.device is None else "studio"


def of_device(conn: Connection, broadcast: str, device: str, label: str | None) -> Source:
    """The device's own camera in the broadcast, made where it is new."""
    row = conn.execute(
        select(tables.sources).where(
            tables.sources.c.broadcast == broadcast, tables.sources.c.device == device
        )
    ).one_or_none()
    return Source(**row._mapping) if row else add(conn, broadcast, label, device)


def add(
    conn: Connection,
    broadcast: str,
    label: str | None,
    device: str | None = None,
    *,
    guest: bool = False,
) -> Source:
    """Write a new source. Without a label it is called by its number, `Camera 2`."""
    if label is None:
        before = select(func.count()).where(
            tables.sources.c.broadcast == broadcast, tables.sources.c.guest.is_(False)
        )
        label = f"Camera {conn.execute(before).scalar_one() + 1}"
    source = Source(ulid(), broadcast, label, device, now_ms(), guest)
    conn.execute(
        tables.sources.insert().values(
            id=source.id,
            broadcast=broadcast,
            label=label,
            device=device,
            created_at=source.created_at,
            guest=guest,
        )
    )
    return source


def move(conn: Connection, source: str, device: str) -> None:
    """The guest's source is this device's now.

    It is kept by a hash with the source, so that the host's own browser, which may open a guest's
    link as well, still has its own camera by `of_device`.
    """
    conn.execute(
        update(tables.sources)
        .where(tables.sources.c.id == source, tables.sources.c.guest)
        .values(device=hashed(f"{source} {device}")[:32])
    )


def known(conn: Connection, broadcast: str, source: str) -> Source:
    """The source with that identifier. Raises UnknownSource where it is another broadcast's."""
    if is_ulid(source):
        query = select(tables.sources).where(
            tables.sources.c.broadcast == broadcast, tables.sources.c.id == source
        )
        row = conn.execute(query).one_or_none()
        if row:
            return Source(**row._mapping)
    raise UnknownSource("Nothing was done: the broadcast has no source with that identifier.")


def every(conn: Connection, broadcast: str) -> list[Source]:
    """The broadcast's sources, oldest first."""
    rows = conn.execute(
        select(tables.sources)
        .where(tables.sources.c.broadcast == broadcast)
        .order_by(tables.sources.c.id)
    )
    return [Source(**row._mapping) for row in rows]
