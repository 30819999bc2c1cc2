"""How fast one viewer may be sent packets, and how it joins a group of pictures by that.

Pure decisions from numbers and times; link_estimate.py finds what the link carries.
"""

from typing import Literal

# A link that nobody knows is sent twice the stream's rate, but never less than this.
_JOIN_FACTOR, _JOIN_LEAST_KBPS = 2.0, 1_000.0
# The rate of a stream that has not been measured yet.
TYPICAL_KBPS = 1_250.0
# A joiner gets the group that the ring holds if it leaves within this time, in seconds.
_SMALL_S = 0.25
# If no keyframe can be requested for longer than this, a joiner gets what there is meanwhile,
# hardly faster than it comes: a link that carries the stream carries that.
_PATIENCE_S = 0.1
_GENTLE_FACTOR = 1.12
# What may leave at once, in bytes: at the join and later.
_JOIN_OCTETS, _OCTETS = 16_000.0, 5_000.0

Join = Literal["group", "gently", "wait"]


def join_plan(octets: int, kbps: float, answers: bool, wait_s: float) -> Join:
    """Decide how a viewer joins a group of pictures of which `octets` have come.

    `kbps` is how fast it may be sent, `answers` whether the source answers keyframe requests, and
    `wait_s` how long the next request must wait. *gently*: with the group, hardly faster than it
    comes: at first the viewer is a little behind.
    """
    if not answers or octets <= kbps * 125 * _SMALL_S:
        return "group"
    return "gently" if wait_s > _PATIENCE_S else "wait"


def unhindered_kbps(stream_kbps: float, gently: bool) -> float:
    """Return how fast a stream of this rate may be sent while nothing shows a limit."""
    factor = _GENTLE_FACTOR if gently else _JOIN_FACTOR
    return max(_JOIN_LEAST_KBPS, factor * (stream_kbps or TYPICAL_KBPS))


class Pace:
    """What may leave to one viewer: a token bucket. Times are in seconds."""

    __slots__ = ("_at", "_is_limited", "_tokens", "busy_octets", "busy_s", "octets")

    def __init__(self, now: float) -> None:
        # For how long of the window the pace was the limit, what was sent meanwhile, and what in
        # all.
        self.busy_s, self.busy_octets, self.octets = 0.0, 0, 0
        self._is_limited = False
        self._tokens, self._at = _JOIN_OCTETS, now

    def open_window(self) -> None:
        """Measure anew for how long the pace is the limit."""
        self.busy_s, self.busy_octets, self.octets = 0.0, 0, 0

    def may_send(self, kbps: float, now: float, *, measures: bool = True) -> float:
        """Return how many octets may leave now at this pace; `spent` takes them. None may leave
        while this is at most 0. `measures`: what leaves at this pace shows what the link carries.
        """
        # Whoever could send much more before does not send all of it now.
        depth, since_s = max(_OCTETS, self._tokens), max(0.0, now - self._at)
        self._tokens += since_s * kbps * 125
        self._is_limited = measures and self._tokens < depth
        if self._is_limited:
            self.busy_s += since_s
        self._tokens = min(self._tokens, depth)
        self._at = now
        return self._tokens

    def spent(self, octets: int) -> None:
        """Take these octets from what may leave."""
        self._tokens -= octets
        self.octets += octets
        if self._is_limited:
            self.busy_octets += octets

    def take(self, octets: int) -> None:
        """Take the octets of a repair, which are none of the stream's."""
        self._tokens -= octets
