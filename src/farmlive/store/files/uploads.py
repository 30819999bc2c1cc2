"""Owners of uploaded files, for access and for quotas.

An owner is `order:{id}`, `account:{id}` or `key:{label}`. files.py stores the bytes; one file may
have several owners, and counts in each one's quota.
"""

from collections.abc import Collection

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    String,
    Table,
    delete,
    func,
    select,
)

from farmlive.clock import DAY_MS, now_ms
from farmlive.problems import TooMany
from farmlive.store.files.files import Kept
from farmlive.store.tables import metadata

uploads = Table(
    "uploads",
    metadata,
    Column("owner", String(80), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("at", BigInteger, nullable=False),
    Index("ix_uploads_name_at", "name", "at"),
)


class NoRoom(TooMany):
    """The owner's quota is used up."""

    slug = "upload-quota"
    title = "The upload quota is used up"


def check_files(connection: Connection, owner: str, most: int) -> None:
    """Raise NoRoom where an owner has `most` files."""
    count = connection.scalar(
        select(func.count()).select_from(uploads).where(uploads.c.owner == owner)
    )
    if (count or 0) >= most:
        raise NoRoom(
            f"Nothing was kept: {most} photos are kept of one order at most. Photos that are not "
            "sent with a claim are gone after a day; then others can be sent."
        )


def check_bytes(connection: Connection, owner: str, most_mib: int) -> None:
    """Raise NoRoom where an owner's uploads within 24 hours take `most_mib` MiB."""
    size = connection.scalar(
        select(func.sum(uploads.c.size)).where(
            uploads.c.owner == owner, uploads.c.at > now_ms() - DAY_MS
        )
    )
    if (size or 0) >= most_mib << 20:
        raise NoRoom(
            f"Nothing was kept: one account may send {most_mib} MiB of pictures and certificates "
            "within 24 hours. Send the rest tomorrow, or ask the operator for more "
            "(FARMLIVE_UPLOAD_MIB_PER_DAY)."
        )


def record(connection: Connection, owner: str, kept: Kept) -> None:
    """Record an upload; the same file again replaces its record."""
    mine = (uploads.c.owner == owner) & (uploads.c.name == kept.name)
    connection.execute(delete(uploads).where(mine))
    connection.execute(
        uploads.insert(), {"owner": owner, "name": kept.name, "size": kept.size, "at": now_ms()}
    )


def owned(connection: Connection, owner: str, names: Collection[str]) -> set[str]:
    """Return those of the files that the owner uploaded."""
    wanted = select(uploads.c.name).where(uploads.c.owner == owner, uploads.c.name.in_(names))
    return set(connection.execute(wanted).scalars())


def forget(connection: Connection, names: Collection[str], before_ms: int) -> None:
    """Delete the records, from before that time, of these files, which were deleted."""
    connection.execute(delete(uploads).where(uploads.c.name.in_(names), uploads.c.at < before_ms))


def forget_owners(connection: Connection, owners: Collection[str]) -> set[str]:
    """Delete all records of these owners, and return the names of their files."""
    theirs = uploads.c.owner.in_(owners)
    names = set(connection.execute(select(uploads.c.name).where(theirs)).scalars())
    connection.execute(delete(uploads).where(theirs))
    return names


def named(connection: Connection, names: Collection[str]) -> set[str]:
    """Return those of the files that still have an owner."""
    wanted = select(uploads.c.name).where(uploads.c.name.in_(names))
    return set(connection.execute(wanted).scalars())
