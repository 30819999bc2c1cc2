"""What a server depends on and can lose for a while: its database, its disks, Redis, a mail server.

Each says so in the log when it is lost, once a minute how often since while that lasts, and when it
is back. Here they are counted; `/readyz` and `/metrics` read them (`operations`). Who loses one
says so by `failed` and `recovered`, from whatever thread.
"""

import threading
import time
from collections.abc import Callable, Iterator

import structlog

SAY_AGAIN_S = 60.0

_log = structlog.get_logger(__name__)


def reason_of(error: BaseException) -> str:
    """What an error says, without a person's data: its first line, else what it is called.

    PostgreSQL tells the values of a row in the lines below.
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class Outage:
    """One thing that can be lost; it is there until someone says that it `failed`.

    `needed`: without it the server is not ready. `lost` and `back` are what the log says.
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
        """How often it failed, since the server started."""
        self._lost = lost or f"{name} is failing"
        self._back = back or f"{name} is back"
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._unsaid = 0
        self._say_from = float("-inf")
        self._was_said = False

    @property
    def failing(self) -> bool:
        """Whether it is lost at present."""
        return self._since is not None

    @property
    def lasts_s(self) -> float:
        """For how long it has been lost; 0 where it is there."""
        since = self._since
        return 0.0 if since is None else self._clock() - since

    def failed(self, reason: str, times: int = 1) -> None:
        """It is lost, for this reason, which is logged: no person's data may be in it."""
        with self._lock:
            now = self._clock()
            if self._since is None:
                self._since, self._was_said = now, False
            self.reason = reason
            self.failures += times
            self._unsaid += times
            if now < self._say_from:
                return
            self._say_from = now + SAY_AGAIN_S
            self._was_said = True
            times, self._unsaid = self._unsaid, 0
            lasts_s = round(now - self._since)
        more = {"what_to_do": self.what_to_do} if self.what_to_do else {}
        _log.error(self._lost, reason=reason, times=times, for_s=lasts_s, **more)

    def recovered(self) -> None:
        """It is there again."""
        if self._since is None:  # as nearly always, and often asked
            return
        with self._lock:
            if self._since is None:
                return
            lasts_s = round(self._clock() - self._since)
            self._since, self.reason = None, ""
            if not self._was_said:  # the next time tells of it, within the minute or after it
                return
            times, self._unsaid = self._unsaid, 0
        _log.warning(self._back, for_s=lasts_s, times_since=times)


class Outages:
    """All that a server can lose, by name."""

    def __init__(self) -> None:
        self._all: dict[str, Outage] = {}

    def watch(
        self,
        name: str,
        *,
        needed: bool = False,
        lost: str = "",
        back: str = "",
        what_to_do: str = "",
    ) -> Outage:
        """Have it be one of them, from now on."""
        made = Outage(name, needed=needed, lost=lost, back=back, what_to_do=what_to_do)
        return self._all.setdefault(name, made)

    def __iter__(self) -> Iterator[Outage]:
        return iter(list(self._all.values()))

    def failing(self, *, needed: bool = False) -> list[Outage]:
        """Those that are lost at present; with `needed` those without which it is not ready."""
        return [each for each in self if each.failing and (each.needed or not needed)]
