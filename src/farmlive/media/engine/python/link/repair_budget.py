"""What of one viewer's link is for repairs, and which packets were repaired lately.

What is sent and what is sent again must fit together (RFC 4588, section 7). Pure decisions from
numbers and times; link_estimate.py finds what the link carries.
"""

from collections.abc import Iterable
from typing import Literal

from farmlive.media.engine.python.link.pace import TYPICAL_KBPS

# Repairs: the share of the link, which counts as this much at least while nothing shows a limit.
_LEAST_KBPS = 500.0
# That share, and of what a wide link's stream takes another one; the depth of the buckets in
# seconds; the wait for the same packet without a known round trip, and with one at least; how many
# packets are remembered. A wide link's bucket holds what an interruption of most of a second lost.
_SHARE, _DEPTH_S = 0.2, 1.0
_WIDE_SHARE, _WIDE_DEPTH_S = 0.35, 2.5
_AGAIN_S, _AGAIN_LEAST_S = 0.05, 0.02
_REMEMBERED = 256

Repair = Literal["send", "skip", "beyond", "refuse"]


def repair_kbps(stream_kbps: float) -> float:
    """Return what a link counts as for repairs of this stream while nothing shows a limit."""
    return max(_LEAST_KBPS, stream_kbps or TYPICAL_KBPS)


class RepairBudget:
    """The repairs of one viewer; times are in seconds."""

    __slots__ = ("_at", "_octets", "_sent")

    def __init__(self, now: float) -> None:
        self._octets, self._at = 0.0, now - _WIDE_DEPTH_S
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
        again_s = _AGAIN_S if round_trip_s is None else max(round_trip_s, _AGAIN_LEAST_S)
        return before == number and now - at < again_s

    def take(self, octets: int, kbps: float, now: float, alone: bool) -> bool:
        """Take these octets from the share of a link that carries `kbps`; False if they are beyond
        it. `alone`: nothing else of the picture is sent.
        """
        return self._take(
            octets, 125 * kbps * (1.0 if alone else _SHARE), 125 * kbps * _SHARE * _DEPTH_S, now
        )

    def take_wide(self, octets: int, kbps: float, now: float) -> bool:
        """Take these octets from what a stream of `kbps` on a wide link has for repairs; False if
        they are beyond it.
        """
        rate = 125 * kbps * _WIDE_SHARE
        return self._take(octets, rate, rate * _WIDE_DEPTH_S, now)

    def _take(self, octets: int, rate: float, depth: float, now: float) -> bool:
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
