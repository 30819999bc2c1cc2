"""How late a broadcast's viewers see the picture: median and slowest tenth of what they report.

The server draws a sample of the viewers when they join, by a keyed hash of their network, so that
nobody can choose to be in it, or come again until it is. One report of each counts in a period, and
no viewer's own number is kept: only how many reported each rounded delay. Pure; the caller gives
the time.
"""

from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from secrets import token_bytes
from typing import NamedTuple

MOST_MS = 60_000
# A page reports about once in a period.
PERIOD_S = 30.0
# All of so few viewers are asked; of n more than that, SAMPLE * ln(n / SAMPLE) more.
SAMPLE = 100
# Of fewer viewers, the slowest tenth would be none.
_TENTH_FROM = 10


class DelayFigures(NamedTuple):
    """The median, the least delay of the slowest tenth (None for few viewers), both in ms, and the
    number of viewers who reported.
    """

    median_ms: int
    slowest_tenth_ms: int | None
    viewers: int


class ViewerDelays:
    """The delays that a broadcast's viewers report."""

    def __init__(self, draw: Callable[[str], float] | None = None) -> None:
        # Of each broadcast another one.
        self._draw = draw or keyed_draw(token_bytes(16))
        # The network of each viewer who is asked.
        self._asked: dict[str, str] = {}
        # Of this period: who joined, and how many of a network left after their report.
        self._fresh: set[str] = set()
        self._left: Counter[str] = Counter()
        self._period = 0
        self._counted: set[str] = set()
        self._now: Counter[int] = Counter()
        self._before: Counter[int] = Counter()

    def ask(self, viewer: str, viewers: int, address: str | None = None) -> bool:
        """Return whether to ask this viewer, who joins as one of `viewers`, for reports.

        `address` is its IPv4 address, or the /64 of its IPv6 address; None: it counts by itself.
        """
        network = viewer if address is None else _network(address)
        asked = self._draw(network) * viewers < SAMPLE
        if asked:
            self._asked[viewer] = network
            self._fresh.add(viewer)
        return asked

    def asks(self, viewer: str) -> bool:
        """Return whether this viewer is asked for reports."""
        return viewer in self._asked

    def forget(self, viewer: str) -> None:
        """Ask the viewer no more; what it reported stays in the figures for a while."""
        network = self._asked.pop(viewer, None)
        self._fresh.discard(viewer)
        if network is not None and viewer in self._counted:
            self._counted.discard(viewer)
            self._left[network] += 1

    def report(self, viewer: str, ms: int, now: float) -> None:
        """Count a report, unless the viewer was not asked or has reported in this period.

        The report of a viewer who left stands in for that of one who joins in the same period from
        the same network: who leaves and joins again has one vote all the same.
        """
        self._advance(now)
        network = self._asked.get(viewer)
        if network is None or viewer in self._counted:
            return
        self._counted.add(viewer)
        if viewer in self._fresh and self._left[network] > 0:
            self._left[network] -= 1
        else:
            self._now[_rounded(min(max(ms, 0), MOST_MS))] += 1

    def clear(self) -> None:
        """Forget what was reported: viewers get another source."""
        self._now.clear()
        self._before.clear()
        self._begin_period()

    def figures(self, now: float) -> DelayFigures | None:
        """Return the figures of this period or the one before, whichever has more reports; None
        without a report.
        """
        self._advance(now)
        counts = max(self._now, self._before, key=Counter.total)
        total = counts.total()
        if not total:
            return None
        tenth = _at(counts, total * 9 // 10) if total >= _TENTH_FROM else None
        return DelayFigures(_at(counts, (total - 1) // 2), tenth, total)

    def _advance(self, now: float) -> None:
        period = int(now // PERIOD_S)
        if period == self._period:
            return
        self._before = self._now if period == self._period + 1 else Counter()
        self._now = Counter()
        self._period = period
        self._begin_period()

    def _begin_period(self) -> None:
        self._counted.clear()
        self._fresh.clear()
        self._left.clear()


def keyed_draw(key: bytes) -> Callable[[str], float]:
    """Return what gives each network a number below 1 that only who has the key can foresee."""

    def draw(network: str) -> float:
        digest = blake2b(network.encode(), digest_size=6, key=key).digest()
        return int.from_bytes(digest, "big") / (1 << 48)

    return draw


def _network(address: str) -> str:
    """Return the /24 of an IPv4 address; others come as the network that they are in."""
    start, dot, _ = address.rpartition(".")
    return f"{start}.0/24" if dot and ":" not in address else address


def _rounded(ms: int) -> int:
    """Return the number with two significant digits."""
    step: int = 10 ** max(0, len(str(ms)) - 2)
    return (ms + step // 2) // step * step


def _at(counts: Counter[int], rank: int) -> int:
    """Return the delay with this rank, 0 the least."""
    for delay in sorted(counts):
        rank -= counts[delay]
        if rank < 0:
            return delay
    raise ValueError("the rank is not below the number of reports")
