"""Decides what the time is from what a clock that may be set shows: its reference, the database's
clock or the machine's. Pure: it reads none.

Small differences are made up for little by little. After a step of the reference the time goes on
as it went, until the reference has kept pace with the steady clock for a while.
"""

from enum import Enum

_MS = 1_000_000
_S = 1000 * _MS
# More is a step, and the machine's clock or the database's is off.
STEP_NS = 2 * _S
# So long the reference must keep pace after a step before its new time counts, looked at as often
# as once in two seconds: one look after a long pause proves nothing.
AGREES_NS = 30 * _S
LOOKS = 15
# What may come of the looks themselves meanwhile, and of the machine's load.
PACE_NS = _S // 2
# The time goes faster or slower by a tenth at most while a small difference is made up for.
SLEW = 10
# Less is no news.
_STILL_NS = _MS


class Verdict(Enum):
    """What a look at the reference found."""

    AGREES = "it shows the time"
    OFF = "it is off, and does not count"
    PROVED = "it is off, but has kept pace for long enough to count"


class Discipline:
    """How far the time is `ahead` of the steady clock, in nanoseconds, as the reference has it."""

    def __init__(self, ahead: int):
        self.ahead = ahead
        self._last: int | None = None
        # What a reference that is off would have added, since when by the steady clock, and how
        # often that was found.
        self._candidate: tuple[int, int] | None = None
        self._looks = 0

    def see(self, steady: int, reference: int, within: int = 0) -> Verdict:
        """Take what the reference showed at a moment of the steady clock, give or take `within`."""
        found = reference - steady
        off = found - self.ahead
        passed = 0 if self._last is None else max(0, steady - self._last)
        self._last = steady
        if abs(off) <= STEP_NS + within:
            self._candidate = None
            if abs(off) > max(within, _STILL_NS):
                most = passed // SLEW
                self.ahead += max(-most, min(most, off))
            return Verdict.AGREES
        if self._candidate is None or abs(found - self._candidate[0]) > PACE_NS + within:
            self._candidate, self._looks = (found, steady), 0
        self._looks += 1
        _, since = self._candidate
        if steady - since >= AGREES_NS and self._looks >= LOOKS:
            return Verdict.PROVED
        return Verdict.OFF

    def adopt(self, ahead: int) -> None:
        """The time is so far ahead from now on, as the reference has it or another server found."""
        self.ahead, self._candidate, self._looks = ahead, None, 0
