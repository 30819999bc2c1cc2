"""What is done by the clock."""

from typing import Any

import pytest

from farmlive.media.engine.python import timers
from farmlive.media.engine.python.net.sockets import Ports
from farmlive.media.engine.python.timers import Timers


class Clocks:
    """In the place of the time module: a steady clock and the wall's, which is `ahead` of it."""

    def __init__(self) -> None:
        self.now, self.ahead, self.interrupted_s = 50.0, 950.0, 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        self.now += self.interrupted_s
        return self.now + self.ahead


def test_the_clocks_are_apart_by_what_was_read_until_someone_sets_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks: Any = Clocks()
    monkeypatch.setattr(timers, "time", clocks)
    kept = Timers({}, Ports(), lambda now: None, lambda peer, now: False)
    kept._read_clocks()
    assert kept.wall_ahead == 950.0
    clocks.interrupted_s = 0.04
    kept._read_clocks()
    assert kept.wall_ahead == 950.0, "an interrupted reading is no news"
    clocks.interrupted_s, clocks.ahead = 0.0, 950.004
    kept._read_clocks()
    assert kept.wall_ahead == 950.0, "nobody sets a clock by so little"
    clocks.ahead = 1_950.0
    kept._read_clocks()
    assert kept.wall_ahead == 1_950.0
