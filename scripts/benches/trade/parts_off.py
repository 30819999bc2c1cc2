"""farmlive whose fast path has one part off at a time: `parts_off.py FILE serve`. Beside it one
sees what each part gains. Only the bench of the fast path starts it; no setting does.

The file's one byte says which of PARTS is off, from the writer's next batch on.
"""

import mmap
import sys
from collections.abc import Sequence
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

PARTS = ("", "compiled", "pipeline", "prefetch", "deferred_updates", "own_pipeline")
"""`own_pipeline`: psycopg's `Connection.pipeline()` in place of ours."""
OF_SQLITE = ("compiled", "deferred_updates")
# Compiled statements alone can be sent together, and only what is sent together is prefetched.
_ONE_BY_ONE = ("compiled", "pipeline")
_UNASKED = ("compiled", "pipeline", "prefetch")


def _off(connection: Any) -> str:
    found: str = connection.__dict__.get("off", "")
    return found


class _OneByOne(Pipeline):
    """Sends each statement by itself."""

    def add(self, plan: Plan, encoded: list[Any]) -> Result:
        result = super().add(plan, encoded)
        self.send()
        return result

    def send_nowait(self, texts: Sequence[bytes], owner: object) -> None:
        for text in texts:
            self.send([text])


class _ByPsycopg(Pipeline):
    """Sends by psycopg's cursors and `Connection.pipeline()`, at the same moments as ours."""

    def __init__(self, connection: Connection, on_read: Any):
        super().__init__(connection, on_read)
        self._mode: Any = None
        self._cursors: list[Any] = []
        if "bench.psycopg" not in connection.info:
            connection.info["bench.psycopg"] = True
            self._driver.prepared_max = 1000
            self._driver.adapters.register_dumper(int, Int8Dumper)
            set_json_loads(compact_json.decode, self._driver)

    def add(self, plan: Plan, encoded: list[Any]) -> Result:
        result = Result(send=self._on_read)
        self._waiting.append((b"", plan, encoded, result))
        return result

    def send_nowait(self, texts: Sequence[bytes], owner: object) -> None:
        self._waiting += [(text, None, [], Result()) for text in texts]
        self._push()
        self._owners.append((len(self._waiting), owner))

    def send(self, texts: Sequence[bytes] = ()) -> None:
        self._waiting += [(text, None, [], Result()) for text in texts]
        if len(self._waiting) == 1 and not self._sent:
            self._cursors.append(self._executed(*self._waiting[0][:3]))
        elif self._waiting:
            self._push()
            self._mode.__exit__(None, None, None)
        for (_, plan, _, result), cursor in zip(self._waiting, self._cursors, strict=True):
            if plan is not None:
                load = cursor.fetchall if plan.columns else tuple
                result.done(load, cursor.rowcount)
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


def _pipeline(connection: Any, on_read: Any) -> Pipeline:
    off = _off(connection)
    kind = _OneByOne if off in _ONE_BY_ONE else _ByPsycopg if off == "own_pipeline" else Pipeline
    return kind(connection, on_read)


def _json_text(value: Any) -> str:
    return compact_json.encode(value).decode()


def _unencoded(plan: Plan) -> Plan:
    """Leave values to psycopg's dumpers, apart from JSON, whose text it takes."""
    plan._changes = [
        (at, place, _json_text if encode is compact_json.encode else None)
        for at, place, encode in plan._changes
    ]
    return plan


def _switch(chosen: mmap.mmap) -> None:
    """Let the parts be switched off."""
    run, prefetch, one = batch.run, batch._prefetch, batch._run
    execute, plan_of, plan_of_rows = HotConnection._execute_hot, Hot.plan, Hot.plan_of_rows
    rows: dict[Hot, Any] = {}
    plans: dict[Any, Plan] = {}

    def run_with(connection: HotConnection, *what: Any) -> None:
        off = connection.__dict__["off"] = PARTS[chosen[0]]
        if connection.dialect.name == "postgresql":
            by_psycopg = off in ("compiled", "own_pipeline")
            connection._driver.prepare_threshold = 2 if by_psycopg else None
        run(connection, *what)

    def prefetch_with(connection: HotConnection, left: Any) -> None:
        if _off(connection) not in _UNASKED:
            prefetch(connection, left)

    def run_one(connection: HotConnection, unit: batch.Unit, *how: Any, **more: Any) -> None:
        function = unit.function

        def written(connection: Any) -> Any:
            """What the function gives, once its updates are under way and nothing is cached."""
            result = function(connection)
            for statement, values in connection.tally.settled():
                connection._execute_hot(hot_one(statement), values)
                connection._changes = True
            connection.tally.forget()
            return result

        if _off(connection) == "deferred_updates":
            unit.function = written
        try:
            one(connection, unit, *how, **more)
        finally:
            unit.function = function

    def execute_with(connection: HotConnection, found: Hot, parameters: Any) -> Result:
        if _off(connection) != "compiled":
            return execute(connection, found, parameters)
        if parameters == []:
            return Result([], 0)
        result = Connection.execute(connection, found.statement, parameters)
        if isinstance(parameters, list):  # SQLAlchemy does not count the rows of a list
            return Result([], len(parameters))
        if not result.returns_rows:
            return Result([], result.rowcount)
        if found not in rows:
            rows[found] = _row_class(tuple(result.keys()))
        return Result([rows[found]._make(row) for row in result], result.rowcount)

    def plan_with(found: Hot, connection: Any, values: Any) -> Plan:
        if _off(connection) != "own_pipeline":
            return plan_of(found, connection, values)
        key = (found, *values, *(len(values[name]) for name in found._lists))
        if key not in plans:
            plans[key] = _unencoded(Plan(found.statement, connection, values))
        return plans[key]

    def plan_of_rows_with(found: Hot, connection: Any, several: Any) -> Any:
        if _off(connection) != "own_pipeline":
            return plan_of_rows(found, connection, several)
        ours = found._plans
        found._plans = plans_of_rows.setdefault(found, {})
        try:
            plan, values = plan_of_rows(found, connection, several)
        finally:
            found._plans = ours
        return (_unencoded(plan), values)

    plans_of_rows: dict[Hot, Any] = {}
    writer.run = run_with
    batch._prefetch, batch._run = prefetch_with, run_one
    HotConnection._execute_hot = execute_with
    Hot.plan, Hot.plan_of_rows = plan_with, plan_of_rows_with
    fast.Pipeline = _pipeline


if __name__ == "__main__":
    with Path(sys.argv.pop(1)).open("rb") as file:
        _switch(mmap.mmap(file.fileno(), 1, access=mmap.ACCESS_READ))
    main.main()
