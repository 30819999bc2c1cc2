"""Clocks that a test sets: the machine's, the database's, and the steady one."""

import time

import pytest
from sqlalchemy import Connection

from farmlive import clock
from farmlive.operations.timekeeper import Timekeeper
from farmlive.store import reference

_S = 1_000_000_000


class Clocks:
    """In the place of the process' clocks: they show what they would, and what was added."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self._passed = 0
        self._machine = self._database = 0
        steady, machine, shown_by = clock._steady_ns, clock.machine_ns, reference.shown_by

        def database_ns(connection: Connection) -> int:
            return shown_by(connection) + self._passed + self._database

        monkeypatch.setattr(clock, "_steady_ns", lambda which: steady(which) + self._passed)
        monkeypatch.setattr(clock, "machine_ns", lambda: machine() + self._passed + self._machine)
        monkeypatch.setattr(reference, "shown_by", database_ns)
        # Whatever a test leaves.
        monkeypatch.setattr(clock, "_ahead_ns", time.time_ns() - clock.steady_ns())

    def set_machine(self, s: float) -> None:
        """Someone sets the machine's clock: it is so many seconds ahead."""
        self._machine = round(s * _S)

    def set_database(self, s: float) -> None:
        """Someone sets the clock of the database's machine."""
        self._database = round(s * _S)

    def set_reference(self, dialect: str, s: float) -> None:
        """Someone sets the one that the servers go by."""
        (self.set_machine if dialect == "sqlite" else self.set_database)(s)

    def stand_still(self, s: float) -> None:
        """The machine did not run for so long, and does not know: time passed for all others."""
        self._machine += round(s * _S)
        self._database += round(s * _S)

    def let_pass(self, s: float) -> None:
        """So many seconds pass."""
        self._passed += round(s * _S)

    async def look(self, keeper: Timekeeper, s: int = 1) -> None:
        """So many seconds pass, with a look after each."""
        for _ in range(s):
            self.let_pass(1)
            await keeper.check()


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Clocks that the test sets."""
    return Clocks(monkeypatch)
