"""A viewer behind a link that is hardly wider than the stream, or narrower: a token bucket with a
queue, as `tbf` has it, and a player that reports, asks again and counts what it got.
"""

from collections import deque
from typing import Any

from tests.media.support import packets
from tests.media.support.scripted_peers import (
    DELTA,
    DISPOSABLE,
    KEY,
    SSRCS,
    VIEWING,
    Kept,
    Source,
    viewer,
)

from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.output.catch_up import wants_sender_report
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

STEP_S = 0.004
# The round trip beside the queue, what each packet has beside its plain bytes, and the bucket.
RTT_S, HEAD, BURST = 0.04, 58, 16_000
# A source of 1.6 Mbit/s that answers requests for keyframes.
FPS, PARTS, KEY_PARTS, SIZE, ANSWER_S = 30, 6, 75, 1_100, 0.1
REPORT_S, ASKED_MOST = 1.0, 10


class Queue:
    """A token bucket: `rate` in kbit/s, None for no limit, and the longest wait in its queue."""

    def __init__(self, rate: float | None, latency_s: float) -> None:
        self.rate, self.latency_s = rate, latency_s
        self._free_at = 0.0
        self.dropped = 0

    def passes(self, octets: int, now: float) -> float | None:
        """When this packet is through; None if it is dropped."""
        if self.rate is None:
            return now
        second = self.rate * 125
        # The bucket is a time that the link may be ahead by.
        self._free_at = max(self._free_at, now - BURST / second)
        if self._free_at - now > self.latency_s:
            self.dropped += 1
            return None
        self._free_at += octets / second
        return max(now, self._free_at)


class Player(Kept):
    """What comes out of the link, when, and what the player makes of it."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self.queue, self.now = queue, 0.0
        self.coming: deque[tuple[float, packets.Received]] = deque()
        self.sound: list[float] = []
        self.sound_lost: list[float] = []
        self.pictures: list[float] = []
        # The parts of frames by timestamp and number: their payload, and whether the frame ends.
        self._frames: dict[int, dict[int, tuple[bytes, bool]]] = {}
        self._shown = -1
        self.highest, self.came = -1, 0
        self._first: int | None = None
        self.missing: dict[int, tuple[int, float]] = {}

    def take(self, run: GsoBatch) -> None:
        for data in run.packets:
            received = packets.parse(data)
            at = self.queue.passes(len(data) + HEAD, self.now)
            if at is not None:
                self.coming.append((at, received))
            elif received.ssrc == SSRCS.audio:
                self.sound_lost.append(self.now)
            if received.ssrc == SSRCS.audio and at is not None:
                self.sound.append(at - self.now)

    def hear(self, now: float) -> None:
        """Take what has come."""
        while self.coming and self.coming[0][0] <= now:
            _, received = self.coming.popleft()
            packet = received.packet
            if received.ssrc == SSRCS.video:
                self._note(packet.sequence, now)
                self._part(packet.sequence, packet, packet.payload, now)
            elif received.ssrc == SSRCS.retransmission:
                number = int.from_bytes(packet.payload[:2], "big")
                self.missing.pop(number, None)
                self._part(number, packet, packet.payload[2:], now)

    def _note(self, number: int, now: float) -> None:
        self.came += 1
        if self._first is None:
            self._first = number
        elif number > self.highest:
            for each in range(self.highest + 1, number):
                self.missing[each] = (0, now)
        self.missing.pop(number, None)
        self.highest = max(self.highest, number)

    def _part(self, number: int, packet: Packet, payload: bytes, now: float) -> None:
        """Take a part of a frame, and show what is whole now: a keyframe, or the frame after the
        last one.
        """
        self._frames.setdefault(packet.timestamp, {})[number] = (payload, packet.marker)
        while (last := self._next_whole()) is not None:
            self._shown = last
            self.pictures.append(now)
            self._frames = {at: each for at, each in self._frames.items() if max(each) > last}

    def _next_whole(self) -> int | None:
        """The last number of a frame that can be shown."""
        for frame in self._frames.values():
            first, last = min(frame), max(frame)
            begins = frame[first][0][:4]
            is_next = begins == KEY or (begins in (DELTA, DISPOSABLE) and first == self._shown + 1)
            if is_next and frame[last][1] and last - first + 1 == len(frame):
                return last
        return None


class Scene:
    """A source on air, and one viewer behind a link."""

    def __init__(
        self,
        kbps: float | None,
        latency_s: float = 0.3,
        key_parts: int = KEY_PARTS,
        temporal: bool = False,
        pace_kbps: float = float("inf"),
    ) -> None:
        self.fanout, self.key_parts = Fanout(SSRCS), key_parts
        # How fast the source's packets come at most, and those that have yet to come.
        self.pace_kbps = pace_kbps
        self._coming: deque[tuple[float, Packet]] = deque()
        self._came_at = 0.0
        # Whether no other frame refers to every second one.
        self.temporal = temporal
        self.source = Source(self.fanout)
        self.queue = Queue(kbps, latency_s)
        self.player = Player(self.queue)
        one, _ = viewer(1, VIEWING)
        protection: Any = self.player
        one.protection = protection
        self.viewer: Viewer = one
        self.now = 0.0
        self._keyframe_at, self._owed = 0.0, 0
        self._last_report: tuple[float, float] | None = None
        self._reports: deque[tuple[float, float]] = deque()
        self._checks: deque[tuple[float, float]] = deque()
        self._steps = 0
        self._sound = 0
        self._due = dict.fromkeys(("frame", "sound", "tick", "second", "report"), 0.0)
        self.fanout.put_on_air(self.source.publisher)
        self.requests = 0

    def join(self) -> None:
        self.viewer.link = LinkEstimate(self.now)
        # As the answer to our connectivity check shows it.
        self.viewer.link.measured(RTT_S, self.now)
        self.fanout.add(self.viewer, self.now)
        self._report()

    def _is_due(self, what: str, every_s: float) -> bool:
        if self.now < self._due[what]:
            return False
        self._due[what] = max(self._due[what] + every_s, self.now)
        return True

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += STEP_S
            self.player.now = self.now
            self._step()

    def _step(self) -> None:
        now, fanout = self.now, self.fanout
        if self._is_due("frame", 1 / FPS):
            self._frame(now >= self._keyframe_at)
        while self._coming and self._coming[0][0] <= now:
            self.source.send(self._coming.popleft()[1], now)
        if self._is_due("sound", 0.02):
            self._sound += 1
            sound = Packet(self._sound & 0xFFFF, self._sound * 960, False, bytes(120))
            self.source.send(sound, now, 111, 6)
        if self._is_due("tick", 0.1):
            fanout.request_keyframes(now)
            for each in fanout.probe(now)[0]:
                each.selector.watch.asked(now)
                at = self.queue.passes(100 + HEAD, now)
                if at is not None:
                    self._checks.append((at + RTT_S, at - now + RTT_S))
            told = self.source.publisher.feedback(now, report=False)
            if told and any(isinstance(each, rtcp.KeyframeRequest) for each in rtcp.parse(told)):
                self.requests += 1
                self._keyframe_at = now + ANSWER_S
        if self._is_due("second", 1.0):
            self.source.publisher.measure(now)
            if self.viewer.peer in fanout.viewers:
                fanout.run_each_second(self.viewer, now)
                seconds = round(now)
                if wants_sender_report(self.viewer, seconds <= 5 or seconds % 5 == 0, now):
                    self._report()
        if fanout.joining.catching:
            fanout.send_bursts(now)
            for _ in fanout.joining.take_measuring():
                self._report()
        self.player.hear(now)
        while self._reports and self._reports[0][0] <= now:
            self._last_report = self._reports.popleft()
        while self._checks and self._checks[0][0] <= now:
            fanout.record_check(self.viewer, self._checks.popleft()[1], now)
        self._ask()
        if self.viewer.peer in fanout.viewers and self._is_due("report", REPORT_S):
            self._tell()

    def _frame(self, keyframe: bool) -> None:
        if keyframe:
            self._keyframe_at = float("inf")
        # Later frames make up for what a keyframe had more.
        parts = self.key_parts if keyframe else max(1, PARTS - self._owed)
        self._owed = max(0, self._owed + parts - PARTS)
        stamp = (self.source.frame * 3_000) & 0xFFFFFFFF
        is_disposable = self.temporal and not keyframe and self.source.frame % 2 == 1
        rest = b"\x20" if is_disposable else b"\x00"
        for part in range(parts):
            first = KEY if keyframe else DISPOSABLE if is_disposable else DELTA
            payload = (first if part == 0 else rest) + bytes(SIZE)
            packet = Packet(self.source.sequence, stamp, part == parts - 1, payload)
            self._came_at = max(self._came_at, self.now) + SIZE / 125 / self.pace_kbps
            self._coming.append((self._came_at, packet))
            self.source.sequence = (self.source.sequence + 1) & 0xFFFF
        self.source.frame += 1

    def _report(self) -> None:
        """A sender report goes to the viewer."""
        at = self.queue.passes(100 + HEAD, self.now)
        if at is not None:
            self._reports.append((at + RTT_S, at - self.now))

    def _tell(self) -> None:
        """The player reports."""
        player = self.player
        if player.highest < 0:
            return
        expected = player.highest - (player._first or 0) + 1
        lost = expected - player.came
        answered, self._last_report = self._last_report, None
        took = None if answered is None else answered[1] + RTT_S
        held = 0.0 if answered is None else self.now - answered[0]
        block = rtcp.ReceiverReport(
            SSRCS.video, 0, lost, player.highest, 0, 0, round(held * 65_536)
        )
        round_trip = None if took is None else RoundTrip(took, self.now - took - held)
        self.fanout.record_report(self.viewer, block, self.now, round_trip)
        for _ in self.fanout.joining.take_measuring():
            self._report()

    def _ask(self) -> None:
        """The player asks again for what is missing, each a few times, a round trip apart."""
        due = []
        for number, (tries, at) in list(self.player.missing.items()):
            if tries >= ASKED_MOST:
                del self.player.missing[number]
                self.fanout.keyframe_requested(self.viewer, self.now)
            elif self.now - at >= (0.02 if not tries else RTT_S + 0.02):
                due.append(number)
                self.player.missing[number] = (tries + 1, self.now)
        if due:
            self.fanout.repair(self.viewer, rtcp.Nack(SSRCS.video, tuple(due)), self.now)
