"""What every test may use: settings in a folder of its own, the store on each database, the log.

A server on SQLite stands alone; one on PostgreSQL has the bus of Redis too.
"""

import importlib
import itertools
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import psycopg
import pytest
import structlog
from argon2 import PasswordHasher
from psycopg import sql
from pydantic import ValidationError
from tests.support import suite_cost
from tests.support.build_once import once
from tests.support.undeclared_problems import watched
from tests.support.waiting import LONG_S
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

import farmlive
from farmlive import clock, ids
from farmlive.broadcast.log import Log
from farmlive.bus import LocalBus
from farmlive.client import Channel
from farmlive.client.commands import Commands
from farmlive.client.connection import Connection
from farmlive.client.media.light_viewer import LightViewer
from farmlive.client.media.rtp_peer import RtpPeer
from farmlive.client.media.whep import Viewer
from farmlive.client.media.whip import Publisher
from farmlive.commands import Command
from farmlive.ids import ulid
from farmlive.people import Caller
from farmlive.people.accounts import passwords
from farmlive.problems import Problem
from farmlive.server import Server, running
from farmlive.settings import Settings
from farmlive.store import Store
from farmlive.store.engine import address, writer_engine
from farmlive.store.keys import KeyFile, Keys
from farmlive.store.migrate import migrate

# Files that hold no tests, and whose assertions say their values all the same.
pytest.register_assert_rewrite(
    "tests.fuzz.house",
    "tests.fuzz.works",
    "tests.shop.ledger.agreement",
    "tests.shop.ledger.booth",
    "tests.shop.ledger.flash_trade",
    "tests.shop.ledger.trade",
)

# The benches are scripts, whose folder is not on the path by itself.
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

POSTGRESQL = os.environ.get("FARMLIVE_TEST_POSTGRESQL", "")
# Processes that test at the same time have a Redis each, and each test's servers a number in it:
# nobody hears what a server of the test before still had to say.
if servers := os.environ.get("FARMLIVE_TEST_REDIS", "").split():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["FARMLIVE_TEST_REDIS"] = servers[worker % len(servers)]
REDIS = os.environ.get("FARMLIVE_TEST_REDIS", "")
_NUMBERS = itertools.cycle(range(1, 16))

# Why there is no engine in C; `scripts/test` demands one.
NO_NATIVE = ""
try:
    importlib.import_module("farmlive.media.engine.native._native")
except ImportError as error:
    if os.environ.get("FARMLIVE_TEST_NATIVE"):
        raise
    NO_NATIVE = f"the engine in C was not built: {error}"

engines = [pytest.param("native", marks=pytest.mark.native), "python"]

databases = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
]


_DATABASE = re.compile(r"\.sqlite3(-wal|-shm|-journal)?$")
_SERVER = str(Path(farmlive.__file__).parent)


def _watch_the_database(event: str, given: tuple[Any, ...]) -> None:
    """Let no code of the server open a file of the database, whatever test it runs in.

    A process that closes such a file drops all POSIX locks that SQLite has on it (fcntl(2)); then
    another process that closes the database last deletes its log under the server.
    """
    if event != "open" or not isinstance(given[0], str | bytes | os.PathLike):
        return
    if not _DATABASE.search(os.fsdecode(given[0])):
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(_SERVER):
            where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            raise AssertionError(f"{where} opens {given[0]!r}, which drops SQLite's locks")
        frame = frame.f_back


sys.addaudithook(_watch_the_database)

suite_cost.collect_seldom()
suite_cost.share_schemas()
suite_cost.share_fields()

# A test's own requests have as long as all else that is sure to come (tests/support/waiting.py);
# farmlive's say by themselves how long they have.
for function in (httpx.AsyncClient.__init__, httpx.Client.__init__):
    function.__kwdefaults__["timeout"] = httpx.Timeout(LONG_S)
for function in (Connection.__init__, *vars(Channel).values(), *vars(Commands).values()):
    if "timeout_s" in (getattr(function, "__kwdefaults__", None) or {}):
        function.__kwdefaults__["timeout_s"] = LONG_S
for function in (
    Channel.wait_for,
    *(LightViewer.wait_packets, RtpPeer.connect),
    *(Publisher.start, Viewer.start, Viewer.wait_frames),
):
    assert function.__defaults__ == (10.0,)
    function.__defaults__ = (LONG_S,)

# What takes longest, and so begins first, or one process is at it when the others are done.
LONG = ("tests/demo/", "tests/scripts/", "tests/faults/", "tests/server/test_wheel.py")


class Processes(LoadScopeScheduling):
    """Spreads the tests over processes, those of the browser over two: more Chromiums at a time
    would take each other's cores.
    """

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith("tests/browser/"):
            return nodeid
        return "browser, " + ("a to c" if nodeid < "tests/browser/d" else "d to z")

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Forget what is done: each event of a test counts all that its process ever had."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Processes:
    """How `scripts/test` has its processes share the tests."""
    return Processes(config, log)


def _mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """The long ones, the browser's, then all others with media's evenly among them: those mostly
    wait, and leave the cores to the others. Of all these xdist begins the browser's first, as the
    scopes of most tests.
    """
    groups: list[list[pytest.Item]] = [[], [], [], []]
    for item in items:
        first = ("tests/browser/", "tests/media/")
        starts = [item.nodeid.startswith(each) for each in (LONG, *first)]
        groups[starts.index(True) if any(starts) else 3].append(item)
    long, browser, media, others = groups
    places = [(at / len(group), item) for group in (media, others) for at, item in enumerate(group)]
    return [*long, *browser, *(item for _, item in sorted(places, key=lambda place: place[0]))]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what needs a server that is not there; `scripts/test` starts them all."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items[:] = _mixed(items)
    for item in items:
        if item.get_closest_marker("postgresql") and not POSTGRESQL:
            item.add_marker(pytest.mark.skip(reason="FARMLIVE_TEST_POSTGRESQL is not set"))
        if item.get_closest_marker("redis") and not REDIS:
            item.add_marker(pytest.mark.skip(reason="FARMLIVE_TEST_REDIS is not set"))
        if item.get_closest_marker("native") and NO_NATIVE:
            item.add_marker(pytest.mark.skip(reason=NO_NATIVE))


def pytest_collection_finish() -> None:
    """What was imported stays."""
    suite_cost.keep_what_is_imported()


def pytest_runtest_logfinish() -> None:
    """Let go of what the test left: nothing holds its servers any more."""
    suite_cost.forget_servers()


# A hash of farmlive's own parameters takes a tenth of a second of each core, and 64 MiB.
_CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_CHEAP_NOBODY = _CHEAP.hash(ulid())


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little memory; people/accounts/test_passwords.py looks at the real parameters, and
    servers in processes of their own have them.
    """
    monkeypatch.setattr(passwords, "_hasher", _CHEAP)
    monkeypatch.setattr(passwords, "_NOBODY", _CHEAP_NOBODY)


@pytest.fixture(autouse=True)
def _commands_as_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which a command of the channel answered something else than its result, or
    raised a problem that it does not declare.
    """
    run, wrong = Command.run, []

    async def checked(
        command: Command[Any], caller: Caller, broadcast: str, message: Any
    ) -> dict[str, Any]:
        try:
            answer = await run(command, caller, broadcast, message)
        except Problem as problem:
            if problem.slug not in {each.slug for each in command.problems}:
                wrong.append(f"{command.name} does not declare {type(problem).__name__}")
            raise
        try:
            command.result.model_validate(answer)
        except ValidationError as error:
            wrong.append(f"{command.name} answered no {command.result.__name__}: {error}")
        if more := set(answer) - set(command.result.model_fields):
            wrong.append(f"{command.name} answered more than {command.result.__name__}: {more}")
        return answer

    monkeypatch.setattr(Command, "run", checked)
    yield
    assert wrong == []


@pytest.fixture(autouse=True)
def _problems_are_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where a route answers a problem that the OpenAPI document does not name."""
    with watched(monkeypatch) as found:
        yield
    assert found == []


@pytest.fixture(autouse=True)
def _ids_of_now() -> None:
    """Let identifiers that a test made at a later time end with it: each of the same process would
    be greater than those.
    """
    if ids._last >> 80 > clock.now_ms():
        ids._last = 0


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Let what a command that runs in a test sets up of the log end with the test. It is the whole
    process's, leaves out lines that later tests wait for, and writes to a stream that is gone.
    """
    before = structlog.get_config()
    yield
    structlog.configure(**before)


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


def _tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute(_TABLES)]


def _emptied(url: str, tables: list[str]) -> bool:
    """Leave a database as it was made; False where a test made or changed tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_END_OTHERS)
        if [name for (name,) in connection.execute(_TABLES)] != tables:
            return False
        connection.execute(_EMPTY)
    return True


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
def emptied() -> Iterator[dict[str, list[str]]]:
    """PostgreSQL databases that tests have left, by name, each with its tables, which are empty
    again: that takes less than half of what a copy does.
    """
    left: dict[str, list[str]] = {}
    yield left
    for name in left:
        _drop(name)


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
    emptied: dict[str, list[str]] = request.getfixturevalue("emptied")
    if emptied:
        name, tables = emptied.popitem()
    else:
        tables = _tables(_create(name, request.getfixturevalue("migrated")))
    url = POSTGRESQL.rpartition("/")[0] + "/" + name
    data: Path = request.getfixturevalue("tmp_path") / "data"
    data.mkdir(mode=0o700)
    shutil.copy(request.getfixturevalue("key_file"), data / "keys")
    yield url
    if _emptied(url, tables):
        emptied[name] = tables
    else:
        _drop(name)


@pytest.fixture
def engine_name(request: pytest.FixtureRequest) -> str:
    """Which engine a server has: the one that runs by itself, or each where a test has the mark
    `engines`.
    """
    return getattr(request, "param", os.environ.get("FARMLIVE_ENGINE", "auto"))


@pytest.fixture
def settings(tmp_path: Path, database_url: str, engine_name: str) -> Settings:
    """Settings of a server of the test's own."""
    redis_url = f"{REDIS.rpartition('/')[0]}/{next(_NUMBERS)}" if REDIS and database_url else ""
    return Settings(
        data=tmp_path / "data",
        database_url=database_url,
        redis_url=redis_url,
        port=0,
        udp_port=0,
        udp_addresses=("127.0.0.1",),
        engine=engine_name,
        county_name="Youxi County",
        county_contact="orders@example.org",
        # One buyer of a test orders often, and what is told is looked for at once.
        notices_per_hour=10_000,
        notices_per_day=10_000,
        notice_gather_minutes=0,
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that uses the store on each database, and one of media on each engine."""
    if {"store", "server"} & set(metafunc.fixturenames):
        metafunc.parametrize("database_url", databases, indirect=True)
    if metafunc.definition.get_closest_marker("engines"):
        metafunc.parametrize("engine_name", engines, indirect=True)


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


@pytest.fixture
async def store(settings: Settings, tables: None) -> AsyncIterator[Store]:
    """The store, opened and migrated."""
    store = await Store.open(settings)
    yield store
    await store.close()


@pytest.fixture
def log(store: Store) -> Log:
    """The log, on a bus of this process."""
    return Log(LocalBus())


@pytest.fixture
async def server(settings: Settings, tables: None) -> AsyncIterator[Server]:
    """A server that runs on a free port of loopback."""
    async with running(settings) as server:
        yield server


@pytest.fixture
async def coordinator(server: Server) -> str:
    """An API key of a coordinator."""
    _, secret = await server.house.people.create_api_key("test", "coordinator")
    return secret
