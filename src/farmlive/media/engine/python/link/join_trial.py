"""Tries an unknown link by the keyframe that a viewer joins with, before anything follows that.

A check leaves in front of the keyframe and another behind it: by how much longer that takes shows
the queue that the keyframe made. On a link far below the stream the rest of the group would only
wait in that queue, with the sound, and a player would go on to expect each picture later than the
last. A busy player answers late, too, so that a long queue is shown twice, the second time by what
follows the keyframe.
Pure decisions from numbers and times; both engines use the same rules.
"""

import math
from typing import NamedTuple

from farmlive.media.engine.python.link.delay_proof import QUEUE_S

# A viewer that has not answered the first check by this time after the keyframe, or can't be
# checked again, is not tried.
_SILENT_S = 0.2
# A check that takes this much longer than the first was lost in a full queue.
_LOST_S = 0.4
# The longest round trip that counts for that.
_LONGEST_S = 0.5
# What shows a long queue for the second time, in bytes: some frames.
_AGAIN_OCTETS = 24_000


class Made(NamedTuple):
    """What was sent made of the link: its octets, the seconds in which it left, and the queue
    behind it in seconds, 0 if nothing tells that.
    """

    octets: int
    took_s: float
    queue_s: float


class JoinTrial:
    """The trial of one join. While it `holds`, the viewer gets nothing more of the group."""

    __slots__ = (
        "_answers",
        "_asked_at",
        "_began_at",
        "_has_asked",
        "_is_again",
        "_left_at",
        "_octets",
        "_queue_s",
        "is_on",
    )

    def __init__(self) -> None:
        self.begin(0.0)
        self.end()

    def begin(self, now: float) -> None:
        """Begin: the keyframe is about to leave."""
        self.is_on = True
        # Whether the first check was sent, and answered.
        self._has_asked = self._answers = False
        # Whether what follows the keyframe is to show the same.
        self._is_again = False
        self._open(now)

    def _open(self, now: float) -> None:
        self._began_at, self._octets = now, 0
        # When all of it had left, when the check behind it, and the queue that this showed.
        self._left_at = self._asked_at = math.inf
        self._queue_s: float | None = None

    def end(self) -> None:
        """End it: the viewer gets something else, or its link is known."""
        self.is_on = False

    @property
    def holds(self) -> bool:
        """Whether what tries the link has left, and nothing is known yet."""
        return self.is_on and self._left_at < math.inf

    @property
    def may_ask(self) -> bool:
        """Whether a check may leave: none may while what tries the link leaves, but the first."""
        return not self.is_on or not self._has_asked or self._left_at < math.inf

    def ends_before(self, is_of_keyframe: bool) -> bool:
        """Return whether all that tries the link has been sent before this packet."""
        return self.is_on and not self._is_again and not is_of_keyframe

    def ends_with(self, is_last: bool, octets: int) -> bool:
        """Return whether all of it has been sent with this packet, the last one of its frame or
        not, and these octets.
        """
        if self._is_again:
            return self.is_on and self._octets + octets >= _AGAIN_OCTETS
        return self.is_on and is_last

    def spent(self, octets: int) -> None:
        """Record that these octets of it were sent."""
        self._octets += octets

    def left(self, now: float) -> None:
        """Record that all of it has been sent: a check is to leave behind it."""
        self._left_at = now

    def asked(self, now: float) -> None:
        """Record that a check was sent."""
        self._has_asked = True
        if self._left_at < math.inf:
            self._asked_at = min(self._asked_at, now)

    def answered(self, queue_s: float) -> None:
        """Record the answer to the last check, and the queue that it shows."""
        self._answers = True
        if self._asked_at < math.inf:
            self._queue_s = queue_s

    def result(self, round_trip_s: float, now: float) -> Made | None:
        """Return what was made of the link once that is known, which ends a trial that holds; None
        before. A long queue is looked for again. `round_trip_s` is the last round trip.
        """
        queue_s = self._queue_s
        within_s = _LOST_S + min(round_trip_s, _LONGEST_S)
        if queue_s is None and now - self._asked_at >= within_s:
            # Or a radio lost it: only an answer shows a long queue for the second time.
            queue_s = _LOST_S if self._answers and not self._is_again else 0.0
        is_asked = self._answers and self._asked_at < math.inf
        if queue_s is None and not is_asked and now - self._left_at >= _SILENT_S:
            queue_s = 0.0
        if queue_s is None:
            return None
        if queue_s > QUEUE_S and not self._is_again:
            self._is_again = True
            self._open(now)
            return None
        self.is_on = False
        return Made(self._octets, self._left_at - self._began_at, queue_s)
