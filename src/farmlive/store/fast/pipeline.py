"""The pipeline: how hot statements go to PostgreSQL, together, on one way there and back.

A statement waits until someone looks at what it, or one after it, gave, or until the writer's
function ends: all that wait go there in the order of asking. So ask first and look later.
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
    """What a hot statement gave; on PostgreSQL it is sent when this is first looked at."""

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
        """It was sent, and gave what this loads or changed so many."""
        self._load, self._rowcount, self._send = load, rowcount, None

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
        if self._load is not None:
            self._rows, self._load = self._load(), None
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


class Earlier(BaseException):
    """What failed was left to be sent earlier, by `owner`: who runs now knows nothing of it.

    No Exception, since none that catches those is to take it for its own.
    """

    def __init__(self, error: Exception, owner: object):
        super().__init__()
        self.error, self.owner = error, owner


# The name under which it is prepared, its plan, the values in their places, and who looks at it;
# or, without a plan, a text that says something of the transaction.
_Waiting = tuple[bytes, Plan | None, list[bytes | None], Result]


class Queue:
    """What waits to be sent to PostgreSQL on one connection; `look` is who sends it when asked."""

    def __init__(self, connection: Connection, look: Callable[[], None]):
        self._look = look
        self._driver = cast(Any, connection.connection.driver_connection)
        self._libpq = self._driver.pgconn
        self._readable, self._either = select.poll(), select.poll()
        self._readable.register(self._libpq.socket, select.POLLIN)
        self._either.register(self._libpq.socket, select.POLLIN | select.POLLOUT)
        self._names: dict[Plan, bytes] = connection.info.setdefault(_PREPARED, {})
        self._waiting: list[_Waiting] = []
        self._left: list[tuple[int, object]] = []  # up to there they are this owner's
        self._sent = 0  # so many are under way, and nobody has asked what they gave

    def leave(self, texts: Sequence[bytes], owner: object) -> None:
        """Say these after what waits, and leave it to PostgreSQL, which works on it while the next
        functions are run. Where it fails, whoever sends next is told whose it was.
        """
        self._waiting += [(text, None, [], Result()) for text in texts]
        self._push()
        self._libpq.flush()
        self._left.append((len(self._waiting), owner))

    def drop(self) -> bool:
        """Forget what waits of this function; whether something of it was sent already."""
        del self._waiting[self._left[-1][0] if self._left else 0 :]
        return not self._left

    def add(self, plan: Plan, encoded: list[Any]) -> Result:
        """Let it wait."""
        name = self._prepared(plan)  # which may send what waited before
        result = Result(send=self._look)
        self._waiting.append((name, plan, encoded, result))
        return result

    def send(self, texts: Sequence[bytes] = ()) -> None:
        """Send what waits, and these texts after it. Raises what it raises, or else Earlier."""
        self._waiting += [(text, None, [], Result()) for text in texts]
        if not self._waiting:
            return
        given = self._given()
        waiting, left = self._waiting, self._left
        self._waiting, self._left = [], []
        for at, each in enumerate(given):
            try:
                self._check(each)
            except psycopg.Error as error:
                for end, owner in left:
                    if at < end:
                        raise Earlier(error, owner) from error
                raise
        for (_, plan, _, result), each in zip(waiting, given, strict=True):
            if plan is not None:
                result.done(partial(plan.loaded, each), each.command_tuples or 0)

    def _given(self) -> list[Any]:
        """What each gave, once all of them are done."""
        libpq = self._libpq
        if len(self._waiting) == 1 and not self._sent and not self._is_idle:
            name, plan, values, _ = self._waiting[0]
            return [libpq.exec_prepared(name, values) if plan else libpq.exec_(name)]
        self._push()
        try:
            libpq.pipeline_sync()
            while libpq.flush():  # there is more than fits, and nothing comes before it has all
                self._either.poll()
                libpq.consume_input()
            given = []
            for _ in self._waiting:
                given.append(self._next())
                self._next()  # that was all of this one
            self._next()  # and that of all
        finally:
            self._sent = 0
            libpq.exit_pipeline_mode()
        return given

    @property
    def _is_idle(self) -> bool:
        return bool(self._libpq.transaction_status == TransactionStatus.IDLE)

    def _push(self) -> None:
        """Let what waits be under way."""
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
