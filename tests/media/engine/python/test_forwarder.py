"""Viewers between the layers of a simulcast and between sources, and what they are repaired by."""

import itertools

import pytest
from tests.media.support.scripted_peers import (
    DELTA,
    KEY,
    SSRCS,
    Kept,
    Source,
    consecutive,
    hear_plainly,
    outputs_of,
    viewer,
)

from farmlive.media.engine.interface import Incoming, Outgoing, Publishing, Viewing
from farmlive.media.engine.python.output import Fanout
from farmlive.media.engine.python.publisher import Publisher
from farmlive.media.engine.python.viewer import Viewer
from farmlive.media.wire import picture_id, red, rtcp, rtp
from farmlive.media.wire.rtp import Packet, ahead32

RIDS = ("q", "h", "f")


class Layered:
    """A publisher of three layers. Each has its SSRC, numbers and times; a frame of layer n has
    n + 1 packets, which say n, and each frame counts its pictures.
    """

    def __init__(self, fanout: Fanout, base_ssrc: int = 100) -> None:
        video = Incoming("video", 90_000, {96: "VP8"}, {97: 96}, layers=RIDS, nack=True, pli=True)
        audio = Incoming("audio", 48_000, {111: "OPUS"}, red={63: 111})
        self.publisher = Publisher(Publishing([video, audio], rid=10, repaired_rid=11), 99)
        self.fanout = fanout
        self.ssrcs = [base_ssrc + layer for layer in range(3)]
        self.sequences = [10_000, 40_000, 65_534]
        self.stamps = [5, 2**32 - 40_000, 777_777]
        self.pictures = [3, 20_000, 32_767]
        self.sending = [True, True, True]
        self.frame = 0
        self.now = 0.0
        self.lose: set[tuple[int, int]] = set()

    def frames(self, count: int, keyframes: tuple[int, ...] = ()) -> None:
        """So many frames of what is sent, the first a keyframe on these layers."""
        for number in range(count):
            for layer in range(3):
                if self.sending[layer]:
                    self.one(layer, number == 0 and layer in keyframes)
            self.frame += 1
            self.now += 1 / 30
            if self.frame % 3 == 0 and self.publisher.look(self.now):
                self.fanout.aim_all(self.now)

    def one(self, layer: int, keyframe: bool) -> None:
        """One frame of a layer."""
        stamp = (self.stamps[layer] + self.frame * 3000) & 0xFFFFFFFF
        picture = (self.pictures[layer] | 0x8000).to_bytes(2, "big")
        self.pictures[layer] = (self.pictures[layer] + 1) & 0x7FFF
        for part in range(layer + 1):
            # The first packet has the frame's begin, of a keyframe or of another (RFC 7741).
            head = b"\x80\x80" if part else b"\x90\x80"
            kind = b"\x50" if keyframe else b"\x01"
            payload = head + picture + kind + bytes((layer,)) * 40
            packet = Packet(self.sequences[layer], stamp, part == layer, payload)
            self.sequences[layer] = (self.sequences[layer] + 1) & 0xFFFF
            if (layer, packet.sequence) not in self.lose:
                self.send(96, self.ssrcs[layer], packet, RIDS[layer].encode())

    def send(self, payload_type: int, ssrc: int, packet: Packet, rid: bytes = b"") -> None:
        """Let a packet come; `rid` rides in its header."""
        extension = (0xBEDE, bytes((10 << 4 | len(rid) - 1,)) + rid + b"\x00\x00") if rid else None
        taken = self.publisher.take((payload_type, ssrc, *packet, extension), self.now)
        if taken is not None:
            for fanout in outputs_of(self.publisher):
                fanout.feed(self.publisher, *taken, self.now)
                fanout.send_whole()

    def asked(self) -> list[int]:
        """The SSRCs of which keyframes are asked for now."""
        told = self.publisher.feedback(self.now, report=False)
        reports = rtcp.parse(told) if told else ()
        return [each.ssrc for each in reports if isinstance(each, rtcp.KeyframeRequest)]


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def on_air(fanout: Fanout) -> tuple[Layered, Viewer, Kept]:
    """A source that is on air and has sent a while, and a viewer in the middle."""
    source = Layered(fanout)
    fanout.put_on_air(source.publisher)
    source.frames(3, keyframes=(0, 1, 2))
    source.asked()
    one, kept = viewer(1)
    fanout.add(one, source.now)
    fanout.pump()
    source.frames(6)
    return source, one, kept


def layers(kept: Kept) -> list[int]:
    """Which layer each packet is of."""
    return [packet.payload[-1] for packet in kept.video]


def report(fanout: Fanout, one: Viewer, now: float, highest: int, lost: int) -> None:
    block = rtcp.ReceiverReport(SSRCS.video, 0, lost, highest, 0, 0, 0)
    fanout.reported(one, block, now)


def whole(kept: Kept) -> bool:
    """Whether numbers, times and pictures go on without a gap or a step back."""
    stamps = [packet.timestamp for packet in kept.video]
    starts = [packet.payload for packet in kept.video if packet.payload[0] == 0x90]
    numbers = [picture_id.read("VP8", payload)[0] for payload in starts]
    steps = [((b or 0) - (a or 0)) & 0x7FFF for a, b in itertools.pairwise(numbers)]
    grows = [ahead32(b, a) for a, b in itertools.pairwise(stamps)]
    return consecutive(kept.video) and set(steps) == {1} and min(grows) >= 0


def test_a_viewer_begins_in_the_middle(fanout: Fanout) -> None:
    _, one, kept = on_air(fanout)
    assert set(layers(kept)) == {1}
    assert whole(kept)
    assert kept.video[0].sequence < 0x8000
    assert one.lane is not None


def go_up(fanout: Fanout, source: Layered, one: Viewer) -> None:
    """Reports without loss, after which a viewer wants the next layer."""
    report(fanout, one, source.now, 100, 0)
    source.now += 3
    report(fanout, one, source.now, 400, 0)
    assert one.choice.probe == 2
    report(fanout, one, source.now + 0.5, 450, 0)
    source.now += 1.5
    report(fanout, one, source.now, 550, 0)
    assert one.choice.probe is None


def test_a_link_is_tried_with_repeats_before_a_layer_is(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    source.publisher.measure(1.0)
    report(fanout, one, source.now, 100, 0)
    source.frames(30)
    source.now += 3
    source.publisher.measure(2.0)
    report(fanout, one, source.now, 400, 0)
    # Of the layer above one packet in three is more, of 45 bytes and 30 times a second.
    fanout.probe(0.1)
    repeats = kept.of(SSRCS.retransmission)
    assert sum(len(each.packet.payload) - 2 for each in repeats) == pytest.approx(135, abs=45)
    numbers = [int.from_bytes(each.packet.payload[:2], "big") for each in repeats]
    assert numbers == [packet.sequence for packet in reversed(kept.video)][: len(numbers)]
    report(fanout, one, source.now + 0.5, 450, 0)
    source.now += 1.5
    report(fanout, one, source.now, 550, 30)
    assert one.choice.probe is None
    assert one.target is source.publisher.layers[1], "it does not carry that"
    fanout.probe(0.1)
    assert len(kept.of(SSRCS.retransmission)) == len(repeats)


def test_it_moves_up_at_the_keyframe_of_the_upper_layer_alone(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    go_up(fanout, source, one)
    assert source.asked() == [source.ssrcs[2]]
    source.frames(5)
    assert set(layers(kept)) == {1}, "the old picture goes on until the new one begins"
    source.frames(1, keyframes=(1,))
    assert set(layers(kept)) == {1}, "a keyframe of another layer is none"
    source.frames(4, keyframes=(2,))
    assert layers(kept)[-1] == 2
    assert whole(kept)
    assert layers(kept)[-12:] == [2] * 12


def test_it_moves_down_at_once_when_it_asks_for_less(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    one.choice.most = 0
    assert fanout.aim(one, source.now)
    assert source.asked() == [source.ssrcs[0]]
    source.frames(2)
    source.frames(3, keyframes=(0,))
    assert layers(kept)[-3:] == [0] * 3
    assert whole(kept)


def test_it_moves_down_when_it_loses_much(fanout: Fanout) -> None:
    source, one, _ = on_air(fanout)
    report(fanout, one, source.now, 100, 0)
    source.now += 1
    report(fanout, one, source.now, 200, 40)
    assert one.target is source.publisher.layers[0]
    assert source.asked() == [source.ssrcs[0]]


def test_what_a_full_link_lost_is_not_sent_again(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    report(fanout, one, source.now, 100, 0)
    source.now += 1
    report(fanout, one, source.now, 200, 40)
    old = kept.video[-1].sequence
    source.frames(2, keyframes=(0,))
    new = kept.video[-1].sequence
    fanout.repair(one, rtcp.Nack(SSRCS.video, (old, new)))
    (again,) = kept.of(SSRCS.retransmission)
    assert int.from_bytes(again.packet.payload[:2], "big") == new
    source.frames(30)
    source.asked()
    report(fanout, one, source.now, 210, 45)
    source.now += 1.1
    assert fanout.reported(one, rtcp.ReceiverReport(SSRCS.video, 0, 45, 240, 0, 0, 0), source.now)
    assert source.asked() == [source.ssrcs[0]], "the link is free again, the picture perhaps broken"


def test_a_layer_that_stops_is_left_for_the_next_lower_one(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    source.sending[1] = source.sending[2] = False
    source.frames(9)
    assert one.target is source.publisher.layers[0]
    assert source.asked() == [source.ssrcs[0]]
    source.frames(3, keyframes=(0,))
    assert layers(kept)[-3:] == [0] * 3
    assert whole(kept)


def test_reports_of_the_sender_set_the_layers_to_one_time(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    # At frame 0 it was the same moment on all layers, though they arrive apart.
    for layer in range(3):
        moment = rtcp.SenderReport(
            source.ssrcs[layer], rtp.ntp(8_000.0), source.stamps[layer], 0, 0
        )
        source.publisher.heard(moment, source.now)
    before = kept.video[-1].timestamp
    one.choice.most = 0
    fanout.aim(one, source.now)
    source.now += 0.4
    source.frames(1, keyframes=(0,))
    assert layers(kept)[-1] == 0
    assert ahead32(kept.video[-1].timestamp, before) == 3000, "one frame later, by the reports"


def test_without_reports_time_goes_on_by_arrival(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    before = kept.video[-1].timestamp
    one.choice.most = 0
    fanout.aim(one, source.now)
    source.now += 0.4
    source.frames(1, keyframes=(0,))
    moved = ahead32(kept.video[-1].timestamp, before)
    assert moved == pytest.approx(90_000 * (0.4 + 1 / 30), abs=20)


def test_what_was_lost_before_the_move_comes_from_the_old_layer(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    old = kept.video[-2]
    one.choice.most = 0
    fanout.aim(one, source.now)
    source.frames(3, keyframes=(0,))
    new = kept.video[-1]
    fanout.repair(one, rtcp.Nack(SSRCS.video, (old.sequence, new.sequence)))
    again = [each.packet for each in kept.of(SSRCS.retransmission)]
    assert [packet.payload[2:] for packet in again] == [old.payload, new.payload]
    assert [packet.timestamp for packet in again] == [old.timestamp, new.timestamp]
    # Some seconds later nobody asks for it any more, and it is forgotten.
    fanout.second(one, source.now + 6)
    assert one.past == []
    assert one.epoch is not None


def test_viewers_with_the_same_numbers_are_served_together(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    two, seen = viewer(2)
    fanout.add(two, source.now)
    fanout.pump()
    source.frames(2)
    three, late = viewer(3)
    fanout.add(three, source.now)
    fanout.pump()
    source.frames(2)
    assert len(fanout.sending._audiences) == 1
    for each in (one, two):
        each.choice.most = 0
        fanout.aim(each, source.now)
    source.frames(2, keyframes=(0,))
    assert len(fanout.sending._audiences) == 2
    assert kept.video[-1] == seen.video[-1]
    assert layers(late)[-1] == 1
    three.choice.most = 0
    fanout.aim(three, source.now)
    source.frames(2, keyframes=(0,))
    assert layers(late)[-1] == 0
    assert whole(late)


def test_nobody_watches_a_layer_that_is_not_sent_on(fanout: Fanout) -> None:
    source, _, kept = on_air(fanout)
    assert len(fanout.joining.lanes) == 1
    assert len({packet.payload[-1] for packet in kept.video}) == 1
    assert source.publisher.layers[2].packets > 0


def test_a_late_packet_from_before_the_seam_is_not_sent_to_who_came_with_it(
    fanout: Fanout,
) -> None:
    source, one, kept = on_air(fanout)
    other, seen = viewer(2)
    other.choice.most = 0
    fanout.add(other, source.now)
    fanout.pump()
    source.frames(3, keyframes=(0,))
    held = source.sequences[0]
    source.lose = {(0, held)}
    one.choice.most = 0
    fanout.aim(one, source.now)
    source.frames(1)
    source.frames(2, keyframes=(0,))
    assert layers(kept)[-1] == 0
    before = len(kept.video), len(seen.video)
    stamp = source.stamps[0] + (source.frame - 3) * 3000
    source.send(96, source.ssrcs[0], Packet(held, stamp, True, DELTA + bytes(40)))
    assert (len(kept.video), len(seen.video)) == (before[0], before[1] + 1)
    assert whole(kept)


def test_sources_of_one_and_of_three_layers_change_without_a_seam(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    plain = Source(fanout, ssrc=6)
    fanout.put_on_air(plain.publisher)
    source.frames(2)
    plain.frames(2, source.now, keyframe=True)
    fanout.put_on_air(source.publisher)
    now = plain.frames(2, source.now + 0.1)
    source.now = now
    source.frames(1)
    assert kept.video[-1].payload.startswith(b"\x00"), "no keyframe yet"
    source.frames(2, keyframes=(0, 1, 2))
    assert consecutive(kept.video)
    assert layers(kept)[-2:] == [1, 1]
    assert plain.publisher.listeners == ()
    assert one.lane is not None
    assert one.lane.publisher is source.publisher


def test_a_new_source_whose_layer_does_not_come_gives_a_lower_one(fanout: Fanout) -> None:
    source, _, kept = on_air(fanout)
    other = Layered(fanout, base_ssrc=200)
    other.now = source.now
    other.frames(3, keyframes=(0, 1, 2))
    fanout.put_on_air(other.publisher)
    other.frames(1, keyframes=(0,))
    source.frames(3)
    assert layers(kept)[-1] == 1, "the old source's picture goes on"
    assert source.publisher.listeners == (fanout,)
    other.now += 1
    other.frames(1, keyframes=(0,))
    assert layers(kept)[-1] == 0
    assert whole(kept)
    assert source.publisher.listeners == ()


def test_a_track_that_begins_anew_goes_on_for_its_viewers(fanout: Fanout) -> None:
    source, _, kept = on_air(fanout)
    source.ssrcs[1] = 500
    source.sequences[1] = 7
    source.frames(1)
    seen = len(kept.video)
    assert source.asked() == [500]
    source.frames(2, keyframes=(1,))
    assert len(kept.video) == seen + 4
    assert whole(kept)


RED = Viewing({}, {"OPUS": Outgoing(109, red=120)})
PLAIN = Viewing({}, {"OPUS": Outgoing(109)})


def test_sound_in_red_is_for_those_who_take_it_and_plain_for_the_others(fanout: Fanout) -> None:
    source = Layered(fanout)
    fanout.put_on_air(source.publisher)
    source.frames(1, keyframes=(0, 1, 2))
    (one, both), (two, primary) = viewer(1, RED), viewer(2, PLAIN)
    fanout.add(one, 0)
    fanout.add(two, 0)
    blocks = [red.Block(111, 960, b"before"), red.Block(111, 0, b"now")]
    source.send(63, 77, Packet(1, 960, False, red.write(blocks, 111)))
    source.send(111, 77, Packet(2, 1920, False, b"alone"))
    source.send(63, 77, Packet(3, 2880, False, b"\xef"))
    assert [each.payload_type for each in both.received] == [120, 109]
    assert red.parse(both.received[0].packet.payload) == [
        block._replace(payload_type=109) for block in blocks
    ]
    assert [each.payload_type for each in primary.received] == [109, 109]
    assert [each.packet.payload for each in primary.received] == [b"now", b"alone"]


def test_a_keyframe_of_the_single_layer_begins_with_its_first_packet(fanout: Fanout) -> None:
    source = Source(fanout)
    fanout.put_on_air(source.publisher)
    one, kept = viewer(1)
    fanout.add(one, 0)
    # Its first packet is lost and comes by RTX, when the next frame has begun.
    source.send(Packet(10, 90, True, DELTA + bytes(9)), 0)
    source.send(Packet(12, 3090, True, b"\x00" * 9), 0.03)
    source.send(Packet(13, 6090, True, DELTA + bytes(9)), 0.06)
    source.send(Packet(11, 3090, False, KEY + bytes(9)), 0.1)
    fanout.pump()
    assert [packet.payload[:4] for packet in kept.video] == [KEY, b"\x00" * 4, DELTA]
