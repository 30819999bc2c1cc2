"""Outages of a server's dependencies: database, disks, Redis, a mail server.

Each is logged when it begins, once a minute with a count while it lasts, and when it ends.
`/readyz` and `/metrics` read the counts (`operations`). The code that uses a dependency calls
`failed` and `recovered`, from any thread.
"""

import threading
import time
from collections.abc import Callable, Iterator

import structlog

LOG_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


def reason_of(error: BaseException) -> str:
    """Return the first line of an error, or its class name.

    The lines below may hold personal data: PostgreSQL puts the values of a row there.
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class DependencyHealth:
    """One dependency; it is up until `failed` is called.

    `needed`: the server is not ready while it fails. `lost` and `back` are the log's messages.
    """

    def __init__(
        self,
        name: str,
        *,
        needed: bool = False,
        lost: str = "",
        back: str = "",
        what_to_do: str = "",
        clock: Callable[[], float] = time.monotonic,
    ):
        self.name, self.needed, self.what_to_do = name, needed, what_to_do
        self.reason = ""
        self.failures = 0
        """Failures since the server started."""
        self.last_reason = ""
        """Why it failed the last time, also where it is back."""
        self._last_at: float | None = None
        self._lost = lost or f"{name} is failing"
        self._back = back or f"{name} is back"
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._unlogged = 0
        self._log_from = float("-inf")
        self._was_logged = False

    @property
    def failing(self) -> bool:
        """Whether it fails at present."""
        return self._since is not None

    @property
    def lasts_s(self) -> float:
        """Seconds since the outage began; 0 if there is none."""
        since = self._since
        return 0.0 if since is None else self._clock() - since

    @property
    def failed_s(self) -> float | None:
        """Seconds since its last failure; None if it never failed."""
        last = self._last_at
        return None if last is None else self._clock() - last

    def failed(self, reason: str, times: int = 1) -> None:
        """Count a failure. `reason` is logged, so it must hold no personal data."""
        with self._lock:
            now = self._clock()
            if self._since is None:
                self._since, self._was_logged = now, False
            self.reason = self.last_reason = reason
            self._last_at = now
            self.failures += times
            self._unlogged += times
            if now < self._log_from:
                return
            self._log_from = now + LOG_EVERY_S
            self._was_logged = True
            times, self._unlogged = self._unlogged, 0
            lasts_s = round(now - self._since)
        more = {"what_to_do": self.what_to_do} if self.what_to_do else {}
        _log.error(self._lost, reason=reason, times=times, for_s=lasts_s, **more)

    def recovered(self) -> None:
        """End the outage, if there is one."""
        if self._since is None:  # the usual case, called often
            return
        with self._lock:
            if self._since is None:
                return
            lasts_s = round(self._clock() - self._since)
            self._since, self.reason = None, ""
            if not self._was_logged:  # the next failure's line counts these, too
                return
            times, self._unlogged = self._unlogged, 0
        _log.warning(self._back, for_s=lasts_s, times_since=times)


class Outages:
    """The outages of a server's dependencies, by name."""

    def __init__(self) -> None:
        self._all: dict[str, DependencyHealth] = {}

    def register(
        self,
        name: str,
        *,
        needed: bool = False,
        lost: str = "",
        back: str = "",
        what_to_do: str = "",
    ) -> DependencyHealth:
        """Return the outage with that name, added if it is new."""
        made = DependencyHealth(name, needed=needed, lost=lost, back=back, what_to_do=what_to_do)
        return self._all.setdefault(name, made)

    def __iter__(self) -> Iterator[DependencyHealth]:
        return iter(list(self._all.values()))

    def failing(self, *, needed: bool = False) -> list[DependencyHealth]:
        """Return those that fail at present; with `needed` only those that readiness needs."""
        return [each for each in self if each.failing and (each.needed or not needed)]
