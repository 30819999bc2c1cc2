"""Publishers by a script: encoders whose layers come and go, and a way on which packets are lost,
come late and are repaired.
"""

from collections.abc import Iterator
from random import Random

from tests.media.support import packets
from tests.media.support.h264_sps import BASELINE

from farmlive.media.engine.interface import Incoming, Publishing
from farmlive.media.wire.rtp import Packet

RID = 3
FRAME_S = 1 / 15
VIDEO = {"VP8": 96, "VP9:0": 98, "H264:baseline": 100}
RTX = {96: 97, 98: 99, 100: 101}
OPUS, RED = 111, 63


class Layer:
    """One stream of video, or of sound, in its own numbers."""

    def __init__(self, draw: Random, codec: str, rid: str, scale: int, detail: int = 1) -> None:
        self.draw, self.codec, self.rid, self.scale = draw, codec, rid, scale
        self.detail = detail
        self.is_on = True
        self.picture, self.base = draw.randrange(1 << 15), draw.randrange(256)
        self.numbered = draw.random() < 0.7
        self.restart()

    def restart(self) -> None:
        """Other numbers, as from an encoder that was started again."""
        draw = self.draw
        self.ssrc = draw.randrange(1, 1 << 32)
        self.again_ssrc = draw.randrange(1, 1 << 32)
        self.sequence = draw.choice((0, 0x7FF8, 0xFFF0, draw.randrange(1 << 16)))
        self.again = draw.randrange(1 << 16)
        self.timestamp = draw.choice((0xFFFF0000, draw.randrange(1 << 32)))
        self.named = 6

    def jump(self) -> None:
        """Another numbering of the same SSRC."""
        self.sequence = (self.sequence + 20_000) & 0xFFFF

    def _head(self, is_key: bool, is_first: bool) -> bytes:
        if self.codec == "VP8":
            start = 0x10 if is_first else 0
            frame = bytes((0x10 if is_key else 0x11, 0, 0)) if is_first else b"\1\1\1"
            if is_first and is_key:
                width, height = 160 << self.scale, 90 << self.scale
                frame += (
                    b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")
                )
            if not self.numbered:
                return bytes((start,)) + frame
            number = (0x8000 | self.picture).to_bytes(2, "big")
            return bytes((0x80 | start, 0xC0)) + number + bytes((self.base,)) + frame
        if self.codec == "VP9:0":
            first = 0x80 | (0 if is_key else 0x40) | 0x20 | (8 if is_first else 0)
            number = (0x8000 | self.picture).to_bytes(2, "big")
            return bytes((first,)) + number + bytes((0, self.base))
        return (b"\x65" if is_key else b"\x41") + b"\x88"

    def frame(self, is_key: bool) -> Iterator[Packet]:
        """The packets of one frame."""
        draw = self.draw
        self.timestamp = (self.timestamp + round(90_000 * FRAME_S)) & 0xFFFFFFFF
        self.picture, self.base = (self.picture + 1) & 0x7FFF, (self.base + 1) & 0xFF
        parts = draw.choice((1, 2, 3, 4)) * (2 if is_key else 1) * self.detail
        if draw.random() < 0.01:
            parts = 60
        payloads = [
            self._head(is_key, part == 0) + draw.randbytes(draw.choice((20, 20, 21, 30)))
            for part in range(parts)
        ]
        if is_key and self.codec.startswith("H264"):
            payloads = [BASELINE, b"\x68\xce\x3c\x80", *payloads]
        for part, payload in enumerate(payloads):
            yield Packet(self.sequence, self.timestamp, part == len(payloads) - 1, payload)
            self.sequence = (self.sequence + 1) & 0xFFFF

    def sound(self, red: bool) -> Packet:
        """A packet of sound."""
        draw = self.draw
        self.timestamp = (self.timestamp + 960) & 0xFFFFFFFF
        payload = draw.randbytes(draw.randrange(3, 25))
        if red:
            before = draw.randbytes(draw.randrange(3, 9))
            head = (0x80 | OPUS, 960 << 2 | len(before) >> 8, len(before) & 255)
            payload = (
                bytes((head[0], head[1] >> 8, head[1] & 255, head[2]))
                + bytes((OPUS,))
                + (before + payload)
            )
        self.sequence = (self.sequence + 1) & 0xFFFF
        return Packet((self.sequence - 1) & 0xFFFF, self.timestamp, draw.random() < 0.1, payload)


class Encoder:
    """A publisher's client: what it negotiated, and what comes of what it sends. `detail`: how
    many packets its frames have more than usual.
    """

    def __init__(self, draw: Random, detail: int = 1) -> None:
        self.draw = draw
        count = draw.choice((0, 1, 1, 2, 3, 3, 4))
        self.codec = draw.choice(list(VIDEO))
        self.payload_type = VIDEO[self.codec]
        self.has_sound = count == 0 or draw.random() < 0.8
        self.red = self.has_sound and draw.random() < 0.5
        self.lossy = draw.random() < 0.5
        rids = ["a", "b", "c", "d"][: count if count > 1 else 0]
        # Some say the highest layer first.
        scales = list(range(max(1, count)))
        if draw.random() < 0.3:
            scales.reverse()
        self.layers = [
            Layer(draw, self.codec, rid, scale, detail)
            for rid, scale in zip(rids or [""] * count, scales, strict=False)
        ]
        self.voice = Layer(draw, "OPUS", "", 0)
        tracks = []
        if count:
            codecs = {number: codec for codec, number in VIDEO.items()}
            again = {repair: number for number, repair in RTX.items()}
            nack, pli = draw.random() < 0.8, draw.random() < 0.75
            tracks.append(Incoming("video", 90_000, codecs, again, {}, rids, nack, pli))
        if self.has_sound:
            red = {RED: OPUS} if self.red else {}
            tracks.append(Incoming("audio", 48_000, {OPUS: "OPUS"}, {}, red))
        self.publishing = Publishing(tracks, rid=RID)
        self._late: list[bytes] = []
        self._lost: list[tuple[Layer, Packet]] = []

    def _write(self, layer: Layer, packet: Packet, payload_type: int, ssrc: int) -> bytes:
        data = packets.write(packet, payload_type, ssrc)
        if layer.rid and layer.named > 0:
            layer.named -= 1
            value = bytes((RID << 4 | 0,)) + layer.rid.encode() + b"\0\0"
            data = bytes((data[0] | 0x10,)) + data[1:12] + b"\xbe\xde\0\1" + value + data[12:]
        return data

    def _under_way(self, layer: Layer, packet: Packet) -> Iterator[bytes]:
        """What arrives when this is sent."""
        draw = self.draw
        data = self._write(layer, packet, self.payload_type, layer.ssrc)
        if self.lossy and draw.random() < 0.03:
            self._lost.append((layer, packet))
        elif self.lossy and draw.random() < 0.03:
            self._late.append(data)
        else:
            yield data
            while self._late and draw.random() < 0.6:
                yield self._late.pop()

    def _repairs(self) -> Iterator[bytes]:
        while self._lost:
            layer, packet = self._lost.pop(0)
            if self.draw.random() < 0.7:
                payload = packet.sequence.to_bytes(2, "big") + packet.payload
                again = Packet(layer.again, packet.timestamp, packet.marker, payload)
                layer.again = (layer.again + 1) & 0xFFFF
                yield packets.write(again, RTX[self.payload_type], layer.again_ssrc)

    def change(self) -> None:
        """Something happens to the client."""
        draw = self.draw
        if not self.layers:
            return
        layer = draw.choice(self.layers)
        what = draw.random()
        if what < 0.6:
            layer.is_on = not layer.is_on
        elif what < 0.75:
            layer.restart()
        elif what < 0.85:
            layer.jump()
        elif what < 0.95:
            self.voice.restart()
        else:
            self.codec = draw.choice(list(VIDEO))
            self.payload_type = VIDEO[self.codec]
            for each in self.layers:
                each.codec = self.codec
                each.restart()

    def send(self, wanted: list[int]) -> Iterator[list[bytes]]:
        """What arrives in the time of a frame, in parts that are read at once; `wanted` are the
        SSRCs of which a keyframe is asked for.
        """
        draw = self.draw
        for layer in self.layers:
            if not layer.is_on:
                continue
            is_key = draw.random() < (0.6 if layer.ssrc in wanted else 0.01)
            arrived: list[bytes] = []
            for packet in layer.frame(is_key):
                arrived += self._under_way(layer, packet)
                if draw.random() < 0.05:
                    yield arrived
                    arrived = []
            yield arrived
        yield list(self._repairs())
        for _ in range(3 if self.has_sound else 0):
            red = self.red and draw.random() < 0.9
            voice = self.voice
            yield [packets.write(voice.sound(red), RED if red else OPUS, voice.ssrc)]
