"""The private surface of SQLAlchemy and psycopg on which store/fast stands is there.

Both are pinned in pyproject.toml for that reason. To upgrade one:

1. Move its pin and both lock files, and run this file. Each failure says what has changed; mend the
   module of store/fast that uses it, and the test here.
2. Run tests/store and tests/shop/checkout on both databases.
3. `./scripts/bench till` has to stay above the table of docs/till.md.

A new use of something private gets a test here.
"""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from select import POLLIN, poll
from typing import Any, cast

import psycopg
import pytest
from psycopg import pq
from psycopg.errors import UniqueViolation, error_from_result
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import JSON
from tests.support.plugins.databases import POSTGRESQL

from farmlive.store import Json

CRATES = Table(
    "crates",
    MetaData(),
    Column("id", String(20), primary_key=True),
    Column("boxes", BigInteger),
    Column("ripe", Boolean),
    Column("facts", Json),
)
SOME = select(CRATES.c.id, CRATES.c.ripe, CRATES.c.facts).where(
    CRATES.c.boxes > bindparam("least"),
    CRATES.c.id.in_(bindparam("ids", expanding=True)),
    CRATES.c.boxes < bindparam("least") + 10,
)
TAKE = (
    update(CRATES)
    .where(CRATES.c.id == bindparam("crate"))
    .values(boxes=CRATES.c.boxes - bindparam("by"))
)


class Ours(Connection):
    """A connection of a class of one's own."""


def dialect_of(name: str) -> Any:
    if name == "sqlite":
        return sqlite.dialect()
    return cast(Any, PGDialect_psycopg)(paramstyle="numeric_dollar")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> Any:
    return dialect_of(request.param)


def compiled(statement: Any, dialect: Any, *names: str) -> Any:
    made = statement.compile(dialect=dialect, column_keys=list(names))
    assert isinstance(made, SQLCompiler), "a statement is no longer compiled by an SQLCompiler"
    return made


def lacking(thing: Any, *names: str) -> list[str]:
    return [name for name in names if not hasattr(thing, name)]


@pytest.mark.parametrize("package", ["sqlalchemy", "psycopg"])
def test_both_packages_are_pinned(package: str) -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    listed = tomllib.loads(project.read_text())["project"]["dependencies"]
    (pin,) = (each for each in listed if re.match(rf"{package}\W", each))
    assert pin.endswith(f"=={version(package)}"), (
        f"{pin} is no pin of the version that these tests tried: store/fast uses its private parts"
    )


# SQLAlchemy: how a statement is compiled.


@pytest.mark.parametrize("options", [{}, {"postgresql_readonly": True}], ids=["plain", "options"])
def test_an_engine_makes_connections_of_the_class_that_it_is_given(options: Any) -> None:
    engine = create_engine("sqlite://")
    engine = engine.execution_options(**options) if options else engine
    engine._connection_cls = Ours
    with engine.connect() as connection:
        assert type(connection) is Ours, (
            "Engine._connection_cls no longer says what engine.connect() makes, "
            "so that no statement would take the short way"
        )
        found = connection.connection.driver_connection
        assert isinstance(found, sqlite3.Connection), "the driver's own connection is not reached"
    engine.dispose()


def test_a_compiled_statement_tells_its_parameters(dialect: Any) -> None:
    made = compiled(SOME, dialect, "least", "ids")
    lacks = lacking(
        made, "bind_names", "binds", "insert_prefetch", "update_prefetch", "_result_columns"
    )
    assert not lacks, f"a compiled statement lacks {lacks}"
    found = {name: bind for bind, name in made.bind_names.items()}
    assert {"least", "ids"} <= set(found), "bind_names no longer gives names by parameters"
    lacks = lacking(found["least"], "required", "type", "value", "expanding")
    assert not lacks, f"a parameter lacks {lacks}"
    assert found["least"].required, "it is no longer told which values must be given"
    (ten,) = (bind.value for name, bind in found.items() if name not in ("least", "ids"))
    assert ten == 10, "a parameter no longer has the value that the statement itself gave"
    expanding = {name for name, bind in made.binds.items() if bind.expanding}
    assert expanding == {"ids"}, "`expanding` no longer says which parameters take lists"


def test_an_insert_and_an_update_name_their_columns_values(dialect: Any) -> None:
    of_insert = compiled(insert(CRATES), dialect, "id", "boxes")
    assert set(of_insert.bind_names.values()) == {"id", "boxes"}, (
        "column_keys no longer says of which columns an INSERT is"
    )
    of_update = compiled(TAKE, dialect, "crate", "by")
    assert set(of_update.bind_names.values()) == {"crate", "by"}
    for made in (of_insert, of_update):
        assert not made.insert_prefetch
        assert not made.update_prefetch


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "b", "c"]], ids=len)
def test_lists_are_put_in_their_places(dialect: Any, ids: list[str]) -> None:
    made = compiled(SOME, dialect, "least", "ids")
    fixed = {name: bind.value for bind, name in made.bind_names.items()}
    state = made.construct_expanded_state({**fixed, "least": 1, "ids": ids})
    lacks = lacking(state, "statement", "positiontup", "parameter_expansion")
    assert not lacks, f"what construct_expanded_state gives lacks {lacks}"
    assert len(state.parameter_expansion.get("ids", ())) == len(ids), (
        "parameter_expansion no longer names each value of a list"
    )
    put = [name for name in state.positiontup if name in state.parameter_expansion.get("ids", ())]
    assert put == list(state.parameter_expansion.get("ids", ())), "they are in another order"
    if dialect.name == "sqlite":
        assert state.statement.count("?") == len(state.positiontup), (
            "positiontup no longer has a name for each ? of the text"
        )
    else:
        for number in range(1, len(state.positiontup) + 1):
            assert f"${number}" in state.statement, (
                "positiontup no longer has a name for each $ of the text"
            )


def test_rows_have_the_names_and_types_of_their_columns(dialect: Any) -> None:
    made = compiled(SOME, dialect, "least", "ids")
    assert [each.keyname for each in made._result_columns] == ["id", "ripe", "facts"], (
        "_result_columns no longer names what a row is made of"
    )
    assert [type(each.type) for each in made._result_columns][:2] == [String, Boolean], (
        "_result_columns no longer gives the types, by which SQLite's values are read"
    )


def test_sqlites_values_are_made_by_their_types() -> None:
    dialect = dialect_of("sqlite")
    made = compiled(SOME, dialect, "least", "ids")
    readers = [
        each.type.dialect_impl(dialect).result_processor(dialect, None)  # how a value is read
        for each in made._result_columns
    ]
    assert readers[0] is None, "a text is no longer given as it is"
    assert readers[1](1) is True, "SQLite's 1 is no longer read as a truth"
    assert readers[2]('{"a": [1]}') == {"a": [1]}, "SQLite's JSON is no longer read"
    writer = cast(Any, CRATES.c.facts.type).dialect_impl(dialect).bind_processor(dialect)
    assert writer({"a": [1]}).replace(" ", "") == '{"a":[1]}', "JSON is no longer written as text"


def test_what_goes_to_postgresql_as_json_is_told_from_other_types() -> None:
    dialect = dialect_of("postgresql")
    is_json = [
        isinstance(cast(Any, column.type).dialect_impl(dialect), JSON) for column in CRATES.c
    ]
    assert is_json == [False, False, False, True], "dialect_impl no longer tells JSON from others"


def test_an_error_of_the_driver_is_made_one_of_sqlalchemys() -> None:
    dialect = dialect_of("sqlite")
    made = DBAPIError.instance(
        "",
        None,
        sqlite3.IntegrityError("UNIQUE constraint failed"),
        sqlite3.Error,
        hide_parameters=True,
        connection_invalidated=False,
        dialect=dialect,
    )
    assert isinstance(made, IntegrityError), (
        "DBAPIError.instance no longer makes SQLAlchemy's errors of the driver's"
    )


def test_a_dialect_tells_a_lost_connection() -> None:
    engine: Any = create_engine("sqlite://")
    assert engine.dialect.loaded_dbapi.Error is sqlite3.Error, (
        "loaded_dbapi is no longer the driver's module"
    )
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        locked = sqlite3.OperationalError("database is locked")
        assert not engine.dialect.is_disconnect(locked, driver, None)
        driver.close()
        with pytest.raises(sqlite3.ProgrammingError) as closed:
            driver.execute("SELECT 1")
        assert engine.dialect.is_disconnect(closed.value, driver, None), (
            "is_disconnect no longer says that a connection is lost"
        )
        connection.invalidate()
    engine.dispose()


# psycopg: how it is sent to PostgreSQL, and what comes back.


def test_libpq_has_what_sends_and_reads() -> None:
    lacks = lacking(
        pq.PGconn,
        *("socket", "transaction_status", "exec_", "prepare", "exec_prepared"),
        *("enter_pipeline_mode", "exit_pipeline_mode", "pipeline_sync", "flush"),
        *("send_query_prepared", "send_query_params"),
        *("is_busy", "consume_input", "get_result"),
    )
    assert not lacks, f"psycopg's PGconn lacks {lacks}, by which hot statements are sent"
    lacks = lacking(
        pq.PGresult, "status", "ntuples", "nfields", "ftype", "get_value", "command_tuples"
    )
    assert not lacks, f"psycopg's PGresult lacks {lacks}, by which their rows are read"


@pytest.fixture
def driver() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(POSTGRESQL, prepare_threshold=None) as driver:
        yield driver


def next_of(libpq: pq.abc.PGconn) -> Any:
    """What comes next, waited for as the store waits for it."""
    readable = poll()
    readable.register(libpq.socket, POLLIN)
    while libpq.is_busy():
        assert readable.poll(5000), "nothing comes by PGconn.socket, though is_busy waits for it"
        libpq.consume_input()
    return libpq.get_result()


@pytest.mark.postgresql
def test_a_lost_connection_to_postgresql_is_told(driver: psycopg.Connection[Any]) -> None:
    dialect: Any = create_engine("postgresql+psycopg://").dialect
    assert dialect.loaded_dbapi.Error is psycopg.Error
    lost = psycopg.OperationalError("the connection is lost")
    assert not dialect.is_disconnect(lost, driver, None)
    driver.close()
    assert dialect.is_disconnect(lost, driver, None), (
        "is_disconnect no longer says that a connection is lost"
    )


@pytest.mark.postgresql
def test_a_prepared_statement_gives_its_rows_as_text(driver: psycopg.Connection[Any]) -> None:
    assert not lacking(driver, "read_only"), "a connection no longer says that it only reads"
    libpq = driver.pgconn
    assert libpq.transaction_status == pq.TransactionStatus.IDLE
    text = b"SELECT $1 + 1, 'a'::text, NULL::bool, true, '[1]'::json"
    assert libpq.prepare(b"one", text, [20]).status == pq.ExecStatus.COMMAND_OK
    given = libpq.exec_prepared(b"one", [b"41"])
    assert given.status == pq.ExecStatus.TUPLES_OK
    assert (given.ntuples, given.nfields) == (1, 5)
    assert [given.ftype(place) for place in range(5)] == [20, 25, 16, 16, 114]
    assert [given.get_value(0, place) for place in range(5)] == [b"42", b"a", None, b"t", b"[1]"], (
        "PGresult.get_value no longer gives the text that PostgreSQL sent"
    )


@pytest.mark.postgresql
def test_many_go_on_one_way_there_and_back(driver: psycopg.Connection[Any]) -> None:
    libpq = driver.pgconn
    libpq.exec_(b"BEGIN")
    libpq.exec_(b"CREATE TEMPORARY TABLE crates (id text PRIMARY KEY)")
    assert libpq.transaction_status == pq.TransactionStatus.INTRANS
    libpq.prepare(b"add", b"INSERT INTO crates VALUES ($1)", [0])
    libpq.enter_pipeline_mode()
    for name in (b"a", b"b"):
        libpq.send_query_prepared(b"add", [name])
    libpq.flush()  # these are under way, and others follow
    libpq.send_query_prepared(b"add", [b"a"])
    libpq.send_query_params(b"COMMIT", None)
    libpq.pipeline_sync()
    libpq.flush()
    given = []
    for _ in range(4):
        given.append(next_of(libpq))
        assert next_of(libpq) is None, "each statement's result no longer ends with None"
    assert next_of(libpq).status == pq.ExecStatus.PIPELINE_SYNC, (
        "the last that comes is no longer that all of them have come"
    )
    libpq.exit_pipeline_mode()
    assert libpq.transaction_status == pq.TransactionStatus.INERROR, (
        "transaction_status no longer tells that something of the transaction failed"
    )
    assert [each.command_tuples for each in given[:2]] == [1, 1]
    assert isinstance(error_from_result(given[2], encoding="utf-8"), UniqueViolation), (
        "error_from_result no longer makes psycopg's error of what libpq gave"
    )
    assert given[3].status == pq.ExecStatus.PIPELINE_ABORTED, (
        "what comes after one that failed is no longer left undone"
    )
