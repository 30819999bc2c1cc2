"""A database of each test's own: a copy of SQLite's, or one of PostgreSQL's, emptied again."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from tests.support.build_once import once

from farmlive.ids import ulid
from farmlive.settings import Settings
from farmlive.store.engine import address, writer_engine
from farmlive.store.keys import KeyFile, Keys
from farmlive.store.migrate import migrate

POSTGRESQL = os.environ.get("FARMLIVE_TEST_POSTGRESQL", "")
# Processes that test at the same time have a Redis each, and each test's servers a number in it:
# nobody hears what a server of the test before still had to say.
if servers := os.environ.get("FARMLIVE_TEST_REDIS", "").split():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["FARMLIVE_TEST_REDIS"] = servers[worker % len(servers)]
REDIS = os.environ.get("FARMLIVE_TEST_REDIS", "")
_NUMBERS = itertools.cycle(range(1, 16))


databases = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a server that is not there; `scripts/test` starts them all."""
    for item in items:
        if item.get_closest_marker("postgresql") and not POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason="FARMLIVE_TEST_POSTGRESQL is not set"))
        if item.get_closest_marker("redis") and not REDIS:
            item.add_marker(pytest.mark.skip(reason="FARMLIVE_TEST_REDIS is not set"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that uses the store on each database, unless it can see none."""
    if {"store", "server"} & set(metafunc.fixturenames):
        sees_none = metafunc.definition.get_closest_marker("any_database")
        metafunc.parametrize("database_url", databases[: 1 if sees_none else 2], indirect=True)


# And the revision that they are of, and the oldest code that they serve.
_TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    UNION ALL SELECT version_num FROM alembic_version
    UNION ALL SELECT oldest_code FROM schema_compatibility ORDER BY 1
"""
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = """
    DO $$
    DECLARE named text;
    BEGIN
        SET LOCAL session_replication_role = replica; -- whatever refers to it
        FOR named IN
            SELECT relname FROM pg_class -- those that a test has written to
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                AND pg_relation_size(oid) > 0
        LOOP
            IF named = 'clock' THEN
                UPDATE clock SET epoch = 0, shift_ms = 0, seen_at = 0;
            ELSIF named NOT IN ('alembic_version', 'schema_compatibility', 'key_fingerprint') THEN
                EXECUTE format('DELETE FROM %I', named);
            END IF;
        END LOOP;
        PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences;
    END $$
"""


def _create(name: str, template: str = "template1") -> str:
    """Make a PostgreSQL database and return its address."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return POSTGRESQL.rpartition("/")[0] + "/" + name


def _drop(name: str) -> None:
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Emptied:
    """A PostgreSQL database that tests use one after the other, and that is empty between them.

    Its own connection stays: to open one and to look up all tables by it costs far more than to
    empty them.
    """

    def __init__(self, name: str, template: str):
        self.url = _create(name, template)
        self._name = name
        self._connection = self._connected()
        self._tables = self._named()

    def _connected(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    def _named(self) -> list[str]:
        return [name for (name,) in self._connection.execute(_TABLES)]

    def empty(self) -> bool:
        """Leave it as it was made; return False where a test made or changed tables."""
        try:
            self._connection.execute(_END_OTHERS)
        except psycopg.OperationalError:  # a test ended all connections
            self._connection.close()
            self._connection = self._connected()
            self._connection.execute(_END_OTHERS)
        if self._named() != self._tables:
            return False
        self._connection.execute(_EMPTY)
        return True

    def drop(self) -> None:
        """End it."""
        self._connection.close()
        _drop(self._name)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of all databases that are copied."""

    def make(path: Path) -> None:
        KeyFile(path).make(Keys.draw())

    return once(tmp_path_factory, "keys", make)


@pytest.fixture(scope="session")
def migrated(key_file: Path) -> str:
    """A PostgreSQL database with all tables, by its name: copies cost less than migrations."""
    name = f"template_{ulid().lower()}"
    writer = writer_engine(address(_create(name), Path()))
    migrate(writer, keys=KeyFile(key_file))
    writer.dispose()
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Path:
    """A SQLite database with all tables."""

    def make(path: Path) -> None:
        writer = writer_engine(f"sqlite+pysqlite:///{path}")
        migrate(writer, keys=KeyFile(key_file))
        writer.dispose()

    return once(tmp_path_factory, "migrated.sqlite3", make)


@pytest.fixture(scope="session")
def emptied() -> Iterator[list[Emptied]]:
    """PostgreSQL databases that tests have left, empty again: that takes a tenth of a copy."""
    left: list[Emptied] = []
    yield left
    for database in left:
        database.drop()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own: SQLite's is the empty address, PostgreSQL's has the tables, and
    the test's data folder its keys, unless it is asked for without.
    """
    kind = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        yield ""
        return
    name = f"test_{ulid().lower()}"
    if kind != "postgresql":
        yield _create(name)
        _drop(name)
        return
    emptied: list[Emptied] = request.getfixturevalue("emptied")
    database = emptied.pop() if emptied else Emptied(name, request.getfixturevalue("migrated"))
    data: Path = request.getfixturevalue("tmp_path") / "data"
    data.mkdir(mode=0o700)
    shutil.copy(request.getfixturevalue("key_file"), data / "keys")
    yield database.url
    if database.empty():
        emptied.append(database)
    else:
        database.drop()


@pytest.fixture
def redis_url(database_url: str) -> str:
    """A number of the process's Redis where the database is a server too; else empty."""
    return f"{REDIS.rpartition('/')[0]}/{next(_NUMBERS)}" if REDIS and database_url else ""


@pytest.fixture(scope="session")
def lay(migrated_file: Path, key_file: Path) -> Callable[[Path], None]:
    """Makes a data folder with a SQLite database that has all tables, and with its keys."""

    def made(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy(key_file, folder / "keys")
        shutil.copyfile(migrated_file, folder / "farmlive.sqlite3")

    return made


@pytest.fixture
def tables(settings: Settings, lay: Callable[[Path], None]) -> None:
    """The database has all tables before it is opened: most tests take less than to make them."""
    if not settings.database_url:
        lay(settings.data)
