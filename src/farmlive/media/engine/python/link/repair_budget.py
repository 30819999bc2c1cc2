"""What of one viewer's link is for repairs, and which packets were repaired lately.

Pure decisions from numbers and times; link_estimate.py finds what the link carries.
"""

from collections.abc import Iterable
from typing import Literal

from farmlive.media.engine.python.link.pace import TYPICAL_KBPS

# Repairs: the share of the link, which counts as this much at least while nothing shows a limit.
_LEAST_KBPS = 500.0
# That share, the depth of their bucket in seconds, the wait for the same packet without a known
# round trip, and how many packets are remembered.
_SHARE, _DEPTH_S, _AGAIN_S = 0.2, 1.0, 0.05
_REMEMBERED = 256

Repair = Literal["send", "skip", "beyond"]


def repair_kbps(stream_kbps: float) -> float:
    """Return what a link counts as for repairs of this stream while nothing shows a limit."""
    return max(_LEAST_KBPS, stream_kbps or TYPICAL_KBPS)


class RepairBudget:
    """The repairs of one viewer; times are in seconds."""

    __slots__ = ("_at", "_octets", "_sent")

    def __init__(self, now: float) -> None:
        self._octets, self._at = 0.0, now - _DEPTH_S
        # The packets that were repaired last: number and time, by number.
        self._sent: list[tuple[int, float]] | None = None

    def count_new(self, numbers: Iterable[int]) -> int:
        """Return how many of the packets that a viewer asks for were not sent again before."""
        if self._sent is None:
            return sum(1 for _ in numbers)
        return sum(self._sent[number % _REMEMBERED][0] != number for number in numbers)

    def was_sent(self, number: int, round_trip_s: float | None, now: float) -> bool:
        """Return whether the packet was sent again within the last round trip."""
        if self._sent is None:
            return False
        before, at = self._sent[number % _REMEMBERED]
        again_s = _AGAIN_S if round_trip_s is None else round_trip_s
        return before == number and now - at < again_s

    def take(self, octets: int, kbps: float, now: float, alone: bool) -> bool:
        """Take these octets from the share of a link that carries `kbps`; False if they are beyond
        it. `alone`: nothing else of the picture is sent.
        """
        rate = 125 * kbps * (1.0 if alone else _SHARE)
        depth = 125 * kbps * _SHARE * _DEPTH_S
        self._octets = min(depth, self._octets + max(0.0, now - self._at) * rate)
        self._at = now
        if self._octets < octets:
            return False
        self._octets -= octets
        return True

    def remember(self, number: int, now: float) -> None:
        """Record that the packet is sent again."""
        if self._sent is None:
            self._sent = [(-1, 0.0)] * _REMEMBERED
        self._sent[number % _REMEMBERED] = (number, now)
