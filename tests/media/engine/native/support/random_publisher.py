"""A publisher by chance: cameras and sound, RTX, keyframes on request, and reports."""

import random
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.media.engine.native.support.random_link import TYPES, Link
from tests.media.support.temporal_layers import L1T2, VP9_L1T2, descriptor, vp8, vp9

from farmlive.media.engine.interface import Incoming, Peer, Publishing
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtp import HEADER, ntp

if TYPE_CHECKING:
    from tests.media.engine.native.support.random_broadcast import Scenario

TRANSPORT_CC, RID, REPAIRED_RID, DESCRIPTOR = 3, 4, 5, 6
_SPS = bytes.fromhex("6742c01fd9005005bb016a02020280000003008000001e478c1960")
_SPS_HIGH = bytes.fromhex("6764001facd9405005bb016a0202028000000300800000001e078c18cb")


@dataclass
class Camera:
    """One stream of a publisher's video or sound, a layer perhaps."""

    ssrc: int
    payload_type: int
    rate: int
    octets: int
    rid: str = ""
    sequence: int = 0
    timestamp: int = 0
    picture: int = 0
    # The last keyframe's picture, and the last frame's dependency descriptor.
    key_picture: int = 0
    described: bytes = b""
    size: tuple[int, int] = (640, 360)
    packets: int = 0
    total: int = 0
    sent: dict[int, bytes] = field(default_factory=dict)
    on: bool = True


class Publisher:
    """Sends by its script, answers NACKs by RTX and PLIs by keyframes, and reports."""

    def __init__(self, scenario: "Scenario", number: int) -> None:
        chance = self.chance = random.Random(scenario.chance.random())
        self.scenario = scenario
        self.is_secured = False
        self.link = Link(
            chance, number, chance.choice((0, 0, 0.02, 0.15)), chance.choice((0, 0.004, 0.03))
        )
        self.codec = chance.choice(tuple(TYPES))
        layered = self.codec in ("VP8", "H264:baseline") and chance.random() < 0.5
        count = chance.choice((2, 3)) if layered else 1
        rids = ("l", "m", "h")[:count] if layered else ()
        red = chance.random() < 0.5
        # Whether it has temporal layers: no other frame refers to every second one.
        self.temporal = chance.random() < 0.6
        self.answers, self.repairs = chance.random() < 0.8, chance.random() < 0.8
        video = TYPES[self.codec]
        self.publishing = Publishing(
            [
                Incoming(
                    "video",
                    90_000,
                    {video: self.codec},
                    {video + 1: video} if self.repairs else {},
                    layers=rids,
                    nack=self.repairs,
                    pli=chance.random() < 0.9,
                ),
                Incoming("audio", 48_000, {111: "OPUS"}, red={63: 111} if red else {}),
            ],
            transport_cc=TRANSPORT_CC if chance.random() < 0.7 else None,
            rid=RID if layered else None,
            repaired_rid=REPAIRED_RID if layered else None,
            dependency_descriptor=DESCRIPTOR if chance.random() < 0.8 else None,
        )
        self.cameras = [
            self._camera(video, 90_000, 1500 * (layer + 1), rids[layer] if layered else "")
            for layer in range(count)
        ]
        for camera, height in zip(self.cameras, chance.sample((180, 360, 720), count), strict=True):
            camera.size = height * 16 // 9, height
        self.sound = self._camera(63 if red else 111, 48_000, 120, "")
        self.rtx = {each.ssrc: chance.getrandbits(32) | 1 for each in self.cameras}
        self.rtx_sequences = dict.fromkeys(self.rtx, 0)
        self.wide = 0
        self.wants: set[int] = {each.ssrc for each in self.cameras}
        self.group = chance.choice((20, 60, 250))
        self.frames = 0
        self.peer: Peer = 0

    def _camera(self, payload_type: int, rate: int, octets: int, rid: str) -> Camera:
        chance = self.chance
        return Camera(
            chance.getrandbits(32) | 1,
            payload_type,
            rate,
            octets,
            rid,
            chance.randrange(1 << 16),
            chance.getrandbits(32),
            chance.randrange(1 << 15),
        )

    def join(self, now: float) -> None:
        hands = self.scenario.hands
        self.peer = hands.add_peer(self.link.local, self.link.remote)
        hands.publish(self.peer, self.publishing)
        self.scenario.enter(self.peer, self)
        self.scenario.come(self, now)

    def leave(self) -> None:
        self.scenario.exit(self.peer)

    # What it sends.

    def frame(self, now: float) -> None:
        """One frame of each layer."""
        self.frames += 1
        for camera in self.cameras:
            if not camera.on:
                continue
            key = camera.ssrc in self.wants or self.frames % self.group == 1
            self.wants.discard(camera.ssrc)
            camera.timestamp = (camera.timestamp + 3000) & 0xFFFFFFFF
            camera.picture = (camera.picture + 1) & 0x7FFF
            payloads = self._payloads(camera, key)
            for at, payload in enumerate(payloads):
                self._packet(camera, payload, at == len(payloads) - 1, now, extended=key)

    def tone(self, now: float) -> None:
        """20 ms of sound."""
        camera = self.sound
        camera.timestamp = (camera.timestamp + 960) & 0xFFFFFFFF
        payload = self.chance.randbytes(self.chance.randrange(20, camera.octets))
        if camera.payload_type == 63:
            old = self.chance.randbytes(self.chance.randrange(1, 60))
            head = bytes((0x80 | 111,)) + (960 << 10 | len(old)).to_bytes(3, "big")
            payload = head + bytes((111,)) + old + payload
        self._packet(camera, payload, False, now, extended=False)

    def _payloads(self, camera: Camera, key: bool) -> list[bytes]:
        chance = self.chance
        size = camera.octets * (6 if key else 1) * chance.randrange(50, 150) // 100
        pieces = [min(1180, size - at) for at in range(0, size, 1180)]
        if len(pieces) > 1 and chance.random() < 0.7:
            # As encoders cut a frame: pieces that differ by a byte.
            even = -(-size // len(pieces))
            pieces = [even - chance.randrange(2) for _ in pieces]
        if key:
            camera.key_picture = camera.picture
        layer = (camera.picture - camera.key_picture) % 2 if self.temporal else 0
        if self.codec == "AV1":
            structure = L1T2 if key else None
            template = 0 if key else 1 + layer
            camera.described = descriptor(template, camera.picture, structure=structure)
        out = []
        for at, piece in enumerate(pieces):
            body = chance.randbytes(max(1, piece))
            first, last = at == 0, at == len(pieces) - 1
            if self.codec == "VP8" and self.temporal and not key:
                said = camera.picture, camera.picture // 2, layer
                head = vp8(*said, disposable=bool(layer), first=first)
                body = b"\x01" + body if first else body
            elif self.codec == "VP8":
                head = bytes((0x90 if first else 0x80, 0xC0))
                head += (camera.picture | 0x8000).to_bytes(2, "big")
                head += bytes((camera.picture & 0xFF,))
                body = (b"\x00" if key else b"\x01") + body if first else body
                if first and key:
                    body = body[:3] + b"\x9d\x01\x2a" + struct.pack("<HH", *camera.size) + body
            elif self.codec.startswith("VP9") and self.temporal:
                group = VP9_L1T2 if key and first else ()
                base = camera.picture // 2
                head = vp9(camera.picture, base, layer, key=key, first=first, group=group)
            elif self.codec.startswith("VP9"):
                head = bytes((0x80 | (0 if key else 0x40) | (8 if first else 0) | 4 * last,))
                head += (camera.picture | 0x8000).to_bytes(2, "big")
            elif self.codec == "AV1":
                head = bytes((0x18 if first and key else 0x10,))
            else:
                kind = 5 if key else 1
                indicator = 0x1C if layer else 0x7C
                head = bytes((indicator, (0x80 if first else 0) | (0x40 if last else 0) | kind))
            out.append(head + body)
        if key and self.codec.startswith("H264"):
            sps = _SPS if self.codec.endswith("baseline") else _SPS_HIGH
            out.insert(0, b"\x78" + len(sps).to_bytes(2, "big") + sps + b"\x00\x02\x68\xce")
        return out

    def _packet(
        self, camera: Camera, payload: bytes, marker: bool, now: float, *, extended: bool
    ) -> None:
        sequence = camera.sequence
        camera.sequence = (sequence + 1) & 0xFFFF
        camera.packets += 1
        camera.total += len(payload)
        camera.sent[sequence] = struct.pack("!IB", camera.timestamp, marker) + payload
        if len(camera.sent) > 1000:
            del camera.sent[next(iter(camera.sent))]
        elements = self._wide() + self._described(camera)
        if camera.rid and (extended or camera.packets < 20):
            elements.append((RID, camera.rid.encode()))
        data = self._written(
            camera.payload_type, marker, sequence, camera.timestamp, camera.ssrc, payload, elements
        )
        self.scenario.send(self, self.link.rtp(data), now)

    def _wide(self) -> list[tuple[int, bytes]]:
        if self.publishing.transport_cc is None:
            return []
        self.wide = (self.wide + 1) & 0xFFFF
        return [(TRANSPORT_CC, self.wide.to_bytes(2, "big"))]

    def _described(self, camera: Camera) -> list[tuple[int, bytes]]:
        has_any = self.publishing.dependency_descriptor is not None and camera.described
        return [(DESCRIPTOR, camera.described)] if has_any else []

    def _written(
        self,
        payload_type: int,
        marker: bool,
        sequence: int,
        timestamp: int,
        ssrc: int,
        payload: bytes,
        elements: list[tuple[int, bytes]],
    ) -> bytes:
        first, extension = 0x80, b""
        if elements:
            body = b"".join(bytes((name << 4 | len(v) - 1,)) + v for name, v in elements)
            body += bytes(-len(body) & 3)
            first, extension = 0x90, struct.pack("!HH", 0xBEDE, len(body) // 4) + body
        padding = b""
        if self.chance.random() < 0.02:
            first |= 0x20
            padding = b"\0\0\0\4"
        second = payload_type | (0x80 if marker else 0)
        head = HEADER.pack(first, second, sequence, timestamp, ssrc)
        return head + extension + payload + padding

    def report(self, now: float) -> None:
        """Sender reports of all that it sends."""
        data = b""
        for camera in (*self.cameras, self.sound):
            if camera.packets:
                data += rtcp.sender_report(
                    rtcp.SenderReport(
                        camera.ssrc,
                        ntp(self.scenario.wall(now) + 7),
                        (camera.timestamp + 100) & 0xFFFFFFFF,
                        camera.packets,
                        camera.total,
                    )
                )
        if data:
            self.scenario.send(self, self.link.rtcp(data), now)

    def hear(self, plain: bytes, now: float) -> None:
        """The engine's feedback."""
        if 192 <= plain[1] <= 223:
            try:
                for report in rtcp.parse(plain):
                    self._heard(report, now)
            except rtcp.Malformed:
                return

    def _heard(self, report: rtcp.Report, now: float) -> None:
        if isinstance(report, rtcp.KeyframeRequest) and self.answers:
            self.wants.add(report.ssrc)
        elif isinstance(report, rtcp.Nack) and self.repairs:
            for camera in self.cameras:
                if camera.ssrc == report.ssrc:
                    for sequence in report.missing:
                        self._again(camera, sequence, now)
        elif isinstance(report, rtcp.ReferenceTime) and self.chance.random() < 0.5:
            reply = rtcp.ReferenceReply(report.ssrc, report.middle, 1000)
            data = rtcp.receiver_report(self.cameras[0].ssrc, [])
            data += rtcp.reference_reply(self.cameras[0].ssrc, reply)
            self.scenario.send(self, self.link.rtcp(data), now)

    def _again(self, camera: Camera, sequence: int, now: float) -> None:
        kept = camera.sent.get(sequence)
        if kept is None:
            return
        timestamp, marker = struct.unpack_from("!IB", kept)
        ssrc = self.rtx[camera.ssrc]
        number = self.rtx_sequences[camera.ssrc] = (self.rtx_sequences[camera.ssrc] + 1) & 0xFFFF
        elements = self._wide() + self._described(camera)
        if camera.rid and self.chance.random() < 0.9:
            elements.append((REPAIRED_RID, camera.rid.encode()))
        payload = sequence.to_bytes(2, "big") + kept[5:]
        data = self._written(
            camera.payload_type + 1, bool(marker), number, timestamp, ssrc, payload, elements
        )
        self.scenario.send(self, self.link.rtp(data), now)

    def renew(self) -> None:
        """Begin anew, as an encoder that was started again: another SSRC or other numbers."""
        camera = self.chance.choice((*self.cameras, self.sound))
        if camera in self.cameras:
            self.wants.add(camera.ssrc)
        if self.chance.random() < 0.5 and not camera.rid:
            old = camera.ssrc
            camera.ssrc = self.chance.getrandbits(32) | 1
            if old in self.rtx:
                self.rtx[camera.ssrc] = self.chance.getrandbits(32) | 1
                self.rtx_sequences[camera.ssrc] = 0
                self.wants.add(camera.ssrc)
        else:
            # From the last that was sent: SRTP follows no larger leap (RFC 3711, section 3.3.1).
            camera.sequence = (next(reversed(camera.sent), camera.sequence) + 20_000) & 0xFFFF
            camera.timestamp = self.chance.getrandbits(32)
