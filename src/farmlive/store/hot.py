"""Statements of the hot path: the same `connection.execute` for less.

SQLAlchemy compiles a statement that is marked `hot` once; from then on its text and its values go
to the driver directly: to sqlite3, or to libpq as a prepared statement. On PostgreSQL a statement
waits until someone looks at what it, or one after it, gave, or until the writer's function ends:
all that wait go there in the order of asking and cost one way there and back. So ask first and look
later. Nothing else is different.
"""

import json
import select
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import JSON

S = TypeVar("S", bound=Executable)
Row = tuple[Any, ...]
Values = Mapping[str, Any]

_HOT: dict[int, "_Hot"] = {}
_PREPARED = "farmlive.hot"
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
# The types' numbers in PostgreSQL's catalogue; what a statement returns is one of these.
_KINDS = {int: 20, bool: 16}
_LOADERS: dict[int, Callable[[bytes], Any]] = {
    16: lambda text: text == b"t",
    **dict.fromkeys((20, 21, 23), int),
    **dict.fromkeys((25, 1042, 1043), bytes.decode),
    **dict.fromkeys((114, 3802), json.loads),
}


def hot(statement: S) -> S:
    """Mark a statement that is made once, with bindparams, and executed again and again.

    What executes it gets rows by name as ever: iterated over, by `all`, `first`, `one`,
    `one_or_none`, `scalar_one` or `scalar_one_or_none`, and `rowcount`.
    """
    _HOT[id(statement)] = _Hot(statement)
    return statement


class Result:
    """What a hot statement gave; on PostgreSQL it is sent when this is first looked at."""

    __slots__ = ("_queue", "_rowcount", "_rows")

    def __init__(self, rows: Sequence[Any] = (), rowcount: int = -1, queue: "_Queue | None" = None):
        self._rows, self._rowcount, self._queue = rows, rowcount, queue

    def done(self, rows: Sequence[Any], rowcount: int) -> None:
        """It was sent, and gave these rows or changed so many."""
        self._rows, self._rowcount, self._queue = rows, rowcount, None

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        if self._queue is not None:
            self._queue.connection.send()
        return self._rowcount

    def all(self) -> Sequence[Any]:
        """All rows."""
        if self._queue is not None:
            self._queue.connection.send()
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def first(self) -> Any:
        """The first row, or None."""
        rows = self.all()
        return rows[0] if rows else None

    def one_or_none(self) -> Any:
        """The only row, or None. Raises MultipleResultsFound."""
        rows = self.all()
        if len(rows) > 1:
            raise MultipleResultsFound("more than one row where at most one was expected")
        return rows[0] if rows else None

    def one(self) -> Any:
        """The only row. Raises NoResultFound and MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row where one was expected")
        return row

    def scalar_one_or_none(self) -> Any:
        """The first column of the only row, or None. Raises MultipleResultsFound."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first column of the only row. Raises NoResultFound and MultipleResultsFound."""
        return self.one()[0]


class HotConnection(Connection):
    """A connection that takes the short way with hot statements."""

    _sending: "_Queue | None" = None

    def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> Any:
        """As Connection has it."""
        found = _HOT.get(id(statement))
        if found is None or execution_options:
            self.send()
            return super().execute(statement, parameters, execution_options=execution_options)
        if not self.in_transaction():
            self.begin()
        try:
            if self.dialect.name == "sqlite":
                return self._by_sqlite3(found, parameters)
            return self._by_libpq(found, parameters)
        except (sqlite3.Error, psycopg.Error) as error:
            raise self.failure(error) from error

    def exec_driver_sql(
        self, statement: str, parameters: Any = None, execution_options: Any = None
    ) -> Any:
        """As Connection has it."""
        self.send()
        return super().exec_driver_sql(statement, parameters, execution_options)

    def send(self) -> None:
        """Let what waits be done; raises what it raises."""
        if self._sending is not None:
            try:
                self._sending.send()
            except psycopg.Error as error:
                raise self.failure(error) from error

    def drop(self) -> None:
        """Forget what waits: its function has failed."""
        if self._sending is not None:
            self._sending.waiting.clear()

    def control(self, *texts: str) -> None:
        """Say this of the transaction, with what waits."""
        try:
            if self.dialect.name == "sqlite":
                for text in texts:
                    self._driver.execute(text)
            else:
                self._queue.send([text.encode() for text in texts])
        except (sqlite3.Error, psycopg.Error) as error:
            raise self.failure(error) from error

    @property
    def _driver(self) -> Any:
        return self.connection.driver_connection

    @property
    def _queue(self) -> "_Queue":
        if self._sending is None:
            self._sending = _Queue(self)
        return self._sending

    def _by_sqlite3(self, found: "_Hot", parameters: Any) -> Result:
        if isinstance(parameters, list):
            if not parameters:
                return Result([], 0)
            plan = found.plan(self, parameters[0])
            rows = [plan.encoded(each) for each in parameters]
            return Result([], self._driver.executemany(plan.text, rows).rowcount)
        plan = found.plan(self, parameters or {})
        cursor = self._driver.execute(plan.text, plan.encoded(parameters or {}))
        if not plan.columns:
            return Result([], cursor.rowcount)
        return Result(plan.rows_of(cursor.fetchall()), cursor.rowcount)

    def _by_libpq(self, found: "_Hot", parameters: Any) -> Result:
        if not isinstance(parameters, list):
            return self._queue.add(found.plan(self, parameters or {}), parameters or {})
        last = Result()
        for each in parameters:
            last = self._queue.add(found.plan(self, each), each)
        return last

    def failure(self, error: Exception) -> Exception:
        """What SQLAlchemy makes of an error of the driver's."""
        gone = self.dialect.is_disconnect(cast(Any, error), self._driver, None)
        made = DBAPIError.instance(
            "",
            None,
            error,
            cast(Any, self.dialect.loaded_dbapi).Error,
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=self.dialect,
        )
        return cast(Exception, made)


def quick(engine: Engine) -> Engine:
    """Let the engine's connections take the short way with hot statements."""
    engine._connection_cls = HotConnection
    return engine


class _Hot:
    """A statement, and how it is put for each dialect, set of values and length of its lists."""

    def __init__(self, statement: Executable):
        self.statement = statement
        self._plans: dict[Any, _Plan] = {}

    def plan(self, connection: Connection, values: Values) -> "_Plan":
        lists = tuple(len(value) for value in values.values() if type(value) is list)
        key = (connection.dialect.name, tuple(values), lists)
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = _Plan(self.statement, connection, values)
        return found


class _Plan:
    """A compiled statement: its text, and how values go there and rows come back."""

    def __init__(self, statement: Executable, connection: Connection, values: Values):
        sqlite = connection.dialect.name == "sqlite"
        dialect: Any = connection.dialect
        if not sqlite:
            dialect = cast(Any, PGDialect_psycopg)(paramstyle="numeric_dollar")
        compiled = cast(Any, statement).compile(dialect=dialect, column_keys=list(values))
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.insert_prefetch
        assert not compiled.update_prefetch
        for bind, name in compiled.bind_names.items():
            if bind.required and name not in values:
                raise KeyError(f"a hot statement lacks {name}")
        types = {name: bind.type for bind, name in compiled.bind_names.items()}
        fixed = {name: bind.value for bind, name in compiled.bind_names.items()}
        lists = {name: value for name, value in values.items() if _is_list(compiled, name)}
        state = compiled.construct_expanded_state({**fixed, **values})
        self.text = state.statement
        self._takes: list[tuple[str, int | None, Any, Any]] = []
        places = {
            each: (name, place)
            for name in lists
            for place, each in enumerate(state.parameter_expansion.get(name, ()))
        }
        taken = []
        for each in state.positiontup or ():
            name, place = places.get(each, (each, None))
            taken.append(name)
            self._takes.append(
                (name, place, _encoder(types[name], dialect, sqlite), fixed.get(name))
            )
        self.columns = [column.keyname for column in compiled._result_columns]
        self._row = cast(Any, _row_class(tuple(self.columns)))
        self._decoders: list[tuple[int, Any]] = []
        if sqlite:
            for place, column in enumerate(compiled._result_columns):
                decoder = column.type._cached_result_processor(dialect, None)
                if decoder is not None:
                    self._decoders.append((place, decoder))
        self._loaders: list[Callable[[bytes], Any]] = []
        # Where the statement itself does not say what a number is, the driver must.
        self.kinds = [_KINDS.get(type(values.get(name, fixed.get(name))), 0) for name in taken]

    def encoded(self, values: Values) -> list[Any]:
        """The values in their places."""
        found = []
        for name, place, encode, fixed in self._takes:
            value = values.get(name, fixed)
            if place is not None:
                value = value[place]
            found.append(value if encode is None or value is None else encode(value))
        return found

    def loaded(self, given: Any) -> Sequence[Any]:
        """Rows by name, of what libpq gave."""
        if not self.columns or not given.ntuples:
            return ()
        if not self._loaders:
            self._loaders = [_LOADERS[given.ftype(place)] for place in range(given.nfields)]
        get, make, loaders = given.get_value, self._row._make, self._loaders
        return [
            make(
                None if (value := get(row, place)) is None else load(value)
                for place, load in enumerate(loaders)
            )
            for row in range(given.ntuples)
        ]

    def rows_of(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Rows by name, of what the driver gave."""
        make = self._row._make
        if not self._decoders:
            return [make(row) for row in rows]
        found = []
        for row in rows:
            values = list(row)
            for place, decode in self._decoders:
                values[place] = decode(values[place])
            found.append(make(values))
        return found


def _is_list(compiled: SQLCompiler, name: str) -> bool:
    bind = compiled.binds.get(name)
    return bind is not None and bind.expanding


def _encoder(type_: Any, dialect: Any, sqlite: bool) -> Any:
    if sqlite:
        return type_.dialect_impl(dialect).bind_processor(dialect)
    if isinstance(type_.dialect_impl(dialect), JSON):
        return lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return _text


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        if "\0" in value:  # libpq would take it for the end
            raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return value.encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"%d" % value
    raise TypeError(f"a hot statement takes no {type(value).__name__}")


def _row_class(columns: tuple[str, ...]) -> type:
    named = namedtuple("named", columns)  # type: ignore[misc]

    class Named(named):
        """A row by its columns' names."""

        __slots__ = ()

        @property
        def _mapping(self) -> dict[str, Any]:
            return self._asdict()

    return Named


# The name under which it is prepared, its plan, the values in their places, and who looks at it.
_Waiting = tuple[bytes, _Plan, list[bytes | None], Result]


class _Queue:
    """What waits to be sent to PostgreSQL on one connection."""

    def __init__(self, connection: HotConnection):
        self.connection = connection
        self._libpq = connection._driver.pgconn
        self._readable = select.poll()
        self._readable.register(self._libpq.socket, select.POLLIN)
        self._names: dict[_Plan, bytes] = connection.info.setdefault(_PREPARED, {})
        self.waiting: list[_Waiting] = []

    def add(self, plan: _Plan, values: Values) -> Result:
        """Let it wait."""
        name = self._prepared(plan)  # which may send what waited before
        result = Result(queue=self)
        self.waiting.append((name, plan, plan.encoded(values), result))
        return result

    def send(self, texts: Sequence[bytes] = ()) -> None:
        """Send what waits, and these after it."""
        waiting, self.waiting = self.waiting, []
        if not waiting and not texts:
            return
        if self._libpq.transaction_status == TransactionStatus.IDLE:
            begin = b"BEGIN READ ONLY" if self.connection._driver.read_only else b"BEGIN"
            if waiting:
                self._check(self._libpq.exec_(begin))
            else:
                texts = (begin, *texts)
        if not waiting:
            self._check(self._libpq.exec_(b"; ".join(texts)))
            return
        if len(waiting) == 1 and not texts:
            given = [self._libpq.exec_prepared(waiting[0][0], waiting[0][2])]
        else:
            given = self._pipelined(waiting, texts)
        for each in given:
            self._check(each)
        for (_, plan, _, result), each in zip(waiting, given, strict=False):
            result.done(plan.loaded(each), each.command_tuples or 0)

    def _pipelined(self, waiting: Sequence["_Waiting"], texts: Sequence[bytes]) -> list[Any]:
        libpq = self._libpq
        libpq.enter_pipeline_mode()
        try:
            for name, _, values, _ in waiting:
                libpq.send_query_prepared(name, values)
            for text in texts:
                libpq.send_query_params(text, None)
            libpq.pipeline_sync()
            libpq.flush()
            given = []
            for _ in range(len(waiting) + len(texts)):
                given.append(self._next())
                self._next()  # that was all of this one
            self._next()  # and that of all
        finally:
            libpq.exit_pipeline_mode()
        return given

    def _next(self) -> Any:
        # `get_result` would wait too, but let no other thread run meanwhile.
        while self._libpq.is_busy():
            self._readable.poll()
            self._libpq.consume_input()
        return self._libpq.get_result()

    def _prepared(self, plan: _Plan) -> bytes:
        name = self._names.get(plan)
        if name is None:
            self.send()
            name = b"hot_%d" % len(self._names)
            self._check(self._libpq.prepare(name, plan.text.encode(), plan.kinds))
            self._names[plan] = name
        return name

    def _check(self, given: Any) -> None:
        if given is not None and given.status in _DONE:
            return
        if given is None:
            raise psycopg.OperationalError("the connection is lost")
        raise error_from_result(given, encoding="utf-8")
