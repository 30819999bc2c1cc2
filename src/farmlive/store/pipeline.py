"""The pipeline: how hot statements go to PostgreSQL, together, on one way there and back.

A statement waits until someone looks at what it, or one after it, gave, or until the writer's
function ends: all that wait go there in the order of asking. So ask first and look later.
"""

import select
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import MultipleResultsFound, NoResultFound

from farmlive.store.hot import Plan, Values

_PREPARED = "farmlive.hot"
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Result:
    """What a hot statement gave; on PostgreSQL it is sent when this is first looked at."""

    __slots__ = ("_rowcount", "_rows", "_send")

    def __init__(
        self,
        rows: Sequence[Any] = (),
        rowcount: int = -1,
        send: Callable[[], None] | None = None,
    ):
        self._rows, self._rowcount, self._send = rows, rowcount, send

    def done(self, rows: Sequence[Any], rowcount: int) -> None:
        """It was sent, and gave these rows or changed so many."""
        self._rows, self._rowcount, self._send = rows, rowcount, None

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        if self._send is not None:
            self._send()
        return self._rowcount

    def all(self) -> Sequence[Any]:
        """All rows."""
        if self._send is not None:
            self._send()
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


# The name under which it is prepared, its plan, the values in their places, and who looks at it.
_Waiting = tuple[bytes, Plan, list[bytes | None], Result]


class Queue:
    """What waits to be sent to PostgreSQL on one connection; `look` is who sends it when asked."""

    def __init__(self, connection: Connection, look: Callable[[], None]):
        self._look = look
        self._driver = cast(Any, connection.connection.driver_connection)
        self._libpq = self._driver.pgconn
        self._readable = select.poll()
        self._readable.register(self._libpq.socket, select.POLLIN)
        self._names: dict[Plan, bytes] = connection.info.setdefault(_PREPARED, {})
        self.waiting: list[_Waiting] = []

    def add(self, plan: Plan, values: Values) -> Result:
        """Let it wait."""
        name = self._prepared(plan)  # which may send what waited before
        result = Result(send=self._look)
        self.waiting.append((name, plan, plan.encoded(values), result))
        return result

    def send(self, texts: Sequence[bytes] = ()) -> None:
        """Send what waits, and these after it, which say something of the transaction."""
        waiting, self.waiting = self.waiting, []
        if not waiting and not texts:
            return
        if self._libpq.transaction_status == TransactionStatus.IDLE:
            begin = b"BEGIN READ ONLY" if self._driver.read_only else b"BEGIN"
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

    def _pipelined(self, waiting: Sequence[_Waiting], texts: Sequence[bytes]) -> list[Any]:
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

    def _prepared(self, plan: Plan) -> bytes:
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
