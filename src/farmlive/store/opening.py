"""Opens a database: its folder, tables, keys and time. `Store.open` calls all of it, in a
thread.
"""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from farmlive.settings import Settings
from farmlive.store import reference
from farmlive.store.engine import DatabaseRefused, check_durable
from farmlive.store.engine import address as engine_address
from farmlive.store.failures import is_of_disk
from farmlive.store.keys import KeyFile, Keys, KeysRefused
from farmlive.store.keys import check as check_keys
from farmlive.store.migrate import check, known_revisions, migrate


def address(settings: Settings) -> str:
    """Return the database's URL; create its folder if it is missing."""
    # It holds buyers' names, phones and postal addresses: no other user of the machine may read
    # them.
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DatabaseRefused(
            f"The folder {settings.data} can't be made ({error.strerror}): give another one "
            "by FARMLIVE_DATA"
        ) from error
    return engine_address(settings.database_url, settings.data)


def prepare(writer: Engine, migrates: bool, key_file: KeyFile) -> tuple[str, str]:
    """Return the database's revision, after migrations, and the newest revision that this code
    knows.
    """
    revisions = known_revisions()
    try:
        with writer.connect() as connection:
            check_durable(connection)
            if not migrates:
                return check(connection, revisions), revisions.head
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        what_to_do = "FARMLIVE_DATABASE_URL is right, and that this user may write there"
        if writer.dialect.name == "sqlite":
            what_to_do = "FARMLIVE_DATA is right, its disk has room, and this user may write there"
        raise DatabaseRefused(
            f"The database can't be opened ({reason}): see that {what_to_do}"
        ) from error
    return migrate(writer, revisions, keys=key_file), revisions.head


def keys_of(writer: Engine, key_file: KeyFile) -> Keys | KeysRefused:
    """Return the database's keys, or the reason why those in the file are not."""
    try:
        with writer.connect() as connection:
            return check_keys(connection, key_file)
    except KeysRefused as refused:
        return refused


def begin_time(writer: Engine) -> tuple[int, int]:
    """Set this process, which serves the database, to its time; return the result of
    `reference.begin`.

    On a full disk nothing is written, and the server starts all the same.
    """
    with _even_if_full():
        reference.make_row(writer)
    time_of = reference.begin(writer)
    with _even_if_full():
        reference.save_offset(writer)
    return time_of


def take_time(writer: Engine) -> tuple[int, int]:
    """Do as `begin_time` for a database that another process serves."""
    with writer.connect() as connection:
        return reference.adopt_time(connection), 0


@contextlib.contextmanager
def _even_if_full() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not is_of_disk(error):
            raise
