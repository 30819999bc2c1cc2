"""Viewers between the layers of a simulcast and between sources, and what they are repaired by."""

import pytest
from tests.media.support.layered_source import Layered, go_up, layers, on_air, report, whole
from tests.media.support.scripted_peers import (
    SSRCS,
    hear_plainly,
    viewer,
)

from farmlive.media.engine.interface import Outgoing, Viewing
from farmlive.media.engine.python.output.output import Fanout
from farmlive.media.wire import red, rtcp, rtp
from farmlive.media.wire.rtp import Packet, ahead32


@pytest.fixture(autouse=True)
def hearers(monkeypatch: pytest.MonkeyPatch) -> None:
    hear_plainly(monkeypatch)


@pytest.fixture
def fanout() -> Fanout:
    return Fanout(SSRCS)


def test_a_viewer_begins_with_the_lowest_layer(fanout: Fanout) -> None:
    source, _, _ = on_air(fanout)
    one, kept = viewer(2)
    fanout.add(one, source.now)
    fanout.send_bursts(0.0)
    source.frames(2)
    assert set(layers(kept)) == {0}
    assert whole(kept)
    assert kept.video[0].sequence < 0x8000
    assert one.forwarder is not None


def test_a_link_is_tried_with_repeats_before_a_layer_is(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    source.publisher.measure(1.0)
    report(fanout, one, source.now, 100, 0)
    source.frames(30)
    source.now += 3
    source.publisher.measure(2.0)
    report(fanout, one, source.now, 400, 0)
    # Of the layer above one packet in three is more, of 45 bytes and 30 times a second; it takes
    # half a second to get there.
    for _ in range(20):
        source.now += 0.1
        fanout.probe(source.now)
    repeats = kept.of(SSRCS.retransmission)
    # With the headers of the repeats.
    assert sum(len(each.packet.payload) + 12 for each in repeats) == pytest.approx(2_200, abs=300)
    numbers = [int.from_bytes(each.packet.payload[:2], "big") for each in repeats]
    had = {packet.sequence: packet.payload for packet in kept.video}
    assert [each.packet.payload[2:] for each in repeats] == [had[number] for number in numbers]
    report(fanout, one, source.now + 0.5, 450, 0)
    source.now += 1.5
    report(fanout, one, source.now, 550, 30)
    assert one.selector.probe is None
    assert one.target is source.publisher.layers[1], "it does not carry that"
    fanout.probe(source.now + 0.1)
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


def test_it_moves_down_at_the_next_keyframe_when_it_asks_for_less(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    one.selector.most = 0
    assert fanout.select_track(one, source.now)
    # All pay for a keyframe, and this one can wait.
    assert source.asked() == []
    source.now += 2
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
    fanout.repair(one, rtcp.Nack(SSRCS.video, (old, new)), 0.0)
    (again,) = kept.of(SSRCS.retransmission)
    assert int.from_bytes(again.packet.payload[:2], "big") == new
    source.frames(30)
    source.asked()
    report(fanout, one, source.now, 210, 45)
    source.now += 1.1
    assert fanout.record_report(
        one, rtcp.ReceiverReport(SSRCS.video, 0, 45, 240, 0, 0, 0), source.now
    )
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
        source.publisher.record_sender_report(moment, source.now)
    before = kept.video[-1].timestamp
    one.selector.most = 0
    fanout.select_track(one, source.now)
    source.now += 0.4
    source.frames(1, keyframes=(0,))
    assert layers(kept)[-1] == 0
    assert ahead32(kept.video[-1].timestamp, before) == 3000, "one frame later, by the reports"


def test_without_reports_time_goes_on_by_arrival(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    before = kept.video[-1].timestamp
    one.selector.most = 0
    fanout.select_track(one, source.now)
    source.now += 0.4
    source.frames(1, keyframes=(0,))
    moved = ahead32(kept.video[-1].timestamp, before)
    assert moved == pytest.approx(90_000 * (0.4 + 1 / 30), abs=20)


def test_what_was_lost_before_the_move_comes_from_the_old_layer(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    old = kept.video[-2]
    one.selector.most = 0
    fanout.select_track(one, source.now)
    source.frames(3, keyframes=(0,))
    new = kept.video[-1]
    fanout.repair(one, rtcp.Nack(SSRCS.video, (old.sequence, new.sequence)), 0.0)
    again = [each.packet for each in kept.of(SSRCS.retransmission)]
    assert [packet.payload[2:] for packet in again] == [old.payload, new.payload]
    assert [packet.timestamp for packet in again] == [old.timestamp, new.timestamp]
    # Some seconds later nobody asks for it any more, and it is forgotten.
    fanout.run_each_second(one, source.now + 6)
    assert one.past == []
    assert one.epoch is not None


def test_viewers_with_the_same_numbers_are_served_together(fanout: Fanout) -> None:
    source, one, kept = on_air(fanout)
    two, seen = viewer(2)
    two.selector._limit = 1
    fanout.add(two, source.now)
    fanout.send_bursts(0.0)
    source.frames(2)
    three, late = viewer(3)
    three.selector._limit = 1
    fanout.add(three, source.now)
    fanout.send_bursts(0.0)
    source.frames(2)
    assert len(fanout.sending._groups) == 1
    for each in (one, two):
        each.selector.most = 0
        fanout.select_track(each, source.now)
    source.frames(2, keyframes=(0,))
    assert len(fanout.sending._groups) == 2
    assert kept.video[-1] == seen.video[-1]
    assert layers(late)[-1] == 1
    three.selector.most = 0
    fanout.select_track(three, source.now)
    source.frames(2, keyframes=(0,))
    assert layers(late)[-1] == 0
    assert whole(late)


def test_nobody_watches_a_layer_that_is_not_sent_on(fanout: Fanout) -> None:
    source, _, kept = on_air(fanout)
    assert len(fanout.joining.forwarders) == 1
    assert len({packet.payload[-1] for packet in kept.video}) == 1
    assert source.publisher.layers[2].packets > 0


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
