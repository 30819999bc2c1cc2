"""Viewers on wide links whose receivers stand still for a moment each second, as busy phones do."""

import random
from typing import Any

import pytest
from tests.media.support.scripted_peers import DELTA, KEY, SSRCS, Kept, Source, hear_plainly, viewer

from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.output.catch_up import burst_interval_s, wants_sender_report
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

RTT_S, STEP_S, REPORT_S = 0.0004, 0.004, 0.2
STALL_EVERY_S, STALL_S = 1.0, 0.25
VIEWERS = 40


class Receiver:
    """A viewer that reports five times a second. While it stands still it reads nothing and sends
    nothing; `reads_late`: the time of what came meanwhile is when it was read, else its reports
    were begun before, and are sent after.
    """

    def __init__(self, one: Viewer, kept: Kept, now: float, begins_in: float) -> None:
        self.one, self.kept = one, kept
        self.second_at, self.seconds = now + 1.0, 0
        self.report_at = now + begins_in
        # The last sender report: when it left, and when it was read.
        self.sender_report = (now, now)
        self.answered = 0.0


class Crowd:
    """A broadcast, and its viewers, of whom a share is hit by each stall; the others are not."""

    def __init__(self, share: float, reads_late: bool) -> None:
        self.fanout, self.now = Fanout(SSRCS), 0.0
        self.source = Source(self.fanout)
        self.fanout.put_on_air(self.source.publisher)
        self.chance, self.share, self.reads_late = random.Random(1), share, reads_late
        self.receivers: list[Receiver] = []
        self._frame_at, self._tick_at, self._burst_at = 0.0, 0.0, 0.0
        self._keyframe_at = 0.0
        self.narrowed = 0

    def join(self) -> None:
        one, kept = viewer(len(self.receivers) + 1)
        one.link = LinkEstimate(self.now)
        one.link.measured(RTT_S, self.now)
        self.fanout.add(one, self.now)
        receiver = Receiver(one, kept, self.now, self.chance.random() * REPORT_S)
        self.receivers.append(receiver)
        self._send_report(receiver)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += STEP_S
            self._send_media()
            for receiver in self.receivers:
                self._hear(receiver)
            catching = self.fanout.joining.catching
            if catching and self.now >= self._burst_at:
                self.fanout.send_bursts(self.now)
                self._burst_at = self.now + burst_interval_s(len(catching))
                self._measure()

    def _send_media(self) -> None:
        if self.now >= self._frame_at:
            self._frame_at += 1 / 30
            first = KEY if self.now >= self._keyframe_at else DELTA
            self._keyframe_at = float("inf") if first is KEY else self._keyframe_at
            for part in range(6):
                payload = (first if part == 0 else b"\x00") + bytes(1_029)
                stamp = (self.source.frame * 3_000) & 0xFFFFFFFF
                self.source.send(Packet(self.source.sequence, stamp, part == 5, payload), self.now)
                self.source.sequence = (self.source.sequence + 1) & 0xFFFF
            self.source.frame += 1
        if self.now >= self._tick_at:
            self._tick_at += 0.1
            self.source.publisher.measure(self.now)
            self.fanout.request_keyframes(self.now)
            told = self.source.publisher.feedback(self.now, report=False)
            if told and any(isinstance(each, rtcp.KeyframeRequest) for each in rtcp.parse(told)):
                self._keyframe_at = self.now + 0.03

    def _stall_ends(self, when: float) -> float | None:
        since = when % STALL_EVERY_S
        return when - since + STALL_S if since < STALL_S else None

    def _send_report(self, receiver: Receiver) -> None:
        receiver.one.train.report_left(self.now)
        read_at = self.now + RTT_S / 2
        ends = self._stall_ends(read_at)
        if self.reads_late and ends is not None and self.chance.random() < self.share:
            read_at = ends
        receiver.sender_report = (self.now, read_at)

    def _measure(self) -> None:
        due: list[Any] = self.fanout.joining.take_measuring()
        for one in due:
            self._send_report(self.receivers[one.peer - 1])

    def _hear(self, receiver: Receiver) -> None:
        one, now = receiver.one, self.now
        if now >= receiver.second_at:
            receiver.second_at += 1.0
            receiver.seconds += 1
            self.fanout.run_each_second(one, now)
            usual = receiver.seconds <= 5 or receiver.seconds % 5 == 0
            if wants_sender_report(one, usual, now):
                self._send_report(receiver)
        ends = self._stall_ends(receiver.report_at)
        if now < receiver.report_at or (ends is not None and now < ends) or not receiver.kept.video:
            return
        is_hit = not self.reads_late and ends is not None and self.chance.random() < self.share
        receiver.report_at += REPORT_S
        was_narrow = one.link.state == "narrow"
        if one.link.wants_report(now):
            block = rtcp.ReceiverReport(
                SSRCS.video, 0, 0, receiver.kept.video[-1].sequence, 0, 0, 0
            )
            round_trip = self._answer(receiver, STALL_S if is_hit else 0.0)
            self.fanout.record_report(one, block, now, round_trip)
            self._measure()
        self.narrowed += one.link.state == "narrow" and not was_narrow

    def _answer(self, receiver: Receiver, waited_s: float) -> RoundTrip | None:
        sent_at, read_at = receiver.sender_report
        if read_at > self.now:
            return None
        is_first, receiver.answered = sent_at != receiver.answered, sent_at
        return RoundTrip(read_at - sent_at + RTT_S / 2 + waited_s, sent_at, is_first)


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.mark.parametrize("reads_late", [False, True])
@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_no_stall_is_taken_for_a_narrow_link(share: float, reads_late: bool) -> None:
    crowd = Crowd(share, reads_late)
    crowd.run(3.0)
    # The second half joins behind.
    for half in range(2):
        for _ in range(VIEWERS // 2):
            crowd.join()
        crowd.run(1.2 if half == 0 else 1.5)
    catching = [each.one for each in crowd.receivers if each.one.forwarder is None]
    assert catching == [], "who joined behind has caught up"
    crowd.run(4.0)
    assert crowd.narrowed == 0
    # Whose every window ends with a late report stays unknown.
    assert share == 1 or "wide" in {each.one.link.state for each in crowd.receivers}
