"""farmlive whose fast path has another part off in each batch: `parts_off.py FILE serve`. It writes
the cost of each batch of orders to the file. Only the bench of the fast path starts it; no setting
switches a part off.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import Connection

from farmlive import compact_json
from farmlive.cli import main
from farmlive.store import batch, writer
from farmlive.store.fast import HotConnection, Result
from farmlive.store.fast import connection as fast
from farmlive.store.fast.compiled import Hot, Plan, _row_class, hot_one
from farmlive.store.fast.pipeline import Pipeline

ALL = "all"
"""No part is off."""
PARTS = {
    "sqlite": ("compiled", "deferred_updates"),
    "postgresql": ("compiled", "pipeline", "prefetch", "deferred_updates", "own_pipeline"),
}
"""`own_pipeline`: psycopg's `Connection.pipeline()` in place of ours."""
# Compiled statements alone can be sent together, and only what is sent together is prefetched.
_ONE_BY_ONE = ("compiled", "pipeline")
_UNASKED = ("compiled", "pipeline", "prefetch")
_BY_PSYCOPG = ("compiled", "own_pipeline")


class Switch:
    """The part that is off in the running batch, and the cost of the batches.

    A batch is `(part, functions, CPU seconds of the writer, those of PostgreSQL, seconds)`.
    """

    def __init__(self) -> None:
        self.batches: list[tuple[str, int, float, float, float]] = []
        self._run = batch.run
        self.next: list[str] = []
        """What is off in the next batches, the last one first."""

    def run(self, connection: HotConnection, units: Sequence[Any], *more: Any) -> None:
        """Do as `batch.run` without one part."""
        dialect, process = connection.dialect.name, 0
        if not self.next:  # each as often, in any order
            self.next = [ALL, *PARTS[dialect]]
            random.shuffle(self.next)
        off = connection.__dict__["off"] = self.next.pop()
        if dialect == "postgresql":
            connection._driver.prepare_threshold = 2 if off in _BY_PSYCOPG else None
            process = connection._driver.pgconn.backend_pid
        began = _clocks(process)
        self._run(connection, units, *more)
        ended = _clocks(process)
        took = (after - before for before, after in zip(began, ended, strict=True))
        self.batches.append((off, len(units), *took))  # type: ignore[arg-type]


def _clocks(process: int) -> tuple[float, float, float]:
    theirs = time.clock_gettime(~process << 3 | 2) if process else 0.0  # see lab/server.py
    return time.thread_time(), theirs, time.monotonic()


def _off(connection: Any) -> str:
    off: str = connection.__dict__.get("off", ALL)
    return off


class OneByOne(Pipeline):
    """Sends each statement by itself."""

    def add(self, plan: Plan, encoded: list[Any]) -> Result:
        """Add a statement and send it."""
        result = super().add(plan, encoded)
        self.send()
        return result

    def send_nowait(self, texts: Sequence[bytes], owner: object) -> None:
        """Send each of these."""
        for text in texts:
            self.send([text])


class ByPsycopg(Pipeline):
    """Sends by psycopg's cursors and `Connection.pipeline()`, at the same moments as ours; it does
    not tell which of the statements failed.
    """

    def __init__(self, connection: Connection, on_read: Any):
        super().__init__(connection, on_read)
        self._mode: Any = None
        self._cursors: list[Any] = []
        if "bench.psycopg" not in connection.info:
            connection.info["bench.psycopg"] = True
            self._driver.prepared_max = 1000
            # At a ROLLBACK TO it would drop all prepared statements, also ours.
            self._driver._prepared._should_discard = lambda *_: False
            self._driver.adapters.register_dumper(int, Int8Dumper)
            set_json_loads(compact_json.decode, self._driver)

    def add(self, plan: Plan, encoded: list[Any]) -> Result:
        """Add a statement."""
        result = Result(send=self._on_read)
        self._waiting.append((b"", plan, encoded, result))
        return result

    def send_nowait(self, texts: Sequence[bytes], owner: object) -> None:
        """Send these after the waiting ones."""
        self._waiting += [(text, None, [], Result()) for text in texts]
        self._push()
        self._owners.append((len(self._waiting), owner))

    def send(self, texts: Sequence[bytes] = ()) -> None:
        """Send the waiting statements, then these, and wait for the results."""
        self._waiting += [(text, None, [], Result()) for text in texts]
        if len(self._waiting) == 1 and not self._sent:
            self._cursors.append(self._executed(*self._waiting[0][:3]))
        elif self._waiting:
            self._push()
            self._mode.__exit__(None, None, None)
        for (_, plan, _, result), cursor in zip(self._waiting, self._cursors, strict=True):
            if plan is not None:
                result.done(cursor.fetchall if plan.columns else tuple, cursor.rowcount)
        self._waiting, self._owners, self._cursors = [], [], []
        self._mode, self._sent = None, 0

    def _push(self) -> None:
        if self._mode is None:
            self._mode = self._driver.pipeline()
            self._mode.__enter__()
        for each in self._waiting[self._sent :]:
            self._cursors.append(self._executed(*each[:3]))
        self._sent = len(self._waiting)

    def _executed(self, text: bytes, plan: Plan | None, values: Any) -> Any:
        cursor = psycopg.RawCursor(self._driver)
        if plan is None:
            return cursor.execute(text)
        make = plan._row._make if plan.columns else tuple
        cursor.row_factory = lambda _: make
        return cursor.execute(plan.text, values, prepare=True)


def pipeline_of(connection: Any, on_read: Any) -> Pipeline:
    """Return what sends the connection's statements."""
    off = _off(connection)
    kind = OneByOne if off in _ONE_BY_ONE else ByPsycopg if off == "own_pipeline" else Pipeline
    return kind(connection, on_read)


def _json_text(value: Any) -> str:
    return compact_json.encode(value).decode()


def switch_parts(change: Callable[[Any, str, Any], None] = setattr) -> Switch:
    """Let each batch of the writer run without one part of the fast path, or with all; `change`
    replaces an attribute.
    """
    switch = Switch()
    prefetch, run_one = batch._prefetch, batch._run
    execute, plan_of = HotConnection._execute_hot, Hot.plan
    rows: dict[Hot, Any] = {}
    plans: dict[Any, Plan] = {}

    def without_prefetch(connection: HotConnection, left: Any) -> None:
        if _off(connection) not in _UNASKED:
            prefetch(connection, left)

    def without_deferring(
        connection: HotConnection, unit: batch.Unit, *more: Any, **options: Any
    ) -> None:
        function = unit.function

        def and_write(connection: Any) -> Any:
            """Run the function, send the updates that it owes and forget what it knew."""
            result = function(connection)
            for statement, row in connection.tally.settled():
                connection._execute_hot(hot_one(statement), row)
                connection._changes = True
            connection.tally.forget()
            return result

        if _off(connection) == "deferred_updates":
            unit.function = and_write
        try:
            run_one(connection, unit, *more, **options)
        finally:
            unit.function = function

    def uncompiled(connection: HotConnection, found: Hot, parameters: Any) -> Result:
        if _off(connection) != "compiled":
            return execute(connection, found, parameters)
        if parameters == []:
            return Result([], 0)
        result = Connection.execute(
            connection,
            found.statement,
            parameters,
            execution_options={"preserve_rowcount": True},  # also of an upsert
        )
        if isinstance(parameters, list):  # SQLAlchemy does not count the rows of a list
            return Result([], len(parameters))
        if not result.returns_rows:
            return Result([], result.rowcount)
        if found not in rows:
            rows[found] = _row_class(tuple(result.keys()))
        return Result([rows[found]._make(row) for row in result], result.rowcount)

    def unencoded(found: Hot, connection: Any, values: Any) -> Plan:
        """Leave values to psycopg's dumpers, apart from JSON, whose text it takes."""
        if _off(connection) != "own_pipeline":
            return plan_of(found, connection, values)
        key = (found, *values, *(len(values[name]) for name in found._lists))
        if key not in plans:
            plan = plans[key] = Plan(found.statement, connection, values)
            plan._changes = [
                (at, place, _json_text if encode is compact_json.encode else None)
                for at, place, encode in plan._changes
            ]
        return plans[key]

    changes: Any = [
        (writer, "run", switch.run),
        (batch, "_prefetch", without_prefetch),
        (batch, "_run", without_deferring),
        (HotConnection, "_execute_hot", uncompiled),
        (Hot, "plan", unencoded),
        (fast, "Pipeline", pipeline_of),
    ]
    for owner, name, changed in changes:
        change(owner, name, changed)
    return switch


if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    switched = switch_parts()
    try:
        main.main()
    finally:
        file.write_text(json.dumps(switched.batches))
