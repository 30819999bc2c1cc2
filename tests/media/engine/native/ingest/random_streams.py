"""What publishers send, at random but the same for a seed: streams with gaps, disorder, repairs,
keyframes, and counters, SSRCs and codecs that change.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.media.support.h264_sps import BASELINE, HIGH, HIGH_10, MAIN_WITH_B
from tests.media.support.temporal_layers import (
    L1T2,
    L1T3,
    VP9_L1T2,
    VP9_L1T3,
    descriptor,
    vp8,
    vp9,
)

from farmlive.media.engine.interface import Incoming, Publishing
from farmlive.media.wire import rtp

SETS = (BASELINE, BASELINE, HIGH, MAIN_WITH_B, HIGH_10)
SIZES = ((320, 180), (640, 360), (640, 480))

SOUND = Incoming("audio", 48_000, {111: "OPUS"}, red={63: 111})
VP8 = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, nack=True, pli=True)
H264 = Incoming(
    "video",
    90_000,
    {102: "H264:baseline", 104: "H264:high", 96: "VP8"},
    {103: 102, 105: 104, 97: 96},
    nack=True,
    pli=True,
)
LAYERED = Incoming(
    "video",
    90_000,
    {96: "VP8", 102: "H264:baseline"},
    {97: 96, 103: 102},
    layers=("q", "h", "a-name-that-takes-two-byte-elements"),
    nack=True,
    pli=True,
)
PUBLISHINGS = {
    "vp8": Publishing([SOUND, VP8], transport_cc=3, capture_time=5),
    "h264": Publishing([SOUND, H264], transport_cc=3),
    "simulcast": Publishing(
        [SOUND, LAYERED], transport_cc=3, rid=10, repaired_rid=11, capture_time=12
    ),
    "unnamed": Publishing([LAYERED, SOUND], rid=10),
    "temporal": Publishing(
        [SOUND, Incoming("video", 90_000, {98: "VP9:0", 45: "AV1"}, {99: 98, 46: 45}, nack=True)],
        transport_cc=3,
        dependency_descriptor=12,
    ),
    "quiet": Publishing([Incoming("video", 90_000, {96: "VP8"}), SOUND]),
    "sound": Publishing(
        [Incoming("audio", 48_000, {111: "OPUS"}, {112: 111}, {63: 111}, nack=True)],
        transport_cc=3,
    ),
}


@dataclass
class Stream:
    """One stream as its sender has it; `lost` are the packets that may come by RTX."""

    incoming: Incoming
    rid: str
    size: tuple[int, int]
    ssrc: int
    repairing: int
    payload_type: int
    sequence: int
    timestamp: int
    flows: bool = True
    keyframe_due: bool = True
    # What counts the frames of a stream with temporal layers; `described` is the last one's
    # dependency descriptor.
    picture: int = 0
    described: bytes = b""
    lost: list[tuple[int, int, bool, bytes]] = field(default_factory=list)


class Sender:
    """Makes datagrams; `late` are those that come out of order."""

    def __init__(self, publishing: Publishing, seed: int) -> None:
        self.chance = random.Random(seed)
        self.publishing = publishing
        self.now = self.chance.uniform(1, 1e6)
        # Where it is not 0, all times are multiples of it, so that bounds are met exactly.
        self.grid = self.chance.choice((0, 1 / 64))
        # How often keyframes and disturbances come: groups longer than a ring, or many seams.
        self.calm = self.chance.choice((1.0, 0.1))
        self.wide = self.chance.randrange(1 << 16)
        self.late: list[bytes] = []
        self.streams: list[Stream] = []
        for incoming in publishing.tracks:
            sizes = list(SIZES)
            if self.chance.random() < 0.5:
                sizes.reverse()
            for rid, size in zip(incoming.layers or ("",), sizes, strict=False):
                stream = Stream(incoming, rid, size, 0, 0, 0, 0, 0)
                self.anew(stream)
                self.streams.append(stream)

    def anew(self, stream: Stream) -> None:
        """The stream begins with other numbers."""
        chance = self.chance
        stream.ssrc = chance.randrange(1 << 32) if chance.random() < 0.9 else 0
        stream.repairing = chance.randrange(1 << 32)
        stream.payload_type = chance.choice(list(stream.incoming.codecs))
        stream.sequence = chance.choice((chance.randrange(1 << 16), 65_530, 65_535, 0))
        stream.timestamp = chance.choice((chance.randrange(1 << 32), (1 << 32) - 90_000))
        stream.keyframe_due = True

    def wait(self) -> None:
        """Time goes by, and seldom much of it."""
        chance = self.chance
        self.now += chance.expovariate(200) if chance.random() < 0.998 else chance.uniform(0, 6)
        if self.grid:
            self.now = round(self.now / self.grid + 0.2) * self.grid

    def frame(self, stream: Stream) -> list[bytes]:
        """What comes of the next frame, or of the next sound."""
        chance = self.chance
        rate = stream.incoming.clock_rate
        stream.timestamp = (stream.timestamp + chance.choice((rate // 50, rate // 30))) % (1 << 32)
        came = []
        payloads = self._payloads(stream)
        dropping = chance.random() < 0.02
        for index, payload in enumerate(payloads):
            stream.sequence = (stream.sequence + 1) & 0xFFFF
            marker = index == len(payloads) - 1
            if not stream.flows:
                continue
            if dropping or chance.random() < 0.04:
                stream.lost.append((stream.sequence, stream.timestamp, marker, payload))
                continue
            data = self._datagram(stream, stream.sequence, marker, payload)
            if chance.random() < 0.03:
                self.late.append(data)
            else:
                came.append(data)
            if chance.random() < 0.02:
                self.late.append(data)
        del stream.lost[:-60]
        if self.late and chance.random() < 0.3:
            came.append(self.late.pop(chance.randrange(len(self.late))))
        return came

    def _payloads(self, stream: Stream) -> list[bytes]:
        chance = self.chance
        rest = [chance.randbytes(chance.randrange(1, 30)) for _ in range(chance.randrange(4))]
        if stream.incoming.kind == "audio":
            return [chance.randbytes(chance.randrange(0, 40))]
        is_keyframe = stream.keyframe_due or chance.random() < 0.02 * self.calm
        stream.keyframe_due = False
        codec = stream.incoming.codecs[stream.payload_type]
        if codec in ("VP9:0", "AV1"):
            return self._layered(stream, codec, is_keyframe, rest)
        if codec == "VP8":
            stream.picture += 1
            if not is_keyframe and chance.random() < 0.5:
                said = (stream.picture & 0x7FFF, stream.picture // 2, stream.picture % 2)
                disposable = chance.random() < 0.9
                head = vp8(*said, disposable=disposable)
                return [head + b"\x01", *(vp8(*said, disposable=disposable, first=False),) * 2]
            if not is_keyframe:
                return [b"\x10\x01" + chance.randbytes(9), *(b"\x00" + each for each in rest)]
            width, height = chance.choice((stream.size, stream.size, stream.size, (160, 90)))
            size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
            start = b"\x10\x50\x02\x00\x9d\x01\x2a" + size + chance.randbytes(9)
            return [start, *(b"\x00" + each for each in rest)]
        if not is_keyframe and chance.random() < 0.5:
            return self._disposable_h264(rest)
        if not is_keyframe:
            return [b"\x41" + chance.randbytes(12), *(b"\x5c\x01" + each for each in rest)]
        parameters, picture = chance.choice(SETS), b"\x68\xce\x3c\x80"
        idr = [b"\x7c\x85" + chance.randbytes(9), *(b"\x7c\x05" + each for each in rest)]
        if chance.random() < 0.5:
            return [b"\x09\x10", parameters, picture, *idr]
        units = (len(each).to_bytes(2, "big") + each for each in (parameters, picture))
        return [b"\x78" + b"".join(units), *idr]

    def _disposable_h264(self, rest: list[bytes]) -> list[bytes]:
        """A frame with nal_ref_idc 0, which may have something before it that says nothing of it,
        or parameter sets.
        """
        chance = self.chance
        heads: list[bytes] = []
        if chance.random() < 0.5:
            heads = chance.choices((b"\x09\x10", b"\x06sei", b"\x18\x00\x02\x09\x10"), k=2)
        if chance.random() < 0.1:
            heads.append(b"\x68\xce\x3c\x80")
        if chance.random() < 0.1:
            heads *= 6
        return [*heads, b"\x01" + chance.randbytes(12), *(b"\x1c\x01" + each for each in rest)]

    def _layered(
        self, stream: Stream, codec: str, is_keyframe: bool, rest: list[bytes]
    ) -> list[bytes]:
        """A frame of a stream with two or three temporal layers."""
        chance = self.chance
        stream.picture += 1
        three = stream.ssrc & 1
        at = stream.picture % (4 if three else 2)
        layer = ((0, 2, 1, 2) if three else (0, 1))[at]
        if codec == "AV1":
            structure = L1T3 if three else L1T2
            template = 5 + (0 if is_keyframe else layer + 1)
            custom = structure[layer + 1][1] if chance.random() < 0.1 else None
            active = (1 << len(structure[0][1])) - 1 if chance.random() < 0.1 else None
            targets = len(structure[0][1])
            stream.described = descriptor(
                template, stream.picture, structure=structure if is_keyframe else None,
                offset=5, custom=custom, active=active, targets=targets,
            )  # fmt: skip
            head = b"\x18" if is_keyframe else b"\x10"
            return [head + chance.randbytes(9), *(b"\x10" + each for each in rest)]
        group = VP9_L1T3 if three else VP9_L1T2
        if is_keyframe:
            stream.picture, layer = 4 * (stream.picture // 4), 0
        picture = stream.picture & 0x7FFF
        heads = [
            vp9(picture, 0, layer, key=is_keyframe, first=not place,
                group=group if is_keyframe and not place else ())
            for place in range(len(rest) + 1)
        ]  # fmt: skip
        return [head + each for head, each in zip(heads, [b"frame", *rest], strict=True)]

    def repair(self, stream: Stream) -> bytes | None:
        """Something that was lost, or what is not missed, comes by RTX; None: there is none."""
        chance = self.chance
        types = [
            rtx
            for rtx, original in stream.incoming.retransmissions.items()
            if original == stream.payload_type
        ]
        if not types:
            return None
        number, timestamp, marker, payload = (stream.sequence, 0, False, b"")
        if stream.lost and chance.random() < 0.9:
            number, timestamp, marker, payload = stream.lost.pop(chance.randrange(len(stream.lost)))
        payload = number.to_bytes(2, "big") + payload
        if chance.random() < 0.02:
            payload = payload[:1]
        if chance.random() < 0.1:
            stream.repairing = chance.randrange(1 << 32)
        return self._written(
            types[0],
            stream.repairing,
            (chance.randrange(1 << 16), timestamp, marker, payload),
            self._elements(stream, self.publishing.repaired_rid, 0.4),
        )

    def stray(self) -> bytes:
        """A packet that belongs to nothing, or that can't be read."""
        chance = self.chance
        if chance.random() < 0.3:
            return bytes((0x80 | chance.randrange(64),)) + chance.randbytes(chance.randrange(40))
        stream = chance.choice(self.streams)
        types = [stream.payload_type, *stream.incoming.codecs, *stream.incoming.red, 5]
        ssrc = chance.choice((stream.ssrc, 0, chance.randrange(1 << 32)))
        packet = chance.randrange(1 << 16), chance.randrange(1 << 32), True, b"\x10\x01stray"
        return self._written(chance.choice(types), ssrc, packet, [])

    def _datagram(self, stream: Stream, sequence: int, marker: bool, payload: bytes) -> bytes:
        payload_type = stream.payload_type
        if stream.incoming.red and self.chance.random() < 0.6:
            payload_type = next(iter(stream.incoming.red))
        packet = sequence, stream.timestamp, marker, payload
        elements = self._elements(stream, self.publishing.rid, 0.3)
        if self.publishing.capture_time is not None and self.chance.random() < 0.3:
            elements.append((self.publishing.capture_time, self._captured()))
        return self._written(payload_type, stream.ssrc, packet, elements)

    def _captured(self) -> bytes:
        """A capture time: short, long, of a clock that is far off, or malformed."""
        chance = self.chance
        behind = chance.choice((chance.uniform(-0.2, 0.5), chance.uniform(-15, 15)))
        value = rtp.ntp(1.7e9 + self.now - behind).to_bytes(8, "big")
        ahead = chance.randrange(-(1 << 34), 1 << 34).to_bytes(8, "big", signed=True)
        return (value + chance.choice((b"", b"", ahead)))[: chance.choice((16, 16, 16, 7, 12))]

    def _elements(
        self, stream: Stream, number: int | None, often: float
    ) -> list[tuple[int, bytes]]:
        chance, rid, descriptor_id = self.chance, stream.rid, self.publishing.dependency_descriptor
        found = []
        if self.publishing.transport_cc is not None and chance.random() < 0.9:
            self.wide = (self.wide + chance.choice((1, 1, 1, 1, 2, 5))) & 0xFFFF
            found.append((self.publishing.transport_cc, self.wide.to_bytes(2, "big")))
        if number is not None and rid and chance.random() < often:
            found.append((number, chance.choice((rid, rid, rid, rid, rid, "x")).encode()))
        if descriptor_id is not None and stream.described and chance.random() < 0.95:
            found.append((descriptor_id, stream.described))
        chance.shuffle(found)
        return found

    def _written(
        self,
        payload_type: int,
        ssrc: int,
        packet: tuple[int, int, bool, bytes],
        elements: list[tuple[int, bytes]],
    ) -> bytes:
        chance = self.chance
        sequence, timestamp, marker, payload = packet
        first, sources, body, tail = 0x80, b"", b"", b""
        if chance.random() < 0.05:
            sources = chance.randbytes(8)
            first |= 2
        if elements:
            first |= 0x10
            fits = all(len(value) <= 16 for _, value in elements)
            profile = chance.choice((0xBEDE, 0xBEDE, 0x1000, 0x1005, 0x1234)[0 if fits else 2 :])
            for number, value in elements:
                one_byte = bytes((number << 4 | len(value) - 1,))
                head = one_byte if profile == 0xBEDE else bytes((number, len(value)))
                body += head + value
            body += bytes(-len(body) % 4)
            body = profile.to_bytes(2, "big") + (len(body) // 4).to_bytes(2, "big") + body
        if chance.random() < 0.05:
            first |= 0x20
            tail = bytes(3) + b"\x04"
        return (
            bytes((first, payload_type | marker << 7))
            + sequence.to_bytes(2, "big")
            + timestamp.to_bytes(4, "big")
            + ssrc.to_bytes(4, "big")
            + sources
            + body
            + payload
            + tail
        )

    def disturb(self) -> None:
        """Something happens to a stream that is no loss."""
        chance = self.chance
        stream = chance.choice(self.streams)
        events: list[Callable[[Stream], None]] = [self.anew, self._jump, self._jump, self._turn]
        chance.choice(events)(stream)

    def _jump(self, stream: Stream) -> None:
        """A great gap, or the numbers begin anew."""
        chance = self.chance
        far = chance.choice((30, 199, 200, 250, 1_500, 2_999, 3_000, 20_000, -999, -1_001, -1_002))
        stream.sequence = (stream.sequence + far) & 0xFFFF
        if chance.random() < 0.2:
            stream.payload_type = chance.choice(list(stream.incoming.codecs))

    def _turn(self, stream: Stream) -> None:
        """The sender stops or resumes it."""
        stream.flows = not stream.flows
