"""Outputs: on the same packets and calls C sends each viewer what Python sends it, and has
everyone in the same place.
"""

import subprocess
from pathlib import Path
from random import Random

import pytest
from tests.media.engine.native.output.encoders import FRAME_S, Encoder, Layer
from tests.media.engine.native.output.output_twin import SSRCS, Twin
from tests.media.engine.native.support.compiling import DRIVERS, compiled, sanitizers
from tests.media.support import packets
from tests.media.support.scripted_peers import hear_plainly

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Viewing
from farmlive.media.wire.rtcp import SenderReport

DRIVER = [DRIVERS / f"{name}.c" for name in ("output_driver", "output_state", "plain_senders")]
NAMES = (
    "catch_up", "codecs", "delay_proof", "disposable", "disposable_frames", "epoch", "feedback",
    "forwarder",
    "h264", "health_meter", "layer_probe", "layer_select", "link_estimate", "output", "pace",
    "packet_batch", "packet_train", "picture_id", "publisher", "quality_ladder", "queue_meter",
    "receiver", "red", "repair_budget", "ring", "rtcp", "rtcp_write", "rtp", "rtp_rewrite", "rtx",
    "rung_select", "sending", "shared_delay", "slow_viewer", "sound", "splice", "track",
    "track_demux", "track_select", "transport_cc", "viewer", "viewer_feedback",
)  # fmt: skip

EVERYTHING = Viewing(
    {
        "VP8": Outgoing(96, 97),
        "VP9:0": Outgoing(98, 99),
        "H264:baseline": Outgoing(102, 103),
    },
    {"OPUS": Outgoing(111, None, 63)},
)
VIEWINGS = [
    EVERYTHING,
    EVERYTHING,
    Viewing({"VP8": Outgoing(120, 121), "H264:baseline": Outgoing(125)}, {"OPUS": Outgoing(109)}),
    Viewing({"VP9:0": Outgoing(98, 99), "VP8": Outgoing(96)}, {}),
    Viewing({}, {"OPUS": Outgoing(111, None, 63)}),
]


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory, "output_driver", DRIVER, NAMES, *sanitizers())


class Room:
    """A broadcast or two with everything that happens to them, by chance; in a `calm` one that is
    little, and pictures have more packets.
    """

    def __init__(self, seed: int, calm: bool) -> None:
        self.draw = Random(seed)
        self.calm = calm
        self.twin = Twin()
        self.now = self.draw.uniform(100, 200)
        self.encoders: dict[int, Encoder] = {}
        self.keys = iter(range(1, 64))
        self.links: dict[int, tuple[float, int, int]] = {}
        self.outputs = [1, 2][: self.draw.choice((1, 2))]
        for output in self.outputs:
            self.twin.output(output, self.draw.randrange(0x4000), self.draw.randrange(1 << 30))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        for step in range(round(seconds / FRAME_S)):
            self.now += FRAME_S * self.draw.choice((1, 1, 1, 0.9, 1.1))
            self.come_and_go()
            for key in list(self.encoders):
                self.send(key)
            self.viewers_tell()
            self.keep_up(step)
            if not self.calm or step % 5 == 0:
                self.twin.state()

    def chance(self, share: float) -> bool:
        """Whether something of this probability happens."""
        return self.draw.random() < share

    def event(self, share: float) -> bool:
        """The same of something that changes much."""
        return self.draw.random() < share * (0.05 if self.calm else 1)

    def come_and_go(self) -> None:
        """Publishers and viewers do, and the producer switches."""
        draw, twin = self.draw, self.twin
        if not self.encoders or (len(self.encoders) < 3 and self.event(0.01)):
            key = next(self.keys, None)
            if key is not None:
                self.encoders[key] = Encoder(draw, 4 if self.calm else 1)
                twin.publisher(key, draw.randrange(1 << 32), self.encoders[key].publishing)
        elif len(self.encoders) > 1 and self.event(0.01):
            key = draw.choice(list(self.encoders))
            del self.encoders[key]
            twin.gone(key)
        for output in self.outputs:
            on_air = twin.outputs[output].on_air or twin.outputs[output].following
            again = self.event(0.02) if on_air is not None else self.chance(0.3)
            while again:
                twin.air(output, draw.choice([*self.encoders, *self.encoders, 0]))
                again = self.chance(0.3)
        if len(twin.viewers) < 12 and self.chance(0.08):
            key = next(self.keys, None)
            if key is not None:
                output, viewing = draw.choice(self.outputs), draw.choice(VIEWINGS)
                rtx = draw.choice((0xFFFE, draw.randrange(0x4000)))
                twin.viewer(key, output, viewing, rtx, self.now)
                self.links[key] = draw.choice((0.0, 0.0, 0.02, 0.2, 0.5)), 0, 0
        elif twin.viewers and self.event(0.02):
            twin.leave(draw.choice(list(twin.viewers)))

    def send(self, key: int) -> None:
        """A publisher's packets of this moment."""
        draw, twin, encoder = self.draw, self.twin, self.encoders[key]
        if self.event(0.05):
            encoder.change()
        layers = twin.publishers[key].layers
        wanted = [each.ssrc for each in layers if each.wanted]
        for part in encoder.send(wanted):
            began = False
            for data in part:
                began |= twin.rtp(key, data, self.now)
            if began:
                twin.state()
            if self.chance(0.8):
                for output in self.outputs:
                    twin.whole(output)
            self.now += draw.uniform(0, 0.002)
        if self.chance(0.05):
            track = draw.choice(twin.publishers[key].tracks)
            ntp = round((self.now + draw.gauss(0, 0.01) + 1000) * (1 << 32))
            timestamp = (track.timestamp_at(self.now) + draw.randrange(-500, 500)) & 0xFFFFFFFF
            twin.sender_report(key, SenderReport(track.ssrc, ntp, timestamp, 1, 1), self.now)

    def viewers_tell(self) -> None:
        """What viewers miss, want and think of their link, and how full it is."""
        draw, twin, now = self.draw, self.twin, self.now
        for key in list(twin.viewers):
            numbers = twin.recorders[key].numbers
            if self.chance(0.08):
                share, highest, lost = self.links[key]
                came = len(numbers)
                lost += round((came - highest) * share)
                if self.chance(0.05):
                    share = draw.choice((0.0, 0.0, 0.02, 0.2, 0.5))
                self.links[key] = share, came, lost
                ssrc = SSRCS.video if self.chance(0.95) else SSRCS.audio
                twin.received(key, ssrc, came, lost, now)
            if self.chance(0.03):
                if draw.random() < 0.5:
                    twin.checked(key, draw.choice((0.04, 0.05, draw.uniform(0.0, 0.5))), now)
                twin.estimate(key, draw.choice((5.0, 20.0, 60.0, draw.uniform(1, 200))), now)
            if numbers and self.chance(0.1):
                back = draw.randrange(1, min(len(numbers), 400) + 1)
                missing = numbers[-back:][: draw.choice((1, 3, 17, 60, 100))]
                if self.chance(0.1):
                    missing.append(draw.randrange(1 << 16))
                ssrc = SSRCS.video if self.chance(0.95) else SSRCS.audio
                twin.nack(key, ssrc, missing[:100])
            if self.chance(0.01):
                twin.keyframe_requested(key, now)
            if self.event(0.01):
                twin.prefer(key, draw.choice((None, None, 0, 1, 2)), now)
            refused = self.event(0.02)
            while refused:
                twin.refused(key, draw.choice((1, 10, 20)), now)
                now += draw.choice((0.01, 0.3))
                refused = self.chance(0.6)
            if self.event(0.05):
                twin.holds(key, draw.choice((0, 0, 0, 10_000, 100_000)))
            if self.chance(0.01):
                twin.hears(key, draw.choice((63, 96, 109, 111, 120)))
            if self.chance(0.03):
                twin.reference(key, draw.randrange(1 << 32), draw.randrange(1 << 32), now)
            if self.chance(0.05):
                twin.report(key, now, now + 1_700_000_000)
        self.now = now

    def keep_up(self, step: int) -> None:
        """What is done by the clock."""
        twin, now = self.twin, self.now
        for key in self.encoders:
            if step % 15 == 0:
                twin.measure(key, now)
            if step % 2 == 0:
                twin.feedback(key, step % 8 == 0, now)
        for output in self.outputs:
            if step % 2 == 0:
                twin.tick(output, now)
            for _ in range(self.draw.choice((0, 1, 1, 3))):
                twin.pump(output)
            if self.chance(0.1):
                twin.flush(output)
            if self.chance(0.01):
                twin.moved(output)
        for key in list(twin.viewers):
            if (step + key) % 15 == 0:
                twin.second(key, now)


def _in_order(lane: str) -> str:
    first, peers = lane.split(" :")
    return " ".join((f"{first} :", *sorted(peers.split(), key=int)))


def told(driver: Path, calls: list[str]) -> list[list[str]]:
    """What the driver prints on each call, what viewers are sent and who is on a lane in the
    viewers' order.
    """
    done = subprocess.run(
        [str(driver)], input="\n".join(calls) + "\n", capture_output=True, text=True, timeout=100
    )
    answers: list[list[str]] = [[]]
    for line in done.stdout.splitlines():
        if line == ".":
            answers.append([])
        else:
            answers[-1].append(_in_order(line.rstrip()) if line[0] == "l" else line.rstrip())
    for answer in answers:
        answer.sort(key=lambda line: int(line.split()[1]) if line[0] == ">" else 1 << 30)
    assert done.returncode == 0, (done.stderr[-6000:], calls[len(answers) - 1][:200])
    return answers[:-1]


def compare(driver: Path, room: Room, packets_at_least: int = 500) -> None:
    """Let C do what Python did, and say where they part."""
    twin = room.twin
    answers = told(driver, twin.calls)
    for at, (python, c) in enumerate(zip(twin.expected, answers, strict=True)):
        if python != c:
            before = [each[:100] for each in twin.calls[max(0, at - 12) : at + 1]]
            pytest.fail("\n".join((*before, "Python:", *python, "C:", *c)), pytrace=False)
    assert sum(line.startswith(">") for lines in answers for line in lines) >= packets_at_least


@pytest.mark.parametrize("seed", [7, 8, 11, 12, 17, 19])
def test_both_send_the_same(driver: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    hear_plainly(monkeypatch)
    room = Room(seed, calm=False)
    room.run(30)
    compare(driver, room)


def test_both_send_the_same_for_long(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)
    room = Room(0, calm=True)
    room.run(90)
    compare(driver, room)


def test_who_is_too_slow_for_the_group_waits(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)
    room = Room(0, calm=False)
    twin, track = room.twin, Incoming("video", 90_000, {96: "VP8"})
    twin.publisher(1, 9, Publishing([track]))
    twin.air(1, 1)
    layer, now = Layer(Random(0), "VP8", "", 0, detail=40), 10.0
    for frame in range(70):
        for packet in layer.frame(is_key=frame == 0):
            twin.rtp(1, packets.write(packet, 96, layer.ssrc), now)
        if frame == 2:
            twin.viewer(1, 1, EVERYTHING, 0, now)
        elif frame == 3:
            twin.holds(1, 100_000)
        twin.pump(1)
        now += FRAME_S
    assert 1 in twin.outputs[1].joining.waiting
    twin.state()
    compare(driver, room, packets_at_least=24)
