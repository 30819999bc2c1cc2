"""Entries of the audit log about access: sign-ins and sign-outs, wrong passwords, refusals, files
and searches.

Equal events within ten minutes are counted and written as one row, so that a flood of them does not
flood the log; the row has the time of the last event and says when the first was. It has no
password, no typed name, and no data of a buyer: of a search how it was made and how often, of a
file its kind and number of rows.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from farmlive.clock import rfc3339
from farmlive.people.core import audit
from farmlive.people.core.caller import Caller
from farmlive.periodic import Periodic
from farmlive.problems import Problem
from farmlive.store import Store

FLUSH_S = 1.0
TOGETHER_S = 600.0
# Above this number of open cases, new ones are counted together, whatever they are.
CAPACITY = 1_000

Detail = dict[str, Any]
Key = tuple[str, ...]


class _Burst(NamedTuple):
    """How often something happened since it was last written: the first time, and the last."""

    times: int
    first: int
    last: audit.Stamp

    def plus(self, later: "_Burst") -> "_Burst":
        return _Burst(self.times + later.times, self.first, later.last)


@dataclass
class _Case:
    """An event that repeats: its unwritten count, and when that may be written next."""

    caller: Caller
    action: str
    subject: str | None
    broadcast: str | None
    detail: Detail
    burst: _Burst | None
    next_at: float

    def add(self, burst: _Burst) -> None:
        """Count an event that happened now."""
        self.burst = burst if self.burst is None else self.burst.plus(burst)

    def put_back(self, burst: _Burst) -> None:
        """Add a count that was not written, or may not have been."""
        self.burst = burst if self.burst is None else burst.plus(self.burst)


class AccessLog:
    """Writes entries within a second, equal events once in ten minutes. For the event loop's
    thread.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.monotonic,
        capacity: int = CAPACITY,
    ):
        self._store = store
        self._clock = clock
        self._capacity = capacity
        self._cases: dict[Key, _Case] = {}
        self._flushing = asyncio.Lock()
        self._again = Periodic(FLUSH_S, self.flush, "sign-ins and refusals were not audited")

    async def start(self) -> None:
        """Start writing."""
        await self._again.start()

    async def stop(self) -> None:
        """Write all counts, due or not, and stop."""
        await self._again.stop()
        for case in self._cases.values():
            case.next_at = self._clock()
        with contextlib.suppress(Problem):
            await self.flush()

    def __len__(self) -> int:
        return len(self._cases)

    def record_failure(
        self, account: str | None, name: str | None, *, by: str | None = None
    ) -> None:
        """Count a wrong password for the account with that name; None for an unknown name, which is
        not recorded because it may be a password. `by`: `factor` for a wrong second factor.
        """
        detail = {} if name is None else {"name": name}
        if by is not None:
            detail["by"] = by
        self._count(audit.NOBODY, "session.fail", account, detail)

    def record_refusal(self, caller: Caller | None, path: str, problem: Problem) -> None:
        """Count a refusal to a caller with a role: `path` is a method with a URL's pattern, or a
        message type.
        """
        if problem.status == 403 and caller is not None and caller.role is not None:
            detail = {"path": path, "problem": problem.slug}
            self._count(caller, "access.refuse", None, detail)

    def record_search(self, caller: Caller, by: str) -> None:
        """Count a search for buyers, by `phone` or `name`, without the search term."""
        if caller.role is not None:
            self._count(caller, "buyers.search", None, {"by": by})

    def record_export(
        self,
        caller: Caller,
        what: str,
        rows: int,
        *,
        broadcast: str | None = None,
        named: Sequence[dict[str, str]] = (),
        **chosen: Any,
    ) -> None:
        """Count a file or document given to the caller, with its number of rows and its filters;
        `named` are the orders in it, by number and broadcast, if that identifies buyers.
        """
        chosen = {name: value for name, value in chosen.items() if value not in (None, False)}
        detail: Detail = {"what": what, "rows": rows, "filter": chosen}
        if named:
            detail["named"] = list(named)
        self._count(caller, "file.export", None, detail, broadcast)

    async def flush(self) -> None:
        """Write what is due. Raises the store's errors; the next call tries again."""
        async with self._flushing:
            now = self._clock()
            due = [case for case in self._cases.values() if now >= case.next_at]
            found = [(case, case.burst) for case in due if case.burst is not None]

            def write(conn: Connection) -> None:
                # A write that failed before may have been committed nevertheless.
                known = audit.written(conn, [burst.last for _, burst in found])
                for case, burst in found:
                    if burst.last.id in known:
                        continue
                    more: Detail = {}
                    if burst.times > 1:
                        more = {"count": burst.times, "first": rfc3339(burst.first)}
                    audit.record_always(
                        conn,
                        case.caller,
                        case.action,
                        case.subject,
                        broadcast=case.broadcast,
                        stamp=burst.last,
                        **case.detail,
                        **more,
                    )

            for case, _ in found:
                case.burst = None
            try:
                if found:
                    await self._store.write(write)
            except BaseException:
                for case, burst in found:
                    case.put_back(burst)
                raise
            for case, _ in found:
                case.next_at = now + TOGETHER_S
            over = [
                key
                for key, case in self._cases.items()
                if case.burst is None and now >= case.next_at
            ]
            for key in over:
                del self._cases[key]

    def _count(
        self,
        caller: Caller,
        action: str,
        subject: str | None,
        detail: Detail,
        broadcast: str | None = None,
    ) -> None:
        who = caller.account or caller.key or f"key {caller.name}"
        key: Key = (action, who, subject or "", broadcast or "", *map(str, detail.values()))
        if key not in self._cases and len(self._cases) >= self._capacity:
            key, caller, subject, broadcast, detail = (action,), audit.NOBODY, None, None, {}
        stamp = audit.Stamp.now()
        burst = _Burst(1, stamp.at, stamp)
        case = self._cases.get(key)
        if case is None:
            now = self._clock()
            self._cases[key] = _Case(caller, action, subject, broadcast, detail, burst, now)
        else:
            case.add(burst)
