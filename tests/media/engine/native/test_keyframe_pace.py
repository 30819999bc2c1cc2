"""However many viewers need keyframes, both engines ask a source for them at the same pace."""

import itertools
import random
from collections.abc import Callable

import pytest
from tests.media.engine.native.support.random_broadcast import Scenario
from tests.media.engine.native.support.random_publisher import Publisher
from tests.media.engine.native.support.random_viewer import Viewer
from tests.media.engine.native.support.stepped_engines import Hands, PythonHand
from tests.media.engine.native.support.stepped_native import NativeHand

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Viewing
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import ntp

SECONDS = 14.0
VIEWING = Viewing({"VP8": Outgoing(96, 97)}, {"OPUS": Outgoing(111)})
VIDEO = Incoming("video", 90_000, {96: "VP8"}, nack=False, pli=True)
SOUND = Incoming("audio", 48_000, {111: "OPUS"})


class Source(Publisher):
    """A camera in one layer that sends keyframes on request alone, and when it was asked."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario, 1)
        self.link.loss = self.link.jitter = 0.0
        self.codec, self.temporal, self.answers, self.repairs = "VP8", False, True, False
        self.publishing = Publishing([VIDEO, SOUND])
        self.cameras = [self._camera(96, 90_000, 1_500, "")]
        self.sound = self._camera(111, 48_000, 120, "")
        self.wants = {self.cameras[0].ssrc}
        self.group = 1 << 30
        self.asked: list[float] = []

    def hear(self, plain: bytes, now: float) -> None:
        if plain[0] >= 128 and 192 <= plain[1] <= 223:
            reports = rtcp.parse(plain)
            self.asked += [now for each in reports if isinstance(each, rtcp.KeyframeRequest)]
        super().hear(plain, now)


class Asker(Viewer):
    """Asks for a keyframe with each of its reports, which say how long its link's queue is; one
    with a queue loses packets.
    """

    def __init__(self, scenario: "Crowd", number: int, queue_s: float) -> None:
        super().__init__(scenario, number, *scenario.outputs[0])
        self.link.loss, self.link.answers = 0.0, False
        self.viewing, self.long_s, self.since = VIEWING, queue_s, scenario.now

    def report(self, now: float) -> None:
        if self.highest is None:
            return
        queue_s = self.long_s if now - self.since > 1.5 else 0.0
        # A delay without loss that so many see would be the server's.
        self.lost += 6 if queue_s else 0
        sent_at = ntp(self.scenario.wall(now) - 0.05 - queue_s) >> 16 & 0xFFFFFFFF
        highest = self.cycles << 16 | self.highest
        block = rtcp.ReceiverReport(self.ssrcs.video, 0, self.lost, highest, 5, sent_at, 0)
        data = rtcp.receiver_report(self.ssrc, [block])
        data += rtcp.picture_loss(self.ssrc, self.ssrcs.video)
        self.scenario.send(self, self.link.rtcp(data), now)


class Crowd(Scenario):
    """One source, and viewers who join within two seconds."""

    def begin(self, queues_s: list[float]) -> None:
        self.hands.start(self.now)
        self.outputs.append(self.hands.add_output((5, 7)))
        self.source = Source(self)
        self.source.join(self.now)
        self.every(1 / 30, self.source.frame, begin=0.1)
        self.every(0.02, self.source.tone, begin=0.1)
        self.every(0.7, self.source.report, begin=0.3)
        self.every(2.5, lambda now: self.send(self.source, self.source.link.check(), now), begin=2)
        self.hands.put_on_air(self.outputs[0][0], self.source.peer)
        for number, queue_s in enumerate(queues_s):
            self.later(0.5 + 2.0 * number / len(queues_s), self._joins(1_000 + number, queue_s))

    def _joins(self, number: int, queue_s: float) -> Callable[[float], None]:
        def join(now: float) -> None:
            viewer = Asker(self, number, queue_s)
            self.viewers.append(viewer)
            viewer.join(now)
            self.every(0.8, viewer.report, begin=0.3)
            self.every(2.5, lambda at: self.send(viewer, viewer.link.check(), at), begin=2)

        return join


def asked(monkeypatch: pytest.MonkeyPatch, queues_s: list[float]) -> tuple[Crowd, list[float]]:
    """Run both engines with these viewers; return when they asked, from the third second on."""
    crowd = Crowd(Hands(PythonHand(monkeypatch, random.Random(1)), NativeHand()), 1)
    crowd.begin(queues_s)
    crowd.run(SECONDS)
    return crowd, crowd.source.asked


def test_fifty_narrow_viewers_have_a_keyframe_each_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crowd, times = asked(monkeypatch, [0.0, *[0.4] * 50])
    links = [crowd.hands.python.engine.viewer_health(each.peer) for each in crowd.viewers]
    assert sum(each is not None and each.link == "narrow" for each in links) >= 40
    gaps = [later - at for at, later in itertools.pairwise(times)]
    # The wide one beside them may ask for one that cannot wait, in ten seconds.
    assert sum(gap < 1.95 for gap in gaps) <= 2
    assert len(times) <= SECONDS / 2 + 3


def test_wide_viewers_who_go_on_asking_have_three_at_once_and_then_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, times = asked(monkeypatch, [0.0] * 30)
    gaps = [later - at for at, later in itertools.pairwise(times)]
    assert min(gaps) > 0.95
    assert len(times) <= SECONDS / 2 + 3 + SECONDS / 5
