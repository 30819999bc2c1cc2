"""The pipeline: sends hot statements to PostgreSQL together, in one round trip.

A statement waits until its result, or that of a later one, is read, or until the writer's function
ends; then all waiting statements are sent in order. So execute first and read results later.
"""

import select
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import MultipleResultsFound, NoResultFound

from farmlive.store.fast.compiled import Plan

_PREPARED = "farmlive.hot"
_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Result:
    """The result of a hot statement; on PostgreSQL reading it sends the waiting statements."""

    __slots__ = ("_load", "_rowcount", "_rows", "_send")

    def __init__(
        self,
        rows: Sequence[Any] = (),
        rowcount: int = -1,
        send: Callable[[], None] | None = None,
    ):
        self._rows, self._rowcount, self._send = rows, rowcount, send
        self._load: Callable[[], Sequence[Any]] | None = None

    def done(self, load: Callable[[], Sequence[Any]], rowcount: int) -> None:
        """Set the result: a function that loads the rows, and the number of changed rows."""
        self._load, self._rowcount, self._send = load, rowcount, None

    @property
    def rowcount(self) -> int:
        """The number of changed rows."""
        if self._send is not None:
            self._send()
        return self._rowcount

    def all(self) -> Sequence[Any]:
        """Return all rows."""
        if self._send is not None:
            self._send()
        if self._load is not None:
            self._rows, self._load = self._load(), None
        return self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def first(self) -> Any:
        """Return the first row, or None."""
        rows = self.all()
        return rows[0] if rows else None

    def one_or_none(self) -> Any:
        """Return the only row, or None. Raises MultipleResultsFound."""
        rows = self.all()
        if len(rows) > 1:
            raise MultipleResultsFound("more than one row where at most one was expected")
        return rows[0] if rows else None

    def one(self) -> Any:
        """Return the only row. Raises NoResultFound and MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row where one was expected")
        return row

    def scalar_one_or_none(self) -> Any:
        """Return the first column of the only row, or None. Raises MultipleResultsFound."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """Return the first column of the only row. Raises NoResultFound and
        MultipleResultsFound.
        """
        return self.one()[0]


class Earlier(BaseException):
    """A statement of an earlier function (`owner`) failed; the running function is not at fault.

    It is no Exception, so that no handler of the running function catches it.
    """

    def __init__(self, error: Exception, owner: object):
        super().__init__()
        self.error, self.owner = error, owner


# Name of the prepared statement, plan, values in order, and result; or, without a plan, a
# transaction statement.
_Waiting = tuple[bytes, Plan | None, list[bytes | None], Result]


class Pipeline:
    """The statements of one connection that wait to be sent; `on_read` sends them for a result."""

    def __init__(self, connection: Connection, on_read: Callable[[], None]):
        self._on_read = on_read
        self._driver = cast(Any, connection.connection.driver_connection)
        self._libpq = self._driver.pgconn
        self._readable, self._either = select.poll(), select.poll()
        self._readable.register(self._libpq.socket, select.POLLIN)
        self._either.register(self._libpq.socket, select.POLLIN | select.POLLOUT)
        self._names: dict[Plan, bytes] = connection.info.setdefault(_PREPARED, {})
        self._waiting: list[_Waiting] = []
        self._owners: list[tuple[int, object]] = []  # the owner of statements up to a position
        self._sent = 0  # statements under way with unread results

    def send_nowait(self, texts: Sequence[bytes], owner: object) -> None:
        """Send these transaction statements after the waiting ones, without waiting for PostgreSQL.

        If one fails, the next caller that reads a result gets Earlier with its owner.
        """
        self._waiting += [(text, None, [], Result()) for text in texts]
        self._push()
        self._libpq.flush()
        self._owners.append((len(self._waiting), owner))

    def discard(self) -> bool:
        """Discard this function's waiting statements; return whether some were sent already."""
        del self._waiting[self._owners[-1][0] if self._owners else 0 :]
        return not self._owners

    def add(self, plan: Plan, encoded: list[Any]) -> Result:
        """Add a statement."""
        name = self._prepared(plan)  # may send the waiting statements first
        result = Result(send=self._on_read)
        self._waiting.append((name, plan, encoded, result))
        return result

    def send(self, texts: Sequence[bytes] = ()) -> None:
        """Send the waiting statements, then these. Raises their errors, or Earlier."""
        self._waiting += [(text, None, [], Result()) for text in texts]
        if not self._waiting:
            return
        given = self._receive()
        waiting, owners = self._waiting, self._owners
        self._waiting, self._owners = [], []
        for at, each in enumerate(given):
            try:
                self._check(each)
            except psycopg.Error as error:
                for end, owner in owners:
                    if at < end:
                        raise Earlier(error, owner) from error
                raise
        for (_, plan, _, result), each in zip(waiting, given, strict=True):
            if plan is not None:
                result.done(partial(plan.loaded, each), each.command_tuples or 0)

    def _receive(self) -> list[Any]:
        """Return each statement's result, once all have finished."""
        libpq = self._libpq
        if len(self._waiting) == 1 and not self._sent and not self._is_idle:
            name, plan, values, _ = self._waiting[0]
            return [libpq.exec_prepared(name, values) if plan else libpq.exec_(name)]
        self._push()
        try:
            libpq.pipeline_sync()
            while libpq.flush():  # PostgreSQL answers nothing before it has all
                self._either.poll()
                libpq.consume_input()
            given = []
            for _ in self._waiting:
                given.append(self._next())
                self._next()  # the end of this statement's results
            self._next()  # the pipeline's sync point
        finally:
            self._sent = 0
            libpq.exit_pipeline_mode()
        return given

    @property
    def _is_idle(self) -> bool:
        return bool(self._libpq.transaction_status == TransactionStatus.IDLE)

    def _push(self) -> None:
        """Start sending the waiting statements."""
        libpq = self._libpq
        if not self._sent:
            if self._is_idle:
                begin = b"BEGIN READ ONLY" if self._driver.read_only else b"BEGIN"
                self._waiting.insert(0, (begin, None, [], Result()))
            libpq.enter_pipeline_mode()
        for name, plan, values, _ in self._waiting[self._sent :]:
            if plan is not None:
                libpq.send_query_prepared(name, values)
            else:
                libpq.send_query_params(name, None)
        self._sent = len(self._waiting)

    def _next(self) -> Any:
        # `get_result` would wait too, but would hold the GIL.
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
