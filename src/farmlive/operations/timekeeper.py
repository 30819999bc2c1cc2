"""Keeps the server's time. Each second it checks the reference (the database's clock, or on SQLite
the machine's), and reports if that, or this machine's clock, is wrong.

After a step the time continues as before. Once the reference has kept pace for a while its new time
counts, and all columns that run by the clock are moved, in one transaction, so that nothing expires
by the step.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from farmlive import clock
from farmlive.broadcast.events import ClockMoved
from farmlive.broadcast.log import Log
from farmlive.clock import DAY_MS
from farmlive.operations.clock_discipline import STEP_NS, Discipline, Verdict
from farmlive.outages import DependencyHealth, Outages
from farmlive.periodic import Periodic
from farmlive.problems import Unavailable
from farmlive.store import FILE_S, Store, after_commit
from farmlive.store import reference as references
from farmlive.store.reference import ClockState
from farmlive.store.running import move_all

EVERY_S = 1.0
# How often SQLite's row is written, and after how much slewing.
KEEP_MS = 60_000
MOVED_MS = 100
_MS = 1_000_000
# A reading that took longer is too uncertain.
_VAGUE_NS = 250 * _MS
_STEP_MS = STEP_NS // _MS
# After such a large step, or with an unknown time, a machine's clock may be wrong by as much: final
# deletions wait for a day.
DOUBTED_STEP_MS = DAY_MS
DOUBTED_GAP_MS = 30 * DAY_MS
DOUBT_NS = DAY_MS * _MS

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ClockStatus:
    """The state of the clocks: how many milliseconds the machine's is ahead of the time, and on
    PostgreSQL the database's, if it has made a step; and advice, or none.
    """

    offset_ms: int
    database_offset_ms: int
    what_to_do: str = ""

    @property
    def off_ms(self) -> tuple[int, int]:
        """How far the machine's clock is off, and the database's; 0 for small differences."""
        machine, database = (
            each if abs(each) > _STEP_MS else 0
            for each in (self.offset_ms, self.database_offset_ms)
        )
        return machine, database

    def as_json(self) -> dict[str, Any]:
        """Return the state as `/readyz` has it."""
        return {name: value for name, value in asdict(self).items() if value != ""}


class Timekeeper(Periodic):
    """Checks the reference each second; `moved` is called, in the event loop, with the milliseconds
    by which the time was moved.
    """

    def __init__(self, store: Store, log: Log, outages: Outages, *, moved: Callable[[int], None]):
        super().__init__(EVERY_S, self.check, "the time was not looked at")
        self._store = store
        self._log = log
        self._is_sqlite = store.dialect == "sqlite"
        # Whether the reference, with its shift, is right; and whether it would be without.
        self._time = Discipline(clock.ahead_ns())
        self._proof = Discipline(clock.ahead_ns())
        self._shift_ms = 0
        self._kept: tuple[int, int] | None = None
        self._doubted_until = 0
        self._moved = moved
        if self._is_sqlite and store.unserved_ms > DOUBTED_GAP_MS:
            self._doubt()
        self._machine = outages.register(
            "clock",
            lost="this machine's clock is off; what runs goes on, and nothing ends by it",
            back="this machine's clock is right again",
            what_to_do=self._what_to_do(),
        )
        self._database = outages.register(
            "database_clock",
            lost="the database's clock made a step; what runs goes on, and nothing ends by it",
            back="the database's clock shows the time that counts",
            what_to_do="Set the clock of the database's machine, and let NTP keep it.",
        )

    @property
    def standing(self) -> ClockStatus:
        """The current state of the clocks."""
        machine_ms, database_ms = clock.machine_off_ms(), -self._shift_ms
        advice = ""
        if abs(database_ms) > _STEP_MS:
            advice = self._database.what_to_do
        elif abs(machine_ms) > _STEP_MS:
            advice = self._machine.what_to_do
        return ClockStatus(machine_ms, database_ms, advice)

    @property
    def is_doubted(self) -> bool:
        """Whether the time may be wrong by days: then nothing may be deleted for good."""
        return clock.steady_ns() < self._doubted_until

    async def check(self) -> None:
        """Check the clocks once."""
        if self._time.ahead != clock.ahead_ns():  # another server moved the time
            self._follow(clock.ahead_ns())
        if self._is_sqlite:
            await self._check_machine()
        else:
            try:
                await self._check_database()
            except Unavailable:  # its own outages report that; the time goes on meanwhile
                return
        self._report(self._machine, clock.machine_off_ms())
        self._report(self._database, -self._shift_ms)

    # SQLite.

    async def _check_machine(self) -> None:
        steady, shown, within = references.read()
        verdict = self._time.observe(steady, shown, within)
        clock.set_ahead(self._time.ahead)
        if verdict is Verdict.PROVED:
            await self._store.write(self._move_to_machine, within_s=FILE_S, last=True)
            return
        kept_ahead, kept_at = self._kept or (0, 0)
        ahead = self._time.ahead
        late = steady - kept_at >= KEEP_MS * _MS
        if late or abs(ahead - kept_ahead) >= MOVED_MS * _MS:
            try:
                await self._store.write(
                    lambda connection: references.write_row(
                        connection, **references.offset_row(ahead)
                    ),
                    last=True,
                )
            except Unavailable:  # the next check tries again
                return
            self._kept = ahead, steady

    def _move_to_machine(self, connection: Connection) -> None:
        steady, shown, _ = references.read()
        ahead = shown - steady
        by = (ahead - clock.ahead_ns()) // _MS
        self._move(connection, by, self._store.clock_epoch, ahead, **references.offset_row(ahead))

    # PostgreSQL.

    async def _check_database(self) -> None:
        seen = await self._store.read(references.read_state)
        if seen.within > _VAGUE_NS:
            return
        if seen.epoch != self._store.clock_epoch:
            self._store.clock_epoch = seen.epoch
            clock.set_ahead(seen.ahead)
            self._follow(seen.ahead)
        self._shift_ms = seen.shift_ms
        off = seen.ahead - self._time.ahead
        if self._time.observe(seen.steady, seen.time, seen.within) is not Verdict.AGREES:
            if seen.is_confirmed:
                self._catch_up(seen.ahead)
            else:
                shift_ms = seen.shift_ms - off // _MS
                await self._write_row(seen, shift_ms=shift_ms, seen_at=seen.reference // _MS)
            return
        clock.set_ahead(self._time.ahead)
        if seen.shift_ms:
            await self._check_shift(seen)
        elif not 0 <= seen.unconfirmed_ms < references.CONFIRM_MS:
            await self._write_row(seen, seen_at=seen.reference // _MS)

    async def _check_shift(self, seen: ClockState) -> None:
        """Check whether the database's clock is right again without a shift."""
        self._proof.ahead = self._time.ahead
        verdict = self._proof.observe(seen.steady, seen.reference, seen.within)
        if verdict is Verdict.PROVED:
            await self._store.write(
                lambda connection: self._move_to_database(connection, seen),
                within_s=FILE_S,
                last=True,
            )
        elif verdict is Verdict.AGREES:  # it was nearly corrected: the rest is slewed
            await self._write_row(seen, shift_ms=0, seen_at=seen.reference // _MS)
        elif not 0 <= seen.unconfirmed_ms < references.CONFIRM_MS:
            await self._write_row(seen, seen_at=seen.reference // _MS)

    async def _write_row(self, seen: ClockState, **values: int) -> None:
        await self._store.write(
            lambda connection: references.write_row_after(connection, seen, **values), last=True
        )

    def _move_to_database(self, connection: Connection, before: ClockState) -> None:
        seen = references.read_state(connection)
        if (seen.epoch, seen.shift_ms) != (before.epoch, before.shift_ms):
            return  # another server was first
        ahead = seen.reference - seen.steady
        by = -seen.shift_ms
        seen_at = seen.reference // _MS
        self._move(connection, by, seen.epoch, ahead, shift_ms=0, seen_at=seen_at)

    # Both databases.

    def _move(self, connection: Connection, by: int, epoch: int, ahead: int, **row: Any) -> None:
        """Move all columns that run by the clock, and set the time at the commit.

        Writes before the commit use the earlier time, and no other write happens in between.
        """
        move_all(connection, by, clock.now_ms())
        self._log.append_to_open(connection, ClockMoved(by=by))
        references.write_row(connection, epoch=epoch + 1, **row)

        def apply() -> None:
            self._store.clock_epoch = epoch + 1
            clock.set_ahead(ahead)
            self._shift_ms = 0
            self._follow(ahead)

        after_commit(connection, apply)

    def _catch_up(self, ahead: int) -> None:
        """Take the database's time at once, which a server has just confirmed.

        This server stood still, or the database's clock made a step of less than `CONFIRMED_MS`,
        which looks the same. The database's columns do not move, nor does this server's state.
        """
        by_ms = self._adopt(ahead)
        clock.set_ahead(ahead)
        _log.warning(
            "the database's time counts at once; this server stood still, or that clock was set "
            "by some seconds, by which what runs ends sooner or later",
            by_s=round(by_ms / 1000, 1),
        )

    def _adopt(self, ahead: int) -> int:
        """Set how far the time is ahead; return by how many milliseconds more."""
        by = (ahead - self._time.ahead) // _MS
        self._time.adopt(ahead)
        self._proof.adopt(ahead)
        return by

    def _follow(self, ahead: int) -> None:
        """Move this server's state in memory after the time was moved, by this server or
        another.
        """
        by = self._adopt(ahead)
        if abs(by) <= _STEP_MS:
            return
        _log.warning("the time was moved; what runs keeps its remaining time", by_s=by // 1000)
        if abs(by) >= DOUBTED_STEP_MS:
            self._doubt()
        self._moved(by)

    def _doubt(self) -> None:
        self._doubted_until = clock.steady_ns() + DOUBT_NS

    def _report(self, outage: DependencyHealth, off_ms: int) -> None:
        """Log one line when the clock goes wrong, and one when it is right again."""
        if abs(off_ms) <= _STEP_MS:
            outage.recovered()
        elif not outage.failing:
            side = "ahead of" if off_ms > 0 else "behind"
            outage.failed(f"{abs(off_ms) / 1000:.1f} s {side} the time that counts")

    def _what_to_do(self) -> str:
        if self._is_sqlite:
            return (
                "If the new time is right, do nothing: it counts once it has kept pace for 30 s. "
                "Else set the machine's clock, and let NTP keep it."
            )
        return (
            "Set this machine's clock, and let NTP keep it. The database's time counts meanwhile."
        )
