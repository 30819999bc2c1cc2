"""The condition of the database: failures, its last answer, and deadlines counted in the store's
checks.

writer.py and readers.py report here; `/readyz` reads it.
"""

from sqlalchemy.exc import DBAPIError

from farmlive.outages import Outages, reason_of
from farmlive.store.deadlines import DROP_AFTER_S, REQUEST_S, SILENT_S, ticks
from farmlive.store.failures import is_of_disk

REQUEST, SILENT, DROP = ticks(REQUEST_S), ticks(SILENT_S), ticks(DROP_AFTER_S)


class Condition:
    """The condition of one database, as one server sees it."""

    def __init__(self, outages: Outages):
        self.newer = outages.register(
            "database_version",
            needed=True,
            lost="the database is of a newer farmlive than this one, which saves nothing any more",
            back="the database serves this farmlive again",
            what_to_do="Start the newer farmlive in the place of this one.",
        )
        self.away = outages.register(
            "database",
            needed=True,
            lost="the database is away, or takes nothing",
            back="the database is back",
            what_to_do="See that the database runs and that this server reaches it.",
        )
        self.full = outages.register(
            "database_disk",
            needed=True,
            lost="the database's disk takes nothing; no order can be saved",
            back="the database's disk takes what is written again",
            what_to_do="Make room on the database's disk, or see what is wrong with it.",
        )
        self.ticks = 0
        """The number of checks so far."""
        self.answered = 0
        """At which of them the database last answered."""
        self.silent = False
        """Nothing came of it since something was given up."""

    def due(self, within_s: float) -> int:
        """Return the check at which a call made now is due."""
        if self.silent:
            return self.ticks + SILENT
        return self.ticks + (REQUEST if within_s == REQUEST_S else ticks(within_s))

    def answers(self) -> None:
        """Record that it has just answered."""
        self.answered, self.silent = self.ticks, False

    def falls_silent(self, times: int) -> None:
        """Record that this many calls missed their deadlines without any answer in between."""
        self.silent = True
        self.away.failed("it does not answer", times)

    def note(self, error: DBAPIError, times: int) -> None:
        """Record an error of the database that failed this many calls.

        A commit is no proof that the disk works: it may have changed nothing, or found room. Only
        `Store.try_out` clears that failure.
        """
        kind = self.full if is_of_disk(error) else self.away
        kind.failed(reason_of(error.orig or error), times)
