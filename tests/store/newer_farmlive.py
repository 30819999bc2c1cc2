"""A farmlive that comes after this one, as far as its database goes."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from farmlive.settings import Settings
from farmlive.store import engine as engines
from farmlive.store.keys import KeyFile
from farmlive.store.migrate import FOLDER, Revisions, migrate

REVISIONS = Revisions()
# A revision of a farmlive that comes after this one.
LATER = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "9999", "{head}"
{says}
def upgrade():
    op.add_column("centres", sa.Column("of_later", sa.String(8), nullable=True))
    op.add_column("orders", sa.Column("of_later", sa.String(8), nullable=True))
"""


def later(folder: Path, says: str = "") -> Path:
    """The revisions of a later farmlive: this one's, and one that says this of its oldest code."""
    copy = folder / "migrations"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "versions" / "9999_later.py").write_text(LATER.format(head=REVISIONS.head, says=says))
    return copy


@contextlib.contextmanager
def writer_of(settings: Settings) -> Iterator[Engine]:
    writer = engines.writer_engine(engines.address(settings.database_url, settings.data))
    try:
        yield writer
    finally:
        writer.dispose()


def migrate_by(folder: Path, settings: Settings, **patience: float) -> str:
    with writer_of(settings) as writer:
        return migrate(writer, Revisions(folder), keys=KeyFile.of(settings), **patience)


def serves(revision: str) -> str:
    return f'oldest_code = "{revision}"'
