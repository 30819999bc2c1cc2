"""Sources: the cameras of a broadcast.

A device's own camera is one source however often it returns; an encoder such as OBS is a source of
its own, and so is a guest. Functions for the store; media knows whether a source is on air.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from farmlive.clock import now_ms
from farmlive.ids import is_ulid, ulid
from farmlive.people.core import tables
from farmlive.people.core.sessions import hash_secret
from farmlive.people.keys.models import Purpose
from farmlive.problems import UnknownSource

BroadcastState = Callable[[Connection, str], str]
"""The state of a broadcast, `scheduled|live|ended`; raises NotFound for an unknown one."""


@dataclass(frozen=True)
class Source:
    """One camera of one broadcast; `device` is a pseudonym, `created_at` in ms since 1970.

    A guest's `device` is the one that last got a key, under a pseudonym of this source alone. `key`
    is the stream key by which it was found, if any.
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
    """Return the device's own camera in the broadcast, created if it is new."""
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
    """Insert a source. Without a label it is named by its number, such as `Camera 2`."""
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


def assign_device(conn: Connection, source: str, device: str) -> None:
    """Assign the guest's source to this device.

    The stored value is a hash with the source, so that the host's own browser, which may open a
    guest link as well, keeps its own camera in `of_device`.
    """
    conn.execute(
        update(tables.sources)
        .where(tables.sources.c.id == source, tables.sources.c.guest)
        .values(device=hash_secret(f"{source} {device}")[:32])
    )


def require(conn: Connection, broadcast: str, source: str) -> Source:
    """Return the source with that id. Raises UnknownSource if it is another broadcast's."""
    if is_ulid(source):
        query = select(tables.sources).where(
            tables.sources.c.broadcast == broadcast, tables.sources.c.id == source
        )
        row = conn.execute(query).one_or_none()
        if row:
            return Source(**row._mapping)
    raise UnknownSource("Nothing was done: the broadcast has no source with that identifier.")


def every(conn: Connection, broadcast: str) -> list[Source]:
    """Return the broadcast's sources, the oldest first."""
    rows = conn.execute(
        select(tables.sources)
        .where(tables.sources.c.broadcast == broadcast)
        .order_by(tables.sources.c.id)
    )
    return [Source(**row._mapping) for row in rows]
