"""What is done by the clock."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.media.support.scripted_peers import KEY

from farmlive.media.engine.interface import Incoming, Publishing
from farmlive.media.engine.python import timers
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.net.sockets import Ports
from farmlive.media.engine.python.timers import Timers
from farmlive.media.wire import rtcp


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


class Loop:
    """In the place of the event loop: what is to be called, and after how long."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> None:
        self.due.append((delay_s, call))


def test_a_request_that_can_wait_leaves_when_it_is_due_and_not_at_the_next_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks, loop = Clocks(), Loop()
    told: list[bytes] = []
    fake: Any = clocks
    monkeypatch.setattr(timers, "time", fake)
    kept: Any = Timers({}, Ports(), lambda now: None, lambda peer, now: False)
    kept._loop = loop
    video = Incoming("video", 90_000, {96: "VP8"}, pli=True)
    publisher = Publisher(Publishing([video]), 9)
    peer: Any = SimpleNamespace(number=4, publisher=publisher, send_rtcp=told.append)
    kept._publishers[peer.number] = peer
    now = clocks.now
    assert publisher.handle_packet((96, 7, 1, 0, True, KEY, None), now)
    publisher.want_keyframe(patiently=True)
    kept._schedule_patient_request(peer, publisher, now + 1.8)
    assert loop.due == [], "the next tick is before it"
    for _ in range(2):
        kept._schedule_patient_request(peer, publisher, now + 1.95)
    ((delay_s, ask),) = loop.due
    assert delay_s == pytest.approx(0.051)
    clocks.now = now + 1.95 + delay_s
    ask()
    assert [rtcp.KeyframeRequest(7) in list(rtcp.parse(each)) for each in told] == [True]
    publisher.want_keyframe(patiently=True)
    kept._schedule_patient_request(peer, publisher, clocks.now + 1.95)
    assert len(loop.due) == 2
