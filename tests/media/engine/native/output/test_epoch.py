"""Frames that are left out: C closes up a viewer's numbers as Python does."""

import random
import subprocess
from pathlib import Path

import pytest
from tests.media.engine.native.support.compiling import DRIVERS, compiled, sanitizers
from tests.media.engine.native.wire.codec_cases import NUMBERS
from tests.media.support.temporal_layers import vp8

from farmlive.media.engine.interface import Incoming, Outgoing
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.forwarder import RewriteOffset
from farmlive.media.wire.rtp import Packet

SOURCES = (
    "codecs", "disposable", "disposable_frames", "epoch", "h264", "picture_id", "ring", "rtp",
    "rtp_rewrite", "track",
)  # fmt: skip


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drivers = [DRIVERS / "epoch_driver.c"]
    return compiled(tmp_path_factory, "epoch_driver", drivers, SOURCES, *sanitizers())


def words(packet: Packet) -> str:
    numbers = f"{packet.sequence} {packet.timestamp} {packet.disposable:d}"
    return f"{numbers} {packet.payload.hex()}"


def state(epoch: Epoch) -> str:
    pictures = epoch.shift.pictures
    codec, picture, base = (0, 0, 0) if pictures is None else pictures
    number = NUMBERS[codec] if isinstance(codec, str) else codec
    left = [f"{each.timestamp}:{each.since}:{each.shift.sequence}" for each in epoch.left_out]
    head = f"{epoch.first} {epoch.since} {epoch.shift.sequence} {number}:{picture}:{base}"
    return " ".join((head, str(len(left)), *left))


def told(seed: int, steps: int) -> tuple[list[str], list[str]]:
    """A script by chance, and what Python answers: frames come with gaps, some of them late, and a
    viewer gets fewer of them at times.
    """
    chance = random.Random(seed)
    codec = chance.choice(("VP8", "H264:baseline"))
    start, by = chance.randrange(1 << 16), chance.choice((0, 0x8000, 1234))
    script, said = [f"begin {NUMBERS[codec]} {start} {by}"], []
    track = Track(Incoming("video", 90_000, {96: codec}))
    track.begin(1, codec, 0, 0, 0.0)
    epoch = Epoch(track, Outgoing(96), (start + by) & 0xFFFF, RewriteOffset(96, by, 0))
    sequence, timestamp, picture, fewer = start, chance.randrange(1 << 32), 0, False
    late: list[Packet] = []
    for _ in range(steps):
        # Seldom two timestamps in turn, which no encoder makes.
        turn = -3000 if chance.random() < 0.1 else 3000
        timestamp, picture = (timestamp + turn) & 0xFFFFFFFF, picture + 1
        disposable = chance.random() < 0.5
        fewer = fewer if chance.random() < 0.95 else not fewer
        for at in range(chance.randrange(1, 5)):
            payload = vp8(picture & 0x7FFF, 0, 1, disposable=disposable, first=at == 0)
            packet = Packet(sequence, timestamp, False, payload, disposable)
            sequence = (sequence + 1) & 0xFFFF
            if chance.random() < 0.05:
                late.append(packet)
                continue
            script += [f"put {words(packet)}", f"next {fewer:d} {words(packet)}"]
            track.ring.put(packet)
            leaves_out = epoch.leaves_out(packet, fewer)
            if leaves_out:
                epoch.leave_out(packet)
            said.append(f"{leaves_out:d} {state(epoch)}")
        if late and chance.random() < 0.3:
            packet = late.pop(0)
            script += [f"late {words(packet)}", f"put {words(packet)}"]
            said.append(f"{epoch.is_left_out(packet):d}")
            track.ring.put(packet)
        number = (sequence + epoch.shift.sequence - chance.randrange(400)) & 0xFFFF
        shift = epoch.shift_of(number)
        script.append(f"number {number}")
        said.append(str(-1 if shift is None else shift.sequence))
        if chance.random() < 0.02:
            script.append("forget")
            epoch.forget_first()
            said.append(state(epoch))
    return script, said


def test_c_closes_up_numbers_as_python_does(driver: Path) -> None:
    for seed in range(20):
        script, said = told(seed, 4_000 if seed < 3 else 600)
        ran = subprocess.run(
            [driver], input="\n".join(script) + "\n", capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines() == said
