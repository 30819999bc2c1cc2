"""Brings the tables up to date at start, by the revisions in store/migrations."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

_FOLDER = Path(__file__).parent / "migrations"
# Servers that start at the same time on one PostgreSQL migrate one after the other.
_LOCK = 7_305_112_026


def configuration(connection: Connection) -> Config:
    """Alembic's configuration, working on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(writer: Engine) -> None:
    """Run what revisions are missing, all in one transaction."""
    with writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            # However long the other's take.
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        command.upgrade(configuration(connection), "head")
