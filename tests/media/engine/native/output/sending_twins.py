"""An output in Python and one in C, which are told the same and must send each viewer the same.

What Python does is done at once; what C is told is written down, and done when `agree` is called.
"""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.media.support.packets import Received, parse
from tests.media.support.scripted_peers import Hearers, Nowhere

from farmlive.media.engine.interface import Outgoing, Publishing, Ssrcs, Viewing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.output import sending, sound
from farmlive.media.engine.python.output import viewer as viewer_module
from farmlive.media.engine.python.output.catch_up import wants_sender_report
from farmlive.media.engine.python.output.forwarder import RewriteOffset
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import RoundTrip, Viewer
from farmlive.media.wire import rtcp, rtp

# As C numbers them (codecs.h).
CODECS = {
    "H264:baseline": 0x001, "H264:high": 0x101, "VP8": 0x002, "VP9:0": 0x003, "AV1": 0x004,
    "OPUS": 0x005,
}  # fmt: skip

_nowhere: Any = Nowhere()


class Heard:
    """In the place of a Protection: keeps what its viewer is sent, in plain text."""

    tag = 16

    def __init__(self) -> None:
        self.now: list[bytes] = []
        self.all: list[bytes] = []

    def take(self, run: GsoBatch) -> None:
        self.now += run.packets
        self.all += run.packets


class Twins:
    """Outputs, publishers and viewers by their numbers; each call is one command."""

    def __init__(self, driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        draw = Random(0)
        for module in (sound, viewer_module):
            monkeypatch.setattr(module, "randbelow", draw.randrange)
        monkeypatch.setattr(sending, "SendGroup", Hearers)
        monkeypatch.setattr(viewer_module, "SendGroup", Hearers)
        self.driver = driver
        self.now = 1_000.0
        self.outputs: dict[int, Fanout] = {}
        self.publishers: dict[int, Publisher] = {}
        self.viewers: dict[int, Viewer] = {}
        self.heard: dict[int, Heard] = {}
        self._of: dict[int, int] = {}
        self._script: list[str] = []
        self._done: list[tuple[dict[int, list[str]], list[str]]] = []

    def _tell(self, command: str, *told: object) -> None:
        """Note a command that has been done in Python, and what it answered."""
        sent = {}
        for peer, heard in self.heard.items():
            if heard.now:
                sent[peer] = [packet.hex() for packet in heard.now]
                heard.now.clear()
        self._script.append(command)
        self._done.append((sent, [str(each) for each in told]))

    def agree(self) -> None:
        """Let C do it all, and compare command by command."""
        ran = subprocess.run(
            [self.driver], input="\n".join(self._script), capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr[-4000:]
        steps: list[tuple[dict[int, list[str]], list[str]]] = [({}, [])]
        for line in ran.stdout.splitlines():
            kind, _, rest = line.partition(" ")
            if kind == ".":
                steps.append(({}, []))
            elif kind == ">":
                peer, _, packet = rest.partition(" ")
                steps[-1][0].setdefault(int(peer), []).append(packet)
            else:
                steps[-1][1].append(rest)
        assert steps.pop() == ({}, [])
        assert len(steps) == len(self._done)
        for at, (mine, native) in enumerate(zip(self._done, steps, strict=True)):
            assert native == mine, f"command {at}: {self._script[at][:200]}"

    # Outputs.

    def output(self, number: int = 0) -> Fanout:
        ssrcs = Ssrcs(11 + 10 * number, 12 + 10 * number, 13 + 10 * number)
        fanout = self.outputs[number] = Fanout(ssrcs)
        drawn = fanout.sound._rewriter
        self._tell(
            f"output {number} {ssrcs.video} {ssrcs.retransmission} {ssrcs.audio}"
            f" {drawn._sequence} {drawn._timestamp}"
        )
        return fanout

    def air(self, publisher: int | None, output: int = 0) -> None:
        chosen = None if publisher is None else self.publishers[publisher]
        self.outputs[output].put_on_air(chosen)
        self._tell(f"air {output} {-1 if publisher is None else publisher}")

    def whole(self, output: int = 0) -> None:
        self._tell(f"whole {output}", int(self.outputs[output].send_whole()))

    def flush(self, output: int = 0) -> None:
        self.outputs[output].flush()
        self._tell(f"flush {output}")

    def pump(self, output: int = 0) -> None:
        self.outputs[output].send_bursts(self.now)
        self._tell(f"pump {output} {self.now!r}")

    def want(self, output: int = 0) -> None:
        self.outputs[output].request_keyframes(self.now)
        self._tell(f"want {output} {self.now!r}")

    def sound_alone(self, output: int = 0) -> bool:
        """Whether the publisher that follows went on air without a picture."""
        went = self.outputs[output].switch_to_audio_only(self.now)
        self._tell(f"sound-alone {output} {self.now!r}", int(went))
        return went

    def probe(self, output: int = 0) -> None:
        self.outputs[output].probe(self.now)
        self._tell(f"probe {output} {self.now!r}")

    def state(self, output: int = 0) -> None:
        """Compare what is not seen by what is sent."""
        fanout = self.outputs[output]
        told = [
            f"sent {fanout.sending.sent} repaired {fanout.repairs.repaired}"
            f" unrepaired {fanout.repairs.unrepaired} dropped {fanout.dropped}"
            f" sound {fanout.sound.packets} {fanout.sound.octets}"
        ]
        for lane in fanout.joining.forwarders.values():
            told.append(f"lane {lane.track.ssrc}" + (_shift(lane.common) if lane.common else ""))
        told += [_viewer(fanout, each) for each in fanout.viewers.values()]
        self._tell(f"state {output}", *told)

    # Publishers.

    def publisher(self, number: int, publishing: Publishing) -> Publisher:
        publisher = self.publishers[number] = Publisher(publishing, 99, number)
        ids = (
            publishing.transport_cc,
            publishing.rid,
            publishing.repaired_rid,
            publishing.capture_time,
        )
        words: list[object] = ["publisher", number, *(-1 if each is None else each for each in ids)]
        words.append(len(publishing.tracks))
        for track in publishing.tracks:
            words += [int(track.kind == "video"), track.clock_rate, int(track.nack), int(track.pli)]
            for pairs in (
                {number: CODECS[codec] for number, codec in track.codecs.items()},
                track.retransmissions,
                track.red,
            ):
                words.append(len(pairs))
                words += [word for pair in pairs.items() for word in pair]
            words += [len(track.layers), *track.layers]
        self._tell(" ".join(map(str, words)))
        return publisher

    def take(self, number: int, datagram: bytes) -> None:
        """A datagram comes from the publisher."""
        publisher, told = self.publishers[number], []
        taken = publisher.handle_packet(rtp.split(datagram), self.now)
        if taken is not None:
            for listener in publisher.listeners:
                if listener.on_packet(publisher, *taken, self.now):
                    told += [at for at, each in self.outputs.items() if each is listener]
        self._tell(
            f"take {number} {self.now!r} {datagram.hex()}",
            *(f"switched {at}" for at in sorted(told, reverse=True)),
        )

    def report_of(self, number: int, ssrc: int, wall: float, timestamp: int) -> None:
        """The publisher sends a sender report."""
        ntp = rtp.ntp(wall)
        self.publishers[number].record_sender_report(
            rtcp.SenderReport(ssrc, ntp, timestamp, 0, 0), self.now
        )
        self._tell(f"heard {number} {ssrc} {ntp} {timestamp} {self.now!r}")

    def look(self, number: int) -> None:
        publisher = self.publishers[number]
        if publisher.update_layers(self.now):
            for listener in publisher.listeners:
                listener.on_layers_changed(self.now)
        self._tell(f"look {number} {self.now!r}")

    def measure(self, number: int) -> None:
        self.publishers[number].measure(self.now)
        self._tell(f"measure {number} {self.now!r}")

    def feedback(self, number: int) -> None:
        told = self.publishers[number].feedback(self.now, report=False)
        self._tell(f"feedback {number} {self.now!r}", (told or b"").hex())

    def gone(self, number: int) -> None:
        publisher = self.publishers.pop(number)
        for listener in publisher.listeners:
            listener.on_end(publisher)
        self._tell(f"gone {number}")

    # Viewers.

    def viewer(
        self, peer: int, viewing: Viewing, output: int = 0, *, controlled: bool = False
    ) -> Viewer:
        """A viewer comes; `controlled`: its link is estimated."""
        heard = self.heard[peer] = Heard()
        protection: Any = heard
        viewer = Viewer(peer, viewing, protection, _nowhere, None, self.now)
        viewer.link = LinkEstimate(self.now, controlled)
        self.viewers[peer], self._of[peer] = viewer, output
        rtx = viewer.rtx_sequence
        self.outputs[output].add(viewer, self.now)
        self._tell(
            f"viewer {output} {peer} {rtx} {self.now!r} {controlled:d}"
            f" {_outgoing(viewing.video)} {_outgoing(viewing.audio)}"
        )
        return viewer

    def join(self, peer: int, viewing: Viewing, *, controlled: bool = False) -> Viewer:
        """A viewer comes and is live at once."""
        viewer = self.viewer(peer, viewing, controlled=controlled)
        self.pump()
        return viewer

    def packets(self, peer: int, ssrc: int = 11) -> list[Received]:
        """What the viewer was sent of this SSRC; 11 is video, 12 RTX and 13 sound."""
        return [each for each in map(parse, self.heard[peer].all) if each.ssrc == ssrc]

    def numbers(self, peer: int) -> list[int]:
        """Of the video that it was sent."""
        return [each.packet.sequence for each in self.packets(peer)]

    def _fanout(self, peer: int) -> tuple[Fanout, Viewer]:
        return self.outputs[self._of[peer]], self.viewers[peer]

    def remove(self, peer: int) -> None:
        fanout, _ = self._fanout(peer)
        fanout.remove(peer)
        self._tell(f"remove {peer}")
        del self.viewers[peer]

    def nack(self, peer: int, missing: Iterable[int], ssrc: int = 0) -> None:
        fanout, viewer = self._fanout(peer)
        numbers, ssrc = tuple(missing), ssrc or fanout.ssrcs.video
        fanout.repair(viewer, rtcp.Nack(ssrc, numbers), self.now)
        words = (peer, ssrc, len(numbers), *numbers)
        self._tell(f"nack {' '.join(map(str, words))} {self.now!r}")

    def report(self, peer: int, highest: int, lost: int, rtt_s: float | None = None) -> None:
        fanout, viewer = self._fanout(peer)
        block = rtcp.ReceiverReport(fanout.ssrcs.video, 0, lost, highest, 0, 0, 0)
        round_trip = None
        if rtt_s is not None:
            wants_sender_report(viewer, True, self.now - rtt_s)
            round_trip = RoundTrip(rtt_s, self.now - rtt_s)
        due = fanout.record_report(viewer, block, self.now, round_trip)
        rtt = -1.0 if rtt_s is None else rtt_s
        self._tell(f"report {peer} {highest} {lost} {rtt!r} {self.now!r}", int(due))

    def estimate(self, peer: int, kbps: float) -> None:
        self.viewers[peer].selector.record_estimate(kbps, self.now)
        self._tell(f"estimate {peer} {kbps!r} {self.now!r}")

    def carries(self, peer: int, layer: int) -> None:
        """Take the viewer's link to carry this layer."""
        _, viewer = self._fanout(peer)
        viewer.selector._limit = layer
        self._tell(f"carries {peer} {layer}")
        self.prefer(peer, None)

    def prefer(self, peer: int, most: int | None) -> None:
        fanout, viewer = self._fanout(peer)
        viewer.selector.most = most
        due = fanout.select_track(viewer, self.now)
        self._tell(f"prefer {peer} {-1 if most is None else most} {self.now!r}", int(due))

    def keyframe(self, peer: int) -> None:
        fanout, viewer = self._fanout(peer)
        fanout.keyframe_requested(viewer, self.now)
        self._tell(f"keyframe {peer} {self.now!r}")

    def second(self, peer: int) -> None:
        fanout, viewer = self._fanout(peer)
        self._tell(f"second {peer} {self.now!r}", int(fanout.run_each_second(viewer, self.now)))

    def fall(self, peer: int, dropped: int) -> None:
        fanout, viewer = self._fanout(peer)
        viewer.backpressure.stop_video(dropped, self.now)
        fanout._stop_video(viewer)
        self._tell(f"fall {peer} {dropped} {self.now!r}")

    def reference(self, peer: int, ssrc: int, middle: int) -> None:
        self.viewers[peer].reference = (rtcp.ReferenceTime(ssrc, middle), self.now)
        self._tell(f"reference {peer} {ssrc} {middle} {self.now!r}")

    def sender_report(self, peer: int, wall: float) -> bytes:
        fanout, viewer = self._fanout(peer)
        told = fanout.sending.report(viewer, self.now, wall) or b""
        self._tell(f"sender-report {peer} {self.now!r} {wall!r}", told.hex())
        return told


def _outgoing(each: Mapping[str, Outgoing]) -> str:
    words = [len(each)]
    for codec, terms in each.items():
        words += [CODECS[codec], terms.payload_type]
        words += [-1 if one is None else one for one in (terms.retransmission, terms.red)]
    return " ".join(map(str, words))


def _shift(shift: RewriteOffset) -> str:
    by = shift.pictures
    pictures = "-1:-1" if by is None else f"{by.picture}:{by.base}"
    return f" {shift.payload_type} {shift.sequence} {shift.timestamp} {pictures}"


def _viewer(fanout: Fanout, viewer: Viewer) -> str:
    joining, epoch, last = fanout.joining, viewer.epoch, viewer.last
    place = "live"
    if viewer.peer in joining.waiting:
        place = "waits"
    elif viewer.peer in joining.catching:
        place = "catches"
    told = (
        f"viewer {viewer.peer} {place} moving {int(viewer.peer in joining.moving)}"
        f" target {viewer.target.ssrc if viewer.target else 0}"
        f" rtx {viewer.rtx_sequence} left {viewer.rtx_left}"
    )
    if viewer.audio_shift is not None:
        told += f" hears {viewer.audio_shift}"
    if viewer.cursor is not None:
        told += f" cursor {viewer.cursor}"
    if last is not None:
        picture, base = (-1 if each is None else each for each in last.pictures)
        told += (
            f" last {last.sequence} {last.timestamp} {last.latest} {picture}:{base} {last.at:.17g}"
        )
    for past in viewer.past:
        told += f" past {past.track.ssrc} {past.first} muted {int(past.muted)}"
    if epoch is not None:
        told += f" epoch {epoch.track.ssrc} {epoch.first}{_shift(epoch.shift)}"
        squeezed = -1 if epoch.squeezed is None else epoch.squeezed
        told += f" nudge {epoch.nudge} squeezed {squeezed}"
    return told
