"""Publishers with a script, and viewers that keep in plain text what they are sent."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from tests.media.support import packets

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Ssrcs, Viewing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.output import sending
from farmlive.media.engine.python.output import viewer as viewer_module
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire.rtp import Packet

SSRCS = Ssrcs(11, 12, 13)
VIEWING = Viewing(
    {"VP8": Outgoing(96, 97), "H264:baseline": Outgoing(98, 99)}, {"OPUS": Outgoing(111)}
)
KEY, DELTA = b"\x10\x00\x50\x00", b"\x10\x01\x00\x00"
# The begin of a frame that no other refers to.
DISPOSABLE = b"\x30\x01\x00\x00"


class Kept:
    """In the place of a Protection: keeps what would be sent, but for a scripted loss."""

    tag = 16

    def __init__(self) -> None:
        self.received: list[packets.Received] = []
        self.lose: set[int] = set()
        self.runs: list[int] = []
        self._count = 0

    def take(self, run: GsoBatch) -> None:
        self.runs.append(run.count)
        for data in run.packets:
            if self._count not in self.lose:
                self.received.append(packets.parse(data))
            self._count += 1

    def of(self, ssrc: int) -> list[packets.Received]:
        return [each for each in self.received if each.ssrc == ssrc]

    @property
    def video(self) -> list[Packet]:
        return [each.packet for each in self.of(SSRCS.video)]


class Hearers:
    """In the place of an Audience: its viewers keep what it sends."""

    def __init__(self, sock: object, members: Iterable[Any]) -> None:
        self.members = list(members)
        self.fallen: list[Any] = []

    def __len__(self) -> int:
        return len(self.members)

    def send(self, run: GsoBatch) -> int:
        for member in self.members:
            member.protection.take(run)
        return 0


class Nowhere:
    """In the place of a send socket: holds nothing."""

    def queued_bytes(self, address: object) -> int:
        return 0


_nowhere: Any = Nowhere()


def viewer(number: int, viewing: Viewing = VIEWING) -> tuple[Viewer, Kept]:
    kept = Kept()
    protection: Any = kept
    return Viewer(number, viewing, protection, _nowhere, None), kept


def outputs_of(publisher: Publisher) -> list[Fanout]:
    """The outputs that get it."""
    return [each for each in publisher.listeners if isinstance(each, Fanout)]


class Source:
    """A publisher with a script: each frame is three packets, 30 frames a second."""

    def __init__(self, fanout: Fanout, codec: str = "VP8", pli: bool = True, ssrc: int = 5) -> None:
        tracks = [
            Incoming("video", 90_000, {96: codec}, pli=pli, nack=True),
            Incoming("audio", 48_000, {111: "OPUS"}),
        ]
        self.fanout, self.ssrc = fanout, ssrc
        self.publisher = Publisher(Publishing(tracks), 99)
        self.sequence, self.frame = 60_000, 0
        self.switched = False

    def send(self, packet: Packet, now: float, payload_type: int = 96, ssrc: int = 0) -> None:
        taken = self.publisher.handle_packet(
            (payload_type, ssrc or self.ssrc, *packet[:4], None), now
        )
        assert taken is not None
        track, plain, keyframe = taken
        for fanout in outputs_of(self.publisher):
            self.switched |= fanout.on_packet(self.publisher, track, plain, keyframe, now)
            fanout.send_whole()

    def frames(self, count: int, now: float, keyframe: bool = False, parts: int = 3) -> float:
        for _ in range(count):
            for part in range(parts):
                first = KEY if keyframe else DELTA
                payload = (first if part == 0 else b"\x00") + bytes((part,)) * 40
                self.send(
                    Packet(
                        self.sequence, (self.frame * 3000) & 0xFFFFFFFF, part == parts - 1, payload
                    ),
                    now,
                )
                self.sequence = (self.sequence + 1) & 0xFFFF
            keyframe = False
            self.frame += 1
            now += 1 / 30
        return now


def hear_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let viewers keep what they are sent."""
    monkeypatch.setattr(sending, "SendGroup", Hearers)
    monkeypatch.setattr(viewer_module, "SendGroup", Hearers)


def consecutive(packets: list[Packet]) -> bool:
    return all((b.sequence - a.sequence) & 0xFFFF == 1 for a, b in itertools.pairwise(packets))
