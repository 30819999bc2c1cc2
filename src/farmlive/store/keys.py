"""The secret keys that a database's servers share.

They are in a file beside the database, never in it, so that a copy of the database alone decrypts
no order and resolves no pseudonym. The database has their fingerprint, and a server with other keys
does not start on it. The rooms that use a key define what they derive from it.
"""

import contextlib
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Self

import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, Connection, Integer, String, Table, select, update

from farmlive.clock import now_ms, rfc3339
from farmlive.settings import Settings
from farmlive.store.engine import DatabaseRefused
from farmlive.store.tables import metadata

NAME = "keys"
_BYTES = 32
_NAMES = ("pseudonyms", "orders")
_HEAD = """\
# The keys of farmlive's database. Without them no order's link opens and no pick-up code is found:
# keep a copy apart from the database's backups, and show them to nobody (docs/operator.md, Backup).
"""
_SEE = "See docs/operator.md, Backup. Nothing was changed"
_LOST = (
    "stop every server and run `farmlive keys replace`. It makes new ones, after it has said what "
    "ends by it and asked: orders' links and the codes of pick-ups, which the order desk has anew, "
    "printed papers, authenticator apps, recovery codes, blocks and mutes. "
)

_log = structlog.get_logger(__name__)

key_fingerprint = Table(
    "key_fingerprint",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(32), nullable=False),
    # Host and path of the file when it was created, as a hint where to look for it.
    Column("made_at", String(500), nullable=False),
)


class KeysRefused(DatabaseRefused):
    """The keys are missing, unreadable, or another database's; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One key each for pseudonyms (people/core/devices.py) and for orders
    (shop/core/order_links.py); keys for other uses are derived.
    """

    pseudonyms: bytes = field(repr=False)
    orders: bytes = field(repr=False)

    @classmethod
    def draw(cls, pseudonyms: bytes | None = None) -> Self:
        """Draw new keys, with the existing pseudonyms' key if there is one."""
        return cls(pseudonyms or secrets.token_bytes(_BYTES), secrets.token_bytes(_BYTES))

    @property
    def fingerprint(self) -> str:
        """A value that identifies the keys and reveals nothing about them."""
        both = self.pseudonyms.hex() + " " + self.orders.hex()
        return sha256(b"farmlive keys " + both.encode()).hexdigest()[:32]

    def derive(self, use: str) -> bytes:
        """Return a derived 32-byte key for another use, which reveals nothing about these (RFC
        5869).
        """
        derivation = HKDF(SHA256(), _BYTES, salt=None, info=f"farmlive {use}".encode())
        return derivation.derive(self.pseudonyms + self.orders)


class KeyFile:
    """The file `FARMLIVE_KEY_FILE`, or `keys` in the data folder: one line per key."""

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the key file of a server with these settings."""
        return cls(settings.key_file or settings.data / NAME)

    @property
    def place(self) -> str:
        """The host and the path, as the database records where the file was created."""
        return f"{socket.gethostname()}:{self.path.absolute()}"[:500]

    def read(self) -> Keys | None:
        """Return the keys, or None without a file. Raises KeysRefused."""
        try:
            text = self.path.read_text("ascii")
            open_to_others = self.path.stat().st_mode & 0o077
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise KeysRefused(
                f"The keys in {self.path} can't be read ({why}): see that it is farmlive's file, "
                f"and that this user may read it. {_SEE}"
            ) from error
        lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
        try:
            found = {name: bytes.fromhex(value) for name, value in lines}
            keys = Keys(**{name: found[name] for name in _NAMES})
        except (ValueError, KeyError):
            keys = Keys(b"", b"")
        if len(keys.pseudonyms) < _BYTES or len(keys.orders) < _BYTES:
            raise KeysRefused(
                f"The file {self.path} does not hold the keys of farmlive whole: put a copy of it "
                "there, from another server or a backup. If there is no copy, the keys are lost: "
                f"move this file away, {_LOST}{_SEE}"
            )
        if open_to_others:
            _log.warning(
                "other users of this machine may read the keys: chmod 600", file=str(self.path)
            )
        return keys

    def make(self, keys: Keys) -> Keys:
        """Save new keys to disk, and return the keys in the file: another process may be first.

        Never changes an existing file. Raises KeysRefused.
        """
        lines = [f"{name} {getattr(keys, name).hex()}\n" for name in _NAMES]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Mode 0600, and under its final name only once it is complete.
            with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=".keys-") as made:
                made.write(_HEAD + "".join(lines))
                made.flush()
                os.fsync(made.fileno())
                with contextlib.suppress(FileExistsError):
                    os.link(made.name, self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise KeysRefused(
                f"The keys can't be kept in {self.path} ({error.strerror}): see that FARMLIVE_DATA "
                f"or FARMLIVE_KEY_FILE is right and that this user may write there. {_SEE}"
            ) from error
        there = self.read()
        if there is None:
            raise KeysRefused(f"The file {self.path} was removed while it was made. {_SEE}")
        return there

    @property
    def staged(self) -> Self:
        """The file of the keys that will replace these, until the database knows them."""
        return type(self)(self.path.with_name(f"{self.path.name}.new"))

    def promote(self) -> Path | None:
        """Replace these keys by the staged ones; return the old file's new path, or None without
        one.

        Raises KeysRefused.
        """
        kept = None
        try:
            if self.path.exists():
                until = rfc3339(now_ms()).replace(":", "")
                kept = self.path.with_name(f"{self.path.name}.until-{until}")
                os.link(self.path, kept)
            os.rename(self.staged.path, self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise KeysRefused(
                f"The new keys stand in {self.staged.path} and the database knows them, but they "
                f"can't be put in the place of {self.path} ({error.strerror}): see that this user "
                "may write there, and run the command again"
            ) from error
        return kept

    def adopt(self, pseudonyms: bytes | None) -> Keys:
        """Return the keys for a database that knows none yet, or only the pseudonyms' key; create
        the file if needed.

        Called again, as after an interruption, it returns the same keys. Raises KeysRefused if the
        file has another database's keys.
        """
        keys = self.read() or self.make(Keys.draw(pseudonyms))
        if pseudonyms not in (None, keys.pseudonyms):
            raise KeysRefused(
                f"The keys in {self.path} are of another database than this one, which still has "
                "its own: move that file to where it belongs and start again, or choose another "
                f"file by FARMLIVE_KEY_FILE. {_SEE}"
            )
        return keys


def known(connection: Connection) -> tuple[str, str]:
    """Return the fingerprint in the database, and where the file was created."""
    row = connection.execute(select(key_fingerprint).where(key_fingerprint.c.id == 1)).first()
    return (row.fingerprint, row.made_at) if row else ("none", "")


def take(connection: Connection, file: KeyFile, keys: Keys) -> None:
    """Record these keys, which must be in the file, as the database's."""
    connection.execute(
        update(key_fingerprint)
        .where(key_fingerprint.c.id == 1)
        .values(fingerprint=keys.fingerprint, made_at=file.place)
    )


def check(connection: Connection, file: KeyFile) -> Keys:
    """Return the keys if they are the database's. Raises KeysRefused."""
    fingerprint, made_at = known(connection)
    keys = file.read()
    if keys is None or keys.fingerprint != fingerprint:
        staged = file.staged.read()
        if staged is not None and staged.fingerprint == fingerprint:
            raise KeysRefused(
                "The keys of this database were being replaced, and that was interrupted: run "
                "`farmlive keys replace` once more, which goes on with it"
            )
    if keys is None:
        raise KeysRefused(
            f"The keys of this database are not here: there is no file {file.path}. Put a copy of "
            f"{made_at} there, where they were made, or of its backup; or set FARMLIVE_KEY_FILE. "
            f"If there is no copy, they are lost: {_LOST}{_SEE}"
        )
    if keys.fingerprint != fingerprint:
        raise KeysRefused(
            f"The keys in {file.path} are not those of this database (their fingerprint is "
            f"{keys.fingerprint}, the database's {fingerprint}). Put a copy of {made_at} there, "
            "where they were made, or of its backup; or see that FARMLIVE_KEY_FILE, FARMLIVE_DATA "
            "and FARMLIVE_DATABASE_URL are right. If there is no copy, the database's are lost: "
            f"move this file away, {_LOST}{_SEE}"
        )
    return keys


def _sync(folder: Path) -> None:
    """Flush the folder's entries to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
