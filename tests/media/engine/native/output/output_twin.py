"""An output's calls, made on the Python classes and written down for the driver of the C ones.

Each call notes what it should print there: what each viewer was sent, what it returned.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Ssrcs, Viewing
from farmlive.media.engine.python.ingest.publisher import Publisher
from farmlive.media.engine.python.ingest.rtp_rewrite import Rewriter
from farmlive.media.engine.python.ingest.track import Track
from farmlive.media.engine.python.net.gso_batch import GsoBatch
from farmlive.media.engine.python.output.epoch import Epoch
from farmlive.media.engine.python.output.forwarder import RewriteOffset
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.engine.python.output.viewer import Viewer
from farmlive.media.wire import rtp
from farmlive.media.wire.rtcp import Nack, ReceiverReport, ReferenceTime, SenderReport

# As C has them: the family in the low byte.
CODECS = {"": 0, "H264:baseline": 1, "VP8": 2, "VP9:0": 3, "OPUS": 5}
RIDS = ("a", "b", "c", "d")
SSRCS = Ssrcs(0xA0000001, 0xA0000002, 0xA0000003)


class Recorder:
    """In the place of a Protection and of an outlet."""

    tag = 16

    def __init__(self, peer: int, log: list[str]) -> None:
        self.peer, self._log = peer, log
        self.holds = 0
        # The numbers of video that it was sent.
        self.numbers: list[int] = []

    def take(self, run: GsoBatch) -> None:
        for data in run.packets:
            self._log.append(f"> {self.peer} {data.hex()}")
            if data[8:12] == SSRCS.video.to_bytes(4, "big"):
                self.numbers.append(int.from_bytes(data[2:4], "big"))

    def queued_bytes(self, address: object) -> int:
        return self.holds


def number(value: float | None) -> str:
    return "-1" if value is None else f"{value:.17g}"


def optional(value: float | None) -> str:
    return "-" if value is None else f"{value:.17g}"


class Twin:
    """`calls` is what the C side is to do and `expected` what it then says, call by call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.expected: list[list[str]] = []
        self.publishers: dict[int, Publisher] = {}
        self.outputs: dict[int, Fanout] = {}
        self.viewers: dict[int, Viewer] = {}
        self.where: dict[int, int] = {}
        self.recorders: dict[int, Recorder] = {}
        self._log: list[str] = []

    def _did(self, call: str, *words: object, result: str | None = None) -> None:
        written = [repr(each) if isinstance(each, float) else str(each) for each in words]
        self.calls.append(" ".join((call, *written)))
        lines = sorted(self._log, key=lambda line: int(line.split(maxsplit=2)[1]))
        self.expected.append(lines if result is None else [*lines, f"= {result}".rstrip()])
        self._log.clear()

    def fanout_of(self, viewer: int) -> Fanout:
        return self.outputs[self.where[viewer]]

    # Who there is.

    def publisher(self, key: int, ssrc: int, publishing: Publishing) -> Publisher:
        words: list[object] = [
            -1 if publishing.rid is None else publishing.rid,
            len(publishing.tracks),
        ]
        for each in publishing.tracks:
            words += _incoming(each)
        self.publishers[key] = Publisher(publishing, ssrc, key)
        self._did("publisher", key, ssrc, *words)
        return self.publishers[key]

    def gone(self, key: int) -> None:
        publisher = self.publishers.pop(key)
        for listener in publisher.listeners:
            listener.on_end(publisher)
        self._did("gone", key)

    def output(self, key: int, sequence: int, timestamp: int) -> None:
        fanout = self.outputs[key] = Fanout(SSRCS)
        fanout.sound._rewriter = Rewriter(48_000, sequence, timestamp)
        ssrcs = SSRCS.video, SSRCS.retransmission, SSRCS.audio
        self._did("output", key, *ssrcs, sequence, timestamp)

    def viewer(self, key: int, output: int, viewing: Viewing, rtx: int, now: float) -> None:
        recorder: Any = Recorder(key, self._log)
        viewer = Viewer(key, viewing, recorder, recorder, None, now)
        viewer.rtx_sequence = rtx
        self.viewers[key], self.recorders[key], self.where[key] = viewer, recorder, output
        self.outputs[output].add(viewer, now)
        words = [*_outgoing(viewing.video), *_outgoing(viewing.audio)]
        self._did("viewer", key, output, *words, rtx, now)

    def leave(self, key: int) -> None:
        self.fanout_of(key).remove(key)
        del self.viewers[key], self.recorders[key], self.where[key]
        self._did("leave", key)

    def air(self, output: int, publisher: int) -> None:
        self.outputs[output].put_on_air(self.publishers.get(publisher))
        self._did("air", output, publisher)

    # What comes.

    def rtp(self, publisher: int, data: bytes, now: float) -> bool:
        """A packet comes; whether a group of pictures began with it."""
        source = self.publishers[publisher]
        taken = source.handle_packet(rtp.split(data), now)
        result = "-"
        if taken is not None:
            switched = [
                key
                for listener in source.listeners
                if listener.on_packet(source, *taken, now)
                for key, each in self.outputs.items()
                if each is listener
            ]
            result = " ".join(map(str, (int(taken[2]), *sorted(switched))))
        self._did("rtp", publisher, now, data.hex(), result=result)
        return taken is not None and taken[2]

    def sender_report(self, publisher: int, report: SenderReport, now: float) -> None:
        self.publishers[publisher].record_sender_report(report, now)
        self._did("sr", publisher, report.ssrc, report.ntp, report.timestamp, now)

    def measure(self, publisher: int, now: float) -> None:
        source = self.publishers[publisher]
        source.measure(now)
        moved = False
        if source.update_layers(now):
            for output in source.listeners:
                assert isinstance(output, Fanout)
                moved |= output.select_tracks(now)
        self._did("measure", publisher, now, result=str(int(moved)))

    def feedback(self, publisher: int, report: bool, now: float) -> None:
        told = self.publishers[publisher].feedback(now, report)
        self._did("feedback", publisher, now, int(report), result=(told or b"").hex())

    # What is due.

    def whole(self, output: int) -> None:
        result = self.outputs[output].send_whole()
        self._did("whole", output, result=str(int(result)))

    def flush(self, output: int) -> None:
        self.outputs[output].flush()
        self._did("flush", output)

    def pump(self, output: int) -> None:
        self.outputs[output].send_bursts(0.0)
        self._did("pump", output)

    def tick(self, output: int, now: float) -> None:
        fanout = self.outputs[output]
        if fanout.joining.probing:
            fanout.probe(now)
        fanout.request_keyframes(now)
        self._did("tick", output, now)

    def second(self, viewer: int, now: float) -> None:
        result = self.fanout_of(viewer).run_each_second(self.viewers[viewer], now)
        self._did("second", viewer, now, result=str(int(result)))

    def report(self, viewer: int, now: float, wall: float) -> None:
        told = self.fanout_of(viewer).sending.report(self.viewers[viewer], now, wall)
        self._did("report", viewer, now, wall, result=(told or b"").hex())

    # What viewers tell, and what becomes of them.

    def received(self, viewer: int, ssrc: int, highest: int, lost: int, now: float) -> None:
        report = ReceiverReport(ssrc, 0, lost, highest, 0, 0, 0)
        result = self.fanout_of(viewer).record_report(self.viewers[viewer], report, now)
        self._did("rr", viewer, ssrc, highest, lost, now, result=str(int(result)))

    def checked(self, viewer: int, round_trip_s: float, now: float) -> None:
        result = self.fanout_of(viewer).record_check(self.viewers[viewer], round_trip_s, now)
        self._did("checked", viewer, round_trip_s, now, result=str(int(result)))

    def estimate(self, viewer: int, kbps: float, now: float) -> None:
        self.viewers[viewer].selector.record_estimate(kbps, now)
        self._did("remb", viewer, kbps, now)

    def nack(self, viewer: int, ssrc: int, missing: Sequence[int]) -> None:
        self.fanout_of(viewer).repair(self.viewers[viewer], Nack(ssrc, tuple(missing)), 0.0)
        self._did("nack", viewer, ssrc, len(missing), *missing)

    def keyframe_requested(self, viewer: int, now: float) -> None:
        asked = self.fanout_of(viewer).keyframe_requested(self.viewers[viewer], now)
        self._did("pli", viewer, now, result=str(asked.peer if asked is not None else 0))

    def reference(self, viewer: int, ssrc: int, middle: int, now: float) -> None:
        self.viewers[viewer].reference = ReferenceTime(ssrc, middle), now
        self._did("reference", viewer, ssrc, middle, now)

    def refused(self, viewer: int, packets: int, now: float) -> None:
        each = self.viewers[viewer]
        each.backpressure.count_refused(packets, now)
        if each.backpressure.since == now:
            self.fanout_of(viewer)._stop_videos([each])
        self._did("refused", viewer, packets, now)

    def holds(self, viewer: int, octets: int) -> None:
        self.recorders[viewer].holds = octets
        self._did("held", viewer, octets)

    def prefer(self, viewer: int, most: int | None, now: float) -> None:
        self.viewers[viewer].selector.most = most
        result = self.fanout_of(viewer).select_track(self.viewers[viewer], now)
        self._did("prefer", viewer, -1 if most is None else most, now, result=str(int(result)))

    def hears(self, viewer: int, payload_type: int) -> None:
        result = payload_type in self.viewers[viewer].sound
        self._did("hears", viewer, payload_type, result=str(int(result)))

    def moved(self, output: int) -> None:
        self.outputs[output].sending.stale = True
        self._did("moved", output)

    # Where everyone is.

    def state(self) -> None:
        lines = []
        for key, publisher in sorted(self.publishers.items()):
            layers = [
                f" {each.ssrc}:{each.wanted:d}:{flows:d}:{each.kbps:.17g}"
                for each, flows in zip(publisher.layers, publisher.flow.flowing, strict=True)
            ]
            outputs = [
                f" {key}"
                for key, each in sorted(self.outputs.items())
                if each in publisher.listeners
            ]
            lines.append(
                f"p {key} {publisher.answers_requests:d}{''.join(layers)} to{''.join(outputs)}"
            )
        for key, fanout in sorted(self.outputs.items()):
            lines += _fanout(key, fanout)
        self._did("state")
        self.expected[-1] = lines


def _incoming(each: Incoming) -> list[object]:
    assert list(each.layers) == list(RIDS[: len(each.layers)])
    words: list[object] = [
        int(each.kind == "video"),
        each.clock_rate,
        int(each.nack),
        int(each.pli),
        len(each.layers),
        len(each.codecs),
    ]
    for payload_type, codec in each.codecs.items():
        words += [payload_type, CODECS[codec]]
    for types in (each.retransmissions, each.red):
        words.append(len(types))
        for pair in types.items():
            words += pair
    return words


def _outgoing(wants: Any) -> list[object]:
    words: list[object] = [len(wants)]
    for codec, each in wants.items():
        assert isinstance(each, Outgoing)
        optional = [-1 if it is None else it for it in (each.retransmission, each.red)]
        words += [CODECS[codec], each.payload_type, *optional]
    return words


def _shift(shift: RewriteOffset) -> str:
    moved = "0,0,0"
    if shift.pictures is not None:
        codec, picture, base = shift.pictures
        moved = f"{CODECS[codec]},{picture},{base}"
    return f"{shift.payload_type},{shift.sequence},{shift.timestamp},{moved}"


def _target(track: Track | None) -> str:
    return "-" if track is None else f"{track.ssrc}/{track.layer}"


def _epoch(epoch: Epoch) -> str:
    squeezed = "-" if epoch.squeezed is None else epoch.squeezed
    return (
        f" {epoch.track.ssrc}:{epoch.first}:{_shift(epoch.shift)}:{epoch.nudge}:{squeezed}"
        f":{epoch.muted:d} {optional(epoch.until)}"
    )


def _viewer(viewer: Viewer, fanout: Fanout) -> str:
    joining, stall, choice = fanout.joining, viewer.backpressure, viewer.selector
    places = {"waiting": joining.waiting, "catching": joining.catching}
    found = [name for name, who in places.items() if viewer.peer in who]
    found += ["live"] * (viewer.forwarder is not None)
    assert len(found) == 1
    out = f"v {viewer.peer} {found[0]} {_target(viewer.target)}"
    if viewer.cursor is not None:
        out += f" {viewer.cursor}"
    if viewer.epoch is not None:
        out += _epoch(viewer.epoch)
    out += f" past {len(viewer.past)}{''.join(map(_epoch, viewer.past))}"
    if viewer.last is not None:
        sequence, timestamp, latest, pictures, at = viewer.last
        told = " ".join(number(each) for each in pictures)
        out += f" last {sequence} {timestamp} {latest} {told} {at:.17g}"
    out += f" rtx {viewer.rtx_sequence} {viewer.rtx_left} sound {number(viewer.audio_shift)}"
    out += f" stall {stall.dropped} {stall._wait_s:.17g} {optional(stall.since)}"
    numbers = (choice.most, choice.probe, choice._limit, choice.loss, choice._up_at)
    told = " ".join(number(each) for each in (*numbers, choice._back_off, choice._base_loss))
    return f"{out} choice {told}"


def _peers(name: str, peers: Iterable[int]) -> str:
    return " ".join((f" {name}", *map(str, peers)))


def _fanout(key: int, fanout: Fanout) -> list[str]:
    joining, sound = fanout.joining, fanout.sound
    on_air, following = (
        each.peer if each is not None else 0 for each in (fanout.on_air, fanout.following)
    )
    lists = {
        "waiting": joining.waiting,
        "catching": joining.catching,
        "moving": joining.moving,
        "probing": joining.probing,
    }
    counts = (
        fanout.sending.sent,
        fanout.dropped,
        fanout.repairs.repaired,
        fanout.repairs.unrepaired,
        int(fanout.sending.stale),
    )
    lines = [
        f"o {key} {on_air} {following}"
        + "".join(_peers(name, who) for name, who in lists.items())
        + f" sent {' '.join(map(str, counts))} {fanout._switched_at:.17g}"
        + f" {CODECS[sound.codec]} {sound.packets} {sound.octets}"
    ]
    for lane in joining.forwarders.values():
        common = _shift(lane.common) if lane.common is not None else ""
        lines.append(
            f"l {lane.publisher.peer} {lane.track.ssrc} {len(lane.pending)} {lane.whole} {common}"
            + _peers(":", sorted(lane.members))
        )
    return lines + [_viewer(viewer, fanout) for viewer in fanout.viewers.values()]
