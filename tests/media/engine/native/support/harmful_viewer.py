"""A broadcast on both engines in step, of which a viewer asks for more than it needs."""

import random
import struct
from collections.abc import Iterator

import pytest
from tests.media.engine.native.support.random_broadcast import Scenario
from tests.media.engine.native.support.random_publisher import Publisher
from tests.media.engine.native.support.random_viewer import Viewer
from tests.media.engine.native.support.stepped_engines import Hands, PythonHand
from tests.media.engine.native.support.stepped_native import NativeHand

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Viewing
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import HEADER, ntp

# What a picture of each layer has on average, in bytes: 1.6 Mbit/s of one, 0.4 to 2.2 of three.
SIZES = {1: (6_500,), 3: (1_500, 4_000, 9_000)}


class Camera(Publisher):
    """Sends VP8 of one or three layers without loss, with keyframes on request alone."""

    def __init__(self, scenario: Scenario, layers: int) -> None:
        super().__init__(scenario, 1)
        self.requests: list[int] = []
        self.codec, self.temporal, self.answers, self.repairs = "VP8", True, True, True
        self.link.loss = self.link.jitter = 0
        rids = ("l", "m", "h") if layers == 3 else ()
        video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, layers=rids, nack=True, pli=True)
        audio = Incoming("audio", 48_000, {111: "OPUS"}, red={})
        self.publishing = Publishing(
            [video, audio], rid=4 if rids else None, repaired_rid=5 if rids else None
        )
        self.cameras = [
            self._camera(96, 90_000, size, rids[at] if rids else "")
            for at, size in enumerate(SIZES[layers])
        ]
        for camera, height in zip(self.cameras, (180, 360, 720)[-layers:], strict=True):
            camera.size = height * 16 // 9, height
        self.sound = self._camera(111, 48_000, 120, "")
        self.rtx = {each.ssrc: self.chance.getrandbits(32) | 1 for each in self.cameras}
        self.rtx_sequences = dict.fromkeys(self.rtx, 0)
        self.wants = {each.ssrc for each in self.cameras}
        self.group = 100_000
        # How many packets without a payload follow each frame.
        self.empty = 0

    def frame(self, now: float) -> None:
        super().frame(now)
        for camera in self.cameras:
            for _ in range(self.empty):
                self._packet(camera, b"", False, now, extended=False)

    def _heard(self, report: rtcp.Report, now: float) -> None:
        if isinstance(report, rtcp.KeyframeRequest):
            self.requests.append([each.ssrc for each in self.cameras].index(report.ssrc))
        super()._heard(report, now)


class Greedy(Viewer):
    """Gets all that is sent to it and reports so, by a round trip of its choice."""

    round_trip_s = 0.03
    asks_keyframes = False
    # Whether it says that it wants another layer each time.
    toggles = False
    # The numbers that it asks for each time, and in how many parts of a datagram.
    asks, parts = 0, 1

    def __init__(self, scenario: "Stage", number: int) -> None:
        super().__init__(scenario, number, *scenario.outputs[0])
        self.link.loss, self.link.answers = 0, True
        self.viewing = Viewing({"VP8": Outgoing(96, 97)}, {"OPUS": Outgoing(111, None, None)})
        self.video_octets = self.again = self.again_octets = 0
        self.most: int | None = None

    def hear(self, plain: bytes, now: float) -> None:
        super().hear(plain, now)
        if plain[0] >= 128 and not 192 <= plain[1] <= 223:
            ssrc = HEADER.unpack_from(plain)[4]
            if ssrc == self.ssrcs.retransmission:
                self.again += 1
                self.again_octets += len(plain)
            elif ssrc == self.ssrcs.video:
                self.video_octets += len(plain)

    def report(self, now: float) -> None:
        if self.highest is None:
            return
        last = ntp(self.scenario.wall(now) - 0.3) >> 16 & 0xFFFFFFFF
        delay = int((0.3 - self.round_trip_s) * 65_536)
        highest = self.cycles << 16 | self.highest
        block = rtcp.ReceiverReport(self.ssrcs.video, 0, self.lost, highest, 5, last, delay)
        data = rtcp.receiver_report(self.ssrc, [block])
        self.scenario.send(self, self.link.rtcp(data), now)

    def ask(self, now: float) -> None:
        if self.toggles:
            self.most = None if self.most == 0 else 0
            self.scenario.hands.prefer(self.peer, self.most)
        if self.highest is None or not (self.asks_keyframes or self.asks):
            return
        data = rtcp.receiver_report(self.ssrc, [])
        if self.asks_keyframes:
            data += rtcp.picture_loss(self.ssrc, self.ssrcs.video)
        for part in range(self.parts if self.asks else 0):
            body = struct.pack("!II", self.ssrc, self.ssrcs.video)
            newest = self.highest - part * self.asks
            for back in range(self.asks, 0, -17):
                body += struct.pack("!HH", (newest - back) & 0xFFFF, 0xFFFF >> max(0, 17 - back))
            data += struct.pack("!BBH", 0x81, 205, len(body) // 4) + body
        self.scenario.send(self, self.link.rtcp(data), now)

    def join(self, now: float) -> None:
        hands = self.scenario.hands
        assert self.output is not None
        self.peer = hands.add_peer(self.link.local, self.link.remote)
        hands.view(self.peer, self.output, self.viewing)
        self.scenario.enter(self.peer, self)
        self.scenario.come(self, now)


class Stage(Scenario):
    """One source, and who is added."""

    def open(self, layers: int = 1) -> None:
        self.hands.start(self.now)
        self.outputs.append(self.hands.add_output((100, 1_000)))
        camera = self.camera = Camera(self, layers)
        self.publishers.append(camera)
        camera.join(self.now)
        self.every(1 / 30, camera.frame, begin=0.15)
        self.every(0.02, camera.tone, begin=0.15)
        self.every(1.0, camera.report, begin=0.3)
        self._keep_alive(camera)
        self.hands.put_on_air(self.outputs[0][0], camera.peer)
        self.run(3)

    def add(self, *, asks_s: float = 0.02) -> Greedy:
        """Add a viewer; its link is wide by then."""
        viewer = Greedy(self, 1_000 + len(self.viewers))
        self.viewers.append(viewer)
        viewer.join(self.now)
        self.every(0.9, viewer.report, begin=0.5)
        self.every(asks_s, viewer.ask, begin=0.5)
        self._keep_alive(viewer)
        self.run(12)
        return viewer

    def _keep_alive(self, each: Camera | Greedy) -> None:
        self.every(
            2.5, lambda now: self.send(each, each.link.check(use_candidate=False), now), begin=2
        )


def staged(seed: int = 5) -> Iterator[Stage]:
    """Yield a stage; a fixture of who uses it."""
    with pytest.MonkeyPatch.context() as patch:
        python, native = PythonHand(patch, random.Random(seed)), NativeHand()
        yield Stage(Hands(python, native), seed)
