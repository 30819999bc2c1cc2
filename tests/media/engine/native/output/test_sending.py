"""What viewers of an output are sent: C writes the same packets as Python, viewer by viewer."""

from random import Random

import pytest
from tests.media.engine.native.output.random_sending import Play
from tests.media.engine.native.output.scripted_camera import (
    OPUS,
    OTHER,
    PLAIN,
    RED,
    TYPES,
    WITH_RED,
    WITHOUT_RTX,
    Camera,
    on_air,
)
from tests.media.engine.native.output.sending_twins import Twins

from farmlive.media.engine.interface import Viewing
from farmlive.media.engine.python.output.viewer import RTX_PER_S
from farmlive.media.wire import rtcp
from farmlive.media.wire.rtcp import SenderReport


def test_packets_little_shorter_than_the_longest_are_padded(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    before = len(twins.heard[1].all)
    camera.frame(sizes=(100, 76, 75, 99, 100))
    camera.frame(sizes=(90,))
    twins.whole()
    camera.frame(sizes=(70,))
    twins.whole()
    sizes = [len(packet) for packet in twins.heard[1].all[before:]]
    assert [size - sizes[0] for size in sizes] == [0, 0, -25, 0, 0, 0, -30]
    twins.agree()


def test_a_frame_without_its_end_leaves_by_a_flush_or_when_it_is_long(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    before = len(twins.numbers(1))
    for count in (5, 45):
        for datagram in camera.datagrams(sizes=[40] * (count + 1))[:count]:
            twins.take(0, datagram)
        twins.whole()
    assert len(twins.numbers(1)) == before + 40
    twins.flush()
    assert len(twins.numbers(1)) == before + 50
    twins.state()
    twins.agree()


@pytest.mark.parametrize("codec", TYPES)
def test_sources_follow_each_other_without_a_seam(twins: Twins, codec: str) -> None:
    camera = on_air(twins, codec=codec)
    twins.join(1, PLAIN)
    camera.frames(3)
    for number, other in enumerate((codec, "VP8", codec), 1):
        twins.now += 0.2
        camera = on_air(twins, codec=other, number=number)
        twins.state()
    sent = twins.numbers(1)
    assert [number - sent[0] for number in sent] == list(range(len(sent)))
    assert len({each.payload_type for each in twins.packets(1)}) == (1 if codec == "VP8" else 2)
    twins.agree()


@pytest.mark.parametrize("others", [0, 20, 70])
def test_nothing_from_before_the_seam_is_sent_to_who_came_with_it(
    twins: Twins, others: int
) -> None:
    """Also where more came to the lane with other numbers than it remembers seams."""
    camera = on_air(twins, layers=3)
    one, two = twins.join(1, PLAIN), twins.join(2, PLAIN)
    twins.carries(1, 1)
    camera.frames(1, keyframes=(1,))
    twins.prefer(2, 0)
    camera.frames(3, keyframes=(0,))
    for other in range(10, 10 + others):
        twins.join(other, PLAIN)
        twins.prefer(other, 0)
        twins.now += 0.01
        camera.frames(1, keyframes=(0,))
    late = camera.datagrams(0)
    twins.take(0, late.pop())
    camera.frames(1)
    twins.prefer(1, 0)
    camera.frames(2, keyframes=(0,))
    assert one.forwarder is two.forwarder
    before = len(twins.numbers(1)), len(twins.numbers(2))
    twins.take(0, late.pop())
    twins.flush()
    twins.state()
    assert (len(twins.numbers(1)) - before[0], len(twins.numbers(2)) - before[1]) == (0, 1)
    twins.agree()


def test_a_seam_is_forgotten_when_the_ring_has_gone_round(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    for _ in range(20):
        before = len(twins.numbers(1))
        camera.sequences[0] = (camera.sequences[0] + 2_500) & 0xFFFF
        camera.frames(1)
        assert len(twins.numbers(1)) == before + 3
    twins.agree()


def test_sound_begins_in_the_lower_half_by_what_leaves_next(twins: Twins) -> None:
    camera = on_air(twins)
    camera.say()
    twins.whole()
    while left := 0x7FFF - twins.outputs[0].sound.next_sequence:
        camera.sound_sequence = (camera.sound_sequence + min(left, 2_500) - 1) & 0xFFFF
        camera.say()
        twins.whole()
    twins.join(1, PLAIN)
    camera.say()
    twins.whole()
    assert [each.packet.sequence for each in twins.packets(1, 13)] == [0x7FFF]
    twins.agree()


def test_sound_with_and_without_red_over_changes_of_source(twins: Twins) -> None:
    camera = on_air(twins)
    for peer, viewing in enumerate((PLAIN, WITH_RED, WITHOUT_RTX), 1):
        twins.join(peer, viewing)
    for number in range(1, 4):
        for kind in (False, True, True, True, False, True):
            camera.say(kind, foreign=kind and camera.draw.random() < 0.3)
            twins.now += 0.02
            twins.whole()
        for wrong in (b"\x80\x80", bytes((0x80 | OPUS, 15, 0, 1, OTHER, 7, 8)), b""):
            broken = camera.sound()
            twins.take(camera.number, broken[:1] + bytes((RED,)) + broken[2:12] + wrong)
            twins.whole()
        twins.state()
        twins.now += 0.1
        other = Camera(twins, number, Random(number))
        late = other.sound(), other.sound(wrapped=True)
        other.say()
        camera = on_air(twins, camera=other)
        camera.say()
        for datagram in late:
            twins.take(number, datagram)
    plain, wrapped = twins.packets(1, 13), twins.packets(2, 13)
    assert [each.packet.timestamp for each in plain] == [each.packet.timestamp for each in wrapped]
    assert {each.payload_type for each in plain} == {OPUS}
    assert {each.payload_type for each in wrapped} == {109, 120}
    assert not twins.packets(3, 13)
    twins.agree()


def test_who_comes_takes_the_numbers_that_most_have(twins: Twins) -> None:
    camera = on_air(twins)
    first = twins.join(1, PLAIN)
    other = on_air(twins, number=1)
    twins.state()
    for peer in (2, 3, 4):
        other.frames(1)
        viewer = twins.join(peer, WITHOUT_RTX if peer == 3 else PLAIN)
        assert first.epoch is not None
        assert viewer.epoch is not None
        same = first.epoch.shift.timestamp == viewer.epoch.shift.timestamp
        assert same, "it takes that of the one that is there"
        twins.state()
    twins.remove(1)
    other.frames(1)
    twins.state()
    assert camera.publisher.listeners == ()
    twins.agree()


def test_of_shifts_that_equally_many_have_that_of_the_first_viewer_is_taken(twins: Twins) -> None:
    camera = on_air(twins, layers=3)
    for peer in range(1, 7):
        # What they hear does not count.
        twins.join(peer, WITH_RED if peer % 2 else PLAIN)
        twins.carries(peer, 1)
    camera.frames(1, keyframes=(1,))
    # Two by two they come to the lowest layer, each time with other numbers; the last ones first.
    for pair in ((5, 6), (1, 2), (3, 4)):
        camera.frame(1, sizes=(40,))
        for peer in pair:
            twins.prefer(peer, 0)
        twins.now += 0.013
        camera.frames(2, keyframes=(0,))
        camera.say()
        twins.whole()
        twins.state()
    (lane,) = twins.outputs[0].joining.forwarders.values()
    shifts = {peer: each.epoch.shift for peer, each in twins.viewers.items() if each.epoch}
    assert len(set(shifts.values())) == 3
    assert lane.common == shifts[1]
    twins.remove(2)
    camera.frames(1)
    assert lane.common == shifts[3]
    twins.state()
    twins.agree()


@pytest.mark.parametrize("reports", ["none", "one", "all", "far"])
def test_reports_of_the_sender_set_layers_to_one_time(twins: Twins, reports: str) -> None:
    camera = on_air(twins, layers=3)
    twins.join(1, PLAIN)
    camera.frames(2)
    for layer in range(1 if reports == "one" else 3 if reports != "none" else 0):
        wall = 5_000.25 + (9 * layer if reports == "far" else 0.05 * layer)
        twins.report_of(0, camera.ssrcs[layer], wall, camera.stamp(layer))
    for most in (0, 1, None, 0):
        twins.prefer(1, most)
        twins.now += 0.31
        camera.frames(3, keyframes=(0, 1, 2))
        twins.state()
    sent = twins.numbers(1)
    assert [number - sent[0] for number in sent] == list(range(len(sent)))
    twins.agree()


def test_sender_reports(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    camera.say()
    twins.whole()
    twins.report_of(0, camera.ssrcs[0], 77.5, 123_456)
    for step in range(4):
        twins.now += 0.731
        if step % 2:
            twins.reference(1, 99_000 + step, 0xFFFF0000 + step)
            twins.now += 0.000_3
        told = twins.sender_report(1, 1_700_000_000.123 + step)
        assert len(told) == 28 * 2 + 4 + 2 * 16 + (24 if step % 2 else 0)
    twins.air(None)
    twins.remove(1)
    twins.viewer(2, WITHOUT_RTX)
    assert twins.sender_report(2, 1_700_000_001.0) == b"", "it hears nothing either"
    twins.agree()


def test_sender_reports_count_what_the_viewer_was_sent(twins: Twins) -> None:
    """RFC 3550, section 6.4.1; over joining late, by a burst, and from source to source."""
    camera = on_air(twins)
    camera.say()
    camera.frames(30)
    twins.join(1, PLAIN)
    for number in range(1, 4):
        camera.frames(4)
        camera.say()
        camera.say()
        twins.whole()
        report = twins.sender_report(1, 1_700_000_000.0)
        told = {each.ssrc: each for each in rtcp.parse(report) if isinstance(each, SenderReport)}
        for ssrc in (11, 13):
            sent = [each.packet.payload for each in twins.packets(1, ssrc)]
            assert told[ssrc].packets == len(sent)
            assert told[ssrc].octets == sum(map(len, sent))
        camera = on_air(twins, number=number)
    twins.agree()


def test_nothing_is_reported_to_who_gets_nothing(twins: Twins) -> None:
    twins.viewer(1, PLAIN)
    twins.reference(1, 5, 6)
    assert twins.sender_report(1, 1.5) == b""
    assert twins.viewers[1].reference is not None
    twins.agree()


@pytest.mark.parametrize("viewing", [PLAIN, WITHOUT_RTX])
@pytest.mark.parametrize("codec", ["VP8", "H264:baseline"])
def test_repairs_have_the_numbers_and_times_that_were_sent(
    twins: Twins, codec: str, viewing: Viewing
) -> None:
    camera = on_air(twins, codec=codec)
    camera.frames(9)
    viewer = twins.join(1, viewing)
    assert viewer.epoch is not None
    assert viewer.epoch.squeezed is not None
    camera.frames(4)
    twins.now += 0.4
    other = on_air(twins, codec=codec, number=1)
    other.frames(4)
    sent = {each.packet.sequence: each.packet for each in twins.packets(1)}
    twins.nack(1, list(sent))
    again = twins.packets(1, 12 if viewing is PLAIN else 11)[-len(sent) :]
    assert [each.packet.timestamp for each in again] == [p.timestamp for p in sent.values()]
    if viewing is PLAIN:
        assert [each.packet.payload[2:] for each in again] == [p.payload for p in sent.values()]
    twins.nack(1, [min(sent) - 5, max(sent) + 1, max(sent)])
    twins.nack(1, [max(sent)], ssrc=12)
    twins.state()
    twins.now += 6
    twins.second(1)
    twins.nack(1, list(sent))
    twins.now += 56
    other.frames(2)
    twins.second(1)
    assert viewer.epoch.squeezed is None
    other.frames(2)
    twins.nack(1, twins.numbers(1)[-9:])
    twins.state()
    twins.agree()


def test_what_was_left_out_on_purpose_is_not_repaired(twins: Twins) -> None:
    on_air(twins)
    twins.join(1, PLAIN)
    camera = on_air(twins, number=1)
    first, *_, last = twins.numbers(1)
    twins.fall(1, 9)
    twins.nack(1, [first, last])
    assert not twins.packets(1, 12)
    twins.now += 1
    camera.frames(2, keyframes=(0,))
    # What was sent before is no part of the keyframe that it gets alone now.
    twins.nack(1, [first, last, last + 1])
    assert len(twins.packets(1, 12)) == 1
    twins.state()
    twins.agree()


def test_no_more_is_repaired_than_a_viewer_may_ask_for_in_a_second(twins: Twins) -> None:
    camera = on_air(twins)
    twins.join(1, PLAIN)
    camera.frames(2)
    last = twins.numbers(1)[-3:]
    for _ in range(7):
        twins.nack(1, last * 33)
    assert len(twins.packets(1, 12)) == RTX_PER_S
    twins.state()
    twins.second(1)
    twins.nack(1, last)
    twins.state()
    twins.agree()


def test_links_are_tried_with_repeats(twins: Twins) -> None:
    camera = on_air(twins, layers=3)
    twins.join(1, PLAIN)
    twins.measure(0)
    twins.report(1, 100, 0)
    camera.frames(30)
    twins.now += 3
    twins.measure(0)
    twins.report(1, 400, 0)
    for seconds in (0.01, 60.0, *[0.1] * 60):
        twins.now += seconds
        twins.probe()
    assert len(twins.packets(1, 12)) > 3
    twins.state()
    twins.agree()


def test_who_does_not_take_its_burst_in_time_waits(twins: Twins) -> None:
    camera = on_air(twins)
    camera.frames(9)
    viewer = twins.viewer(1, PLAIN)
    twins.pump()
    twins.state()
    for _ in range(110):
        camera.frame(sizes=[1] * 40)
    twins.pump()
    assert viewer.epoch is None
    twins.state()
    camera.frames(3, keyframes=(0,))
    twins.state()
    twins.agree()


def test_a_source_of_sound_alone_ends_the_picture(twins: Twins) -> None:
    on_air(twins)
    twins.join(1, PLAIN)
    voice = Camera(twins, 1, Random(1), layers=0)
    twins.air(1)
    for _ in range(3):
        voice.say()
        twins.whole()
    twins.state()
    assert len(twins.packets(1, 13)) == 3
    twins.agree()


@pytest.mark.parametrize("seed", range(6))
def test_by_chance_too_both_send_the_same(twins: Twins, seed: int) -> None:
    Play(twins, Random(seed), 400).run()
    assert sum(len(heard.all) for heard in twins.heard.values()) > 1_000
    twins.agree()
