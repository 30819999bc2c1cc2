"""The connection of reads and writes: SQLAlchemy's, with the fast path for hot statements and
deferred updates.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from functools import cached_property
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.selectable import SelectBase

from farmlive.store.fast.compiled import Hot, Plan, Values, hot_one
from farmlive.store.fast.deferred_updates import Mark, Miscounted, Tally
from farmlive.store.fast.pipeline import Pipeline, Result
from farmlive.store.fast.prefetch import Prefetched, Question


class HotConnection(Connection):
    """A connection that executes hot statements by the fast path."""

    _pipeline: Pipeline | None = None
    _tally: Tally | None = None
    _prefetched: Prefetched | None = None
    _changes = False  # whether this function ran more than SELECTs

    @property
    def tally(self) -> Tally:
        """The cache and the deferred updates of this transaction."""
        if self._tally is None:
            self._tally = Tally()
        return self._tally

    def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> Any:
        """Do as Connection.execute, by the fast path for hot statements."""
        found = None if execution_options else hot_one(statement)
        looks = isinstance(statement, SelectBase)
        if found is None or found.counted:
            self._settle_before(changes=not looks)
        elif self._prefetched is not None:
            if not looks and not found.own:
                self._prefetched.forget()
            elif (answer := self._prefetched.find(statement, parameters)) is not None:
                return answer
        if not looks:
            self._changes = True
        if found is not None:
            return self._execute_hot(found, parameters)
        try:
            return super().execute(statement, parameters, execution_options=execution_options)
        except BaseException:
            self._changes = True
            raise

    # SQLAlchemy's own methods bypass `execute`, and would wait forever for unsent statements.

    def scalar(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> Any:
        """Do as Connection.scalar, through `execute`."""
        return self.execute(statement, parameters, execution_options=execution_options).scalar()

    def scalars(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> Any:
        """Do as Connection.scalars, through `execute`."""
        return self.execute(statement, parameters, execution_options=execution_options).scalars()

    def _execute_hot(self, found: Hot, parameters: Any) -> Result:
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
        """Do as Connection.exec_driver_sql, after sending all waiting statements."""
        self._settle_before(changes=True)
        self._changes = True
        return super().exec_driver_sql(statement, parameters, execution_options)

    def _settle_before(self, *, changes: bool) -> None:
        """Write deferred updates before a statement that reads or changes their rows."""
        self.settle()
        if changes and self._tally is not None:
            self._tally.forget()
        if changes and self._prefetched is not None:
            self._prefetched.forget()

    def settle(self) -> None:
        """Send all waiting statements and deferred updates. Raises their errors, and Miscounted."""
        if self._tally is not None:
            results = [
                (row, self._execute_hot(cast(Hot, hot_one(statement)), row))
                for statement, row in self._tally.settled()
            ]
            self._changes |= bool(results)
            for row, result in results:
                if result.rowcount != 1:
                    raise Miscounted(f"{row}: no row is as it was counted")
        self.send()

    def send(self) -> None:
        """Send all waiting statements. Raises their errors."""
        if self._pipeline is not None:
            try:
                self._pipeline.send()
            except psycopg.Error as error:
                raise self.failure(error) from error

    def start(self, question: Question | None = None) -> Mark:
        """Start a function, whose first query may be prefetched; return the tally's state, for
        `discard`.
        """
        self._changes = False
        self.tally.begin()
        if self._prefetched is not None:
            self._prefetched.start(question)
        return self.tally.mark()

    def prefetch(self, questions: Sequence[Question]) -> None:
        """Send these queries to PostgreSQL now, for the functions that will start with them.

        A query that can't be prepared is left to its function, which gets the error. Raises what
        ends the transaction.
        """
        put = []
        for question in questions:
            with contextlib.suppress(Exception):
                put.append((question, [self._encoded(*query) for query in question.queries]))
        self._prefetched = Prefetched()
        try:
            for question, plans in put:
                self._prefetched.keep(question, [self._queue.add(*each) for each in plans])
        except psycopg.Error as error:
            raise self.failure(error) from error
        self.control_nowait(owner=None)

    def _encoded(self, statement: Executable, values: Values) -> tuple[Plan, list[Any]]:
        plan = cast(Hot, hot_one(statement)).plan(self, values)
        return plan, plan.encoded(values)

    def has_prefetched(self, question: Question) -> bool:
        """Return whether a valid result is here or under way."""
        return self._prefetched is not None and self._prefetched.holds(question)

    def forget_prefetched(self) -> None:
        """Invalidate all prefetched results."""
        self._prefetched = None

    def discard(self, mark: Mark) -> bool:
        """Discard waiting statements, and deferred updates since the mark: the function has failed.

        Returns whether the database may have something to roll back.
        """
        self.tally.back_to(mark)
        was_sent = self._pipeline is None or self._pipeline.discard()
        return was_sent and self._changes

    def control_nowait(self, *texts: str, owner: object) -> None:
        """Send these transaction statements with the waiting ones; on PostgreSQL they run while the
        next functions run.

        If one fails, the next function that waits for a result gets Earlier with `owner`.
        """
        if self.dialect.name == "sqlite":
            self.control(*texts)
            return
        try:
            self._queue.send_nowait([text.encode() for text in texts], owner)
        except psycopg.Error as error:
            raise self.failure(error) from error

    def control(self, *texts: str) -> None:
        """Execute these transaction statements, with the waiting ones."""
        self._changes = True
        try:
            if self.dialect.name == "sqlite":
                for text in texts:
                    self._driver.execute(text)
            else:
                self._queue.send([text.encode() for text in texts])
        except (sqlite3.Error, psycopg.Error) as error:
            raise self.failure(error) from error

    @cached_property
    def _driver(self) -> Any:
        # Valid for as long as this object: a connection that was cut off is not used again.
        return self.connection.driver_connection

    @property
    def _queue(self) -> Pipeline:
        if self._pipeline is None:
            self._pipeline = Pipeline(self, self.send)
        return self._pipeline

    def _by_sqlite3(self, found: Hot, parameters: Any) -> Result:
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

    def _by_libpq(self, found: Hot, parameters: Any) -> Result:
        if not isinstance(parameters, list):
            parameters = [parameters or {}]
        last = Result()
        for each in parameters:
            plan = found.plan(self, each)
            last = self._queue.add(plan, plan.encoded(each))
        return last

    def failure(self, error: Exception) -> Exception:
        """Convert an error of the driver to SQLAlchemy's."""
        self._changes = True
        self.forget_prefetched()  # queries sent with it have no results
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
    """Give the engine's connections the fast path for hot statements."""
    engine._connection_cls = HotConnection
    return engine


def tally(connection: Connection) -> Tally:
    """Return the tally of the connection's transaction."""
    found: Tally = connection.tally  # type: ignore[attr-defined]
    return found
