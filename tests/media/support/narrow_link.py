"""Viewers of a simulcast behind one link with a token bucket and a queue, by the clock of the test.

They answer checks and report each second; their packets wait in the link's queue or overflow it.
"""

import heapq
import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.media.support import packets
from tests.media.support.scripted_peers import SSRCS, VIEWING, Nowhere, outputs_of

from farmlive.media.engine.interface import Incoming, Publishing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import Packet

KBPS = (150, 500, 1_600)
RIDS = ("q", "h", "f")
# Of one way; what a packet has beside its payload; and the packets of a frame.
DELAY_S, _HEADERS, _PART = 0.02, 58, 1_150
_STEP_S, _BURST_OCTETS = 0.002, 16_000


class Link:
    """A bucket of 16 kB that fills at the link's rate, and a queue before it."""

    def __init__(self, kbps: float, queue_s: float) -> None:
        self.queue_s = queue_s
        self.widen(kbps)
        self.dropped = self.octets = 0
        self._tokens, self._at = float(_BURST_OCTETS), 0.0
        self._queue: list[tuple[int, Callable[[float], None]]] = []

    def widen(self, kbps: float) -> None:
        self.rate = kbps * 125

    def put(self, octets: int, arrive: Callable[[float], None], now: float) -> None:
        """Let a packet in, if the queue has room for it."""
        self.run(now)
        if self.octets + octets > self.rate * self.queue_s:
            self.dropped += 1
            return
        self._queue.append((octets, arrive))
        self.octets += octets
        self.run(now)

    def run(self, now: float) -> None:
        """Let out what has its turn by now."""
        while self._queue:
            octets, arrive = self._queue[0]
            when = self._at + max(0.0, octets - self._tokens) / self.rate
            if when > now:
                return
            self._fill(when)
            self._tokens -= octets
            self.octets -= octets
            self._queue.pop(0)
            arrive(when + DELAY_S)
        self._fill(now)

    def _fill(self, now: float) -> None:
        self._tokens = min(_BURST_OCTETS, self._tokens + (now - self._at) * self.rate)
        self._at = now


class Camera:
    """Sends three layers, 30 frames a second, and sound; keyframes are eight times as large."""

    def __init__(self, fanout: Fanout) -> None:
        video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, layers=RIDS, nack=True, pli=True)
        audio = Incoming("audio", 48_000, {111: "OPUS"})
        self.publisher = Publisher(Publishing([video, audio], rid=10, repaired_rid=11), 99)
        self.keyframes = {0, 1, 2}
        self._sequences, self._frame, self.said = [100, 200, 300], 0, 0
        fanout.put_on_air(self.publisher)

    def frame(self, now: float) -> None:
        for layer, kbps in enumerate(KBPS):
            begins = layer in self.keyframes
            size = kbps * 125 // 30 * (8 if begins else 1)
            count = -(-size // _PART)
            for part in range(count):
                head = b"\x80\x80" if part else b"\x90\x80"
                picture = (self._frame & 0x7FFF | 0x8000).to_bytes(2, "big")
                kind = b"\x50" if begins else b"\x01"
                payload = head + picture + kind + bytes((layer,)) * (size // count)
                stamp, ends = self._frame * 3_000, part == count - 1
                packet = Packet(self._sequences[layer], stamp, ends, payload)
                self._sequences[layer] = (self._sequences[layer] + 1) & 0xFFFF
                rid = (0xBEDE, bytes((10 << 4,)) + RIDS[layer].encode() + b"\x00\x00")
                self._send((96, 100 + layer, *packet[:4], rid), now)
        self.keyframes.clear()
        self._frame += 1

    def sound(self, now: float) -> None:
        packet = Packet(self.said, self.said * 960, False, bytes(100))
        self.said += 1
        self._send((111, 7, *packet[:4], None), now)

    def _send(self, packet: Any, now: float) -> None:
        taken = self.publisher.handle_packet(packet, now)
        assert taken is not None
        for fanout in outputs_of(self.publisher):
            fanout.on_packet(self.publisher, *taken, now)


class Watcher:
    """A viewer; in the place of its Protection, too."""

    tag = 16

    def __init__(self, lab: "NarrowLink", number: int) -> None:
        protection: Any = self
        nowhere: Any = Nowhere()
        self.lab = lab
        self.viewer = Viewer(number, VIEWING, protection, nowhere, None, lab.now)
        self.viewer.link = LinkEstimate(lab.now)
        self.viewer.link.measured(2 * DELAY_S, lab.now)
        self.highest = 0
        # When each frame of which layer ended, and how late each packet of sound was.
        self.frames: list[tuple[float, int]] = []
        self.late: list[tuple[float, float]] = []

    def take(self, run: GsoBatch) -> None:
        sent_at = self.lab.now
        for data in run.packets:
            received = packets.parse(data)

            def arrive(at: float, received: packets.Received = received) -> None:
                if received.ssrc == SSRCS.audio:
                    self.late.append((at, at - sent_at - DELAY_S))
                elif received.ssrc == SSRCS.video:
                    self.highest = max(self.highest, received.packet.sequence)
                    if received.packet.marker:
                        self.frames.append((at, received.packet.payload[-1]))

            self.lab.link.put(len(data) + _HEADERS, arrive, sent_at)

    def layer_at(self, when: float) -> int:
        return [layer for at, layer in self.frames if at <= when][-1]


class NarrowLink:
    """An output with a camera, viewers behind one link, and the timers of an engine."""

    def __init__(self, kbps: float, queue_s: float = 0.3) -> None:
        self.now = 0.0
        self.fanout, self.link = Fanout(SSRCS), Link(kbps, queue_s)
        self.camera = Camera(self.fanout)
        self.watchers: list[Watcher] = []
        self._numbers = itertools.count()
        self._coming: list[tuple[float, int, Callable[[float], None]]] = []
        self._due = {self._frame: 0.0, self._sound: 0.0, self._tick: 0.0, self._second: 1.0}
        self.run(3.3)

    def join(self, number: int) -> Watcher:
        watcher = Watcher(self, number)
        self.watchers.append(watcher)
        self.fanout.add(watcher.viewer, self.now)
        return watcher

    def later(self, when: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._coming, (when, next(self._numbers), what))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += _STEP_S
            self.link.run(self.now)
            while self._coming and self._coming[0][0] <= self.now:
                heapq.heappop(self._coming)[2](self.now)
            for what, due in self._due.items():
                if self.now >= due:
                    self._due[what] = due + what()
            if self.fanout.joining.catching or self.fanout.joining.probing:
                self.fanout.send_bursts(self.now)
                self._probe()

    def _frame(self) -> float:
        self.camera.frame(self.now)
        self.fanout.send_whole()
        return 1 / 30

    def _sound(self) -> float:
        self.camera.sound(self.now)
        self.fanout.send_whole()
        return 0.02

    def _tick(self) -> float:
        if self.camera.publisher.update_layers(self.now):
            self.fanout.select_tracks(self.now)
        self.fanout.request_keyframes(self.now)
        told = self.camera.publisher.request(self.now)
        for each in rtcp.parse(told) if told else ():
            if isinstance(each, rtcp.KeyframeRequest):
                self.later(self.now + 0.06, partial(self._begin_group, each.ssrc - 100))
        return 0.1

    def _begin_group(self, layer: int, now: float) -> None:
        self.camera.keyframes.add(layer)

    def _record_check(self, viewer: Viewer, took_s: float, now: float) -> None:
        self.fanout.record_check(viewer, took_s, now)

    def _second(self) -> float:
        self.camera.publisher.measure(self.now)
        took_s = 2 * DELAY_S + self.link.octets / self.link.rate
        round_trip = RoundTrip(took_s, self.now - took_s)
        for each in self.watchers:
            self.fanout.run_each_second(each.viewer, self.now)
            block = rtcp.ReceiverReport(SSRCS.video, 0, 0, each.highest, 0, 0, 0)
            self.fanout.record_report(each.viewer, block, self.now, round_trip)
        return 1.0

    def _probe(self) -> None:
        for viewer in self.fanout.probe(self.now)[0]:
            viewer.selector.watch.asked(self.now)
            asked_at = self.now

            def answer(at: float, viewer: Viewer = viewer, asked_at: float = asked_at) -> None:
                took_s = at + DELAY_S - asked_at
                self.later(at + DELAY_S, partial(self._record_check, viewer, took_s))

            self.link.put(150, answer, self.now)
