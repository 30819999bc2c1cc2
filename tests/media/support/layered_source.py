"""A publisher of three layers, and a viewer in the middle of them."""

import itertools

from tests.media.support.scripted_peers import (
    SSRCS,
    Kept,
    consecutive,
    outputs_of,
    viewer,
)

from farmlive.media.engine.interface import Incoming, Publishing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire import picture_id, rtcp
from farmlive.media.wire.rtp import Packet, ahead32

RIDS = ("q", "h", "f")


class Layered:
    """A publisher of three layers. Each has its SSRC, numbers and times; a frame of layer n has
    n + 1 packets, which say n, and each frame counts its pictures.
    """

    def __init__(self, fanout: Fanout, base_ssrc: int = 100) -> None:
        video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, layers=RIDS, nack=True, pli=True)
        audio = Incoming("audio", 48_000, {111: "OPUS"}, red={63: 111})
        self.publisher = Publisher(Publishing([video, audio], rid=10, repaired_rid=11), 99)
        self.fanout = fanout
        self.ssrcs = [base_ssrc + layer for layer in range(3)]
        self.sequences = [10_000, 40_000, 65_534]
        self.stamps = [5, 2**32 - 40_000, 777_777]
        self.pictures = [3, 20_000, 32_767]
        self.sending = [True, True, True]
        self.frame = 0
        self.now = 0.0
        self.lose: set[tuple[int, int]] = set()

    def frames(self, count: int, keyframes: tuple[int, ...] = ()) -> None:
        """So many frames of what is sent, the first a keyframe on these layers."""
        for number in range(count):
            for layer in range(3):
                if self.sending[layer]:
                    self.one(layer, number == 0 and layer in keyframes)
            self.frame += 1
            self.now += 1 / 30
            if self.frame % 3 == 0 and self.publisher.update_layers(self.now):
                self.fanout.select_tracks(self.now)

    def one(self, layer: int, keyframe: bool) -> None:
        """One frame of a layer."""
        stamp = (self.stamps[layer] + self.frame * 3000) & 0xFFFFFFFF
        picture = (self.pictures[layer] | 0x8000).to_bytes(2, "big")
        self.pictures[layer] = (self.pictures[layer] + 1) & 0x7FFF
        for part in range(layer + 1):
            # The first packet has the frame's begin, of a keyframe or of another (RFC 7741).
            head = b"\x80\x80" if part else b"\x90\x80"
            kind = b"\x50" if keyframe else b"\x01"
            payload = head + picture + kind + bytes((layer,)) * 40
            packet = Packet(self.sequences[layer], stamp, part == layer, payload)
            self.sequences[layer] = (self.sequences[layer] + 1) & 0xFFFF
            if (layer, packet.sequence) not in self.lose:
                self.send(96, self.ssrcs[layer], packet, RIDS[layer].encode())

    def send(self, payload_type: int, ssrc: int, packet: Packet, rid: bytes = b"") -> None:
        """Let a packet come; `rid` rides in its header."""
        extension = (0xBEDE, bytes((10 << 4 | len(rid) - 1,)) + rid + b"\x00\x00") if rid else None
        taken = self.publisher.handle_packet((payload_type, ssrc, *packet[:4], extension), self.now)
        if taken is not None:
            for fanout in outputs_of(self.publisher):
                fanout.on_packet(self.publisher, *taken, self.now)
                fanout.send_whole()

    def asked(self) -> list[int]:
        """The SSRCs of which keyframes are asked for now."""
        told = self.publisher.feedback(self.now, report=False)
        reports = rtcp.parse(told) if told else ()
        return [each.ssrc for each in reports if isinstance(each, rtcp.KeyframeRequest)]


def on_air(fanout: Fanout) -> tuple[Layered, Viewer, Kept]:
    """A source that is on air and has sent a while, and a viewer whose link has shown that it
    carries the middle layer.
    """
    source = Layered(fanout)
    fanout.put_on_air(source.publisher)
    source.frames(3, keyframes=(0, 1, 2))
    source.asked()
    one, kept = viewer(1)
    one.selector._limit = 1
    fanout.add(one, source.now)
    fanout.send_bursts(0.0)
    source.frames(6)
    return source, one, kept


def layers(kept: Kept) -> list[int]:
    """Which layer each packet is of."""
    return [packet.payload[-1] for packet in kept.video]


def report(fanout: Fanout, one: Viewer, now: float, highest: int, lost: int) -> None:
    block = rtcp.ReceiverReport(SSRCS.video, 0, lost, highest, 0, 0, 0)
    fanout.record_report(one, block, now)


def whole(kept: Kept) -> bool:
    """Whether numbers, times and pictures go on without a gap or a step back."""
    stamps = [packet.timestamp for packet in kept.video]
    starts = [packet.payload for packet in kept.video if packet.payload[0] == 0x90]
    numbers = [picture_id.read("VP8", payload)[0] for payload in starts]
    steps = [((b or 0) - (a or 0)) & 0x7FFF for a, b in itertools.pairwise(numbers)]
    grows = [ahead32(b, a) for a, b in itertools.pairwise(stamps)]
    return consecutive(kept.video) and set(steps) == {1} and min(grows) >= 0


def go_up(fanout: Fanout, source: Layered, one: Viewer) -> None:
    """Reports without loss, after which a viewer wants the next layer."""
    report(fanout, one, source.now, 100, 0)
    source.now += 3
    report(fanout, one, source.now, 400, 0)
    assert one.selector.probe == 2
    report(fanout, one, source.now + 0.5, 450, 0)
    source.now += 1.5
    report(fanout, one, source.now, 550, 0)
    assert one.selector.probe is None
