"""Compiled statements of the hot path: the same `connection.execute` at a lower cost.

SQLAlchemy compiles a statement marked `hot` once; from then on its text and its values go to the
driver directly: to sqlite3, or to libpq as a prepared statement. Its rows are named tuples.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import BindParameter, Connection, Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import JSON

from farmlive import compact_json

S = TypeVar("S", bound=Executable)
Values = Mapping[str, Any]

_HOT: dict[int, "Hot"] = {}
# Type OIDs in PostgreSQL's catalogue; columns that a statement returns have one of these.
_KINDS = {int: 20, bool: 16}
_LOADERS: dict[int, Callable[[bytes], Any]] = {
    16: lambda text: text == b"t",
    **dict.fromkeys((20, 21, 23), int),
    **dict.fromkeys((25, 1042, 1043), bytes.decode),
    **dict.fromkeys((114, 3802), compact_json.decode),
    **dict.fromkeys((1007, 1016), lambda text: [int(each) for each in text[1:-1].split(b",")]),
}


def hot(statement: S, *, counted: bool = False, own: bool = False) -> S:
    """Mark a statement that is built once, with bindparams, and executed many times.

    Its results have rows by name as usual: iteration, `all`, `first`, `one`, `one_or_none`,
    `scalar_one`, `scalar_one_or_none`, and `rowcount`. `counted`: it reads or changes columns that
    deferred updates count. `own`: its change affects no prefetched results, except those of queries
    with the same name in `about`.
    """
    _HOT[id(statement)] = Hot(statement, counted=counted, own=own)
    return statement


def hot_one(statement: Executable) -> "Hot | None":
    """Return the compiled form of a marked statement; None for any other."""
    return _HOT.get(id(statement))


class Hot:
    """A statement, and its plan for each dialect, set of values and length of its lists."""

    def __init__(self, statement: Executable, *, counted: bool, own: bool):
        self.statement = statement
        self.counted = counted
        self.own = own
        # Its expanding parameters, whose lengths are part of the text.
        self._lists = _lists(statement)
        self._plans: dict[Any, Plan] = {}

    def plan(self, connection: Connection, values: Values) -> "Plan":
        """Return the plan for this connection and values such as these."""
        lengths = [len(values[name]) for name in self._lists]
        key = (connection.dialect.name, *values, *lengths)
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = Plan(self.statement, connection, values)
        return found


class Plan:
    """A compiled statement: its text, the order and encoding of values, and the loading of rows."""

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
        lists = _lists(statement)
        state = compiled.construct_expanded_state({**fixed, **values})
        self.text = state.statement
        places = {
            each: (name, place)
            for name in lists
            for place, each in enumerate(state.parameter_expansion.get(name, ()))
        }
        taken = []
        # Conversions of values: position, index within a list or None, and encoder.
        self._changes: list[tuple[int, int | None, Any]] = []
        for at, each in enumerate(state.positiontup or ()):
            name, place = places.get(each, (each, None))
            taken.append(name)
            encode = _encoder(types[name], dialect, sqlite)
            if place is not None or encode is not None:
                self._changes.append((at, place, encode))
        self._get = _getter(taken)
        self._fixed = {name: fixed[name] for name in taken if name not in values}
        self.columns = [column.keyname for column in compiled._result_columns]
        self._row = cast(Any, _row_class(tuple(self.columns)))
        self._decoders: list[tuple[int, Any]] = []
        if sqlite:
            for place, column in enumerate(compiled._result_columns):
                decoder = column.type.dialect_impl(dialect).result_processor(dialect, None)
                if decoder is not None:
                    self._decoders.append((place, decoder))
        self._loaders: list[tuple[int, Callable[[bytes], Any]]] = []
        # If the statement does not declare a number's type, the driver needs it.
        self.kinds = [_KINDS.get(type(values.get(name, fixed.get(name))), 0) for name in taken]

    def encoded(self, values: Values) -> list[Any]:
        """Return the values in order, encoded."""
        found = list(self._get({**self._fixed, **values} if self._fixed else values))
        for at, place, encode in self._changes:
            value = found[at] if place is None else found[at][place]
            found[at] = value if encode is None or value is None else encode(value)
        return found

    def loaded(self, given: Any) -> Sequence[Any]:
        """Return rows by name from a libpq result."""
        if not self.columns or not given.ntuples:
            return ()
        if not self._loaders:
            places = range(given.nfields)
            self._loaders = [(place, _LOADERS[given.ftype(place)]) for place in places]
        get, make, loaders = given.get_value, self._row._make, self._loaders
        return [
            make(
                [
                    None if (value := get(row, place)) is None else load(value)
                    for place, load in loaders
                ]
            )
            for row in range(given.ntuples)
        ]

    def rows_of(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Return rows by name from the driver's rows."""
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


def _lists(statement: Executable) -> list[str]:
    """Return the names of its expanding parameters, such as those of `in_`."""
    binds = (each for each in visitors.iterate(cast(Any, statement)) if type(each) is BindParameter)
    return list(dict.fromkeys(bind.key for bind in binds if bind.expanding and bind.required))


def _getter(names: Sequence[str]) -> Callable[[Values], Iterable[Any]]:
    """Return a function that takes these names' values, in order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _encoder(type_: Any, dialect: Any, sqlite: bool) -> Any:
    if sqlite:
        return type_.dialect_impl(dialect).bind_processor(dialect)
    if isinstance(type_.dialect_impl(dialect), JSON):
        return compact_json.encode
    return _text


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        if "\0" in value:  # libpq would take it for the end of the string
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
        """A row with attributes by column name."""

        __slots__ = ()

        @property
        def _mapping(self) -> dict[str, Any]:
            return self._asdict()

    return Named
