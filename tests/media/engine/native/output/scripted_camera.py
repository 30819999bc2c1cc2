"""A publisher whose datagrams are scripted: layers of video, and sound with and without RED."""

from collections.abc import Sequence
from random import Random

from tests.media.engine.native.output.sending_twins import Twins

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Viewing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.wire import red
from farmlive.media.wire.red import Block
from farmlive.media.wire.rtp import HEADER

RIDS = ("q", "h", "f")
# A payload type of each codec, and that of its RTX.
TYPES = {"VP8": (96, 97), "VP9:0": (98, 99), "H264:baseline": (100, 101), "AV1": (102, 103)}
OPUS, RED, OTHER = 111, 63, 13

ALL = {key: Outgoing(*types) for key, types in TYPES.items()}
PLAIN = Viewing(ALL, {"OPUS": Outgoing(OPUS)})
WITH_RED = Viewing(ALL, {"OPUS": Outgoing(109, red=120)})
WITHOUT_RTX = Viewing({"VP8": Outgoing(35), "H264:baseline": Outgoing(36)}, {})


def payload(codec: str, first: bool, keyframe: bool, picture: int, base: int) -> bytes:
    """How a packet of a frame begins: the first one of it, or another."""
    number = (picture & 0x7FFF | 0x8000).to_bytes(2, "big")
    if codec == "VP8":
        head = (b"\x90\xc0" if first else b"\x80\xc0") + number + bytes((base & 0xFF,))
        return head + (b"\x50\x00\x00\x9d\x01\x2a" if keyframe else b"\x01")
    if codec == "VP9:0":
        flags = 0xA0 | (0 if keyframe else 0x40) | (0x08 if first else 0)
        return bytes((flags,)) + number + bytes((0, base & 0xFF))
    if codec == "AV1":
        return b"\x80" if not first else b"\x08" if keyframe else b"\x10"
    return b"\x65" if keyframe else b"\x41"


class Camera:
    """One publisher. Each layer has its SSRC, numbers, times and counts of pictures; with no layers
    it has sound alone.
    """

    def __init__(
        self,
        twins: Twins,
        number: int,
        draw: Random,
        codec: str = "VP8",
        layers: int = 1,
        pli: bool = True,
    ) -> None:
        self.twins, self.number, self.draw, self.codec, self.layers = (
            twins, number, draw, codec, layers
        )  # fmt: skip
        types = {payload_type: key for key, (payload_type, _) in TYPES.items()}
        again = {rtx: payload_type for payload_type, rtx in TYPES.values()}
        rids = RIDS[:layers] if layers > 1 else ()
        video = Incoming("video", 90_000, types, again, {}, rids, nack=True, pli=pli)
        audio = Incoming("audio", 48_000, {OPUS: "OPUS"}, red={RED: OPUS})
        self.publisher: Publisher = twins.publisher(
            number,
            Publishing(
                [video, audio] if layers else [audio], transport_cc=3, rid=10, repaired_rid=11
            ),
        )
        base = 1_000 * (number + 1)
        self.ssrcs = [base + layer for layer in range(layers)]
        self.sequences = [draw.randrange(0x10000) for _ in range(layers)]
        self.stamps = [draw.randrange(2**32) for _ in range(layers)]
        self.pictures = [draw.randrange(0x8000) for _ in range(layers)]
        self.sound_ssrc = base + 100
        self.sound_sequence, self.sound_stamp = draw.randrange(0x10000), draw.randrange(2**32)
        self.before: list[bytes] = []
        self.began = twins.now

    def stamp(self, layer: int) -> int:
        """The layer's time at this moment."""
        return (self.stamps[layer] + round((self.twins.now - self.began) * 90_000)) & 0xFFFFFFFF

    def datagrams(
        self, layer: int = 0, keyframe: bool = False, sizes: Sequence[int] = (40, 40, 39)
    ) -> list[bytes]:
        """One frame of a layer, in packets with so many bytes behind their heads."""
        out, stamp = [], self.stamp(layer)
        picture = self.pictures[layer] = (self.pictures[layer] + 1) & 0x7FFF
        rid = RIDS[layer].encode()
        extension = b"\xbe\xde\x00\x01" + bytes((10 << 4,)) + rid + b"\x00\x00"
        for part, size in enumerate(sizes):
            last = 0x80 if part == len(sizes) - 1 else 0
            head = HEADER.pack(
                0x90 if self.layers > 1 else 0x80, TYPES[self.codec][0] | last,
                self.sequences[layer], stamp, self.ssrcs[layer],
            )  # fmt: skip
            if self.layers > 1:
                head += extension
            body = payload(self.codec, part == 0, keyframe, picture, picture // 2)
            if self.codec == "VP8" and keyframe and part == 0:
                # The size of the picture tells the order of the layers.
                body += (160 * (layer + 1)).to_bytes(2, "little") * 2
            out.append(head + body + bytes((layer,)) + self.draw.randbytes(size))
            self.sequences[layer] = (self.sequences[layer] + 1) & 0xFFFF
        return out

    def frame(
        self, layer: int = 0, keyframe: bool = False, sizes: Sequence[int] = (40, 40, 39)
    ) -> None:
        """A frame comes as it was sent."""
        for datagram in self.datagrams(layer, keyframe, sizes):
            self.twins.take(self.number, datagram)

    def frames(self, count: int, keyframes: Sequence[int] = ()) -> None:
        """So many frames of all layers, the first a keyframe on these, and what follows of it."""
        for number in range(count):
            for layer in range(self.layers):
                sizes = [size + 30 * layer for size in (40, 40, 39)]
                self.frame(layer, number == 0 and layer in keyframes, sizes)
            for output in self.twins.outputs:
                self.twins.whole(output)
            self.twins.now += 1 / 30
            if number % 3 == 0:
                self.twins.look(self.number)

    def sound(self, wrapped: bool = False, foreign: bool = False, marker: bool = False) -> bytes:
        """The next 20 ms of sound; RED has what came before, and with `foreign` another codec."""
        data = self.draw.randbytes(self.draw.randrange(1, 60))
        body = data
        if wrapped:
            blocks = [
                Block(OPUS, 960 * back, each) for back, each in enumerate(self.before[-2:], 1)
            ]
            blocks.reverse()
            if foreign:
                blocks.insert(0, Block(OTHER, 2_880, b"noise"))
            body = red.write([*blocks, Block(OPUS, 0, data)], OPUS)
            if foreign:
                body = bytes((0x80 | OTHER,)) + body[1:]
        self.before.append(data)
        head = HEADER.pack(
            0x80, (RED if wrapped else OPUS) | (0x80 if marker else 0), self.sound_sequence,
            self.sound_stamp, self.sound_ssrc,
        )  # fmt: skip
        self.sound_sequence = (self.sound_sequence + 1) & 0xFFFF
        self.sound_stamp = (self.sound_stamp + 960) & 0xFFFFFFFF
        return head + body

    def say(self, wrapped: bool = False, foreign: bool = False) -> None:
        self.twins.take(self.number, self.sound(wrapped, foreign))


def on_air(
    twins: Twins,
    layers: int = 1,
    codec: str = "VP8",
    number: int = 0,
    camera: Camera | None = None,
) -> Camera:
    """A publisher that is on air and has begun."""
    camera = camera or Camera(twins, number, Random(number), codec, layers)
    twins.air(camera.number)
    camera.frames(3, keyframes=range(layers))
    return camera
