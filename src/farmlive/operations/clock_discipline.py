"""Clock discipline: derives the time from a reference clock that may be set, the database's or the
machine's.

Pure: it reads no clock. Small differences are slewed. After a step of the reference the time
continues as before, until the reference has kept pace with the monotonic clock for a while.
"""

from enum import Enum

_MS = 1_000_000
_S = 1000 * _MS
# A larger difference is a step, and the machine's clock or the database's is wrong.
STEP_NS = 2 * _S
# How long the reference must keep pace after a step before its new time counts, checked at least
# every two seconds: one check after a long pause proves nothing.
AGREES_NS = 30 * _S
MIN_READINGS = 15
# Tolerance meanwhile, for the uncertainty of readings and the machine's load.
PACE_NS = _S // 2
# While slewing, time runs at most a tenth faster or slower.
SLEW = 10
# A smaller difference is ignored.
_STILL_NS = _MS


class Verdict(Enum):
    """The result of a reading of the reference."""

    AGREES = "it shows the time"
    OFF = "it is off, and does not count"
    PROVED = "it is off, but has kept pace for long enough to count"


class Discipline:
    """How far the time is `ahead` of the monotonic clock, in nanoseconds, by the reference."""

    def __init__(self, ahead: int):
        self.ahead = ahead
        self._last: int | None = None
        # The offset that a wrong reference would give, since when (monotonic clock), and how often
        # that was found.
        self._candidate: tuple[int, int] | None = None
        self._readings = 0

    def observe(self, steady: int, reference: int, within: int = 0) -> Verdict:
        """Process a reading of the reference, taken at a moment of the monotonic clock, with an
        uncertainty of `within` nanoseconds.
        """
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
            self._candidate, self._readings = (found, steady), 0
        self._readings += 1
        _, since = self._candidate
        if steady - since >= AGREES_NS and self._readings >= MIN_READINGS:
            return Verdict.PROVED
        return Verdict.OFF

    def adopt(self, ahead: int) -> None:
        """Set how far the time is ahead, by the reference or by another server's finding."""
        self.ahead, self._candidate, self._readings = ahead, None, 0
