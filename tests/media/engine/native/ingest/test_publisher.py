"""The incoming half of the native engine: of the same packets, times and calls, C makes what Python
makes, to the bit. Its driver runs under the sanitizers where the compiler has them.
"""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.media.engine.native.ingest.random_streams import PUBLISHINGS, Sender
from tests.media.engine.native.support.compiling import DRIVERS, compiled, sanitizers
from tests.media.engine.native.wire.codec_cases import NUMBERS, OBJECTIONS

from farmlive.media.engine.interface import Publishing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.ring import Ring, starts_in_group
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.wire import rtcp, rtp

SOURCES = (
    "codecs", "disposable", "disposable_frames", "feedback", "h264", "health_meter",
    "layer_probe", "layer_select", "publisher", "receiver", "ring", "rtcp", "rtcp_write", "rtp",
    "rtp_rewrite", "track", "track_demux", "transport_cc",
)  # fmt: skip
OWN_SSRC = 99
# A key of each family that has several.
FIRST = {"H264": "H264:baseline", "VP9": "VP9:0"}
DELAYS_FROM = ("server", "sender", "camera")


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's program."""
    driver = [DRIVERS / "ingest_driver.c"]
    return compiled(tmp_path_factory, "ingest_driver", driver, SOURCES, *sanitizers())


def real(value: float | None) -> str:
    return "-" if value is None else f"{value:.17g}"


class Watcher:
    """Listens as an output does: says what it is told, and goes to the end of the listeners when a
    track begins anew.
    """

    def __init__(self, number: int, twin: "Twin") -> None:
        self.number, self.twin = number, twin

    def on_restart(self, old: Track, fresh: Track, now: float) -> None:
        self.twin.say(f"renewed {self.number} {old.ssrc} {fresh.ssrc} {real(now)}", layers=True)
        publisher: Any = self.twin.publisher
        publisher.listeners = (
            *(each for each in publisher.listeners if each is not self),
            self,
        )

    def on_layers_changed(self, now: float) -> None:
        self.twin.say(f"aim {self.number} {real(now)}", layers=True)


class Twin:
    """Writes the driver's script, and what Python says to each of its lines."""

    def __init__(self, publishing: Publishing) -> None:
        self.script: list[str] = []
        self.said: list[str] = []
        # The line of the script that each one that was said answers to.
        self.asked: list[int] = []
        # Packets of frames that no other refers to.
        self.disposable = 0
        self.publisher = Publisher(publishing, OWN_SSRC)
        watched: Any = self.publisher
        watched.listeners = (Watcher(0, self), Watcher(1, self))
        ids = (publishing.transport_cc, publishing.rid, publishing.repaired_rid)
        every = (*ids, publishing.dependency_descriptor, publishing.capture_time)
        self._ask("publishing", *(-1 if each is None else each for each in every))
        for incoming in publishing.tracks:
            flags = (incoming.kind == "video", incoming.nack, incoming.pli)
            self._ask("track", *map(int, flags), incoming.clock_rate, *incoming.layers)
            for payload_type, key in incoming.codecs.items():
                self._ask("type c", payload_type, NUMBERS[key])
            for what, types in (("r", incoming.retransmissions), ("e", incoming.red)):
                for payload_type, inner in types.items():
                    self._ask("type", what, payload_type, inner)
        self._ask("start", OWN_SSRC)

    def _ask(self, *words: str | int | float) -> None:
        self.script.append(
            " ".join(real(word) if isinstance(word, float) else str(word) for word in words)
        )

    def say(self, line: str, layers: bool = False) -> None:
        if layers:
            flowing = self.publisher.flow.flowing
            for track, flows in zip(self.publisher.layers, flowing, strict=True):
                line += f" {track.ssrc}/{track.layer}/{flows:d}"
        self.said.append(line)
        self.asked.append(len(self.script) - 1)

    def take(self, data: bytes, now: float, arrival: float) -> None:
        self._ask("take", now, arrival, data.hex())
        try:
            received = rtp.split(data)
        except rtp.Malformed:
            self.say("malformed")
            return
        taken = self.publisher.handle_packet(received, now, arrival)
        if taken is None:
            self.say("nothing")
            return
        track, packet, began = taken
        sequence, timestamp, marker, payload, disposable = packet
        self.disposable += disposable
        numbers = f"{began:d} {sequence} {timestamp} {marker:d} {disposable:d}"
        self.say(f"took {track.ssrc} {track.layer} {numbers} {payload.hex()}")

    def heard(self, ssrc: int, ntp: int, timestamp: int, now: float) -> None:
        self._ask("heard", ssrc, ntp, timestamp, now)
        self.publisher.record_sender_report(rtcp.SenderReport(ssrc, ntp, timestamp, 0, 0), now)

    def answered(self, ssrc: int, last: int, delay: int, middle: int) -> None:
        self._ask("answered", ssrc, last, delay, middle)
        self.publisher.record_reference_reply(rtcp.ReferenceReply(ssrc, last, delay), middle)

    def want(self, layer: int) -> None:
        self._ask("want", layer)
        self.publisher.want_keyframe(self.publisher.layers[layer] if layer >= 0 else None)

    def request(self, now: float) -> None:
        self._ask("request", now)
        self.say((self.publisher.request(now) or b"").hex())

    def feedback(self, now: float, report: bool, wall_ntp: int) -> None:
        self._ask("feedback", now, int(report), wall_ntp)
        self.say((self.publisher.feedback(now, report, wall_ntp or None) or b"").hex())

    def look(self, now: float) -> None:
        self._ask("look", now)
        self.say(f"look {self.publisher.update_layers(now):d}")

    def measure(self, now: float) -> None:
        self._ask("measure", now)
        health = self.publisher.measure(now)
        words = [str(NUMBERS[FIRST.get(health.codec or "", health.codec or "")])]
        words += [str(health.width or 0), str(health.height or 0)]
        for value in (health.bitrate_kbps, health.disposable_kbps, health.fps, health.loss):
            words.append(real(value))
        words += [real(each) for each in (health.rtt_ms, health.keyframe_s, health.jitter_ms)]
        words += [str(int(health.keyframes_on_request)), str(int(health.audio))]
        words.append(str(OBJECTIONS.index(health.objection)))
        words += [str(DELAYS_FROM.index(health.delay_from)), real(health.delay_ms)]
        for each in health.layers:
            words.append(f"{each.rid}:{each.width or 0}:{each.height or 0}:{real(each.kbps)}")
        self.say(" ".join(("health", *words)))

    def state(self, now: float) -> None:
        self._ask("state", now)
        one = self.publisher
        words = (real(one.last_at), f"{one.wanted:d}")
        answers = f"{one.answers_requests:d} {real(one.round_trip_s)}"
        size = f"{one.health.width or 0} {one.health.height or 0}"
        self.say(" ".join(("publisher", *words, answers, size)), layers=True)
        for track in one.tracks:
            self.say(" ".join(("track", *told_of(track, one.tracks, one.layers, now))))


def told_of(
    track: Track, tracks: Sequence[Track], layers: Sequence[Track], now: float
) -> Iterator[str]:
    """A track as the driver tells of it."""
    yield f"{track.ssrc} {NUMBERS[track.codec]} {track.layer} {track.rid}."
    yield f"{track.packets} {track.octets} {track.frames} {real(track.last_at)}"
    width, height = track.size or (0, 0)
    yield f"{width} {height} {real(track.kbps)} {real(track.loss)} {real(track.jitter_ms)}"
    yield f"{track in layers:d}"
    flags = (track.wrapped, track.overrun, track.wanted, track.unanswered(now))
    yield from (f"{flag:d}" for flag in flags)
    yield from (real(each) for each in (track.repair_s, track.keyframe_at))
    held = track.held
    yield "- -" if held is None else f"{held.sequence} {held.timestamp}"
    yield f"{track.timestamp_at(now)} {real(track.timestamp_of(tracks[0]))}"
    for sequence, each in track.missing.items():
        yield f"{sequence}:{each.tries}:{real(each.due)}:{real(each.asked)}"
    if track.is_video:
        yield from told_of_ring(track.ring, now)


def told_of_ring(ring: Ring, now: float) -> Iterator[str]:
    kept = [packet for packet in ring._slots if packet is not None]
    total = sum(
        each.sequence * (7 + each.disposable) + each.timestamp * 3 + len(each.payload)
        for each in kept
    )
    start = ring.group_start
    yield f"ring {ring.highest} {total & 0xFFFFFFFF}"
    yield real(None if ring.newest is None else ring.newest.sequence)
    yield f"{real(start)} {real(ring.group_time)}"
    yield from (f"{starts_in_group(ring, now, answers):d}" for answers in (False, True))


def played(name: str, seed: int, steps: int) -> Twin:
    """A publisher's life, by chance."""
    sender = Sender(PUBLISHINGS[name], seed)
    chance, twin = sender.chance, Twin(sender.publishing)
    due = sender.now
    for _ in range(steps):
        sender.wait()
        now = sender.now
        arrival = now - chance.expovariate(2_000)
        draw = chance.random()
        if draw < 0.70:
            for data in sender.frame(chance.choice(sender.streams)):
                twin.take(data, now, arrival)
        elif draw < 0.80:
            repair = sender.repair(chance.choice(sender.streams))
            if repair is not None:
                twin.take(repair, now, arrival)
        elif draw < 0.82:
            twin.take(sender.stray(), now, arrival)
        elif draw < 0.84:
            stream = chance.choice(sender.streams)
            ssrc = chance.choice((stream.ssrc, stream.ssrc, stream.ssrc, 1))
            ntp = rtp.ntp(1.7e9 + now + chance.uniform(-0.05, 0.05))
            twin.heard(ssrc, ntp, stream.timestamp, now)
        elif draw < 0.85:
            middle = chance.randrange(1 << 32)
            last = (middle - chance.randrange(12 << 16)) & 0xFFFFFFFF
            ssrc = chance.choice((OWN_SSRC, OWN_SSRC, 5))
            twin.answered(ssrc, chance.choice((last, 0)), chance.randrange(6 << 16), middle)
        elif draw < 0.86:
            twin.want(chance.randrange(-1, len(twin.publisher.layers)))
        elif draw < 0.93:
            twin.request(now)
        elif draw < 0.93 + 0.005 * sender.calm:
            sender.disturb()
        if now >= due:
            due = now + 0.1
            twin.look(now)
            twin.feedback(now, chance.random() < 0.2, chance.choice((0, rtp.ntp(1.7e9 + now))))
            if chance.random() < 0.1:
                twin.measure(now)
            elif chance.random() < 0.15:
                twin.state(now)
    twin.measure(sender.now)
    twin.state(sender.now)
    return twin


@pytest.mark.parametrize("name", PUBLISHINGS)
def test_c_makes_of_what_comes_what_python_makes(driver: Path, name: str) -> None:
    disposable = 0
    for seed in range(4):
        twin = played(name, seed, 6_000)
        compare(driver, twin)
        disposable += twin.disposable
    assert (disposable > 0) == (name != "sound")


def compare(driver: Path, twin: Twin) -> None:
    script = "\n".join(twin.script) + "\n"
    ran = subprocess.run([driver], input=script, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    for at, (said, expected) in enumerate(zip(lines, twin.said, strict=False)):
        assert said == expected, f"line {at}, to {twin.script[twin.asked[at]][:200]}"
    assert len(lines) == len(twin.said)
